"""`rollspec publish`: a commit's rendered files on other branches, with nothing else touched."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.cases import ROOT, Outcome, run
from tests.support.pages import blocks
from tests.support.past import HEAD, PROJECT, WEB
from tests.support.repository import IDENTITY, git, init, save

PAGE = (ROOT / "docs/publish.md").read_text()
PUBLISH = "  publish: {branch: 'environments/{env}'}\n"
ARGO_CD = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: ApplicationSet}\n"
NOTES = "refs/notes/hydrator.metadata"
_IDS = re.compile(r"\b[0-9a-f]{12}\b")


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)


def project(folder: Path, more: str = PUBLISH) -> Path:
    """Two environments with one app, committed without rendered files."""
    texts = {"rollspec.yaml": PROJECT + more, "apps/web.yaml": HEAD.format(kind="App", name="web") + WEB}
    for env in ("dev", "production"):
        texts[f"overlays/{env}/overlay.yaml"] = HEAD.format(kind="Overlay", name=env) + f"  namespace: {env}\n"
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = project(init(tmp_path / "shop"))
    save(root, "Start the shop")
    return root


def bump(root: Path, tag: str) -> str:
    """A new version in every environment, committed; the commit's id."""
    spec = root / "apps/web.yaml"
    spec.write_text(spec.read_text().replace("1.4.2", tag))
    save(root, f"Bump to {tag}")
    return git(root, "rev-parse", "HEAD").strip()


def files(root: Path, branch: str) -> dict[str, str]:
    """The files of a branch but the metadata, and what they hold."""
    names = git(root, "ls-tree", "-r", "--name-only", branch).split()
    return {name: git(root, "show", f"{branch}:{name}") for name in names if name != "hydrator.metadata"}


def untouched(root: Path) -> tuple[str, str, str]:
    """What publishing must leave as it is: the index, the working tree, the branch of the specs."""
    index = hashlib.sha256((root / ".git/index").read_bytes()).hexdigest()
    return index, git(root, "rev-parse", "HEAD"), ",".join(sorted(path.name for path in root.iterdir()))


def published(root: Path, *arguments: str) -> Outcome:
    done = run(root, "publish", *arguments)
    assert (done.code, done.err) == (0, ""), done.err
    return done


def test_each_branch_has_what_render_writes_of_the_commit(shop: Path) -> None:
    sha = git(shop, "rev-parse", "HEAD").strip()
    before = untouched(shop)
    (shop / "apps/web.yaml").write_text("not committed")
    published(shop)
    git(shop, "checkout", "--quiet", "--", "apps")
    assert untouched(shop)[1:] == before[1:]
    assert run(shop, "render").code == 0
    for env in ("dev", "production"):
        rendered = {
            path.relative_to(shop).as_posix(): path.read_text()
            for path in (shop / "rendered" / env).rglob("*")
            if path.is_file()
        }
        assert files(shop, f"environments/{env}") == rendered
        metadata = json.loads(git(shop, "show", f"environments/{env}:hydrator.metadata"))
        assert metadata["drySha"] == sha
        assert (metadata["subject"], metadata["author"]) == ("Start the shop", "A Team <team@example.com>")
        tip = git(shop, "rev-parse", f"environments/{env}").strip()
        assert json.loads(git(shop, "notes", f"--ref={NOTES}", "show", tip)) == {"drySha": sha}


def test_no_commit_where_nothing_changed_but_the_note_says_it_was_looked_at(shop: Path) -> None:
    published(shop)
    tip = git(shop, "rev-parse", "environments/dev")
    (shop / "README.md").write_text("about")
    save(shop, "Write a README")
    assert "environments/dev: nothing changed" in published(shop).out
    assert git(shop, "rev-parse", "environments/dev") == tip
    note = json.loads(git(shop, "notes", f"--ref={NOTES}", "show", tip.strip()))
    assert note["drySha"] == git(shop, "rev-parse", "HEAD").strip()


def test_a_deleted_app_leaves_the_branch_and_other_files_stay(shop: Path) -> None:
    published(shop)
    other = shop / "apps/api.yaml"
    other.write_text((shop / "apps/web.yaml").read_text().replace("web", "api"))
    save(shop, "Add the api")
    git(shop, "checkout", "--quiet", "environments/dev")
    (shop / "rendered/README.md").write_text("for people")
    save(shop, "Explain")
    git(shop, "checkout", "--quiet", "main")
    published(shop)
    assert any("/api/" in name for name in files(shop, "environments/dev"))
    other.unlink()
    save(shop, "Remove the api")
    published(shop)
    assert not any("/api/" in name for name in files(shop, "environments/dev"))
    assert "rendered/README.md" in files(shop, "environments/dev")


