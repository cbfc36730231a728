"""Rules over policies of requests: what Istio's webhook refuses, and what a port without HTTP makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.protocols import HTTP, protocol
from renderer.rules.addresses import is_address, is_range
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, port_number, selects
from renderer.rules.mesh import ports_of, spec_of
from renderer.rules.selectors import may_select
from renderer.rules.services import pods_behind

KIND = "AuthorizationPolicy"
AUTHENTICATION = "RequestAuthentication"
_OF_REQUESTS = ("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths")
_OF_TOKENS = ("requestPrincipals", "notRequestPrincipals")
_BLOCKS = ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks")
_ADDRESSES = ("source.ip", "remote.ip", "destination.ip")  # keys of `when`
_ACCOUNTS = ("serviceAccounts", "notServiceAccounts")
_WHO = ("principals", "notPrincipals", "namespaces", "notNamespaces")
_KEYS = ("request.", "experimental.envoy.filters.")  # of `when`, which an HTTP connection alone has


def authorization_policy(scene: Scene) -> Iterator[Finding]:
    """An AuthorizationPolicy that Istio's webhook refuses: without rules, or with one that asks for nothing.

    Why: The policy is not applied, and the pods accept what they accepted before.
    Fix: give DENY and CUSTOM at least one rule (`{}` takes every request), CUSTOM a `provider` with a name, and each
    `source`, `operation` and `when` something to compare. ALLOW without rules refuses every request. Blocks of IP
    addresses are addresses, or ranges such as `10.0.0.0/8`. `serviceAccounts` stand for namespaces and principals, and
    cannot be combined with them.
    Source: Istio (`ValidateAuthorizationPolicy`: `DENY action without rules is meaningless`, `bad IP address`, `cannot
    set serviceAccounts with namespaces or principals`).
    """
    for policy in scene.of(KIND):
        for pointer, message in _refused(spec_of(policy)):
            yield Finding("authorization-policy", message, pointer, policy)


def _refused(spec: Object) -> Iterator[tuple[str, str]]:
    action = spec.get("action") or "ALLOW"
    if action in ("DENY", "CUSTOM") and not spec.get("rules"):
        yield "/spec", f"{action} without rules never applies: add rules; - {{}} takes every request"
    named = mapping(spec.get("provider")).get("name")
    if action == "CUSTOM" and spec.get("rules") and not named:
        yield "/spec", "CUSTOM needs a provider with a name"
    if action != "CUSTOM" and "provider" in spec:
        yield "/spec/provider", f"{action} takes no provider: remove it, or write action: CUSTOM"
    for number, rule in enumerate(mappings(spec.get("rules"))):
        pointer = f"/spec/rules/{number}"
        for field, inner in (("from", "source"), ("to", "operation")):
            if field in rule and not rule[field]:
                yield f"{pointer}/{field}", f"{field} is empty: remove it, or give it an entry with {inner}"
            for index, each in enumerate(mappings(rule.get(field))):
                if not any(mapping(each.get(inner)).values()):
                    yield f"{pointer}/{field}/{index}", f"this {inner} asks for nothing: give it a field, or remove it"
                for last, message in _source(mapping(each.get(inner))) if inner == "source" else ():
                    yield f"{pointer}/{field}/{index}/source{last}", message
        for index, condition in enumerate(mappings(rule.get("when"))):
            if not condition.get("values") and not condition.get("notValues"):
                yield f"{pointer}/when/{index}", f"{condition.get('key')} is compared with nothing: add values"
            for field in ("values", "notValues") if condition.get("key") in _ADDRESSES else ():
                for last, message in _blocks(field, condition):
                    yield f"{pointer}/when/{index}{last}", message


def _source(source: Object) -> Iterator[tuple[str, str]]:
    if any(field in source for field in _ACCOUNTS) and (other := next((each for each in _WHO if each in source), "")):
        yield "", f"serviceAccounts cannot be combined with {other}: remove one, or make them two entries of from"
    for field in _BLOCKS:
        yield from _blocks(field, source)


def _blocks(field: str, holder: Object) -> Iterator[tuple[str, str]]:
    for number, block in enumerate(holder.get(field) or ()):
        if not is_address(str(block)) and not is_range(str(block)):
            yield f"/{field}/{number}", f"{block!r} is neither an IP address nor a range such as 10.0.0.0/8"


def request_authentication(scene: Scene) -> Iterator[Finding]:
    """A rule of a RequestAuthentication without `issuer` and without `jwksUri`.

    Why: Istio's webhook refuses the object: nothing says whose tokens count. It is not applied, so no token is checked.
    Fix: give the rule the `issuer` of the tokens, which is the value of their claim `iss`.
    Source: Istio (`validateJwtRule`: `issuer or jwksUri must be non-empty string`).
    """
    for policy in scene.of(AUTHENTICATION):
        for number, rule in enumerate(mappings(spec_of(policy).get("jwtRules"))):
            if not any(rule.get(field) for field in ("issuer", "jwksUri", "jwks_uri")):
                message = "this rule names no issuer, so Istio refuses it, and no token is checked: add `issuer`"
                yield Finding("request-authentication", message, f"/spec/jwtRules/{number}", policy)


def policy_protocols(scene: Scene) -> Iterator[Finding]:
    """An AuthorizationPolicy that asks for what HTTP requests have, at a port that Istio does not take for HTTP.

    The rule looks at policies that select pods of this render, also at those among the environment's `resources`, and
    at the ports of Services whose name or `appProtocol` says that they are not HTTP. A rule that names `ports` counts
    for these alone.

    Why: Such a connection has no method, path, host or token. A rule of DENY leaves these out and so denies every
    connection to the port. A rule of ALLOW never applies there, so if all are like that, no connection is allowed.
    Fix: name the ports for which the rule is meant: `to: [{operation: {ports: ["8080"], methods: [...]}}]`. For the
    other port, add a rule of ALLOW that asks for `principals`, `namespaces` or `ports` alone.
    Source: Istio (`configured AuthorizationPolicy will deny all traffic to TCP ports under its scope`).
    """
    for pod, ports in _not_http(scene):
        near = [
            policy for policy in may_select(scene, KIND, pod.labels, within=[pod.namespace]) if _is_for(policy, pod)
        ]
        for port, name in ports.items() if near else ():
            yield from _denied(near, port, name)
            yield from _not_allowed(near, port, name)


def _is_for(policy: Manifest, pod: Pod) -> bool:
    spec = spec_of(policy)
    if policy.namespace != pod.namespace or "targetRef" in spec or "targetRefs" in spec:
        return False
    return not spec.get("selector") or selects(spec["selector"], pod.labels)


def _not_http(scene: Scene) -> Iterator[tuple[Pod, dict[int, str]]]:
    """Pods with the ports that Services lead to and that Istio surely takes for another protocol, as they are shown."""
    found: dict[int, tuple[Pod, dict[int, str]]] = {}
    for service in scene.of("Service"):
        for port in ports_of(service):
            named = protocol(port.get("appProtocol"), port.get("name"))
            if named is None or named in HTTP or port.get("protocol", "TCP") != "TCP":
                continue
            for pod in pods_behind(scene, service):
                number = port_number(pod, port.get("targetPort", port.get("port")))
                if isinstance(number, int):
                    _, ports = found.setdefault(id(pod), (pod, {}))
                    ports.setdefault(number, f"{number} ({port.get('name') or named})")
    yield from found.values()


def _denied(policies: Sequence[Manifest], port: int, name: str) -> Iterator[Finding]:
    for policy in policies:
        spec = spec_of(policy)
        for number, rule in enumerate(mappings(spec.get("rules")) if spec.get("action") == "DENY" else ()):
            if _asks_http(rule) and not _asks_more(rule, port):
                message = (
                    f"the port {name} is not HTTP, and DENY leaves out what only HTTP requests have: every connection "
                    "to it is denied; name the ports that are meant: operation: {ports: [...]}"
                )
                yield Finding("policy-protocols", message, f"/spec/rules/{number}", policy, "warning")


def _not_allowed(policies: Sequence[Manifest], port: int, name: str) -> Iterator[Finding]:
    allowing = [policy for policy in policies if (spec_of(policy).get("action") or "ALLOW") == "ALLOW"]
    rules = [rule for policy in allowing for rule in mappings(spec_of(policy).get("rules"))]
    if rules and all(_asks_http(rule) for rule in rules):
        message = (
            f"the port {name} is not HTTP, and each rule of ALLOW asks for what only HTTP requests have: no connection "
            "to it is allowed; add a rule with principals, namespaces or ports alone"
        )
        yield Finding("policy-protocols", message, "/spec/rules", allowing[0], "warning")


def _asks_http(rule: Object) -> bool:
    """Whether the rule asks for what only HTTP requests have, in each of its alternatives."""
    operations = [mapping(each.get("operation")) for each in mappings(rule.get("to"))]
    sources = [mapping(each.get("source")) for each in mappings(rule.get("from"))]
    return (
        any(str(each.get("key", "")).startswith(_KEYS) for each in mappings(rule.get("when")))
        or (bool(operations) and all(any(each.get(field) for field in _OF_REQUESTS) for each in operations))
        or (bool(sources) and all(any(each.get(field) for field in _OF_TOKENS) for each in sources))
    )


def _asks_more(rule: Object, port: int) -> bool:
    """Whether something is left of the rule at the port without what only HTTP requests have."""
    operations = [mapping(each.get("operation")) for each in mappings(rule.get("to"))]
    sources = [mapping(each.get("source")) for each in mappings(rule.get("from"))]
    elsewhere = operations and all(
        (each.get("ports") and str(port) not in map(str, each["ports"]))
        or str(port) in map(str, each.get("notPorts") or ())
        for each in operations
    )
    return (
        bool(elsewhere)
        or any(not str(each.get("key", "")).startswith(_KEYS) for each in mappings(rule.get("when")))
        or (bool(sources) and all(set(each) - set(_OF_TOKENS) for each in sources))
    )
