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


def test_check_fails_where_a_file_is_in_the_way_that_is_not_ours(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok" / "rolling-update", tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    assert run(project, "render").code == 0
    service = next((project / "rendered").rglob("service.yaml"))
    service.write_text(service.read_text().partition("\n")[2].replace("port: 80", "port: 81"))
    outcome = run(project, "render", "--check")
    assert (outcome.code, "rollspec did not make it" in outcome.err) == (1, True)
