"""What watches a release: the analysis of a canary in flight, or of a promotion, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.checks import Checks, checks_of, duration
from renderer.release.rungs import wait_of, weights_in
from renderer.render.promotion_checks import url_of
from renderer.spec import App

_REQUESTS = frozenset(("successRate", "latency", "compare"))
_IN_WINDOWS = _REQUESTS | {"cpu"}
_FOLLOWS = {"abort": "aborts", "pause": "pauses", "pass": "continues"}


def watch(app: App, before: App | None = None) -> tuple[str, ...]:
    """A line for each thing that is known of it; none where nothing is in flight, or a person watches it.

    `before` is what a change starts from: a promotion has nothing in flight any more, and may be watched.
    """
    strategy = app.strategy
    if strategy.type == "BlueGreen":
        return tuple(_promotions(app, before))
    if app.canary is None or strategy.type != "Canary":
        return ()
    fields = strategy.fields.get("analysis") or {}
    changed = _changed(app, before)
    if changed and not fields:
        return (changed,)
    checks = checks_of(strategy)
    named = [str(ref.get("templateName")) for ref in fields.get("templates") or ()]
    if not checks and not named:
        alone = strategy.ends_by_itself and not wait_of(strategy)
        return ("nothing watches this release, and it ends by itself",) if alone else ()
    found = [
        *([changed] if changed else []),
        *(_lines(app, checks) if checks else ()),
        *([f"AnalysisTemplates: {', '.join(named)}"] if named else []),
    ]
    dry = [str(each.get("metricName")) for each in fields.get("dryRun") or ()]
    return (*found, *([f"measured, and never a reason to stop: {', '.join(dry)}"] if dry else []))


def _changed(app: App, before: App | None) -> str:
    """What a change of the analysis does to a canary that stays in flight as it is; empty where that is clear.

    Argo Rollouts makes an AnalysisRun from the templates when it starts, and does not look at them again
    (`reconcileBackgroundAnalysisRun`). Without an analysis in the Rollout it ends the run.
    """
    if before is None or before.canary is None or before.strategy.type != "Canary":
        return ""
    if app.canary is None or app.canary.version != before.canary.version:
        return ""
    was, now = (each.strategy.fields.get("analysis") for each in (before, app))
    if was and not now:
        return "the analysis ends, and nothing watches this canary any more"
    if was == now or app.canary != before.canary:
        return ""
    if now and not was:
        return "the analysis starts now, and can abort the canary in flight"
    return "the analysis that runs now keeps its old limits; the new ones are for the next weight or version"


def _lines(app: App, checks: Checks) -> Iterator[str]:
    what, failures = ", ".join(_asked(checks.fields)), checks.failure_limit + 1
    every, start = duration(checks.interval), _first_weight(app)
    if app.level == 1:
        yield f"{start}{what}, every {every}; {failures} failures abort; it passes without data (renderLevel 1)"
        return
    earliest = duration(checks.earliest_abort)
    yield f"{start}{what}{_window(checks)}, every {every}; {failures} failures abort, after {earliest} at the earliest"
    follows, patience = _FOLLOWS[checks.on_no_data], duration(checks.patience)
    if _is_dark(app) and checks.fields.keys() & _REQUESTS and checks.on_no_data != "pass":
        yield f"no request reaches a canary at 0 %, so it {follows} after {patience}"
    else:
        yield f"{follows} after {patience} without {_least(checks)}"


def _window(checks: Checks) -> str:
    return f" over {duration(checks.window)}" if checks.fields.keys() & _IN_WINDOWS else ""


def _least(checks: Checks) -> str:
    """What a check must have had, at least once, to say anything."""
    return f"a window of {checks.min_requests} requests" if checks.fields.keys() & _REQUESTS else "an answer"


def _is_dark(app: App) -> bool:
    """Whether a canary gets neither a share nor pinned requests."""
    return bool(app.canary and app.canary.weight == 0) and not app.spec.get("istio", {}).get("canaryHeaders")


def _promotions(app: App, before: App | None) -> Iterator[str]:
    """What is measured before the traffic moves to the new version, and after."""
    if app.preview is None and not (before and _moves(before, app)):
        return
    changed = _changed_checks(app, before)
    if changed:
        yield changed
    if app.preview or not (before and before.preview and "prePromotionAnalysis" in before.strategy.fields):
        yield from (f"before the promotion: {line}" for line in _promotion(app, "prePromotionAnalysis", "abort"))
    back = f"give the traffic back to {app.stable.name if app.preview else 'the version before'}"
    yield from (f"after the promotion: {line}" for line in _promotion(app, "postPromotionAnalysis", back))


def _changed_checks(app: App, before: App | None) -> str:
    """What a change of the checks before the promotion does to a preview that stays in flight; empty without one.

    Argo Rollouts starts these checks once for a preview, when it is Ready (`reconcilePrePromotionAnalysisRun`).
    """
    if before is None or before.preview is None or before.preview != app.preview:
        return ""
    was, now = (each.strategy.fields.get("prePromotionAnalysis") for each in (before, app))
    if was == now:
        return ""
    if not now:
        return "the checks before the promotion end, and nothing checks this preview any more before it is promoted"
    if not was:
        return "the checks before the promotion start now, and can abort the preview in flight"
    return (
        "the checks of this preview before its promotion keep their old limits, and are not made again; the new ones "
        "are for the next preview"
    )


def _moves(before: App, app: App) -> bool:
    """Whether the traffic moves to another version: a promotion, an undo, but not an abort."""
    return before.strategy.type == "BlueGreen" and before.stable.name != app.stable.name


def _promotion(app: App, field: str, failed: str) -> Iterator[str]:
    checks, fields = checks_of(app.strategy, field), app.strategy.fields.get(field) or {}
    if checks and checks.measured_for:
        yield from _measured(checks, failed)
    if checks and "web" in checks.fields:
        condition = checks.fields["web"].get("successCondition")
        answers = f"an answer for which {condition}" if condition else "an answer with a 2xx code"
        yield f"{url_of(app, checks.fields['web'], field)} must give {answers}"
    if checks and "job" in checks.fields:
        yield "a Job with the new version's image must succeed"
    named = [str(ref.get("templateName")) for ref in fields.get("templates") or ()]
    if named:
        yield f"AnalysisTemplates: {', '.join(named)}"


def _measured(checks: Checks, failed: str) -> Iterator[str]:
    what, times = f"{', '.join(_asked(checks.fields))}{_window(checks)}", f"{checks.times} times"
    yield (
        f"{what}, {times}, every {duration(checks.interval)}, {duration(checks.measured_for)} in all; "
        f"{checks.failure_limit + 1} failures {failed}"
    )
    if checks.on_no_data != "pass":
        follows = "pause" if checks.on_no_data == "pause" else failed
        yield f"{duration(checks.patience)} without {_least(checks)} {follows}"


def _first_weight(app: App) -> str:
    weights = weights_in(app.strategy.fields.get("steps"))
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
        yield f"errors at most {compared['successRate']} percentage points above stable"
    for name, limit in sorted(compared.get("latency", {}).items()):
        yield f"{name} latency at most {limit} above stable"
    if "restarts" in fields:
        yield f"restarts <= {fields['restarts']}"
    for name in ("cpu", "memory"):
        if name in fields:
            yield f"{name} <= {fields[name]} of its request"
    if "saturation" in fields:
        yield f"saturation <= {fields['saturation']['max']}"
