"""The hooks of .pre-commit-hooks.yaml: what they catch, what they leave alone, and that pre-commit can install them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cases import OVERLAY, PROJECT, ROOT, Outcome, run
from tests.support.repository import environment, git, init, save
from tests.tools.wheels import wheels

APP = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: {name}
spec:
  image: ghcr.io/acme/{name}
  tag: {tag}
"""
SERVICE = "rendered/production/{}/deployment.yaml"
LACKS = "not in the commit: "


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_INDEX_FILE", "GIT_DIR", "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _pre_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """pre-commit says that it runs us: it has put away what is not staged."""
    monkeypatch.setenv("PRE_COMMIT", "1")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two apps, rendered and committed."""
    root = init(tmp_path / "project")
    write(root, "rollspec.yaml", PROJECT)
    write(root, "overlays/production/overlay.yaml", OVERLAY)
    for name in ("api", "web"):
        write(root, f"apps/{name}.yaml", APP.format(name=name, tag="v1"))
    assert run(root, "render").code == 0
    save(root)
    return root


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def hook(project: Path, *paths: str, verb: str = "render") -> Outcome:
    """As pre-commit runs it: in the repository's top folder, with the names of the staged files that are there."""
    staged = git(project, "diff", "--staged", "--name-only", "--diff-filter=ACMRTUXB").splitlines()
    return run(project, verb, "--hook", *(paths or staged))


def test_nothing_changed_nothing_done(project: Path) -> None:
    assert hook(project) == Outcome(0, "", "")
    write(project, "README.md", "hello\n")
    git(project, "add", "README.md")
    assert hook(project) == Outcome(0, "", "")


def test_a_changed_spec_is_rendered_and_the_commit_fails_until_all_is_added(project: Path) -> None:
    write(project, "apps/web.yaml", APP.format(name="web", tag="v2"))
    git(project, "add", "apps/web.yaml")
    first = hook(project)
    assert (first.code, first.out) == (1, "1 written, 0 unchanged, 0 removed\n")
    git(project, "add", "--all")
    assert hook(project).code == 0


def test_a_new_file_must_be_in_the_commit(project: Path) -> None:
    write(project, "apps/new.yaml", APP.format(name="new", tag="v1"))
    git(project, "add", "apps/new.yaml")
    first, second = hook(project), hook(project)
    for outcome in (first, second):
        assert outcome.code == 1
        assert outcome.err.splitlines()[0] == LACKS + SERVICE.format("new")
    git(project, "add", "--all")
    assert hook(project).code == 0


def test_output_that_git_ignores_need_not_be_in_the_commit(project: Path) -> None:
    git(project, "rm", "--quiet", "-r", "--cached", "rendered")
    write(project, ".gitignore", "/rendered/\n")
    write(project, "rollspec.yaml", (project / "rollspec.yaml").read_text() + "  commitRendered: false\n")
    write(project, "apps/new.yaml", APP.format(name="new", tag="v1"))
    save(project)
    for _ in range(2):  # the first one writes the files of the new app, which no commit needs
        assert hook(project, "apps/new.yaml").code == 0


def test_a_deleted_spec_takes_its_output_along(project: Path) -> None:
    git(project, "rm", "--quiet", "apps/web.yaml")
    outcome = hook(project)
    assert (outcome.code, outcome.out) == (1, "0 written, 1 unchanged, 1 removed\n")
    assert not (project / SERVICE.format("web")).exists()
    git(project, "add", "--all")
    assert hook(project).code == 0


def test_a_deleted_environment_takes_its_output_along(project: Path) -> None:
    overlay = (project / "overlays/production/overlay.yaml").read_text()
    write(project, "overlays/staging/overlay.yaml", overlay.replace("production", "staging"))
    assert run(project, "render").code == 0
    save(project)
    git(project, "rm", "--quiet", "-r", "overlays/staging")
    assert hook(project).code == 1
    assert not (project / "rendered/staging").exists()
    git(project, "add", "--all")
    assert hook(project).code == 0


def test_a_renamed_spec_is_a_deleted_and_a_new_one(project: Path) -> None:
    git(project, "mv", "apps/web.yaml", "apps/site.yaml")
    write(project, "apps/site.yaml", APP.format(name="site", tag="v1"))
    git(project, "add", "--all")
    assert hook(project).code == 1
    assert (project / SERVICE.format("site")).exists()
    assert not (project / SERVICE.format("web")).exists()


def test_a_deleted_partial_app_is_rendered_without_it(project: Path) -> None:
    partial = "overlays/production/apps/web.yaml"
    write(project, partial, "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec: {replicas: 3}\n")
    assert run(project, "render").code == 0
    save(project)
    git(project, "rm", "--quiet", partial)
    assert hook(project).code == 1
    assert "replicas: 1\n" in (project / SERVICE.format("web")).read_text()


def test_a_range_of_commits_has_its_own_deletions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(project, "rm", "--quiet", "apps/web.yaml")
    save(project)
    assert hook(project).code == 0
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    assert hook(project).code == 1


def test_an_edited_manifest_is_put_right(project: Path) -> None:
    file = SERVICE.format("web")
    write(project, file, (project / file).read_text() + "# by hand\n")
    git(project, "add", file)
    assert hook(project).code == 1
    assert "by hand" not in (project / file).read_text()


