"""Which other apps could claim the same as some apps: a search in their texts, or in notes about them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from renderer import __version__
from renderer.cache_key import NoKeyError
from renderer.lazy import regex
from renderer.pipeline import Rendered
from renderer.rules import routed_hosts
from renderer.sealed import Sealed
from renderer.tree import reader, stamp_of
from renderer.usecases.project import Opened
from renderer.usecases.trust import trusted_key

_MAY_CLASH = regex(rb"extraResources|^[ \t]*selector[ \t]*:", re.MULTILINE)
_NAME = regex(rb"[A-Za-z0-9_.*-]+")  # where a host is in a text, it is a part of such a name with a dot
_HOST = regex(rb"[A-Za-z0-9_*-]*\.[A-Za-z0-9_.*-]+")
_FEW = 100  # files that are read again more quickly than an index is written
_PREVIEW = "-preview"
_MARK, _NO_MARK = "!", "-"  # of a text that may clash with any other, and of the rest


class Search(NamedTuple):
    """What is looked for in the texts of other apps."""

    apps: frozenset[str]
    related: frozenset[str]  # by their names: their Services could be those of the preview, or of a host
    words: frozenset[bytes]
    any_text: bool  # these apps could clash with each other app

    def finds(self, other: str, texts: Iterable[bytes]) -> bool:
        """Whether the app with these texts could claim the same; true too often."""
        some = list(texts)
        return (
            other in self.related
            or any(word in text for word in self.words for text in some)
            or any(self.any_text or _MAY_CLASH.search(text) for text in some)
        )


def neighbours(opened: Opened, rendered: Sequence[Rendered], apps: Sequence[str]) -> list[str]:
    """Other apps that could claim the same as these, by a search in their texts, which may find too many."""
    search = _search(opened, rendered, apps)
    return [*_read(opened, search, sorted(set(opened.apps) - search.apps))]


def noted_neighbours(
    opened: Opened, find_notes: Callable[[], Notes | None], rendered: Sequence[Rendered], apps: Sequence[str]
) -> list[str]:
    """The same; of files that are as a commit has them, the notes about that commit are searched, not the texts."""
    search = _search(opened, rendered, apps)
    others = frozenset(opened.apps) - search.apps
    if search.any_text or not all(_HOST.fullmatch(word) for word in search.words):  # notes say nothing about these
        return [*_read(opened, search, sorted(others))]
    notes = find_notes()
    if notes is None:
        return [*_read(opened, search, sorted(others))]
    rest = others.intersection(map(_app_of, notes.unknown))
    found = others.intersection((*search.related, *map(_app_of, notes.hits(search)))) - rest
    return sorted({*found, *_read(opened, search, sorted(rest))})


class Notes(NamedTuple):
    """What is noted of the specs of a commit, a line a file; `unknown` are the files of which nothing is noted."""

    commit: str
    files: Sequence[str]
    lines: str
    unknown: Collection[str]

    def hits(self, search: Search) -> Iterator[str]:
        """The files whose notes show that their apps could clash."""
        lines = self.lines
        for part in (_MARK, *(word.decode() for word in search.words)):
            number, start = 0, 0  # of a line
            while (at := lines.find(part, start)) >= 0:
                number += lines.count("\n", start, at)
                yield self.files[number]
                number, start = number + 1, lines.index("\n", at) + 1


def notes_of(opened: Opened, since: str | None = None) -> Notes | None:
    """The notes of an earlier run, or new ones where it left none or too much has changed since.

    With `since` they are about the specs of that revision: the caller knows how those on disk differ from it.
    None where there are few files, where there is no commit, and where no cache may be believed.
    """
    files = [*map(opened.layout.app, opened.apps), *opened.partials]
    if len(files) <= _FEW:
        return None
    from renderer.git import GitError  # git: a run about all apps does not need it

    try:
        sealed = Sealed(opened.root, "names", _version(), trusted_key(opened.root))
        known = _known(opened, files, sealed.read(), since)
        if (known is None or len(known.unknown) > _FEW) and (made := _made(opened, files, known)):
            sealed.write(made)
            known = _known(opened, files, made, since)
        return known
    except (NoKeyError, GitError):
        return None


def _known(opened: Opened, specs: Sequence[str], text: str, since: str | None) -> Notes | None:
    """The notes in this text, as far as the specs (of a revision, or on disk) are as in their commit."""
    from renderer.git import GitError, changed

    commit, _, text = text.partition("\n")
    files, _, lines = text.partition("\n")
    if not commit:
        return None
    try:
        differing = changed(opened.root, commit, since, opened.layout.spec_folders)
    except GitError:  # the commit is gone
        return None
    noted = files.split("\t")
    return Notes(commit, noted, lines, {*specs}.difference(noted).union(path for _, path in differing))


def _made(opened: Opened, specs: Sequence[str], known: Notes | None) -> str:
    """Notes about the last commit; empty where `known` has them: then the files have changed since. Raises GitError.

    A file is read before git compares it with the commit: one that somebody writes meanwhile is not noted.
    """
    from renderer.git import changed, resolve
    from renderer.git.read import ids_and_others

    head = resolve(opened.root, "HEAD")
    if known and known.commit == head:
        return ""
    with reader(opened.root) as read_some:
        notes = {file: _note(read_some([file])[0].get(file, b"")) for file in specs if file.isprintable()}
    folders = opened.layout.spec_folders
    tracked, _ = ids_and_others(opened.root, head, folders)
    differing = {path for _, path in changed(opened.root, head, None, folders)}
    some = {file: note for file, note in notes.items() if file in tracked and file not in differing}
    return "\n".join((head, "\t".join(some), "".join(some.values())))


def _note(text: bytes) -> str:
    """A mark, then every part of the text that could hold a host."""
    return f"{_MARK if _MAY_CLASH.search(text) else _NO_MARK} {names_in(text)}\n"


def _search(opened: Opened, rendered: Sequence[Rendered], apps: Sequence[str]) -> Search:
    hosts = frozenset(host for each in rendered for host in (*each.hosts, *routed_hosts(each.claims)))
    words = frozenset(word.encode() for host in hosts for word in _words_of(host))
    of_services = any(host.startswith("*") and (".svc" in host or host.endswith(".local")) for host in hosts)
    custom = any(_MAY_CLASH.search(text) for app in apps for text in opened.texts(app)[0].values())
    related = _related(apps) | {host.partition(".")[0] for host in hosts}
    return Search(frozenset(apps), related, words, custom or of_services)


def _words_of(host: str) -> Iterator[str]:
    """What a text has that has this host, one that it covers, or a wildcard that covers it."""
    yield host[1:] if host.startswith("*.") else host
    labels = host.split(".")
    yield from (f"*.{'.'.join(labels[number:])}" for number in range(1, len(labels)))


def _read(opened: Opened, search: Search, others: Sequence[str]) -> Iterator[str]:
    with reader(opened.root) as read_some:
        for other in others:
            if search.finds(other, opened.texts(other, read_some)[0].values()):
                yield other


def names_in(text: bytes) -> str:
    """Every part of the text that could have a host in it, after each other."""
    return b" ".join(sorted({name for name in _NAME.findall(text) if b"." in name})).decode()


def _version() -> str:
    """What the notes depend on, apart from the files: this module."""
    return f"{__version__} {stamp_of(os.stat(__file__))}"


def _app_of(file: str) -> str:
    """The app of an app spec or a partial app."""
    return file.rpartition("/")[2].removesuffix(".yaml")


def _related(apps: Iterable[str]) -> frozenset[str]:
    """Which app could be the preview of one of these by name, or the other way round.

    `web-preview` could be the preview Service of `web`.
    """
    return frozenset(f"{app}{_PREVIEW}" for app in apps) | {app.removesuffix(_PREVIEW) for app in apps} - {*apps}
