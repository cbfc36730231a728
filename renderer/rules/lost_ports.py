"""The rule over ports that a patch loses without meaning to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from renderer.manifest import WORKLOADS, Manifest
from renderer.rules.contradictions import Change
from renderer.rules.finding import Finding, of_level
from renderer.rules.index import pod_of

Ports = set[tuple[Any, str]]  # numbers and protocols


def patch_loses_port(changes: Iterable[Change], level: int) -> Iterator[Finding]:
    """A merge patch that loses a port, where an app has one number for two protocols at render level 1.

    From level 2 on each of the two ports names its protocol, and both stay.

    Why: kustomize takes two ports of one number for the same port where one of them names no protocol. Any merge patch
    of the Service or the Deployment then loses one of them, even a patch of other fields.
    Fix: set `renderLevel: 2`. Or write the patch as JSON 6902, which merges no lists.
    Source: kustomize (`mergeKeys` of ports: `containerPort` or `port`, and `protocol`).
    """
    if level > 1:
        return
    for was, manifest in changes:
        if was.data.get("spec") is not manifest.data.get("spec") and _twice(_ports(was)) - _ports(manifest):
            message = "a patch loses one of two ports that have one number and two protocols"
            yield of_level("patch-loses-port", message)


def _ports(manifest: Manifest) -> Ports:
    if manifest.kind == "Service":
        return {_port(port, "port") for port in (manifest.data.get("spec") or {}).get("ports") or ()}
    pod = pod_of(manifest, manifest.kind) if manifest.kind in WORKLOADS else None
    containers = pod.containers if pod else ()
    return {_port(port, "containerPort") for _, container in containers for port in container.get("ports") or ()}


def _port(port: dict[str, Any], key: str) -> tuple[Any, str]:
    return port.get(key), port.get("protocol") or "TCP"


def _twice(ports: Ports) -> Ports:
    """Those whose number another protocol has too."""
    return {port for port in ports if any(other[0] == port[0] and other != port for other in ports)}
