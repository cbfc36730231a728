"""The parts of the board that show the clusters: what they say, when they are sent, and that they are safe."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from renderer.board.live import live_parts, source_line, sparkline
from renderer.board.page import live_texts
from renderer.live.model import (
    AnalysisState,
    ApplicationState,
    Live,
    LiveApp,
    LiveEnvironment,
    LiveVersion,
    Role,
    Series,
    Source,
    SourceState,
    VersionStatistics,
)
from renderer.web.source import News
from renderer.web.stream import Follower, events_text
from tests.support.board import EVIL, NOW, Browser, Values, board

OWN = ("production", "web")
READ = Source(SourceState.READ, good=NOW)
LOST = Source(SourceState.LOST, "connection refused", NOW - timedelta(seconds=40))
NO_PROMETHEUS = Source(SourceState.MISSING, "add spec.clusters.production.prometheus")
HALF_HOUR = Series(NOW, 60, (None, *range(30)))


def live_app(text: str = "1.5.0", app: str = "web") -> LiveApp:
    versions = (
        LiveVersion("1.4.2", Role.STABLE, 4, 4, 80.0),
        LiveVersion(text, Role.CANARY, 0, 1, 20.0),
    )
    return LiveApp(
        "production",
        app,
        "shop",
        ("Rollout",),
        versions,
        "Degraded",
        text,
        step=1,
        steps=3,
        is_aborted=True,
        behind=(text,),
        application=ApplicationState(text, "OutOfSync", "Degraded", text, text),
        analysis=(AnalysisState(text, "Failed", text),),
    )


def statistics(text: str = "1.5.0") -> tuple[VersionStatistics, ...]:
    series = dict.fromkeys(("requests", "success", "p50"), HALF_HOUR)
    stable = VersionStatistics("1.4.2", 12.5, 99.95, {"p50": 3.2, "p95": 12, "p99": 40}, series)
    return (stable, VersionStatistics(text))


def live(text: str = "1.5.0", cluster: Source = READ, prometheus: Source = READ, number: int = 1) -> Live:
    apps = {"web": live_app(text), "api": live_app(app="api")}
    return Live(
        NOW, {"production": LiveEnvironment("production", cluster, prometheus, apps, {"web": statistics(text)})}, number
    )


def words(html: str) -> str:
    """The text of a part as a person reads it."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_part_says_what_runs() -> None:
    short = words(live_texts(live_parts(live()), whole=False)["production web"])
    for said in (
        "controller aborted",
        "cluster is behind Git",
        "Degraded",
        "Stable 1.4.2 : 4/4 pods Ready, 80 % of the traffic, 12.5/s, 99.95 % success",
        "Canary 1.5.0 : 0/1 pods Ready, 20 % of the traffic, no traffic",
    ):
        assert said in short


def test_numbers_that_are_old_are_not_in_a_list() -> None:
    lost = words(live_texts(live_parts(live(prometheus=LOST)), whole=False)["production web"])
    assert "12.5/s" not in lost


def test_a_list_of_apps_has_no_numbers_of_what_is_at_rest() -> None:
    healthy = replace(live_app(), versions=live_app().versions[:1], is_aborted=False)
    environment = replace(live().environments["production"], apps={"web": healthy})
    shown = replace(live(), environments={"production": environment})
    assert [part.statistics for _, part in live_parts(shown)] == [()]
    assert [len(part.statistics) for _, part in live_parts(shown, OWN)] == [2]


def test_a_whole_part_has_canary_and_stable_side_by_side() -> None:
    html = live_texts(live_parts(live(), OWN), whole=True)["production web"]
    whole = words(html)
    assert "1 of 3 steps done" in whole
    assert "Argo CD, 1.5.0 : OutOfSync, Degraded" in whole.replace("1.5.0:", "1.5.0 :")
    assert "Analysis 1.5.0: Failed: 1.5.0" in whole
    assert "12.5/s" in whole
    assert "99.95 %" in whole
    rows = re.findall(r"<tr class=.*?><th scope=\"row\">.*?</tr>", html, re.S)
    assert [words(row).count("no traffic") for row in rows] == [0, 5], "no traffic is not 100 %"
    assert 'aria-label="Requests a second of 1.4.2 in the last 30 minutes"' in html


def test_without_prometheus_it_says_how_to_add_it() -> None:
    environment = replace(live().environments["production"], prometheus=NO_PROMETHEUS, statistics={})
    html = live_texts(live_parts(Live(NOW, {"production": environment})), whole=True)["production web"]
    assert "No statistics: add spec.clusters.production.prometheus" in words(html)
    assert '<th scope="col">Success' not in html


