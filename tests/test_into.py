"""`plan --into` and `validate --into`: what a merge will do, without touching the working tree."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from renderer.git import trial
from tests.support.past import WEB, Repository
from tests.support.repository import environment
from tests.test_only_reads import state

API = "  image: ghcr.io/acme/api\n  tag: 2.0.0\n  ports: [{name: http, port: 80}]\n  replicas: 3\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two apps on main, rendered, and a branch that begins there."""
    made = Repository(tmp_path / "repository")
    made.app("api", API)
    made.partial("  replicas: 4\n")
    made.rendered()
    made.git("checkout", "--quiet", "-b", "feature")
    return made


def on(repository: Repository, branch: str) -> None:
    """Another branch in the working tree."""
    repository.git("checkout", "--quiet", branch)


def release(repository: Repository, app: str, tag: str, *more: str) -> None:
    """A verb on the branch that is checked out."""
    repository.verb("release", app, tag, *more)


def test_what_is_on_main_alone_is_not_in_the_plan(repository: Repository) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "main")
    release(repository, "api", "2.1.0")
    on(repository, "feature")
    plan = repository.data("plan", "--into", "main")
    assert [(app["app"], app["class"]) for app in plan["apps"]] == [("web", "canary-start")]
    assert (plan["files"], plan["head"]) == ([], "the merge of HEAD into it")
    assert plan["base"].startswith("main (")
    assert repository.run("validate", "--into", "main").code == 0


def test_two_verbs_whose_lines_git_merges_are_a_conflict(repository: Repository) -> None:
    """An abort here and another weight there: the lines fit together, into a state that no verb writes."""
    on(repository, "main")
    release(repository, "web", "1.5.0", "--weight", "5")
    repository.git("branch", "--force", "feature")
    repository.verb("weight", "web", "20")
    on(repository, "feature")
    repository.verb("abort", "web")
    for command in ("plan", "validate"):
        done = repository.run(command, "--into", "main")
        assert (done.code, "merge-conflict: web in production" in done.err) == (1, True), done
        assert "git merge --no-commit main" in done.err


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("sarif", "{"), ("junit", "<?xml")])
def test_a_report_is_one_document(repository: Repository, form: str, start: str) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    done = repository.run("validate", "--into", "main", "--format", form)
    assert (done.code, [line[: len(start)] for line in done.out.splitlines()].count(start)) == (0, 1)


def test_nothing_under_git_changes(repository: Repository) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "main")
    release(repository, "api", "2.1.0")
    on(repository, "feature")
    for path in repository.folder.rglob("*.yaml"):
        os.utime(path, (1, 1))
    before = state(repository.folder)
    for command in ("plan", "validate"):
        assert repository.run(command, "--into", "main").code == 0
    assert state(repository.folder) == before


def test_a_base_that_went_on_is_said_first(repository: Repository) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "main")
    release(repository, "api", "2.1.0")
    on(repository, "feature")
    parted = repository.git("merge-base", "main", "HEAD")[:12]
    said = (
        "main is not an ancestor of HEAD: it has a commit that HEAD lacks, and this plan takes it back. "
        "`rollspec plan --into main` shows what a merge will do, "
        f"and `rollspec plan --base {parted}` this branch alone."
    )
    assert repository.text("plan", "--base", "main").splitlines()[0] == said
    assert repository.data("plan", "--base", "main")["remarks"] == [said]
    assert "is not an ancestor" in repository.text("plan", "--base", "main", "--format", "markdown").splitlines()[2]
    done = repository.run("validate", "--base", "main", "--format", "json")
    assert json.loads(done.out)
    assert done.err.splitlines()[0] == (
        "rollspec: main is not an ancestor of HEAD: it has a commit that HEAD lacks, and the change is judged as if it "
        "took it back. `rollspec validate --into main` judges what a merge will do, "
        f"and `rollspec validate --base {parted}` this branch alone."
    )
    assert "ancestor" not in repository.run("validate", "--base", parted).err
    for follow in (["--into", "main"], ["--base", parted]):
        found = repository.data("plan", *follow)
        assert (found["remarks"], [app["app"] for app in found["apps"]]) == ([], ["web"])
    assert repository.data("plan", "--base", "HEAD~1")["remarks"] == []


