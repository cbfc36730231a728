"""What Git says about the repository, held against `repository` of the project file; and `init` writes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from renderer.usecases.repository import address
from tests.support.cases import FIXTURES, lay_out, probed, run

CASE = FIXTURES / "ok/argocd-application-set"


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def _project(tmp_path: Path, inside: str, *, path: str = "", remote: str = "") -> Path:
    _git(tmp_path, "init", "-q")
    if remote:
        _git(tmp_path, "remote", "add", "origin", remote)
    project = probed(lay_out(CASE, tmp_path / inside, leave=frozenset(("expected", "warnings.txt"))))
    said = f"{{url: https://git.example.com/shop.git{f', path: {path}' if path else ''}}}"
    (project / "rollspec.yaml").write_text(
        "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n"
        f"  repository: {said}\n  argocd: {{kind: ApplicationSet}}\n"
    )
    return project


def test_a_project_in_a_folder_needs_its_path(tmp_path: Path) -> None:
    project = _project(tmp_path, "shop")
    assert "rollspec.yaml:5:15: warning: repository: " in run(project, "validate").err
    assert "write `path: shop`" in run(project, "validate").err
    assert run(project, "validate", "--strict").code == 1


@pytest.mark.parametrize(("inside", "path"), [("shop", "shop"), ("teams/shop", "teams/shop"), (".", "")])
@pytest.mark.parametrize("remote", ["", "git@git.example.com:shop", "https://user:secret@git.example.com/shop.git"])
def test_a_path_that_git_confirms(inside: str, path: str, remote: str, tmp_path: Path) -> None:
    assert run(_project(tmp_path, inside, path=path, remote=remote), "validate", "--strict").err == ""


def test_another_remote_is_a_note_without_its_password(tmp_path: Path) -> None:
    outcome = run(_project(tmp_path, "shop", remote="https://user:secret@example.org/x.git"), "validate", "--strict")
    assert outcome.code == 0
    assert "note: repository: no remote of this repository has this URL" in outcome.err
    assert "(there is https://example.org/x.git)" in outcome.err


def test_without_git_nothing_is_compared(tmp_path: Path) -> None:
    project = lay_out(CASE, tmp_path / "p", leave=frozenset(("expected", "warnings.txt")))
    outcome = run(project, "validate")
    assert (outcome.code, "repository" in outcome.err) == (0, False), outcome


@pytest.mark.parametrize("kind", ["Application", "ApplicationSet"])
def test_two_projects_of_one_repository_with_the_same_applications(kind: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        project = _project(tmp_path, name, path=name)
        file = project / "rollspec.yaml"
        file.write_text(file.read_text().replace("kind: ApplicationSet", f"kind: {kind}"))
        assert run(project, "render").code == 0
    _git(tmp_path, "add", "-A")
    warning = "overlays/production/overlay.yaml:1:1: warning: application-name: the project that renders {}"
    for name, other in (("one", "two"), ("two", "one")):
        said = run(tmp_path / name, "validate").err
        assert warning.format(f"{other}/rendered/_argocd/production.yaml in this repository also has an") in said
        assert "give one of the two projects an `argocd.namePrefix`" in run(tmp_path / name, "doctor").out
    file = tmp_path / "one/rollspec.yaml"
    file.write_text(file.read_text().replace(f"kind: {kind}", f"kind: {kind}, namePrefix: one-"))
    assert run(tmp_path / "one", "validate", "--strict").err == ""
    assert "namePrefix" not in run(tmp_path / "one", "doctor").out
    assert run(tmp_path / "one", "render").code == 0
    _git(tmp_path, "add", "-A")
    assert run(tmp_path / "two", "validate", "--strict").err == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/a/b.git",
        "https://user:secret@git.example.com/a/b",
        "git@git.example.com:a/b.git",
        "ssh://git@git.example.com:22/a/b.git/",
        "https://GIT.example.com/a/b/",
    ],
)
def test_one_repository_under_several_urls(url: str) -> None:
    assert address(url) == "git.example.com/a/b"


def test_init_writes_what_git_says(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "remote", "add", "origin", "https://user:secret@git.example.com/mono.git")
    assert run(tmp_path / "shop", "init").code == 0
    text = (tmp_path / "shop/rollspec.yaml").read_text()
    assert text.endswith("  repository:\n    url: https://git.example.com/mono.git\n    path: shop\n")
    assert run(tmp_path / "shop", "validate", "--strict").err == ""