def test_the_commit_of_an_apps_own_repository_is_named(shop: Path) -> None:
    trailers = "Argocd-reference-commit-sha: abc1234\nArgocd-reference-commit-repourl: https://git.example.com/web"
    save(shop, f"Bump\n\n{trailers}")
    published(shop)
    metadata = json.loads(git(shop, "show", "environments/dev:hydrator.metadata"))
    assert metadata["references"] == [{"commit": {"sha": "abc1234", "repoUrl": "https://git.example.com/web"}}]


def test_a_project_with_an_error_publishes_nothing(shop: Path) -> None:
    spec = shop / "apps/web.yaml"
    spec.write_text(spec.read_text().replace("targetPort: 8080", "targetPort: 808000"))
    save(shop, "Break it")
    done = run(shop, "publish")
    assert done.code == 1
    assert "apps/web.yaml" in done.err
    assert git(shop, "branch", "--list").split() == ["*", "main"]


def test_two_clones_publish_to_one_branch_at_once(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    clones = []
    for env in ("dev", "production"):
        git(shop, "push", "--quiet", "--force", str(tmp_path / "origin.git"), "main")
        clones.append((tmp_path / env, env))
        git(tmp_path, "clone", "--quiet", "--branch=main", "origin.git", env)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(published, root, "--branch=deploy", "--env", env, "--push") for root, env in clones]
        assert [each.result().code for each in runs] == [0, 0]
    origin = tmp_path / "origin.git"
    found = {name.split("/")[1] for name in files(origin, "deploy")}
    assert found == {"dev", "production"}
    assert git(origin, "rev-list", "--count", "deploy").strip() == "2"
    assert not (clones[0][0] / ".git/refs/heads/deploy").exists()


def test_a_commit_of_somebody_else_on_the_branch_is_kept(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(shop, "remote", "add", "origin", str(tmp_path / "origin.git"))
    published(shop, "--push")
    first = git(tmp_path / "origin.git", "rev-parse", "environments/dev").strip()
    git(tmp_path, "clone", "--quiet", "--branch=environments/dev", "origin.git", "other")
    (tmp_path / "other/NOTES").write_text("by hand")
    save(tmp_path / "other", "By hand")
    git(tmp_path / "other", "push", "--quiet")
    bump(shop, "1.5.0")
    published(shop, "--push")
    log = git(tmp_path / "origin.git", "log", "--format=%s", "environments/dev").splitlines()
    assert len(log) == 3
    assert log[1] == "By hand"
    assert first in git(tmp_path / "origin.git", "rev-list", "environments/dev")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"drySha": {}}', "no JSON", "\xff", None])
def test_metadata_that_somebody_else_wrote_stops_nothing(shop: Path, text: str | None) -> None:
    """Anyone who may write the branch may write that file; None: a folder of its name."""
    published(shop)
    git(shop, "switch", "--quiet", "environments/dev")
    file = shop / "hydrator.metadata"
    if text is None:
        file.unlink()
        file.mkdir()
        (file / "a").write_text("a")
    else:
        file.write_bytes(text.encode("latin-1"))
    save(shop, "By hand")
    git(shop, "switch", "--quiet", "-")
    sha = bump(shop, "1.5.0")
    published(shop)
    assert json.loads(git(shop, "show", "environments/dev:hydrator.metadata"))["drySha"] == sha


def test_a_next_branch_begins_at_the_branch_it_is_for(shop: Path) -> None:
    published(shop)
    bump(shop, "1.5.0")
    published(shop, "--branch=environments/{env}-next")
    base = git(shop, "merge-base", "environments/dev", "environments/dev-next")
    assert base == git(shop, "rev-parse", "environments/dev")
    assert "1.5.0" in files(shop, "environments/dev-next")["rendered/dev/web/rollout.yaml"]


@pytest.mark.parametrize("push", [(), ("--push",)])
def test_a_next_branch_without_a_change_is_the_branch_it_is_for(
    shop: Path, tmp_path: Path, push: tuple[str, ...]
) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(shop, "remote", "add", "origin", str(tmp_path / "origin.git"))
    published(shop, *push)
    done = published(shop, "--branch=environments/{env}-next", *push)
    assert "environments/dev-next: nothing changed; it begins at " in done.out
    there = tmp_path / "origin.git" if push else shop
    assert len(set(git(there, "rev-parse", "environments/dev", "environments/dev-next").split())) == 1