def test_two_releases_of_one_app_are_a_conflict_by_name(repository: Repository) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "main")
    release(repository, "web", "1.6.0", "--weight", "20")
    on(repository, "feature")
    for command in ("plan", "validate"):
        done = repository.run(command, "--into", "main")
        assert done.code == 1
        assert "overlays/production/apps/web.yaml:" in done.err
        assert "merge-conflict: web in production: this branch and main both changed `canary`" in done.err
        assert "`git merge main` on this branch" in done.err


def test_a_promotion_and_an_abort_say_what_each_side_changed(repository: Repository) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    repository.git("branch", "--force", "main", "feature")
    assert repository.run("abort", "web", "--commit").code == 0
    on(repository, "main")
    assert repository.run("promote", "web", "--commit").code == 0
    said = repository.run("plan", "--into", "main", "--head", "feature").err
    assert "feature changed the release (`canary`, `aborted`), and so did main (`tag`, `canary`, `previous`)" in said
    assert "`git merge main` on feature, decide" in said


def test_lines_that_git_cannot_merge_and_fields_that_fit(repository: Repository) -> None:
    repository.partial("  replicas: 6\n")
    assert repository.run("render").code == 0
    repository.commit()
    on(repository, "main")
    repository.partial("  replicas: 4\n  env: {LOG: debug}\n")
    assert repository.run("render").code == 0
    repository.commit()
    on(repository, "feature")
    done = repository.run("plan", "--into", "main")
    assert (done.code, "although the fields fit together" in done.err) == (1, True), done


def test_files_that_nobody_can_merge_by_field(repository: Repository) -> None:
    for name, text in (("note", b"a\n"), ("apps/latin.yaml", b"# \xe9\n")):
        (repository.folder / name).write_bytes(text)
    repository.commit("begin")
    repository.git("branch", "--force", "main", "feature")
    (repository.folder / "apps/api.yaml").unlink()
    for branch, text in (("feature", b"b \xe9\n"), ("main", b"c \xe9\n")):
        on(repository, branch)
        (repository.folder / "note").write_bytes(text)
        (repository.folder / "apps/latin.yaml").write_bytes(b"# " + text)
        if branch == "main":
            repository.app("api", API.replace("2.0.0", "2.1.0"))
        repository.commit()
    on(repository, "feature")
    said = repository.run("plan", "--into", "main").err
    assert "note:1:1: merge-conflict: this branch and main both changed these lines: `git merge main`" in said
    assert "apps/latin.yaml:1:1: merge-conflict: this branch and main both changed it: `git merge main`" in said
    assert "apps/api.yaml:1:1: merge-conflict: deleted by this branch, and changed by the other side" in said


@pytest.mark.parametrize("text", [None, "spec: [\n"])
def test_a_branch_whose_own_project_cannot_be_read(repository: Repository, text: str | None) -> None:
    whole = (repository.folder / "rollspec.yaml").read_text()
    (repository.folder / "rollspec.yaml").unlink()
    if text is not None:
        repository.write("rollspec.yaml", text)
    repository.commit("break")
    repository.git("branch", "--force", "main", "feature")
    repository.partial("  replicas: 6\n")
    repository.commit("on the branch")
    on(repository, "main")
    repository.write("rollspec.yaml", whole)
    repository.commit("mend")
    done = repository.run("plan", "--into", "main", "--head", "feature")
    assert (done.code, "/spec/replicas: 4 -> 6" in done.out) == (0, True), done


def test_rendered_files_that_conflict_are_stale_and_no_problem_of_specs(repository: Repository) -> None:
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    assert repository.run("render").code == 0
    repository.commit()
    on(repository, "main")
    repository.partial("  replicas: 4\n  env: {LOGS: json}\n")
    assert repository.run("render").code == 0
    repository.commit()
    on(repository, "feature")
    plan = repository.data("plan", "--into", "main")
    assert [(app["app"], app["class"]) for app in plan["apps"]] == [("web", "replace")]
    rollout = "rendered/production/web/rollout.yaml"
    assert plan["files"] == [{"path": rollout, "state": "changed"}]
    command = ["git", "-C", str(repository.folder), "merge", "--quiet", "main"]
    merged = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert merged.stdout.count("CONFLICT") == 1, merged
    assert f"CONFLICT (content): Merge conflict in {rollout}" in merged.stdout


