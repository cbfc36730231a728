"""The shape of the code: short parameter lists."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.cases import ROOT

MOST = 6  # parameters of a function, `self` aside


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = function.args
    return sum(each.arg not in ("self", "cls") for each in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def _functions(file: Path) -> list[str]:
    tree = ast.walk(ast.parse(file.read_text()))
    functions = [node for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f"{file.relative_to(ROOT)}: {each.name}" for each in functions if _parameters(each) > MOST]


def test_no_function_has_a_long_parameter_list() -> None:
    assert [each for file in sorted((ROOT / "renderer").rglob("*.py")) for each in _functions(file)] == []
