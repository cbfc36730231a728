"""The manual of the rules is made from their docstrings, and nothing else."""

from __future__ import annotations

from inspect import cleandoc

import pytest

from renderer.rules import MANIFEST_RULES
from renderer.rules.specs import SPEC_RULES
from tests.support.page_rules import page


@pytest.mark.parametrize("rule", [*MANIFEST_RULES, *SPEC_RULES])
def test_every_rule_has_a_page(rule: str) -> None:
    assert f"### {rule}\n" in page()


@pytest.mark.parametrize("rule", MANIFEST_RULES)
def test_a_page_says_whose_rule_it_is_and_what_to_do(rule: str) -> None:
    lines = cleandoc(MANIFEST_RULES[rule].__doc__ or "").splitlines()
    assert lines[0].endswith(".")
    assert sum(line.startswith("Source: ") for line in lines) == 1
    assert sum(line.startswith("Do: ") for line in lines) == 1
