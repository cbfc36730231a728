"""A hook without pre-commit judges what the commit touches: on disk where that has what is staged, else in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.usecases.laid_out import lay_out_files
from tests.support.cases import Outcome
from tests.support.past import WEB, Repository

HOOKS = [("validate", "--hook"), ("render", "--hook")]
WHOLE = [("validate", "--staged"), ("render", "--check", "--staged")]
LAY_OUT = "renderer.usecases.staged.lay_out_files"
SEES = "renderer.usecases.staged.has_what_is_staged"


@pytest.fixture(autouse=True)
def _no_pre_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRE_COMMIT", raising=False)


def project(folder: Path) -> Repository:
    """Two apps, rendered and committed."""
    made = Repository(folder)
    made.app("shop", WEB)
    made.rendered()
    return made


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The same for one test."""
    return project(tmp_path / "repository")


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders in which files were laid out."""
    found: list[str] = []

    def noted(folder: str, commit: str, is_wanted: Callable[[str], bool]) -> None:
        found.append(folder)
        lay_out_files(folder, commit, is_wanted)

    monkeypatch.setattr(LAY_OUT, noted)
    return found


def edit(repository: Repository, app: str = "web", log: str = "debug") -> None:
    """Another value, rendered."""
    repository.app(app, WEB.replace("LOG: info", f"LOG: {log}"))
    assert repository.run("render").code == 0


@pytest.mark.parametrize("words", [*HOOKS, *WHOLE])
def test_nothing_is_laid_out_where_the_disk_has_what_is_staged(
    repository: Repository, laid_out: list[str], words: tuple[str, ...]
) -> None:
    edit(repository)
    repository.git("add", "--all")
    repository.write("notes.txt", "not of the project")
    done = repository.run(*words)
    assert (done.code, done.err, laid_out) == (0, "", [])


@pytest.mark.parametrize("words", HOOKS)
def test_changes_of_other_apps_do_not_count(
    repository: Repository, laid_out: list[str], words: tuple[str, ...]
) -> None:
    """They are not staged; their specs are those that other apps could clash with."""
    edit(repository)
    repository.git("add", "--all")
    edit(repository, "shop", "error")
    repository.app("shop", "not: [yaml")
    assert repository.run(*words).code == 0
    assert laid_out


@pytest.mark.parametrize("words", HOOKS)
def test_apps_that_the_commit_does_not_touch_are_not_judged(repository: Repository, words: tuple[str, ...]) -> None:
    """As by pre-commit: what is wrong in the last commit is not for this one to mend."""
    repository.app("shop", "  image: [1]\n")
    repository.commit("broken")
    repository.app("web", WEB.replace("LOG: info", "LOG: debug"))
    assert repository.run("render", "--app", "web").code == 0
    repository.git("add", "--all")
    assert repository.run(*words).code == 0
    repository.app("web", WEB.replace("port: 80", "port: 800000"))
    repository.git("add", "--all")
    done = repository.run(*words)
    assert (done.code, "apps/web.yaml:10:26" in done.err, "shop" in done.err) == (1, True, False), done.err


@pytest.mark.parametrize("words", HOOKS)
def test_a_commit_that_touches_no_app_is_not_judged(
    repository: Repository, laid_out: list[str], words: tuple[str, ...]
) -> None:
    repository.write("README.md", "# Shop\n")
    repository.git("add", "README.md")
    done = repository.run(*words)
    assert (done.code, done.out + done.err, laid_out) == (0, "", [])


@pytest.mark.parametrize("words", HOOKS)
def test_where_nothing_is_staged_a_hook_says_so(repository: Repository, words: tuple[str, ...]) -> None:
    """Somebody may run it by hand, or in CI, and take its silence for a verdict."""
    done = repository.run(*words)
    assert (done.code, "nothing is staged here" in done.err) == (0, True), done


EXTRA = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: b}\n"


def test_a_plain_manifest_that_only_the_staged_spec_names(repository: Repository) -> None:
    """The spec on disk does not name it any more: what is staged is judged all the same."""
    repository.write("extra.yaml", EXTRA)
    repository.app("web", WEB + "  extraResources: [../extra.yaml]\n")
    assert repository.run("render").code == 0
    repository.commit()
    repository.write("extra.yaml", EXTRA.replace("data:", "dta:"))
    repository.git("add", "extra.yaml")
    repository.app("web", WEB)
    done = repository.run("validate", "--hook")
    assert (done.code, "extra.yaml" in done.err) == (1, True), done


def test_line_ends_of_a_checkout_do_not_count(repository: Repository, laid_out: list[str]) -> None:
    """As on Windows, where Git may write CRLF on disk; the index has LF."""
    edit(repository)
    repository.git("add", "--all")
    repository.git("config", "core.autocrlf", "true")
    for path in (repository.folder / "rendered").rglob("*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    repository.git("add", "--all")
    done = repository.run("render", "--hook")
    assert (done.code, done.err, bool(laid_out)) == (0, "", True)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_overlooks_is_judged_as_staged(repository: Repository, flag: str) -> None:
    edit(repository)
    repository.git("add", "--all")
    repository.git("update-index", flag, "apps/web.yaml")
    repository.app("web", "  image: [1]\n")
    assert repository.run("validate", "--hook").code == 0


def test_deleted_apps(repository: Repository, laid_out: list[str]) -> None:
    repository.git("rm", "--quiet", "apps/shop.yaml")
    done = repository.run("render", "--hook")
    assert (done.code, "removed: rendered/production/shop/" in done.err) == (1, True), done.err
    assert repository.run("render").code == 0
    repository.git("add", "--all")
    assert repository.run("render", "--hook").code == 0
    assert not laid_out
    repository.git("rm", "--quiet", "apps/web.yaml")
    done = repository.run("validate", "--hook")
    assert (done.code, "no-apps" in done.err) == (1, True), done.err


PLACES = ("apps/web.yaml", "apps/shop.yaml", "overlays/production/overlay.yaml", "rendered", "templates/x.yaml.j2")
STATES = ("as before", "staged", "on disk", "both", "gone on disk", "gone")


@settings(max_examples=12, deadline=None)
@given(states=st.lists(st.sampled_from(STATES), min_size=len(PLACES), max_size=len(PLACES)))
def test_on_disk_the_same_is_said_as_in_a_folder(tmp_path_factory: pytest.TempPathFactory, states: list[str]) -> None:
    """Whatever is staged, changed on disk, or both."""
    repository = project(tmp_path_factory.mktemp("repository") / "repository")
    for place, state in zip(PLACES, states, strict=True):
        _bring(repository, place, state)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PRE_COMMIT", raising=False)
        quick = [repository.run(*words) for words in (*HOOKS, *WHOLE)]
        patch.setattr(SEES, lambda *_: False)
        plain = [repository.run(*words) for words in (*HOOKS, *WHOLE)]
    assert [*map(_said, quick)] == [*map(_said, plain)], repository.git("status", "--short")


def _bring(repository: Repository, place: str, state: str) -> None:
    path = repository.folder / place
    if place == "rendered":
        if state == "as before":
            return
        repository.run("render")
        if state in ("staged", "both"):
            repository.git("add", "rendered")
        if state in ("both", "gone on disk", "gone"):
            (repository.folder / "rendered/production/web/service.yaml").unlink(missing_ok=True)
        if state == "gone":
            repository.git("add", "rendered")
        return
    path.parent.mkdir(exist_ok=True)
    old = path.read_text() if path.exists() else "# {{ app }}\n"
    for on_disk, is_added in _TEXTS[state]:
        if on_disk is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(old.replace("LOG: info", on_disk) + f"# {on_disk}\n")
        if is_added:
            repository.git("add", "--all", place) if path.exists() else repository.git(
                "rm", "--quiet", "--cached", "--ignore-unmatch", place
            )


_TEXTS: dict[str, list[tuple[str | None, bool]]] = {
    "as before": [],
    "staged": [("LOG: debug", True)],
    "on disk": [("LOG: error", False)],
    "both": [("LOG: debug", True), ("LOG: error", False)],
    "gone on disk": [(None, False)],
    "gone": [(None, True)],
}


def _said(done: Outcome) -> tuple[int, str, str]:
    return done.code, done.out, done.err


def _with_manifest(repository: Repository, log: str) -> None:
    """The app `web` brings a plain manifest along; rendered and staged."""
    repository.app("web", WEB.replace("LOG: info", f"LOG: {log}") + "  extraResources: [../extra/settings.yaml]\n")
    assert repository.run("render").code == 0
    repository.git("add", "--all")


@pytest.fixture
def manifest(repository: Repository) -> Repository:
    """The same, committed."""
    repository.write("extra/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
    _with_manifest(repository, "info")
    repository.commit("a plain manifest")
    return repository


@pytest.mark.parametrize("words", HOOKS)
def test_a_plain_manifest_that_is_deleted_on_disk_is_judged_as_staged(
    manifest: Repository, words: tuple[str, ...]
) -> None:
    _with_manifest(manifest, "debug")
    (manifest.folder / "extra/settings.yaml").unlink()
    done = manifest.run(*words)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("words", HOOKS)
def test_a_plain_manifest_that_is_a_link_on_disk_is_judged_as_staged(
    manifest: Repository, words: tuple[str, ...]
) -> None:
    _with_manifest(manifest, "debug")
    path = manifest.folder / "extra/settings.yaml"
    path.rename(manifest.folder.parent / "settings.yaml")
    path.symlink_to("../../settings.yaml")
    done = manifest.run(*words)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("words", HOOKS)
def test_a_sparse_checkout_is_judged_as_staged(manifest: Repository, words: tuple[str, ...]) -> None:
    """Git has the manifest that the checkout leaves out, so the commit has it."""
    _with_manifest(manifest, "debug")
    manifest.write("README.md", "# Shop\n")
    manifest.git("add", "README.md")
    manifest.git("sparse-checkout", "set", "apps", "overlays", "rendered")
    assert not (manifest.folder / "extra").exists()
    done = manifest.run(*words)
    assert (done.code, done.err) == (0, "")


def test_a_plain_manifest_that_git_ignores_is_said_to_be_ignored(manifest: Repository) -> None:
    manifest.write(".gitignore", "extra/\n")
    manifest.git("rm", "--quiet", "--cached", "extra/settings.yaml")
    manifest.git("add", "--all")
    done = manifest.run("validate", "--hook")
    assert (done.code, "is ignored by Git (.gitignore:1 (extra/))" in done.err) == (1, True), done.err


@pytest.mark.parametrize("is_on_disk", [True, False])
def test_a_plain_manifest_that_the_commit_takes_away(manifest: Repository, is_on_disk: bool) -> None:
    """The app that names it would not render."""
    manifest.git("rm", "--quiet", *(["--cached"] if is_on_disk else []), "extra/settings.yaml")
    done = manifest.run("validate", "--hook")
    assert (done.code, "there is no file `extra/settings.yaml`" in done.err) == (1, True), done.err


def test_a_deleted_environment_takes_its_rendered_files_along(repository: Repository) -> None:
    repository.overlay("staging")
    repository.rendered("staging")
    repository.git("rm", "--quiet", "-r", "overlays/staging")
    done = repository.run("render", "--hook")
    assert (done.code, "removed: rendered/staging/web/rollout.yaml" in done.err) == (1, True), done.err
    assert repository.run("render").code == 0
    repository.git("add", "--all")
    assert repository.run("render", "--hook").code == 0


def test_a_filter_makes_what_is_staged_differ_from_the_disk(repository: Repository) -> None:
    """As git-crypt and `ident` do: git takes the file on disk for the same."""
    repository.git("config", "filter.fixed.clean", "sed s/debug/error/")
    repository.write(".gitattributes", "/apps/*.yaml filter=fixed\n")
    edit(repository)
    repository.git("add", "--all")
    assert "LOG: error" in repository.git("show", ":apps/web.yaml")
    done = repository.run("render", "--hook")
    assert (done.code, "changed: rendered/production/web/rollout.yaml" in done.err) == (1, True), done.err


@pytest.mark.parametrize("is_on_disk", [True, False])
@pytest.mark.parametrize("how", ["--base", "ROLLSPEC_LIVE"])
@pytest.mark.parametrize("live", ["live", "HEAD~1"])
def test_a_revision_is_one_of_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, live: str, how: str, is_on_disk: bool
) -> None:
    """Not of the temporary one, which has other branches and another HEAD: the cluster has 10 %, Git had 40 %."""
    repository.verb("release", "web", "1.5.0", "--weight", "10")
    repository.git("branch", "live")
    repository.verb("weight", "web", "40")
    path = repository.folder / "overlays/production/apps/web.yaml"
    path.write_text(path.read_text().replace("weight: 40", "weight: 60"))
    assert repository.run("render").code == 0
    repository.git("add", "--all")
    if not is_on_disk:
        repository.app("shop", WEB)
        (repository.folder / "apps/shop.yaml").write_text("not: [yaml\n")
    if how == "ROLLSPEC_LIVE":
        monkeypatch.setenv(how, live)
    done = repository.run("validate", "--hook", *([how, live] if how == "--base" else []))
    assert (done.code, done.err) == (0, "")
