"""The pods of all apps of an environment together, against the ResourceQuotas among its `resources`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from renderer.problem import Severity, some_of
from renderer.rules.claims import Claim
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import WITH_PODS
from renderer.rules.quantity import quantity
from renderer.rules.together import amount, least, of_pod, quotas_of, together

_USE = "quota-use"  # the `rule` of claims that never clash


class _Use(NamedTuple):
    """What one workload, or all workloads of an app, need of one sum of a quota."""

    least: int = 0
    most: int = 0
    release: int = 0
    waits: bool = False

    def plus(self, other: _Use) -> _Use:
        """Both at once; only one of them is released at a time."""
        added = max(self.release - self.most, other.release - other.most)
        most = self.most + other.most
        return _Use(self.least + other.least, most, most + added, self.waits or other.waits)


def quota_use(scene: Scene, owner: str) -> tuple[Claim, ...]:
    """What the workloads of a scene need of what the quotas of their namespaces limit."""
    found = []
    for pod in scene.index.workloads:
        quotas = quotas_of(scene.all_within("ResourceQuota", pod.namespace))
        names = sorted({name for each in quotas for name in (each.data.get("spec") or {}).get("hard") or {}})
        counts = together(scene, pod) if names else None
        # None: a container gives no value, so a LimitRange outside of this tree may
        each = {name: value for name in names if (value := of_pod(scene, pod, name)) != 0} if counts else {}
        if counts and each:
            counted = [least(scene, pod), counts.rest, counts.release, counts.waits]
            found.append(Claim(_USE, json.dumps([pod.namespace, *counted, each]), owner, pod.manifest.file, "/spec"))
    return tuple(found)


def quotas_shared(scene: Scene, namespace: str, claimed: Iterable[tuple[str, Claim]]) -> Iterator[Finding]:
    """The quotas that the workloads together exceed; `namespace` is that of a quota that names none.

    The scene is that of the environment's `resources`.
    """
    elsewhere = sorted(each for each in scene.external if each.startswith("LimitRange/"))
    uses = [(owner, json.loads(claim.key)) for owner, claim in claimed if claim.rule == _USE]
    for found in quotas_of(scene.of("ResourceQuota")) if uses else ():
        there = found.namespace or namespace
        near = [(owner, use) for owner, use in uses if use[0] == there]
        for name, hard in ((found.data.get("spec") or {}).get("hard") or {}).items():
            allowed = quantity(hard)
            about = [(owner, use) for owner, use in near if name in use[-1]]
            if any(use[-1][name] is None for _, use in about):
                if elsewhere:
                    message = (
                        f"{name} is not added up: {elsewhere[0]}, outside of this tree, is assumed to give the "
                        "missing values"
                    )
                    yield Finding("quota", message, "/spec/hard", found, "note")
                continue
            each = [(owner, _of_name(use, name)) for owner, use in about]
            if allowed is None or any(use.release > allowed for _, use in each):  # said of the workload alone
                continue
            words = (f"of this tree in namespace {there}", f"ResourceQuota {found.name} allows {hard}")
            for message, severity in _exceeded(_by_owner(each), name, allowed, words):
                yield Finding("quota", message, "/spec/hard", found, severity)


def quotas_of_one_app(claimed: Sequence[tuple[str, Claim]]) -> Iterator[tuple[Claim, str]]:
    """The quotas that one app brings to a namespace in which other apps run too, and the message about each."""
    if not any(claim.key.startswith("ResourceQuota ") for _, claim in claimed):
        return
    objects = [(owner, claim, *_object(claim)) for owner, claim in claimed if claim.rule == "object-once"]
    runs = {(owner, namespace) for owner, _, kind, _, namespace in objects if kind in WITH_PODS}
    for owner, claim, kind, name, namespace in objects:
        others = sorted(other for other, there in runs if other != owner and there == namespace)
        if kind == "ResourceQuota" and others:
            message = (
                f"the pods of {some_of(others)} in namespace {namespace} are not added up for {kind} {name}: name its "
                "file in `resources` of the overlay, where all apps count"
            )
            yield claim, message


def _object(claim: Claim) -> tuple[str, str, str]:
    """Kind, name and namespace of the object that a claim of `object-once` is about."""
    kind, _, rest = claim.key.rpartition("|")[0].partition(" ")
    name, _, namespace = rest.partition(" in ")
    return kind, name, namespace


def _of_name(use: Sequence[Any], name: str) -> _Use:
    _, lowest, most, release, waits, each = use
    size = each[name]
    return _Use(lowest * size, most * size, release * size, bool(waits))


def _by_owner(uses: Iterable[tuple[str, _Use]]) -> Mapping[str, _Use]:
    found: dict[str, _Use] = {}
    for owner, use in uses:
        found[owner] = found[owner].plus(use) if owner in found else use
    return found


def _exceeded(
    uses: Mapping[str, _Use], name: str, allowed: int, words: tuple[str, str]
) -> Iterator[tuple[str, Severity]]:
    there, limit = words
    total = sum(use.least for use in uses.values())
    if total > allowed:
        needs = [f"{owner} {amount(use.least, name)}" for owner, use in sorted(uses.items())]
        yield f"the workloads {there} need at least {amount(total, name)} ({some_of(needs)}), and {limit}", "error"
        return
    at_most: list[str] = []
    released: dict[bool, list[str]] = {True: [], False: []}
    for owner, use in sorted(uses.items()):
        others = total - use.least
        if others + use.most > allowed:
            at_most.append(owner)
        elif others + use.release > allowed:
            released[use.waits].append(owner)
    if at_most:
        need, rest = _needs(uses, at_most[0], "most", name)
        message = f"at the maximum of its autoscaler, {at_most[0]} needs {need}, and the other workloads {there} need "
        yield f"{message}at least {rest}; {limit}{_also(at_most)}", "error"
    for waits, owners in released.items():
        if owners:
            need, rest = _needs(uses, owners[0], "release", name)
            end = "the release hangs" if waits else "the release continues with fewer pods"
            message = f"a release of {owners[0]} needs up to {need}, and the other workloads {there} need at least "
            yield f"{message}{rest}; {limit}: {end}{_also(owners)}", "error" if waits else "note"


def _needs(uses: Mapping[str, _Use], owner: str, field: str, name: str) -> tuple[str, str]:
    """What one owner needs at most, and the others at least, as text."""
    others = sum(use.least for each, use in uses.items() if each != owner)
    return amount(getattr(uses[owner], field), name), amount(others, name)


def _also(owners: Sequence[str]) -> str:
    return f" (the same for {some_of(owners[1:])})" if len(owners) > 1 else ""
