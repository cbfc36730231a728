"""Unified diffs of files, with or without colour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_BOLD, _END = "\033[1m", "\033[0m"


def diff_text(old: Mapping[str, bytes | None], new: Mapping[str, bytes | None], *, colour: bool) -> str:
    """What changes from `old` to `new`, file by file; None stands for a file that is not there."""
    return "".join(
        line
        for path in sorted(new)
        if old.get(path) != new[path]
        for line in _file(path, old.get(path), new[path], colour)
    )


def _file(path: str, old: bytes | None, new: bytes | None, colour: bool) -> Iterator[str]:
    before, after = (text.decode("utf-8", "replace").splitlines(keepends=True) if text else [] for text in (old, new))
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    for line in unified_diff(before, after, *names):
        text = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        yield _coloured(text) if colour else text


def _coloured(line: str) -> str:
    start = _BOLD if line.startswith(("---", "+++")) else _COLOURS.get(line[:1], "")
    return f"{start}{line.rstrip()}{_END}\n" if start else line
