"""Unified diffs of files, with or without colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff

from renderer.problem import printable

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_BOLD, _END = "\033[1m", "\033[0m"


def diff_text(old: Mapping[str, bytes | None], new: Mapping[str, bytes | None], *, colour: bool) -> str:
    """What changes from `old` to `new`, file by file; None means that the file does not exist."""
    return "".join(
        line
        for path in sorted(new)
        if old.get(path) != new[path]
        for line in _file(path, old.get(path), new[path], colour)
    )


def _file(path: str, old: bytes | None, new: bytes | None, colour: bool) -> Iterator[str]:
    before, after = (_lines(text or b"") for text in (old, new))
    shown = printable(path)
    names = ("/dev/null" if old is None else f"a/{shown}", "/dev/null" if new is None else f"b/{shown}")
    for line in unified_diff(before, after, *names):
        text = _shown(line.removesuffix("\n")) + "\n"
        text = text if line.endswith("\n") else f"{text}\\ No newline at end of file\n"
        yield _coloured(text) if colour else text


def _lines(text: bytes) -> list[str]:
    """Each with its line break; only `\\n` is one, unlike in Python's splitlines."""
    return re.findall(r"[^\n]*\n|[^\n]+", text.decode("utf-8", "replace"))


def _shown(line: str) -> str:
    """Printable text; tabs are kept, they do no harm."""
    return "\t".join(map(printable, line.split("\t")))


def _coloured(line: str) -> str:
    start = _BOLD if line.startswith(("---", "+++")) else _COLOURS.get(line[:1], "")
    return f"{start}{line.rstrip()}{_END}\n" if start else line
