"""What runs in clusters, as text for a terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from renderer.live.model import Live, LiveApp, LiveEnvironment, LiveVersion, Source, SourceState, VersionStatistics
from renderer.problem import printable
from renderer.report.as_json import as_json
from renderer.report.columns import columns
from renderer.report.commits import duration_text, time_text
from renderer.spec import tag_and_digest, version_name

FORMATS = ("text", "json")
_JSON_FORMAT = 1
_HEAD = ("APP", "VERSION", "ROLE", "READY", "TRAFFIC", "REQUESTS", "SUCCESS", "P95", "STATE")
_REVISION = 8  # characters of a commit that are shown


def live_text(live: Live, form: str, apps: Sequence[str] = (), *, on_one_line: bool = False) -> str:
    """What runs, of all apps or of these, in one of FORMATS, with a final newline; `on_one_line` is about JSON."""
    if form == "json":
        data = {"format": _JSON_FORMAT, "now": time_text(live.now), "environments": _data(live, apps)}
        return as_json(data, None if on_one_line else 2)
    parts = ["\n".join(_environment(each, live.now, apps)) for each in live.environments.values()]
    return "\n\n".join(parts) + "\n"


def source_text(name: str, source: Source, now: datetime) -> str:
    """How current a source is: `cluster: read 2 s ago`."""
    age = source.age(now)
    since = "" if age is None else f"{duration_text(int(age))} ago"
    match source.state:
        case SourceState.READ:
            text = f"read {since}" + (f" ({source.reason})" if source.reason else "")
        case SourceState.LOST:
            text = f"LOST: {source.reason}; " + (f"last read {since}" if since else "never read")
        case SourceState.STARTING:
            text = "not read yet"
        case SourceState.MISSING:
            text = f"not configured; {source.reason}"
    return f"{name}: {printable(text)}"


def _environment(environment: LiveEnvironment, now: datetime, apps: Sequence[str]) -> Iterator[str]:
    sources = (("cluster", environment.cluster), ("Prometheus", environment.prometheus))
    yield "\n  ".join([environment.env, *(source_text(name, source, now) for name, source in sources)])
    chosen = [app for name, app in sorted(environment.apps.items()) if not apps or name in apps]
    rows = [row for app in chosen for row in _rows(app, environment.statistics.get(app.app, ()))]
    if rows:
        yield from columns([_HEAD, *rows])
    for app in chosen:
        yield from (printable(f"  {app.app}: {line}") for line in remarks(app))


def _rows(app: LiveApp, statistics: Sequence[VersionStatistics]) -> Iterator[tuple[str, ...]]:
    named = {each.version: each for each in statistics}
    state = _state(app)
    if not app.versions:
        yield (app.app, "-", "-", "-", "-", "-", "-", "-", state or "not in the cluster")
    for number, version in enumerate(app.versions):
        first = (app.app, state) if number == 0 else ("", "")
        numbers = _numbers(named.get(version.version))
        share = "-" if version.share is None else f"{version.share:g} %"
        ready = f"{version.ready}/{version.desired}"
        yield (first[0], printable(version_text(version)), version.role.value, ready, share, *numbers, first[1])


def version_text(version: LiveVersion) -> str:
    """Its tag and digest, and the label `version` if that is another text."""
    tag = tag_and_digest(version.images[0]) if version.images else ""
    return version_name(tag or version.version, version.version)


def _numbers(found: VersionStatistics | None) -> tuple[str, str, str]:
    if found is None or found.requests is None:
        return "no traffic" if found else "-", "-", "-"
    success = "-" if found.success is None else f"{found.success:.1f} %"
    p95 = f"{found.latency['p95']:.0f} ms" if "p95" in found.latency else "-"
    return f"{found.requests:.1f}/s", success, p95


def _state(app: LiveApp) -> str:
    step = f"step {app.step} of {app.steps} done" if app.steps and app.step is not None else ""
    return printable(", ".join(filter(None, [app.phase, step])))


def remarks(app: LiveApp) -> Iterator[str]:
    """What somebody should know of an app, in sentences."""
    if app.is_aborted:
        yield "the controller aborted the release, Git did not: commit `rollspec abort`, or `rollspec retry`"
    if app.message:
        yield app.message
    yield from (f"the cluster is behind Git: {each}" for each in app.behind)
    yield from (
        f"analysis {each.phase}: {each.message or each.name}" for each in app.analysis if each.phase != "Running"
    )
    if found := app.application:
        revision = f" at {found.revision[:_REVISION]}" if found.revision else ""
        if (found.sync, found.health) != ("Synced", "Healthy") or found.message:
            yield f"Argo CD: {found.sync}, {found.health}{revision}{f': {found.message}' if found.message else ''}"


def _data(live: Live, apps: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "env": env,
            "cluster": _source(each.cluster, live.now),
            "prometheus": _source(each.prometheus, live.now),
            "apps": [
                {**_app(app), "statistics": [_statistics(one) for one in each.statistics.get(name, ())]}
                for name, app in sorted(each.apps.items())
                if not apps or name in apps
            ],
        }
        for env, each in live.environments.items()
    ]


def _app(app: LiveApp) -> dict[str, Any]:
    data = asdict(app)
    return {key: value for key, value in data.items() if key != "env"}


def _statistics(found: VersionStatistics) -> dict[str, Any]:
    series = {
        name: {"step": each.step, "end": time_text(each.end), "values": each.values}
        for name, each in found.series.items()
    }
    return {**asdict(found), "series": series}


def _source(source: Source, now: datetime) -> dict[str, Any]:
    good = time_text(source.good) if source.good else None
    return {"state": source.state.value, "reason": source.reason, "good": good, "age": source.age(now)}
