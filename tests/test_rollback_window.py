"""With `rollbackWindow` a recent version gets all the traffic at once: plan, validate and the verb know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

CANARY = "{type: Canary, router: istio, rollbackWindow: {revisions: %d}}"
BLUE_GREEN = "{type: BlueGreen, rollbackWindow: {revisions: %d}}"
SAID = "with rollbackWindow the controller"


def with_three_versions(folder: Path, strategy: str, *, rollouts: str = "1.10") -> Repository:
    """1.4.2, then 1.5.0, and at last 1.6.0 as the stable version."""
    project = f'  renderLevel: 2\n  versions: {{argoRollouts: "{rollouts}"}}\n'
    start = {"rollspec.yaml": f"apiVersion: rollspec/v1\nkind: Project\nspec:\n{project}"}
    made = Repository(folder, start=start)
    made.app("web", WEB.replace("{type: Canary, router: istio}", strategy))
    assert made.run("render").code == 0
    made.commit("begin")
    weight = () if "BlueGreen" in strategy else ("--weight", "20")
    for tag in ("1.5.0", "1.6.0"):
        made.verb("release", "web", tag, *weight)
        made.verb("promote", "web")
    return made


@pytest.mark.parametrize(
    ("strategy", "revisions", "tag", "is_skipped"),
    [
        (CANARY, 2, "1.4.2", True),
        (CANARY, 1, "1.4.2", False),
        (CANARY, 2, "1.4.1", False),
        (BLUE_GREEN, 2, "1.4.2", True),
        (BLUE_GREEN, 1, "1.4.2", False),
        (BLUE_GREEN, 1, "1.5.0", True),
    ],
)
def test_an_older_version_within_the_window(
    strategy: str, revisions: int, tag: str, is_skipped: bool, tmp_path: Path
) -> None:
    repository = with_three_versions(tmp_path / "project", strategy % revisions)
    weight = () if "BlueGreen" in strategy else ("--weight", "20")
    released = repository.run("release", "web", tag, *weight, "--env", "production")
    assert (released.code, SAID in released.err) == (0, is_skipped), released.err
    assert (SAID in repository.run("validate", "--base", "HEAD").err) == is_skipped
    plan = repository.run("plan", "--base", "HEAD").out
    assert (f"{tag} gets all the traffic at once" in plan) == is_skipped
    assert (f"share    {tag}  0 % -> 100 %" in plan) == is_skipped, plan


def test_a_previous_version_that_was_edited_since_is_a_new_one(tmp_path: Path) -> None:
    repository = with_three_versions(tmp_path / "project", CANARY % 1)
    repository.partial(
        "  tag: 1.6.0\n  previous: {tag: 1.5.0}\n  canary: {tag: 1.5.0, weight: 20}\n  env: {LOG: debug}\n"
    )
    assert repository.run("render").code == 0
    done = repository.run("validate", "--base", "HEAD")
    assert (done.code, "stable-in-flight" in done.err, SAID in done.err) == (1, True, False), done


def test_rollouts_1_9_pauses_a_preview_of_a_recent_version(tmp_path: Path) -> None:
    repository = with_three_versions(tmp_path / "project", BLUE_GREEN % 1, rollouts="1.9")
    released = repository.run("release", "web", "1.5.0", "--env", "production")
    assert (released.code, released.err) == (0, "")
    assert "preview 1.5.0 starts, without traffic" in repository.run("plan", "--base", "HEAD").out
