"""Memory of earlier runs: an app whose files have not changed since is neither read nor rendered again.

What is recalled of such an app passes through the same checks as what is rendered now, so the result is that of a run
without memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from renderer import cache, tree
from renderer.argocd import NOT_DRIVEN, Driven
from renderer.cache import Cache, Folder, Record, clock, digest, settled, shows, stamps_text
from renderer.cache_key import NoKeyError
from renderer.pipeline import Rendered, is_in
from renderer.pipeline.fleet import clusters_shared
from renderer.problem import Problem
from renderer.rules import Claim, could_clash
from renderer.tree import Difference, Stamp, Summary, stamp_of
from renderer.usecases.job import Job
from renderer.usecases.memory import Memory, Recalled, blank
from renderer.usecases.project import Opened, build_all
from renderer.usecases.trust import trusted_key

Value = TypeVar("Value")
_GONE: Stamp = (0, 0, 0)  # of a missing file
_AT_ONCE = 500  # texts that are parsed together
_FEW = 60  # apps and environments: with more, each claim would be compared with too many
_CLAIM = itemgetter(0, 1, 3, 4)  # all but the owner, which is the app


def recorded(opened: Opened, job: Job) -> Memory:
    """What the cache knows about the job; nothing where it cannot be believed."""
    try:
        return Recorded(opened, job, trusted_key(opened.root))
    except NoKeyError as error:
        return Memory(opened, job, str(error))
    except OSError:  # unreadable files: the run itself reports them
        return Memory(opened, job)


class _Known(NamedTuple):
    """What is known of some apps: their records by environment, and the stamps that files had at the time `now`.

    Of inputs by folder of the project, of outputs by folder of the target.
    """

    records: Mapping[str, Mapping[str, Record]]
    inputs: Mapping[str, Folder]
    outputs: Mapping[str, Folder]
    now: int

    def part(self, apps: Sequence[str]) -> _Known:
        """What is known of these apps."""
        names = [f"{app}.yaml" for app in apps]
        return _Known(
            {env: _some(records, apps) for env, records in self.records.items()},
            {folder: _some(files, names) for folder, files in self.inputs.items()},
            _some(self.outputs, [f"{env}/{app}" for env in self.records for app in apps]),
            self.now,
        )


class _OfApps(Memory):
    """As much of the memory as a process needs that works on some apps."""

    def __init__(self, opened: Opened, job: Job, known: _Known) -> None:
        super().__init__(opened, job)
        self._known = known
        self._records, self._inputs, self._outputs, self._now = known

    def part(self, apps: Sequence[str]) -> Memory:
        """With the records and stamps of these apps."""
        return _OfApps(self.opened, self.job, self._known.part(apps))

    def confirmed(self, app: str, texts: Mapping[str, bytes]) -> list[Record]:
        """With the present stamps."""
        records = self._records_of(app)
        if not records:
            return []
        inputs = digest(texts)
        if not all(record.inputs == inputs and self._has_outputs(record) for record in records):
            return []
        return [
            record._replace(stamps=self._stamps(record, self._folder(record.env, app), self._now)) for record in records
        ]

    def drafts(self, app: str, made: Sequence[Rendered], texts: Mapping[str, bytes]) -> list[Record]:
        """A record without stamps for each environment; what has errors gets none."""
        layout = self.opened.layout
        own = {layout.app(app), *(layout.partial(env, app) for env in self.opened.setup.overlays)}
        inputs, extra = digest(texts), "\n".join(sorted(set(texts) - own))
        return [self._draft(each, inputs, extra) for each in made if each.is_sound]

    def _draft(self, made: Rendered, inputs: str, extra: str) -> Record:
        start = len(self.opened.layout.output) + 1
        outputs = digest({path[start:]: text for path, text in made.files.items()})
        problems = json.dumps([astuple(problem) for problem in made.problems]) if made.problems else ""
        facts = [[*map(_CLAIM, made.claims)], dict(made.matched), made.hosts, made.driven]
        return Record(made.env, made.app, "", inputs, outputs, extra, problems, json.dumps(facts))

    def written(
        self, drafts: Sequence[Record], files: Mapping[str, Sequence[str]], done: Difference | Summary
    ) -> list[Record]:
        """The drafts with their stamps; none if nothing was written, or for an app with a foreign file at a path."""
        if isinstance(done, Difference):
            return []
        foreign = {path.rpartition("/")[0] for path in done.foreign}
        now = clock()
        found = []
        for record in drafts:
            folder = f"{record.env}/{record.app}"
            if folder not in foreign:
                before = self._folder(record.env, record.app)
                paths = files[self.opened.layout.manifests(record.env, record.app)]
                names = [path.rpartition("/")[2] for path in paths]
                stamps = {name: done.stamps.get(f"{folder}/{name}") or before.get(name, (now, 0, 0)) for name in names}
                found.append(record._replace(stamps=self._stamps(record, stamps, now)))
        return found

    def _records_of(self, app: str) -> list[Record] | None:
        """The records of an app in all environments that have it; None if it must be rendered in one of them."""
        found = []
        for env, records in self._records.items():
            if is_in(self.opened.setup.environments[env], app):
                if app not in records:
                    return None
                found.append(records[app])
            elif self._folder(env, app):  # left over from a time when the environment had it
                return None
        return found or None

    def _folder(self, env: str, app: str) -> Folder:
        """The stamps of the rendered files of an app."""
        return self._outputs.get(f"{env}/{app}", {})

    def _input_stamps(self, app: str, extra: Iterable[str]) -> dict[str, Stamp]:
        """The stamps of an app's input files."""
        layout, opened = self.opened.layout, self.opened
        names = [layout.partial(env, app) for env in opened.setup.environments]
        found = {}
        for path in (layout.app(app), *(name for name in names if name in opened.partials)):
            folder, _, name = path.rpartition("/")
            found[path] = self._inputs.get(folder, {}).get(name, _GONE)
        return found | {path: _stamp(os.path.join(opened.root, path)) for path in extra}

    def _stamps(self, record: Record, outputs: Folder, now: int) -> str:
        """What to compare with next time; empty for a file so new that it may still change with the same stamp."""
        if not settled(outputs.values(), now):  # as after most writes
            return ""
        inputs = self._input_stamps(record.app, record.extra.splitlines())
        return stamps_text(inputs, outputs) if settled(inputs.values(), self._now) else ""

    def _has_outputs(self, record: Record) -> bool:
        if not self.job.target:
            return True
        paths = [f"{record.env}/{record.app}/{name}" for name in self._folder(record.env, record.app)]
        try:
            files, problems = tree.read(self.job.target, paths)
        except tree.TreeError:
            return False
        return not problems and digest(files) == record.outputs


