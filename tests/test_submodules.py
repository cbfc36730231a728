"""A submodule or another repository among a project's files: Git does not have them, so no command compares them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from renderer.git.checkout import submodules
from renderer.usecases.index_file import may_have_submodules
from tests.support.past import Repository
from tests.support.repository import git, init

READS_GIT = [
    *("plan --base HEAD", "plan --base HEAD~1 --head HEAD", "validate --base HEAD", "history web", "status"),
    *("render --check", "render --hook rollspec.yaml", "render --check --staged", "validate --staged"),
    *("board --output ../pages", "release web 1.5.0 --commit", "release --from-edits --base HEAD"),
]
PATHS = [("apps/team", True), ("overlays/team", False), ("templates", True), ("overlays/production/apps", False)]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app, rendered and committed twice."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    made.app("api", "  image: ghcr.io/acme/api\n  tag: 2.0.0\n")
    made.rendered("more")
    return made


def submodule(repository: Repository, path: str, *, there: bool) -> None:
    """A submodule as a commit brings it: with its files, or as the empty folder of a clone without `--recursive`."""
    folder = repository.folder / path
    tip = repository.git("rev-parse", "HEAD").strip()
    repository.git("rm", "-r", "--quiet", "--cached", "--ignore-unmatch", path)
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{tip},{path}")
    repository.git("commit", "--quiet", "--message", "a submodule")
    if there:
        another(folder)
    else:
        folder.mkdir(parents=True, exist_ok=True)


def another(folder: Path) -> None:
    """A repository of its own in a folder that may have files."""
    init(folder)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "its own")


def whole(folder: Path) -> dict[str, bytes]:
    """Every file but Git's own."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts}


@pytest.mark.parametrize(("path", "there"), PATHS)
def test_what_reads_git_refuses_a_submodule_and_names_it(repository: Repository, path: str, there: bool) -> None:
    submodule(repository, path, there=there)
    head = repository.git("rev-parse", "HEAD")
    (repository.folder / "rollspec.yaml").write_text((repository.folder / "rollspec.yaml").read_text() + "# staged\n")
    repository.git("add", "rollspec.yaml")
    before = whole(repository.folder)
    for command in READS_GIT:
        done = repository.run(*command.split())
        assert (done.code, path in done.err, "submodule" in done.err) == (3, True, True), (command, done)
    assert (whole(repository.folder), repository.git("rev-parse", "HEAD")) == (before, head)


@pytest.mark.parametrize("there", [True, False])
def test_render_and_validate_work_on_what_is_there(repository: Repository, there: bool) -> None:
    submodule(repository, "templates", there=there)
    assert repository.run("validate").code == 0
    assert repository.run("render").code == 0


@pytest.mark.parametrize("path", ["apps", "overlays/production", "templates"])
def test_a_repository_that_git_does_not_know_of(repository: Repository, path: str) -> None:
    another(repository.folder / path)
    assert repository.run("validate").code == 0
    for command in (
        "plan --base HEAD",
        "validate --base HEAD",
        "status",
        "render --check",
        "release web 1.5.0 --commit",
    ):
        done = repository.run(*command.split())
        assert (done.code, path in done.err) == (3, True), (command, done)


@pytest.mark.parametrize(
    ("path", "there"),
    [("rendered/production/more", True), ("rendered/more", False), ("rendered/production/web/more", False)],
)
def test_under_the_output_it_is_an_error_of_every_command(repository: Repository, path: str, there: bool) -> None:
    submodule(repository, path, there=there)
    for command in ("render", "validate", "status", "release web 1.5.0", "plan --base HEAD", "render --check"):
        done = repository.run(*command.split())
        assert (done.code, f"{path}: path: is a submodule" in done.err) == (1, True), (command, done)


@pytest.mark.parametrize("path", ["rendered/production/more", "rendered/production/web/more"])
def test_under_the_output_of_a_commit_it_is_refused_where_both_sides_have_it(repository: Repository, path: str) -> None:
    submodule(repository, path, there=False)
    for command in ("plan --head HEAD --base HEAD", "plan --into HEAD"):
        done = repository.run(*command.split())
        assert (done.code, path in done.err) == (3, True), (command, done)


def test_a_repository_under_the_output_that_git_does_not_know_of(repository: Repository) -> None:
    another(repository.folder / "rendered/production/more")
    for command in ("plan --base HEAD", "validate --base HEAD"):
        done = repository.run(*command.split())
        assert (done.code, "rendered/production/more" in done.err) == (3, True), (command, done)


def test_one_elsewhere_is_nobody_s_business(repository: Repository) -> None:
    submodule(repository, "vendor/charts", there=True)
    for command in ("plan --base HEAD", "validate --base HEAD", "render --check", "status", "validate --staged"):
        assert repository.run(*command.split()).code == 0, command


def test_folders_that_are_in_a_submodule(tmp_path: Path) -> None:
    project = "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n  apps: k8s/apps\n"
    made = Repository(tmp_path / "repository", start={"rollspec.yaml": project})
    shutil.move(made.folder / "apps", made.folder / "k8s/apps")
    made.rendered()
    submodule(made, "k8s", there=False)
    for command in ("plan --base HEAD~1", "plan --base HEAD~1 --head HEAD", "history web", "validate --base HEAD"):
        done = made.run(*command.split())
        assert (done.code, "k8s" in done.err) == (3, True), (command, done)


def test_an_index_with_the_same_bytes_elsewhere_has_no_submodule(tmp_path: Path) -> None:
    """The mode of a submodule is four bytes, which an id, a time or a path of an index may have too."""
    made = init(tmp_path)
    for before in range(0, 33, 2):  # digits of an id
        tip = f"{'5' * before}0000e000{'5' * (32 - before)}"
        for length in range(1, 9):  # so that what follows is at each distance, too
            git(made, "update-index", "--add", "--cacheinfo", f"100644,{tip},{before}{'b' * length}")
    assert not may_have_submodules(str(made))


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("length", [*range(1, 10), 4094, 4095, 4096])
def test_a_submodule_in_an_index_of_any_version_is_seen(tmp_path: Path, version: str, length: int) -> None:
    made = init(tmp_path)
    path = "/".join(("s" * 200,) * (length // 201 + 1))[:length].rstrip("/")
    tip = "0" * 39 + "1"
    git(made, "update-index", "--add", "--cacheinfo", f"100644,{tip},a")
    git(made, "update-index", "--add", "--cacheinfo", f"160000,{tip},{path}")
    git(made, "update-index", "--index-version", version)
    if version == "3":  # Git writes it only where an entry needs it
        git(made, "update-index", "--skip-worktree", "a", path)
    assert may_have_submodules(str(made))
    assert submodules(str(made)) == [path]
