"""A project that `init` made is right, whatever its parts are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import Outcome, run


@pytest.mark.parametrize("name", ["null", "true", "yes", "on", "n", "e1", "production"])
def test_a_name_that_yaml_takes_for_something_else_is_a_name(name: str, tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--env", name, "--namespace", name, "--app", name).code == 0
    assert run(tmp_path, "validate") == Outcome(0, "", "")
    assert run(tmp_path, "fmt", "--check").code == 0
    assert run(tmp_path, "render").code == 0
    assert (tmp_path / "rendered" / name / name / "deployment.yaml").is_file()


def test_an_overlay_reads_as_people_write_it(tmp_path: Path) -> None:
    run(tmp_path, "init", "--namespace", "shop")
    assert (tmp_path / "overlays/production/overlay.yaml").read_text() == (
        "# One environment. `rollspec schema Overlay` has every field.\n"
        "apiVersion: rollspec/v1\nkind: Overlay\nmetadata:\n  name: production\nspec:\n  namespace: shop\n"
    )
