"""`rollspec analysis`: verdicts on answers, what is shown of them, and tests of queries by promtool."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from renderer.report.analysis import Measured, measured_text
from renderer.usecases.analysis import queries_of, verdict
from renderer.usecases.project import open_project
from tests.support.cases import FIXTURES, lay_out, run
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
