"""The search for apps that could clash finds the same by notes of an earlier run as by reading every spec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.layout import CACHE_FOLDER
from renderer.usecases import near
from renderer.usecases.project import open_project
from tests.bench.projects import ENVS, generate, name_of
from tests.bench.rows import commit, git
from tests.support.cases import run
from tests.test_cache import APPS, EDITS, edit, old, spec_of

EXTRA = """\
apiVersion: v1
kind: Service
metadata: {name: app-00001}
spec:
  selector: {app.kubernetes.io/name: app-00000}
  ports: [{port: 80, targetPort: 8080}]
"""


def own_objects(project: Path, app: int) -> None:
    (project / "extra.yaml").write_text(EXTRA)
    edit(spec_of(project, app), "  env:", "  extraResources: [../extra.yaml]\n  env:")


MORE: dict[str, Callable[[Path, int], object]] = {
    "a host of another": lambda p, n: edit(spec_of(p, n), "[app-00000.", f"[{name_of(4)}."),
    "a host in a comment": lambda p, n: edit(spec_of(p, n), "spec:", f"# not {name_of(4)}.example.com\nspec:"),
    "a selector": lambda p, n: edit(spec_of(p, n), "  env:", "  podMetadata:\n    labels:\n      selector: x\n  env:"),
    "its own objects": own_objects,
    "a preview's name": lambda p, n: (p / f"apps/{name_of(0)}-preview.yaml").write_text(
        spec_of(p, 0).read_text().replace(name_of(0), f"{name_of(0)}-preview")
    ),
}
STEPS: dict[str, Callable[[Path, int], object]] = {**EDITS, **MORE}


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The same project twice; of the first, every spec is noted."""
    monkeypatch.setattr(near, "_FEW", 0)
    noted, plain = (generate(tmp_path / name, APPS, 2) for name in ("noted", "plain"))
    for project in (noted, plain):
        run(project, "render", "--no-cache")
        old(project, monkeypatch)
        git(project, "init", "--quiet")
        commit(project)
    equal(noted, plain, 0)
    assert [path.name for path in (noted / CACHE_FOLDER).glob("*.sealed")] == ["names.sealed"]
    return noted, plain


def equal(noted: Path, plain: Path, app: int) -> None:
    """One app checked and rendered with and without notes: everything about it is equal."""
    wanted = ("--app", name_of(app))
    assert run(noted, "validate", *wanted, "--cached") == run(plain, "validate", *wanted)
    since = ("--base", "HEAD")
    assert run(noted, "validate", *wanted, *since, "--cached") == run(plain, "validate", *wanted, *since)
    assert run(noted, "render", *wanted) == run(plain, "render", *wanted, "--no-cache")


@pytest.mark.parametrize("name", sorted(STEPS))
def test_runs_with_notes_are_plain_runs_after_each_edit(name: str, pair: tuple[Path, Path]) -> None:
    for project in pair:
        STEPS[name](project, 0)
    for app in (0, 1, 4):
        equal(*pair, app)


@pytest.mark.parametrize("name", sorted(MORE))
def test_a_change_is_judged_the_same_where_the_notes_are_of_an_older_commit(name: str, pair: tuple[Path, Path]) -> None:
    for project in pair:
        MORE[name](project, 0)
        commit(project)
        edit(spec_of(project, 2), "LOG_LEVEL: info", "LOG_LEVEL: debug")
    for app in (0, 1, 4):
        equal(*pair, app)


PATCH = """\
  patches:
    - target: {kind: VirtualService}
      patch:
        - {op: add, path: /spec/hosts/-, value: app-00004.example.com}
"""


def two_levels(project: Path) -> None:
    edit(spec_of(project, 0), "[app-00000.example.com", '["*.example.com"')
    edit(spec_of(project, 4), "[app-00004.", "[eu.shop.")


ROUTES: dict[str, Callable[[Path], object]] = {
    "of another, by a patch": lambda p: spec_of(p, 0).write_text(spec_of(p, 0).read_text() + PATCH),
    "a wildcard that covers another": lambda p: edit(spec_of(p, 0), "[app-00000.example.com", '["*.example.com"'),
    "a longer name under a wildcard": two_levels,
    "the Service of another": lambda p: edit(spec_of(p, 0), "[app-00000.example.com", f"[app-00001.{ENVS[0]}.svc"),
    "the Services of a namespace": lambda p: edit(spec_of(p, 0), "[app-00000.example.com", f'["*.{ENVS[0]}.svc"'),
}


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_run_about_one_app_finds_the_clashes_of_its_hosts(name: str, pair: tuple[Path, Path]) -> None:
    for project in pair:
        ROUTES[name](project)
        whole = run(project, "validate", "--env", ENVS[0])
        wanted = {line for line in whole.err.splitlines() if ": host-once: " in line}
        assert wanted, whole
        part = run(project, "validate", "--cached", "--app", name_of(0), "--env", ENVS[0])
        assert {line for line in part.err.splitlines() if ": host-once: " in line} == wanted
    if "wildcard" in name:  # the app that it covers
        part = run(pair[0], "validate", "--cached", "--app", name_of(4), "--env", ENVS[0])
        assert {line for line in part.err.splitlines() if ": host-once: " in line} <= wanted
        assert ": host-once: " in part.err


