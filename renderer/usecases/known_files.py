"""What an earlier run found in files: it counts for those that still look to the system as they did then."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from renderer.cache import clock, settled
from renderer.layout import Layout
from renderer.sealed import Sealed
from renderer.tree import stamps_of
from renderer.usecases.trust import sealed


class KnownFiles:
    """The files of a project by path, each with the stamp that it had and what was found in it (JSON data)."""

    def __init__(self, seal: Sealed, root: str, files: Collection[str]) -> None:
        self._sealed = seal
        self._now = clock()
        self._stamps = stamps_of(root, files)
        text = seal.read()
        kept = json.loads(text) if text else {}
        self._kept = {file: kept[file] for file, stamp in self._stamps.items() if kept.get(file, [0])[0] == [*stamp]}
        self._is_new = len(self._kept) < len(kept)

    @property
    def found(self) -> Mapping[str, Any]:
        """What was found, by file."""
        return {file: found for file, (_, found) in self._kept.items()}

    def others(self, files: Iterable[str]) -> list[str]:
        """The files of which nothing is known."""
        return [file for file in files if file not in self._kept]

    def keep(self, found: Mapping[str, Any]) -> None:
        """Remember this too, except for files so young that they may change and keep their stamp."""
        stamps = {file: self._stamps[file] for file in found if file in self._stamps}
        new = {file: (stamp, found[file]) for file, stamp in stamps.items() if settled([stamp], self._now)}
        if new or self._is_new:
            self._sealed.write(json.dumps(self._kept | new))


def known_files(root: str, layout: Layout, name: str, files: Collection[str]) -> KnownFiles | None:
    """What is known of these files, of all that were kept under the name; None where no cache may be used."""
    kept = sealed(root, layout, name)
    return None if kept is None else KnownFiles(kept, root, files)
