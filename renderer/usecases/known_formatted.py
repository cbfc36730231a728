"""Which specs an earlier run found formatted: those that still look to the system as they did then are not read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

from renderer.cache import clock, digest, program, settled
from renderer.cache_key import NoKeyError
from renderer.layout import Layout
from renderer.sealed import Sealed
from renderer.tree import stamps_of
from renderer.usecases.trust import trusted_key


class KnownFormatted:
    """The formatted specs of a project by path, with the stamps that they had."""

    def __init__(self, sealed: Sealed, root: str, specs: Collection[str]) -> None:
        self._sealed = sealed
        self._now = clock()
        self._stamps = stamps_of(root, specs)
        text = sealed.read()
        kept = json.loads(text) if text else {}
        self._known = {file: stamp for file, stamp in self._stamps.items() if kept.get(file) == [*stamp]}
        self._is_new = len(self._known) < len(kept)

    def others(self, files: Iterable[str]) -> list[str]:
        """The files of which this is not known."""
        return [file for file in files if file not in self._known]

    def keep(self, formatted: Iterable[str]) -> None:
        """Remember these too, except for those so young that they may change and keep their stamp."""
        found = {file: self._stamps[file] for file in formatted if file in self._stamps}
        found = {file: stamp for file, stamp in found.items() if settled([stamp], self._now)}
        if found or self._is_new:
            self._sealed.write(json.dumps(self._known | found))


def known_formatted(root: str, layout: Layout, specs: Sequence[str]) -> KnownFormatted | None:
    """What is known of the project's specs; None where no cache may be used."""
    try:
        secret = trusted_key(root)
    except (NoKeyError, OSError):
        return None
    key = digest({"": f"{program()} {layout!r}".encode()})
    return KnownFormatted(Sealed(root, "formatted", key, secret), root, specs)
