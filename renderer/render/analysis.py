"""Analyses of a canary, and before and after a promotion: templates by reference, and the built-in checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.checks import ANALYSES, NAMES, TEMPLATE_FILE, Checks, checks_of, duration
from renderer.manifest import Manifest
from renderer.render import analysis_first, promotion_checks, promql
from renderer.render.objects import manifest, wave
from renderer.render.pods import template_labels
from renderer.render.promql import Requests
from renderer.spec import App, Strategy

_OWN = ("dryRun", "measurementRetention", "analysisRunMetadata", "startingStep")  # Argo Rollouts' own fields
_NEVER = 1_000_000  # measurements: more than any run takes
_RETRY = 10  # seconds after which the controller repeats a measurement that had an error
_VERSION, _STABLE, _HASH = ("{{args.version}}", "{{args.stable}}", "{{args.hash}}")

Query = tuple[str, str, str]  # the metric's name, its query, and what the answer must be: `>= 99`


def analysis_of(app: App, strategy: Strategy, field: str = "analysis") -> dict[str, Any]:
    """One of ANALYSES as the Rollout states it; empty where the spec asks for none."""
    fields = strategy.fields.get(field) or {}
    built_in = [template.name for template in _templates(app, strategy, field)]
    if not built_in and field != "analysis":
        return dict(fields)
    if not fields:
        return {}
    found: dict[str, Any] = {
        "templates": [*({"templateName": name} for name in built_in), *fields.get("templates", ())]
    }
    args = [*(_args(app, strategy, field) if built_in else ()), *fields.get("args", ())]
    if args:
        found["args"] = args
    if built_in and app.level > 1 and field == "analysis":
        found["startingStep"] = 1  # when the first weight is set; before, nothing can be measured
    found.update((key, fields[key]) for key in _OWN if key in fields)
    return found


def templates(app: App) -> list[Manifest]:
    """The AnalysisTemplates of the built-in checks."""
    return [template for field in ANALYSES for template in _templates(app, app.strategy, field)]


def _templates(app: App, strategy: Strategy, field: str) -> list[Manifest]:
    checks = checks_of(strategy, field)
    if checks is None or strategy.type != ("Canary" if field == "analysis" else "BlueGreen"):
        return []
    if app.level == 1 and field == "analysis":
        metrics = analysis_first.metrics(app, strategy.fields["analysis"])
        return [_template(app, name, [{"name": "version"}], each) for name, each in metrics.items()]
    metrics = {name: _metrics(checks, queries) for name, queries in _queries(app, checks).items()}
    metrics |= promotion_checks.metrics(app, checks.fields, field)
    args = [{"name": arg["name"]} for arg in _args(app, strategy, field)]
    return [_template(app, f"{ANALYSES[field]}{name}", args, each) for name, each in metrics.items()]


def _template(app: App, name: str, args: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> Manifest:
    body = {"spec": {**({"args": args} if args else {}), "metrics": metrics}}
    api, file = "argoproj.io/v1alpha1", f"{TEMPLATE_FILE}{name}.yaml"
    own = {"name": f"{app.name}-{name}", "annotations": wave(-1)}
    return manifest(app, file, api, "AnalysisTemplate", body, own)


def _args(app: App, strategy: Strategy, field: str) -> list[dict[str, Any]]:
    """What the queries ask for: the versions, and the hash that names the new version's pods."""
    args: list[dict[str, Any]] = [{"name": "version", "value": app.running.version}]
    checks = checks_of(strategy, field)
    asked = checks.fields if checks and app.level > 1 else {}
    if asked and not asked.keys() & {*NAMES}:
        return []
    if "compare" in asked:
        args.append({"name": "stable", "value": app.stable.version})
    if asked.keys() & {"restarts", "cpu", "memory"}:
        args.append({"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}})
    return args


def _queries(app: App, checks: Checks) -> dict[str, list[Query]]:
    """The queries by the name of their template."""
    canary, stable = (_requests(app, checks, version) for version in (_VERSION, _STABLE))
    window, least = duration(checks.window), checks.min_requests
    asked, pods = checks.fields, f"{app.name}-{_HASH}-.*"
    found: dict[str, list[Query]] = {}
    if "successRate" in asked:
        query = promql.success_rate(canary, window, least)
        found["success-rate"] = [("success-rate", query, f">= {asked['successRate']}")]
    if "latency" in asked:
        found["latency"] = [
            (f"latency-{name}", canary.quantile(f"0.{name[1:]}", window, _enough(name, least)), f"<= {limit}")
            for name, limit in sorted(asked["latency"].items())
        ]
    if "compare" in asked:
        found["compare"] = [*_compared(asked["compare"], canary, stable, window, least)]
    if "restarts" in asked:
        found["restarts"] = [("restarts", promql.restarts(app.namespace, pods), f"<= {asked['restarts']}")]
    for name in ("cpu", "memory"):
        if name in asked:
            found[name] = [(name, promql.usage(name, app.namespace, pods, window), f"<= {asked[name].rstrip('%')}")]
    if "saturation" in asked:
        query = asked["saturation"]["query"].replace("{{version}}", _VERSION)
        found["saturation"] = [("saturation", query, f"<= {asked['saturation']['max']}")]
    return found


def _compared(asked: dict[str, Any], canary: Requests, stable: Requests, window: str, least: int) -> Iterator[Query]:
    if "successRate" in asked:
        query = promql.surely_worse(canary, stable, window, least)
        yield "compare-success-rate", query, f"<= {asked['successRate']}"
    for name, limit in sorted(asked.get("latency", {}).items()):
        query = promql.slower(canary, stable, f"0.{name[1:]}", window, _enough(name, least))
        yield f"compare-latency-{name}", query, f"<= {limit.rstrip('%')}"


def _enough(percentile: str, least: int) -> int:
    """How many requests a percentile needs, so that at least one of them can be above it."""
    return max(least, round(100 / (100 - int(percentile[1:]))))


def _requests(app: App, checks: Checks, version: str) -> Requests:
    return Requests(app.service_name, app.namespace, template_labels(app, app.running), version, checks.reporter)


def _metrics(checks: Checks, queries: list[Query]) -> list[dict[str, Any]]:
    """Each query with its verdict; and, where something follows from it, whether it could say anything at all."""
    found = [_metric(checks, name, query, limit) for name, query, limit in queries]
    if checks.on_no_data != "pass":
        found += [_no_data(checks, name, query) for name, query, _ in queries]
    return found


def _metric(checks: Checks, name: str, query: str, limit: str) -> dict[str, Any]:
    """An answer passes or fails. No answer does neither, and the run continues."""
    opposite = {">=": "<", "<=": ">"}[limit[:2]] + limit[2:]
    return {
        "name": name,
        "initialDelay": duration(checks.initial_delay),
        "interval": duration(checks.interval),
        "failureLimit": checks.failure_limit,
        "inconclusiveLimit": checks.times or _NEVER,
        "consecutiveErrorLimit": _errors(checks),
        **({"count": checks.times} if checks.times else {}),
        "successCondition": f"len(result) > 0 && result[0] {limit}",
        "failureCondition": f"len(result) > 0 && result[0] {opposite}",
        "provider": {"prometheus": {"address": checks.prometheus, "query": query}},
    }


def _no_data(checks: Checks, name: str, query: str) -> dict[str, Any]:
    """Whether the query had an answer at any time within `patience`."""
    asked = promql.answered(query, duration(checks.patience), duration(checks.interval))
    metric = {
        "name": f"{name}-data",
        "initialDelay": duration(checks.patience),
        "interval": duration(checks.interval),
        "failureLimit": 0,
        "inconclusiveLimit": 0,
        "consecutiveErrorLimit": _errors(checks),
        "successCondition": "len(result) > 0",
        "provider": {"prometheus": {"address": checks.prometheus, "query": asked}},
    }
    if checks.times:
        del metric["interval"]
        metric["count"] = 1
    if checks.on_no_data == "pause":
        metric["failureCondition"] = "false"  # neither passed nor failed: the controller pauses
    return metric


def _errors(checks: Checks) -> int:
    """How many errors in a row the run survives: a Prometheus that is down for a while must not abort it."""
    return _NEVER if checks.on_no_data == "pass" else max(4, checks.patience // _RETRY)
