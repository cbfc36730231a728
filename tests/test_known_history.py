"""`status` and `history` go by what an earlier run found in Git: they say the same, and search only what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from renderer import git
from renderer.layout import CACHE_FOLDER
from renderer.usecases import known_past, known_since, past, since
from tests.support.cases import run
from tests.support.past import WEB, Repository, without_clock

COMMANDS = (("status",), ("status", "--app", "web"), ("history", "web"), ("history", "other"))
Edit = Callable[[Repository], None]


@pytest.fixture(autouse=True)
def _remembers_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_past, "_MANY", 1)
    monkeypatch.setattr(known_since, "_LONG", 0)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two apps with a history: a canary in flight, and one that was aborted."""
    made = Repository(tmp_path / "repository")
    made.app("other", WEB)
    made.commit("begin")
    for tag in ("1.5.0", "1.6.0", "1.7.0"):
        made.app("other", WEB.replace("1.4.2", tag))
        made.commit(f"other {tag}")
    made.app("web", WEB + "  canary: {tag: 1.5.0, version: v2, weight: 10}\n")
    made.commit("a canary")
    made.app("web", WEB + "  canary: {tag: 1.5.0, version: v2, weight: 20}\n")
    made.commit("its weight")
    made.app("other", "image: [")
    made.commit("unreadable")
    made.app("other", WEB + "  aborted: {tag: 1.5.0, version: v2}\n")
    made.commit("aborted")
    return made


def nothing(_: Repository) -> None:
    pass


def weight(repository: Repository) -> None:
    repository.app("web", WEB + "  canary: {tag: 1.5.0, version: v2, weight: 40}\n")
    repository.commit("another weight")


def there_and_back(repository: Repository) -> None:
    text = (repository.folder / "apps/web.yaml").read_text()
    weight(repository)
    repository.write("apps/web.yaml", text)
    repository.commit("back")


def not_committed(repository: Repository) -> None:
    repository.app("web", WEB + "  canary: {tag: 1.6.0, version: v2, weight: 40}\n")


def overlay(repository: Repository) -> None:
    repository.overlay("production", "  defaults: {paused: true}\n")
    repository.commit("all are paused")


def new_environment(repository: Repository) -> None:
    repository.overlay("staging")
    repository.commit("staging")


def rewritten(repository: Repository) -> None:
    repository.git("reset", "--quiet", "--hard", "HEAD~3")
    weight(repository)


def other_branch(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "another", "HEAD~3")


def merged(repository: Repository) -> None:
    """What was known is the second parent now: it is not in the first-parent line."""
    repository.git("branch", "topic")
    repository.git("reset", "--quiet", "--hard", "HEAD~3")
    repository.write("README", "another commit\n")
    repository.commit("aside")
    repository.git("merge", "--quiet", "--no-edit", "topic")


def fetched_merge(repository: Repository) -> None:
    """What was known is the first parent."""
    repository.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    repository.overlay("staging")
    repository.commit("staging")
    repository.git("checkout", "--quiet", "-")
    repository.git("merge", "--quiet", "--no-edit", "topic")


def gone(repository: Repository) -> None:
    """The commits are no longer in the repository."""
    rewritten(repository)
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")


def mailmap(repository: Repository) -> None:
    repository.write(".mailmap", "The Team <a.team@example.com>\n<a.team@example.com> <a team@example.com>\n")


def app_gone(repository: Repository) -> None:
    (repository.folder / "apps/other.yaml").unlink()
    repository.commit("without it")


def said(repository: Repository) -> list[tuple[int, str, str]]:
    """What the commands say, without what the clock says."""
    done = [run(repository.folder, *words, "--format", "json") for words in COMMANDS]
    return [(each.code, without_clock(each.out), each.err) for each in done]


@pytest.mark.parametrize(
    "edit",
    [
        *(nothing, weight, there_and_back, not_committed, overlay, new_environment, rewritten, other_branch),
        *(merged, fetched_merge, gone, mailmap, app_gone),
    ],
)
def test_they_say_the_same_with_and_without_a_memory(
    edit: Edit, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(repository)
    assert {path.name for path in (repository.folder / CACHE_FOLDER).glob("*.sealed")} == {
        "past.sealed",
        "since.sealed",
    }
    edit(repository)
    warm = [said(repository), said(repository)]
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "")
    assert warm == [said(repository)] * 2


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the commits whose files git names."""
    found: list[str] = []

    def counted(*arguments: object, **more: object) -> Iterator[object]:
        for commit, touches in git.log_files(*arguments, **more):  # type: ignore[arg-type]  # passed on as they came
            found.append(commit.sha)
            yield commit, touches

    monkeypatch.setattr(past, "log_files", counted)
    monkeypatch.setattr(since, "log_files", counted)
    return found


def test_only_new_commits_are_searched(repository: Repository, searched: list[str]) -> None:
    said(repository)
    assert len(searched) > 8
    searched.clear()
    said(repository)
    assert searched == []
    weight(repository)
    said(repository)
    assert {*searched} == {repository.git("rev-parse", "HEAD").strip()}


def test_a_short_history_leaves_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_past, "_MANY", 1000)
    monkeypatch.setattr(known_since, "_LONG", 200)
    said(repository)
    assert not (repository.folder / CACHE_FOLDER).exists()


def test_a_shallow_clone_leaves_nothing(repository: Repository) -> None:
    clone = repository.folder.parent / "clone"
    repository.git("clone", "--quiet", "--depth", "3", f"file://{repository.folder}", str(clone))
    assert run(clone, "status").code == run(clone, "history", "web").code == 0
    assert not (clone / CACHE_FOLDER).exists()


def test_four_apps_are_kept(repository: Repository) -> None:
    names = ("one", "two", "three", "four")
    for name in names:
        repository.app(name, WEB)
    repository.commit("more apps")
    for name in ("web", *names):
        repository.text("history", name)
    (kept,) = (repository.folder / CACHE_FOLDER).glob("past.sealed")
    assert [name for name in ("web", *names) if f'"{name}"' in kept.read_text()] == [*names]
