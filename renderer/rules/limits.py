"""Containers, pods and volume claims within the bounds of the LimitRanges of this tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from renderer.manifest import Object
from renderer.plain import escape, lookup
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.limit_ranges import limits_of, value_of
from renderer.rules.quantity import quantity
from renderer.rules.together import per_pod, spoken

_SIDES = ("requests", "limits")


class _Amount(NamedTuple):
    """A quantity in units of 10^-9, and as it is written."""

    nano: int
    text: str


class _Whose(NamedTuple):
    """What a LimitRange is about: a container or a pod, with its requests and limits by side and resource."""

    pod: Pod
    pointer: str
    amounts: Mapping[str, Mapping[str, _Amount]]
    words: str = ""  # which sums these are


def limit_range(scene: Scene) -> Iterator[Finding]:
    """A container or pod outside the bounds of a LimitRange of this tree.

    `min`, `max` and `maxLimitRequestRatio` count for each container, and for the sums of each pod.

    Why: The API server refuses the pods: the workload gets none, and a release hangs.
    Fix: change the requests and limits, or the LimitRange.
    Source: API server (`maximum cpu usage per Container is ...`, `minimum memory usage per Pod is ...`, `cpu max
    limit to request ratio per Container is ...`).
    """
    for pod in scene.index.workloads:
        limits = limits_of(scene, pod.namespace)
        for limit in limits:
            if limit.get("type") == "Container":
                for pointer, container in pod.every:
                    given = _Whose(pod, f"{pointer}/resources", _written(container))
                    yield from _outside(given, limit)
                    yield from _ratio(given._replace(amounts=_defaulted(container, limit, limits)), limit)
            elif limit.get("type") == "Pod":
                whose = _Whose(pod, f"{pod.pointer}/spec", _summed(pod, limit, limits), " of a pod")
                yield from _outside(whose, limit)
                yield from _ratio(whose, limit)


def _outside(whose: _Whose, limit: Object) -> Iterator[Finding]:
    requests, limits = (whose.amounts[side] for side in ("requests", "limits"))
    for bound, side, amounts in (
        ("max", "limits", limits),
        ("max", "requests", {name: given for name, given in requests.items() if name not in limits}),
        ("min", "requests", {**limits, **requests}),
    ):
        for name, value in (limit.get(bound) or {}).items():
            given, other = amounts.get(name), quantity(value)
            if given is None or other is None or (given.nano <= other if bound == "max" else given.nano >= other):
                continue
            word = "at most" if bound == "max" else "at least"
            message = f"{side[:-1]} of {name}{whose.words} is {given.text}; a LimitRange asks for {word} {value}"
            yield Finding("limit-range", message, _field(whose, side, name), whose.pod.manifest)
            break


def _ratio(whose: _Whose, limit: Object) -> Iterator[Finding]:
    for name, value in (limit.get("maxLimitRequestRatio") or {}).items():
        most, request, given = quantity(value), whose.amounts["requests"].get(name), whose.amounts["limits"].get(name)
        if most is None or (request is None and given is None):
            continue  # a LimitRange outside of this tree may give both
        if not (request and request.nano and given and given.nano):
            message = f"{name}{whose.words} needs a request and a limit: a LimitRange allows a ratio of {value}"
        elif given.nano * 10**9 > most * request.nano:
            ratio = f"{given.nano / request.nano:.3g}"
            message = f"the limit of {name}{whose.words} is {ratio} times its request; a LimitRange allows {value}"
        else:
            continue
        yield Finding("limit-range", message, _field(whose, "limits", name), whose.pod.manifest)


def _field(whose: _Whose, side: str, name: str) -> str:
    """The pointer of a value; of the whole where it is a sum or not written."""
    given = whose.pod.manifest.data if whose.words else lookup(whose.pod.manifest.data, f"{whose.pointer}/{side}")
    is_written = not whose.words and isinstance(given, dict) and name in given
    return f"{whose.pointer}/{side}/{escape(name)}" if is_written else whose.pointer


def _written(container: Object) -> dict[str, dict[str, _Amount]]:
    resources = container.get("resources") or {}
    return {
        side: {
            name: _Amount(nano, str(value))
            for name, value in (resources.get(side) or {}).items()
            if (nano := quantity(value)) is not None
        }
        for side in _SIDES
    }


def _defaulted(container: Object, limit: Object, limits: list[Object]) -> dict[str, dict[str, _Amount]]:
    """The requests and limits of a container as the API server completes them, for what a ratio is about."""
    names = limit.get("maxLimitRequestRatio") or ()
    return _amounts(names, lambda side, name: value_of(container, side, name, limits))


def _summed(pod: Pod, limit: Object, limits: list[Object]) -> dict[str, dict[str, _Amount]]:
    """What the API server adds up of a pod; a sum in which a container gives no value is left out."""
    names = sorted({name for bound in ("min", "max", "maxLimitRequestRatio") for name in limit.get(bound) or ()})
    return _amounts(names, lambda side, name: per_pod(pod, side, name, limits))


def _amounts(names: Iterable[str], nano_of: Callable[[str, str], int | None]) -> dict[str, dict[str, _Amount]]:
    """By side and resource, what `nano_of` gives for them; without those for which it gives nothing."""
    return {
        side: {name: _Amount(nano, spoken(nano)) for name in names if (nano := nano_of(side, name)) is not None}
        for side in _SIDES
    }


def claim_storage(scene: Scene) -> Iterator[Finding]:
    """A PersistentVolumeClaim that requests more or less storage than a LimitRange of this tree allows.

    Why: The API server refuses the claim, and pods that mount it never start.
    Fix: change the storage that the claim requests, or the LimitRange.
    Source: API server (`minimum storage usage per PersistentVolumeClaim is ...`).
    """
    for claim in scene.of("PersistentVolumeClaim"):
        given = (((claim.data.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage")
        one = None if given is None else quantity(given)
        for limit in limits_of(scene, claim.namespace) if one is not None else ():
            for bound, word in (("min", "at least"), ("max", "at most")):
                value = (limit.get(bound) or {}).get("storage")
                other = quantity(value) if value is not None and limit.get("type") == claim.kind else None
                if one is None or other is None or (one >= other if bound == "min" else one <= other):
                    continue
                message = f"the storage of this claim is {given}; a LimitRange asks for {word} {value}"
                yield Finding("claim-storage", message, "/spec/resources/requests/storage", claim)