def test_an_older_commit_does_not_replace_a_newer_one(shop: Path, tmp_path: Path) -> None:
    """As where the jobs of two merges run at once: the clone of the first may not have the second commit."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(shop, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(shop, "push", "--quiet", "origin", "main")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "older")
    newer = bump(shop, "1.5.0")
    git(shop, "push", "--quiet", "origin", "main")
    published(shop, "--push")
    tip = git(tmp_path / "origin.git", "rev-parse", "environments/dev")
    said = f"environments/dev: nothing changed; it has the newer commit {newer[:12]}"
    assert said in published(tmp_path / "older", "--push").out
    assert git(tmp_path / "origin.git", "rev-parse", "environments/dev") == tip
    assert "1 file changed" in published(tmp_path / "older", "--push", "--revision", "main").out
    assert git(tmp_path / "origin.git", "rev-parse", "environments/dev^") == tip


@pytest.mark.parametrize("push", [(), ("--push",)])
@pytest.mark.parametrize(("there", "wanted"), [("envs/prod", "envs"), ("envs", "envs/{env}")])
def test_a_name_that_is_a_folder_of_branches(
    shop: Path, tmp_path: Path, push: tuple[str, ...], there: str, wanted: str
) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(shop, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(shop, "push", "--quiet", "origin", f"main:{there}") if push else git(shop, "branch", there)
    done = run(shop, "publish", "--branch", wanted, *push)
    assert done.code == 2
    assert f"Git cannot have this branch together with the branch {there}" in done.err


def test_a_branch_of_the_working_tree_alone(tmp_path: Path) -> None:
    root = project(init(tmp_path / "shop"), "")
    save(root)
    (root / "rollspec.yaml").write_text((root / "rollspec.yaml").read_text() + PUBLISH)
    assert (
        "In the commit that is published, rollspec.yaml has no `publish`: write and commit it"
        in run(root, "publish").err
    )
    (root / "rollspec.yaml").write_text(PROJECT + PUBLISH.replace("{env}", "{environment}"))
    assert "rollspec.yaml:" in run(root, "validate").err


def test_a_check_of_a_clone_without_rendered_files_passes(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(shop), "clone")
    for check in (("render", "--check"), ("render", "--check", "--staged")):
        assert run(tmp_path / "clone", *check).code == 0, check
    (shop / "apps/web.yaml").write_text("spec: [")
    assert run(shop, "render", "--check").code == 1


def test_a_project_in_a_folder_keeps_its_paths_and_another_repository_gets_the_branches(tmp_path: Path) -> None:
    top, other = init(tmp_path / "mono"), init(tmp_path / "deploy")
    project(top / "teams/shop")
    save(top)
    save(other)
    published(top / "teams/shop", "--repo", str(other))
    assert all(name.startswith("teams/shop/rendered/dev/") for name in files(other, "environments/dev"))
    assert git(top, "branch", "--list").split() == ["*", "main"]


def test_argo_cd_reads_the_branch(tmp_path: Path) -> None:
    root = project(init(tmp_path / "shop"), PUBLISH.replace("}'}", "}', url: https://git.example.com/d.git}") + ARGO_CD)
    save(root)
    published(root)
    text = files(root, "environments/production")["rendered/_argocd/production.yaml"]
    assert "targetRevision: environments/production" in text
    assert "repoURL: https://git.example.com/d.git" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--branch=main",), 2, "checked out"),
        (("--branch=a b",), 2, "`a b` is not a valid name of a branch"),
        (("--branch=--force",), 2, "`--force` is not a valid name"),
        (("--branch=a..{env}",), 2, "`a..dev` is not a valid name"),
        (("--revision=nope",), 3, "no revision"),
        (("--env=nope",), 2, "nope"),
        (("--branch=env/{environment}",), 2, "--branch env/{environment}: only {env} is replaced"),
        (("--repo=..",), 2, "--repo ..: this folder is not in a Git repository"),
        (
            ("--repo=../bare.git",),
            2,
            "--repo ../bare.git: this is a bare repository, which has no working tree: clone it",
        ),
        (("--repo=.git",), 2, "--repo .git: this is the inside of a Git repository: name the folder around it"),
        (("--repo=../none",), 2, "--repo ../none: there is no such folder"),
        (("--push",), 3, "origin"),
    ],
)
def test_refusals(shop: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    git(shop, "clone", "--quiet", "--bare", ".", "../bare.git")
    done = run(shop, "publish", *arguments)
    assert done.code == code, done.err
    assert said in done.err


def test_a_branch_must_be_named(tmp_path: Path) -> None:
    root = project(init(tmp_path / "shop"), "")
    save(root)
    done = run(root, "publish")
    assert done.code == 2
    assert "--branch 'environments/{env}'" in done.err


def test_the_page_shows_what_happens(shop: Path) -> None:
    shown = next(block for block in blocks(PAGE, "text") if "environments/dev" in block)
    published(shop)
    bump(shop, "1.5.0")
    assert _IDS.sub("ID", published(shop).out) == _IDS.sub("ID", shown)
