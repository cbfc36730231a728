"""Which other apps could claim the same as some apps: a search in their texts, or in notes about them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from renderer import __version__, cache
from renderer.cache_key import NoKeyError
from renderer.lazy import regex
from renderer.pipeline import Rendered
from renderer.sealed import Sealed
from renderer.tree import Stamp, reader, stamp_of, stamps_of
from renderer.usecases.project import Opened
from renderer.usecases.trust import trusted_key

_MAY_CLASH = regex(rb"extraResources|^[ \t]*selector[ \t]*:", re.MULTILINE)
_NAME = regex(rb"[A-Za-z0-9_.*-]+")  # where a host is in a text, it is a part of such a name with a dot
_HOST = regex(rb"[A-Za-z0-9_*-]+\.[A-Za-z0-9_.*-]+")
_FEW = 100  # files that are read again more quickly than an index is written
_PREVIEW = "-preview"
_MARK, _NO_MARK = "!", "-"  # of a text that may clash with any other, and of the rest


class Search(NamedTuple):
    """What is looked for in the texts of other apps."""

    apps: frozenset[str]
    related: frozenset[str]  # apps of which one could be the preview of the other
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


def noted_neighbours(opened: Opened, rendered: Sequence[Rendered], apps: Sequence[str]) -> list[str]:
    """The same; of files that look as they did when an earlier run read them, its notes are searched, not the texts.

    Without notes that can be believed, the files are read, and noted for the next run.
    """
    search = _search(opened, rendered, apps)
    others = frozenset(opened.apps) - search.apps
    if search.any_text or not all(_HOST.fullmatch(word) for word in search.words):  # notes say nothing about these
        return [*_read(opened, search, sorted(others))]
    files = [*map(opened.layout.app, opened.apps), *opened.partials]
    try:
        sealed = Sealed(opened.root, "names", _version(), trusted_key(opened.root))
        now, looks = cache.clock(), stamps_of(opened.root, files)
    except NoKeyError:
        return [*_read(opened, search, sorted(others))]
    notes = _parsed(sealed.read(), looks)
    unknown = [file for file in files if file not in notes and _app_of(file) in others]
    if len(unknown) > _FEW:
        settled = {file: stamp for file, stamp in looks.items() if cache.settled([stamp], now)}
        notes |= _made(opened, settled, [file for file in unknown if file.isprintable()])  # as a line of the notes
        sealed.write("".join(f"{file}\t{_text(looks[file])}\t{note}\n" for file, note in notes.items()))
        unknown = [file for file in unknown if file not in notes]
    rest = others.intersection(map(_app_of, unknown))
    found = others.intersection((*search.related, *map(_app_of, _hits(notes, search)))) - rest
    return sorted({*found, *_read(opened, search, sorted(rest))})


def _search(opened: Opened, rendered: Sequence[Rendered], apps: Sequence[str]) -> Search:
    words = frozenset(key.encode() for each in rendered for key in _hosts(each))
    custom = any(_MAY_CLASH.search(text) for app in apps for text in opened.texts(app)[0].values())
    return Search(frozenset(apps), _related(apps), words, custom)


def _read(opened: Opened, search: Search, others: Sequence[str]) -> Iterator[str]:
    with reader(opened.root) as read_some:
        for other in others:
            if search.finds(other, opened.texts(other, read_some)[0].values()):
                yield other


def _hits(notes: Mapping[str, str], search: Search) -> set[str]:
    """The files whose notes show that their apps could clash."""
    words = [word.decode() for word in search.words]
    return {file for file, note in notes.items() if note[0] == _MARK or any(word in note for word in words)}


def _made(opened: Opened, stamps: Mapping[str, Stamp], files: Sequence[str]) -> dict[str, str]:
    """The notes of files: a mark, then every part of the text that could hold a host."""
    made: dict[str, str] = {}
    with reader(opened.root) as read_some:
        for file in files:
            if file in stamps and (text := read_some([file])[0].get(file)) is not None:
                made[file] = f"{_MARK if _MAY_CLASH.search(text) else _NO_MARK} {names_in(text)}"
    return made


def names_in(text: bytes) -> str:
    """Every part of the text that could have a host in it, after each other."""
    return b" ".join(sorted({name for name in _NAME.findall(text) if b"." in name})).decode()


def _parsed(text: str, stamps: Mapping[str, Stamp]) -> dict[str, str]:
    """The notes of those files that look as they did."""
    found = {}
    for line in text.splitlines():
        file, stamp, note = line.split("\t")
        if file in stamps and _text(stamps[file]) == stamp:
            found[file] = note
    return found


def _version() -> str:
    """What the notes depend on, apart from the files: this module."""
    return f"{__version__} {stamp_of(os.stat(__file__))}"


def _text(stamp: Stamp) -> str:
    time, size, number = stamp
    return f"{time}.{size}.{number}"


def _app_of(file: str) -> str:
    """The app of an app spec or a partial app."""
    return file.rpartition("/")[2].removesuffix(".yaml")


def _hosts(rendered: Rendered) -> set[str]:
    """Its hosts, without the name of its own Service."""
    return {host for host in rendered.hosts if not host.startswith(f"{rendered.app}.")}


def _related(apps: Iterable[str]) -> frozenset[str]:
    """Which app could be the preview of one of these by name, or the other way round.

    `web-preview` could be the preview Service of `web`.
    """
    return frozenset(f"{app}{_PREVIEW}" for app in apps) | {app.removesuffix(_PREVIEW) for app in apps} - {*apps}
