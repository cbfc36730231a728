"""`rollspec analysis`: verdicts on answers, what is shown of them, and tests of queries by promtool."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from renderer.report.analysis import Measured, measured_text
from renderer.usecases.analysis import queries_of, verdict
from renderer.usecases.project import open_project
from tests.support.cases import FIXTURES, Outcome, lay_out, run
from tests.tools import promtool

LIMITS = {
    "successCondition": "len(result) > 0 && result[0] >= 99",
    "failureCondition": "len(result) > 0 && result[0] < 99",
}


@pytest.mark.parametrize(
    ("metric", "answer", "expected"),
    [
        (LIMITS, [99.5], "passed"),
        (LIMITS, [98.0], "failed"),
        (LIMITS, [], "empty"),
        (LIMITS, [float("nan")], "inconclusive"),
        ({"successCondition": "result[0] < 5"}, [4.0], "passed"),
        ({"successCondition": "result[0] < 5"}, [6.0], "failed"),
        ({"successCondition": "result[0] < 5"}, [], "empty"),
        ({"failureCondition": "result[0] > 5"}, [4.0], "passed"),
        ({"successCondition": "len(result) == 0 || isNaN(result[0]) || result[0] >= 99"}, [], "passed"),
        ({"successCondition": "result[0] <"}, [4.0], "error"),
        ({"successCondition": "not (result[0] / 2 + 1 > 5) && true"}, [4.0], "passed"),
        ({"successCondition": "all(result, # < 5)"}, [4.0], "error"),  # not evaluated here, and said so
    ],
)
def test_a_verdict_is_the_controllers(metric: dict[str, str], answer: list[float], expected: str) -> None:
    assert verdict(metric, answer) == expected


def test_what_did_not_pass_is_shown_with_its_times() -> None:
    measured = Measured("production", "success-rate", 0, 60, ("passed", "empty", "empty", "passed", "failed"))
    assert measured_text([measured], "text") == (
        "success-rate in production: would have passed 2 of 5 times\n"
        "  empty 2 times (1970-01-01 00:01-1970-01-01 00:02)\n"
        "  failed 1 times (1970-01-01 00:04)\n"
    )
    (data,) = json.loads(measured_text([measured], "json"))["metrics"]
    assert data["counts"] == {"passed": 2, "empty": 2, "failed": 1}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    case = FIXTURES / "ok" / "analysis-level-2"
    return lay_out(case, tmp_path / "project", leave=frozenset(("expected", "warnings.txt")))


def test_a_prometheus_that_does_not_answer_is_no_verdict(project: Path) -> None:
    done = run(project, "analysis", "check", "web", "--env", "production", "--prometheus", "http://127.0.0.1:9")
    assert done.code == 3
    assert run(project, "analysis", "check", "web", "--prometheus", "file:///etc/passwd").code == 2
    assert run(project, "analysis", "check", "web", "--at", "yesterday").code == 2


@contextmanager
def prometheus(status: int, body: str) -> Iterator[str]:
    """The address of a server that answers each question so."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(f"HTTP/1.0 {status} -\r\n\r\n{body}".encode() if status else body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def answer(*values: tuple[float, str]) -> str:
    return json.dumps({"data": {"result": [{"metric": {"version": "v1"}, "values": values}]}})


def check(project: Path, address: str, *more: str) -> Outcome:
    words = ["--env", "production", "--prometheus", address, "--at", "1970-01-02T00:00:00", "--last", "2m", *more]
    return run(project, "analysis", "check", "web", *words)