class Recorded(_OfApps):
    """The memory of a run that may recall earlier ones, with the present stamps of all files.

    A job without a target writes nothing, so what the output folder has does not count.
    """

    def __init__(self, opened: Opened, job: Job, secret: bytes) -> None:
        key = digest({**opened.setup.texts, "": f"{cache.program()} {opened.setup.project!r}".encode()})
        self._cache = Cache(opened.root, key, secret)
        inputs, outputs, now = _inputs(opened), cache.walk(job.target), clock()
        records = {env: self._cache.records(env) for env in job.selection.envs}
        super().__init__(opened, job, _Known(records, inputs, outputs, now))
        self.unchanged = frozenset(app for app in opened.apps if self._is_unchanged(app))

    def existing(self) -> frozenset[str]:
        """What was read from the disk."""
        prefix = self.opened.layout.output
        skipped = {f"{env}/{app}" for env in self._records for app in self.unchanged}
        return frozenset(
            f"{prefix}/{folder}/{name}" if folder else f"{prefix}/{name}"
            for folder, files in self._outputs.items()
            if folder not in skipped
            for name in files
        )

    def recall(self, confirmed: Sequence[Record], made: Sequence[Rendered]) -> Recalled:
        """Only what is needed: a run in which nothing changed reads no claims."""
        unchanged = (record for app in sorted(self.unchanged) for record in self._records_of(app) or ())
        records = [*unchanged, *confirmed]
        is_clean = not any(each.env for each in made) and self._is_clean(records)
        if is_clean and self.opened.setup.project.argocd is None:  # only their warnings matter
            wrong = [record for record in records if record.problems]
            return Recalled(records, [_rendered(record, [], {}, [], list(NOT_DRIVEN)) for record in wrong], is_clean)
        return Recalled(records, [*self._rendered(records, made)], is_clean)

    def keep(self, confirmed: Sequence[Record], new: Sequence[Record], recalled: Recalled, *, clean: bool) -> None:
        """Does nothing if the same is already stored."""
        if new or confirmed or not self._is_clean(recalled.records):
            apps = frozenset(self.opened.apps)
            gone = [(env, app) for env, there in self._records.items() for app in there.keys() - apps]
            views = self._views([*recalled.records, *new]) if clean else {}
            self._cache.store(new, confirmed, views, gone)

    def unchanged_files(self, recalled: Recalled) -> Summary:
        """Counted, not read."""
        return Summary(unchanged=sum(len(self._folder(each.env, each.app)) for each in recalled.records))

    def _is_unchanged(self, app: str) -> bool:
        records = self._records_of(app)
        if records is None:
            return False
        extra = records[0].extra.splitlines()
        if extra and self.opened.ignored and any(map(self.opened.ignored.line, extra)):
            return False  # a run without memory refuses it
        inputs = self._input_stamps(app, extra)
        if not self.job.target:
            return all(shows(each.stamps, inputs) for each in records)
        return all(each.stamps == stamps_text(inputs, self._folder(each.env, app)) for each in records)

    def _rendered(self, records: Sequence[Record], made: Sequence[Rendered]) -> Iterator[Rendered]:
        """What other apps must know about these.

        Claims that cannot clash with those of the few apps in `made` are left out, if an earlier run found that they do
        not clash with each other. An app that another run rendered in the meantime is rendered for its claims.
        """
        facts = {env: self._cache.facts(env) for env in self._records}
        texts = [facts[record.env].get(record.app, ("", "")) for record in records]
        is_current = [inputs == record.inputs for record, (inputs, _) in zip(records, texts, strict=True)]
        counts = could_clash(claim for each in made for claim in each.claims) if self._are_few(made) else _all_count
        known = [record for record, holds in zip(records, is_current, strict=True) if holds]
        parsed = _parsed([text for (_, text), holds in zip(texts, is_current, strict=True) if holds])
        for record, (claims, *others) in zip(known, parsed, strict=True):
            yield _rendered(record, [claim for claim in claims if counts(claim[0], claim[1])], *others)
        lost = sorted({record.app for record, holds in zip(records, is_current, strict=True) if not holds})
        yield from (blank(each) for each in build_all(self.opened, lost, [*self._records], text=False))

    def _are_few(self, made: Sequence[Rendered]) -> bool:
        """Whether to look only for clashes with what was made: all other apps did not clash in an earlier run."""
        every = [record for records in self._records.values() for record in records.values()]
        return len(made) <= _FEW and self._is_clean(every)

    def _is_clean(self, records: Iterable[Record]) -> bool:
        """Whether an earlier run checked exactly these apps with exactly these inputs, and found nothing."""
        return all(self._cache.clean(env) == view for env, view in self._views(records).items())

    def _views(self, records: Iterable[Record]) -> dict[str, str]:
        """What is checked together in each environment, as a digest; with the environments on the same cluster."""
        clusters = clusters_shared(self.opened.setup)
        pairs = {}
        for env in self._records:
            company = [other for other in self._records if env in clusters and clusters.get(other) == clusters[env]]
            pairs[env] = [self._cache.key, f"with {' '.join(sorted(company)) or env}"]
        for record in records:
            pairs[record.env].append(f"{record.app} {record.inputs}")
        return {env: digest({"": "\n".join(sorted(listed)).encode()}) for env, listed in pairs.items()}


