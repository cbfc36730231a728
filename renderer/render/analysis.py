"""Background analysis of a canary: templates by reference, and built-in checks of Istio's metrics."""

from __future__ import annotations

from typing import Any

from renderer.manifest import Manifest
from renderer.render.objects import manifest, wave
from renderer.spec import App, Strategy

_PROMETHEUS = "http://prometheus.istio-system:9090"
_REQUESTS = "istio_requests_total"
_DURATIONS = "istio_request_duration_milliseconds_bucket"


def background_analysis(app: App, strategy: Strategy) -> dict[str, Any]:
    """`canary.analysis` of the Rollout; empty where the spec asks for none."""
    fields = strategy.fields.get("analysis")
    if not fields:
        return {}
    built_in = [{"templateName": name} for name in _metrics(app, fields)]
    found: dict[str, Any] = {"templates": [*built_in, *fields.get("templates", ())]}
    args = list(fields.get("args", ()))
    if built_in:
        args.insert(0, {"name": "version", "value": app.running.version})
    if args:
        found["args"] = args
    if "startingStep" in fields:
        found["startingStep"] = fields["startingStep"]
    return found


def templates(app: App) -> list[Manifest]:
    """The AnalysisTemplates of the built-in checks."""
    fields = app.strategy.fields.get("analysis")
    return [_template(app, name, metrics) for name, metrics in _metrics(app, fields or {}).items()]


def _metrics(app: App, fields: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    if "successRate" in fields:
        found[f"{app.name}-success-rate"] = [_success_rate(app, fields)]
    if "latency" in fields:
        percentiles = sorted(fields["latency"].items())
        found[f"{app.name}-latency"] = [_latency(app, fields, name, limit) for name, limit in percentiles]
    return found


def _template(app: App, name: str, metrics: list[dict[str, Any]]) -> Manifest:
    file = f"analysis-template-{name.removeprefix(app.name + '-')}.yaml"
    body = {"spec": {"args": [{"name": "version"}], "metrics": metrics}}
    api = "argoproj.io/v1alpha1"
    return manifest(app, file, api, "AnalysisTemplate", body, name=name, annotations=wave(-1))


def _success_rate(app: App, fields: dict[str, Any]) -> dict[str, Any]:
    window = fields.get("interval", "1m")
    good = f'sum(rate({_REQUESTS}{{{_labels(app)},response_code!~"5.."}}[{window}]))'
    every = f"sum(rate({_REQUESTS}{{{_labels(app)}}}[{window}]))"
    return _metric(fields, "success-rate", f">= {fields['successRate']}", f"100 * {good} / {every}")


def _latency(app: App, fields: dict[str, Any], name: str, limit: int) -> dict[str, Any]:
    window = fields.get("interval", "1m")
    buckets = f"sum(rate({_DURATIONS}{{{_labels(app)}}}[{window}])) by (le)"
    return _metric(fields, f"latency-{name}", f"<= {limit}", f"histogram_quantile(0.{name[1:]}, {buckets})")


def _metric(fields: dict[str, Any], name: str, limit: str, query: str) -> dict[str, Any]:
    """A metric that passes while the canary has no requests: there is nothing to judge then."""
    return {
        "name": name,
        "interval": fields.get("interval", "1m"),
        "failureLimit": fields.get("failureLimit", 2),
        "successCondition": f"len(result) == 0 || isNaN(result[0]) || result[0] {limit}",
        "provider": {"prometheus": {"address": fields.get("prometheus", _PROMETHEUS), "query": query}},
    }


def _labels(app: App) -> str:
    return (
        f'reporter="destination",destination_workload_namespace="{app.namespace}",'
        f'destination_app="{app.name}",destination_version="{{{{args.version}}}}"'
    )