def test_what_is_wrong_only_together(repository: Repository) -> None:
    """One side raises the tag of an app, the other starts a canary of it: other files, so no conflict."""
    repository.app("web", WEB.replace("1.4.2", "1.4.3"))
    assert repository.run("render").code == 0
    repository.commit()
    on(repository, "main")
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "feature")
    assert repository.run("validate", "--base", "main~1").code == 0
    said = repository.run("plan", "--into", "main")
    assert "(only together with main)" in said.out, said
    assert repository.run("validate", "--into", "main").code == 1


def test_a_policy_of_one_side_and_a_spec_of_the_other(repository: Repository) -> None:
    release(repository, "api", "2.1.0")
    on(repository, "main")
    repository.overlay("production", "  policy: {images: [registry.example.com/]}\n")
    repository.commit()
    on(repository, "feature")
    done = repository.run("validate", "--into", "main")
    assert (done.code, "images" in done.err) == (1, True), done


def test_an_old_git_cannot_look(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "git_version", lambda root: "2.37.1 (Apple Git-137)")
    done = repository.run("plan", "--into", "main")
    assert (done.code, done.err) == (
        3,
        "rollspec: to try a merge takes Git 2.38 or newer; this one is 2.37.1 (Apple Git-137)\n",
    )


def test_what_cannot_be_merged(repository: Repository, tmp_path: Path) -> None:
    assert repository.run("plan", "--into", "nowhere").code == 3
    assert repository.run("plan", "--into", "main", "--base", "main").code == 2
    assert repository.run("validate", "--into", "main", "--staged").code == 2
    assert repository.run("plan", "--into", "").code == 2
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit("its own")
    done = repository.run("plan", "--into", "main")
    assert (done.code, "no commit in common" in done.err) == (3, True)


def test_a_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    release(repository, "web", "1.5.0", "--weight", "20")
    on(repository, "main")
    release(repository, "api", "2.1.0")
    url = f"file://{repository.folder}"
    options = ["--quiet", "--depth", "1", "--branch", "feature", "--no-single-branch"]
    subprocess.run(["git", "clone", *options, url, "clone"], cwd=tmp_path, env=environment(), check=True)
    clone = Repository.__new__(Repository)
    clone.folder = tmp_path / "clone"
    done = clone.run("plan", "--into", "origin/main")
    assert (done.code, "git fetch --unshallow" in done.err) == (3, True), done
    subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone.folder, env=environment(), check=True)
    assert clone.run("plan", "--into", "origin/main").code == 0


def test_a_project_in_a_folder(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    for name in ("rollspec.yaml", "apps", "overlays"):
        (made.folder / "deploy").mkdir(exist_ok=True)
        (made.folder / name).rename(made.folder / "deploy" / name)
    top, made.folder = made.folder, made.folder / "deploy"
    made.rendered()
    made.git("checkout", "--quiet", "-b", "feature")
    release(made, "web", "1.5.0", "--weight", "20")
    (top / "README.md").write_text("x\n")
    made.git("add", "--all", str(top))
    made.git("commit", "--quiet", "--message", "more")
    for command in ("plan", "validate"):
        assert made.run(command, "--into", "main").code == 0
    assert "canary-start" in made.text("plan", "--into", "main")


def test_what_git_cannot_merge_outside_the_project_is_said(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository", inside="deploy")
    top = made.folder.parent
    names = ["deploy.md", *(f"{letter}\n.py" for letter in "dcba")]
    for name in names:
        (top / name).write_text("1\n")
    made.git("add", "--all", str(top))
    made.rendered()
    made.git("checkout", "--quiet", "-b", "feature")
    release(made, "web", "1.5.0", "--weight", "20")
    for branch in ("feature", "main"):
        on(made, branch)
        for name in names if branch == "main" else names[:1]:
            (top / name).write_text(f"{branch}\n")
        made.git("commit", "--quiet", "--all", "--message", "more")
    on(made, "feature")
    for command in ("plan", "validate"):
        done = made.run(command, "--into", "main")
        said = "rollspec: outside the project, Git cannot merge deploy.md: `git merge main` on this branch"
        assert (done.code, done.err.splitlines()[0]) == (0, f"{said}, decide, and commit")
    for name in names[1:]:
        (top / name).write_text("feature\n")
    made.git("commit", "--quiet", "--all", "--message", "more")
    assert r"Git cannot merge a\n.py, b\n.py, c\n.py and 2 more: `git" in made.run("plan", "--into", "main").err
    assert "outside" not in made.run("plan", "--into", "main~1").err
