"""What watches a release: the analysis of a canary in flight, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.checks import Checks, checks_of, duration
from renderer.spec import App

_FOLLOWS = {"abort": "aborts", "pause": "pauses", "pass": "continues"}


def watch(app: App) -> tuple[str, ...]:
    """A line for each thing that is known of it; none where no canary is in flight, or a person watches it."""
    strategy = app.strategy
    if app.canary is None or strategy.type != "Canary":
        return ()
    fields = strategy.fields.get("analysis") or {}
    checks = checks_of(strategy)
    named = [str(ref.get("templateName")) for ref in fields.get("templates") or ()]
    if not checks and not named:
        return ("nothing watches this release, and it ends by itself",) if strategy.ends_by_itself else ()
    found = [*(_lines(app, checks) if checks else ()), *([f"AnalysisTemplates: {', '.join(named)}"] if named else [])]
    dry = [str(each.get("metricName")) for each in fields.get("dryRun") or ()]
    return (*found, *([f"measured, and never a reason to stop: {', '.join(dry)}"] if dry else []))


def _lines(app: App, checks: Checks) -> Iterator[str]:
    what, failures = ", ".join(_asked(checks.fields)), checks.failure_limit + 1
    every, start = duration(checks.interval), _first_weight(app)
    if app.level == 1:
        yield f"{start}{what}, every {every}; {failures} failures abort; it passes without data (renderLevel 1)"
        return
    earliest = duration(checks.earliest_abort)
    yield (
        f"{start}{what} over {duration(checks.window)}, every {every}; {failures} failures abort, after {earliest} at "
        "the earliest"
    )
    follows = _FOLLOWS[checks.on_no_data]
    yield f"{follows} after {duration(checks.patience)} without a window of {checks.min_requests} requests"


def _first_weight(app: App) -> str:
    weights = [step["setWeight"] for step in app.strategy.fields.get("steps") or () if "setWeight" in step]
    weight = weights[0] if weights else app.canary.weight if app.canary else None
    return f"from {weight} %: " if weight else ""


def _asked(fields: Any) -> Iterator[str]:
    """The thresholds, as the spec has them."""
    if "successRate" in fields:
        yield f"success rate >= {fields['successRate']}"
    for name, limit in sorted(fields.get("latency", {}).items()):
        yield f"{name} latency <= {limit} ms"
    compared = fields.get("compare", {})
    if "successRate" in compared:
        yield f"errors at most {compared['successRate']} percent points above stable"
    for name, limit in sorted(compared.get("latency", {}).items()):
        yield f"{name} latency at most {limit} above stable"
    if "restarts" in fields:
        yield f"restarts <= {fields['restarts']}"
    for name in ("cpu", "memory"):
        if name in fields:
            yield f"{name} <= {fields[name]} of its request"
    if "saturation" in fields:
        yield f"saturation <= {fields['saturation']['max']}"
