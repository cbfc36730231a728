"""The built-in checks against the real PromQL engine: every query in every situation, with the verdict of the metric.

A verdict is what the controller makes of an answer with the metric's own conditions: `pass`, `fail`, or `none`.
No situation with bad requests passes, and none without requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from renderer.render import render
from renderer.spec import app_of
from tests.support.promtool import Question, answers
from tests.support.situations import CALLERS, NOW, OWN, SITUATIONS, STABLE, STEPS, Series, counted, named, steady

CHECKS = {"successRate": 99, "latency": {"p99": 500}, "compare": {"successRate": 0.5, "latency": {"p99": "20%"}}}


def templates(analysis: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """The metrics of a canary at level 2 by name, with the arguments filled in."""
    spec: dict[str, Any] = {
        "image": "a",
        "tag": "1",
        "version": "1",
        "ports": [{"name": "http", "port": 80}],
        "strategy": {"type": "Canary", "router": "istio", "analysis": analysis},
        "canary": {"tag": "2", "version": "2", "weight": 20},
        **more,
    }
    spec = {key: value for key, value in spec.items() if value is not None}
    app = app_of("web", "production", spec, namespace="shop")._replace(level=2)
    found = [each for each in render(app) if each.kind == "AnalysisTemplate"]
    return {metric["name"]: metric for each in found for metric in each.data["spec"]["metrics"]}


def query(metric: Mapping[str, Any]) -> str:
    text: str = metric["provider"]["prometheus"]["query"]
    return text.replace("{{args.version}}", "2").replace("{{args.stable}}", "1").replace("{{args.hash}}", "abc")


def verdict(metric: Mapping[str, Any], answer: float | None) -> str:
    """What the controller makes of the answer: the conditions of the metric, read as they are written."""
    if answer is None:
        return "none"
    held = [_holds(metric[name], answer) for name in ("successCondition", "failureCondition")]
    return "fail" if held[1] else "pass" if held[0] else "none"


def _holds(condition: str, answer: float) -> bool:
    found = re.fullmatch(r"len\(result\) > 0 && result\[0\] (>=|<=|<|>) ([0-9.]+)", condition)
    assert found, condition
    limit = float(found[2])
    return {">=": answer >= limit, "<=": answer <= limit, "<": answer < limit, ">": answer > limit}[found[1]]


def _ask(wanted: Mapping[str, tuple[dict[str, Any], Series]], folder: Path, **more: str) -> dict[str, str]:
    questions = [Question(name, series, query(metric), NOW, **more) for name, (metric, series) in wanted.items()]
    found = answers(questions, folder)
    return {name: verdict(metric, found[name]) for name, (metric, _) in wanted.items()}


def test_success_rate_and_comparison_in_every_situation(tmp_path: Path) -> None:
    metrics = templates(CHECKS)
    names = ("success-rate", "compare-success-rate")
    asked = {
        f"{name}: {case}": (metrics[name], {**STABLE, **series})
        for case, (series, *_) in SITUATIONS.items()
        for name in names
    }
    expected = {
        f"{name}: {case}": verdict
        for case, (_, *verdicts) in SITUATIONS.items()
        for name, verdict in zip(names, verdicts, strict=True)
    }
    assert _ask(asked, tmp_path) == expected


@pytest.mark.parametrize("reporter", ["source", "waypoint"])
def test_success_rate_as_callers_and_waypoints_report_it(reporter: str, tmp_path: Path) -> None:
    metric = templates({"successRate": 99, "reporter": reporter})["success-rate"]
    cases = {name: _by(reporter, series) for name, (series, _) in CALLERS.items()}
    found = _ask({name: (metric, {**STABLE, **series}) for name, series in cases.items()}, tmp_path)
    assert found == {name: verdict for name, (_, verdict) in CALLERS.items()}


def _by(reporter: str, series: Series) -> Series:
    return {name.replace('reporter="source"', f'reporter="{reporter}"'): values for name, values in series.items()}


@pytest.mark.parametrize(("scrape", "steps"), [("15s", 80), ("1m", 20)])
def test_good_and_bad_at_each_scrape_interval(scrape: str, steps: int, tmp_path: Path) -> None:
    """A window of two scrape intervals has an answer wherever between two scrapes it is asked for."""
    metric = templates({"successRate": 99, "window": "30s" if scrape == "15s" else "2m"})["success-rate"]
    values = f"0+200x{steps}"
    questions = [
        Question(f"{code} {second}", counted(values, code), query(metric), f"15m{second}s", scrape)
        for code in ("200", "500")
        for second in range(0, 60, 7)
    ]
    found = answers(questions, tmp_path)
    assert {name: verdict(metric, answer) for name, answer in found.items()} == {
        question.name: "pass" if question.name.startswith("200") else "fail" for question in questions
    }


LIMITS = ("100", "250", "500", "1000", "+Inf")


def durations(version: str, *steps: int) -> Series:
    """A histogram: how many requests a step ends in each bucket, the slowest last."""
    labels = {"reporter": "destination", **OWN, "destination_version": version, "response_code": "200"}
    sums = [sum(steps[: number + 1]) for number in range(len(steps))]
    return {
        named("istio_request_duration_milliseconds_bucket", {**labels, "le": limit}): steady(count)
        for limit, count in zip(LIMITS, sums, strict=True)
    }


# name -> buckets of the canary and of the stable version, the verdict of `p99: 500`, and of `compare: {p99: 20%}`
LATENCIES: dict[str, tuple[Series, Series, str, str]] = {
    "fast": (durations("2", 50, 50, 0, 0, 0), durations("1", 50, 50, 0, 0, 0), "pass", "pass"),
    "slow": (durations("2", 50, 0, 0, 50, 0), durations("1", 50, 50, 0, 0, 0), "fail", "fail"),
    "slower than any bucket": (durations("2", 50, 0, 0, 0, 50), durations("1", 100, 0, 0, 0, 0), "fail", "fail"),
    "as slow as the stable version": (durations("2", 0, 0, 0, 19, 0), durations("1", 0, 0, 0, 99, 0), "fail", "pass"),
    "slower, within the limit": (durations("2", 0, 0, 99, 0, 0), durations("1", 0, 99, 0, 0, 0), "pass", "fail"),
    "too few requests": (durations("2", 1, 0, 0, 0, 0), durations("1", 50, 0, 0, 0, 0), "none", "none"),
    "no series": ({}, durations("1", 50, 50, 0, 0, 0), "none", "none"),
    "no stable version": (durations("2", 50, 50, 0, 0, 0), {}, "pass", "none"),
}


def test_latency_in_every_situation(tmp_path: Path) -> None:
    metrics = templates({**CHECKS, "minRequests": 50})
    names = ("latency-p99", "compare-latency-p99")
    cases = {
        f"{name}: {case}": (metrics[name], {**one, **other})
        for case, (one, other, *_) in LATENCIES.items()
        for name in names
    }
    expected = {
        f"{name}: {case}": verdict
        for case, (_, _, *verdicts) in LATENCIES.items()
        for name, verdict in zip(names, verdicts, strict=True)
    }
    found = _ask(cases, tmp_path)
    assert found == expected


def test_no_answer_for_all_of_patience_is_seen_once_there_was_one_it_is_not(tmp_path: Path) -> None:
    metric = templates({"successRate": 99, "patience": "10m"})["success-rate-data"]
    cases = {
        "never": {},
        "too few for all of it": counted(steady(8)),
        "enough for one window in it": counted(f"0x44 0+30x8 240x{STEPS - 52}"),
        "enough, but before it": counted(f"0+90x8 720x{STEPS - 8}"),
        "always": counted(steady(50), "500"),
    }
    found = answers([Question(name, series, query(metric), NOW) for name, series in cases.items()], tmp_path)
    assert {name for name, answer in found.items() if answer is None} == {
        "never", "too few for all of it", "enough, but before it"
    }  # fmt: skip


POD = {"namespace": "shop", "pod": "web-abc-x1"}


def test_checks_of_pods(tmp_path: Path) -> None:
    metrics = templates(
        {
            "restarts": 1,
            "cpu": "90%",
            "memory": "90%",
            "saturation": {"query": 'max(busy{version="{{version}}"})', "max": 80},
        }
    )
    container = {**POD, "container": "web"}
    asked = {
        resource: {
            named("kube_pod_container_resource_requests", {**container, "resource": resource}): f"{amount}x{STEPS}"
        }
        for resource, amount in (("cpu", 0.5), ("memory", 1000))
    }
    restarts, cpu, memory = (
        "kube_pod_container_status_restarts_total",
        "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes",
    )
    other = {**POD, "pod": "web-def-x1", "container": "web"}
    cases: dict[str, tuple[str, Series, str]] = {
        "one restart": ("restarts", {named(restarts, container): f"0x70 1x{STEPS - 70}"}, "pass"),
        "two restarts": ("restarts", {named(restarts, container): f"0x70 2x{STEPS - 70}"}, "fail"),
        "another version restarts": (
            "restarts", {named(restarts, container): f"0x{STEPS}", named(restarts, other): f"9x{STEPS}"}, "pass"
        ),
        "nobody counts restarts": ("restarts", {}, "none"),
        "little of the CPU": ("cpu", {named(cpu, container): steady(3), **asked["cpu"]}, "pass"),
        "all of the CPU": ("cpu", {named(cpu, container): steady(8), **asked["cpu"]}, "fail"),
        "no request for CPU": ("cpu", {named(cpu, container): steady(8)}, "none"),
        "little of the memory": ("memory", {named(memory, container): f"500x{STEPS}", **asked["memory"]}, "pass"),
        "all of the memory": ("memory", {named(memory, container): f"999x{STEPS}", **asked["memory"]}, "fail"),
        "idle": ("saturation", {'busy{version="2"}': f"20x{STEPS}"}, "pass"),
        "busy": ("saturation", {'busy{version="2"}': f"90x{STEPS}"}, "fail"),
        "another version is busy": ("saturation", {'busy{version="1"}': f"90x{STEPS}"}, "none"),
    }  # fmt: skip
    found = _ask({name: (metrics[metric], series) for name, (metric, series, _) in cases.items()}, tmp_path)
    assert found == {name: expected for name, (*_, expected) in cases.items()}


def test_each_metric_says_what_follows_from_no_data() -> None:
    for given, strategy, failing in (
        ({}, {}, True),
        ({"onNoData": "pause"}, {}, False),
        ({}, {"steps": [{"setWeight": 20}, {"pause": {}}]}, False),
        ({"onNoData": "abort"}, {"steps": [{"setWeight": 20}, {"pause": {}}]}, True),
    ):
        analysis = {"successRate": 99, **given}
        canary = {"tag": "2"} if strategy else {"tag": "2", "weight": 20}
        whole = {"type": "Canary", "router": "istio", "analysis": analysis, **strategy}
        metric = templates(analysis, strategy=whole, canary=canary)["success-rate-data"]
        assert metric["inconclusiveLimit"] == metric["failureLimit"] == 0
        assert ("failureCondition" not in metric) is failing


def test_patience_may_be_endless_where_an_environment_says_so() -> None:
    assert [*templates({"successRate": 99, "onNoData": "pass"})] == ["success-rate"]


def _texts() -> Iterator[str]:
    for reporter in ("destination", "source", "waypoint"):
        for metric in templates(
            {**CHECKS, "reporter": reporter, "restarts": 1, "cpu": "90%", "memory": "90%"}
        ).values():
            yield query(metric)


def test_every_query_is_promql() -> None:
    texts = [*_texts()]
    assert len(texts) > 30
    for text in texts:
        promql_parser.parse(text)


def promotion(field: str, checks: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """The metrics before or after a promotion at level 2, by name."""
    strategy = {"type": "BlueGreen", field: {**checks, **more}}
    return templates({}, strategy=strategy, canary=None, preview={"tag": "2", "version": "2"})


OF_PODS = {"restarts": 1, "cpu": "90%", "memory": "90%", "saturation": {"query": "busy", "max": 80}}


def test_a_promotion_is_measured_by_the_queries_of_a_canary() -> None:
    """So each of them has passed through every situation above; only how often it is made differs."""
    requests = {"successRate": 99, "latency": {"p99": 500}}
    for field, checks in (("prePromotionAnalysis", OF_PODS), ("postPromotionAnalysis", {**requests, **OF_PODS})):
        found, canary = promotion(field, checks, patience="10m"), templates(checks)
        assert found.keys() == canary.keys()
        for name, metric in found.items():
            assert query(metric) == query(canary[name])
            for condition in ("successCondition", "failureCondition"):
                assert metric.get(condition) == canary[name].get(condition)


def test_an_analysis_of_a_promotion_ends_and_has_had_an_answer() -> None:
    found = promotion("postPromotionAnalysis", {"successRate": 99}, count=4, interval="2m", failureLimit=1)
    measured, answered = found["success-rate"], found["success-rate-data"]
    assert (measured["count"], measured["inconclusiveLimit"], measured["failureLimit"]) == (4, 4, 1)
    assert (measured["initialDelay"], measured["interval"]) == ("2m", "2m")
    assert (answered["count"], answered["initialDelay"], "interval" in answered) == (1, "8m", False)
    assert "[8m:2m]" in query(answered)  # of all the time that was measured


def test_a_preview_is_asked_at_its_own_service() -> None:
    before = promotion("prePromotionAnalysis", {"web": {"path": "/health"}, "job": {"args": ["smoke"]}})
    assert before["web"]["provider"]["web"]["url"] == "http://web-preview.shop.svc.cluster.local:80/health"
    after = promotion("postPromotionAnalysis", {"web": {"path": "/health"}})
    assert after["web"]["provider"]["web"]["url"] == "http://web.shop.svc.cluster.local:80/health"
    spec = before["job"]["provider"]["job"]["spec"]
    assert spec["backoffLimit"] == 0
    (container,) = spec["template"]["spec"]["containers"]
    assert (container["image"], container["args"]) == ("a:2", ["smoke"])
