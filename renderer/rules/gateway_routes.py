"""The rule over the form of routes of the Gateway API, which no schema checks here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.go_time import nanoseconds
from renderer.lazy import regex
from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.backends import ROUTES
from renderer.rules.finding import Finding, Scene
from renderer.rules.syntax import is_subdomain

_PATH_TYPES = ("Exact", "PathPrefix", "RegularExpression")
_REDIRECT = "RequestRedirect"
_DURATION = regex(r"(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}")


def route_form(scene: Scene) -> Iterator[Finding]:
    """A route of the Gateway API that its CRD refuses.

    The rule looks at the hosts, the paths, the backends, the redirects and the timeouts of a route.

    Why: The API server refuses the route. It is not applied, Argo CD's sync fails, and clients reach nothing by it.
    Fix: a backend that is a Service needs its `port`. A path begins with `/`, and its type is Exact, PathPrefix or
    RegularExpression (the `Prefix` of an Ingress is PathPrefix here). A host is a DNS name in lower case. A rule that
    redirects has no `backendRefs`. A timeout is whole numbers with units, such as `1s500ms`.
    Source: Gateway API (rules of its CRDs: `Must have port for Service reference`, `value must be an absolute path and
    start with '/'`, `RequestRedirect filter must not be used together with backendRefs`).
    """
    for kind in ROUTES:
        for route in scene.of(kind):
            for pointer, message in _problems(mapping(route.data.get("spec"))):
                yield Finding("route-form", message, f"/spec/{pointer}", route)


def _problems(spec: Object) -> Iterator[tuple[str, str]]:
    hosts = spec.get("hostnames")
    for number, host in enumerate(hosts if isinstance(hosts, list) else ()):
        if isinstance(host, str) and not is_subdomain(host.removeprefix("*.")):
            instead = "leave hostnames out for all hosts" if host == "*" else "write a DNS name alone, in lower case"
            yield f"hostnames/{number}", f"{host!r} is not a host: {instead}"
    for number, rule in enumerate(mappings(spec.get("rules"))):
        for inner, message in _of_rule(rule):
            yield f"rules/{number}/{inner}", message


def _of_rule(rule: Object) -> Iterator[tuple[str, str]]:
    backends = [*mappings(rule.get("backendRefs"))]
    for number, backend in enumerate(backends):
        is_service = backend.get("kind", "Service") == "Service" and not backend.get("group")
        if is_service and "port" not in backend:
            yield f"backendRefs/{number}", f"the Service {backend.get('name')} needs its port here: add port"
    for number, match in enumerate(mappings(rule.get("matches"))):
        for inner, message in _of_path(mapping(match.get("path"))):
            yield f"matches/{number}/path/{inner}", message
    for number, each in enumerate(mappings(rule.get("filters"))):
        if backends and each.get("type") == _REDIRECT:
            yield f"filters/{number}", "a rule that redirects sends no request on: remove its backendRefs"
    yield from _timeouts(mapping(rule.get("timeouts")))


def _of_path(path: Object) -> Iterator[tuple[str, str]]:
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    if kind not in _PATH_TYPES:
        instead = "write PathPrefix" if kind == "Prefix" else f"write {' or '.join(_PATH_TYPES)}"
        yield "type", f"{kind!r} is not a type of a path: {instead}"
    elif kind != "RegularExpression" and isinstance(value, str):
        if not value.startswith("/"):
            yield "value", f"the path {value!r} does not begin with /: write /{value}"
        elif "//" in value:
            yield "value", f"the path {value!r} has // in it: write one /"
        elif {"?", "#", " "} & {*value}:
            yield "value", f"{value!r} is more than a path: match a query by queryParams"


def _timeouts(timeouts: Object) -> Iterator[tuple[str, str]]:
    for field, value in timeouts.items():
        if isinstance(value, str) and not _DURATION.fullmatch(value):
            yield f"timeouts/{field}", f"{value!r} is not a timeout: write whole numbers with units, such as 1s500ms"
    whole, part = _length(timeouts.get("request")), _length(timeouts.get("backendRequest"))
    if whole and part and part > whole:
        message = "a backendRequest of {backendRequest} is longer than the request of {request}: lower it"
        yield "timeouts/backendRequest", message.format(**timeouts)


def _length(value: Any) -> Any:
    return nanoseconds(value) if isinstance(value, str) and _DURATION.fullmatch(value) else None
