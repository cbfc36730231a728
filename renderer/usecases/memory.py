"""What a run knows of earlier ones, and the null object of a run that knows nothing: see `recorded`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from renderer.pipeline import Rendered
from renderer.progress import counted
from renderer.tree import Difference, Summary
from renderer.usecases.job import Job
from renderer.usecases.near import Notes, neighbours, noted_neighbours, notes_of
from renderer.usecases.project import Opened
from renderer.workers import SMALL, Later, meanwhile

if TYPE_CHECKING:
    from renderer.cache import Record


class Recalled(NamedTuple):
    """What is known about the unchanged apps."""

    records: Sequence[Record] = ()
    rendered: Sequence[Rendered] = ()  # what other apps must know about them
    is_clean: bool = False  # an earlier run checked exactly these apps together, and found nothing


class Memory:
    """The memory of a run without earlier ones: it recalls nothing and keeps nothing."""

    unchanged: frozenset[str] = frozenset()  # apps whose files, rendered ones too, look unchanged

    def __init__(self, opened: Opened, job: Job, why: str = "") -> None:
        self.opened = opened
        self.job = job
        self.why = why  # why there is no cache; empty if there is one, or none is wanted

    def described(self) -> str:
        """What it knows before any file is read, for `--verbose`."""
        if self.why:
            return f"no cache: {self.why}"
        return f"{len(self.unchanged):,} of {counted(len(self.job.apps), 'app')} unchanged"

    def ahead(self, since: str | None = None) -> AbstractContextManager[object]:
        """A block during which it looks for what the run asks later.

        `since` is a revision of which the run will say how the disk differs from it: `differs`.
        """
        return nullcontext()

    def differs(self, paths: Collection[str]) -> None:
        """The files of the project that differ on disk from the revision of `ahead`."""

    def existing(self) -> frozenset[str]:
        """The files in the output folder, by project path, without those of unchanged apps."""
        return self.job.existing(self.opened.layout.output)

    def confirmed(self, app: str, texts: Mapping[str, bytes]) -> list[Record]:
        """The records of an app whose files were touched, if their contents are unchanged."""
        return []

    def drafts(self, app: str, made: Sequence[Rendered], texts: Mapping[str, bytes]) -> list[Record]:
        """The records of what was rendered of an app, without the stamps of files that are still to be written."""
        return []

    def written(
        self, drafts: Sequence[Record], files: Mapping[str, Sequence[str]], done: Difference | Summary
    ) -> list[Record]:
        """The records with the stamps of what was written; `files` are the paths by folder."""
        return []

    def part(self, apps: Sequence[str]) -> Memory:
        """What a process that works on these apps needs of it, as values that can be pickled."""
        return Memory(self.opened, self.job)

    def neighbours(self, rendered: Sequence[Rendered], apps: Sequence[str]) -> list[str]:
        """Other apps that could claim the same as these."""
        return neighbours(self.opened, rendered, apps)

    def recall(self, confirmed: Sequence[Record], made: Sequence[Rendered]) -> Recalled:
        """What is known about the apps that are not in `made`."""
        return Recalled()

    def keep(self, confirmed: Sequence[Record], new: Sequence[Record], recalled: Recalled, *, clean: bool) -> None:
        """Store what this run found for the next one; `clean`: the check of all apps together found nothing."""

    def unchanged_files(self, recalled: Recalled) -> Summary:
        """The files of apps that were not rendered now, counted like those of `write_all`."""
        return Summary()


class OfSome(Memory):
    """The memory of a run about some apps: they are rendered, but not all others are read."""

    _notes: Later[Notes | None] | None = None
    _differing: Collection[str] = ()

    @contextmanager
    def ahead(self, since: str | None = None) -> Iterator[None]:
        """Look for the notes of an earlier run while the block runs, unless it could start processes."""
        if len(self.job.apps) >= SMALL:
            yield
            return
        with meanwhile(partial(notes_of, self.opened, since)) as self._notes:
            yield

    def neighbours(self, rendered: Sequence[Rendered], apps: Sequence[str]) -> list[str]:
        """By the notes of an earlier run."""
        return noted_neighbours(self.opened, self._found, rendered, apps)

    def differs(self, paths: Collection[str]) -> None:
        """Nothing is noted of these."""
        self._differing = paths

    def _found(self) -> Notes | None:
        if self._notes is None:
            return notes_of(self.opened)
        found = self._notes.value()
        return found and found._replace(unknown={*found.unknown, *self._differing})


def memory_of(opened: Opened, job: Job, *, reads_cache: bool) -> Memory:
    """The memory for the job; unless that is about all apps of whole environments, only notes about the other apps.

    Without the cache, nothing is remembered.
    """
    if not reads_cache:
        return Memory(opened, job)
    if not job.is_whole:
        return OfSome(opened, job)
    from renderer.usecases.recorded import recorded  # the cache: a run that reads none does not need it

    return recorded(opened, job)


def blank(rendered: Rendered) -> Rendered:
    """The same without its files: of these, other apps need nothing."""
    return rendered._replace(files={})
