"""A plan names the rendered files that are not what the specs say: Argo CD applies the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

EVIL = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: evil, namespace: production}\n"
ARGOCD = (
    "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n  argocd: {kind: Application}\n"
    "  repository: {url: https://git.example.com/acme/apps.git}\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two apps and an object of Argo CD, rendered and committed."""
    made = Repository(tmp_path / "repository", start={"rollspec.yaml": ARGOCD, "plain/a.yaml": EVIL})
    made.overlay("production", "  resources: [../../plain/a.yaml]\n")
    made.app("api", "  image: ghcr.io/acme/api\n  tag: 2.0.0\n")
    made.rendered()
    return made


def states(repository: Repository, *more: str) -> dict[str, str]:
    """Path -> state, of the plan of the working tree; committed, the plan of the revision says the same."""
    return {each["path"]: each["state"] for each in repository.data("plan", "--base", "HEAD~1", *more)["files"]}


def both(repository: Repository) -> dict[str, str]:
    """The files that the plan names, which are the same on disk and in the commit."""
    repository.commit("a stranger's")
    found = states(repository)
    assert states(repository, "--head", "HEAD") == found
    return found


FOREIGN = [
    *("rendered/production/evil.yaml", "rendered/production/web/evil.yaml", "rendered/production/_resources/evil.yaml"),
    *("rendered/evil.yaml", "rendered/staging/web/evil.yaml", "rendered/_argocd/evil.yaml"),
    *("rendered/production/gone/deployment.yaml", "rendered/production/web/deep/evil.yaml"),
]


@pytest.mark.parametrize("path", FOREIGN)
def test_a_file_that_the_specs_do_not_render(repository: Repository, path: str) -> None:
    repository.write(path, EVIL)
    assert both(repository) == {path: "foreign"}
    for form in ("text", "markdown"):
        assert path.replace("_", "\\_" if form == "markdown" else "_") in repository.text(
            "plan", "--base", "HEAD~1", "--format", form
        )


def test_rendered_files_that_a_deleted_app_leaves_are_named(repository: Repository) -> None:
    (repository.folder / "apps/api.yaml").unlink()
    assert both(repository) == {"rendered/production/api/deployment.yaml": "foreign"}
    repository.git("rm", "-r", "--quiet", "rendered/production/api")
    assert repository.run("render").code == 0
    repository.commit("rendered")
    assert repository.data("plan", "--base", "HEAD~2")["files"] == []


