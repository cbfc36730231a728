"""Who must look at a change: CODEOWNERS as GitHub and GitLab read it, and approvals of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.owners import owners_of, parse_owners
from tests.support.past import WEB, Repository


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "apps/web.yaml", True),
        ("*.yaml", "overlays/production/apps/web.yaml", True),
        ("/apps/", "apps/web.yaml", True),
        ("/apps/", "more/apps/web.yaml", False),
        ("apps/", "overlays/production/apps/web.yaml", True),
        ("apps/*", "apps/web.yaml", True),
        ("apps/*", "apps/more/web.yaml", False),
        ("/overlays/production", "overlays/production/overlay.yaml", True),
        ("/overlays/production", "overlays/production-eu/overlay.yaml", False),
        ("overlays/*/apps/web.yaml", "overlays/staging/apps/web.yaml", True),
        ("overlays/*/apps/web.yaml", "overlays/a/b/apps/web.yaml", False),
        ("overlays/**/web.yaml", "overlays/a/b/apps/web.yaml", True),
        ("**/production", "overlays/production/apps/web.yaml", True),
        ("web.yaml", "apps/web.yaml", True),
        ("web.yaml/", "apps/web.yaml", False),
        ("apps/[a-z].yaml", "apps/w.yaml", False),
        ("apps/we\\ b.yaml", "apps/we b.yaml", True),
    ],
)
def test_a_pattern_matches_as_on_github(pattern: str, path: str, matches: bool) -> None:
    assert bool(owners_of(parse_owners(f"{pattern} @team # a comment"), path)) is matches


def test_the_last_rule_counts_and_may_name_nobody() -> None:
    rules = parse_owners("# all\n* @a\napps/ @b c@example.com\napps/free.yaml\n!apps/x @d\n\n")
    found = {path: owners_of(rules, path) for path in ("x", "apps/web.yaml", "apps/free.yaml")}
    assert found == {"x": ("@a",), "apps/web.yaml": ("@b", "c@example.com"), "apps/free.yaml": ()}


def test_each_section_of_gitlab_names_its_own() -> None:
    rules = parse_owners("[Payments][2] @pay\napps/\n^[Docs] @docs\n*.md\napps/web.yaml @web\n")
    assert owners_of(rules, "apps/web.yaml") == ("@pay", "@web")
    assert owners_of(rules, "apps/a.md") == ("@pay", "@docs")


@given(st.lists(st.sampled_from(["*", "**", "a", "?", "ab"]), min_size=1, max_size=12), st.text("ab/", max_size=60))
def test_no_pattern_is_slow(parts: list[str], path: str) -> None:
    owners_of(parse_owners("/".join(parts) + " @x\n" + "*a" * 30 + "b @y"), path)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app that has owners, in an environment that asks for approvals."""
    made = Repository(tmp_path / "repository")
    made.write(".github/CODEOWNERS", "* @acme/all\n/apps/ @acme/payments\n/overlays/production/ @acme/`payments`\n")
    made.overlay("production", '  policy: {approvals: ["@acme/sre"]}\n')
    made.rendered()
    return made


def test_approvals_that_the_change_removes_still_count(repository: Repository) -> None:
    repository.overlay("production", '  policy: {approvals: ["@me"]}\n')
    repository.text("release", "web", "1.5.0", "--weight", "20")
    looks = repository.data("plan", "--base", "HEAD")["owners"]
    assert {"@me", "@acme/sre"} <= {each["owner"] for each in looks}


def test_the_plan_names_who_has_to_look(repository: Repository) -> None:
    repository.write(".github/CODEOWNERS", "* @me\n")  # a change does not choose who looks at it
    repository.text("release", "web", "1.5.0", "--weight", "20")
    text = repository.text("plan", "--format", "markdown", "--base", "HEAD")
    assert (
        "**Who must look:**\n"
        "\n"
        "- `@acme/'payments'`: overlays/production/apps/web.yaml\n"
        "- `@acme/all`: .github/CODEOWNERS\n"
        "- `@acme/payments`: web in production\n"
        "- `@acme/sre`: production\n"
    ) in text
    data = repository.data("plan", "--base", "HEAD")
    assert data["owners"][1] == {"owner": "@acme/all", "about": [".github/CODEOWNERS"]}
    assert "Who must look" not in repository.text("plan", "--base", "HEAD")


def test_owners_of_apps_that_an_overlay_changes_look_too(repository: Repository) -> None:
    repository.overlay("production", '  policy: {approvals: ["@acme/sre"]}\n  defaults: {env: {REGION: eu}}\n')
    looks = {each["owner"]: each["about"] for each in repository.data("plan", "--base", "HEAD")["owners"]}
    assert looks["@acme/payments"] == ["web in production"]
    repository.app("web", WEB.replace("info", "debug"))
    looks = {each["owner"]: each["about"] for each in repository.data("plan", "--base", "HEAD")["owners"]}
    assert looks["@acme/payments"] == ["apps/web.yaml"]


def test_without_owners_nothing_is_said(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    made.commit("begin")
    made.text("release", "web", "1.5.0", "--weight", "20")
    assert "Who must look" not in made.text("plan", "--format", "markdown", "--base", "HEAD")
