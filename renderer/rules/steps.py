"""Rules over the steps of a canary, and the routes that its steps make."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.go_time import nanoseconds
from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.rollouts import ROUTING, canary_of, istio_of, routing_of
from renderer.rules.syntax import is_digits

_KINDS = (
    "setWeight",
    "pause",
    "experiment",
    "analysis",
    "setCanaryScale",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
)
_SCALES = ("weight", "replicas", "matchTrafficWeight")
_HEADER_ROUTERS = ("istio", "alb", "apisix", "plugins")
_MIRROR_ROUTERS = ("istio", "plugins")
_EXPERIMENT_ROUTERS = ("istio", "alb", "smi", "plugins")


def rollout_steps(scene: Scene) -> Iterator[Finding]:
    """A step of a canary that Argo Rollouts refuses, or that the strategy's router cannot do.

    The steps of a spec (`strategy.steps`) are checked even while nothing is in flight.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing.
    Fix: give each step exactly one kind. `setWeight` is 0 to 100 (or `maxTrafficWeight`); a pause is a number of
    seconds or a Go duration; `setCanaryScale`, `setHeaderRoute`, `setMirrorRoute` and an experiment's weight need a
    router that can do them; a header or path match has exactly one of exact, prefix and regex. A pause without an end
    is `pause: {}`.
    Source: Argo Rollouts (`ValidateRolloutStrategyCanary`: `Step must have one of the following set: ...`).
    """
    for rollout in scene.of("Rollout"):
        canary = canary_of(rollout)
        if not canary:
            continue
        routing = canary.get("trafficRouting")
        for number, step in enumerate(canary.get("steps") or ()):
            for inner, message in _step_errors(step, routing):
                yield Finding("rollout-steps", message, f"/spec/strategy/canary/steps/{number}{inner}", rollout)


def _step_errors(step: Object, routing: Object | None) -> Iterator[tuple[str, str]]:
    has = [kind for kind in _KINDS if kind in step]
    if len(has) != 1:
        yield "", f"a step needs exactly one of {', '.join(_KINDS)}; this one has {' and '.join(has) or 'none'}"
        return
    kind = has[0]
    if kind == "setWeight":
        most = (routing or {}).get("maxTrafficWeight") or 100
        if not 0 <= step[kind] <= most:
            yield "/setWeight", f"setWeight {step[kind]} is not between 0 and {most}"
    elif kind == "pause":
        duration = (step[kind] or {}).get("duration", 0)
        if not _is_pause(duration):
            yield (
                "/pause/duration",
                f"{duration!r} is not a valid pause: write seconds, or a duration such as 90s, 10m, 1h30m",
            )
    else:
        yield from _router_errors(kind, step[kind] or {}, routing)


def _is_pause(duration: object) -> bool:
    if isinstance(duration, int):
        return duration >= 0
    text = str(duration)
    if is_digits(text.removeprefix("+")):
        return True
    parsed = nanoseconds(text)
    return parsed is not None and parsed >= 0


def _router_errors(kind: str, body: Object, routing: Object | None) -> Iterator[tuple[str, str]]:
    """What is wrong with a step that only some routers can do."""
    pointer = f"/{kind}"
    if kind == "setCanaryScale":
        if routing is None:
            yield pointer, "setCanaryScale needs a router: remove the step, or use router istio"
        if len(given := [scale for scale in _SCALES if body.get(scale) is not None]) != 1:
            yield (
                pointer,
                f"it needs exactly one of {', '.join(_SCALES)}; this one has {' and '.join(given) or 'none'}",
            )
    elif kind == "setHeaderRoute":
        yield from _router(pointer, kind, routing, _HEADER_ROUTERS)
        for number, match in enumerate(body.get("match") or ()):
            yield from _one_match(f"{pointer}/match/{number}/headerValue", match.get("headerValue") or {})
    elif kind == "setMirrorRoute":
        yield from _router(pointer, kind, routing, _MIRROR_ROUTERS)
        for number, match in enumerate(body.get("match") or ()):
            for field in ("method", "path"):
                if field in match:
                    yield from _one_match(f"{pointer}/match/{number}/{field}", match[field] or {})
    elif kind == "experiment" and any("weight" in template for template in body.get("templates") or ()):
        yield from _router(pointer, "an experiment's weight", routing, _EXPERIMENT_ROUTERS)


def _router(pointer: str, what: str, routing: Object | None, routers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not any(each in (routing or ()) for each in routers):
        yield pointer, f"{what} needs one of the routers {', '.join(routers)}"


def _one_match(pointer: str, matcher: Object) -> Iterator[tuple[str, str]]:
    if sum(bool(matcher.get(how)) for how in ("exact", "prefix", "regex")) != 1:
        yield pointer, "the match needs exactly one of exact, prefix and regex"


def managed_routes(scene: Scene) -> Iterator[Finding]:
    """A route that a step makes and `managedRoutes` does not list or lists twice, or that Git has too.

    Why: The controller puts managed routes first, in the order of the list, and removes them at the end. It refuses
    steps with a route that is not listed, and would remove a route of that name that comes from Git.
    Fix: list each name once under `trafficRouting.managedRoutes`, and use it for nothing else. At render level 2
    rollspec lists the routes of a spec's steps itself.
    Source: Argo Rollouts (`ValidateStepRouteFoundInManagedRoute`, `RemoveManagedRoutes`), measured.
    """
    for rollout in scene.of("Rollout"):
        canary, routing = canary_of(rollout) or {}, routing_of(rollout)
        if not routing:
            continue
        names = [route.get("name") for route in routing.get("managedRoutes") or ()]
        for number, name in enumerate(names):
            if name in names[:number]:
                pointer = f"{ROUTING}/managedRoutes/{number}"
                yield Finding("managed-routes", f"two managed routes are named {name}: remove one", pointer, rollout)
        for number, step in enumerate(canary.get("steps") or ()):
            for kind in ("setHeaderRoute", "setMirrorRoute"):
                if kind in step and (step[kind] or {}).get("name") not in names:
                    name = (step[kind] or {}).get("name")
                    message = f"{name} is not listed under trafficRouting.managedRoutes: list it there"
                    yield Finding(
                        "managed-routes", message, f"/spec/strategy/canary/steps/{number}/{kind}/name", rollout
                    )
        if names:
            yield from _in_git(scene, rollout, names)


def _in_git(scene: Scene, rollout: Manifest, names: list[str | None]) -> Iterator[Finding]:
    own = (istio_of(rollout).get("virtualService") or {}).get("name", ""), rollout.namespace
    for manifest in scene.index.kinds.named("VirtualService", own[0]):
        if (manifest.name, manifest.namespace) == own:
            for number, route in enumerate(spec_of(manifest).get("http") or ()):
                if route.get("name") in names:
                    message = (
                        f"{route['name']} is a managed route, which the controller makes and removes: rename this one"
                    )
                    yield Finding("managed-routes", message, f"/spec/http/{number}/name", manifest)
