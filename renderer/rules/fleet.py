"""Where two apps of one environment claim the same, and what one of them has that another one needs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from renderer.manifest import KINDS_OF_ARGOCD, Manifest
from renderer.rules.claims import (
    AT_GATEWAY,
    BACKEND,
    DESTINATION,
    GROUP_OF_ARGOCD,
    HELD,
    IN_MESH,
    MOUNTED,
    OF_KIND,
    ONE_POD,
    OVERLAP,
    PODS,
    ROLLOUT,
    SERVICE,
    TAKES,
    WAITS,
    Claim,
    service_key,
)
from renderer.rules.finding import Finding, Scene
from renderer.schema.scope import scope

_RULED = "destination-rule-once"
_HOSTED = ("host-once", _RULED)
_PUT = "put this object under `resources` of the overlay"
_MAKE_NO_SERVICES = frozenset(
    ("gateway.networking.k8s.io", "keda.sh", "monitoring.coreos.com", "external-secrets.io", "cert-manager.io")
)
_MAKE_SERVICES = {  # kinds of these groups that make some, and how the names start; empty: with their own name
    "Gateway": "",
    "Prometheus": "prometheus-operated",
    "Alertmanager": "alertmanager-operated",
    "ThanosRuler": "thanos-ruler-operated",
}


class Clash(NamedTuple):
    """Two owners that claim the same. Each of them gets one, about its own `claim`."""

    rule: str
    message: str
    claim: Claim
    other: Claim

    @property
    def allow(self) -> str:
        """The app that `overlappingSelectors` must name to allow it, if the clash is one of selectors."""
        return _to_allow(self.claim, self.other)


def fleet(claimed: Iterable[tuple[str, Claim]], may_overlap: Collection[str] = ()) -> list[Clash]:
    """Clashes between owners, sorted by owner, file and pointer. The owner of a pair counts, not the claim's own.

    `may_overlap` names the apps whose selectors may find pods of other owners, and whose pods a selector of the
    environment's `resources` may find.
    """
    by_rule: defaultdict[str, list[Claim]] = defaultdict(list)
    for owner, claim in claimed:
        by_rule[claim.rule].append(claim if claim.owner == owner else claim._replace(owner=owner))
    times = {rule: Counter([claim.key for claim in by_rule[rule]]) for rule in _EXACT}
    found: list[Clash] = []
    for rule, counts in times.items():
        several = (
            [claim for claim in by_rule[rule] if counts[claim.key] > 1] if len(counts) < len(by_rule[rule]) else ()
        )
        for key, group in _by_key(several).items():
            found += _equal(rule, key, group)
    found += _overlaps(_by_key(by_rule[OVERLAP]), _by_key(by_rule[PODS]), may_overlap)
    services = [claim for claim in by_rule["object-once"] if _is_service(claim)]
    routed = [claim for claim in by_rule["host-once"] if claim.key.endswith(IN_MESH)]
    found += _wildcards(routed)
    found += _of_services([claim for claim in routed if times["host-once"][claim.key] == 1], services)
    found += _taken(by_rule[TAKES], services)
    found += _rules_of_services(by_rule[_RULED], services, times[_RULED])
    found += _held(by_rule[HELD], by_rule[MOUNTED], {claim.key for claim in by_rule[ONE_POD]})
    return sorted(found, key=lambda clash: (*_order(clash.claim), *_order(clash.other)))


def _by_key(claimed: Iterable[Claim]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for claim in claimed:
        found.setdefault(claim.key, []).append(claim)
    return found


def _rules_of_services(ruled: Sequence[Claim], services: Iterable[Claim], times: Counter[str]) -> Iterator[Clash]:
    """DestinationRules that an app makes for the Service of another app, which has none of its own there."""
    exact = {claim.key: claim for claim in ruled}
    wild = [claim for claim in ruled if claim.key.startswith("*")]
    for claim in services if ruled else ():
        if claim.owner.startswith("_"):
            continue
        host, namespace = (key := _rule_key(claim.key)).split("|")
        one = exact.get(key)  # the most exact host counts; where two are equal, a clash says so already
        if one is not None:
            made = [one] if times[one.key] == 1 else []
        else:
            made = [each for each in wild if each.key.endswith(f"|{namespace}") and _covers(_ruled(each), host)]
        for each in made:
            if each.owner != claim.owner and not each.owner.startswith("_"):
                service = claim.key.partition(" in ")[0]
                message = (
                    f"the DestinationRule for {_ruled(each)} applies to {service} of {_spoken(claim.owner)}, and "
                    f"decides how everyone connects to it: name a host of {_spoken(each.owner)}, or {_PUT}"
                )
                yield Clash(_RULED, message, each, claim)


def _is_service(claim: Claim) -> bool:
    """Whether the claim is that of a Service of Kubernetes: other groups have kinds of that name."""
    return claim.rule == "object-once" and claim.key.startswith(SERVICE) and claim.key.endswith("|")


def _rule_key(service: str) -> str:
    """The key of a DestinationRule for the Service of this key, in the Service's own namespace."""
    host = _service_host(service)
    return f"{host}|{host.split('.')[1]}"


