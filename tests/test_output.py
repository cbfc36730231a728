"""Foreign text in each format: no character that a terminal obeys or that nobody sees, no marker of a CI runner."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.plan import AppPlan, Effect, Plan
from renderer.problem import Problem, printable
from renderer.report.as_json import as_json
from renderer.report.diff import diff_text
from renderer.report.plan import plan_text
from renderer.report.problems import FORMATS, problems_text
from tests.support.cases import run

INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp", "Cs", "Co", "Cn")
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u2800\u3164\ufe0f\uffa0\U000e0100"
HIDDEN = [
    chr(code)
    for code in range(sys.maxunicode + 1)
    if unicodedata.category(chr(code)) in INVISIBLE[:6] and chr(code) != " "
] + [*FILLERS]
MARKERS = [
    "::error::x",
    "##[error]x",
    "##vso[task.setvariable]x",
    "##teamcity[x]",
    "<!-- x -->",
    "\x1b[0Ksection_start:1:x\r",
]
TEXTS = st.lists(st.one_of(st.sampled_from([*MARKERS, "\n", "\r", " ", "a"]), st.sampled_from(HIDDEN)), max_size=8).map(
    "".join
)


def is_harmless(text: str) -> bool:
    """Whether no runner finds a command in it, and everything is seen."""
    lines = text.split("\n")
    commands = any(line.lstrip().startswith("::") for line in lines)
    markers = any(marker in text for marker in ("##[", "##vso[", "##teamcity[", "\x1b"))
    return not commands and not markers and all(letter not in text for letter in (*FILLERS, "\u202e", "\r", "\x00"))


def test_every_character_that_nobody_sees_is_an_escape() -> None:
    assert [hex(ord(letter)) for letter in HIDDEN if letter in printable(f"a{letter}b")] == []
    shown = as_json(HIDDEN)
    assert [hex(ord(letter)) for letter in HIDDEN if letter != "\n" and letter in shown] == []
    assert json.loads(shown) == HIDDEN


def plans(text: str) -> Plan:
    problem = Problem(text or "a", 1, 1, "tag", text, text)
    return Plan(text, text, (AppPlan(text, text, (Effect("replace", text, ()),), problems=(problem,)),))


@given(TEXTS)
def test_every_format_is_harmless(text: str) -> None:
    problem = Problem("a.yaml", 1, 1, "tag", text, text)
    assert is_harmless(problems_text([problem], "text"))
    (command,) = problems_text([problem], "github").removeprefix("::error ").splitlines()
    assert is_harmless(command)
    for form in set(FORMATS) - {"text", "github"}:
        assert is_harmless(problems_text([problem], form)), form
    for form in ("text", "markdown", "json"):
        assert is_harmless(plan_text(plans(text), form))
    assert "<!--" not in plan_text(plans(text), "markdown")
    assert is_harmless(diff_text({text: text.encode("utf-8", "replace")}, {text: b"new"}, colour=False))


@given(TEXTS)
def test_json_keeps_the_value(text: str) -> None:
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cs")  # two of them may become one
    assert json.loads(as_json({"a": [text, (text, 1)]})) == {"a": [text, [text, 1]]}


@pytest.mark.parametrize("marker", MARKERS)
@pytest.mark.parametrize(
    "words",
    [
        *(["{}"], ["--{}"], ["validate", "--env", "{}"], ["validate", "{}"], ["plan", "--base", "{}"]),
        *(["history", "{}"], ["-C", "{}", "status"], ["validate", "--format", "{}"], ["weight", "web", "{}"]),
    ],
)
def test_an_argument_begins_no_line(words: list[str], marker: str, tmp_path: Path) -> None:
    done = run(tmp_path, *(word.format(f"x\n{marker}") for word in words))
    assert done.code in (2, 3)
    assert is_harmless(done.err)
