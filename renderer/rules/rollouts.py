"""Rules over Rollouts: the strategy, its Services, scale-down and anti-affinity."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.rules.finding import Finding, Scene, correct
from renderer.rules.mesh import spec_of
from renderer.rules.scheduling import PREFERRED, REQUIRED
from renderer.rules.services import pods_behind

ROUTING = "/spec/strategy/canary/trafficRouting"
ISTIO = f"{ROUTING}/istio"
HISTORY = 10  # the default of revisionHistoryLimit
_ROUTERS_WITH_SERVICES = ("alb", "smi", "apisix", "ambassador", "nginx", "appMesh", "traefik")


def canary_of(manifest: Manifest) -> Object | None:
    """`spec.strategy.canary` of a Rollout; None for another strategy."""
    strategy: Object = spec_of(manifest).get("strategy") or {}
    canary: Object | None = strategy.get("canary")
    return canary


def blue_green_of(manifest: Manifest) -> Object | None:
    """`spec.strategy.blueGreen` of a Rollout; None for another strategy."""
    strategy: Object = spec_of(manifest).get("strategy") or {}
    blue_green: Object | None = strategy.get("blueGreen")
    return blue_green


def routing_of(rollout: Manifest) -> Object:
    """`spec.strategy.canary.trafficRouting` of a Rollout; empty where it has no router."""
    routing: Object = (canary_of(rollout) or {}).get("trafficRouting") or {}
    return routing


def istio_of(rollout: Manifest) -> Object:
    """What a Rollout moves in Istio (at `ISTIO`); empty with another router, or with none."""
    istio: Object = routing_of(rollout).get("istio") or {}
    return istio


def rollout_strategy(scene: Scene) -> Iterator[Finding]:
    """A Rollout without exactly one of `canary` and `blueGreen`, or without exactly one of `template` and
    `workloadRef`.

    Why: Argo Rollouts has no webhook: the Rollout is applied, becomes InvalidSpec, and releases nothing.
    Fix: keep one. A patch that changes the strategy must set the other one to null.
    Source: Argo Rollouts (`Multiple Strategies can not be listed`, `template must be empty for workload reference
    rollout`).
    """
    for rollout in scene.of("Rollout"):
        spec = spec_of(rollout)
        strategy = spec.get("strategy") or {}
        has = [kind for kind in ("blueGreen", "canary") if kind in strategy]
        if len(has) != 1:
            message = (
                f"a Rollout needs exactly one of canary and blueGreen; this one has {'both' if has else 'neither'}"
            )
            yield Finding("rollout-strategy", message, "/spec/strategy", rollout)
        if "workloadRef" in spec and spec.get("template"):
            yield Finding(
                "rollout-strategy",
                "remove the template: a Rollout with a workloadRef takes none",
                "/spec/template",
                rollout,
            )
        if "workloadRef" not in spec and not spec.get("template"):
            yield Finding("rollout-strategy", "a Rollout needs a template, or a workloadRef", "/spec", rollout)


def driven_services(rollout: Manifest) -> Iterator[tuple[str, str]]:
    """Pointers and names of the Services that a Rollout drives."""
    blue_green, canary = blue_green_of(rollout), canary_of(rollout)
    if blue_green:
        for field in ("activeService", "previewService"):
            if blue_green.get(field):
                yield f"/spec/strategy/blueGreen/{field}", blue_green[field]
    if canary:
        for field in ("stableService", "canaryService"):
            if canary.get(field):
                yield f"/spec/strategy/canary/{field}", canary[field]
        for field, name in (canary.get("pingPong") or {}).items():
            yield f"/spec/strategy/canary/pingPong/{field}", name


def rollout_services(scene: Scene) -> Iterator[Finding]:
    """A Rollout whose Services do not exist, are missing, or are the same one twice.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing.
    Fix: correct the names, or declare a Service that is not rendered here as external (`Service/name`). BlueGreen needs
    an active Service, and any preview Service must be another one. The stable and canary Service of a canary differ;
    most routers need both, Istio with a DestinationRule needs neither. Ping-pong needs both its Services and router
    Istio or ALB.
    Source: Argo Rollouts (`ValidateRolloutStrategyBlueGreen`, `requireCanaryStableServices`, `service "x" not found`).
    """
    for rollout in scene.of("Rollout"):
        namespace = rollout.namespace
        names: dict[str, str] = {}
        for pointer, name in driven_services(rollout):
            if name in names:
                message = f"{pointer.rpartition('/')[2]} is {name}, like {names[name]}: they must differ"
                yield _service(rollout, pointer, message)
            elif not scene.known("Service", namespace, name):
                yield _service(rollout, pointer, f"there is no Service {name}: {correct('name', 'Service', name)}")
            names[name] = pointer.rpartition("/")[2]
        for pointer, message in _missing(rollout):
            yield _service(rollout, pointer, message)


def _service(rollout: Manifest, pointer: str, message: str) -> Finding:
    return Finding("rollout-services", message, pointer, rollout)


def _missing(rollout: Manifest) -> Iterator[tuple[str, str]]:
    blue_green, canary = blue_green_of(rollout), canary_of(rollout) or {}
    if blue_green is not None and not blue_green.get("activeService"):
        yield "/spec/strategy/blueGreen", "a blueGreen strategy needs an activeService"
    routing = canary.get("trafficRouting") or {}
    pong = canary.get("pingPong")
    if pong is not None:
        for field in ("pingService", "pongService"):
            if not pong.get(field):
                yield "/spec/strategy/canary/pingPong", f"pingPong needs a {field}"
        if not routing.keys() & {"istio", "alb", "plugins"}:
            yield "/spec/strategy/canary/pingPong", "pingPong needs router istio or alb"
    by_hosts = "istio" in routing and "destinationRule" not in (routing["istio"] or {})
    if any(each in routing for each in _ROUTERS_WITH_SERVICES) or by_hosts:
        for field in ("stableService", "canaryService") if pong is None else ():
            if not canary.get(field):
                message = f"this router needs a {field} (Istio: or a destinationRule with subsets)"
                yield "/spec/strategy/canary", message


def rollout_service_labels(scene: Scene) -> Iterator[Finding]:
    """A Service of a Rollout whose selector does not match the Rollout's pods.

    The hash that the controller adds to selectors is not compared.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing.
    Fix: use only labels of the Rollout's pods in the Service's selector.
    Source: Argo Rollouts (`Service "x" has unmatch label "y" in rollout`).
    """
    for pod in scene.index.workloads:
        if pod.kind != "Rollout":
            continue
        for pointer, name in driven_services(pod.manifest):
            service = scene.find("Service", pod.namespace, name)
            if service is None:
                continue
            selector = spec_of(service).get("selector") or {}
            for key, value in selector.items():
                if pod.labels.get(key) == value or key == ROLLOUT_HASH:
                    continue
                if service in scene.resources or pods_behind(scene, service):  # else service-selects-pods says it
                    message = (
                        f"the Service {name} selects {key}={value}, which the pods of the Rollout do not have; "
                        "remove it from the selector, or add it to the pods"
                    )
                    yield Finding("rollout-service-labels", message, pointer, pod.manifest)
                    break


def rollout_scale_down(scene: Scene) -> Iterator[Finding]:
    """Scale-down settings of a Rollout that its strategy does not allow, or that keep old pods forever.

    Why: Argo Rollouts sets the Rollout to InvalidSpec. `scaleDownDelaySeconds: 0` (a warning) means never, not at once:
    the controller then writes no deadline, and the pods of the old version keep running.
    Fix: remove or correct the field. A canary's `scaleDownDelaySeconds` and `dynamicStableScale` need a router, and
    exclude each other; `maxTrafficWeight` is for nginx and plugins; a blueGreen's `scaleDownDelayRevisionLimit` is at
    most `revisionHistoryLimit` (10 if not given). To stop the old pods soon, write `scaleDownDelaySeconds: 1`.
    Source: Argo Rollouts (`ValidateRolloutStrategyCanary`, `ScaleDownLimitLargerThanRevisionLimit`,
    `addScaleDownDelay`).
    """
    for rollout in scene.of("Rollout"):
        for inner, message in _scale_down(spec_of(rollout)):
            yield Finding("rollout-scale-down", message, f"/spec/strategy/{inner}", rollout)
        for kind, strategy in (("canary", canary_of(rollout) or {}), ("blueGreen", blue_green_of(rollout) or {})):
            if strategy.get("scaleDownDelaySeconds") == 0 and (kind == "blueGreen" or "trafficRouting" in strategy):
                message = "0 means never: the old pods keep running; write 1 to stop them soon, or leave it out (30 s)"
                pointer = f"/spec/strategy/{kind}/scaleDownDelaySeconds"
                yield Finding("rollout-scale-down", message, pointer, rollout, "warning")


def rollback_window_checks(scene: Scene) -> Iterator[Finding]:
    """`rollbackWindow` with a `prePromotionAnalysis` on Argo Rollouts before 1.10.

    Why: Within the window these controllers start no analysis before the promotion, but wait for its result. So an undo
    to a version without pods never gets the traffic.
    Fix: upgrade Argo Rollouts and set `versions.argoRollouts`, or remove `rollbackWindow`: an undo then waits for the
    checks. While an undo hangs, removing `rollbackWindow` starts the checks.
    Source: measured on Argo Rollouts 1.9.3 (`reconcileAnalysisRuns`, `completedPrePromotionAnalysis`).
    """
    for rollout in scene.of("Rollout"):
        has_checks = (blue_green_of(rollout) or {}).get("prePromotionAnalysis")
        if has_checks and spec_of(rollout).get("rollbackWindow") and scene.rollouts < (1, 10):
            message = (
                "Argo Rollouts before 1.10 makes no prePromotionAnalysis in the rollbackWindow, and waits for it: an "
                "undo to a version without pods hangs; remove rollbackWindow, or upgrade"
            )
            yield Finding("rollback-window-checks", message, "/spec/rollbackWindow", rollout, "warning")


def _scale_down(spec: Object) -> Iterator[tuple[str, str]]:
    strategy = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary") or {}, strategy.get("blueGreen") or {}
    routing = canary.get("trafficRouting")
    delay, dynamic = "scaleDownDelaySeconds" in canary, bool(canary.get("dynamicStableScale"))
    if routing is None:
        if delay:
            yield "canary/scaleDownDelaySeconds", "a canary without a router takes no scaleDownDelaySeconds"
        if dynamic:
            yield "canary/dynamicStableScale", "a canary without a router takes no dynamicStableScale"
    elif delay and dynamic:
        yield "canary/dynamicStableScale", "dynamicStableScale and scaleDownDelaySeconds cannot be used together"
    if routing and "maxTrafficWeight" in routing and not routing.keys() & {"nginx", "plugins"}:
        yield "canary/trafficRouting/maxTrafficWeight", "maxTrafficWeight needs router nginx or a plugin"
    limit, history = blue_green.get("scaleDownDelayRevisionLimit", 0), spec.get("revisionHistoryLimit", HISTORY)
    if limit > history:
        message = f"scaleDownDelayRevisionLimit ({limit}) is more than revisionHistoryLimit ({history})"
        yield "blueGreen/scaleDownDelayRevisionLimit", message


def rollout_anti_affinity(scene: Scene) -> Iterator[Finding]:
    """A Rollout's `antiAffinity` without exactly one of preferred and required, or with a weight outside 1 to 100.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing.
    Fix: keep one of the two, with a weight from 1 to 100 for preferred.
    Source: Argo Rollouts (`ValidateRolloutStrategyAntiAffinity`).
    """
    for rollout in scene.of("Rollout"):
        for kind, strategy in (("canary", canary_of(rollout)), ("blueGreen", blue_green_of(rollout))):
            rule = (strategy or {}).get("antiAffinity")
            if rule is None:
                continue
            pointer = f"/spec/strategy/{kind}/antiAffinity"
            if (PREFERRED in rule) == (REQUIRED in rule):
                message = f"antiAffinity needs exactly one of {PREFERRED} and {REQUIRED}"
                yield Finding("rollout-anti-affinity", message, pointer, rollout)
            elif PREFERRED in rule and not 1 <= (rule[PREFERRED] or {}).get("weight", 0) <= 100:
                yield Finding(
                    "rollout-anti-affinity", "weight is not between 1 and 100", f"{pointer}/{PREFERRED}", rollout
                )
