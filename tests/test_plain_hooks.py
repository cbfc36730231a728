"""Hooks of Git itself, husky and lefthook: what is staged is judged, with real commits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.cases import run
from tests.support.past import WEB, Repository
from tests.support.repository import environment

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(autouse=True)
def _no_pre_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRE_COMMIT", raising=False)


@pytest.fixture(params=["git", "husky"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """An app, rendered and committed, with the hook."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    done = made.run("init", "--hooks", request.param)
    assert (done.code, "created " in done.out) == (0, True), done
    if request.param == "husky":
        made.git("config", "core.hooksPath", ".husky")
    return made


def committed(repository: Repository, *arguments: str) -> tuple[bool, str]:
    """A real `git commit`: whether it was made, and what was said."""
    command = ["git", "-C", str(repository.folder), "commit", "--message", "x", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(PATH=PATH), check=False)
    return done.returncode == 0, done.stdout + done.stderr


def test_a_spec_without_its_rendered_file_is_refused(repository: Repository) -> None:
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    repository.git("add", "apps")
    assert repository.run("render").code == 0  # rendered in the working tree, and not staged
    was_made, said = committed(repository)
    assert (was_made, "changed: rendered/production/web/rollout.yaml" in said) == (False, True), said
    repository.git("add", "rendered")
    assert committed(repository)[0]


def test_rendered_files_that_git_ignores(repository: Repository) -> None:
    repository.write(".gitignore", "/rendered/\n")
    repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    repository.git("add", "--all")
    was_made, said = committed(repository)
    assert (was_made, "commitRendered: false" in said) == (False, True), said
    project = repository.folder / "rollspec.yaml"
    project.write_text(project.read_text() + "  commitRendered: false\n")
    repository.git("add", "--all")
    assert committed(repository)[0]
    repository.app("web", WEB.replace("LOG: info", "LOG: debug").replace("port: 80", "port: 800000"))
    repository.git("add", "apps")
    assert not committed(repository)[0]


def test_what_is_not_staged_does_not_count(repository: Repository) -> None:
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    assert repository.run("render").code == 0
    repository.git("add", "--all")
    (repository.folder / "apps/web.yaml").write_text("not: [yaml\n")
    assert committed(repository)[0]
    assert (repository.folder / "apps/web.yaml").read_text() == "not: [yaml\n"


def test_the_change_since_the_last_commit_is_judged(repository: Repository) -> None:
    """A weight that was raised by hand, without `from`."""
    assert repository.run("release", "web", "1.5.0", "--weight", "20").code == 0
    repository.git("add", "--all")
    assert committed(repository)[0]
    path = repository.folder / "overlays/production/apps/web.yaml"
    path.write_text(path.read_text().replace("weight: 20", "weight: 50"))
    assert repository.run("render").code == 0
    repository.git("add", "--all")
    was_made, said = committed(repository)
    assert (was_made, "weight-without-from" in said) == (False, True), said


