"""`status` goes by what an earlier run read: it says the same, and reads only the specs that changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from renderer.layout import CACHE_FOLDER
from renderer.usecases.project import Opened
from renderer.workers import SMALL
from tests.support.cases import run
from tests.support.past import PROJECT, WEB, Repository, without_clock
from tests.support.stamps import settable

APPS = [f"app-{number:02}" for number in range(SMALL + 5)]
Edit = Callable[[Repository], None]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Enough apps that it matters, two environments, a canary, an app with plain manifests; all files are old."""
    settable(monkeypatch)
    made = Repository(tmp_path / "repository", start={"rollspec.yaml": PROJECT})
    for app in APPS:
        made.app(app, WEB)
    made.overlay("staging")
    made.partial("  canary: {tag: 1.5.0, weight: 5}\n", app=APPS[0])
    made.write("manifests/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n")
    made.app(APPS[1], WEB + "  extraResources: [manifests/more.yaml]\n")
    made.commit("begin")
    old(made.folder)
    return made


def old(project: Path) -> None:
    for path in project.rglob("*.yaml"):
        os.utime(path, ns=(1_700_000_000_000_000_001, 1_700_000_000_000_000_001))


def tag(repository: Repository) -> None:
    repository.app(APPS[7], WEB.replace("1.4.2", "1.4.3"))


def partial(repository: Repository) -> None:
    repository.partial("  canary: {tag: 1.6.0, weight: 50}\n", app=APPS[8], env="staging")


def partial_gone(repository: Repository) -> None:
    repository.partial("", app=APPS[0])


def overlay(repository: Repository) -> None:
    repository.overlay("staging", "  defaults: {paused: true}\n")


def app_gone(repository: Repository) -> None:
    (repository.folder / f"apps/{APPS[9]}.yaml").unlink()


def app_new(repository: Repository) -> None:
    repository.app("another", WEB)


def unreadable(repository: Repository) -> None:
    repository.write(f"apps/{APPS[3]}.yaml", "apiVersion: [\n")


def manifest_gone(repository: Repository) -> None:
    (repository.folder / "manifests/more.yaml").unlink()


def committed(repository: Repository) -> None:
    tag(repository)
    repository.commit("another tag")


def said(repository: Repository, *more: str) -> tuple[int, str, str]:
    """Without what the clock says."""
    done = run(repository.folder, "status", "--format", "json", *more)
    return done.code, without_clock(done.out), done.err


@pytest.mark.parametrize("is_old", [True, False])
@pytest.mark.parametrize(
    "edit",
    [tag, partial, partial_gone, overlay, app_gone, app_new, unreadable, manifest_gone, committed],
)
def test_it_says_the_same_with_and_without_a_cache(
    edit: Edit, is_old: bool, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(repository)
    edit(repository)
    if is_old:
        for name in ("apps", "overlays"):
            for path in (repository.folder / name).rglob("*.yaml"):
                os.utime(path, ns=(1_700_000_000_000_000_002, 1_700_000_000_000_000_002))
    warm = [said(repository), said(repository)]
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "")
    assert warm == [said(repository)] * 2


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The apps whose files are read."""
    found: list[str] = []
    plain = Opened.texts

    def texts(self: Opened, app: str, *more: object) -> object:
        found.append(app)
        return plain(self, app, *more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Opened, "texts", texts)
    monkeypatch.setattr("renderer.workers.processors", lambda: 1)
    return found


def test_only_what_changed_is_read_again(repository: Repository, read: list[str]) -> None:
    said(repository)
    assert sorted(read) == sorted([*APPS, "web"])
    read.clear()
    said(repository)
    assert read == [APPS[1]]  # its plain manifests may be gone
    read.clear()
    tag(repository)
    said(repository)
    assert sorted(read) == [APPS[1], APPS[7]]


def test_a_few_apps_are_read_without_the_cache(repository: Repository, read: list[str]) -> None:
    said(repository, "--app", APPS[2])
    assert read == [APPS[2]]
    assert not (repository.folder / CACHE_FOLDER).exists()


def test_what_somebody_else_wrote_says_nothing(repository: Repository) -> None:
    """The specs of the cache with another tag, under the seal of those without it."""
    before = said(repository)
    (path,) = (repository.folder / CACHE_FOLDER).glob("states*")
    text = path.read_bytes()
    path.write_bytes(text.replace(b"1.4.2", b"6.6.6"))
    assert b"6.6.6" in path.read_bytes()
    assert said(repository) == before
