"""The search for apps that could clash finds the same by notes of an earlier run as by reading every spec."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.layout import CACHE_FOLDER
from renderer.usecases import near
from renderer.usecases.project import open_project
from tests.bench.projects import ENVS, generate, name_of
from tests.support.cases import run
from tests.test_cache import APPS, EDITS, edit, old, spec_of

EXTRA = "apiVersion: v1\nkind: Service\nmetadata: {name: app-00001}\nspec:\n  selector: {app: a}\n"


def own_objects(project: Path, app: int) -> None:
    (project / "extra.yaml").write_text(EXTRA)
    edit(spec_of(project, app), "  env:", "  extraResources: [../extra.yaml]\n  env:")


MORE: dict[str, Callable[[Path, int], object]] = {
    "a host of another": lambda p, n: edit(spec_of(p, n), "[app-00000.", f"[{name_of(4)}."),
    "a host in a comment": lambda p, n: edit(spec_of(p, n), "spec:", f"# not {name_of(4)}.example.com\nspec:"),
    "a selector": lambda p, n: edit(spec_of(p, n), "  env:", "  podLabels:\n    selector: x\n  env:"),
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
        old(project)
    equal(noted, plain, 0)
    assert [path.name for path in (noted / CACHE_FOLDER).glob("*.sealed")] == ["names.sealed"]
    return noted, plain


def equal(noted: Path, plain: Path, app: int) -> None:
    """One app checked and rendered with and without notes: everything about it is equal."""
    wanted = ("--app", name_of(app))
    assert run(noted, "validate", *wanted, "--cached") == run(plain, "validate", *wanted)
    assert run(noted, "render", *wanted) == run(plain, "render", *wanted, "--no-cache")


@pytest.mark.parametrize("name", sorted(STEPS))
def test_runs_with_notes_are_plain_runs_after_each_edit(name: str, pair: tuple[Path, Path]) -> None:
    for project in pair:
        STEPS[name](project, 0)
    for app in (0, 1, 4):
        equal(*pair, app)


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


@pytest.mark.parametrize("text", ["", "\t\t", "0" * 64 + "apps/app-00004.yaml\t1.1.1\t- \n"])
def test_notes_of_somebody_else_say_nothing(text: str, pair: tuple[Path, Path]) -> None:
    notes = pair[0] / CACHE_FOLDER / "names.sealed"
    for project in pair:
        STEPS["a host of another"](project, 0)
    notes.write_bytes(text.encode() or notes.read_bytes().replace(b"app-00004.example.com", b"app-00005.example.com"))
    assert run(pair[0], "validate", "--cached", "--app", name_of(0)).code == 1
    equal(*pair, 0)


def test_a_spec_changed_within_a_tick_of_the_clock_is_not_noted(pair: tuple[Path, Path]) -> None:
    for project in pair:
        soon = time.time() + 3600
        os.utime(spec_of(project, 4), (soon, soon))
    equal(*pair, 0)
    notes = (pair[0] / CACHE_FOLDER / "names.sealed").read_text()
    assert (name_of(3) in notes, f"apps/{name_of(4)}.yaml" in notes) == (True, False)


HOSTS = st.from_regex(r"[a-z0-9*_-]{1,3}(\.[a-z0-9_-]{1,3}){1,3}", fullmatch=True)


@given(st.text("ab.*-_ :/\n\"'[]é", max_size=30).map(str.encode), HOSTS)
def test_what_is_noted_of_a_text_has_every_host_that_the_text_has(text: bytes, host: str) -> None:
    assert near._HOST.fullmatch(host.encode())
    for whole in (text, text[:7] + host.encode() + text[7:]):
        assert (host in near.names_in(whole)) == (host.encode() in whole)


def test_it_is_the_apps_own_files_that_are_noted(pair: tuple[Path, Path]) -> None:
    opened = open_project(str(pair[0]))
    found = re.findall(r"^(\S+)\t", (pair[0] / CACHE_FOLDER / "names.sealed").read_text()[64:], re.MULTILINE)
    texts = {file for app in opened.apps[1:] for file in opened.texts(app)[0]}
    assert set(found) == texts
    assert f"overlays/{ENVS[0]}/apps/{name_of(3)}.yaml" in texts