def test_the_index_of_a_partial_commit_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit -- FILES` has an index of its own, named relative to the top folder."""
    write(project, "apps/new.yaml", APP.format(name="new", tag="v1"))
    assert run(project, "render").code == 0
    git(project, "add", "--all")
    shutil.copy(project / ".git/index", project / ".git/next-index.lock")
    git(project, "rm", "--quiet", "-r", "--cached", "rendered/production/new")
    monkeypatch.chdir(project)
    assert hook(project, "apps/new.yaml").code == 1
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/next-index.lock")
    assert hook(project, "apps/new.yaml").code == 0


def test_a_problem_elsewhere_stops_nobody(project: Path) -> None:
    write(project, "apps/api.yaml", APP.format(name="api", tag="1.10"))
    git(project, "add", "apps/api.yaml")
    assert hook(project, verb="validate").code == 1
    assert hook(project, "apps/web.yaml", verb="validate").code == 0


def test_rendered_files_count_if_they_are_staged_or_of_the_app(project: Path) -> None:
    """What is neither is no part of the commit, and pre-commit puts it away if git tracks it."""
    write(project, "apps/web.yaml", APP.format(name="web", tag="v1") + "  replicas: 2\n")
    assert run(project, "render").code == 0
    git(project, "add", "--all")
    own, other, foreign = SERVICE.format("web"), SERVICE.format("api"), "rendered/evil.yaml"
    rendered = (project / own).read_text()
    assert hook(project, "apps/web.yaml", verb="validate") == Outcome(0, "", "")
    write(project, own, rendered.replace("replicas: 2", "replicas: 3"))
    assert f"{own}: warning: output-file: " in hook(project, "apps/web.yaml", verb="validate").err
    write(project, own, rendered)
    for path in (other, foreign):
        write(project, path, "kind: Other\n")
        assert hook(project, "apps/web.yaml", verb="validate").code == 0
        git(project, "add", path)
        assert f"{path}: " in hook(project, "apps/web.yaml", verb="validate").err


CANARY = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: api
spec:
  tag: v1
  ports: [{{name: http, port: 80}}]
  replicas: 4
  strategy: {{type: Canary, router: istio}}
  canary:
    tag: v2
    weight: {weight}
"""


def test_the_change_is_judged_as_a_transition(project: Path) -> None:
    write(project, "overlays/production/apps/api.yaml", CANARY.format(weight=25))
    assert run(project, "render").code == 0
    save(project)
    write(project, "overlays/production/apps/api.yaml", CANARY.format(weight=50))
    git(project, "add", "--all")
    assert "overlays/production/apps/api.yaml:12:13: weight-without-from: " in hook(project, verb="validate").err
    assert hook(project, "apps/web.yaml", verb="validate").err == ""


@pytest.mark.parametrize("options", [[], ["--strict"]])
def test_what_mends_a_broken_base_can_be_committed(project: Path, options: list[str]) -> None:
    overlay = "overlays/production/overlay.yaml"
    write(project, overlay, OVERLAY.replace("namespace", "namespaec"))
    save(project)
    write(project, overlay, OVERLAY)
    git(project, "add", "--all")
    outcome = run(project, "validate", "--hook", *options, overlay)
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith("rollspec: warning: the project at HEAD cannot be read, so rollspec cannot say")
    assert f"{overlay}:6:3: unknown-field: " in outcome.err


def test_before_the_first_commit_there_is_no_transition(tmp_path: Path) -> None:
    root = init(tmp_path / "new")
    write(root, "rollspec.yaml", PROJECT)
    write(root, "overlays/production/overlay.yaml", OVERLAY)
    write(root, "apps/web.yaml", APP.format(name="web", tag="v1"))
    assert hook(root, "apps/web.yaml", verb="validate").code == 0


def test_outside_of_a_repository_the_exit_code_says_that_we_could_not_look(tmp_path: Path) -> None:
    assert run(tmp_path, "render", "--hook").code == 3


# --- pre-commit itself: it clones this repository, installs it (from wheels, without a network) and runs the hooks


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The files of the package as a repository of their own: what somebody's pre-commit would clone."""
    root = init(tmp_path / "rollspec")
    for folder in ("renderer", "schemas"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / file, root / file)
    save(root)
    return root


def test_try_repo_finds_a_bad_spec_and_stale_output(project: Path, published: Path, tmp_path: Path) -> None:
    write(project, "apps/web.yaml", APP.format(name="web", tag="1.10"))
    write(project, "apps/api.yaml", APP.format(name="api", tag="v2"))
    git(project, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(published), "--verbose", "--color=never"]
    home = {"PRE_COMMIT_HOME": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels())}
    home |= {"PIP_CONFIG_FILE": "/dev/null", "VIRTUALENV_NO_PERIODIC_UPDATE": "1"}

    def try_repo() -> str:
        done = subprocess.run(
            command, cwd=project, env=environment(**home), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout

    said = try_repo()
    assert said.count("apps/web.yaml:7:8: ") == 2, said  # one line of each hook
    assert git(project, "diff", "--name-only") == ""

    write(project, "apps/web.yaml", APP.format(name="web", tag="v1"))
    git(project, "add", "--all")
    said = try_repo()
    assert "rollspec validate" in said
    assert "Passed" in said
    assert "1 written, 0 unchanged, 0 removed" in said
    assert git(project, "diff", "--name-only").split() == [SERVICE.format("api")]