def _ruled(claim: Claim) -> str:
    return claim.key.partition("|")[0]


def _wildcards(routed: Iterable[Claim]) -> Iterator[Clash]:
    """Hosts of the mesh that a wildcard host of another owner covers: requests that have no route yet would take it."""
    for wild in (claim for claim in routed if claim.key.startswith("*.")):
        covered = [each for each in routed if each.owner != wild.owner and _covers(_host(wild), _host(each))]
        if covered:
            other = min(covered, key=_order)
            message = (
                f"the host {_host(wild)} covers {_host(other)} of {_spoken(other.owner)}: without a route of that app, "
                "its requests go here; write the full names of the hosts that are meant"
            )
            yield Clash("host-once", message, wild, other)


def _of_services(routed: Iterable[Claim], services: Iterable[Claim]) -> Iterator[Clash]:
    """Routes that an app makes for the Service of another app, which has none for it."""
    hosts = {_host(claim): claim for claim in routed if not claim.owner.startswith("_")}
    wild = {host: claim for host, claim in hosts.items() if host.startswith("*.")}
    keys = {key: host for host in hosts if (key := service_key(host))}
    for claim in services if hosts else ():
        if claim.owner.startswith("_"):
            continue
        routes = [hosts[keys[claim.key]]] if claim.key in keys else []
        routes += [each for host, each in wild.items() if _covers(host, _service_host(claim.key))]
        for each in routes:
            if each.owner != claim.owner:
                host, service = _host(each), claim.key.partition(" in ")[0]
                message = (
                    f"the host {host} {'covers' if host.startswith('*') else 'is'} that of {service} of "
                    f"{_spoken(claim.owner)}, so these routes take its requests: remove the host, or {_PUT}"
                )
                yield Clash("host-once", message, each, claim)


def _taken(taking: Sequence[Claim], services: Iterable[Claim]) -> Iterator[Clash]:
    """What leads the requests of another app's Service to pods of its own choice."""
    by_key = {claim.key: claim for claim in services} if taking else {}
    for claim in taking:
        service = by_key.get(claim.key)
        if service is not None and service.owner != claim.owner and not claim.owner.startswith("_"):
            what = claim.key.partition(" in ")[0]
            message = (
                f"this takes the requests of {what} of {_spoken(service.owner)}, so its callers reach other pods: "
                f"remove it, or {_PUT}"
            )
            yield Clash("host-once", message, claim, service)


def _held(held: Sequence[Claim], mounted: Sequence[Claim], of_one_pod: Collection[str]) -> Iterator[Clash]:
    """Pods that wait for a ReadWriteOncePod claim, which a workload of another owner holds."""
    holders = _by_key(claim for claim in held if claim.key in of_one_pod)
    for claim in (*held, *mounted) if holders else ():
        others = [each for each in holders.get(claim.key, ()) if each.owner != claim.owner]
        if others:
            other = min(others, key=_order)
            message = (
                f"the claim {claim.key.partition('/')[2]} is ReadWriteOncePod, and {_spoken(other.owner)} holds it "
                f"({other.file}): the pods of one of the two wait for the volume forever; use a claim of their own, "
                "or one with ReadWriteMany"
            )
            yield Clash(HELD, message, claim, other)


def _service_host(key: str) -> str:
    name, _, namespace = key.removeprefix(SERVICE).removesuffix("|").partition(" in ")
    return f"{name}.{namespace}.svc"


def _covers(wild: str, host: str) -> bool:
    """Whether a wildcard host covers another one; of hosts of Services only the usual domain of a cluster is known."""
    end = _known_part(wild[1:])
    return host.endswith(end) or (host.endswith(".svc") and f"{host}.cluster.local".endswith(end))


def _host(claim: Claim) -> str:
    return claim.key.removesuffix(IN_MESH)


def _known_part(end: str) -> str:
    """Hosts of Services are compared without the cluster's domain."""
    before, found, _ = end.partition(".svc")
    return f"{before}.svc" if found else end


