"""Rule over fields of a pod that need others, or exclude them."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.addresses import is_address
from renderer.rules.finding import Finding, Scene

NEEDS = ("dnsPolicy", "dnsConfig", "hostAliases", "hostUsers", "shareProcessNamespace")  # the fields that it looks at
_NAME_SERVERS = 3
_OF_THE_NODE = ("hostNetwork", "hostPID", "hostIPC")


def pod_fields(scene: Scene) -> Iterator[Finding]:
    """A pod without the name servers that `dnsPolicy: None` needs, with namespaces of the node that it must not use, or
    with a text where an IP address belongs.

    Why: The API server refuses the pods, so a new version starts none.
    Fix: give `dnsConfig.nameservers` at least one address, or leave `dnsPolicy: None` out. Keep one of `hostUsers:
    false` and `hostNetwork`, `hostPID` and `hostIPC`, and one of `shareProcessNamespace` and `hostPID`. The name
    servers of `dnsConfig`, at most three, and each `ip` of `hostAliases` are IP addresses.
    Source: API server (`must provide at least one DNS nameserver when dnsPolicy is None`, `ShareProcessNamespace and
    HostPID cannot both be enabled`, `must be a valid IP address`).
    """
    for pod in scene.index.pods:
        for field, message in _problems(pod.spec):
            yield Finding("pod-fields", message, f"{pod.pointer}/spec/{field}", pod.manifest)


def _problems(spec: Object) -> Iterator[tuple[str, str]]:
    if spec.get("dnsPolicy") == "None" and not mapping(spec.get("dnsConfig")).get("nameservers"):
        yield "dnsPolicy", "dnsPolicy None needs a name server: add dnsConfig: {nameservers: [10.0.0.10]}"
    servers = mapping(spec.get("dnsConfig")).get("nameservers") or ()
    if len(servers) > _NAME_SERVERS:
        yield "dnsConfig/nameservers", f"a pod has at most {_NAME_SERVERS} name servers, and here are {len(servers)}"
    for number, server in enumerate(servers):
        if not is_address(server):
            yield f"dnsConfig/nameservers/{number}", f"{server!r} is not an IP address: a name server has no name"
    for number, alias in enumerate(mappings(spec.get("hostAliases"))):
        if not is_address(str(alias.get("ip", ""))):
            message = f"{alias.get('ip')!r} is not an IP address: it stands for names, which are under hostnames"
            yield f"hostAliases/{number}/ip", message
    if spec.get("hostUsers") is False:
        for field in _OF_THE_NODE:
            if spec.get(field) is True:
                yield field, f"a pod with hostUsers: false cannot have {field}: remove one of them"
    if spec.get("shareProcessNamespace") is True and spec.get("hostPID") is True:
        yield "shareProcessNamespace", "a pod with shareProcessNamespace cannot have hostPID: remove one of them"
