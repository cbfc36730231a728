"""The parts of the manifests that the controllers decide by, read once into values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderer.go_time import whole_seconds
from renderer.manifest import Object
from renderer.rounding import IntOrPercent

UNVERSIONED = "unversioned"  # the version of pods that have neither the label nor an image
_MOST_DIGITS = 10  # of a number in a manifest; a rule refuses more


@dataclass(frozen=True, slots=True)
class Template:
    """A pod template: its identity, the labels of its pods, and the name of its version."""

    hash: str
    labels: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a canary; `type` is the key that the step has."""

    type: str
    weight: int | None = None  # setWeight, setCanaryScale.weight
    replicas: int | None = None  # setCanaryScale.replicas
    match_weight: bool = False  # setCanaryScale.matchTrafficWeight
    seconds: float | None = None  # pause.duration
    route: str = ""  # setHeaderRoute.name
    removes: bool = False  # setHeaderRoute without a match


@dataclass(frozen=True, slots=True)
class Routing:
    """A canary's traffic routing by Istio; `virtual_service` and `rule` are `namespace/name`.

    `stable` and `canary` are the names of subsets; without a rule they are Services, as `namespace/name`.
    """

    virtual_service: str
    routes: tuple[str, ...]
    rule: str  # "": none
    stable: str
    canary: str
    managed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """replicaProgressThreshold."""

    percent: bool
    value: int


@dataclass(frozen=True, slots=True)
class Canary:
    """A Rollout's canary strategy."""

    steps: tuple[Step, ...]
    steps_hash: str
    surge: IntOrPercent
    unavailable: IntOrPercent
    routing: Routing | None
    stable_service: str  # "": none
    canary_service: str
    min_pods: int | None
    dynamic: bool
    threshold: Threshold | None
    analysis: bool  # runs in the background
    analysis_from: int  # startingStep


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """A Rollout's blueGreen strategy."""

    active: str
    preview: str  # "": none
    auto: bool
    auto_seconds: float
    preview_count: int | None
    pre_analysis: bool
    post_analysis: bool
    unavailable: IntOrPercent


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """What a Rollout asks for; the number of replicas is live state, since an autoscaler may own it."""

    template: Template
    min_ready: float
    paused: bool
    restart_at: str | None
    rollback_window: int
    history: int
    canary: Canary | None
    blue_green: BlueGreen | None
    scale_down_delay: float
    scale_down_delay_set: bool
    abort_delay: float | None  # None: the canary stays up forever
    abort_delay_set: bool
    revision_limit: int | None  # scaleDownDelayRevisionLimit


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """What a Deployment asks for."""

    template: Template
    min_ready: float
    paused: bool
    recreate: bool
    surge: IntOrPercent
    unavailable: IntOrPercent


def template_of(data: Object) -> Template:
    """The pod template of a workload's spec."""
    template = data.get("template", {})
    return Template(digest(template), _labels(template), template_version(template))


def template_version(template: Object) -> str:
    """The name of a pod template's version: the label `version` of its pods, else their images."""
    images = [str(each.get("image", "")) for each in (template.get("spec") or {}).get("containers") or ()]
    labels = _labels(template)
    return str(labels.get("version") or " ".join(images) or labels.get("app.kubernetes.io/version") or UNVERSIONED)


def _labels(template: Object) -> dict[str, Any]:
    return dict((template.get("metadata") or {}).get("labels") or {})