def could_clash(claimed: Iterable[Claim]) -> Callable[[str, str], bool]:
    """A test of another owner's claim, by rule and key: whether it could clash with one of these."""
    keys = {claim[:2] for claim in claimed}
    pods = [frozenset(key.split("\n")) for rule, key in keys if rule == PODS]
    selectors = [frozenset(key.split("\n")) for rule, key in keys if rule == OVERLAP]

    has_wildcard = any(rule in _HOSTED and key.startswith("*") for rule, key in keys)
    others = {service_key(key.removesuffix(IN_MESH)) for rule, key in keys if rule == "host-once"}
    services = [key for rule, key in keys if rule == "object-once" and key.startswith(SERVICE) and key.endswith("|")]
    others |= {f"{_service_host(key)}{IN_MESH}" for key in services} | {_rule_key(key) for key in services}
    others |= {service_key(key.partition("|")[0]) for rule, key in keys if rule == _RULED}
    others |= {*services, *(key for rule, key in keys if rule in (TAKES, HELD, MOUNTED, ONE_POD))}

    def test(rule: str, key: str) -> bool:
        if rule == PODS:
            labels = key.split("\n")
            return any(selector.issubset(labels) for selector in selectors)
        if rule == OVERLAP:
            return any(found.issuperset(key.split("\n")) for found in pods)
        if rule in _HOSTED and key.startswith("*"):
            return True
        if has_wildcard and (rule in _HOSTED or key.startswith(SERVICE)):
            return True
        return (rule, key) in keys or key in others

    return test


def is_for_a_cluster(claim: Claim) -> bool:
    """Whether two environments of one cluster clash by it: they make one object, or route one host at one gateway.

    An object of an unknown kind that names no namespace may get one from Argo CD, so it is not compared. In the mesh
    `exportTo` may keep the routes of one namespace from the others.
    """
    if claim.rule == "object-once":
        what, _, group = claim.key.rpartition("|")
        return " in " in what or scope(group, what.partition(" ")[0]) != "unknown"
    return claim.rule == "host-once" and AT_GATEWAY in claim.key


def is_of_namespace(claim: Claim, namespace: str) -> bool:
    """Whether the claim of a host depends on the namespace, because its gateway is there."""
    return f"{AT_GATEWAY}{namespace}/" in claim.key


def _equal(rule: str, key: str, group: list[Claim]) -> Iterator[Clash]:
    for claim in group:
        others = [other for other in group if other.owner != claim.owner]
        if others:
            other = min(others, key=_order)
            yield Clash(rule, _message(rule, key, _spoken(other.owner), other), claim, other)


def _order(claim: Claim) -> tuple[str, str, str, str, str]:
    return claim.owner, claim.file, claim.pointer, claim.rule, claim.key


def _spoken(owner: str) -> str:
    """The owner in words: a name that no app can have means the environment's `resources`."""
    return f"the environment's {owner.strip('_')}" if owner.startswith("_") else f"app {owner}"


def _message(rule: str, key: str, who: str, other: Claim) -> str:
    what = key.partition("|")[0]
    return {
        "object-once": f"{what} is made by {who} too ({other.file}): rename or remove one",
        "host-once": f"the host {what} is routed by {who} too ({other.file}): make one of the two",
        "destination-rule-once": f"another DestinationRule for the host {what}: {who} ({other.file}); keep one",
        "hpa-once": f"{what} is scaled by {who} too ({other.file}): remove one of the two",
    }[rule]


def clashes_within(scene: Scene, kinds: Sequence[str], rule: str) -> Iterator[Finding]:
    """The same clashes between the manifests of one app: one finding for each manifest after the first."""
    first: dict[str, tuple[Manifest, Claim]] = {}
    for manifest in (manifest for kind in kinds for manifest in scene.of(kind)):
        for claim in OF_KIND[manifest.kind](manifest, ""):
            known, other = first.setdefault(claim.key, (manifest, claim))
            if known is not manifest:
                message = _message(rule, claim.key, f"{known.kind} {known.name}", other)
                yield Finding(rule, message, claim.pointer, manifest)


def is_of_argocd(claim: Claim) -> bool:
    """Whether it is that of an Application, an ApplicationSet or an AppProject."""
    is_object = claim.rule == "object-once" and claim.key.endswith(f"|{GROUP_OF_ARGOCD}")
    return is_object and claim.key.partition(" ")[0] in KINDS_OF_ARGOCD


