"""The shape of the code: short parameter lists, and functions that fit on a screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.cases import ROOT

MOST_PARAMETERS = 6  # of a function, `self` aside
MOST_LINES = 60  # of a function without its docstring
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _parameters(function: Function) -> int:
    given = function.args
    return sum(each.arg not in ("self", "cls") for each in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def _lines(function: Function) -> int:
    first = function.body[0] if ast.get_docstring(function) is not None else None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if first else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def functions() -> Iterator[tuple[str, Function]]:
    """Every function of the program, with a name to print."""
    for file in sorted((ROOT / "renderer").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, Function):
                yield f"{Path(file).relative_to(ROOT)}: {node.name}", node


def test_no_function_has_a_long_parameter_list() -> None:
    assert [name for name, function in functions() if _parameters(function) > MOST_PARAMETERS] == []


def test_every_function_fits_on_a_screen() -> None:
    assert [name for name, function in functions() if _lines(function) > MOST_LINES] == []


def test_most_functions_are_short() -> None:
    lengths = sorted(_lines(function) for _, function in functions())
    assert lengths[len(lengths) * 9 // 10] <= 25
