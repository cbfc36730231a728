"""Rules over what an HTTP route does besides routing: matches, retries, faults, CORS, headers, rewrites."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderer.go_time import nanoseconds
from renderer.manifest import Manifest, Object
from renderer.plain import escape
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import routes_of, spec_of
from renderer.rules.rollouts import canary_of
from renderer.rules.syntax import is_digits, re2_error

_HEADER = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+").fullmatch  # a token of RFC 9110
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_GRPC_STATUS = frozenset(
    "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
    "UNAUTHENTICATED".split()
)
_MATCHED = ("uri", "scheme", "method", "authority")
_RETRY_ON = frozenset(
    "5xx gateway-error reset reset-before-request connect-failure envoy-ratelimited retriable-4xx refused-stream "
    "retriable-status-codes retriable-headers http3-post-connect-failure cancelled deadline-exceeded internal "
    "resource-exhausted unavailable".split()
)
_OF_RETRIES = frozenset({"backoff", "retryRemoteLocalities"})
_METHODS = frozenset("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH *".split())


def route_match(scene: Scene) -> Iterator[Finding]:
    """A match that Istio's webhook refuses: an empty prefix or regex, a regex that RE2 cannot compile, or an invalid
    header name.

    The rule also looks at the routes that a Rollout's steps make (`setHeaderRoute`, `setMirrorRoute`), which are in no
    VirtualService until the release runs.

    Why: The VirtualService is not applied. Where Argo Rollouts writes the match (`setHeaderRoute`), the release stops
    at that step.
    Fix: correct the match. Header names are letters, digits, `-` and `_`; RE2 has no look-around and no back
    references. To match any value of a header, write `{}`.
    Source: Istio `pkg/config/validation` (`validateHTTPRouteMatchRequest`).
    """
    for manifest, pointer, route in scene.index.routes:
        for number, match in enumerate(route.get("match") or ()):
            for inner, message in _match_errors(match):
                yield Finding("route-match", message, f"{pointer}/match/{number}{inner}", manifest)
    for rollout in scene.of("Rollout"):
        for number, step in enumerate((canary_of(rollout) or {}).get("steps") or ()):
            for inner, message in _step_match_errors(step):
                yield Finding("route-match", message, f"/spec/strategy/canary/steps/{number}{inner}", rollout)


def _step_match_errors(step: Object) -> Iterator[tuple[str, str]]:
    """What Istio refuses in a route that the controller makes of a step."""
    for number, match in enumerate((step.get("setHeaderRoute") or {}).get("match") or ()):
        pointer = f"/setHeaderRoute/match/{number}"
        if not _HEADER(match.get("headerName", "")):
            yield f"{pointer}/headerName", f"{match.get('headerName', '')!r} is not a valid header name"
        yield from _string_match(f"{pointer}/headerValue", match.get("headerValue") or {})
    for number, match in enumerate((step.get("setMirrorRoute") or {}).get("match") or ()):
        pointer = f"/setMirrorRoute/match/{number}"
        for name, matcher in (match.get("headers") or {}).items():
            yield from _string_match(f"{pointer}/headers/{escape(name)}", matcher or {})
        for field in ("method", "path"):
            yield from _string_match(f"{pointer}/{field}", match.get(field) or {})


def match_error(matcher: Object) -> str | None:
    """Why Istio refuses a match of a text; None for one that it takes."""
    return next((message for _, message in _string_match("", matcher)), None)


def _match_errors(match: Object) -> Iterator[tuple[str, str]]:
    for field in _MATCHED:
        if field in match:
            yield from _string_match(f"/{field}", match[field] or {})
    for group in ("headers", "withoutHeaders", "queryParams"):
        for name, matcher in (match.get(group) or {}).items():
            pointer = f"/{group}/{escape(name)}"
            if group != "queryParams" and not _HEADER(name.removeprefix(":")) and not name.startswith("@request.auth"):
                yield pointer, f"{name!r} is not a valid header name"
            yield from _string_match(pointer, matcher or {})


def _string_match(pointer: str, matcher: Object) -> Iterator[tuple[str, str]]:
    if (matcher.get("prefix") == "" and pointer != "/uri") or matcher.get("regex") == "":
        yield pointer, "Istio refuses an empty prefix or regex: leave the match out"
    elif "regex" in matcher and (why := re2_error(matcher["regex"])):
        yield pointer + "/regex", f"{matcher['regex']!r} is not a valid regular expression for Istio: {why}"


def http_retries(scene: Scene) -> Iterator[Finding]:
    """Retries that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: use `attempts` of at least 0, and in `retryOn` a comma-separated list of Envoy's policies
    (`5xx,reset,connect-failure`) and HTTP status codes. To turn retries off, write `attempts: 0` and nothing else.
    Source: Istio `pkg/config/validation` (`validateHTTPRetry`).
    """
    for manifest, pointer, route in scene.index.routes:
        retries = route.get("retries")
        if retries:
            for message in _retry_errors(retries):
                yield Finding("http-retries", message, pointer + "/retries", manifest)


def http_timeouts(scene: Scene) -> Iterator[Finding]:
    """Timeouts and retries of a route that cannot take effect together.

    Why: A `perTryTimeout` that is not shorter than the route's `timeout` never ends a try: a slow try takes all the
    time, and is not retried. With a `fault` on the route, Istio uses neither its timeout nor its retries (a note).
    Fix: make `perTryTimeout` shorter than `timeout`, so that two tries fit, or remove one of them.
    Source: Envoy (router: the timeout of the route includes all retries), Istio's reference of `HTTPRoute.fault`.
    """
    for manifest, pointer, route in scene.index.routes:
        whole, each = route.get("timeout"), (route.get("retries") or {}).get("perTryTimeout")
        total, one = (nanoseconds(text) if isinstance(text, str) else None for text in (whole, each))
        if total and one and one >= total:
            message = f"perTryTimeout {each} is not shorter than timeout {whole}: a slow try is never retried"
            yield Finding("http-timeouts", message, pointer + "/retries/perTryTimeout", manifest, "warning")
        unused = [field for field in ("timeout", "retries") if field in route]
        if route.get("fault") and unused:
            message = f"with a fault on the route, Istio ignores its {' and '.join(unused)}"
            yield Finding("http-timeouts", message, pointer + "/fault", manifest, "note")


def _retry_errors(retries: Object) -> Iterator[str]:
    attempts = retries.get("attempts", 0)
    if attempts < 0:
        yield f"attempts must not be negative, it is {attempts}"
    if attempts == 0 and (retries.get("perTryTimeout") or retries.get("retryOn") or _OF_RETRIES & retries.keys()):
        yield "with attempts 0 (or none given) nothing else may be set"
    for word in (retries.get("retryOn") or "").split(","):
        word = word.strip()
        if word and word not in _RETRY_ON and not (is_digits(word) and 100 <= int(word) <= 599):
            yield f"retryOn {word!r} is neither a policy of Envoy's nor an HTTP status"


def http_fault(scene: Scene) -> Iterator[Finding]:
    """A fault that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: give a delay or an abort, a percentage of 0 or from 0.0001 to 100, and an HTTP status from 200 to 599, or a
    status of gRPC by its name, such as UNAVAILABLE.
    Source: Istio `pkg/config/validation` (`validateHTTPFaultInjection`).
    """
    for manifest, pointer, route in scene.index.routes:
        fault = route.get("fault")
        if fault is not None:
            for message in _fault_errors(fault):
                yield Finding("http-fault", message, pointer + "/fault", manifest)


def _fault_errors(fault: Object) -> Iterator[str]:
    if not ("delay" in fault or "abort" in fault):
        yield "a fault needs a delay or an abort"
    for kind in ("delay", "abort"):
        percent = ((fault.get(kind) or {}).get("percentage") or {}).get("value", 0)
        if percent != 0 and not 0.0001 <= percent <= 100:
            yield f"the percentage of the {kind} is {percent}; it must be 0, or from 0.0001 to 100"
    status = (fault.get("abort") or {}).get("httpStatus")
    if status is not None and not 200 <= status <= 599:
        yield f"httpStatus {status} is not between 200 and 599"
    code = (fault.get("abort") or {}).get("grpcStatus")
    if code is not None and code not in _GRPC_STATUS:
        yield f"grpcStatus {code!r} is not the name of a status of gRPC: write UNAVAILABLE, NOT_FOUND, ..."
    if "http2Error" in (fault.get("abort") or {}):
        yield "Istio does not support http2Error: write httpStatus"
    if "exponentialDelay" in (fault.get("delay") or {}):
        yield "Istio does not support exponentialDelay: write fixedDelay"


def http_cors(scene: Scene) -> Iterator[Finding]:
    """A CORS policy that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: use known HTTP methods, valid header names, origins that are not empty, and a `maxAge` of whole seconds.
    Source: Istio `pkg/config/validation` (`validateCORSPolicy`).
    """
    for manifest, pointer, route in scene.index.routes:
        policy = route.get("corsPolicy")
        if policy:
            for inner, message in _cors_errors(policy):
                yield Finding("http-cors", message, f"{pointer}/corsPolicy{inner}", manifest)


def _cors_errors(policy: Object) -> Iterator[tuple[str, str]]:
    for number, method in enumerate(policy.get("allowMethods") or ()):
        if method not in _METHODS:
            yield f"/allowMethods/{number}", f"{method!r} is not an HTTP method: {', '.join(sorted(_METHODS - {'*'}))}"
    for field in ("allowHeaders", "exposeHeaders"):
        for number, name in enumerate(policy.get(field) or ()):
            if not _HEADER(name) and name != "*":
                yield f"/{field}/{number}", f"{name!r} is not a valid header name"
    for number, origin in enumerate(policy.get("allowOrigins") or ()):
        if not origin:
            yield f"/allowOrigins/{number}", "an origin needs exact, prefix or regex"
        yield from _string_match(f"/allowOrigins/{number}", origin or {})
    age = nanoseconds(policy["maxAge"]) if isinstance(policy.get("maxAge"), str) else None
    if age and age % 10**9:
        yield "/maxAge", f"maxAge {policy['maxAge']} is not a whole number of seconds"


def http_headers(scene: Scene) -> Iterator[Finding]:
    """A header operation that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: use a valid header name, and write a percent sign in a value as `%%`. `host` and `:authority` can be set on
    requests only; otherwise use `rewrite: {authority: ...}`.
    Source: Istio `pkg/config/validation` (`validateHTTPHeaderOperationName`, `ValidateHTTPHeaderNameOrJwtClaimRoute`).
    """
    for manifest, pointer, route in scene.index.routes:
        if "headers" in route:
            yield from _headers(manifest, pointer + "/headers", route["headers"] or {})
        for number, destination in enumerate(route.get("route") or ()):
            if "headers" in destination:
                yield from _headers(manifest, f"{pointer}/route/{number}/headers", destination["headers"] or {})


def _headers(manifest: Manifest, pointer: str, headers: Object) -> Iterator[Finding]:
    for side in ("request", "response"):
        for action, names in (headers.get(side) or {}).items():
            for name in names or ():
                host = name.lower() in ("host", ":authority")
                if host and side == "request" and action in ("set", "add"):
                    continue
                if host or not _HEADER(name):
                    message = f"{name!r} is not a header that can be changed with {action} on a {side}: remove it"
                    yield Finding("http-headers", message, f"{pointer}/{side}/{action}", manifest)
                if isinstance(names, dict) and _IN_BRACKETS.sub("", str(names[name])).count("%") % 2:
                    message = f"the value of {name} has a single %, which begins a variable of Envoy: write %%"
                    yield Finding("http-headers", message, f"{pointer}/{side}/{action}/{escape(name)}", manifest)


def http_rewrite(scene: Scene) -> Iterator[Finding]:
    """A rewrite, redirect, direct response or mirror that Istio's webhook refuses.

    Why: The VirtualService is not applied.
    Fix: give a rewrite at least one field, and only one of `uri` and `uriRegexRewrite`; a redirect something to change,
    a code from 300 to 399 and the scheme http or https; a direct response a status from 200 to 599; a mirror a
    percentage from 0 to 100.
    Source: Istio `pkg/config/validation` (`validateHTTPRewrite`, `validateHTTPRedirect`, `validateHTTPDirectResponse`).
    """
    for manifest, pointer, route in scene.index.routes:
        for inner, message in _rewrite_errors(route):
            yield Finding("http-rewrite", message, pointer + inner, manifest)


def _rewrite_errors(route: Object) -> Iterator[tuple[str, str]]:
    if "rewrite" in route:
        rewrite = route["rewrite"] or {}
        if not rewrite or ("uri" in rewrite and "uriRegexRewrite" in rewrite):
            yield "/rewrite", "a rewrite needs a field, and not both uri and uriRegexRewrite"
        regex = rewrite.get("uriRegexRewrite")
        if regex is not None and not (regex.get("match") and regex.get("rewrite")):
            yield "/rewrite/uriRegexRewrite", "uriRegexRewrite needs both match and rewrite"
        pattern = (regex or {}).get("match")
        if pattern and (why := re2_error(pattern)):
            yield "/rewrite/uriRegexRewrite/match", f"{pattern!r} is not a valid regular expression for Istio: {why}"
    if "redirect" in route:
        redirect = route["redirect"] or {}
        if redirect.keys().isdisjoint(("uri", "authority", "scheme", "port", "derivePort")):
            yield "/redirect", "a redirect needs uri, authority, scheme or port"
        if not 300 <= (redirect.get("redirectCode") or 301) <= 399:
            yield "/redirect/redirectCode", f"redirectCode {redirect['redirectCode']} is not between 300 and 399"
        if redirect.get("scheme", "http") not in ("http", "https"):
            yield "/redirect/scheme", f"scheme {redirect['scheme']!r} is neither http nor https"
    if "directResponse" in route and not 200 <= (route["directResponse"] or {}).get("status", 0) <= 599:
        yield "/directResponse/status", "the status of a direct response must be from 200 to 599"
    percent = (route.get("mirrorPercentage") or {}).get("value", 0)
    if not 0 <= percent <= 100:
        yield "/mirrorPercentage", f"the percentage of the mirror is {percent}; it must be from 0 to 100"


def route_names(scene: Scene) -> Iterator[Finding]:
    """Two HTTP routes of one VirtualService with the same name.

    Why: Argo Rollouts finds a route by its name and takes the first. The second keeps its old weights during a release.
    Fix: rename one.
    Source: Argo Rollouts (`searchHttpRoute`).
    """
    for manifest in scene.of("VirtualService"):
        routes = spec_of(manifest).get("http") or ()
        if len(routes) < 2:
            continue
        names = [route.get("name") for _, _, route in routes_of(manifest) if route.get("name")]
        if len(set(names)) == len(names):
            continue
        for number, route in enumerate(routes):
            if route.get("name") and any(route["name"] == other.get("name") for other in routes[:number]):
                message = f"another HTTP route is named {route['name']}: rename one"
                yield Finding("route-names", message, f"/spec/http/{number}/name", manifest)
