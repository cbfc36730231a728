"""The rule over durations in VirtualServices and DestinationRules."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.go_time import nanoseconds
from renderer.manifest import Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of

MILLISECOND = 10**6  # nanoseconds


def istio_durations(scene: Scene) -> Iterator[Finding]:
    """A duration of a VirtualService or DestinationRule that is not valid, is shorter than 1 ms, or is not a whole
    number of milliseconds.

    Why: The API server or Istio's webhook refuses the object.
    Fix: write a Go duration: `250ms`, `1.5s`, `1m30s`. For no timeout, leave `timeout` out of the route, and write
    `idleTimeout: 0s` for connections of TCP. The `ttl` of a cookie may be `0s`, too.
    Source: the CRDs' CEL rules (`must be a valid duration greater than 1ms`), Istio `ValidateDuration`.
    """
    for manifest, pointer, route in scene.index.routes:
        for inner, text in _route_durations(route):
            yield from _duration(manifest, pointer + inner, text)
    for manifest in scene.of("DestinationRule"):
        spec = spec_of(manifest)
        policies = [("/spec/trafficPolicy", spec.get("trafficPolicy"))]
        for number, subset in enumerate(spec.get("subsets") or ()):
            if "trafficPolicy" in subset:
                policies.append((f"/spec/subsets/{number}/trafficPolicy", subset["trafficPolicy"]))
        for pointer, policy in policies:
            for inner, text in _policy_durations(policy or {}):
                if inner.endswith(_MAY_BE_NONE) and isinstance(text, str) and nanoseconds(text) == 0:
                    continue
                if not inner.endswith(_COOKIE) or not isinstance(text, str) or nanoseconds(text) is None:
                    yield from _duration(manifest, pointer + inner, text)


def _duration(manifest: Manifest, pointer: str, text: object) -> Iterator[Finding]:
    parsed = nanoseconds(text) if isinstance(text, str) else None
    if parsed is None:
        yield Finding(
            "istio-durations", f"{text!r} is not a valid duration: write 250ms, 1.5s, 1m30s", pointer, manifest
        )
    elif parsed < MILLISECOND:
        yield Finding("istio-durations", f"{text} is shorter than 1ms", pointer, manifest)
    elif parsed % MILLISECOND:
        yield Finding("istio-durations", f"{text} is finer than 1ms", pointer, manifest)


_ROUTE_PATHS = (
    ("timeout",),
    ("retries", "perTryTimeout"),
    ("retries", "backoff"),
    ("corsPolicy", "maxAge"),
    ("fault", "delay", "fixedDelay"),
    ("fault", "delay", "exponentialDelay"),
)


_POLICY_PATHS = (
    ("connectionPool", "http", "idleTimeout"),
    ("connectionPool", "http", "http2KeepAlive", "interval"),
    ("connectionPool", "http", "http2KeepAlive", "timeout"),
    ("connectionPool", "tcp", "connectTimeout"),
    ("connectionPool", "tcp", "idleTimeout"),
    ("connectionPool", "tcp", "maxConnectionDuration"),
    ("connectionPool", "tcp", "tcpKeepalive", "interval"),
    ("connectionPool", "tcp", "tcpKeepalive", "time"),
    ("loadBalancer", "consistentHash", "httpCookie", "ttl"),
    ("loadBalancer", "warmupDurationSecs"),
    ("loadBalancer", "warmup", "duration"),
    ("outlierDetection", "interval"),
    ("outlierDetection", "baseEjectionTime"),
)


_COOKIE = "/loadBalancer/consistentHash/httpCookie/ttl"  # Istio asks only that it can read it
_MAY_BE_NONE = "/connectionPool/tcp/idleTimeout"
_WITH_DURATIONS = frozenset(path[0] for path in _ROUTE_PATHS)


def _route_durations(route: Object) -> Iterator[tuple[str, object]]:
    return _at_paths(route, _ROUTE_PATHS) if not _WITH_DURATIONS.isdisjoint(route) else iter(())


def _policy_durations(policy: Object) -> Iterator[tuple[str, object]]:
    if not policy:
        return
    yield from _at_paths(policy, _POLICY_PATHS)
    for number, level in enumerate(policy.get("portLevelSettings") or ()):
        for inner, text in _at_paths(level, _POLICY_PATHS):
            yield f"/portLevelSettings/{number}{inner}", text


def _at_paths(value: Object, paths: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, object]]:
    for path in paths:
        found: object = value
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if found is not None:
            yield "/" + "/".join(path), found
