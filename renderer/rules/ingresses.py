"""Rule over Ingresses that the API server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.syntax import is_digits, is_subdomain

_FREE = "ImplementationSpecific"
_TYPES = ("Exact", "Prefix", _FREE)
_WITHIN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_AT_THE_END = ("/..", "/.")


def ingress_form(scene: Scene) -> Iterator[Finding]:
    """An Ingress that the API server refuses.

    Why: The Ingress is not applied, and Argo CD's sync fails: no request from outside takes the new way.
    Fix: a host is a DNS name without scheme, port and path; `*.` may stand for its first label. A path begins with `/`.
    A backend names a Service and one of `number` and `name` of its port.
    Source: API server (`ValidateIngress`: `must be an absolute path`, `cannot set both port name & port number`).
    """
    for ingress in scene.of("Ingress"):
        for pointer, message in _problems(ingress):
            yield Finding("ingress-form", message, pointer, ingress)


def _problems(ingress: Manifest) -> Iterator[tuple[str, str]]:
    spec = mapping(ingress.data.get("spec"))
    rules = mappings(spec.get("rules"))
    if not rules and not spec.get("defaultBackend"):
        yield "/spec", "an Ingress needs rules or a defaultBackend"
    if "defaultBackend" in spec:
        yield from _backend("/spec/defaultBackend", spec["defaultBackend"])
    for number, rule in enumerate(rules):
        pointer = f"/spec/rules/{number}"
        yield from _host(f"{pointer}/host", rule.get("host"))
        for index, path in enumerate(mappings(mapping(rule.get("http")).get("paths"))):
            inner = f"{pointer}/http/paths/{index}"
            yield from _path(f"{inner}/path", path)
            yield from _backend(f"{inner}/backend", path.get("backend"))
    for number, tls in enumerate(mappings(spec.get("tls"))):
        for index, host in enumerate(tls.get("hosts") or ()):
            yield from _host(f"/spec/tls/{number}/hosts/{index}", host)


def _host(pointer: str, host: Any) -> Iterator[tuple[str, str]]:
    if not host or not isinstance(host, str):
        return
    if not is_subdomain(host.removeprefix("*.")):
        yield pointer, f"{host!r} is not a DNS name: write it in lower case, without scheme, port and path"
    elif host.count(".") == 3 and all(map(is_digits, host.split("."))):
        yield pointer, f"{host} is an IP address, and a host is a DNS name: leave it out to take requests for any host"


def _path(pointer: str, entry: Object) -> Iterator[tuple[str, str]]:
    path, kind = entry.get("path") or "", entry.get("pathType")
    if not isinstance(path, str) or kind not in _TYPES:
        return
    if not path.startswith("/"):
        if path:
            yield pointer, f"the path {path!r} must begin with /"
        elif kind != _FREE:
            yield pointer.rpartition("/")[0], f"a path of type {kind} begins with /: add path: /"
    elif kind != _FREE:
        wrong = next((part for part in _WITHIN_PATH if part in path), None)
        wrong = wrong or next((part for part in _AT_THE_END if path.endswith(part)), None)
        if wrong:
            yield pointer, f"the path {path!r} must not have {wrong}"


def _backend(pointer: str, backend: Any) -> Iterator[tuple[str, str]]:
    found = mapping(backend)
    service = found.get("service")
    if service and found.get("resource"):
        yield pointer, "a backend has a service or a resource, not both"
    if not service and not found.get("resource"):
        yield pointer, "a backend needs a service: add service: {name: web, port: {number: 80}}"
    if not service:
        return
    port = mapping(mapping(service).get("port"))
    if port.get("name") and port.get("number"):
        yield f"{pointer}/service/port", "a port has a name or a number, not both: remove one"
    elif not port.get("name") and not port.get("number"):
        yield f"{pointer}/service", "the backend names no port: add port with a number or a name"