def test_what_a_lost_cluster_said_is_marked_as_old() -> None:
    for whole in (False, True):
        html = live_texts(live_parts(live(cluster=LOST)), whole=whole)["production web"]
        assert "The cluster does not answer: this is what it said at 2026-03-01T11:59:20Z" in words(html)
        assert 'class="live old"' in html
    assert source_line(LOST, "The cluster", NOW) == (
        "The cluster does not answer: connection refused; what is shown is 40 s old"
    )
    assert source_line(READ, "The cluster", NOW) == ""
    assert source_line(Source(SourceState.STARTING), "The cluster", NOW) == "The cluster: not read yet"


@pytest.mark.parametrize("whole", [False, True])
def test_no_text_of_a_cluster_becomes_a_tag(whole: bool) -> None:
    class Shape(HTMLParser):
        def __init__(self, page: str) -> None:
            super().__init__()
            self.found: list[tuple[str, list[str]]] = []
            self.feed(page)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found.append((tag, [name for name, _ in attrs]))

    shapes = []
    for text in ("1.5.0", EVIL):
        source = Source(SourceState.LOST, text, NOW)
        shown = live(text, source, source)
        shapes.append(Shape(live_texts(live_parts(shown), whole=whole)["production web"]).found)
    assert shapes[0] == shapes[1]


def test_a_stream_sends_what_has_changed() -> None:
    follower = Follower()
    first = follower.news(live())
    assert set(first["apps"]) == {"production web", "production api"}
    assert follower.news(live(number=2)) == {}
    changed = live(number=3)
    apps = {"web": replace(live_app(), phase="Healthy")}
    environment = replace(changed.environments["production"], apps=apps)
    news = follower.news(replace(changed, environments={"production": environment}))
    assert news["apps"]["production api"] == ""
    assert set(news) == {"apps", "alarms"}
    later = live(cluster=LOST, number=4)
    assert "40 s old" in follower.news(later)["sources"]["production"]


def test_alarms_are_listed_where_all_apps_are_and_end_with_their_cause() -> None:
    follower = Follower()
    rung = words(follower.news(live())["alarms"]["all"])
    assert "web in production controller aborted cluster is behind Git Degraded 1.5.0" in rung
    environment = live().environments["production"]
    healthy = replace(live_app(), phase="Healthy", is_aborted=False, behind=())
    calm = replace(live(number=2), environments={"production": replace(environment, apps={"web": healthy})})
    assert follower.news(calm)["alarms"] == {"all": ""}
    assert "alarms" not in follower.news(replace(calm, number=3))
    assert "alarms" not in Follower(OWN).news(live())


def test_a_list_of_alarms_has_an_end() -> None:
    apps = {f"app-{number:02}": live_app(app=f"app-{number:02}") for number in range(53)}
    environment = replace(live().environments["production"], apps=apps)
    rung = words(Follower().news(replace(live(), environments={"production": environment}))["alarms"]["all"])
    assert "app-49 in production" in rung
    assert "app-50 in production" not in rung
    assert rung.endswith("and 3 more")


def test_the_page_of_an_app_gets_its_own_part_alone() -> None:
    news = Follower(("production", "web")).news(live())
    assert set(news["apps"]) == {"production web"}
    assert "<table>" in news["apps"]["production web"]


def test_a_gap_in_a_line_is_no_zero() -> None:
    drawn = sparkline(Series(NOW, 60, (1.0, None, 2.0, 3.0)), "x")
    assert re.findall(r'd="([^"]*)"', drawn) == ["M0.0 15.7h0M80.0 8.3h0L120.0 1.0"]
    assert 'd=""' in sparkline(Series(NOW, 60, (None, None)), "x")


def test_events_are_lines_of_one_json_each() -> None:
    text = events_text(Follower(), News("2", live(EVIL + "\n\ndata: x")))
    names = [line for line in text.splitlines() if line.startswith("event: ")]
    assert names == ["event: files", "event: live"]
    (data,) = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    assert set(json.loads(data)) == {"apps", "alarms"}


def test_a_page_of_the_server_has_places_for_the_parts() -> None:
    values = Values(board())
    values.live = [live()]
    own = Browser(values).log_in()
    assert 'data-live="production web"' in own.get("/").text
    assert "data-own" in own.get("/apps/production/web.html").text
    with own.stream("GET", "/events?version=2&env=production&app=web") as answer:
        assert "In the cluster now" in "".join(answer.iter_text())