def test_a_pointer_of_git_lfs_is_not_compared(repository: Repository) -> None:
    path = "rendered/production/web/rollout.yaml"
    repository.write(path, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    assert both(repository) == {path: "pointer"}
    text = repository.text("plan", "--base", "HEAD~1", "--head", "HEAD")
    assert (
        "rendered/production/web/: 1 file is a pointer of Git LFS, so not compared: keep rendered files out of LFS"
        in text
    )
    done = repository.run("validate", "--base", "HEAD~1", "--each", "--strict")
    assert f"{path}: note: output-file: is a pointer of Git LFS" in done.err


def test_a_rendered_file_that_was_not_added_is_named(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "rendered/production/web/service.yaml")
    repository.git("commit", "--quiet", "--message", "without the Service")
    done = repository.run("validate", "--base", "HEAD~1", "--each")
    said = (
        "service.yaml: warning: output-file: the specs render this file, and the change lacks it: run `rollspec render`"
    )
    assert said in done.err, done


@pytest.mark.parametrize("draft", [".rollspec-7-0.tmp/service.yaml", "web/.rollspec-7-1.tmp"])
def test_a_draft_of_a_killed_run_says_what_to_type(repository: Repository, draft: str) -> None:
    path = f"rendered/production/{draft}"
    repository.write(path, EVIL)
    repository.git("add", "--all")
    done = repository.run("validate", "--hook")
    folder = path.rpartition("/")[0]
    said = f"{path}: output-file: a draft that a killed run left, which Argo CD would apply: `rollspec render` "
    said += f"deletes it, and `git add --all {folder}` takes it out of Git"
    assert (done.code, said in done.err) == (1, True), done
    assert repository.run("render").code == 0
    repository.git("add", "--all", folder)
    assert repository.run("validate", "--hook").code == 0
    assert repository.git("status", "--porcelain") == ""


def test_validate_with_a_base_refuses_them_too(repository: Repository) -> None:
    repository.write("rendered/evil.yaml", EVIL)
    edited = "rendered/production/web/service.yaml"
    repository.write(edited, (repository.folder / edited).read_text() + "# edited\n")
    assert repository.run("validate").code == 0
    repository.commit()
    done = repository.run("validate", "--base", "HEAD~1")
    assert done.code == 1
    assert "rendered/evil.yaml: output-file: changed since HEAD~1, and the specs do not render this file" in done.err
    assert f"{edited}: warning: output-file: changed since HEAD~1, and it is not what the specs" in done.err
    repository.git("rm", "--quiet", "rendered/evil.yaml")
    assert repository.run("validate", "--base", "HEAD~1").code == 0


def test_an_edit_of_each_kind_of_rendered_file(repository: Repository) -> None:
    paths = repository.git("ls-files", "rendered").splitlines()
    assert {path.split("/")[-2] for path in paths} == {"_argocd", "_resources", "api", "web"}
    for path in paths:
        repository.write(path, (repository.folder / path).read_text() + "# edited\n")
    assert both(repository) == dict.fromkeys(paths, "changed")


def test_an_edit_of_a_rendered_file_that_a_release_takes_back(repository: Repository) -> None:
    """The edit was committed; the release renders the file again, and what runs is not what the plan starts from."""
    path = "rendered/production/web/service.yaml"
    repository.write(path, (repository.folder / path).read_text().replace("port: 80\n", "port: 81\n"))
    repository.commit("by hand")
    repository.app("web", WEB.replace("port: 80", "port: 82"))
    repository.text("render")
    assert both(repository) == {path: "unlike-base"}
    text = repository.text("plan", "--base", "HEAD~1")
    assert f"the plan does not show what this change does to them)\n  {path}\n" in text
    assert f"- {path}" in repository.text("plan", "--base", "HEAD~1", "--format", "markdown").replace("\\", "")
    done = repository.run("validate", "--base", "HEAD~1", "--strict")
    assert f"{path}: note: output-file: at HEAD~1 it was not what its specs render to" in done.err


def test_an_edit_of_a_rendered_file_that_the_change_leaves_is_not_taken_back(repository: Repository) -> None:
    path = "rendered/production/web/service.yaml"
    repository.write(path, (repository.folder / path).read_text() + "# by hand\n")
    repository.commit("by hand")
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    before = (repository.folder / path).read_text()
    repository.text("render")
    repository.write(path, before)
    assert both(repository) == {path: "changed"}


def test_nothing_is_said_of_the_files_of_an_app_that_cannot_be_rendered(repository: Repository) -> None:
    repository.app("api", "  image: ghcr.io/acme/api\n  tag: 2.1.0\n")
    repository.rendered()
    repository.overlay("production", "  policy: {images: [ghcr.io/shop/*]}\n")
    done = repository.run("validate", "--base", "HEAD~1")
    assert (done.code, "policy-images" in done.err, "output-file" in done.err) == (1, True, False)


def test_what_is_only_on_disk_is_named(repository: Repository) -> None:
    repository.write("rendered/production/api/evil.yaml", EVIL)
    repository.write("rendered/production/evil/evil.yaml", EVIL)
    edited = repository.folder / "rendered/production/web/rollout.yaml"
    edited.write_text(edited.read_text() + "# by hand\n")
    assert {each["path"]: each["state"] for each in repository.data("plan", "--base", "HEAD")["files"]} == {
        "rendered/production/api/evil.yaml": "foreign",
        "rendered/production/evil/evil.yaml": "foreign",
        "rendered/production/web/rollout.yaml": "changed",
    }
    assert repository.run("validate", "--base", "HEAD").code == 1
    repository.write(".gitignore", "evil.yaml\n")  # no commit will have them
    assert [each["path"] for each in repository.data("plan", "--base", "HEAD")["files"]] == [
        "rendered/production/web/rollout.yaml"
    ]


def test_a_rendered_file_that_is_deleted(repository: Repository) -> None:
    (repository.folder / "rendered/production/web/service.yaml").unlink()
    assert both(repository) == {"rendered/production/web/service.yaml": "missing"}


def test_a_link_in_place_of_a_file(repository: Repository) -> None:
    path = repository.folder / "rendered/production/web/service.yaml"
    path.unlink()
    path.symlink_to("rollout.yaml")
    assert both(repository) == {"rendered/production/web/service.yaml": "changed"}


def test_specs_that_are_not_rendered_yet(repository: Repository) -> None:
    repository.app("web", "  image: ghcr.io/acme/web\n  tag: 1.5.0\n")
    repository.overlay("production", "  resources: []\n")
    found = both(repository)
    assert found["rendered/production/_resources/configmap-evil.yaml"] == "foreign"
    assert (found["rendered/production/web/rollout.yaml"], found["rendered/production/web/deployment.yaml"]) == (
        "foreign",
        "missing",
    )
    assert not any("/api/" in path for path in found)
    assert repository.run("render").code == 0
    assert both(repository) == {}


def test_a_release_with_its_files_and_a_project_without_files(repository: Repository) -> None:
    assert repository.run("release", "web", "1.5.0", "--weight", "20").code == 0
    assert both(repository) == {}
    repository.git("rm", "-r", "--quiet", "rendered")
    repository.git("commit", "--quiet", "--amend", "--no-edit")
    assert states(repository) == states(repository, "--head", "HEAD") == {}


def test_line_ends_of_a_checkout_are_no_change(repository: Repository) -> None:
    assert repository.run("release", "web", "1.5.0", "--weight", "20").code == 0
    repository.commit("release")
    for path in (repository.folder / "rendered").rglob("*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert states(repository) == {}


def test_a_submodule_in_the_output_of_a_revision(repository: Repository) -> None:
    tip = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{tip},rendered/production/more")
    repository.git("commit", "--quiet", "--message", "a submodule")
    repository.git("rm", "--quiet", "--cached", "rendered/production/more")
    done = repository.run("plan", "--base", "HEAD~1", "--head", "HEAD")
    assert (done.code, "rendered/production/more" in done.err) == (3, True)


def test_many_files_are_counted(repository: Repository) -> None:
    for number in range(30):
        repository.write(f"rendered/evil-{number:02}.yaml", EVIL)
    repository.commit()
    said = repository.text("plan", "--base", "HEAD~1")
    assert "rendered/evil-19.yaml" in said
    assert "rendered/evil-20.yaml" not in said
    assert "and 10 more files that the specs do not render" in said
    assert len(json.loads(repository.text("plan", "--base", "HEAD~1", "--format", "json"))["files"]) == 30