def digest(data: Any) -> str:
    """A short text that is the same for equal data."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def deployment_spec(data: Object) -> DeploymentSpec:
    """A Deployment's spec, with the API server's defaults."""
    strategy = data.get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    return DeploymentSpec(
        template=template_of(data),
        min_ready=float(data.get("minReadySeconds", 0)),
        paused=bool(data.get("paused")),
        recreate=strategy.get("type") == "Recreate",
        surge=rolling.get("maxSurge", "25%"),
        unavailable=rolling.get("maxUnavailable", "25%"),
    )


def rollout_spec(data: Object, namespace: str) -> RolloutSpec:
    """A Rollout's spec, with the controller's defaults (`utils/defaults`)."""
    strategy = data.get("strategy") or {}
    blue_green, canary = strategy.get("blueGreen"), strategy.get("canary")
    given: Object = (canary if blue_green is None else blue_green) or {}
    delayed = blue_green is not None or bool(given.get("trafficRouting"))
    abort_delay = given.get("abortScaleDownDelaySeconds") if delayed else None
    return RolloutSpec(
        template=template_of(data),
        min_ready=float(data.get("minReadySeconds", 0)),
        paused=bool(data.get("paused")),
        restart_at=data.get("restartAt"),
        rollback_window=int((data.get("rollbackWindow") or {}).get("revisions", 0)),
        history=int(data.get("revisionHistoryLimit", 10)),
        canary=None if blue_green is not None else _canary(given, namespace),
        blue_green=None if blue_green is None else _blue_green(blue_green, namespace),
        scale_down_delay=float(given.get("scaleDownDelaySeconds", 30)) if delayed else 0.0,
        scale_down_delay_set="scaleDownDelaySeconds" in given,
        abort_delay=_abort_delay(abort_delay, delayed),
        abort_delay_set=abort_delay is not None,
        revision_limit=given.get("scaleDownDelayRevisionLimit"),
    )


def _abort_delay(given: int | None, delayed: bool) -> float | None:
    if given is None:
        return 30.0 if delayed else 0.0
    return float(given) or None


def _canary(data: Object, namespace: str) -> Canary:
    steps = data.get("steps") or []
    analysis = data.get("analysis") or {}
    threshold = data.get("replicaProgressThreshold")
    stable, canary = (_service(data, key, namespace) for key in ("stableService", "canaryService"))
    return Canary(
        steps=tuple(_step(step) for step in steps),
        steps_hash=digest(steps),
        surge=data.get("maxSurge", "25%"),
        unavailable=data.get("maxUnavailable", "25%"),
        routing=_routing(data.get("trafficRouting") or {}, namespace, stable, canary),
        stable_service=stable,
        canary_service=canary,
        min_pods=data.get("minPodsPerReplicaSet"),
        dynamic=bool(data.get("dynamicStableScale")),
        threshold=Threshold(threshold.get("type") == "Percentage", int(threshold["value"])) if threshold else None,
        analysis=bool(analysis.get("templates")),
        analysis_from=int(analysis.get("startingStep", 0)),
    )


def _service(data: Object, key: str, namespace: str) -> str:
    return f"{namespace}/{data[key]}" if data.get(key) else ""


def _routing(data: Object, namespace: str, stable: str, canary: str) -> Routing | None:
    istio = data.get("istio")
    if not istio:
        return None
    service, rule = istio.get("virtualService") or {}, istio.get("destinationRule") or {}
    return Routing(
        virtual_service=_key(service.get("name", ""), namespace),
        routes=tuple(service.get("routes") or ()),
        rule=_key(rule.get("name", ""), namespace) if rule else "",
        stable=rule.get("stableSubsetName", "") if rule else stable,
        canary=rule.get("canarySubsetName", "") if rule else canary,
        managed=tuple(route["name"] for route in data.get("managedRoutes") or ()),
    )


def _key(name: str, namespace: str) -> str:
    """`namespace/name`; an Istio object may be named as `name.namespace`."""
    service, _, other = name.partition(".")
    return f"{other or namespace}/{service}"


def _step(data: Object) -> Step:
    name = next(iter(data))
    value = data[name]
    if name == "setWeight":
        return Step(name, weight=int(value))
    if name == "pause":
        return Step(name, seconds=seconds((value or {}).get("duration")))
    if name == "setCanaryScale":
        match = bool(value.get("matchTrafficWeight"))
        return Step(name, weight=value.get("weight"), replicas=value.get("replicas"), match_weight=match)
    if name == "setHeaderRoute":
        return Step(name, route=value["name"], removes=not value.get("match"))
    return Step(name)


def seconds(duration: int | float | str | None) -> float | None:
    """`30`, `"30"`, `"1m30s"`, `"1.5h"` in whole seconds, as the controller reads a pause: `DurationSeconds()`.

    `500ms` is 0 seconds there. A rule refuses any other text, which counts as 0 seconds here.
    """
    if duration is None or isinstance(duration, (int, float)):
        return duration
    if len(duration) <= _MOST_DIGITS and duration.isascii() and duration.isdecimal():
        return float(duration)
    return float(whole_seconds(duration))


def _blue_green(data: Object, namespace: str) -> BlueGreen:
    preview = data.get("previewService")
    return BlueGreen(
        active=f"{namespace}/{data.get('activeService', '')}",
        preview=f"{namespace}/{preview}" if preview else "",
        auto=bool(data.get("autoPromotionEnabled", True)),
        auto_seconds=float(data.get("autoPromotionSeconds", 0)),
        preview_count=data.get("previewReplicaCount"),
        pre_analysis=bool((data.get("prePromotionAnalysis") or {}).get("templates")),
        post_analysis=bool((data.get("postPromotionAnalysis") or {}).get("templates")),
        unavailable=data.get("maxUnavailable", "25%"),
    )
