"""Ports that the pods of today do not have under the name by which the Service will look for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.plan.side import Side, workload
from renderer.rules.finding import Finding


class LostPort(NamedTuple):
    """A port of a Service, and the name of a container port that it will lead to."""

    service: str
    port: int
    target: str


def lost_ports(old: Side, new: Side) -> list[LostPort]:
    """Ports of Services that lead to pods today, and whose new `targetPort` names no port of these pods."""
    template = workload(old.app, old.manifests).get("spec", {}).get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    names = {port.get("name") for container in _containers(template) for port in container.get("ports") or ()}
    today = {each.name: each for each in old.manifests if each.kind == "Service"}
    return [
        LostPort(service.name, port["port"], port["targetPort"])
        for service in new.manifests
        if service.kind == "Service" and service.name in today and _selects(service, labels)
        for port in service.data["spec"].get("ports") or ()
        if isinstance(port.get("targetPort"), str)
        and port["targetPort"] not in names
        and port["port"] in _ports(today[service.name])
    ]


def port_renamed(old: Side, new: Side) -> Iterator[Finding]:
    """A port gets another name: the Service looks for it in pods that have it under the old one.

    A Service's named `targetPort` is looked up in each pod. The Service is applied before the workload, so the running
    pods drop out of its endpoints, and the port has no endpoints until new pods are Ready.
    Source: Kubernetes, Services (endpoints of a port that a pod does not have by that name are left out).
    Do: keep the name; or add the port under the new name and another number, move the callers, then remove the old
    port.
    """
    for lost in lost_ports(old, new):
        message = (
            f"port {lost.port} of Service {lost.service} leads to `{lost.target}`, which no pod of today has: requests "
            "to it fail until new pods are Ready; keep the name, or add a second port and move the callers first"
        )
        yield Finding("port-renamed", message, "/spec/ports")


def _containers(template: Object) -> list[Object]:
    spec = template.get("spec") or {}
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _selects(service: Manifest, labels: Object) -> bool:
    selector = service.data.get("spec", {}).get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _ports(service: Manifest) -> set[int]:
    return {port["port"] for port in service.data["spec"].get("ports") or ()}
