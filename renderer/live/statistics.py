"""From Prometheus' answers to the statistics of each version of an app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from renderer.live.model import Series, VersionStatistics
from renderer.live.queries import LABELS

Labels = tuple[tuple[str, str], ...]
Version = tuple[str, str, str]  # namespace, app, version
LENGTH = 30 * 60  # seconds of the series
STEP = 30.0
_LATENCIES = ("p50", "p95", "p99")
Statistics = dict[tuple[str, str], tuple[VersionStatistics, ...]]  # by namespace and app


def now(answers: Mapping[str, Mapping[Labels, float]]) -> Statistics:
    """The answers of the table's queries, by the query's name. A version without requests has no numbers."""
    by_version = {name: {version(labels): value for labels, value in found.items()} for name, found in answers.items()}
    made: dict[tuple[str, str], list[VersionStatistics]] = {}
    for key in sorted({key for found in by_version.values() for key in found}):
        found = {name: values[key] for name, values in by_version.items() if key in values}
        namespace, app, name = key
        has_traffic = found.get("requests", 0) > 0
        made.setdefault((namespace, app), []).append(
            VersionStatistics(
                name,
                found["requests"] if has_traffic else None,
                found.get("success") if has_traffic else None,
                {each: found[each] for each in _LATENCIES if each in found and has_traffic},
            )
        )
    return {key: tuple(versions) for key, versions in made.items()}


def with_series(
    statistics: Statistics, answers: Mapping[str, Mapping[Labels, Mapping[int, float]]], end: datetime
) -> Statistics:
    """The statistics with the numbers of the last 30 minutes, by the same queries over time."""
    found: dict[Version, dict[str, Series]] = {}
    count = int(LENGTH / STEP) + 1
    for name, by_labels in answers.items():
        for labels, values in by_labels.items():
            series = Series(end, STEP, tuple(values.get(number) for number in range(count)))
            found.setdefault(version(labels), {})[name] = series
    return {
        key: tuple(replace(each, series=_without_idle(found.get((*key, each.version), {}))) for each in versions)
        for key, versions in statistics.items()
    }


def version(labels: Labels) -> Version:
    """Which version a series is about."""
    named = dict(labels)
    namespace, app, name = (named.get(label, "") for label in LABELS)
    return namespace, app, name


def _without_idle(series: dict[str, Series]) -> dict[str, Series]:
    """The series without the times in which there were no requests."""
    requests = series.get("requests")
    if requests is None:
        return series
    busy = [bool(value) for value in requests.values]
    return {
        name: replace(each, values=tuple(value if on else None for value, on in zip(each.values, busy, strict=True)))
        for name, each in series.items()
    }
