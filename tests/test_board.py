"""The board: pages from values, safe with any text, and written from a repository by the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.board.chart import chart, seconds_text
from renderer.board.model import STATES, AppPage, Board, PastEntry
from renderer.board.page import app_page, index_page
from renderer.history import Flight, Standing, VersionName
from renderer.report.possible import possible
from tests.support.board import EVIL, TIMELINE, Tags, board
from tests.support.cases import run
from tests.support.past import WEB, Repository
from tests.support.repository import git


def pages(made: Board) -> list[str]:
    past = (PastEntry(made.title, (made.title,), "aborted"),)
    page = AppPage(made.releases[0], made.now, made.head, past, {"rendered/x.yaml": made.title}, (made.title,))
    return [index_page(made), app_page(page)]


@pytest.mark.parametrize("number", [0, 1])
def test_a_page_loads_nothing_and_allows_only_its_own_script_and_style(number: int) -> None:
    page = pages(board())[number]
    found = Tags(page).tags
    outside = [
        (tag, name, value)
        for tag, attributes in found
        for name, value in attributes.items()
        if name in ("src", "href", "action", "srcset", "data") and value and re.match(r"[a-z]+:|//", value)
    ]
    assert outside == []
    assert not [name for _, attributes in found for name in attributes if name.startswith("on") or name == "style"]
    (policy,) = [attributes["content"] or "" for tag, attributes in found if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.parametrize("number", [0, 1])
def test_no_text_becomes_a_tag(number: int) -> None:
    harmless, evil = (Tags(pages(board(text))[number]).tags for text in ("web", EVIL))
    assert [tag for tag, _ in evil] == [tag for tag, _ in harmless]
    assert [sorted(attributes) for _, attributes in evil] == [sorted(attributes) for _, attributes in harmless]


@given(st.text())
def test_text_of_any_kind_changes_no_structure(text: str) -> None:
    shape = [[tag for tag, _ in Tags(page).tags] for page in pages(board("web"))]
    assert [[tag for tag, _ in Tags(page).tags] for page in pages(board(text or "web"))] == shape


def test_the_script_gets_every_quiet_app_once() -> None:
    page = index_page(board(EVIL, quiet=3))
    (text,) = re.findall(r'<script type="application/json" id="quiet">(.*?)</script>', page)
    data = json.loads(text)
    assert [row[0] for row in data["rows"]] == ["app-00000", "app-00001", "app-00002"]
    assert data["texts"][data["rows"][0][2]] == "1.0.0\tRollingUpdate"


def test_thirty_thousand_cells_stay_under_six_megabytes() -> None:
    assert len(index_page(board(quiet=15_000))) < 6_000_000


def test_a_page_is_headed_labelled_and_in_one_language() -> None:
    page = index_page(board())
    found = Tags(page).tags
    assert ("html", {"lang": "en"}) in found
    assert [tag for tag, _ in found if tag in ("h1", "main", "table", "caption", "footer")].count("h1") == 1
    labels = {attributes.get("for") for tag, attributes in found if tag == "label"}
    inputs = {attributes.get("id") for tag, attributes in found if tag in ("input", "select")}
    assert inputs <= labels
    assert all(attributes.get("scope") for tag, attributes in found if tag == "th")
    assert all(attributes.get("aria-label") for tag, attributes in found if tag == "svg")


def test_a_chart_holds_each_share_until_the_next() -> None:
    drawn = chart(TIMELINE, "web")
    shares = re.findall(r'<path d="([^"]*)" class="share (v\d)"', drawn)
    assert [name for _, name in shares] == ["v0", "v1"]
    assert shares[1][0].count("V") == 1  # one rise, from 0 to 20 %
    assert "v2 20 %" in drawn
    assert [seconds_text(each) for each in (3.2, 600, 9000)] == ["3 s", "10 min", "2.5 h"]


FLIGHT = Flight("canary", VersionName("1.5.0", "v2"), 20, False)


def standing(**changes: Any) -> Standing:
    base = Standing("Canary", "istio", VersionName("1.4.2", "v1"), None, False, None, None)
    return base._replace(**changes)


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (standing(), ["pause", "restart", "undo"]),
        (
            standing(flight=FLIGHT),
            ["weight", "promote", "abort", "pause", "restart"],
        ),
        (
            standing(flight=Flight("canary", VersionName("1.5.0", "v2"), None, False)),
            ["promote", "abort", "pause", "restart"],
        ),
        (
            standing(flight=Flight("canary", VersionName("1.5.0", "v2"), 100, False)),
            ["promote", "abort", "pause", "restart"],
        ),
        (standing(aborted=VersionName("1.5.0", "v2")), ["retry", "pause", "restart", "undo"]),
        (standing(undone=VersionName("1.5.0", "v2")), ["pause", "restart", "undo"]),
        (standing(paused=True), ["resume"]),
        (standing(paused=True, flight=FLIGHT), ["resume", "abort"]),
        (standing(stage="from RollingUpdate"), ["switch", "switch", "pause"]),
    ],
)
def test_the_commands_fit_the_state(state: Standing, verbs: list[str]) -> None:
    *found, look = possible(state, "web", "production", has_previous=True)
    assert [line.split()[1] for line in found] == verbs
    assert look == "kubectl argo rollouts get rollout web"


def test_the_command_writes_an_index_and_a_page_for_what_is_in_flight(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    outcome = run(repository.folder, "board", "--output", "public")
    assert (outcome.code, outcome.err) == (0, "")
    index = (repository.folder / "public/index.html").read_text()
    assert 'aria-label="20 % of the traffic goes to 1.5.0"' in index
    assert "rollspec promote web --commit" in index
    page = (repository.folder / "public/apps/production/web.html").read_text()
    assert "rollout.yaml" in page
    assert "canary 1.5.0 in place of" in page


@pytest.mark.parametrize(("freeze", "said", "verbs"), [
    ("", "", ["weight", "promote", "abort"]),
    ("{schedule: 0 0 1 1 *, duration: 1s}", "", ["weight", "promote", "abort"]),
    ("{schedule: 0 0 * * *, duration: 24h}", "only abort, undo may pass; the others need --break-glass", ["abort"]),
    ("{schedule: 0 0 * * *, duration: 24h, verbs: []}", "each verb needs --break-glass REASON", []),
])  # fmt: skip
def test_a_board_in_a_freeze_shows_only_the_commands_that_may_pass(
    tmp_path: Path, freeze: str, said: str, verbs: list[str]
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.overlay("production", f"  freeze: [{freeze}]\n")
    repository.overlay("staging")
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    repository.rendered()
    assert repository.run("board").code == 0
    for file in ("index.html", "apps/production/web.html"):
        page = (repository.folder / "board" / file).read_text()
        assert re.findall(r"rollspec (weight|promote|abort) web", page) == verbs
        assert ("is frozen until" in page, said in page) == (bool(said), True)
        assert "kubectl argo rollouts get rollout web" in page


def test_an_abort_and_an_undo_have_their_plans(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.app("api", WEB.replace("web", "api"))
    repository.rendered()
    for words in (
        ("release", "web", "1.5.0", "--weight", "20"),
        ("abort", "web"),
        *(("release", "api", "1.5.0", "--weight", "20"), ("promote", "api"), ("undo", "api")),
    ):
        repository.text(*words, "--commit")
    repository.text("board")
    page = (repository.folder / "board/index.html").read_text()
    assert "there is no plan of it" not in page
    for what in ("1.5.0 is stopped; 1.4.2 gets all the traffic", "back to 1.4.2"):
        assert what in page, what


def test_one_environment_in_one_file(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    assert run(repository.folder, "board", "--single", "one.html", "--env", "production").code == 0
    assert 'href="apps/' not in (repository.folder / "one.html").read_text()
    assert run(repository.folder, "board", "--single", "one.html").code == 2


def test_every_state_is_styled() -> None:
    style = (Path(__file__).parent.parent / "renderer/board/pages/board.css").read_text()
    assert [state for state in STATES if f".{state}" not in style] == []


def test_what_cannot_be_read_or_planned_is_on_the_board_with_its_reason(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.app("api", WEB.replace("web", "api"))
    repository.overlay("staging", "  apps: []\n")
    repository.commit("begin")
    repository.verb("release", "web", "1.5.0", "--weight", "20", "--env", "production")
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n  readinessProbe: {httpGet: {path: /, port: nowhere}}\n")
    repository.write("apps/api.yaml", "spec: [\n")
    repository.commit("break")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository.folder}", "clone")
    outcome = run(tmp_path / "clone", "board", "--output", "public")
    assert (outcome.code, "shallow" in outcome.err) == (1, True)
    assert "apps/api.yaml" in (tmp_path / "clone/public/apps/production/api.html").read_text()
    assert run(repository.folder, "board", "--output", "public").code == 1
    assert "probe-handler: a probe needs" in (repository.folder / "public/apps/production/web.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--single", "board.html", "--env", "production", "--all"], 2, "--single writes one page: leave --all out"),
        (["--output", "rollspec.yaml/public"], 3, "rollspec.yaml/public: not a directory"),
        (["--output", "rendered/board"], 2, "contains the project's or Git's files"),
        (["--output", "."], 2, "contains the project's or Git's files"),
    ],
)
def test_a_board_that_cannot_be_written_says_why(tmp_path: Path, words: list[str], code: int, message: str) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    outcome = run(repository.folder, "board", *words)
    assert (outcome.code, message in outcome.err) == (code, True), outcome.err


def test_a_project_with_problems_has_no_board(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("rollspec.yaml", "spec: [\n")
    outcome = run(repository.folder, "board")
    assert (outcome.code, "rollspec.yaml" in outcome.err) == (1, True)
