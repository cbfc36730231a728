"""The cases of `fixtures/edit`: a file, operations, and which lines they change; `main` writes those anew."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renderer.edit import EditError, Operation, Remove, Rename, Set, edit, formatted
from renderer.yamlio import load
from tests.support.cases import FIXTURES, cases

ORDER = {
    "": ["apiVersion", "kind", "metadata", "spec"],
    "/metadata": ["name", "labels"],
    "/spec": ["tag", "replicas", "ports", "env", "files", "canary", "aborted"],
    "/spec/ports/*": ["name", "port"],
    "/spec/canary": ["tag", "version", "weight", "from"],
}


def operations(case: Path) -> dict[str, list[Operation]]:
    """Every list of operations for a case, by name."""
    found: dict[str, list[Operation]] = {}
    for file in (FIXTURES / "edit/operations.yaml", case / "operations.yaml"):
        data: Any = load(file.read_bytes(), str(file))[0] if file.exists() else {}
        found |= {name: [_operation(each) for each in listed] for name, listed in data.items()}
    return found


def before(case: Path) -> str:
    return (case / "before.yaml").read_bytes().decode()


def expected(case: Path) -> dict[str, str]:
    """The files that a case's outcome is kept in."""
    text = before(case)
    parts = [f"== {name}\n{_outcome(text, listed)}" for name, listed in operations(case).items()]
    try:
        laid_out = formatted(text, ORDER)
    except EditError as error:
        laid_out = f"# {error}\n"
    return {"expected.txt": "\n".join(parts), "formatted.yaml": laid_out}


def main() -> None:
    for case in cases("edit"):
        for name, text in expected(case).items():
            (case / name).write_bytes(text.encode())


def _operation(data: dict[str, Any]) -> Operation:
    if "rename" in data:
        return Rename(data["rename"], data["name"])
    return Remove(data["remove"]) if "remove" in data else Set(data["set"], data["value"])


def _outcome(text: str, listed: list[Operation]) -> str:
    try:
        after = edit(text, listed)
    except EditError as error:
        return f"refused: {error}\n"
    return "".join(_changes(_shown(text), _shown(after))) or "nothing changes\n"


def _changes(old: list[str], new: list[str]) -> Iterator[str]:
    """Lines taken away with their number before, lines added with their number after."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from (f"{number + 1:3} - {old[number]}\n" for number in range(a, b))
            yield from (f"{number + 1:3} + {new[number]}\n" for number in range(c, d))


def _shown(text: str) -> list[str]:
    """Lines, with what cannot be seen made visible."""
    lines = text.split("\n")
    lines = lines[:-1] if lines[-1] == "" else [*lines[:-1], lines[-1] + "⏎"]
    visible = (line.replace("\r", "␍") for line in lines)
    return [re.sub(r"[ \t]+(?=[␍⏎]*$)", lambda found: "␠" * len(found[0]), line) for line in visible]


if __name__ == "__main__":
    main()
