"""The ports of a Service and of a container as `ports` of a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

UNNAMED = "main"  # a port without a name: Istio guesses the protocol of this one as of that one
_FIELDS = ("port", "targetPort", "protocol", "appProtocol", "nodePort")


def port_of(port: Mapping[str, Any]) -> dict[str, Any]:
    """A port of a spec from one of a Service."""
    found: dict[str, Any] = {"name": port.get("name", UNNAMED)}
    found.update((key, port[key]) for key in _FIELDS if key in port)
    return found


def by_number(ports: Sequence[Mapping[str, Any]], listed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The ports with the numbers that their targets name; none where rollspec would give the Service other targets."""
    numbers = {str(port["name"]): port["containerPort"] for port in listed if "name" in port}
    first: dict[tuple[Any, Any], str] = {}
    for port in ports:
        number = numbers.get(str(port.get("targetPort")))
        if number is None or first.setdefault((number, port.get("protocol")), port["name"]) != port["targetPort"]:
            return []
    return [{**port, "targetPort": numbers[port["targetPort"]]} for port in ports]


def is_derived(ports: Sequence[Mapping[str, Any]], listed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the container lists exactly the ports that rollspec makes from `ports`."""
    made: dict[tuple[Any, str], dict[str, Any]] = {}
    for port in ports:
        target, protocol = port["targetPort"], port.get("protocol", "TCP")
        more = {} if protocol == "TCP" else {"protocol": protocol}
        made.setdefault((target, protocol), {"name": port["name"], "containerPort": target, **more})
    return [*made.values()] == [*listed]


def without_target(port: Mapping[str, Any]) -> dict[str, Any]:
    """The port without a `targetPort` that says the same as `port`."""
    return {key: value for key, value in port.items() if key != "targetPort" or value != port["port"]}
