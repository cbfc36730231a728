"""Sources with parts that are wrong in any way: a problem or a project, never a traceback or a file outside of it."""

from __future__ import annotations

import posixpath
from random import Random
from typing import Any

import pytest

from renderer.importing.project import imported, refused
from renderer.importing.source import read_source
from renderer.yamlio import dump, load_all
from tests.support.cases import FIXTURES, cases
from tests.test_import_round_trip import opened_project

MUTANTS = 25  # of each case
ODD: tuple[Any, ...] = (
    None, {}, [], "", 0, -1, True, "x", [None], [{}], {"kind": {"a": 1}}, "../../etc/passwd", "/etc/passwd",
    {"name": ["a"]}, "a" * 300, 10**30, 1.5, [[]], {"": ""}, "\u0000", "${VAR}",
)  # fmt: skip


@pytest.mark.parametrize("name", [case.name for case in cases("import")])
def test_a_source_with_an_odd_part_gives_a_problem_or_a_project(name: str) -> None:
    _, target = opened_project()
    random = Random(name)
    documents = [
        document
        for file in sorted((FIXTURES / "import" / name).glob("source*/**/*.yaml"))
        for document in load_all(file.read_bytes(), str(file))[0]
        if isinstance(document, dict)
    ]
    for _ in range(MUTANTS):
        mutants = [_mutant(each, random) for each in documents]
        source = read_source([("source.yaml", "---\n".join(map(dump, mutants)).encode())])
        if source.problems or refused(source, target.schemas):
            continue
        made = imported({"production": source}, target)
        assert all(_is_inside(path) for path in made.files), sorted(made.files)


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and not posixpath.normpath(path).startswith("..") and "\0" not in path


def _mutant(document: Any, random: Random) -> Any:
    """The document with one of its parts replaced, and now and then none."""
    pointers = [*_pointers(document)]
    return _put(document, random.choice(pointers), random.choice(ODD)) if random.random() < 0.7 else document


def _pointers(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in below for found in _pointers(value, (*path, key)))]


def _put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, list):
        return [_put(each, path[1:], value) if number == path[0] else each for number, each in enumerate(data)]
    return {key: _put(each, path[1:], value) if key == path[0] else each for key, each in data.items()}
