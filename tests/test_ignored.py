"""Files that git ignores or overlooks: a commit would lack them, so no command says that it has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import PROJECT, Repository

RELEASE = ("release", "web", "1.5.0", "--weight", "20", "--commit")
HIDING = [".gitignore", ".git/info/exclude", "overlays/.gitignore"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app, rendered and committed."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    return made


def refused(repository: Repository, *command: str, code: int = 1) -> str:
    """What a command says that ends with this code and changes nothing."""
    before = repository.git("rev-parse", "HEAD"), contents(repository)
    done = repository.run(*command)
    assert done.code == code, done
    assert (repository.git("rev-parse", "HEAD"), contents(repository)) == before
    return done.err


def contents(repository: Repository) -> dict[str, bytes]:
    """Every file but Git's own."""
    files = [path for path in repository.folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("hiding", HIDING)
def test_a_spec_that_is_ignored_is_not_committed_by_halves(repository: Repository, hiding: str) -> None:
    repository.write(hiding, "# a comment\n/*/apps/\n" if hiding.startswith("overlays") else "overlays/*/apps/\n")
    said = refused(repository, *RELEASE)
    assert "overlays/production/apps/web.yaml: Git ignores this file" in said
    assert f"({hiding}:" in said


def test_an_app_spec_that_is_ignored(repository: Repository) -> None:
    repository.write(".gitignore", "apps/new.yaml\n")
    repository.app("new", "  image: ghcr.io/acme/new\n  tag: 1.0.0\n")
    assert "apps/new.yaml: Git ignores this file (.gitignore:1 (apps/new.yaml))" in refused(
        repository, "release", "new", "2.0.0", "--commit"
    )


@pytest.mark.parametrize("option", ["assume-unchanged", "skip-worktree"])
@pytest.mark.parametrize("path", ["apps/web.yaml", "rendered/production/web/rollout.yaml"])
def test_a_file_that_git_overlooks(repository: Repository, path: str, option: str) -> None:
    repository.git("update-index", f"--{option}", path)
    for command in (RELEASE, ("render", "--check")):
        said = refused(repository, *command)
        assert f"{path}: Git overlooks changes of this file ({option})" in said
    repository.git("update-index", f"--no-{option}", path)
    assert repository.run(*RELEASE).code == 0


@pytest.mark.parametrize("option", ["assume-unchanged", "skip-worktree"])
def test_an_edit_that_git_overlooks_is_in_the_plan_and_checked(repository: Repository, option: str) -> None:
    path = "apps/web.yaml"
    repository.git("update-index", f"--{option}", path)
    assert repository.run("plan", "--base", "HEAD").out.endswith("nothing happens.\n")
    edited = (repository.folder / path).read_text().replace("tag: 1.4.2", "tag: 1.5.0")
    repository.write(path, edited)
    for command in ("plan", "status"):
        assert "1.5.0" in repository.run(command).out
    assert "without-canary" in repository.run("validate", "--base", "HEAD").err


@pytest.mark.parametrize("path", ["apps/new.yaml", "overlays/production/apps/web.yaml", "templates/more.yaml.j2"])
def test_a_check_refuses_a_spec_that_is_ignored(repository: Repository, path: str) -> None:
    new = repository.folder / path
    new.parent.mkdir(parents=True, exist_ok=True)
    repository.app("new", "  image: ghcr.io/acme/new\n  tag: 1.0.0\n")
    if path != "apps/new.yaml":
        (repository.folder / "apps/new.yaml").rename(repository.folder / "new.yaml")
    if path.startswith("overlays"):
        repository.partial("  replicas: 9\n")
    elif path.startswith("templates"):
        repository.write(path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n")
    repository.write(".gitignore", f"{path}\n*.swp\n")
    repository.write("apps/.web.yaml.swp", "what an editor keeps")
    repository.rendered()
    assert f"{path}: Git ignores this file (.gitignore:1 ({path}))" in refused(repository, "render", "--check")
    repository.write(".gitignore", "*.swp\n")
    assert repository.run("render", "--check").code == 0


def test_rendered_files_that_are_tracked_although_they_are_ignored_are_committed(repository: Repository) -> None:
    repository.write(".gitignore", "rendered/\n")
    repository.commit("ignore")
    assert repository.run(*RELEASE).code == 0
    assert repository.run("render", "--check").code == 0
    assert "rendered/production/web/rollout.yaml" in repository.git("show", "--name-only", "--format=")


def test_a_deleted_spec_that_git_takes_for_unchanged(repository: Repository) -> None:
    repository.partial("  replicas: 9\n")
    repository.rendered()
    repository.git("update-index", "--assume-unchanged", "overlays/production/apps/web.yaml")
    repository.partial("")
    assert "9 -> 4" in repository.run("plan", "--base", "HEAD").out


@pytest.mark.parametrize("tracked", [True, False])
def test_rendered_files_that_are_ignored(
    repository: Repository, tracked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")
    repository.write(".gitignore", "# none\n" if tracked else "rendered/\n")
    if not tracked:
        repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    repository.commit("ignore")
    if tracked:
        repository.write("apps/api.yaml", (repository.folder / "apps/web.yaml").read_text().replace("web", "api"))
        repository.write(".gitignore", "rendered/production/api/service.yaml\n")
        repository.commit("more")
    done = repository.run("render")
    assert done.code == 0
    if tracked:
        assert "rollspec: warning: rendered/production/api/service.yaml: Git ignores these rendered files" in done.err
        assert "it tracks other rendered files" in done.err
        repository.commit("rendered")
    app = "api" if tracked else "web"
    for command in ("render --check", f"release {app} 1.5.0 --weight 20 --commit", f"render --hook apps/{app}.yaml"):
        said = refused(repository, *command.split())
        assert "Git ignores these rendered files (.gitignore:1 (" in said
        assert ("commitRendered" in said) is not tracked


def test_render_warns_where_it_wrote(repository: Repository) -> None:
    repository.write(".gitignore", "rendered/\n")
    repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    repository.commit("ignore")
    assert repository.run("render").err == ""
    repository.app("web", "  image: ghcr.io/acme/web\n  tag: 1.5.0\n")
    assert (
        "rollspec: warning: rendered/production/web/deployment.yaml: Git ignores these rendered files"
        in repository.run("render").err
    )


@pytest.mark.parametrize("ignored", [True, False])
def test_a_project_that_does_not_commit_them(repository: Repository, ignored: bool) -> None:
    repository.write("rollspec.yaml", PROJECT + "  commitRendered: false\n")
    assert "rendered/: Git tracks rendered files here" in refused(repository, "render", "--check")
    repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    if ignored:
        repository.write(".gitignore", "rendered/\n")
    repository.git("add", "rollspec.yaml", *([".gitignore"] if ignored else []))
    repository.git("commit", "--quiet", "--message", "not committed")
    assert repository.run("render").err == ""
    assert repository.run("render", "--check").code == 0
    assert repository.run(*RELEASE).code == 0
    assert repository.git("show", "--format=", "--name-only").split() == ["overlays/production/apps/web.yaml"]
    assert repository.data("plan", "--base", "HEAD~1")["files"] == []


@pytest.mark.parametrize("path", ["local/s.yaml", "overlays/production/s.yaml"])
def test_resources_do_not_bring_ignored_files_into_git(repository: Repository, path: str) -> None:
    repository.write(path, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n")
    repository.overlay("production", f"  resources: [../../{path}]\n")
    assert repository.run("validate").code == 0
    repository.write(".gitignore", "# on purpose\nlocal/\ns.yaml\n")
    for command in ("validate", "render"):
        done = repository.run(command)
        assert done.code == 1
        assert f"`{path}` is ignored by Git (.gitignore:{2 if 'local' in path else 3} (" in done.err
        assert "hunter2" not in done.err
    repository.git("add", "--force", path)
    assert repository.run("validate").code == 0


def test_extra_resources_that_are_ignored(repository: Repository) -> None:
    repository.write("local/s.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n")
    repository.write(".gitignore", "s.yaml\n")
    with (repository.folder / "apps/web.yaml").open("a") as file:
        file.write("  extraResources: [../local/s.yaml]\n")
    done = repository.run("validate")
    assert (done.code, "`local/s.yaml` is ignored by Git (.gitignore:1 (s.yaml))" in done.err) == (1, True), done


def test_the_line_is_named_from_the_folder_of_the_project(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository", inside="deploy/k8s")
    made.rendered()
    (tmp_path / "repository/.gitignore").write_text("rendered/\n")
    assert "../../.gitignore:1 (rendered/)" in made.run("render", "--check").err + made.run("doctor").out
