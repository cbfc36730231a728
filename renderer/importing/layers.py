"""The specs of one app in several environments -> an app spec with what is equal, and what differs for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.facts import release_state
from renderer.plain import equal
from renderer.spec import merge

# Mappings whose fields may be divided between two files, and how deep; any other value is in one file as a whole.
_DEPTH: Mapping[str, int] = {
    "labels": 1, "annotations": 1, "env": 1, "pod": 1, "podMetadata": 2, "strategy": 1, "service": 1, "autoscaling": 1,
    "workload": 2, "istio": 1, "serviceAccount": 2, "services": 2,
    "jobs": 2,
}  # fmt: skip
_NOT_A_DEFAULT = frozenset(("env", "patches", "extraResources", "namespace", "image"))


@dataclass(frozen=True, slots=True)
class Layers:
    """What all environments of an app have, and what each adds."""

    common: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]  # by environment


def layers(specs: Mapping[str, Mapping[str, Any]], *, alone: bool) -> Layers:
    """The layers of an app's specs by environment; `alone`: there is one environment, and one file is enough."""
    if alone:
        return Layers(next(iter(specs.values())), {env: {} for env in specs})
    stateless = {env: {key: spec[key] for key in spec if key not in release_state()} for env, spec in specs.items()}
    common = _common([*stateless.values()])
    if "env" in common or any("env" in spec for spec in stateless.values()):
        common |= {"env": _variables([spec.get("env", {}) for spec in stateless.values()])}
        common = {key: value for key, value in common.items() if key != "env" or value}
    return Layers(common, {env: _rest(spec, common) for env, spec in specs.items()})


def defaults(partials: Sequence[Mapping[str, Any]], common: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields that all apps of an environment add alike: the overlay can say them once."""
    if len(partials) < 2:
        return {}
    first = partials[0]
    return {
        key: value
        for key, value in first.items()
        if key not in (*release_state(), *_NOT_A_DEFAULT)
        and all(key in each and equal(each[key], value) for each in partials)
        and not any(key in each for each in common)
    }


def _common(specs: Sequence[Mapping[str, Any]], depth: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in specs[0].items():
        values = [spec[key] for spec in specs if key in spec]
        left = _DEPTH.get(key, 0) if depth is None else depth - 1
        if len(values) < len(specs):
            continue
        if all(equal(each, value) for each in values):
            found[key] = value
        elif left and all(isinstance(each, dict) for each in values):
            inner = _common(values, left)
            found.update({key: inner} if inner else {})
    return found


def _rest(spec: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in spec.items():
        if key not in common:
            found[key] = value
        elif not equal(common[key], value):
            found[key] = _rest(value, common[key]) if isinstance(value, dict) else value
    return found


def _variables(envs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The variables of the app spec: merged with what is left of each, they must keep each environment's order."""
    shared = _common(envs, 1) if all(envs) else {}
    if _in_order(envs, shared):
        return shared
    names = [name for name in envs[0] if all(name in env for env in envs)]
    usual = {name: _most_frequent([env[name] for env in envs]) for name in names}
    return usual if _in_order(envs, usual) else {}


def _in_order(envs: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> bool:
    return all([*merge(common, _rest(env, common))] == [*env] for env in envs)


def _most_frequent(values: Sequence[Any]) -> Any:
    count = Counter(map(repr, values))
    return max(values, key=lambda value: count[repr(value)])
