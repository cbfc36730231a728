"""`validate --each` judges each commit of the first-parent line by itself; without it, several are judged as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.past import WEB, Repository

POLICY = "  policy: {templateChanges: canary}\n"
AS_ONE = "2 commits were judged as one, `rollspec validate --base {} --each` judges them one by one"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An app by canary on main, rendered."""
    made = Repository(tmp_path / "repository")
    made.partial("  replicas: 4\n")
    made.rendered()
    return made


def released(repository: Repository) -> str:
    """A release and its promotion in two commits; the commit before them."""
    base = repository.git("rev-parse", "HEAD").strip()
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.verb("promote", "web")
    return base


def by_hand(repository: Repository, tag: str) -> str:
    """The stable tag edited in the app spec, and rendered; the commit."""
    repository.app("web", WEB.replace("1.4.2", tag))
    assert repository.run("render").code == 0
    return repository.commit("by hand")


def squashed(repository: Repository, base: str) -> None:
    """All commits since the base as one."""
    repository.git("reset", "--quiet", "--soft", base)
    repository.commit("squashed")


def test_a_release_and_its_promotion_in_one_commit_are_a_warning(repository: Repository) -> None:
    squashed(repository, released(repository))
    done = repository.run("validate", "--base", "HEAD~1")
    assert (done.code, "warning: without-canary: 1.5.0 replaces 1.4.2" in done.err) == (0, True), done.err
    assert "as one" not in done.err
    assert repository.run("validate", "--base", "HEAD~1", "--strict").code == 1
    assert repository.run("validate", "--base", "HEAD~1", "--strict", "--each").code == 1


def test_in_a_merge_too(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    base = released(repository)
    assert "warning: without-canary" in repository.run("validate", "--into", "main").err
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "feature")
    done = repository.run("validate", "--base", base)
    assert "warning: without-canary" in done.err
    assert "as one" not in done.err


def test_in_two_commits_they_are_a_note_and_one_by_one_they_are_nothing(repository: Repository) -> None:
    base = released(repository)
    done = repository.run("validate", "--base", base, "--strict")
    assert (done.code, AS_ONE.format(base[:12]) in done.err) == (0, True), done.err
    assert "note: without-canary: " in done.err
    done = repository.run("validate", "--base", base, "--each", "--strict")
    assert (done.code, "without-canary" in done.err) == (0, False), done.err
    assert AS_ONE.format(base[:12]) in repository.text("plan", "--base", base)


def test_an_edit_by_hand_among_others_stays_a_warning(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    edited = by_hand(repository, "1.5.0")
    repository.partial("  replicas: 5\n")
    assert repository.run("render").code == 0
    repository.commit("more pods")
    done = repository.run("validate", "--base", base)
    assert "warning: without-canary: " in done.err
    assert AS_ONE.format(base[:12]) in done.err
    done = repository.run("validate", "--base", base, "--each", "--strict")
    assert done.code == 1
    assert f"(commit {edited[:12]})" in done.err
    assert done.err.count("without-canary") == 1


def test_commits_of_other_apps_are_not_counted(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    repository.write("README.md", "a page\n")
    repository.commit("a page")
    by_hand(repository, "1.5.0")
    done = repository.run("validate", "--base", base)
    assert ("warning: without-canary" in done.err, "as one" in done.err) == (True, False), done.err


def test_with_the_policy_it_stays_an_error_that_names_the_way_out(repository: Repository) -> None:
    repository.overlay("production", POLICY)
    repository.commit("a policy")
    base = released(repository)
    done = repository.run("validate", "--base", base)
    assert (done.code, AS_ONE.format(base[:12]) in done.err) == (1, True), done.err
    assert repository.run("validate", "--base", base, "--each").code == 0


def test_what_is_not_committed_is_judged_last(repository: Repository) -> None:
    base = released(repository)
    repository.app("web", WEB.replace("1.4.2", "1.6.0"))
    repository.partial("  replicas: 4\n")
    assert repository.run("render").code == 0
    done = repository.run("validate", "--base", base, "--each")
    assert "warning: without-canary: 1.6.0 replaces 1.5.0" in done.err
    assert "(commit " not in done.err
    done = repository.run("validate", "--base", base)
    assert "warning: without-canary: 1.6.0 replaces 1.4.2" in done.err


def test_each_names_the_commit_whose_files_are_wrong(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    repository.partial("  replicas: many\n")
    wrong = repository.commit("no number")
    repository.partial("  replicas: 5\n")
    repository.commit("not rendered")
    assert repository.run("render").code == 0
    repository.commit("rendered")
    done = repository.run("validate", "--base", base, "--each")
    assert done.code == 1
    lines = done.err.splitlines()
    assert [line for line in lines if f"(commit {wrong[:12]})" in line and "/spec/replicas" in line]


def test_an_app_that_is_gone_and_a_project_that_could_not_be_read(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    text = (repository.folder / "rollspec.yaml").read_text()
    repository.write("rollspec.yaml", "apiVersion: rollspec/v1\nkind: Project\nspec: {nonsense: 1}\n")
    wrong = repository.commit("nonsense")
    repository.write("rollspec.yaml", text)
    by_hand(repository, "1.5.0")
    (repository.folder / "apps/web.yaml").unlink()
    (repository.folder / "overlays/production/apps/web.yaml").unlink()
    repository.app("api", WEB)
    assert repository.run("render").code == 0
    repository.commit("gone")
    done = repository.run("validate", "--base", base, "--each")
    assert (done.code, f"(commit {wrong[:12]})" in done.err) == (1, True), done.err


def test_a_base_that_is_not_on_the_line_is_refused(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    released(repository)
    repository.git("checkout", "--quiet", "main")
    by_hand(repository, "1.5.0")
    done = repository.run("validate", "--base", "feature", "--each")
    assert (done.code, "--each follows the first parents of HEAD, and feature is not among them" in done.err) == (
        2,
        True,
    )
    for words in (["--each"], ["--each", "--base", "HEAD", "apps/web.yaml"], ["--each", "--into", "main"]):
        assert repository.run("validate", *words).code == 2
    assert repository.run("validate", "--each", "--base", "HEAD").code == 0
