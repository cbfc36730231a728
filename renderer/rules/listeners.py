"""Rule over the listeners of a Gateway of the Gateway API, and the routes that ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.backends import ROUTES
from renderer.rules.finding import Finding, Scene

_GROUP = "gateway.networking.k8s.io"
GATEWAY = f"Gateway.{_GROUP}"  # its kind; a Gateway alone is Istio's


def route_listeners(scene: Scene) -> Iterator[Finding]:
    """A route of the Gateway API that no listener of its Gateway takes.

    The rule looks at Gateways of this render and of the environment's `resources`: at the name and the port of a
    listener that the route asks for, at the namespaces from which the listener takes routes, and at its host.

    Why: The Gateway does not route any request by it; clients get a 404, or no connection.
    Fix: write the name of a listener in `sectionName`, a host that it serves in `hostnames`, or let the listener take
    routes of this namespace: `allowedRoutes: {namespaces: {from: All}}`.
    Source: Gateway API (reasons `NoMatchingParent`, `NotAllowedByListeners` and `NoMatchingListenerHostname`).
    """
    for kind in ROUTES:
        for route in scene.of(kind):
            for number, parent in enumerate(mappings(mapping(route.data.get("spec")).get("parentRefs"))):
                gateway = _gateway(scene, route, parent)
                if gateway is not None:
                    for pointer, message in _problems(route, parent, gateway, f"/spec/parentRefs/{number}"):
                        yield Finding("route-listeners", message, pointer, route, "warning")


def _gateway(scene: Scene, route: Manifest, parent: Object) -> Manifest | None:
    if parent.get("kind", "Gateway") != "Gateway" or parent.get("group", _GROUP) != _GROUP:
        return None
    return scene.find(GATEWAY, str(parent.get("namespace") or route.namespace), str(parent.get("name")))


def _problems(route: Manifest, parent: Object, gateway: Manifest, pointer: str) -> Iterator[tuple[str, str]]:
    """Pointers into the route, and what is wrong there; `pointer` is the parent's."""
    listeners = mappings(mapping(gateway.data.get("spec")).get("listeners"))
    if not listeners:
        return
    name, port = parent.get("sectionName"), parent.get("port")
    asked = [each for each in listeners if name in (None, each.get("name")) and port in (None, each.get("port"))]
    if not asked:
        wanted = f"named {name}" if name is not None else f"at port {port}"
        has = ", ".join(f"{each.get('name')} at {each.get('port')}" for each in listeners)
        yield (
            pointer,
            f"the Gateway {gateway.name} has no listener {wanted} (it has {has}): it routes no request by this",
        )
        return
    namespaces = {route.namespace, gateway.namespace} - {""}  # Argo CD gives one to what names none
    taking = [each for each in asked if len(namespaces) < 2 or not _is_own_alone(each)]
    if not taking:
        yield (
            pointer,
            f"the Gateway {gateway.name} takes only routes of its namespace {gateway.namespace} here: give the "
            "listener allowedRoutes: {namespaces: {from: All}}, or a selector",
        )
        return
    given = mapping(route.data.get("spec")).get("hostnames")
    hosts = [str(each) for each in given] if isinstance(given, list) else []
    served = [str(each["hostname"]) for each in taking if each.get("hostname")]
    if hosts and len(served) == len(taking) and not any(_meets(host, served) for host in hosts):
        yield (
            "/spec/hostnames",
            f"the Gateway {gateway.name} serves {', '.join(served)} here, and none of these hosts: it routes no "
            "request by this",
        )


def _is_own_alone(listener: Object) -> bool:
    namespaces = mapping(mapping(listener.get("allowedRoutes")).get("namespaces"))
    return bool(namespaces.get("from", "Same") == "Same")


def _meets(host: str, served: Sequence[str]) -> bool:
    """Whether a host, which may begin with `*.`, and one of a Gateway's have a name in common."""
    return any(_is_under(host, each) or _is_under(each, host) for each in served)


def _is_under(host: str, other: str) -> bool:
    return host == other or (other.startswith("*.") and host.endswith(other[1:]))
