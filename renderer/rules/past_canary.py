"""The rule over routes that lead to a Service with the pods of both versions, past the weights of a canary."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.mesh import routes_of, service_of
from renderer.rules.rollout_routes import reference
from renderer.rules.rollouts import canary_of
from renderer.rules.services import VERSION_LABELS, pods_behind

_ROUTING = "/spec/strategy/canary/trafficRouting/istio"


def past_canary(scene: Scene) -> Iterator[Finding]:
    """A VirtualService that the Rollout does not move, with a route to all pods of the app.

    The route leads to a Service of both versions, and names no subset. A Service whose selector has a label that only
    one version has, such as `version`, does not count. VirtualServices among the `resources` of the overlay count too;
    those of other apps and of other repositories are not looked at.

    Why: Istio does not apply one VirtualService to the requests that another has routed. So the requests of this route
    reach the canary by its share of the pods, also where its weight is 0 %, and an abort does not end that at once.
    Fix: add its hosts and gateways to `istio` in the app spec, and remove the route. Or lead the route to the subset
    of the stable version, which gets no canary at all.
    Source: Istio (a destination without a subset is all endpoints of the Service).
    """
    for rollout in scene.of("Rollout"):
        canary = canary_of(rollout) or {}
        istio = (canary.get("trafficRouting") or {}).get("istio")
        if not istio:
            continue
        refs = (istio.get("virtualService"), *(istio.get("virtualServices") or ()))
        named = [reference(ref.get("name") or "") for ref in refs if ref]
        moved = {(name, namespace or namespace_of(rollout)) for name, namespace in named}
        for manifest in scene.all_of("VirtualService"):
            if (manifest.name, namespace_of(manifest)) not in moved:
                yield from _routes(scene, manifest, rollout, canary)


def _routes(scene: Scene, manifest: Manifest, rollout: Manifest, canary: Object) -> Iterator[Finding]:
    versions = {canary.get("stableService"), canary.get("canaryService")}  # the controller selects one version for each
    for _, pointer, route in routes_of(manifest):
        for number, weighted in enumerate(route.get("route") or ()):
            destination = weighted.get("destination") or {}
            service = service_of(scene, destination.get("host") or "", namespace_of(manifest))
            if (
                service is None
                or destination.get("subset")
                or service.name in versions
                or _selects_one_version(service)
            ):
                continue
            if any(pod.manifest is rollout for pod in pods_behind(scene, service)):
                is_own = any(each is manifest for each in scene.manifests)
                pointed = (f"{pointer}/route/{number}/destination", manifest) if is_own else (_ROUTING, rollout)
                yield Finding("past-canary", _message(manifest, service, canary), *pointed, "warning")


def _selects_one_version(service: Manifest) -> bool:
    selector = (service.data.get("spec") or {}).get("selector") or {}
    return any(label in selector for label in VERSION_LABELS)


def _message(manifest: Manifest, service: Manifest, canary: Object) -> str:
    return (
        f"VirtualService {manifest.name} leads to all pods of Service {service.name}, so its requests reach a canary "
        "by its share of the pods, whatever its weight: add the hosts to `istio.hosts` instead, or lead it to "
        f"{_stable(canary)}"
    )


def _stable(canary: Object) -> str:
    rule = canary["trafficRouting"]["istio"].get("destinationRule")
    if rule:
        return f"the subset `{rule.get('stableSubsetName')}`"
    return f"Service {canary.get('stableService')}"
