"""The queries that read how versions answer: one table, with the parts of the queries that the analysis proves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from renderer.render.promql import ANSWERED, BUCKETS, GOOD, REQUESTS, increase

LABELS = ("destination_workload_namespace", "destination_app", "destination_version")
WINDOW = "1m"
SECONDS = 60  # of the window
_BY = f"sum by ({', '.join(LABELS)})"
_OWN = 'reporter="destination",destination_workload_namespace=~"$namespaces",destination_app=~"$apps"'
EVERY_APP = ".+"


@dataclass(frozen=True, slots=True)
class Query:
    """One query: what it gives, in which unit, and its text, with `$namespaces`, `$apps` and `$window` to be put in."""

    name: str
    unit: str
    about: str
    text: str

    def of(self, namespaces: Iterable[str], window: str = WINDOW, *, apps: Iterable[str] | None = None) -> str:
        """The text to send, about these apps, or about all of the namespaces."""
        named = EVERY_APP if apps is None else _one_of(apps)
        text = self.text.replace("$namespaces", _one_of(namespaces))
        return text.replace("$apps", named).replace("$window", window)


def _one_of(names: Iterable[str]) -> str:
    """A regular expression inside a string of PromQL."""
    return "|".join(re.escape(each).replace("\\", r"\\") for each in sorted(names))


def _increase(metric: str, *more: str) -> str:
    return increase(f"{metric}{{{','.join([_OWN, *more])}}}", "$window")


def _latency(quantile: str) -> str:
    by = f"sum by ({', '.join([*LABELS, 'le'])})"
    return f"histogram_quantile({quantile}, {by} (\n{_increase(BUCKETS)}\n))"


_ALL = f"{_BY} (\n{_increase(REQUESTS, ANSWERED)}\n)"
_GOOD_ONES = f"{_BY} (\n{_increase(REQUESTS, ANSWERED, GOOD)}\n)"
QUERIES = (
    Query("requests", "requests/s", "requests that were answered", f"{_ALL} / {SECONDS}"),
    Query(
        "success",
        "%",
        "requests that did not end in a server's error, HTTP and gRPC",
        f"100 * ({_GOOD_ONES} or 0 * {_ALL}) / ({_ALL} > 0)",
    ),
    Query("p50", "ms", "half of the requests are answered faster", _latency("0.5")),
    Query("p95", "ms", "95 % of the requests are answered faster", _latency("0.95")),
    Query("p99", "ms", "99 % of the requests are answered faster", _latency("0.99")),
)
NAMES = tuple(query.name for query in QUERIES)


def queries(own: Mapping[str, str]) -> tuple[Query, ...]:
    """The table with a project's own texts."""
    return tuple(
        Query(each.name, each.unit, each.about, own[each.name]) if each.name in own else each for each in QUERIES
    )
