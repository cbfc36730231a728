"""Rules over NetworkPolicies: what the API server refuses, and names of ports that no pod has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.addresses import A_RANGE, is_range, is_within
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of

KIND = "NetworkPolicy"
_SIDES = (("ingress", "from"), ("egress", "to"))
_SELECTORS = ("podSelector", "namespaceSelector")


def network_policy(scene: Scene) -> Iterator[Finding]:
    """A NetworkPolicy that the API server refuses.

    Why: The policy is not applied, and Argo CD's sync fails: the pods accept what they accepted before.
    Fix: a peer has an `ipBlock`, or a `podSelector` and a `namespaceSelector`. A range of addresses is written
    `10.0.0.0/8`, and each range of `except` is a part of it. `endPort` needs a number as `port`, which is not above it.
    Source: API server (`ValidateNetworkPolicy`: `may not specify both ipBlock and another peer`, `must be greater than
    or equal to port`, `must be a strict subset of cidr`).
    """
    for policy in scene.of(KIND):
        for side, peers in _SIDES:
            for number, rule in enumerate(mappings(spec_of(policy).get(side))):
                pointer = f"/spec/{side}/{number}"
                for index, port in enumerate(mappings(rule.get("ports"))):
                    for message in _port(port):
                        yield Finding("network-policy", message, f"{pointer}/ports/{index}", policy)
                for index, peer in enumerate(mappings(rule.get(peers))):
                    for inner, message in _peer(peer):
                        yield Finding("network-policy", message, f"{pointer}/{peers}/{index}{inner}", policy)


def _port(port: Object) -> Iterator[str]:
    first, last = port.get("port"), port.get("endPort")
    if last is None:
        return
    if not isinstance(first, int):
        yield "endPort needs a number as port: a range of ports has no name"
    elif isinstance(last, int) and last < first:
        yield f"endPort {last} is below port {first}: swap the two"


def _peer(peer: Object) -> Iterator[tuple[str, str]]:
    block, others = peer.get("ipBlock"), [field for field in _SELECTORS if field in peer]
    if block is not None and others:
        yield "", f"a peer has an ipBlock or {others[0]}, not both: make them two peers, each with its own `-`"
    if block is None and not others:
        yield "", "a peer needs an ipBlock, a podSelector or a namespaceSelector"
    whole = mapping(block).get("cidr")
    for inner, value in _ranges(mapping(block)):
        if not isinstance(value, str):
            continue
        if not is_range(value):
            yield f"/ipBlock/{inner}", f"{value!r} is not {A_RANGE}"
        elif inner != "cidr" and isinstance(whole, str) and is_range(whole) and not is_within(value, whole):
            yield f"/ipBlock/{inner}", f"{value} is not a part of {whole}: except takes smaller ranges within cidr"


def _ranges(block: Object) -> Iterator[tuple[str, Any]]:
    yield "cidr", block.get("cidr")
    for number, value in enumerate(block.get("except") or ()):
        yield f"except/{number}", value