def test_a_clash_that_only_the_notes_show_is_found(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for project in pair:
        STEPS["a host of another"](project, 0)
    monkeypatch.setattr(near, "_read", lambda *_: [])
    outcome = run(pair[0], "validate", "--cached", "--app", name_of(0))
    assert (outcome.code, "host-once" in outcome.err) == (1, True)


def test_other_specs_are_not_read(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    texts = "renderer.usecases.project.Opened.texts"
    from renderer.usecases.project import Opened

    plain = Opened.texts
    monkeypatch.setattr(texts, lambda self, app, *more: seen.append(app) or plain(self, app, *more))  # type: ignore[func-returns-value]
    assert run(pair[0], "render", "--app", name_of(2)).code == 0
    assert {*seen} == {name_of(2)}
    seen.clear()
    assert run(pair[0], "validate", "--app", name_of(2)).code == 0
    assert len({*seen}) == APPS, "without --cached it trusts nothing"


@pytest.mark.parametrize("text", ["", "\n\n", f"{'0' * 64}{'0' * 40}\napps/app-00004.yaml\n- \n"])
def test_notes_of_somebody_else_say_nothing(text: str, pair: tuple[Path, Path]) -> None:
    notes = pair[0] / CACHE_FOLDER / "names.sealed"
    for project in pair:
        STEPS["a host of another"](project, 0)
    notes.write_bytes(text.encode() or notes.read_bytes().replace(b"app-00004.example.com", b"app-00005.example.com"))
    assert run(pair[0], "validate", "--cached", "--app", name_of(0)).code == 1
    equal(*pair, 0)


HIDDEN: dict[str, Callable[[Path], object]] = {
    "in a later commit": commit,
    "not committed": lambda project: None,
    "staged": lambda project: git(project, "add", "."),
    "assumed to be unchanged": lambda project: git(project, "update-index", "--assume-unchanged", spec(4)),
    "no longer tracked, and ignored": lambda project: forget(project, spec(4)),
    "in a commit that took the place of the noted one": lambda project: git(project, "commit", "-qa", "--amend", "-mx"),
    "after the noted commit was removed": lambda project: prune(project),
}


def spec(app: int) -> str:
    return f"apps/{name_of(app)}.yaml"


def forget(project: Path, file: str) -> None:
    git(project, "rm", "--quiet", "--cached", file)
    (project / ".git/info/exclude").write_text(f"{file}\n")


def prune(project: Path) -> None:
    git(project, "commit", "-qa", "--amend", "-mx")
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "--quiet", "--prune=now")


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_an_edit_that_git_hardly_shows(name: str, pair: tuple[Path, Path]) -> None:
    for project in pair:
        edit(spec_of(project, 4), "[app-00004.", "[app-00000.")
        HIDDEN[name](project)
    for app in (0, 1, 4):
        equal(*pair, app)
    assert run(pair[0], "validate", "--cached", "--app", name_of(0)).code == 1


def test_an_uncommitted_spec_is_not_noted(pair: tuple[Path, Path]) -> None:
    for project in pair:
        edit(spec_of(project, 3), "LOG_LEVEL: info", "LOG_LEVEL: not.committed")
        edit(spec_of(project, 4), "LOG_LEVEL: info", "LOG_LEVEL: com.mitted")
        git(project, "add", spec(4))
        git(project, "commit", "-qm", "one")
    (pair[0] / CACHE_FOLDER / "names.sealed").unlink()
    equal(*pair, 0)
    _, files, notes = (pair[0] / CACHE_FOLDER / "names.sealed").read_text().split("\n", 2)
    assert ("com.mitted" in notes, spec(4) in files.split("\t")) == (True, True)
    assert ("not.committed" in notes, spec(3) in files.split("\t")) == (False, False)


HOSTS = st.from_regex(r"[a-z0-9*_-]{0,3}(\.[a-z0-9_-]{1,3}){1,3}", fullmatch=True)


@given(st.text("ab.*-_ :/\n\"'[]é", max_size=30).map(str.encode), HOSTS)
def test_what_is_noted_of_a_text_has_every_host_that_the_text_has(text: bytes, host: str) -> None:
    assert near._HOST.fullmatch(host.encode())
    for whole in (text, text[:7] + host.encode() + text[7:]):
        assert (host in near.names_in(whole)) == (host.encode() in whole)


@given(st.lists(st.from_regex(r"[!-] ([ab]\.[ab]( [ab]\.[ab])?)?", fullmatch=True), max_size=8))
def test_the_notes_that_hit_are_those_whose_line_has_a_mark_or_a_word(lines: list[str]) -> None:
    search = near.Search(frozenset(), frozenset(), frozenset([b"a.b", b"b.b"]), any_text=False)
    files = [f"apps/{number}.yaml" for number in range(len(lines))]
    notes = near.Notes("", files, "".join(f"{line}\n" for line in lines), ())
    found = {file for file, line in zip(files, lines, strict=True) if any(part in line for part in ("!", "a.b", "b.b"))}
    assert {*notes.hits(search)} == found


def test_it_is_the_apps_own_files_that_are_noted(pair: tuple[Path, Path]) -> None:
    opened = open_project(str(pair[0]))
    _, found, *_ = (pair[0] / CACHE_FOLDER / "names.sealed").read_text().split("\n")
    texts = {file for app in opened.apps for file in opened.texts(app)[0]}
    assert set(found.split("\t")) == texts
    assert f"overlays/{ENVS[0]}/apps/{name_of(3)}.yaml" in texts
