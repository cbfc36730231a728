"""Rule over fields of a pod that need others, or exclude them."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.plain import mapping
from renderer.rules.finding import Finding, Scene

_OF_THE_NODE = ("hostNetwork", "hostPID", "hostIPC")


def pod_fields(scene: Scene) -> Iterator[Finding]:
    """A pod without the name servers that `dnsPolicy: None` needs, or with namespaces of the node that it must not use.

    Why: The API server refuses the pods, so a new version starts none.
    Fix: give `dnsConfig.nameservers` at least one address, or leave `dnsPolicy: None` out. Keep one of `hostUsers:
    false` and `hostNetwork`, `hostPID` and `hostIPC`, and one of `shareProcessNamespace` and `hostPID`.
    Source: API server (`must provide at least one DNS nameserver when dnsPolicy is None`, `ShareProcessNamespace and
    HostPID cannot both be enabled`).
    """
    for pod in scene.index.pods:
        for field, message in _problems(pod.spec):
            yield Finding("pod-fields", message, f"{pod.pointer}/spec/{field}", pod.manifest)


def _problems(spec: Object) -> Iterator[tuple[str, str]]:
    if spec.get("dnsPolicy") == "None" and not mapping(spec.get("dnsConfig")).get("nameservers"):
        yield "dnsPolicy", "dnsPolicy None needs a name server: add dnsConfig: {nameservers: [10.0.0.10]}"
    if spec.get("hostUsers") is False:
        for field in _OF_THE_NODE:
            if spec.get(field) is True:
                yield field, f"a pod with hostUsers: false cannot have {field}: remove one of them"
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        yield "shareProcessNamespace", "a pod with shareProcessNamespace cannot have hostPID: remove one of them"