def _inputs(opened: Opened) -> dict[str, Folder]:
    layout = opened.layout
    folders = [layout.apps, *(f"{layout.overlays}/{env}/apps" for env in opened.setup.overlays)]
    return {folder: cache.walk(os.path.join(opened.root, folder)).get("", {}) for folder in folders}


def _some(found: Mapping[str, Value], keys: Iterable[str]) -> dict[str, Value]:
    """The values of the keys that have one."""
    return {key: found[key] for key in keys if key in found}


def _all_count(_kind: str, _key: str) -> bool:
    return True


def _parsed(texts: Sequence[str]) -> Iterator[Any]:
    """Parses many at once, which is five times as fast as one by one; not all at once, to save memory."""
    for start in range(0, len(texts), _AT_ONCE):
        yield from json.loads(f"[{','.join(texts[start : start + _AT_ONCE])}]")


def _rendered(
    record: Record, claims: list[list[str]], matched: dict[str, bool], hosts: list[str], driven: list[str]
) -> Rendered:
    problems = tuple(Problem(*fields) for fields in json.loads(record.problems)) if record.problems else ()
    own = tuple([Claim(kind, key, record.app, file, pointer) for kind, key, file, pointer in claims])
    known = (problems, own, matched, tuple(hosts), Driven(*driven))
    return Rendered(record.env, record.app, {}, *known, is_sound=True)


def _stamp(path: str) -> Stamp:
    try:
        return stamp_of(os.lstat(path))
    except OSError:
        return _GONE
