"""Compiles the step list of a Rollout from the release state, so that no edit makes the canary's share dip.

The controller starts a list again from step 0 whenever its bytes change (Argo Rollouts 1.9 and 1.10), so each list
begins at the weight at which the previous one rests. Every row was measured on the real controller; see
docs/engines.md.
"""

from __future__ import annotations

from typing import Any

from renderer.spec import App, Canary, Strategy

Step = dict[str, Any]
PAUSE: Step = {"pause": {}}
PINNED = "pinned"


def steps_of(app: App) -> list[Step]:
    """The step list of a Canary in its present release state; the first row that matches counts."""
    ladder = app.strategy.fields.get("steps")
    if app.canary is not None:
        return list(ladder) if ladder else _in_flight(app, app.canary)
    if ladder and app.strategy.ends_by_itself and not _went_back(app):
        return list(ladder)
    if app.previous_weight and app.previous_weight < 100:
        return [_weight(app.previous_weight), _weight(100)]
    return [_weight(100)]


def _went_back(app: App) -> bool:
    """After an abort or an undo: a ladder may have ended by itself, and going back must not climb it again."""
    return app.aborted is not None or (app.previous is not None and app.previous_weight is None)


def _in_flight(app: App, canary: Canary) -> list[Step]:
    weight, from_weight = canary.weight or 0, canary.from_weight
    at_once = from_weight is not None and from_weight > weight and lowers_at_once(app.strategy, app.level)
    if not app.strategy.is_routed:
        return [*_weights(None if at_once else from_weight, weight), PAUSE]
    pin = pinning_steps(app)
    if at_once and from_weight:
        return [*_lowered_at_once(from_weight, weight, pin), PAUSE]
    if weight == 0:
        return [*_to_dark(app, from_weight, pin), PAUSE]
    if from_weight is None:
        return [_weight(weight), *pin, PAUSE]
    if from_weight == 0:
        return [_pods(weight), *pin, _weight(weight), PAUSE]
    if from_weight > weight:
        return [_weight(from_weight), *pin, *_lowered(app, from_weight, weight), PAUSE]
    return [_weight(from_weight), *pin, _weight(weight), PAUSE]


def _to_dark(app: App, from_weight: int | None, pin: list[Step]) -> list[Step]:
    """A canary at weight 0 keeps one pod, and the pinned route with it."""
    one_pod: Step = {"setCanaryScale": {"replicas": 1}}
    if from_weight is None:
        return [one_pod, *pin]
    if from_weight == 0:  # a retry: other bytes, same meaning
        return [one_pod, *pin, _weight(0)]
    if app.strategy.fields.get("dynamicStableScale"):
        return [_weight(from_weight), *pin, one_pod, _weight(0)]
    return [_weight(from_weight), *pin, _pods(from_weight), _weight(0), one_pod]


def lowers_at_once(strategy: Strategy, level: int) -> bool:
    """Whether the step list of a lower weight leaves out the previous weight.

    With dynamicStableScale, there are too few stable pods for all the traffic, even for a moment.
    """
    return level >= 2 and not (strategy.is_routed and strategy.fields.get("dynamicStableScale"))


def _lowered_at_once(from_weight: int, weight: int, pin: list[Step]) -> list[Step]:
    """The pods stay until the weight has fallen, and the list does not have the old weight.

    The controller may have aborted the canary by itself, which Git cannot know. The list then starts the canary again,
    and must not restore its old weight. In return, a live canary is at 0 for a few passes of the controller.
    """
    end: Step = {"setCanaryScale": {"matchTrafficWeight": True} if weight else {"replicas": 1}}
    return [_pods(from_weight), *pin, _weight(weight), end]


def _lowered(app: App, from_weight: int, weight: int) -> list[Step]:
    """The weight falls first, then the pods; with `dynamicStableScale` the controller keeps the pods by itself."""
    if app.strategy.fields.get("dynamicStableScale"):
        return [_weight(weight)]
    return [_pods(from_weight), _weight(weight), {"setCanaryScale": {"matchTrafficWeight": True}}]


def _pods(weight: int) -> Step:
    """As many pods as each weight needs."""
    return {"setCanaryScale": {"weight": weight}}


def _weights(from_weight: int | None, weight: int) -> list[Step]:
    return [_weight(weight)] if from_weight is None else [_weight(from_weight), _weight(weight)]


def _weight(weight: int) -> Step:
    return {"setWeight": weight}


def pinning_steps(app: App) -> list[Step]:
    """The step that pins requests with `istio.canaryHeaders` to the canary once its pods are Ready."""
    headers = app.spec.get("istio", {}).get("canaryHeaders")
    if not headers:
        return []
    match = [
        {"headerName": name, "headerValue": value if isinstance(value, dict) else {"exact": value}}
        for name, value in headers.items()
    ]
    return [{"setHeaderRoute": {"name": PINNED, "match": match}}]
