"""The output folder is the project's own: a symbolic link in its place leads nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run


@pytest.mark.parametrize("output", ["rendered", "out/rendered"])
@pytest.mark.parametrize("arguments", [("render",), ("render", "--no-cache"), ("render", "--check")])
def test_an_output_folder_that_is_a_link_is_not_followed(
    output: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    project = lay_out(FIXTURES / "ok" / "rolling-update", tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    settings = project / "rollspec.yaml"
    settings.write_text(settings.read_text().replace("spec:\n", f"spec:\n  output: {output}\n", 1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project / output.split("/")[0]).symlink_to(elsewhere)
    outcome = run(project, *arguments)
    assert (outcome.code, "symbolic link" in outcome.err) == (3, True), outcome.err
    assert list(elsewhere.iterdir()) == []
