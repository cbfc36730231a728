"""The manual of the rules is made from their docstrings, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.rules import MANIFEST_RULES
from renderer.rules.spec_table import SPEC_RULES
from tests.support.excerpts import excerpts
from tests.support.page_rules import LABELS, PATCH_RULES, page, parts
from tests.support.rules import FIXTURES, PATCH_FIXTURES, SPEC_FIXTURES


@pytest.mark.parametrize("rule", [*MANIFEST_RULES, *SPEC_RULES, *PATCH_RULES])
def test_every_rule_has_a_page(rule: str) -> None:
    assert f"### {rule}\n" in page()


@pytest.mark.parametrize("rule", [*MANIFEST_RULES.items(), *SPEC_RULES.items()], ids=lambda rule: rule[0])
def test_a_page_says_what_is_wrong_why_it_matters_how_to_fix_it_and_whose_rule_it_is(
    rule: tuple[str, Callable[..., Any]],
) -> None:
    what, labelled = parts(rule[1].__doc__ or "")
    assert what.endswith(".")
    assert list(labelled) == list(LABELS)  # in this order: `Why: `, `Fix: `, `Source: `, each at the start of a line
    assert all(text.endswith((".", ")")) for text in labelled.values())


@pytest.mark.parametrize(
    "folder", [*FIXTURES.iterdir(), *SPEC_FIXTURES.iterdir(), *PATCH_FIXTURES.iterdir()], ids=lambda folder: folder.name
)
def test_the_examples_of_a_page_are_yaml_and_differ(folder: Path) -> None:
    if folder.name != "ok":
        bad, good = excerpts(folder)
        assert bad != good
        assert all(list(yaml.safe_load_all(text)) for text in (bad, good))
