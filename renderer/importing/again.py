"""A second import: what the sources changed since the first is merged into files that people have edited since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.edit.merging import merge_texts


@dataclass(frozen=True, slots=True)
class Merged:
    """What to write and to remove, and what could not be merged: a file, and the pointer of a field (`""`: all of it).

    `base` are the texts that the next import compares with; for a file that could not be merged, still the old one.
    """

    files: Mapping[str, str]
    removed: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...]
    base: Mapping[str, str]


def merged(base: Mapping[str, str], ours: Mapping[str, str], theirs: Mapping[str, str]) -> Merged:
    """The texts that the last import wrote, what they are now, and the texts of this import, as one."""
    files: dict[str, str] = {}
    removed: list[str] = []
    conflicts: list[tuple[str, str]] = []
    for file in sorted({*base, *theirs}):
        old, own, other = base.get(file), ours.get(file), theirs.get(file)
        if other in (old, own):
            continue
        if own == old:
            files |= {} if other is None else {file: other}
            removed += [file] if other is None else []
        elif own is None or other is None:
            conflicts.append((file, ""))
        else:
            found = merge_texts(old or "", own, other)
            files |= {} if found.text is None else {file: found.text}
            conflicts += [(file, pointer) for pointer in found.conflicts]
    open_ = {file for file, _ in conflicts}
    kept = {**{file: theirs[file] for file in theirs if file not in open_}, **{f: base[f] for f in base if f in open_}}
    return Merged(files, tuple(removed), tuple(conflicts), kept)
