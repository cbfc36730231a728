"""Unified diffs of files, with or without colour."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher

from renderer.problem import printable
from renderer.report.masked_file import masked_file

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_BOLD, _END = "\033[1m", "\033[0m"


def diff_text(
    old: Mapping[str, bytes | None],
    new: Mapping[str, bytes | None],
    *,
    colour: bool,
    not_secret: Collection[str] = (),
) -> str:
    """What changes from `old` to `new`, file by file, with secrets masked; None means that the file does not exist."""
    return "".join(
        _coloured(line) if colour else line
        for path in sorted(new)
        if old.get(path) != new[path]
        for line in _file(path, old.get(path), new[path], not_secret)
    )


def _file(path: str, old: bytes | None, new: bytes | None, not_secret: Collection[str]) -> Iterator[str]:
    """A unified diff: compares the original lines, and shows the masked ones."""
    before, after = (_lines(text or b"") for text in (old, new))
    shown_before, shown_after = (masked_file(lines, not_secret) for lines in (before, after))
    shown = printable(path)
    yield f"--- {'/dev/null' if old is None else f'a/{shown}'}\n"
    yield f"+++ {'/dev/null' if new is None else f'b/{shown}'}\n"
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes():
        _, start, _, first, _ = group[0]
        _, _, end, _, last = group[-1]
        yield f"@@ -{_range(start, end)} +{_range(first, last)} @@\n"
        for tag, one, two, three, four in group:
            if tag == "equal":
                yield from (_shown(" ", line) for line in shown_before[one:two])
                continue
            yield from (_shown("-", line) for line in shown_before[one:two])
            yield from (_shown("+", line) for line in shown_after[three:four])


def _range(start: int, end: int) -> str:
    """As in diff: the first line and the number of lines, which is left out if it is 1."""
    length = end - start
    return str(start + 1) if length == 1 else f"{start + 1 if length else start},{length}"


def _lines(text: bytes) -> list[str]:
    """Each with its line break; only `\\n` is one, unlike in Python's splitlines."""
    return re.findall(r"[^\n]*\n|[^\n]+", text.decode("utf-8", "replace"))


def _shown(mark: str, line: str) -> str:
    """Printable text; tabs are kept, since they are harmless."""
    parts = line.removesuffix("\n").split("\t")
    text = mark + "\t".join(map(printable, parts)) + "\n"
    return text if line.endswith("\n") else f"{text}\\ No newline at end of file\n"


def _coloured(line: str) -> str:
    start = _BOLD if line.startswith(("---", "+++")) else _COLOURS.get(line[:1], "")
    return f"{start}{line.rstrip()}{_END}\n" if start else line
