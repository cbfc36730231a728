"""The built-in checks that an analysis of a spec asks for, with their defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from renderer.go_time import whole_seconds
from renderer.manifest import Manifest
from renderer.spec import Strategy

NoData = Literal["abort", "pause", "pass"]
NAMES = ("successRate", "latency", "compare", "restarts", "cpu", "memory", "saturation")
# Fields that level 1 does not have; the last two change what a run does, and have no meaning without a check.
LEVEL_2 = frozenset(
    "compare restarts cpu memory saturation window initialDelay minRequests onNoData patience reporter "
    "scrapeInterval".split()
)
# The fields of a strategy that hold an analysis, and the prefix of their templates' names.
ANALYSES = {"analysis": "", "prePromotionAnalysis": "pre-", "postPromotionAnalysis": "post-"}
OF_PROMOTIONS = ("web", "job")  # checks that the analyses of BlueGreen have besides
TEMPLATE_FILE = "analysis-template-"  # the start of the name of each file with the template of a built-in check
PROMETHEUS = "http://prometheus.istio-system:9090"
MIN_REQUESTS = 100


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
    times: int | None = None  # how often it is measured; None where it is for as long as the canary is in flight

    @property
    def earliest_abort(self) -> int:
        """How long after its start a run can fail at the earliest."""
        return self.initial_delay + self.failure_limit * self.interval

    @property
    def measured_for(self) -> int:
        """How long a run takes that measures `count` times; 0 where nothing but `web` and `job` is asked for."""
        if not self.fields.keys() & {*NAMES}:
            return 0
        return max(self.initial_delay + ((self.times or 1) - 1) * self.interval, self.patience)


def with_settings(spec: Mapping[str, Any], settings: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """An effective spec with the environment's settings of its built-in checks; its own settings win."""
    if not settings:
        return spec
    strategy = spec.get("strategy") or {}
    own = {field: strategy[field] for field in ANALYSES if any(name in (strategy.get(field) or {}) for name in NAMES)}
    if not own:
        return spec
    return {**spec, "strategy": {**strategy, **{field: {**settings, **given} for field, given in own.items()}}}


def checks_of(strategy: Strategy, field: str = "analysis") -> Checks | None:
    """The built-in checks of an analysis of a strategy, one of ANALYSES; None where it has none."""
    fields = strategy.fields.get(field)
    if not fields:
        return None
    names = NAMES if field == "analysis" else (*NAMES, *OF_PROMOTIONS)
    asked = {name: fields[name] for name in names if name in fields}
    if not asked:
        return None
    window, interval = (
        whole_seconds(fields.get(name, usual)) for name, usual in (("window", "2m"), ("interval", "1m"))
    )
    initial_delay = whole_seconds(fields.get("initialDelay", f"{interval}s"))
    count = None if field == "analysis" else fields.get("count", 5)
    patience = 600 if count is None else max(initial_delay + (count - 1) * interval, window + interval)
    return Checks(
        fields=asked,
        prometheus=fields.get("prometheus", PROMETHEUS),
        reporter=fields.get("reporter", "destination"),
        interval=interval,
        window=window,
        initial_delay=initial_delay,
        scrape_interval=whole_seconds(fields.get("scrapeInterval", "1m")),
        failure_limit=fields.get("failureLimit", 2),
        min_requests=fields.get("minRequests", MIN_REQUESTS),
        on_no_data=fields.get("onNoData") or ("pause" if "steps" in strategy.fields else "abort"),
        patience=whole_seconds(fields["patience"]) if "patience" in fields else patience,
        times=count,
    )


def is_of_checks(manifest: Manifest) -> bool:
    """Whether it is the AnalysisTemplate of a built-in check."""
    return manifest.kind == "AnalysisTemplate" and manifest.file.startswith(TEMPLATE_FILE)


def duration(number: int) -> str:
    """Seconds as Go and Prometheus write them: `90s`, `2m`, `1h`."""
    for unit, size in (("h", 3600), ("m", 60)):
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return f"{number}s"
