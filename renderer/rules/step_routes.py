"""The routes of a VirtualService as they are at each step of a release, with those that the controller adds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, ManifestRule, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.rollouts import canary_of, istio_of, routing_of

_STEPS = "/spec/strategy/canary/steps"
_ROUTE = re.compile(r"/spec/http/([0-9]+)(?:/|$)").match
_MAKE = ("setHeaderRoute", "setMirrorRoute")


def check_step_routes(scene: Scene, rules: Sequence[ManifestRule]) -> Iterator[Finding]:
    """What the rules find in the routes at each step that adds some, and not in those of Git; at the step itself."""
    said: set[tuple[str, str]] = set()
    for rollout in scene.of("Rollout"):
        for pointer, stepped in _stepped(scene, rollout):
            said = said or {(finding.rule, finding.message) for rule in rules for finding in rule(scene)}
            for finding in (found for rule in rules for found in rule(stepped)):
                if (finding.rule, finding.message) not in said:
                    said.add((finding.rule, finding.message))
                    message = f"during a release, {_route(finding)}: {finding.message}"
                    yield replace(finding, message=message, pointer=pointer, manifest=rollout)


def _route(finding: Finding) -> str:
    """The route that a finding is about, by its name: its number is not that of Git."""
    service = finding.manifest
    found = _ROUTE(finding.pointer)
    routes = spec_of(service).get("http") or () if service else ()
    route = routes[int(found[1])].get("name") or "without a name" if found and int(found[1]) < len(routes) else ""
    return f"{f'route {route} of ' if route else ''}VirtualService {service.name if service else ''}"


def _stepped(scene: Scene, rollout: Manifest) -> Iterator[tuple[str, Scene]]:
    """After each step that adds routes: its pointer, and the scene with the VirtualService as it is then."""
    canary = canary_of(rollout) or {}
    steps = canary.get("steps") or ()
    if not any(kind in step for step in steps for kind in _MAKE):
        return
    istio = istio_of(rollout)
    named, rule = istio.get("virtualService") or {}, istio.get("destinationRule") or {}
    found = scene.find("VirtualService", rollout.namespace, named.get("name", ""))
    routes = [*(spec_of(found).get("http") or ())] if found else []
    driven = [route for route in routes if route.get("name") in (named.get("routes") or [route.get("name")])]
    if found is None or not driven or found not in scene.manifests:
        return
    order = [route.get("name") for route in routing_of(rollout).get("managedRoutes") or ()]
    made: dict[object, Object] = {}
    for number, step in enumerate(steps):
        for kind in _MAKE:
            body = step.get(kind) or {}
            if not body:
                continue
            made.pop(body.get("name"), None)
            if body.get("match"):
                make = _header_route if kind == "setHeaderRoute" else _mirror_route
                made[body.get("name")] = make(body, driven[0], rule.get("canarySubsetName"))
                first = sorted(made, key=lambda name: order.index(name) if name in order else len(order))
                spec = {**found.data["spec"], "http": [*(made[name] for name in first), *routes]}
                service = replace(found, data={**found.data, "spec": spec})
                within = (service if each is found else each for each in scene.manifests)
                yield f"{_STEPS}/{number}/{kind}", scene.with_manifests(within)


def _header_route(body: Object, driven: Object, subset: object) -> Object:
    """`createHeaderRoute`: the headers and the canary alone, at the port of the first route."""
    first = (driven.get("route") or [{}])[0].get("destination") or {}
    port = {"port": first["port"]} if "port" in first else {}
    match = [{"headers": {each.get("headerName", ""): each.get("headerValue") or {}}} for each in body["match"]]
    destination = {"host": first.get("host", ""), "subset": subset, **port}
    return {"name": body.get("name"), "match": match, "route": [{"destination": destination, "weight": 100}]}


def _mirror_route(body: Object, driven: Object, subset: object) -> Object:
    """`createMirrorRoute`: the destinations of the first route, and copies to the canary."""
    fields = {"method": "method", "path": "uri", "headers": "headers"}
    match = [{fields[key]: value for key, value in each.items() if key in fields} for each in body["match"]]
    first = (driven.get("route") or [{}])[0].get("destination") or {}
    return {
        "name": body.get("name"),
        "match": match,
        "route": driven.get("route") or [],
        "mirror": {"host": first.get("host", ""), "subset": subset},
        "mirrorPercentage": {"value": body.get("percentage", 100)},
    }
