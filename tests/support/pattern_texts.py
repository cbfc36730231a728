"""The patterns of the program, how each is used, and texts that begin like what each looks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple

from renderer.lazy import _Lazy
from tests.support.cases import ROOT

_PARSER: Any = import_module("re._parser")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_ONE_OF = {"CATEGORY_DIGIT": "1", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a"}
_FEW = 4  # beginnings of a pattern that its next part is added to
_MOST = 80  # texts of a pattern


class Used(NamedTuple):
    """A pattern of a module, and a method by which that uses it."""

    name: str
    pattern: re.Pattern[Any]
    method: str

    def __str__(self) -> str:
        return f"{self.name}.{self.method}"


def used() -> Iterator[Used]:
    """Each pattern that a module of the program holds, once for each of its methods that the module calls."""
    for file in sorted((ROOT / "renderer").rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        module, text = import_module(".".join(parts).removesuffix(".__init__")), file.read_text()
        for name, value in vars(module).items():
            pattern = getattr(value, "__self__", value)
            if isinstance(pattern, re.Pattern):
                method = getattr(value, "__name__", "")
                methods = [method] if method else _methods(text, name)
            elif isinstance(pattern, _Lazy):
                pattern, methods = re.compile(*pattern._given), _methods(text, name)
            else:
                continue
            yield from (Used(f"{'.'.join(parts[1:])}.{name}", pattern, each) for each in methods)


def _methods(text: str, name: str) -> list[str]:
    """The methods of a module's name that its text calls or hands on."""
    nodes = (node for node in ast.walk(_tree(text)) if isinstance(node, ast.Attribute))
    return sorted({node.attr for node in nodes if isinstance(node.value, ast.Name) and node.value.id == name})


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def beginnings(pattern: re.Pattern[Any]) -> list[str]:
    """Texts that a match of the pattern may begin with, the shortest first, and the ends of these."""
    texts = _texts(_PARSER.parse(pattern.pattern, pattern.flags & ~re.UNICODE))[1]
    ends = {text[start:] for text in texts for start in (1, 2) if text[start:]}
    return sorted({*texts, *ends} - {""}, key=lambda text: (len(text), text))[:_MOST]


def _texts(tree: Any) -> tuple[list[str], dict[str, None]]:
    """Texts that match a part of a pattern, and texts that this part may begin with."""
    whole, begun = [""], {"": None}
    for operation, value in tree:
        parts, within = _of_part(str(operation), value)
        begun.update(dict.fromkeys(start + part for start in whole[:_FEW] for part in islice(within, _MOST)))
        whole = [*dict.fromkeys(start + part for start in whole[: 3 * _FEW] for part in parts)][:_MOST]
        begun.update(dict.fromkeys(whole))
    return whole, begun


def _of_part(operation: str, value: Any) -> tuple[list[str], dict[str, None]]:
    if operation == "LITERAL":
        return [chr(value)], {}
    if operation == "IN":
        return [*dict.fromkeys(_characters(value))][:_FEW], {}
    if operation in ("ANY", "NOT_LITERAL"):
        return ["a" if value != ord("a") else "b"], {}
    if operation in _REPEATS:
        least, _, tree = value
        parts, within = _texts(tree)
        return [part * max(least, 1) for part in parts[:_FEW]] + [""] * (least == 0), within
    if operation == "BRANCH":
        branches = [_texts(tree) for tree in value[1]]
        return [part for parts, _ in branches for part in parts[:_FEW]], {
            text: None for _, within in branches for text in within
        }
    if operation in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _texts(value[-1] if operation == "SUBPATTERN" else value)
    if operation in ("ASSERT", "ASSERT_NOT"):
        return [""], _texts(value[1])[1]
    return [""], {}


def _characters(members: Any) -> Iterator[str]:
    """Characters that a class takes."""
    if str(members[0][0]) == "NEGATE":
        refused = {*_characters(members[1:])}
        yield next(each for each in "a1 -=!\x01" if each not in refused)
        return
    for operation, value in members:
        if str(operation) == "LITERAL":
            yield chr(value)
        elif str(operation) == "RANGE":
            yield chr(value[0])
        elif str(operation) == "CATEGORY":
            yield _ONE_OF.get(str(value), "-")