@pytest.mark.parametrize("verb", [("weight", "web", "40"), ("promote", "web")])
def test_a_verb_with_a_live_revision_passes_its_hook(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    """The cluster has the weight that a revert took back in Git: the hook judges from there too."""
    monkeypatch.setenv("PATH", PATH)
    for words in (("release", "web", "1.5.0", "--weight", "10"), ("weight", "web", "40"), ("weight", "web", "60")):
        assert repository.run(*words, "--commit").code == 0
    repository.git("revert", "--no-edit", "HEAD")
    refused = repository.run(*verb, "--live", "HEAD~9", "--commit")
    assert refused.code != 0
    done = repository.run(*verb, "--live", "HEAD~1", "--commit")
    assert done.code == 0, done.err


def test_releases_from_edits_pass_their_hook(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot's bump is committed, and not live: from there the release would look like the revert of a promotion."""
    monkeypatch.setenv("PATH", PATH)
    repository.git("switch", "--quiet", "--create", "bump")
    repository.app("web", WEB.replace("1.4.2", "1.5.0"))
    repository.git("commit", "--quiet", "--all", "--no-verify", "-m", "bump")
    done = repository.run("release", "--from-edits", "--base", "main", "--weight", "10", "--commit")
    assert (done.code, "committed" in done.out) == (0, True), done.err


def test_a_commit_of_some_files_is_judged_by_its_own_index(repository: Repository) -> None:
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    assert repository.run("render").code == 0
    was_made, said = committed(repository, "--", "apps/web.yaml")
    assert (was_made, "rendered/production/web/rollout.yaml" in said) == (False, True), said
    assert committed(repository, "--all")[0]


@pytest.mark.parametrize("repository", ["git"], indirect=True)
def test_lefthook_runs_the_same_and_files_that_are_there_stay(repository: Repository) -> None:
    assert repository.run("init", "--hooks", "lefthook").code == 0
    config = yaml.safe_load((repository.folder / "lefthook.yml").read_text())
    commands = [each["run"] for each in config["pre-commit"]["commands"].values()]
    assert commands == ["rollspec validate --hook --cached", "rollspec render --hook"]
    hook = repository.folder / ".git/hooks/pre-commit"
    assert all(f"{command} || exit\n" in hook.read_text() for command in commands)
    hook.write_text("#!/bin/sh\necho mine\n")
    done = repository.run("init", "--hooks", "git")
    assert (done.code, hook.read_text()) == (0, "#!/bin/sh\necho mine\n")
    assert "add this at its start" in done.out


NAMES = ["deploy/k8s", "my deploy", "it's", "a;touch evil;b", "$(touch evil)", "`touch evil`", "a: b # c"]


@pytest.mark.parametrize("folder", NAMES)
def test_no_name_of_a_folder_is_a_command_in_a_hook(tmp_path: Path, folder: str) -> None:
    made = Repository(tmp_path / "repository", inside=folder)
    made.rendered()
    for kind in ("git", "lefthook"):
        assert f"created {tmp_path}/repository/" in made.run("init", "--hooks", kind).out
    made.app("web", WEB.replace("LOG: info", "LOG: debug"))
    made.git("add", "apps")
    was_made, said = committed(made)
    assert (was_made, f"changed: {folder}/rendered/production/web/rollout.yaml" in said) == (False, True), said
    assert not list(tmp_path.rglob("evil"))


def test_a_new_project_gets_line_ends_and_the_hook(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    (made.folder / "rollspec.yaml").unlink()
    assert made.run("init", "--hooks", "git").code == 0
    assert not (made.folder / ".pre-commit-config.yaml").exists()
    assert "/rendered/** text eol=lf" in (made.folder / ".gitattributes").read_text()
    assert (made.folder / ".git/hooks/pre-commit").stat().st_mode & 0o111


def test_a_hook_of_husky_is_not_written_through_a_link_of_the_repository(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    outside = tmp_path / "outside"
    outside.mkdir()
    (made.folder / ".husky").symlink_to(outside)
    done = made.run("init", "--hooks", "husky")
    assert (done.code, ".husky: is a symbolic link, which is not followed" in done.err) == (3, True), done
    assert not list(outside.iterdir())


KINDS = [("--hooks", "git"), ("--merge-driver",)]


@pytest.mark.parametrize("words", KINDS, ids=" ".join)
@pytest.mark.parametrize("inside", ["", "deploy"])
@pytest.mark.parametrize("is_absolute", [False, True])
def test_no_hook_is_written_through_a_link_of_the_branch(
    tmp_path: Path, words: tuple[str, ...], inside: str, is_absolute: bool
) -> None:
    made = Repository(tmp_path / "repository", inside=inside)
    top, outside = tmp_path / "repository", tmp_path / "outside"
    (outside / "_").mkdir(parents=True)
    (top / ".husky").symlink_to("../outside")
    made.git("config", "core.hooksPath", f"{top}/.husky/_" if is_absolute else ".husky/_")
    done = made.run("init", *words)
    assert (done.code, ".husky: is a symbolic link, which is not followed" in done.err) == (3, True), done
    assert list((outside / "_").iterdir()) == []
    for name in ("pre-commit", "post-merge", "post-rewrite"):
        (outside / "_" / name).write_text("s3cret")
    done = made.run("init", *words)
    assert (done.code, ".husky: is a symbolic link, which is not followed" in done.out) == (0, True), done
    assert {file.read_text() for file in (outside / "_").iterdir()} == {"s3cret"}


@pytest.mark.parametrize("words", KINDS, ids=" ".join)
def test_hooks_in_a_folder_of_the_checkout_are_programs(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Also where the way to the checkout itself has a link, which no branch can make."""
    made = Repository(tmp_path / "repository", inside="deploy")
    made.git("config", "core.hooksPath", ".husky/_")
    (tmp_path / "alias").symlink_to("repository/deploy")
    done = run(tmp_path / "alias", "init", *words)
    assert (done.code, "created " in done.out) == (0, True), done
    found = sorted((tmp_path / "repository/.husky/_").iterdir())
    names = ["pre-commit"] if words[0] == "--hooks" else ["post-merge", "post-rewrite"]
    assert [file.name for file in found] == names
    assert all(os.access(file, os.X_OK) for file in found)
    assert "created " not in run(tmp_path / "alias", "init", *words).out


@pytest.mark.parametrize("words", KINDS, ids=" ".join)
def test_the_own_folder_of_hooks_may_be_a_link_and_the_hook_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    """No branch can make `.git/hooks`; a hook that is a link leads into the checkout, where one can."""
    made = Repository(tmp_path / "repository")
    own, hooks = tmp_path / "own", made.folder / ".git/hooks"
    shutil.rmtree(hooks, ignore_errors=True)
    own.mkdir()
    hooks.symlink_to(own)
    assert made.run("init", *words).code == 0
    written = sorted(own.iterdir())
    assert written
    for file in written:
        file.unlink()
        file.symlink_to("/dev/zero")
    done = made.run("init", *words)
    assert (done.code, done.out.count("is a symbolic link, which is not followed")) == (0, len(written)), done


def at_top(made: Repository, top: Path) -> Repository:
    """The whole repository of a project in a subfolder."""
    made.folder = top
    return made


@pytest.mark.parametrize("inside", ["", "deploy"])
def test_a_branch_without_a_project_is_not_judged(tmp_path: Path, inside: str) -> None:
    """A hook of Git runs in every branch: that of a web site, or after the project has gone."""
    top = tmp_path / "repository"
    made = Repository(top, inside=inside)
    made.rendered()
    assert made.run("init", "--hooks", "git").code == 0
    made = at_top(made, top)
    made.git("switch", "--quiet", "--create", "gone")
    made.git("rm", "-r", "--quiet", ".")
    top.mkdir(exist_ok=True)
    made.write("index.html", "<p>Shop</p>\n")
    made.git("add", "--all")
    assert committed(made)[0]
    made.git("switch", "--quiet", "--orphan", "pages")
    made.write("index.html", "<p>Shop</p>\n")
    made.git("add", "--all")
    assert committed(made)[0]


def test_one_hook_is_for_all_projects_of_the_repository(tmp_path: Path) -> None:
    top = tmp_path / "repository"
    for inside in ("one", "my two"):
        made = Repository(top, inside=inside)
        made.rendered()
        said = made.run("init", "--hooks", "git").out
    assert said == f"not changed: {top}/.git/hooks/pre-commit\n"
    made.app("web", WEB.replace("LOG: info", "LOG: debug"))
    made.git("add", "--all")
    was_made, said = committed(made)
    assert (was_made, "changed: my two/rendered/production/web/rollout.yaml" in said) == (False, True), said
    assert made.run("render").code == 0
    assert not committed(made)[0]
    made.app("web", WEB.replace("port: 80", "port: 800000"))
    made.git("add", "--all")
    made = at_top(made, top)
    made.write("one/apps/web.yaml", "not: [yaml\n")  # not staged
    was_made, said = committed(made)
    assert (was_made, "my two/apps/web.yaml:10:26: " in said, "one/" in said) == (False, True, False), said


def test_a_project_file_that_only_the_index_has(repository: Repository) -> None:
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    repository.git("add", "--all")
    (repository.folder / "rollspec.yaml").unlink()
    was_made, said = committed(repository)
    assert (was_made, "changed: rendered/production/web/rollout.yaml" in said) == (False, True), said


def test_a_project_file_that_only_the_disk_has(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "rollspec.yaml")
    was_made, said = committed(repository)
    assert (was_made, "rollspec.yaml is not in the commit: `git add rollspec.yaml`" in said) == (False, True), said


def test_what_is_added_to_a_hook_fails_it_whatever_follows(repository: Repository) -> None:
    folder = repository.git("rev-parse", "--git-path", "hooks").strip()
    hook = repository.folder / folder / "pre-commit"
    hook.write_text("#!/bin/sh\n")
    kind = "husky" if folder == ".husky" else "git"
    said, _, lines = repository.run("init", "--hooks", kind).out.partition("\n\n")
    assert said.endswith("exists; add this at its start:")
    hook.write_text(f"#!/bin/sh\n{lines}echo later\n")
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    repository.git("add", "--all")
    was_made, said = committed(repository)
    assert (was_made, "later" in said) == (False, False), said


@pytest.mark.parametrize("state", ["missing", "a link"])
def test_a_project_whose_folder_is_not_on_disk(tmp_path: Path, state: str) -> None:
    """Through a link, another repository would be judged."""
    top = tmp_path / "repository"
    made = Repository(top, inside="my deploy")
    made.rendered()
    assert made.run("init", "--hooks", "git").code == 0
    made.app("web", WEB.replace("port: 80", "port: 800000"))
    made.git("add", "--all")
    other = Repository(tmp_path / "other")
    other.rendered()
    made.folder.rename(tmp_path / "away")
    if state == "a link":
        made.folder.symlink_to("../other")
    made = at_top(made, top)
    was_made, said = committed(made)
    assert (was_made, "my deploy: files in it are staged, " in said) == (False, True), said
    made.git("restore", "my deploy")  # what is said to type
    was_made, said = committed(made)
    assert (was_made, "my deploy/apps/web.yaml:10:26: " in said) == (False, True), said
