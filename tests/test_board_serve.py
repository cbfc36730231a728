"""The served board on real repositories: it follows Git, and acts as the verbs do on the command line."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest

from renderer.board.model import Board
from renderer.failure import Failure
from renderer.usecases.board import BoardOptions
from renderer.usecases.live_reading import LiveReader
from renderer.usecases.project import open_project
from renderer.usecases.serve import Files, ServeOptions, _clusters, _prepare_branch
from renderer.web.source import News, Reading
from tests.support.board import Browser, Values, flying, server
from tests.support.cases import run
from tests.support.past import PROJECT, WEB, Repository
from tests.support.repository import git

PAGE = "/apps/production/web"


def files(repository: Repository, **changes: Any) -> Files:
    options = BoardOptions(str(repository.folder), datetime.now(UTC))
    made = Files(ServeOptions(options, allow_commits=True, **changes), open_project(str(repository.folder)))
    made.patience = 600
    return made


def browser(repository: Repository, **changes: Any) -> Browser:
    return Browser(files(repository, **changes)).log_in()


def act(own: Browser, verb: str, **fields: str) -> str:
    """Look at what an action changes, commit it, and read the page that follows."""
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    status, text = own.submit(f"{PAGE}/{verb}", own.fields(f"{PAGE}/{verb}?{query}"))
    assert status == 303, text
    return own.get(f"{PAGE}.html").text


def log(repository: Repository, *options: str) -> list[str]:
    return git(repository.folder, "log", "--format=%s", *options).splitlines()


def test_a_release_is_driven_by_clicks(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    own = browser(repository)
    assert 'aria-label="20 % of the traffic goes to 1.5.0"' in own.get("/").text
    preview = own.get(f"{PAGE}/weight?weight=50").text
    assert "canary-step: canary 1.5.0: 20 % -&gt; 50 %" in preview  # the plan's sentence
    assert "Simulated traffic and Ready pods of web in production" in preview  # its timeline
    assert '<span class="added">+    weight: 50' in preview  # the diff
    assert "rollspec weight web 50 --env production --commit" in preview
    assert len(log(repository)) == 2, "looking changes nothing"
    assert "1.4.2 stable, canary 1.5.0 at 20 % -&gt; 1.4.2 stable, canary 1.5.0 at 50 %" in act(
        own, "weight", weight="50"
    )
    assert "Done: promote web in production" in act(own, "promote")
    assert log(repository)[0] == "deploy(production): promote web 1.5.0"
    assert run(repository.folder, "render", "--check").code == 0
    assert "stable 1.5.0" in own.get(f"{PAGE}.html").text
    assert git(repository.folder, "status", "--porcelain") == ""


def test_a_commit_is_the_one_that_the_verb_makes(tmp_path: Path) -> None:
    clicked, typed = flying(Repository(tmp_path / "clicked")), flying(Repository(tmp_path / "typed"))
    act(browser(clicked), "abort")
    assert run(typed.folder, "abort", "web", "--env", "production", "--commit").code == 0
    trees = [git(each.folder, "log", "-1", "--format=%T %B") for each in (clicked, typed)]
    assert trees[0] == trees[1]


def test_what_has_changed_since_it_was_shown_is_not_committed(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    own = browser(repository)
    fields = own.fields(f"{PAGE}/promote")
    repository.verb("weight", "web", "30")
    own.submit(f"{PAGE}/promote", fields)
    page = own.get(f"{PAGE}.html").text
    assert "Not done: promote web in production" in page
    assert "the repository has a new commit since this was shown" in page
    assert log(repository)[0].startswith("deploy(production): weight")


def test_what_the_command_line_refuses_is_refused_with_its_words(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    always = '  freeze:\n    - {schedule: "0 0 * * *", duration: 24h, description: holidays}\n'
    repository.overlay("production", always)
    repository.commit("freeze")
    own = browser(repository)
    page = own.get(f"{PAGE}.html").text
    assert page.count("(holidays): only abort, undo may pass; the others need --break-glass REASON") == 1
    assert (" abort web " in page, " promote web " in page) == (True, False)  # among the commands
    page = own.get(f"{PAGE}/promote").text
    said = run(repository.folder, "promote", "web", "--env", "production", "--commit").err
    assert "(holidays): `promote` must wait" in page
    assert said.split("(holidays)")[1].strip() in page.replace("&#39;", "'")
    assert 'class="go"' not in page
    passed = act(own, "promote", **{"break-glass": "fire"})
    assert "Done: promote web" in passed
    assert "fire" in git(repository.folder, "log", "-1", "--format=%B")


def test_a_policy_refuses_on_the_page_as_it_does_on_the_command_line(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.overlay("production", "  policy: {digests: true}\n")
    digest = f"1.4.2@sha256:{'0' * 64}"
    repository.app("web", WEB.replace("tag: 1.4.2", f"tag: {digest}"))
    repository.rendered()
    own = browser(repository)
    page = own.get(f"{PAGE}/release?tag=1.5.0&weight=20").text
    said = run(repository.folder, "release", "web", "1.5.0", "--weight", "20", "--env", "production", "--commit")
    assert said.code == 1
    assert "policy-images" in said.err + said.out
    lines = [line.strip() for line in (said.err + said.out).splitlines() if line.strip()]
    assert [line for line in lines if line not in unescape(page)] == []
    assert 'class="go"' not in page, "there is no button to commit it"
    assert len(log(repository)) == 1


def test_uncommitted_specs_stop_a_commit(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    own = browser(repository)
    spec = repository.folder / "apps/web.yaml"
    spec.write_text(spec.read_text().replace("replicas: 4", "replicas: 5"))
    said = act(own, "promote")
    assert "changed since the last commit: `git stash push -- apps/web.yaml` puts the edit aside" in said
    assert len(log(repository)) == 2


def test_commits_are_pushed(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    repository.git("remote", "add", "origin", str(tmp_path / "remote"))
    branch = git(repository.folder, "symbolic-ref", "--short", "HEAD").strip()
    repository.git("push", "--quiet", "origin", branch)
    own = browser(repository, push=True)
    assert f"rollspec: pushed to {branch} of origin" in act(own, "weight", weight="50")
    assert git(tmp_path / "remote", "log", "-1", "--format=%s", branch).startswith("deploy(production): weight")

    git(tmp_path, "clone", "--quiet", "--branch", branch, str(tmp_path / "remote"), "other")
    other = tmp_path / "other"
    (other / "note").write_text("x")
    git(other, "add", "note")
    git(other, "-c", "user.name=o", "-c", "user.email=o@example.com", "commit", "--quiet", "-m", "of somebody else")
    git(other, "push", "--quiet", "origin", branch)
    assert "somebody else has pushed" in act(own, "promote")
    assert log(repository)[0] == "of somebody else"
    assert f"rollspec: pushed to {branch} of origin" in act(own, "promote")


def test_the_page_of_a_broken_project_says_what_is_wrong(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    own = browser(repository)
    project = repository.folder / "rollspec.yaml"
    before = project.read_text()
    project.write_text(before + "  nonsense: 1\n")
    page = own.get("/").text
    assert "The project cannot be read" in page
    assert "rollspec.yaml:5" in page
    project.write_text(before)
    assert "All apps" in own.get("/").text


def test_a_reading_that_takes_long_shows_how_far_it_is(tmp_path: Path) -> None:
    source = files(flying(Repository(tmp_path / "repository")))
    heard: list[Reading] = []
    source._hear = heard.append  # type: ignore[method-assign, assignment]  # a recorder

    async def ask() -> tuple[object, object]:
        source.patience = 0
        _, first = await source.board()
        source.patience = 600
        _, second = await source.board()
        return first, second

    first, second = asyncio.run(ask())
    assert first == Reading()
    assert isinstance(second, Board)
    assert heard == [Reading("reading apps", 1, 1), Reading("making plans", 1, 1)]


def test_the_page_of_a_long_reading_asks_again(tmp_path: Path) -> None:
    answer = Browser(Values(Reading("reading apps", 1200, 10_000))).log_in().get("/")
    assert answer.status_code == 202
    assert "Reading apps: 1,200 of 10,000" in answer.text
    assert '<progress id="bar" max="10000" value="1200">' in answer.text
    assert '<meta http-equiv="refresh" content="1">' in answer.text
    assert "max=" not in Browser(Values(Reading())).log_in().get("/").text, "nobody knows how far it is"


def test_secrets_are_not_on_a_page(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    value = "hunter2-and-more-of-it"
    repository.partial(f"  env: {{DB_PASSWORD: {value}}}\n")
    run(repository.folder, "render")
    repository.commit("begin")
    own = browser(repository)
    pages = [own.get("/").text, own.get(f"{PAGE}.html").text, own.get(f"{PAGE}/release?tag=2.0.0").text]
    assert "DB_PASSWORD" in pages[1]
    assert [value in page for page in pages] == [False] * 3


def test_a_stream_follows_the_files_and_the_commits(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    source = files(repository)

    async def follow() -> list[str]:
        version, _ = await source.board()
        stream: AsyncIterator[News] = source.changes(version)
        seen = [version]
        spec = repository.folder / "apps/web.yaml"
        for text in (spec.read_text() + "# a\n", spec.read_text() + "# ab\n"):
            spec.write_text(text)
            seen.append((await asyncio.wait_for(anext(stream), 60)).version)
        repository.commit("edit")
        seen.append((await asyncio.wait_for(anext(stream), 60)).version)
        source.is_closing = True
        assert [each async for each in stream] == []
        return seen

    assert len(set(asyncio.run(follow()))) == 4


def test_the_command_prints_an_address_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    with server(repository.folder) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        opener = build_opener(ProxyHandler({}))
        with opener.open(address, timeout=60) as answer:
            assert "Go on to the board" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_a_branch_is_checked_out_for_the_commits(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    options = ServeOptions(
        BoardOptions(str(repository.folder), datetime.now(UTC)), allow_commits=True, branch="board/web"
    )
    _prepare_branch(str(repository.folder), options)
    act(browser(repository), "abort")
    assert log(repository, "board/web")[0].startswith("deploy(production): abort")
    assert len(log(repository, "board/web")) == 3
    _prepare_branch(str(repository.folder), options)  # it exists now
    with pytest.raises(Failure):
        _prepare_branch(str(repository.folder), ServeOptions(options.board, allow_commits=True, branch="-x"))


def test_it_says_where_it_pushes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    git(repository.folder, "remote", "add", "origin", str(tmp_path / "remote"))
    options = ServeOptions(BoardOptions(str(repository.folder), datetime.now(UTC)), allow_commits=True, push=True)
    _prepare_branch(str(repository.folder), options)
    assert capsys.readouterr().err == "rollspec: each commit is pushed to main of origin\n"
    git(repository.folder, "switch", "--quiet", "--detach")
    with pytest.raises(Failure, match="no branch is checked out"):
        _prepare_branch(str(repository.folder), options)


def test_it_does_not_begin_where_it_cannot(tmp_path: Path) -> None:
    repository = flying(Repository(tmp_path / "repository"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(repository.folder, "board", "--serve", "--port", str(port))
    assert (done.code, f"port {port} of 127.0.0.1 cannot be used" in done.err) == (2, True)
    repository.write("rollspec.yaml", "kind: Project\n")
    done = run(repository.folder, "board", "--serve")
    assert (done.code, "rollspec.yaml:" in done.err) == (1, True)


def test_a_stream_looks_at_the_app_of_its_page_and_goes_on_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    repository = flying(Repository(tmp_path / "repository"))
    repository.write("rollspec.yaml", PROJECT + "  clusters: {production: {}}\n")
    opened = open_project(str(repository.folder))

    async def follow(source: Files) -> str:
        (repository.folder / ".git/HEAD").write_text("nothing")
        return (await asyncio.wait_for(anext(source.changes("", ("production", "web"))), 60)).version

    with _clusters(opened, ()) as reader:
        assert isinstance(reader, LiveReader)
        source = Files(files(repository).options, opened, reader)
        assert asyncio.run(follow(source)).startswith("unknown: ")
        assert set(reader._looked) == {("production", "web")}


@pytest.mark.parametrize("words", [("--branch", "x"), ("--push",)])
def test_options_about_commits_need_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    repository = Repository(tmp_path / "repository")
    outcome = run(repository.folder, "board", "--serve", *words)
    assert (outcome.code, "needs --allow-commits" in outcome.err) == (2, True)
    assert run(repository.folder, "board", *words).code == 2


def test_without_the_extra_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "repository")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "renderer.usecases.server", raising=False)
    outcome = run(repository.folder, "board", "--serve")
    assert (outcome.code, "python3 -m pip install 'kr8s<1,>=0.20.15' " in outcome.err) == (3, True)
