"""What the release does between two sides, judged like the controllers do: by pod templates and release state."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plan.classes import ChangedPath, Class, Effect
from renderer.plan.rollback_window import returns_in_window
from renderer.plan.side import Side, is_paused, restart_mark, restarts_at, workload
from renderer.plan.taken_back import is_redo, is_undo
from renderer.spec import App, Strategy, Version

Paths = tuple[ChangedPath, ...]


def moves(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    """The effects of the transition; `paths` are all changed paths of the specs."""
    yield from _strategy(old, new, paths)
    yield from _versions(old, new, paths)
    yield from _restart(old, new, paths)
    yield from _hold(old, new, paths)


def version_in_flight(app: App) -> Version | None:
    """The version that is neither stable nor gone."""
    return app.canary.version if app.canary else app.preview


def _strategy(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    was, now = old.app.strategy, new.app.strategy
    named = _under(paths, "/spec/strategy/type", "/spec/strategy/router", "/spec/migration")
    if (was.type, was.router) != (now.type, now.router):
        reason = f"the strategy changes from {was} to {now}{_not_before(was)}{_for_later(old, new)}"
        yield Effect("migrate", reason, named)
        both = old.app.migrating_from or new.app.migrating_from  # each has all its pods while the other ends
        if was.is_rollout != now.is_rollout and not both and new.prunes == "first":
            yield Effect("disruptive", "the old workload is deleted before the new one is Ready", named)
        if old.flight:
            yield Effect("disruptive", f"the strategy changes while a {old.flight} is in flight", named)
    elif old.app.spec.get("migration") != new.app.spec.get("migration"):
        yield Effect("migrate", _stage(old.app, new.app, is_pruned=new.prunes != "never"), named)


def _stage(old: App, new: App, *, is_pruned: bool) -> str:
    """Effects of a stage of a switch, other than the strategy."""
    before, after = (app.spec.get("migration", {}).get("to") for app in (old, new))
    if after and not before:
        return f"the switch to {after['type']} begins: the Service selects only the pods that serve"
    if before and not after:
        return f"the switch to {before['type']} is taken back"
    if old.migrating_from == new.migrating_from:
        return "a stage of the switch ends: what is left of the old strategy is deleted"
    if new.migrating_from is not None:
        return "the workload of the old strategy is rendered too"
    ends = "is deleted" if is_pruned else "is removed from Git; Argo CD does not delete it by itself"
    return f"the workload of the old strategy {ends}"


def _for_later(old: Side, new: Side) -> str:
    """A Deployment stays, and only its next rollout is another one."""
    if old.app.strategy.is_rollout or new.app.strategy.is_rollout or old.running != new.running:
        return ""
    return "; no pod is replaced now" if restart_mark(old) == restart_mark(new) else ""


def _not_before(was: Strategy) -> str:
    """The old version's pods run on after a promotion, and a switch that joins all pods sends them traffic."""
    if not (was.type == "BlueGreen" or was.is_routed):
        return ""
    return f"; not within {was.fields.get('scaleDownDelaySeconds', 30)} s of a promotion, undo or abort"


