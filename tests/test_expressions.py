"""Our reading of conditions against the real controller's: fixtures/expressions, written by tests/engines/tables."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from renderer.rules.expressions import ExpressionError, Unknown, nodes, parse, value_of

FOLDER = Path(__file__).parent.parent / "fixtures" / "expressions"
TABLES = {path.stem: json.loads(path.read_text())["rows"] for path in sorted(FOLDER.glob("*.json"))}
ANSWERS: list[list[float]] = [[], [0.5], [99.0, 3.0], [math.nan]]
NESTED = "let x = let"  # Argo Rollouts 1.9 ends the inner one at the first `;`, 1.10 at the last


def _parses(text: str) -> bool:
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def test_there_are_tables() -> None:
    assert list(TABLES) == ["1.10.2", "1.9.3"]
    assert [len(rows) > 2500 for rows in TABLES.values()] == [True, True]


def test_what_one_of_the_controllers_parses_is_parsed_and_nothing_else() -> None:
    accepted = {text: parses for text, parses, *_ in TABLES["1.9.3"]}
    for text, parses, *_ in TABLES["1.10.2"]:
        accepted[text] = accepted.get(text, False) or parses
    wrong = [text for text, parses in accepted.items() if _parses(text) != parses and NESTED not in text]
    assert wrong == []
    assert 500 < sum(accepted.values()) < len(accepted) - 500  # both outcomes are tried


@pytest.mark.parametrize("rollouts", TABLES)
def test_what_is_evaluated_here_has_the_value_that_it_has_there(rollouts: str) -> None:
    tried = 0
    for text, parses, *expected in TABLES[rollouts]:
        if not parses or NESTED in text:
            continue
        tree = parse(text)
        if not _is_typed(tree):
            continue
        for answer, said in zip(ANSWERS, expected, strict=True):
            found = _evaluated(tree, answer)
            if found is not None:
                tried += 1
                assert found == said, (text, answer)
    assert tried > 100


def _is_typed(tree: Any) -> bool:
    """Whether each part has a value where there is data: the controller compiles all parts, also those it skips."""
    answer = [0.5] * 2000
    operands = [part for node in nodes(tree) if node[:2] in (("binary", "&&"), ("binary", "||")) for part in node[2:]]
    if not all(isinstance(_value(part, answer), bool) for part in operands):
        return False
    return all(_value(node, answer) is not None for node in nodes(tree))


def _value(tree: Any, answer: list[float]) -> Any:
    try:
        return value_of(tree, answer)
    except (Unknown, ValueError, TypeError, ArithmeticError):
        return None


def _evaluated(tree: Any, answer: list[float]) -> str | None:
    """`true` or `false`; None where nothing is said: an error, or what is not evaluated here."""
    value = _value(tree, answer)
    return str(value).lower() if isinstance(value, bool) else None


@pytest.mark.parametrize(
    ("text", "why"),
    [("1" * 4001, "longer than 4000 characters"), ("(" * 60 + "1" + ")" * 60, "too deep inside each other")],
)
def test_what_is_too_large_is_not_parsed(text: str, why: str) -> None:
    with pytest.raises(ExpressionError, match=why):
        parse(text)


def test_a_predicate_may_leave_out_its_element_and_a_map_may_end_in_a_comma() -> None:
    assert parse("all(result, {.value < 5})") == parse("all(result, {#.value < 5})")
    assert parse('{"limit": 5,}') == parse('{"limit": 5}')
