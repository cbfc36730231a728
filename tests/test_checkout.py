"""A working tree or clone that lacks something never looks as if nothing happened; the message names a working cure."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from renderer.yamlio import load
from renderer.yamlio.manifests import load_all
from tests.support.cases import run
from tests.support.past import Repository
from tests.support.repository import environment, git

COMMANDS = ["render", "plan --base HEAD", "validate", "validate --base HEAD", "render --check", "status"]
LEFT_OUT = ["apps/web.yaml", "overlays/production/apps/web.yaml", "overlays/production/overlay.yaml"]
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
CONFLICT = b"kind: App\n<<<<<<< HEAD\ntag: 1.5.0\n=======\ntag: 1.6.0\n>>>>>>> branch\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app with a partial app, rendered and committed twice."""
    made = Repository(tmp_path / "repository")
    made.partial("  tag: 1.5.0\n")
    made.rendered()
    made.app("api", "  image: ghcr.io/acme/api\n  tag: 2.0.0\n")
    made.rendered("more")
    return made


def follow(folder: Path, message: str) -> None:
    """Run the commands of git that a message names."""
    for command in message.split("`")[1::2]:
        if command.startswith("git "):
            subprocess.run(shlex.split(command), cwd=folder, env=environment(), check=True, capture_output=True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("path", LEFT_OUT)
def test_a_sparse_checkout_is_refused_and_changes_nothing(repository: Repository, path: str, command: str) -> None:
    repository.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{path}")
    done = run(repository.folder, *command.split())
    assert done.code == 3
    assert f"rollspec: {path}: tracked by Git and left out of this working tree" in done.err
    assert repository.git("status", "--porcelain") == ""
    follow(repository.folder, done.err)
    assert run(repository.folder, *command.split()).code == 0


@pytest.mark.parametrize("path", ["rollspec.yaml", "manifests/limits.yaml"])
def test_a_project_file_or_a_plain_manifest_that_is_left_out(repository: Repository, path: str) -> None:
    repository.write("manifests/limits.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {}\n")
    repository.overlay("production", "  resources: [../../manifests/limits.yaml]\n")
    repository.rendered()
    repository.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{path}")
    done = repository.run("render")
    assert done.code == 3
    assert f"rollspec: {path}: tracked by Git and left out of this working tree" in done.err
    follow(repository.folder, done.err)
    assert repository.run("render").code == 0


def test_a_file_that_is_skipped_by_hand(repository: Repository) -> None:
    repository.git("update-index", "--skip-worktree", "apps/web.yaml")
    assert repository.run("validate").code == 0
    (repository.folder / "apps/web.yaml").unlink()
    done = repository.run("render")
    assert done.code == 3
    follow(repository.folder, done.err)
    assert repository.git("status", "--porcelain") == " D apps/web.yaml\n"


def test_rendered_files_that_are_left_out_are_not_judged(repository: Repository) -> None:
    repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/rendered/")
    assert repository.run("render", "--check").code == 3
    assert repository.run("validate").code == 0


def test_a_worktree_and_a_repository_without_an_index_are_looked_at(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    git(tmp_path / "other", "sparse-checkout", "set", "--no-cone", "/*", "!/apps/web.yaml")
    assert run(tmp_path / "other", "validate").code == 3
    (repository.folder / ".git/index").unlink()
    assert repository.run("validate").code == 0


def test_a_project_that_a_symbolic_link_leads_to_is_in_the_repository_around_its_target(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", inside="deploy")
    repository.rendered()
    (tmp_path / "link").symlink_to(repository.folder)
    git(tmp_path / "repository", "sparse-checkout", "set", "--no-cone", "/*", "!/deploy/apps/web.yaml")
    done = run(tmp_path / "link", "render")
    assert (done.code, "apps/web.yaml: tracked by Git and left out of this working tree" in done.err) == (3, True), done


@pytest.mark.parametrize("reader", [load, load_all])
def test_a_pointer_of_git_lfs_is_named(reader: object) -> None:
    _, problems = reader(LFS, "apps/web.yaml")  # type: ignore[operator]
    (message,) = [problem.message for problem in problems]
    assert message.startswith("this is a pointer of Git LFS, not the file itself: `git lfs pull` fetches the file; ")


@pytest.mark.parametrize("reader", [load, load_all])
@pytest.mark.parametrize("breaks", [b"\n", b"\r\n"])
def test_a_merge_conflict_is_named(reader: object, breaks: bytes) -> None:
    _, problems = reader(CONFLICT.replace(b"\n", breaks), "apps/web.yaml")  # type: ignore[operator]
    found = [(problem.line, problem.message.partition(":")[0]) for problem in problems]
    assert found == [(2, "conflict markers of Git")]


def test_line_ends_are_named_with_the_cure(repository: Repository, tmp_path: Path) -> None:
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "--quiet", str(repository.folder), "clone")
    git(tmp_path / "clone", "config", "core.autocrlf", "true")
    done = run(tmp_path / "clone", "render", "--check")
    assert done.code == 1
    assert "files differ in their line ends (CRLF) alone" in done.err
    (tmp_path / "clone/.gitattributes").write_text("rendered/** text eol=lf\n")
    assert run(tmp_path / "clone", "render").code == 0
    git(tmp_path / "clone", "add", "--all")
    git(tmp_path / "clone", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "attributes")
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "--quiet", "clone", "again")
    assert run(tmp_path / "again", "render", "--check").code == 0


@pytest.mark.parametrize("base", ["origin/main", "HEAD~1"])
def test_a_shallow_clone_names_the_command_that_helps(repository: Repository, tmp_path: Path, base: str) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    url = f"file://{repository.folder}"
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "feature", url, "clone")
    done = run(tmp_path / "clone", "plan", "--base", base)
    assert done.code == 3
    follow(tmp_path / "clone", done.err)
    assert run(tmp_path / "clone", "plan", "--base", base).code == 0


def test_a_partial_clone_names_the_command_that_helps(repository: Repository, tmp_path: Path) -> None:
    """Nothing is fetched behind the reader's back."""
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.app("web", "  image: ghcr.io/acme/web\n  tag: 3.0.0\n")
    assert repository.run("render").code == 0
    repository.commit("third")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{repository.folder}", "clone")
    done = run(tmp_path / "clone", "plan", "--base", "HEAD~1")
    assert (done.code, "this clone is partial" in done.err) == (3, True)
    follow(tmp_path / "clone", done.err)
    assert run(tmp_path / "clone", "plan", "--base", "HEAD~1").code == 0
