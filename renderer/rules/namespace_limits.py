"""Rules over the form of LimitRanges and ResourceQuotas: names of resources, and values that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from renderer.manifest import Object
from renderer.plain import escape, mapping, mappings
from renderer.rules.containers import is_container_resource
from renderer.rules.finding import Finding, Scene
from renderer.rules.quantity import quantity
from renderer.rules.syntax import is_qualified_name

_OF_PODS = frozenset({"Container", "Pod"})
_CLAIM = "PersistentVolumeClaim"
_TYPES = _OF_PODS | {_CLAIM}
_RATIO = "maxLimitRequestRatio"
_ORDER = ("min", "defaultRequest", "default", "max")  # each at most the next
_WHOLE = 10**9  # one, as `quantity` counts
_OVERCOMMITTED = ("cpu", "memory", "ephemeral-storage", "storage")

_OBJECTS = frozenset(
    {
        *("pods", "services", "services.nodeports", "services.loadbalancers", "replicationcontrollers"),
        *("configmaps", "secrets", "persistentvolumeclaims", "resourcequotas"),
    }
)
_COMPUTED = frozenset(f"{side}{name}" for side in ("", "requests.", "limits.") for name in ("cpu", "memory"))
_STORED = frozenset({"ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage", "requests.storage"})
_HUGE_PAGES = ("hugepages-", "requests.hugepages-")
_VOLUMES = "VolumeAttributesClass"
_EXIST = frozenset({"Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"})
_SCOPES = _EXIST | {"PriorityClass", _VOLUMES}
_CONFLICTS = (("Terminating", "NotTerminating"), ("BestEffort", "NotBestEffort"))


def limit_range_form(scene: Scene) -> Iterator[Finding]:
    """A LimitRange whose values contradict each other, or that limits what its type does not have.

    Why: The API server refuses the LimitRange. Argo CD's sync fails, and containers get no requests and limits from it.
    Fix: keep `min` ≤ `defaultRequest` ≤ `default` ≤ `max`. For the type Pod give `min`, `max` and
    `maxLimitRequestRatio` alone; a PersistentVolumeClaim needs a `min` or `max` of `storage`.
    Source: API server (`must be a standard resource for containers`, `default value 1 is greater than max value 500m`,
    `may not be specified when type is Pod`).
    """
    for manifest in scene.of("LimitRange"):
        types: set[object] = set()
        for number, limit in enumerate(mappings(mapping(manifest.data.get("spec")).get("limits"))):
            kind = limit.get("type")
            if kind in types:
                message = f"two entries have the type {kind}: write all its limits in one"
                yield Finding("limit-range-form", message, f"/spec/limits/{number}/type", manifest)
            types.add(kind)
            for inner, message in _limit_problems(limit, str(kind)):
                yield Finding("limit-range-form", message, f"/spec/limits/{number}{inner}", manifest)


def _limit_problems(limit: Object, kind: str) -> Iterator[tuple[str, str]]:
    if kind not in _TYPES and "/" not in kind:
        yield "/type", f"{kind!r} is not a type of a limit: write {', '.join(sorted(_TYPES))}"
    for field in ("default", "defaultRequest") if kind == "Pod" else ():
        if limit.get(field):
            yield f"/{field}", f"the type Pod takes no {field}: give it to the type Container"
    for field in (*_ORDER, _RATIO) if kind in _OF_PODS else ():
        for name in mapping(limit.get(field)):
            if not is_container_resource(name):
                own = "cpu, memory, ephemeral-storage, hugepages-<size> or <domain>/<name>"
                yield f"/{field}/{escape(name)}", f"{name!r} is not a resource of a container: write {own}"
    if kind == _CLAIM and not any("storage" in mapping(limit.get(field)) for field in ("min", "max")):
        yield "", "a limit of PersistentVolumeClaims needs a min or a max of storage"
    yield from _order(limit, kind)


def _order(limit: Object, kind: str) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(name for field in (*_ORDER, _RATIO) for name in mapping(limit.get(field))):
        given = {field: values[name] for field in _ORDER if name in (values := mapping(limit.get(field)))}
        nanos = {field: nano for field, value in given.items() if (nano := quantity(value)) is not None}
        wrong = [(one, other) for one, other in combinations(nanos, 2) if nanos[one] > nanos[other]]
        for one, other in wrong[:1]:
            message = f"{one} {given[one]} of {name} is more than {other} {given[other]}: keep {' ≤ '.join(_ORDER)}"
            yield f"/{one}/{escape(name)}", message
        default = "default" if "default" in nanos else "max" if kind == "Container" else "default"
        request = nanos.get("defaultRequest")
        if request not in (None, nanos.get(default, request)) and not wrong and name not in _OVERCOMMITTED:
            message = f"{name} cannot be overcommitted: give defaultRequest the value of {default}, {given[default]}"
            yield f"/defaultRequest/{escape(name)}", message
        yield from _ratio(name, mapping(limit.get(_RATIO)).get(name), nanos)


def _ratio(name: str, value: object, nanos: dict[str, int]) -> Iterator[tuple[str, str]]:
    ratio = quantity(value)
    if ratio is None:
        return
    pointer = f"/{_RATIO}/{escape(name)}"
    low, high = nanos.get("min", 0), nanos.get("max")
    if ratio < _WHOLE:
        yield pointer, f"a ratio is at least 1, and {value} of {name} is less: no limit is below its request"
    elif high is not None and ratio * low > high * _WHOLE:
        yield pointer, f"the ratio {value} of {name} is more than max divided by min: it limits nothing; lower it"


def quota_form(scene: Scene) -> Iterator[Finding]:
    """A ResourceQuota that limits something no quota counts, or with scopes that do not fit.

    Why: The API server refuses the quota. Argo CD's sync fails, and nothing limits the namespace.
    Fix: count objects of any kind by `count/<plural>.<group>` (`count/deployments.apps`); CPU and memory have `cpu`,
    `requests.cpu`, `limits.memory` and so on. The scopes of pods fit `pods`, CPU and memory alone, `BestEffort` only
    `pods`.
    Source: API server (`must be a standard resource for quota`, `unsupported scope applied to resource`, `conflicting
    scopes`, `must be an integer`).
    """
    for manifest in scene.of("ResourceQuota"):
        for inner, message in _quota_problems(mapping(manifest.data.get("spec"))):
            yield Finding("quota-form", message, f"/spec/{inner}", manifest)


def _quota_problems(spec: Object) -> Iterator[tuple[str, str]]:
    hard = mapping(spec.get("hard"))
    for name, value in hard.items():
        pointer = f"hard/{escape(name)}"
        if not _is_counted(name):
            own = "cpu, limits.memory, requests.storage, pods, count/deployments.apps or <domain>/<name>"
            yield pointer, f"{name!r} is nothing that a quota counts: write {own}"
        elif _is_whole(name) and (quantity(value) or 0) % _WHOLE:
            yield pointer, f"{name} is a number of objects or devices: write a whole number instead of {value}"
    expressions = [*mappings(mapping(spec.get("scopeSelector")).get("matchExpressions"))]
    yield from _scope_problems("scopes", spec.get("scopes") or (), hard)
    for number, each in enumerate(expressions):
        yield from _expression_problems(f"scopeSelector/matchExpressions/{number}", each)
    yield from _scope_problems("scopeSelector", [str(each.get("scopeName")) for each in expressions], hard)


def _is_counted(name: str) -> bool:
    if "/" in name:
        return is_qualified_name(name)
    return name in _OBJECTS or name in _COMPUTED or name in _STORED or name.startswith(_HUGE_PAGES)


def _is_whole(name: str) -> bool:
    """Objects, and devices, which have no parts."""
    return name in _OBJECTS or ("/" in name and "kubernetes.io/" not in name and not name.startswith("requests."))


def _scope_problems(pointer: str, scopes: Sequence[str], hard: Object) -> Iterator[tuple[str, str]]:
    for scope in dict.fromkeys(scopes):
        if scope not in _SCOPES:
            yield pointer, f"{scope!r} is not a scope of a quota: write {', '.join(sorted(_SCOPES))}"
            continue
        outside = [name for name in hard if "/" not in name and _is_counted(name) and not _fits(scope, name)]
        if outside:
            message = f"the scope {scope} does not fit {' and '.join(outside)}: limit that in a quota without scopes"
            yield pointer, message
    for one, other in _CONFLICTS:
        if one in scopes and other in scopes:
            yield pointer, f"no pod is both {one} and {other}: write two quotas"


def _fits(scope: str, name: str) -> bool:
    if scope == _VOLUMES:
        return name in {"persistentvolumeclaims", "requests.storage"}
    return name == "pods" or (scope != "BestEffort" and name in _COMPUTED)


def _expression_problems(pointer: str, expression: Object) -> Iterator[tuple[str, str]]:
    scope, operator, values = (expression.get(key) for key in ("scopeName", "operator", "values"))
    if scope in _EXIST and operator != "Exists":
        yield f"{pointer}/operator", f"the scope {scope} takes no operator but Exists"
    elif operator in {"In", "NotIn"} and not values:
        yield f"{pointer}/values", f"{operator} needs values: the classes that are meant"
    elif operator in {"Exists", "DoesNotExist"} and values:
        yield f"{pointer}/values", f"{operator} takes no values: remove them, or write In"
