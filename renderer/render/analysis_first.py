"""The built-in checks as render level 1 has them: they pass without data. Their bytes never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.checks import PROMETHEUS
from renderer.spec import App

_REQUESTS = "istio_requests_total"
_DURATIONS = "istio_request_duration_milliseconds_bucket"


def metrics(app: App, fields: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The metrics of the built-in checks, by the name of their template."""
    found = {}
    if "successRate" in fields:
        found["success-rate"] = [_success_rate(app, fields)]
    if "latency" in fields:
        percentiles = sorted(fields["latency"].items())
        found["latency"] = [_latency(app, fields, name, limit) for name, limit in percentiles]
    return found


def _success_rate(app: App, fields: Mapping[str, Any]) -> dict[str, Any]:
    window = fields.get("interval", "1m")
    good = f'sum(rate({_REQUESTS}{{{_labels(app)},response_code!~"5.."}}[{window}]))'
    every = f"sum(rate({_REQUESTS}{{{_labels(app)}}}[{window}]))"
    return _metric(fields, "success-rate", f">= {fields['successRate']}", f"100 * {good} / {every}")


def _latency(app: App, fields: Mapping[str, Any], name: str, limit: int) -> dict[str, Any]:
    window = fields.get("interval", "1m")
    buckets = f"sum(rate({_DURATIONS}{{{_labels(app)}}}[{window}])) by (le)"
    return _metric(fields, f"latency-{name}", f"<= {limit}", f"histogram_quantile(0.{name[1:]}, {buckets})")


def _metric(fields: Mapping[str, Any], name: str, limit: str, query: str) -> dict[str, Any]:
    """A metric that passes while the canary has no requests: there is nothing to judge then."""
    return {
        "name": name,
        "interval": fields.get("interval", "1m"),
        "failureLimit": fields.get("failureLimit", 2),
        "successCondition": f"len(result) == 0 || isNaN(result[0]) || result[0] {limit}",
        "provider": {"prometheus": {"address": fields.get("prometheus", PROMETHEUS), "query": query}},
    }


def _labels(app: App) -> str:
    return (
        f'reporter="destination",destination_workload_namespace="{app.namespace}",'
        f'destination_app="{app.name}",destination_version="{{{{args.version}}}}"'
    )