def _versions(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    changed = old.running != new.running
    named = _under(paths, *(f"/spec/{key}" for key in ("canary", "preview", "tag", "version", "strategy/steps")))
    if new.flight:
        yield from _to_flight(old, new, named, paths, changed=changed)
    elif old.flight:
        yield from _out_of_flight(old, new, paths, changed=changed)
    elif changed:
        yield from _at_once(old, new, paths)
    elif old.steps is not None and new.steps is not None and old.steps != new.steps:
        yield Effect("behaviour", "the step list of the next release changes; nothing changes now", _states(paths))


def _to_flight(old: Side, new: Side, named: Paths, paths: Paths, *, changed: bool) -> Iterator[Effect]:
    version = version_in_flight(new.app)
    what = version.name if version else ""
    start: Class = "canary-start" if new.flight == "canary" else "preview-start"
    if old.flight and not changed:
        if old.flight != new.flight:
            yield Effect("migrate", f"Git makes the {old.flight} {what} a {new.flight}", named)
        elif old.steps != new.steps:
            yield Effect("canary-step", _step(old.app, new.app, what), named)
        return
    if not changed:
        reason = f"the cluster serves {what} already: the controller skips the steps, and it keeps all the traffic"
        yield Effect("disruptive", reason, named)
        return
    named = tuple(dict.fromkeys((*named, *(path for path in paths if path.field_class == "template"))))
    instead = version_in_flight(old.app)
    if instead and instead.name == what:
        again = "its share falls to 0, and it starts again" if new.flight == "canary" else "its pods end, others start"
        then = _waits(new) or f": {again}{_at(new.app)}"
        yield Effect(start, f"the pod template of {new.flight} {what} changes{then}", named)
        return
    falls = ", whose share falls to 0" if new.flight == "canary" else ", whose pods end"
    after = f", in place of {instead.name}{'' if is_paused(new) else falls}" if instead else ""
    if returns_in_window(old, new):
        skips = "skips the steps" if new.flight == "canary" else "does not pause"
        reason = f"{what} {new.takes_all} at once: under rollbackWindow the controller {skips}"
        yield Effect("undo", reason, named)
        if new.flight == "preview":
            yield Effect(start, f"Git says that {what} is a preview, without traffic", named)
            return
    yield Effect(start, f"{new.flight} {what} starts{_at(new.app)}{after}{_waits(new)}", named)


def _out_of_flight(old: Side, new: Side, paths: Paths, *, changed: bool) -> Iterator[Effect]:
    version = version_in_flight(old.app)
    what = version.name if version else ""
    named = _states(paths)
    if not changed:
        yield Effect("promote", f"{what} becomes the stable version{_from(old.app)}", named)
    elif new.running == old.settled:
        yield Effect("abort", f"{what} is stopped; {new.app.stable.name} {new.takes_all}", named)
    else:
        reason = f"{what} is stopped, and {new.app.stable.name} replaces every pod without a canary"
        yield from _replaced(new, Effect("replace", reason, _templates(paths)))


def _at_once(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    """Another stable template with nothing in flight: a Rollout uses the steps that it has at rest."""
    named, goes_back = _templates(paths), is_undo(old, new)
    is_same = old.app.stable.tag == new.app.stable.tag
    if goes_back and is_same and old.app.stable.name == new.app.stable.name:
        reason = f"back to an earlier configuration of {new.app.stable.name}"
    elif goes_back:
        reason = f"back to {new.app.stable.name} from {old.app.stable.name}"
    elif is_same:
        reason = f"the pod template of {new.app.stable.name} changes"
    else:
        undone_here = ", which was undone here," if is_redo(old, new) else ""
        reason = f"{new.app.stable.name}{undone_here} replaces {old.app.stable.name}"
    if on_a_ladder(new):
        yield Effect("canary-start", f"{reason}, on the ladder, which ends by itself", named)
    elif goes_back:
        yield from _replaced(new, Effect("undo", f"{reason}, {_when(new)}{_by_way_of(new)}", named))
    else:
        yield from _replaced(new, Effect("replace", f"{reason}, {_untried(new)}{_by_way_of(new)}{_held(new)}", named))


def _held(new: Side) -> str:
    return ", when the paused controller resumes" if is_paused(new) else ""


def _waits(new: Side) -> str:
    """What of a version in flight waits for a paused controller: pods of a canary; of a preview only its Service."""
    if new.flight == "preview" and is_paused(new):
        return ": its pods start, and no Service leads to them until the paused controller resumes"
    return _held(new)


def _untried(new: Side) -> str:
    """What the new version does without, or what judges it all the same."""
    if new.app.strategy.type != "BlueGreen":
        return "without a canary"
    return (
        "after the checks before the promotion"
        if "prePromotionAnalysis" in new.app.strategy.fields
        else "without a preview"
    )


def _when(new: Side) -> str:
    """When the traffic goes back. The controller makes no checks of a version whose pods it still keeps."""
    fields = new.app.strategy.fields
    if not fields.get("prePromotionAnalysis"):
        return "at once"
    if not fields.get("rollbackWindow"):
        return "at once while its pods are kept, else after the checks before the promotion"
    if new.before_1_10:
        return "at once while its pods are kept, else never: first remove `strategy.rollbackWindow`"
    return "at once"


def on_a_ladder(side: Side) -> bool:
    """Whether a template that changes with nothing in flight is rolled out in steps that wait."""
    return not side.flight and any("setWeight" not in step for step in side.steps or ())


def _by_way_of(new: Side) -> str:
    """The weights before 100 of the steps, if there are any."""
    weights = [step["setWeight"] for step in new.steps or () if step["setWeight"] < 100]
    if not weights:
        return ""
    return f": {', '.join(map(_percent, weights))} as soon as its pods are Ready, then the rest, without a pause"


def _restart(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    before, after = restart_mark(old), restart_mark(new)
    taken_out_of_rollout = after is None and new.app.strategy.is_rollout
    if before != after and not taken_out_of_rollout and old.app.strategy.is_rollout == new.app.strategy.is_rollout:
        mark = restarts_at(old, new)
        reason = f"every pod that started before {mark} is replaced" if mark else "every pod is replaced"
        reason += _held(new)
        yield from _replaced(new, Effect("restart", reason, _under(paths, "/spec/restartedAt")))


def _hold(old: Side, new: Side, paths: Paths) -> Iterator[Effect]:
    before, after = (bool(workload(side.app, side.manifests).get("spec", {}).get("paused")) for side in (old, new))
    if before != after:
        reason = (
            "the controller is paused: it does not roll out changes of the pod template"
            if after
            else "the controller resumes"
        )
        yield Effect("hold", reason, _under(paths, "/spec/paused"))


def _replaced(new: Side, effect: Effect) -> Iterator[Effect]:
    """Pods are replaced at once; with strategy Recreate, none run in between."""
    yield effect
    if new.app.strategy.type == "Recreate" and new.app.ports:
        yield Effect("disruptive", "strategy Recreate ends every pod before a new one starts", effect.paths)


def _at(app: App) -> str:
    if app.canary is None:
        return ", without traffic"
    return " on the ladder" if app.canary.weight is None else f" at {app.canary.weight} %"


def _from(app: App) -> str:
    return f", from {app.canary.weight} %" if app.canary and app.canary.weight is not None else ""


def _step(old: App, new: App, what: str) -> str:
    before = old.canary.weight if old.canary else None
    after = new.canary.weight if new.canary else None
    if before == after:
        return f"canary {what}: the steps start again"
    return f"canary {what}: {_percent(before)} -> {_percent(after)}"


def _percent(weight: int | None) -> str:
    return "ladder" if weight is None else f"{weight} %"


def _under(paths: Paths, *prefixes: str) -> Paths:
    return tuple(
        path
        for path in paths
        if path.document == "App" and any(f"{path.pointer}/".startswith(f"{prefix}/") for prefix in prefixes)
    )


def _states(paths: Paths) -> Paths:
    return tuple(path for path in paths if path.field_class == "state")


def _templates(paths: Paths) -> Paths:
    """The sources of a pod template; patches and templates count if nothing else explains it."""
    made_of = _under(paths, "/spec/tag", "/spec/version")
    found = (*made_of, *(path for path in paths if path.field_class == "template"))
    return found or tuple(path for path in paths if path.field_class in ("rendered", "traffic"))