def waits_for_rollouts(claimed: Iterable[tuple[str, Claim]]) -> Iterator[tuple[Claim, Claim]]:
    """What Argo CD applies only when the Rollout of another owner is healthy, with that Rollout, in one sync of all."""
    named = [claim if claim.owner == owner else claim._replace(owner=owner) for owner, claim in claimed]
    rollouts = sorted((int(claim.key.partition("|")[0]), *claim) for claim in named if claim.rule == ROLLOUT)
    for claim in sorted(claim for claim in named if claim.rule == WAITS) if rollouts else ():
        wave = claim.key.partition("|")[0]
        for number, *rollout in rollouts:
            other = Claim(*rollout)
            if other.owner != claim.owner and (wave == "" or int(wave) > number):
                yield claim, other
                break


def without_service(claimed: Iterable[tuple[str, Claim]]) -> Iterator[tuple[Claim, str]]:
    """Backends whose Service nobody here has, each with the Service's name, in namespaces where somebody has another.

    A Service whose name starts with that of a custom resource is left out: an operator may make it.
    """
    named = [claim if claim.owner == owner else claim._replace(owner=owner) for owner, claim in claimed]
    backends = sorted({claim for claim in named if claim.rule in (BACKEND, DESTINATION)})
    keys = {claim.key for claim in named if claim.rule == "object-once"} if backends else ()
    services = {key.partition("|")[0] for key in keys if key.startswith(SERVICE)}
    namespaces = {_named(service)[1] for service in services}
    custom = [made for key in keys if (made := _may_make_services(key))]
    for claim in backends:
        service = claim.key.removesuffix("|")
        name, namespace = _named(service)
        if service in services or namespace not in namespaces:
            continue
        if not any(name.startswith(other) and there in ("", namespace) for other, there in custom):
            yield claim, name


def _named(what: str) -> tuple[str, str]:
    """Name and namespace of an object, by the first part of its key."""
    name, _, namespace = what.partition(" ")[2].partition(" in ")
    return name, namespace


def _may_make_services(key: str) -> tuple[str, str] | None:
    """How the names of the Services start that an operator may make for an object, and their namespace."""
    what, _, group = key.rpartition("|")
    kind = what.partition(" ")[0]
    name, namespace = _named(what)
    if group in _MAKE_NO_SERVICES:
        return (_MAKE_SERVICES[kind] or name, namespace) if kind in _MAKE_SERVICES else None
    return (name, namespace) if scope(group, kind) == "unknown" else None


def _overlaps(
    selecting: dict[str, list[Claim]], selected: dict[str, list[Claim]], may_overlap: Collection[str]
) -> Iterator[Clash]:
    """Selectors that find pods of another owner. Pods are kept by each of their labels, so that few are compared."""
    selectors = [(key.split("\n"), group) for key, group in selecting.items()]
    asked = {(namespace, label) for (namespace, *labels), _ in selectors for label in labels}
    by_label: dict[tuple[str, str], list[tuple[set[str], Claim]]] = {}
    for key, group in selected.items():
        namespace, *labels = key.split("\n")
        pods = [(set(labels), claim) for claim in group]
        for label in labels:
            if (namespace, label) in asked:
                by_label.setdefault((namespace, label), []).extend(pods)
    for (namespace, *wanted), group in selectors:
        near = min((by_label.get((namespace, label), []) for label in wanted), key=len)
        for claim in group:
            yield from _found(claim, set(wanted), near, may_overlap)


def _found(
    claim: Claim, wanted: set[str], near: list[tuple[set[str], Claim]], may_overlap: Collection[str]
) -> Iterator[Clash]:
    others = [pods for labels, pods in near if pods.owner != claim.owner and wanted <= labels]
    others = [pods for pods in others if _to_allow(claim, pods) not in may_overlap]
    if others:
        other = min(others, key=_order)
        message = (
            f"this selector also finds the pods of {_spoken(other.owner)}: give each its own labels; or, where both "
            f"run like that already, name `{_to_allow(claim, other)}` under `overlappingSelectors` of the overlay"
        )
        yield Clash(OVERLAP, message, claim, other)


def _to_allow(claim: Claim, other: Claim) -> str:
    """The app that `overlappingSelectors` must name so that the selector may find the other's pods."""
    return other.owner if claim.owner.startswith("_") else claim.owner


# The rules by which claims clash: each has its manual page.
_EXACT = ("object-once", "host-once", "destination-rule-once", "hpa-once")  # where two keys are equal
FLEET_RULES = (OVERLAP, HELD, BACKEND, DESTINATION, *_EXACT)
