"""The rule over Istio's ServiceEntries: hosts, ports, addresses and endpoints, and which of them a resolution takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from renderer.manifest import Object
from renderer.plain import escape, mapping, mappings
from renderer.rules.addresses import is_address, is_range
from renderer.rules.finding import Finding, Scene
from renderer.rules.istio import refused_spaces
from renderer.rules.mesh import spec_of
from renderer.rules.syntax import is_dns_label, is_wildcard_domain

KIND = "ServiceEntry"
_PROTOCOLS = frozenset("HTTP HTTP2 HTTPS HTTP_PROXY GRPC GRPC-WEB TLS TCP UDP MONGO REDIS MYSQL".split())
_BY_NAME = frozenset({"DNS", "DNS_ROUND_ROBIN"})  # resolutions that ask DNS for the hosts, or for the endpoints
_SOCKET = "unix://"


def service_entry(scene: Scene) -> Iterator[Finding]:
    """A ServiceEntry that Istio's webhook refuses.

    Why: The ServiceEntry is not applied. Where only known hosts may be called, requests to its hosts fail.
    Fix: write DNS names under `hosts`, without scheme, port or path, and IP addresses or ranges under `addresses`. A
    host with a `*` needs the resolution NONE, or endpoints. Endpoints need the resolution STATIC (IP addresses) or DNS
    (names); ranges under `addresses` need NONE or STATIC. Each port has a name and a number of its own; the `ports` of
    an endpoint are by these names.
    Source: Istio `pkg/config/validation` (`ValidateServiceEntry`), and rules of its CRD (`NONE mode cannot set
    endpoints`, `port number cannot be duplicated`).
    """
    for manifest in scene.of(KIND):
        for inner, message in (*_problems(spec_of(manifest)), *refused_spaces(manifest)):
            yield Finding("service-entry", message, f"/spec/{inner}", manifest)


def _problems(spec: Object) -> Iterator[tuple[str, str]]:
    resolution = spec.get("resolution", "NONE")
    ports = [*mappings(spec.get("ports"))]
    endpoints = [*mappings(spec.get("endpoints"))]
    yield from _hosts(spec, resolution, bool(endpoints))
    yield from _addresses(spec, resolution)
    yield from _ports(ports)
    if endpoints and resolution == "NONE":
        yield (
            "endpoints",
            "the resolution NONE takes no endpoints: write resolution: STATIC for addresses, DNS for names",
        )
    elif endpoints and resolution == "DYNAMIC_DNS":
        yield "endpoints", "the resolution DYNAMIC_DNS takes no endpoints: it asks DNS for the host of each request"
    elif len(endpoints) > 1 and resolution == "DNS_ROUND_ROBIN":
        yield "endpoints", "the resolution DNS_ROUND_ROBIN takes one endpoint: write resolution: DNS"
    if spec.get("workloadSelector") and resolution == "NONE":
        yield "workloadSelector", "the resolution NONE takes no workloadSelector: write resolution: STATIC"
    names = dict.fromkeys(str(port.get("name")) for port in ports)
    for number, endpoint in enumerate(endpoints):
        for inner, message in _endpoint(endpoint, resolution, names):
            yield f"endpoints/{number}/{inner}", message


def _hosts(spec: Object, resolution: str, has_endpoints: bool) -> Iterator[tuple[str, str]]:
    for number, host in enumerate(spec.get("hosts") or ()):
        is_wild = host.startswith("*")
        if not _is_host(host):
            message = f"{host!r} is not a host: write a DNS name alone, with * only at its beginning"
            yield f"hosts/{number}", message
        elif is_wild and resolution in _BY_NAME and not has_endpoints:
            message = f"DNS has no address for {host}: name the hosts, add endpoints, or write resolution: NONE"
            yield f"hosts/{number}", message
        elif not is_wild and resolution == "DYNAMIC_DNS":
            yield (
                f"hosts/{number}",
                f"the resolution DYNAMIC_DNS needs a * in each host: write resolution: DNS for {host}",
            )


def _is_host(host: str) -> bool:
    name = host.removesuffix(".")
    return is_wildcard_domain(name) and not name.rpartition(".")[2].isdecimal()


def _addresses(spec: Object, resolution: str) -> Iterator[tuple[str, str]]:
    for number, address in enumerate(spec.get("addresses") or ()):
        pointer = f"addresses/{number}"
        if resolution == "DYNAMIC_DNS":
            yield pointer, "the resolution DYNAMIC_DNS takes no addresses: remove them"
        elif not (is_range(address) if "/" in address else is_address(address)):
            yield pointer, f"{address!r} is not an IP address or a range of them: names belong under hosts"
        elif "/" in address and resolution not in ("NONE", "STATIC"):
            yield pointer, f"a range such as {address} needs resolution: NONE or STATIC, not {resolution}"


def _ports(ports: list[Object]) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    numbers: set[object] = set()
    for number, port in enumerate(ports):
        pointer, name, own = f"ports/{number}", str(port.get("name", "")), port.get("number")
        if not is_dns_label(name.lower()):
            yield f"{pointer}/name", f"{name!r} is not a name of a port: letters, digits and -"
        elif name in names:
            yield f"{pointer}/name", f"two ports are named {name}"
        if own in numbers:
            yield f"{pointer}/number", f"port {own} is there twice: keep one of them"
        names.add(name)
        numbers.add(own)
        protocol = str(port.get("protocol") or "TCP")
        if protocol.upper() not in _PROTOCOLS:
            yield f"{pointer}/protocol", f"{protocol!r} is not a protocol of Istio: {', '.join(sorted(_PROTOCOLS))}"


def _endpoint(endpoint: Object, resolution: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    address = str(endpoint.get("address") or "")
    wanted = mapping(endpoint.get("ports"))
    if not address:
        if not endpoint.get("network"):  # a gateway of another network stands for its endpoints
            yield "address", "an endpoint needs an address"
    elif resolution == "STATIC" and address.startswith(_SOCKET):
        if wanted:
            yield "ports", "a socket has no ports: remove them"
    elif resolution == "STATIC" and not is_address(address):
        yield "address", f"{address!r} is not an IP address: write resolution: DNS for names"
    elif resolution in _BY_NAME and not (is_address(address) or (_is_host(address) and "*" not in address)):
        yield "address", f"{address!r} is neither a DNS name nor an IP address"
    for name in wanted:
        if name not in names:
            yield (
                f"ports/{escape(name)}",
                f"the ServiceEntry has no port named {name} (it has {', '.join(names)})",
            )
