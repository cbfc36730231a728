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
    """Each name that the code gives, with what it is the name of."""
    for node in ast.walk(tree):
        yield from _given(node)


def _given(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ClassDef):
        yield "type", node.name
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield "function", node.name
    elif isinstance(node, ast.arg):
        yield "variable", node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield "type" if node.id[0].isupper() else "variable", node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield "variable", node.name


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


def _imported(tree: ast.Module) -> set[str]:
    """The names that the module imports at its top."""
    blocks = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.If))]
    lines = [line for block in blocks for line in block if isinstance(line, ast.Import | ast.ImportFrom)]
    some = [line for line in lines if not (isinstance(line, ast.ImportFrom) and line.module == "__future__")]
    return {(alias.asname or alias.name).partition(".")[0] for line in some for alias in line.names}


def _variables(tree: ast.Module) -> set[str]:
    """The names of variables and parameters; fields of classes hide nothing."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    fields = {id(line.target) for each in classes for line in each.body if isinstance(line, ast.AnnAssign)}
    named = [node for node in ast.walk(tree) if id(node) not in fields]
    return {name for node in named for type_, name in _given(node) if type_ != "function"}


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name)
def test_no_variable_hides_what_its_module_imports(folder: object) -> None:
    """Else one name has two meanings in one module, and a line that moves means something else."""
    trees = {file.name: ast.parse(file.read_text()) for file in FILES if file.parent == folder}
    found = {name: _variables(tree) & _imported(tree) for name, tree in trees.items()}
    assert {name: names for name, names in found.items() if names} == {}
