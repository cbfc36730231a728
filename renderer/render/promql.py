"""Queries of the built-in checks, as PromQL text: each answers with one number, or nothing if it has no data to judge.

Every query is about one version of the app, and counts requests from 0 when a counter first appears in the window:
`rate` alone does not see what the first sample of a new series holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

REQUESTS = "istio_requests_total"
BUCKETS = "istio_request_duration_milliseconds_bucket"
_BEFORE = "1h"  # how far back a series may have its last sample and still be the same one
# The gRPC statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
# DATA_LOSS.
GOOD = 'response_code!~"5..",grpc_response_status!~"2|4|12|13|14|15"'
# A client that went away is nobody's fault: Envoy reports it with code 0.
ANSWERED = 'response_code!="0"'
# Envoy's flags of a request that no answer came back for: the version's own proxy did not report it.
_LOST = 'response_flags=~".*(UF|UH|UC|UT|NC|LR).*"'


class Requests(NamedTuple):
    """The requests to one version, as Istio reports them."""

    app: str
    namespace: str
    labels: Mapping[str, str]  # of the pods
    version: str  # the text for it in queries: a version, or a placeholder
    reporter: str = "destination"

    def series(self, metric: str, *more: str, reporter: str = "") -> str:
        """The series in which the reporter counts the version's requests."""
        by = reporter or self.reporter
        if by == "destination":
            named = [
                f'destination_workload_namespace="{self.namespace}"',
                _either("destination_app", _values(self.labels, "app.kubernetes.io/name", "app")),
                f'destination_version="{self.version}"',
            ]
        else:  # a caller that reached no pod knows the Service, but not the version
            named = [
                f'destination_service_namespace="{self.namespace}"',
                f'destination_service_name="{self.app}"',
                f'destination_canonical_revision=~"{self.version}|unknown"',
            ]
        matchers = ",".join([f'reporter="{by}"', *named, *more])
        return f"{metric}{{{matchers}}}"

    def all(self, window: str) -> str:
        """The number of requests; nothing if there is no series."""
        found = increase(self.series(REQUESTS, ANSWERED), window)
        if self.reporter == "destination":
            lost = increase(self.series(REQUESTS, _LOST, reporter="source"), window)
            found += f"\n  or{lost[1:]}"
        return f"sum(\n{found}\n)"

    def good(self, window: str) -> str:
        """How many did not end in a server's error."""
        return f"(sum(\n{increase(self.series(REQUESTS, ANSWERED, GOOD), window)}\n) or vector(0))"

    def quantile(self, quantile: str, window: str, least: int) -> str:
        """The latency in milliseconds below which that share of the requests is, where there were enough of them."""
        buckets = increase(self.series(BUCKETS), window)
        count = increase(self.series(BUCKETS, 'le="+Inf"'), window)
        return f"(histogram_quantile({quantile}, sum by (le) (\n{buckets}\n)) and on () sum(\n{count}\n) >= {least})"


def increase(series: str, window: str) -> str:
    """What each counter grew by in the window; one that was not there before grew from 0."""
    before = f"last_over_time({series}[{_BEFORE}] offset {window})"
    return "\n".join(
        (
            f"  increase({series}[{window}])",
            f"    and {before}",
            f"  or max_over_time({series}[{window}])",
            f"    unless {before}",
        )
    )


def success_rate(requests: Requests, window: str, least: int) -> str:
    """The percent of the requests that did not end in a server's error, where there were at least that many."""
    return f"100 * {requests.good(window)} / ({requests.all(window)} >= {least})"


def surely_worse(canary: Requests, stable: Requests, window: str, least: int) -> str:
    """By how many percentage points the canary's share of errors is above the stable version's, beyond chance.

    Of `bad` errors at the canary, `(sqrt(bad + 1.92) - 1.85) ^ 2` are counted: the expected number E for which `bad` is
    E + 3.7 sqrt(E) + 1.5. Chance alone gives so many in fewer than 1 of 1,000 windows; two errors count for nothing.
    """
    bad = f"({canary.all(window)} - {canary.good(window)})"
    rate = f"clamp_min(sqrt(clamp_min({bad}, 0) + 1.92) - 1.85, 0) ^ 2 / ({canary.all(window)} >= {least})"
    return f"100 * ({rate}) - (100 - {success_rate(stable, window, least)})"


def slower(canary: Requests, stable: Requests, quantile: str, window: str, least: int) -> str:
    """By how many percent the canary's latency is above the stable version's."""
    one, other = (each.quantile(quantile, window, least) for each in (canary, stable))
    return f"100 * ({one} / {other} - 1)"


def restarts(namespace: str, pods: str) -> str:
    """How often containers of the version's pods have restarted."""
    return f'sum(kube_pod_container_status_restarts_total{{namespace="{namespace}",pod=~"{pods}"}})'


def usage(resource: str, namespace: str, pods: str, window: str) -> str:
    """The percent of its requests that the busiest pod of the version uses."""
    own = f'namespace="{namespace}",pod=~"{pods}"'
    if resource == "cpu":
        used = f'rate(container_cpu_usage_seconds_total{{{own},container!=""}}[{window}])'
    else:
        used = f'container_memory_working_set_bytes{{{own},container!=""}}'
    asked = f'kube_pod_container_resource_requests{{{own},resource="{resource}"}}'
    return f"100 * max(sum by (pod) ({used}) / sum by (pod) ({asked}))"


def answered(query: str, patience: str, interval: str) -> str:
    """How often the query could say something within `patience`; nothing where it never could."""
    return f"count_over_time(({query})[{patience}:{interval}])"


def _values(labels: Mapping[str, str], *names: str) -> list[str]:
    return list(dict.fromkeys(labels[name] for name in names if labels.get(name)))


def _either(label: str, values: list[str]) -> str:
    """The two labels may differ, and which of them Istio reports as the app depends on its version."""
    if len(values) == 1:
        return f'{label}="{values[0]}"'
    pattern = "|".join(re.escape(value).replace("\\", r"\\") for value in values)
    return f'{label}=~"{pattern}"'
