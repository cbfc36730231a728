"""What the cluster does not have of what Git says, in sentences: the workloads as rendered, and as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.live.objects import AppObjects, Object, images
from renderer.manifest import WORKLOADS
from renderer.plain import below, pointer_of
from renderer.problem import some_of
from renderer.rules.quantity import quantity
from renderer.spec import short_digests

# A controller counts the pods, and these two are compared in words of their own.
_NOT_COMPARED = {
    pointer_of(keys) for keys in (("replicas",), ("paused",), ("template", "metadata", "labels", "version"))
}
_MOST = 3  # differences that are named


def behind(app: str, expected: Mapping[str, Object], objects: AppObjects) -> tuple[str, ...]:
    """The sentences; none where the cluster has everything. `expected` has the rendered workloads by kind.

    What the cluster has in addition is not compared: the API server and webhooks add fields. A list must be as long.
    """
    found: list[str] = []
    for kind in WORKLOADS:
        wanted, live = expected.get(kind), objects.get(kind, {}).get(app)
        if wanted and not live:
            found.append(f"Git has the {kind} {app}, the cluster does not")
        elif live and not wanted:
            found.append(f"the cluster still has the {kind} {app}, Git does not")
        elif wanted and live:
            found += _workload(kind, wanted["spec"], live["spec"])
    return tuple(found)


def _workload(kind: str, wanted: Object, live: Object) -> Iterator[str]:
    old, new = _name(live), _name(wanted)
    if old != new:
        yield f"Git says {new}, the cluster's {kind} has {old}"
        return
    if bool(wanted.get("paused")) != bool(live.get("paused")):
        in_git, in_cluster = ("paused" if each.get("paused") else "not paused" for each in (wanted, live))
        yield f"the {kind} is {in_git} in Git, and {in_cluster} in the cluster"
    weights = [_weights(each) for each in (live, wanted)]
    if weights[0] != weights[1]:
        yield f"Git says weight {weights[1]}, the cluster's {kind} has {weights[0]}"
        return
    differs = [pointer for pointer in _differences(wanted, live, "") if pointer not in _NOT_COMPARED]
    if differs:
        fields = some_of([f"spec{each}" for each in differs], _MOST)
        yield f"the cluster's {kind} differs from Git in {fields}"


def _name(spec: Object) -> str:
    template = spec.get("template") or {}
    version = ((template.get("metadata") or {}).get("labels") or {}).get("version", "")
    return short_digests(" ".join(filter(None, [str(version), f"({', '.join(images(template))})"])))


def _weights(spec: Object) -> str:
    """The weights of the step list, such as `20`, or `10, 50, 100` for a ladder."""
    steps = ((spec.get("strategy") or {}).get("canary") or {}).get("steps") or ()
    return ", ".join(str(each["setWeight"]) for each in steps if "setWeight" in each) or "100"


def _differences(wanted: Any, live: Any, pointer: str) -> Iterator[str]:
    """Pointers to what is not in the live object as it is wanted."""
    if wanted in (None, {}, []) and live in (None, {}, []):
        return
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key, value in wanted.items():
            yield from _differences(value, live.get(key), below(pointer, key))
    elif isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        for number, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from _differences(one, other, below(pointer, number))
    elif not _is_equal(wanted, live):
        yield pointer


def _is_equal(wanted: Any, live: Any) -> bool:
    """The API server may write a number of another form: `0.5` becomes `500m`."""
    if wanted == live or isinstance(wanted, list | Mapping) or isinstance(live, list | Mapping):
        return bool(wanted == live)
    amount = quantity(wanted)
    return amount is not None and amount == quantity(live)
