"""Ports that the pods of today do not have under the name by which the Service will look for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.plan.side import Side, workload
from renderer.render.service import preview_name
from renderer.rules.finding import Finding

_TCP = "TCP"


class LostPort(NamedTuple):
    """A port of a Service, the container port that it will lead to, and a name under which pods have it today."""

    service: str
    port: str  # its number, and its protocol if that is not TCP
    target: str | int
    name: str = ""  # for a target by number


def lost_ports(old: Side, new: Side) -> list[LostPort]:
    """Ports of Services that lead to pods today, and whose new `targetPort` these pods do not have.

    A number counts if only the new pods list it, and the pods of today list the number that it replaces.
    """
    (labels, today), (_, later) = _pods(old), _pods(new)
    names, later_names = _names(today), _names(later)
    named = {(port.get("name"), _protocol(port)) for port in today}
    preview = preview_name(new.app)  # it leads to the pods of today only while nothing else is there
    services = {each.name: each for each in old.manifests if each.kind == "Service" and each.name != preview}
    found = []
    for service in new.manifests:
        if service.kind == "Service" and service.name in services and _selects(service, labels):
            before = _targets(services[service.name])
            for port, target in _targets(service).items():
                number, protocol = port
                lost = LostPort(service.name, f"{number}" if protocol == _TCP else f"{number}/{protocol}", target)
                was, now = (before.get(port), protocol), (target, protocol)
                if isinstance(target, str):
                    found += [lost] if port in before and now not in named else []
                elif was in names and now in later_names and now not in names:
                    found += [lost._replace(name=names[was] if names[was] == later_names[now] else "")]
    return found


def port_renamed(old: Side, new: Side) -> Iterator[Finding]:
    """A Service leads to a port that the pods of today do not have: its name or its number changes with the pods.

    A Service's named `targetPort` is looked up in each pod, and a number is the same in all of them. The Service is
    applied before the workload. So the running pods drop out of its endpoints, or get requests on a port on which they
    do not listen, until new pods are Ready. While a canary or a preview is in flight, that lasts until its promotion:
    the stable version's pods stay as they are.
    Source: Kubernetes, Services (endpoints of a port that a pod does not have by that name are left out).
    Do: keep the name; let `targetPort` name the container port instead of its number; or add the port under another
    name and number, move the callers, then remove the old port.
    """
    for lost in lost_ports(old, new):
        target, has = (f"`{lost.target}`", "has") if isinstance(lost.target, str) else (lost.target, "lists")
        until = failing_until(new)
        kept = "the name" if isinstance(lost.target, str) else "the number"
        instead = f"write `targetPort: {lost.name}`, which Kubernetes looks up in each pod, or " if lost.name else ""
        message = (
            f"port {lost.port} of Service {lost.service} leads to {target}, which no pod of today {has}: requests to "
            f"it fail until {until}; {instead}keep {kept}, or add a second port and move the callers first"
        )
        yield Finding("port-renamed", message, "/spec/ports")


def failing_until(new: Side) -> str:
    """When the last pods without the port are gone: while something is in flight, those of the stable version stay."""
    return f"{new.app.running.name} is promoted" if new.flight else "new pods are Ready"


def _pods(side: Side) -> tuple[Object, list[Object]]:
    """The labels of the workload's pods, and the ports that their containers list."""
    template = workload(side.app, side.manifests).get("spec", {}).get("template") or {}
    spec = template.get("spec") or {}
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    ports = [port for container in containers for port in container.get("ports") or ()]
    return (template.get("metadata") or {}).get("labels") or {}, ports


def _selects(service: Manifest, labels: Object) -> bool:
    selector = service.data.get("spec", {}).get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _targets(service: Manifest) -> dict[tuple[int, str], str | int]:
    """The target of each port of the Service, by number and protocol."""
    ports = service.data["spec"].get("ports") or ()
    return {(port["port"], _protocol(port)): port.get("targetPort", port["port"]) for port in ports}


def _names(ports: list[Object]) -> dict[tuple[str | int | None, str], str]:
    """The names of container ports by number and protocol; empty for one without a name."""
    return {(port["containerPort"], _protocol(port)): port.get("name") or "" for port in reversed(ports)}


def _protocol(port: Object) -> str:
    return str(port.get("protocol") or _TCP)
