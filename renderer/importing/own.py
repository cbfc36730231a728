"""Fields of a spec, read back from objects that look as rollspec renders them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.importing.group import Group
from renderer.importing.source import SourceObject
from renderer.render.files import VOLUME, config_map_name
from renderer.render.objects import PRUNE_LAST, SERVER_SIDE_APPLY, wave
from renderer.render.workload import ROLE
from renderer.rules.mesh import MESH, gateways_of
from renderer.spec import file_key

_HTTP = ("name", "route")
_OWN = "own."  # begins the name of the route for the Service's own host


def without_own_annotations(annotations: Mapping[str, Any] | None) -> dict[str, Any]:
    """The annotations without those for Argo CD that rollspec adds to this kind of object anyway."""
    ours = [*PRUNE_LAST.items(), *SERVER_SIDE_APPLY.items(), *wave(-1).items()]
    return {key: value for key, value in (annotations or {}).items() if (key, value) not in ours}


def scaled_by_others(workload: SourceObject) -> bool:
    """Whether it is a workload of `replicas: external`: no number, and an apply that leaves the number alone."""
    annotations = workload.data["metadata"].get("annotations") or {}
    return "replicas" not in workload.spec and SERVER_SIDE_APPLY.items() <= annotations.items()


def role_metadata(data: Mapping[str, Any], *roles: str) -> dict[str, Any]:
    """The labels of each role's pods, where they are not those of rollspec."""
    given = {role: data.get(f"{role}Metadata", {}) for role in roles}
    return {f"{role}Metadata": value for role, value in given.items() if value != {"labels": {ROLE: role}}}


def files_of(
    group: Group, pod: Mapping[str, Any], container: Mapping[str, Any]
) -> tuple[dict[str, Any], SourceObject | None]:
    """`files`, and the ConfigMap that holds them; nothing if they are mounted in another way."""
    volumes = [each for each in pod.get("volumes") or () if each.get("name") == VOLUME]
    name = (volumes[0].get("configMap") or {}).get("name") if volumes else None
    config_map = next((each for each in group.of("ConfigMap") if each.name == name), None)
    mounts = [each for each in container.get("volumeMounts") or () if each.get("name") == VOLUME]
    if config_map is None or not config_map.data.get("immutable"):
        return {}, None
    data = config_map.data.get("data") or {}
    found = {each["mountPath"]: str(data.get(each.get("subPath"))) for each in mounts}
    keys = [file_key(path) for path in found]
    if {*keys} != {*data} or keys != [each.get("subPath") for each in mounts]:
        return {}, None
    return (found, config_map) if name == config_map_name(group.workload.name, found) else ({}, None)


def istio_of(group: Group, host: str, ports: Sequence[str]) -> tuple[dict[str, Any], list[tuple[SourceObject, str]]]:
    """`istio`, and the VirtualService and DestinationRule that it renders; none if their names or hosts differ.

    `ports` are the names of the app's ports.
    """
    name = group.workload.name
    routes = [each for each in group.of("VirtualService") if each.name == name]
    rules = [each for each in group.of("DestinationRule") if each.name == name and each.spec.get("host") == host]
    hosts = [*(routes[0].spec.get("hosts") or ())] if routes else []
    gateways = [*gateways_of(routes[0].spec)] if routes else []
    if hosts[:1] != [host] or gateways[:1] != [MESH]:
        return {}, []
    listed = routes[0].spec.get("http") or ()
    http = [route for route in listed if _is_of_port(route, ports)]
    found: dict[str, Any] = {"hosts": hosts[1:], "gateways": gateways[1:], **_http(http)}
    found["routes"] = [_given_route(route, host) for route in listed if not _is_of_port(route, ports)]
    found["exportTo"] = routes[0].spec.get("exportTo")
    found["trafficPolicy"] = rules[0].spec.get("trafficPolicy") if rules else None
    fields = [(each, "`istio`") for each in [*routes, *rules]]
    return {key: value for key, value in found.items() if value}, fields


def _is_of_port(route: Mapping[str, Any], ports: Sequence[str]) -> bool:
    name = str(route.get("name", ""))
    return name.removeprefix(_OWN) in ports


def _given_route(route: Mapping[str, Any], host: str) -> dict[str, Any]:
    """A route of the spec, without destinations that are the app's own."""
    hosts = {(each.get("destination") or {}).get("host") for each in route.get("route") or ()}
    return {key: value for key, value in route.items() if key != "route" or hosts != {host}}


def _http(routes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`http`, from the route of the first port, which comes last."""
    named = [route for route in routes if not str(route.get("name", "")).startswith(_OWN)]
    if not routes:
        return {}
    fields = {key: value for key, value in (named or routes)[-1].items() if key not in _HTTP}
    only = bool(fields.get("match")) and len(named) == len(routes)
    return {"http": fields, **({"onlyMatched": True} if only else {})}
