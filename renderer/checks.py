"""The built-in checks that a canary's `strategy.analysis` asks for, with their defaults filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from renderer.spec import Strategy

NoData = Literal["abort", "pause", "pass"]
NAMES = ("successRate", "latency", "compare", "restarts", "cpu", "memory", "saturation")
# Fields that level 1 does not have; the last two change what a run does, and have no meaning without a check.
LEVEL_2 = frozenset(
    "compare restarts cpu memory saturation window initialDelay minRequests onNoData patience reporter "
    "scrapeInterval".split()
)
PROMETHEUS = "http://prometheus.istio-system:9090"
MIN_REQUESTS = 100
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Checks(NamedTuple):
    """What is measured, how often, and what follows where nothing can be measured; times are in seconds."""

    fields: Mapping[str, Any]  # the thresholds, by name, as the spec has them
    prometheus: str
    reporter: str
    interval: int
    window: int
    initial_delay: int
    scrape_interval: int
    failure_limit: int
    min_requests: int
    on_no_data: NoData
    patience: int

    @property
    def earliest_abort(self) -> int:
        """How long after its start a run can fail at the earliest."""
        return self.initial_delay + self.failure_limit * self.interval


def with_settings(spec: Mapping[str, Any], settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """An effective spec with the environment's settings of its built-in checks; its own settings win."""
    strategy = spec.get("strategy") or {}
    own = strategy.get("analysis") or {}
    if not settings or not any(name in own for name in NAMES):
        return spec
    return {**spec, "strategy": {**strategy, "analysis": {**settings, **own}}}


def checks_of(strategy: Strategy) -> Checks | None:
    """The built-in checks of a strategy; None where it has none."""
    fields = strategy.fields.get("analysis") or {}
    asked = {name: fields[name] for name in NAMES if name in fields}
    if not asked:
        return None
    window = seconds(fields.get("window", "2m"))
    return Checks(
        fields=asked,
        prometheus=fields.get("prometheus", PROMETHEUS),
        reporter=fields.get("reporter", "destination"),
        interval=seconds(fields.get("interval", "1m")),
        window=window,
        initial_delay=seconds(fields.get("initialDelay", fields.get("interval", "1m"))),
        scrape_interval=seconds(fields.get("scrapeInterval", "1m")),
        failure_limit=fields.get("failureLimit", 2),
        min_requests=fields.get("minRequests", MIN_REQUESTS),
        on_no_data=fields.get("onNoData") or ("pause" if "steps" in strategy.fields else "abort"),
        patience=seconds(fields.get("patience", "10m")),
    )


def seconds(duration: str) -> int:
    """Of a duration such as `1m30s`; the schema allows no other."""
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([smh])", duration))


def duration(number: int) -> str:
    """Seconds as Go and Prometheus write them: `90s`, `2m`, `1h`."""
    for unit, size in (("h", 3600), ("m", 60)):
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return f"{number}s"
