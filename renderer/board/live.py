"""What runs in the clusters, as parts of pages: each part is the HTML of one app in one environment, or of a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from markupsafe import Markup

from renderer.live.model import (
    AppKey,
    Live,
    LiveApp,
    LiveVersion,
    Series,
    Source,
    SourceState,
    VersionStatistics,
)
from renderer.report.commits import duration_text
from renderer.report.live import version_text

_WIDTH, _HEIGHT = 120, 24  # of a sparkline
_MEASURES = (
    ("requests", "Requests a second", "{:.3g}/s"),
    ("success", "Success", "{:.4g} %"),
    ("p50", "P50", "{:.0f} ms"),
    ("p95", "P95", "{:.0f} ms"),
    ("p99", "P99", "{:.0f} ms"),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a version, and how it went; `now` is empty if there was no traffic to measure."""

    name: str
    now: str
    line: Markup


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One version as a row of the table: what it is, its pods, its share, its statistics."""

    version: LiveVersion
    measures: Sequence[Measure] = ()

    @property
    def name(self) -> str:
        """The version, for people."""
        return version_text(self.version)

    @property
    def share(self) -> str:
        """Its part of the traffic; empty without a Service."""
        return "" if self.version.share is None else f"{self.version.share:g} %"

    @property
    def numbers(self) -> str:
        """Requests a second and success in a few words; empty if they were not measured."""
        said = [each.now + (" success" if each.name == "Success" else "") for each in self.measures[:2] if each.now]
        return ", ".join(said) if said else "no traffic" if self.measures else ""


@dataclass(frozen=True, slots=True)
class LivePart:
    """One app with all that its part of a page shows. Two equal values give equal HTML."""

    app: LiveApp
    cluster: Source
    prometheus: Source
    statistics: tuple[VersionStatistics, ...] = ()

    @property
    def rows(self) -> list[LiveRow]:
        """The versions, and their statistics side by side."""
        known = {each.version: each for each in self.statistics}
        return [LiveRow(version, [*_measures(known.get(version.version))]) for version in self.app.versions]

    @property
    def is_simple(self) -> bool:
        """Whether one version has all the traffic, so that nobody needs to read it."""
        return len(self.app.versions) == 1 and self.app.versions[0].share in (None, 100)

    @property
    def is_alarming(self) -> bool:
        """Whether somebody should look at the app, whatever Git says of it."""
        return self.app.is_aborted or self.app.is_behind or self.app.phase == "Degraded"

    @property
    def state(self) -> list[str]:
        """What the controller says, apart from a phase that is a mark of its own."""
        app = self.app
        steps = f"{app.step} of {app.steps} steps done" if app.step is not None else ""
        pause = "paused" if app.is_paused and app.phase != "Paused" else ""
        phase = app.phase if app.phase == "Healthy" else ""
        return [each for each in (phase, steps, pause, app.message) if each]

    @property
    def is_measured(self) -> bool:
        """Whether the numbers are those of now."""
        return bool(self.statistics) and self.prometheus.is_current

    @property
    def names(self) -> list[str]:
        """The names of the statistics, if there are any."""
        return [label for _, label, _ in _MEASURES] if self.statistics else []


def live_parts(live: Live, own: AppKey | None = None) -> Iterator[tuple[AppKey, LivePart]]:
    """The part of one app, or of all apps: then only those in flight have numbers, since these change all the time."""
    for name, environment in live.environments.items():
        cluster, prometheus = _steady(environment.cluster), _steady(environment.prometheus)
        for app in environment.apps.values():
            if own in (None, (name, app.app)):
                found = environment.statistics.get(app.app, ()) if own or app.is_in_flight else ()
                shown = found if own else tuple(replace(each, series={}) for each in found)
                yield (name, app.app), LivePart(app, cluster, prometheus, shown)


def source_line(source: Source, what: str, now: datetime) -> str:
    """What a reader must know of a source; empty if all is well, or if there is none."""
    if source.state is SourceState.READ or source.state is SourceState.MISSING:
        return ""
    if source.state is SourceState.STARTING:
        return f"{what}: not read yet"
    age = source.age(now)
    since = f"; what is shown is {duration_text(round(age))} old" if age is not None else ""
    return f"{what} does not answer: {source.reason}{since}"


def _steady(source: Source) -> Source:
    """A source without its time while it is read, which changes all the time."""
    return Source(source.state, source.reason, None if source.is_current else source.good)


def _measures(found: VersionStatistics | None) -> Iterator[Measure]:
    if found is None:
        return
    values: Mapping[str, Any] = {"requests": found.requests, "success": found.success, **found.latency}
    for key, label, form in _MEASURES:
        value = values.get(key)
        series = found.series.get(key)
        line = sparkline(series, f"{label} of {found.version} in the last 30 minutes") if series else Markup("")
        yield Measure(label, "" if value is None else form.format(value), line)


def sparkline(series: Series, title: str) -> Markup:
    """The values over time, from 0 upwards; where there was no traffic, the line has a gap."""
    highest = max((value for value in series.values if value is not None), default=0.0) or 1.0
    last = max(len(series.values) - 1, 1)
    path, is_down = [], False
    for number, value in enumerate(series.values):
        if value is not None:
            x, y = _WIDTH * number / last, _HEIGHT - 1 - (_HEIGHT - 2) * value / highest
            path.append(f"L{x:.1f} {y:.1f}" if is_down else f"M{x:.1f} {y:.1f}h0")  # `h0`: a dot where it is alone
        is_down = value is not None
    drawn = Markup('<path d="{}"/>').format("".join(path))
    box = Markup('<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return box.format(_WIDTH, _HEIGHT, title, drawn)