def test_each_query_is_judged_at_each_time(project: Path) -> None:
    with prometheus(200, answer((86280, "99.5"), (86340, "NaN"), (86400, "98"))) as address:
        outcome = check(project, address)
    assert (outcome.code, outcome.err) == (0, "")
    assert "success-rate in production: would have passed 1 of 3 times" in outcome.out
    assert "failed 1 times (1970-01-02 00:00)" in outcome.out


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, "parse error\x1b[31m", "api/v1/query_range: 400\n"),
        (0, "hello\r\n", "this is not an answer of a Prometheus"),
        (200, "<html>", "this is not an answer of a Prometheus"),
        (200, "[" * 100_000, "this is not an answer of a Prometheus"),
        (200, '{"data": {"resultType": "scalar", "result": [1, "2"]}}', "this is not an answer of a Prometheus"),
        (200, answer((1, "many")), "this is not an answer of a Prometheus"),
    ],
)
def test_an_answer_that_cannot_be_read_is_no_verdict(project: Path, status: int, body: str, message: str) -> None:
    with prometheus(status, body) as address:
        outcome = check(project, address)
    assert (outcome.code, message in outcome.err) == (3, True), outcome.err


def test_more_measurements_than_prometheus_answers_are_not_asked_for(project: Path) -> None:
    assert "has more than" in check(project, "http://127.0.0.1:9", "--last", "9000h").err


def test_a_project_or_an_app_with_problems_has_no_queries(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{promtool().parent}{os.pathsep}{os.environ['PATH']}")
    for file, problem in (("apps/web.yaml", "spec: {tag: [}\n"), ("overlays/production/overlay.yaml", "spec: 1\n")):
        text = (project / file).read_text()
        (project / file).write_text(problem)
        for words in (("check", "web"), ("test", "web", "test.yaml")):
            outcome = run(project, "analysis", *words, "--env", "production")
            assert (outcome.code, file in outcome.err) == (1, True), outcome.err
        (project / file).write_text(text)
    text = (project / "apps/web.yaml").read_text()
    (project / "apps/web.yaml").write_text(text.replace("tag: ", "tag: 1 # "))
    assert run(project, "analysis", "check", "web", "--env", "production").code == 1
    (project / "link.yaml").symlink_to("/etc/hostname")
    (project / "apps/web.yaml").write_text(f"{text}  extraResources: [../link.yaml]\n")
    assert run(project, "analysis", "check", "web", "--env", "production").code == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory"),
        ("a: [", "test.yaml:2:1: yaml-syntax: "),
        ("[1]", "this is not a test file of promtool"),
        ("tests: [1]", "this is not a test file of promtool"),
    ],
)
def test_another_file_is_no_test(
    project: Path, text: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{promtool().parent}{os.pathsep}{os.environ['PATH']}")
    if text is not None:
        (project / "test.yaml").write_text(text)
    outcome = run(project, "analysis", "test", "web", str(project / "test.yaml"), "--env", "production")
    assert (outcome.code > 0, message in outcome.err) == (True, True), outcome.err


def test_queries_are_tested_by_their_names(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{promtool().parent}{os.pathsep}{os.environ['PATH']}")
    labels = 'reporter="destination",destination_workload_namespace="shop",destination_app="web"'
    labels += ',destination_version="1.5.0"'
    series = f'istio_requests_total{{{labels},response_code="500"}}'
    for expected, code in ((0, 0), (50, 1)):
        test = {
            "interval": "15s",
            "input_series": [{"series": series, "values": "0+50x40"}],
            "promql_expr_test": [
                {"expr": "success-rate", "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": expected}]}
            ],
        }
        file = project / "test.yaml"
        file.write_text(json.dumps({"evaluation_interval": "15s", "tests": [test]}))
        assert run(project, "analysis", "test", "web", str(file), "--env", "production").code == code


def test_queries_of_a_promotion_are_named_by_when_they_are_asked(tmp_path: Path) -> None:
    case = FIXTURES / "ok" / "analysis-blue-green"
    folder = lay_out(case, tmp_path / "project", leave=frozenset(("expected", "warnings.txt")))
    opened = open_project(str(folder))
    queries = {query.name: query.text for query in queries_of(opened, "web", ("production",))}
    assert {"pre-restarts", "pre-memory-data", "post-success-rate", "post-latency-p99"} <= queries.keys()
    assert not [name for name, text in queries.items() if "{{" in text]
