"""A bad and a good example of a rule: what differs between a failing fixture and `good.yaml`, with what encloses it."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

GOOD = "good.yaml"


def excerpts(folder: Path) -> tuple[str, str]:
    """Parts of the failing fixture that differs least from the good one, and of the good one."""
    good = _lines(folder / GOOD)
    failing = [path for path in sorted(folder.glob("*.yaml")) if _fails(path)]
    bad = min((_lines(path) for path in failing), key=lambda lines: _distance(lines, good))
    wanted = [
        (a, b, c, d) for tag, a, b, c, d in SequenceMatcher(None, bad, good, False).get_opcodes() if tag != "equal"
    ]
    return _excerpt(bad, [(a, b) for a, b, _, _ in wanted]), _excerpt(good, [(c, d) for _, _, c, d in wanted])


def _fails(path: Path) -> bool:
    return any(line.startswith(("# error: ", "# warning: ", "# note: ")) for line in _text(path))


def _text(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _lines(path: Path) -> list[str]:
    """The YAML lines of a fixture, with the settings that the rule reads as comments."""
    return [line for line in _text(path) if not line.startswith(("# error: ", "# warning: ", "# note: "))]


def _distance(lines: list[str], good: list[str]) -> tuple[int, int]:
    same = sum(block.size for block in SequenceMatcher(None, lines, good, False).get_matching_blocks())
    return len(lines) + len(good) - 2 * same, len(lines)


def _excerpt(lines: list[str], ranges: list[tuple[int, int]]) -> str:
    """The lines of the ranges and the keys that enclose them; `kind` of each document that has some."""
    kept: set[int] = set()
    for start, end in ranges:
        for number in range(start, end) if end > start else (start - 1,):
            kept.update(_enclosing(lines, number))
    begins = [number for number, line in enumerate(lines) if line.startswith("apiVersion: ")]
    shown: list[str] = []
    for start, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        inside = sorted(number for number in kept if start <= number < end and lines[number] != "---")
        if inside:
            head = [start + 1] if start + 1 not in inside else []
            shown += ["---"] if shown else []
            shown += [lines[number] for number in sorted({*head, *inside} - {start})]
    comments = [line for line in lines[: begins[0]] if line.startswith("# ")]
    return "\n".join([*comments, *shown, ""])


def _enclosing(lines: list[str], number: int) -> list[int]:
    """The line and the lines of the keys and list items around it."""
    found, depth = [number, *_sibling(lines, number)], _depth(lines[number])
    while depth > 0 and number > 0:
        number -= 1
        if lines[number].strip() and _depth(lines[number]) < depth:
            found.append(number)
            depth = _depth(lines[number])
    return found


def _sibling(lines: list[str], number: int) -> list[int]:
    """The start of the list item before this one."""
    depth = _depth(lines[number])
    if depth % 1:
        for before in range(number - 1, -1, -1):
            if _depth(lines[before]) < depth:
                break
            if _depth(lines[before]) == depth:
                return [before]
    return []


def _depth(line: str) -> float:
    """The indent of a line; a list item is half a step deeper than the key that holds the list."""
    indent = len(line) - len(line.lstrip(" "))
    return indent + 0.5 if line.lstrip(" ").startswith("- ") else indent
