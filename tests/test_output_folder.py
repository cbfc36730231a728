"""The output folder is the project's own: a symbolic link in its place leads nowhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, probed, run, snapshot


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
    assert (outcome.code, "rollspec did not write it" in outcome.err) == (1, True)


def test_a_rendered_file_that_is_a_pointer_of_git_lfs_is_kept_with_the_cure(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok" / "rolling-update", tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    assert run(project, "render").code == 0
    service = next((project / "rendered").rglob("service.yaml"))
    service.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    for arguments in (("render",), ("render", "--check")):
        outcome = run(project, *arguments)
        assert (outcome.code, "`git lfs pull`" in outcome.err) == (1, True)


def project_in(folder: Path) -> Path:
    return probed(lay_out(FIXTURES / "ok" / "rolling-update", folder, leave=frozenset(("expected", "warnings.txt"))))


@pytest.mark.parametrize("how", ["link", "gone", "elsewhere"])
def test_without_app_specs_nothing_is_removed(how: str, tmp_path: Path) -> None:
    project = project_in(tmp_path / "p")
    assert run(project, "render").code == 0
    before = snapshot(project / "rendered")
    if how == "elsewhere":
        settings = project / "rollspec.yaml"
        settings.write_text(settings.read_text().replace("spec:\n", "spec:\n  apps: nowhere\n", 1))
    else:
        (project / "apps").rename(project / "apps2")
    if how == "link":
        (project / "apps").symlink_to("apps2")
    assert (run(project, "render").code, run(project, "validate").code) == (1, 1)
    assert snapshot(project / "rendered") == before


def test_output_elsewhere_is_seen_from_the_folder_of_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `git -C` and `make -C` take the paths of their options."""
    project = project_in(tmp_path / "p")
    (tmp_path / "shell").mkdir()
    monkeypatch.chdir(tmp_path / "shell")
    assert run(project, "render", "--output", "../out").code == 0
    assert run(project / "apps", "render", "--output", "../beside").code == 0
    assert snapshot(tmp_path / "out") == snapshot(project / "beside") != {}
    assert list((tmp_path / "shell").iterdir()) == []


@pytest.mark.parametrize("place", [".", "..", "apps", "apps/out", "overlays/production", ".git/x"])
def test_output_elsewhere_is_no_place_of_specs(place: str, tmp_path: Path) -> None:
    project = project_in(tmp_path / "p")
    assert run(project, "render").code == 0
    before = snapshot(tmp_path)
    outcome = run(project, "render", "--output", str(project / place))
    assert (outcome.code, "--output" in outcome.err) == (2, True)
    assert snapshot(tmp_path) == before


def test_output_elsewhere_leaves_what_others_rendered_there(tmp_path: Path) -> None:
    for name in ("one", "other"):
        project = project_in(tmp_path / name)
        spec = next((project / "apps").iterdir())
        spec.write_text(spec.read_text().replace(f"name: {spec.stem}", f"name: {name}", 1))
        spec.rename(project / "apps" / f"{name}.yaml")
        assert run(project, "render", "--output", str(tmp_path / "both")).code == 0
    assert sorted(path.name for path in (tmp_path / "both/production").iterdir()) == ["one", "other"]


@pytest.mark.parametrize(("output", "shown"), [("", "rendered"), ("out/x", "out/x"), ("../gitops", "../gitops")])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_paths_are_told_as_seen_from_the_project(
    output: str, shown: str, jobs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_in(tmp_path / "p")
    arguments = ["render", "--jobs", jobs, *(["--output", output] if output else [])]
    monkeypatch.chdir(project)
    assert f"new: {shown}/production/web/service.yaml\n" in run(project, *arguments, "--check").err
    folder = project / shown / "production"
    (folder / "web").mkdir(parents=True)
    (folder / "web/service.yaml").write_text("kind: Service\n")
    assert run(project, *arguments).err.endswith(f" {shown}/production/web/service.yaml\n")
    shutil.rmtree(folder / "web")
    (folder / "web").symlink_to(tmp_path)
    outcome = run(project, *arguments)
    assert (
        outcome.err
        == f"rollspec: {shown}/production/web: is a symbolic link, which is not followed: put its target here\n"
    )
