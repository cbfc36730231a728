"""A restart at a time in the future: nothing happens until then, so a plan must not say that pods are replaced now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import run
from tests.support.past import Repository

NOW = "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("mark", "is_late"),
    [("2026-01-01T23:00:00Z", False), ("2026-01-02T00:05:00Z", False), ("2027-01-01T00:00:00Z", True)],
)
def test_a_restart_in_the_future_is_a_warning(mark: str, is_late: bool, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    assert run(repository.folder, "render").code == 0
    repository.commit("start")
    repository.partial(f"  restartedAt: {mark}\n")
    assert run(repository.folder, "render").code == 0
    validated = run(repository.folder, "validate", "--strict", "--base", "HEAD", "--at", NOW)
    assert validated.code == int(is_late)
    message = f"restartedAt of web is in the future ({mark}): a Rollout restarts its pods only then"
    assert (message in validated.err) == is_late


def test_a_mark_that_is_no_time_is_left_to_the_schema(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.commit("start")
    repository.partial("  restartedAt: tomorrow\n")
    validated = run(repository.folder, "validate", "--base", "HEAD", "--at", NOW)
    assert validated.code == 1
    assert "in the future" not in validated.err
