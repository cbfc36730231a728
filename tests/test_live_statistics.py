"""The numbers of versions: what the real PromQL engine answers, and what is asked of a Prometheus."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from renderer.live.model import SourceState
from renderer.live.queries import QUERIES
from renderer.usecases.live_reading import LiveReader
from renderer.usecases.project import open_project
from renderer.usecases.prometheus_reading import PrometheusReading
from tests.support.past import Repository
from tests.support.promtool import Question, answers

TEXTS = {query.name: query for query in QUERIES}
FLEET = [f"app-{number:04}" for number in range(2000)]


def answered(app: str, *, code: str = "200", grpc: str = "", more: str = "0+60x40") -> dict[str, str]:
    """A counter of Istio, scraped every 15 seconds."""
    labels = {
        "reporter": "destination",
        "destination_workload_namespace": "shop",
        "destination_app": app,
        "destination_version": "v2",
        "response_code": code,
        "grpc_response_status": grpc,
    }
    text = ",".join(f'{name}="{value}"' for name, value in labels.items() if value)
    return {f"istio_requests_total{{{text}}}": more}


def asked(name: str, query: str, series: dict[str, str], apps: list[str] | None = None) -> Question:
    return Question(name, series, f"sum({TEXTS[query].of(['shop'], apps=apps)})", "9m")


def test_the_real_engine_counts_errors_of_grpc(tmp_path: Path) -> None:
    """GRPC answers 200 with a status of its own: 13 is a server's error, 5 (not found) and 16 are not."""
    good, of_web = answered("web", grpc="0", more="0+90x40"), answered("web-2")
    internal, absent = answered("web", grpc="13", more="0+10x40"), answered("web", grpc="5", more="0+10x40")
    found = answers(
        [
            asked("requests", "requests", good | internal),
            asked("errors", "success", good | internal),
            asked("not found", "success", good | absent),
            asked("only errors", "success", internal),
            asked("http", "success", good | answered("web", code="503", more="0+10x40")),
            asked("no traffic", "success", answered("web", grpc="0", more="100+0x40")),
            asked("others are left out", "requests", good | of_web, ["web"]),
            asked("a name with a hyphen", "requests", good | of_web, ["web-2"]),
            asked("of nobody", "requests", good, ["we"]),
        ],
        tmp_path,
    )
    assert found == {
        "requests": pytest.approx(100 / 15, rel=0.01),
        "errors": pytest.approx(90),
        "not found": pytest.approx(100),
        "only errors": pytest.approx(0),
        "http": pytest.approx(90),
        "no traffic": None,
        "others are left out": pytest.approx(90 / 15, rel=0.01),
        "a name with a hyphen": pytest.approx(60 / 15, rel=0.01),
        "of nobody": None,
    }


@contextmanager
def listener() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """An address that answers every question with nothing, and the paths and queries that it was asked."""
    heard: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.path.rpartition("/")[2], parse_qs(body)["query"][0]))
            answer = json.dumps({"data": {"result": []}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


def of_a_minute(shown: frozenset[str]) -> list[tuple[str, str]]:
    """What a minute of reading asks."""
    with listener() as (address, heard):
        reading = PrometheusReading(address, ["shop"], QUERIES)
        for second in range(0, 60, 5):
            reading.ask(1000.0 + second, shown)
        assert reading.source.state is SourceState.READ
        return heard


def test_a_fleet_at_rest_costs_one_question_a_query() -> None:
    heard = of_a_minute(frozenset())
    assert [path for path, _ in heard].count("query") == len(heard) == 60
    assert not [text for _, text in heard if FLEET[0] in text]


def test_the_past_is_asked_for_what_is_shown_alone() -> None:
    heard = of_a_minute(frozenset(FLEET[:3]))
    past = [text for path, text in heard if path == "query_range"]
    assert (len(past), len(heard)) == (10, 70)
    assert all('destination_app=~"app\\\\-0000|app\\\\-0001|app\\\\-0002"' in text for text in past)


def test_what_somebody_begins_to_look_at_is_asked_for_at_once() -> None:
    with listener() as (address, heard):
        reading = PrometheusReading(address, ["shop"], QUERIES)
        for second, shown in ((0, set()), (5, {"a"}), (10, {"a", "b"}), (15, {"b"}), (20, set())):
            heard.clear()
            reading.ask(1000.0 + second, frozenset(shown))
            assert [path for path, _ in heard].count("query_range") == (5 if second in (5, 10) else 0)


def test_only_a_known_app_can_be_looked_at(tmp_path: Path) -> None:
    """The names come from a browser."""
    repository = Repository(tmp_path / "repository")
    repository.rendered()
    reader = LiveReader(open_project(str(repository.folder)), ["production"])
    for app in ("web", 'x"} or vector(1) #'):
        reader.look_at("production", app)
        reader.look_at("nowhere", app)
    assert reader._shown("production") == {"web"}
