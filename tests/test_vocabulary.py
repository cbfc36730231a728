"""One word has one meaning in the code: names that docs/architecture.md gives away to one thing, or to none."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.cases import ROOT

TYPES = {"Entry", "Kind", "Row", "Status", "Texts"}  # too general: a specific name says what each holds
FUNCTIONS = {"same", "plain", "left_out"}
POSITIONS = {"way", "place", "where"}  # a position is a `Position`, a JSON pointer a `pointer`
LOOSE = {"fine", "same", "plain", "came_from"}


def _names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield "type", node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield "function", node.name
        elif isinstance(node, ast.arg):
            yield "variable", node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield "type" if node.id[0].isupper() else "variable", node.id


TAKEN = {
    *(("type", name) for name in TYPES),
    *(("function", name) for name in FUNCTIONS),
    *(("variable", name) for name in POSITIONS | LOOSE),
}
FILES = sorted((ROOT / "renderer").rglob("*.py"))


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name)
def test_names_follow_the_glossary(folder: object) -> None:
    found = [
        (file.name, *name) for file in FILES if file.parent == folder for name in _names(ast.parse(file.read_text()))
    ]
    assert [each for each in found if each[1:] in TAKEN] == []
