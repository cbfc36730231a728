"""Wrong manifests made from right ones: the same mutants for the same manifests, on every machine."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.manifest import Manifest

Object = dict[str, Any]
Path = tuple[str | int, ...]

ABSENT = object()
DANGLING = "dangling reference"
_ENUMS = {
    *("imagePullPolicy", "operator", "protocol", "type", "effect", "whenUnsatisfiable", "selectPolicy", "simple"),
    *("mode", "internalTrafficPolicy", "sessionAffinity", "unhealthyPodEvictionPolicy", "method", "restartPolicy"),
    *("h2UpgradePolicy", "medium", "kind", "apiVersion"),
}
_PORTS = {"port", "targetPort", "containerPort", "number"}
_QUANTITIES = {"cpu", "memory", "sizeLimit", "averageValue", "divisor"}
_PERCENTS = {"maxSurge", "maxUnavailable"}
_DURATIONS = {"timeout", "interval", "duration", "perTryTimeout", "fixedDelay", "connectTimeout", "initialDelay"}
_COUNTS = {"replicas", "weight", "setWeight", "minReplicas", "maxReplicas", "periodSeconds", "revisionHistoryLimit"}
_NAMES = {"name", "namespace", "serviceAccountName", "subset", "activeService", "stableSubsetName"}
_REFERENCES = {"activeService", "previewService", "stableSubsetName", "canarySubsetName", "subset", "host"}
_REFERRING = {"virtualService", "destinationRule", "scaleTargetRef", "volumeMounts", "routes", "destinations"}
_LABEL_MAPS = {"labels", "matchLabels", "selector", "annotations"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A manifest with one change: what was done to it, and where (a JSON pointer)."""

    source: str
    change: str
    pointer: str
    manifest: Object

    @property
    def name(self) -> str:
        """A stable text for messages."""
        return f"{self.source}{self.pointer}: {self.change}"


@dataclass(frozen=True, slots=True)
class _Change:
    manifest: Object
    change: str
    path: Path
    new: object


def mutants(manifests: Sequence[Object], count: int) -> list[Mutant]:
    """`count` mutants, spread over the manifests and the kinds of change; fewer when there are no more.

    Not each of them is invalid (an optional field that is missing): they are for judges that must agree.
    """
    groups: dict[tuple[str, str], list[_Change]] = {}
    for manifest in manifests:
        for change in _changes_of(manifest):
            groups.setdefault((_source(manifest), change.change), []).append(change)
    return [
        _made(change) for change in _take_turns([sorted(groups[key], key=_shuffled) for key in sorted(groups)], count)
    ]


def _changes_of(manifest: Object) -> Iterator[_Change]:
    for path, value in _nodes(manifest, ()):
        for change, new in _changes(path, value):
            if repr(new) != repr(value):
                yield _Change(manifest, change, path, new)


def _made(change: _Change) -> Mutant:
    manifest = _changed(change.manifest, change.path, change.new)
    return Mutant(_source(change.manifest), change.change, _pointer(change.path), manifest)


def _source(manifest: Object) -> str:
    return f"{manifest['kind']}/{Manifest('', manifest).name}"


def _changes(path: Path, value: object) -> Iterator[tuple[str, object]]:
    key = path[-1]
    yield "null", None
    yield "wrong type", _other_type(value)
    if isinstance(key, str):
        yield "missing", ABSENT
    if isinstance(value, dict):
        yield "unknown field", {**value, "unknownField": "x"}
        if key in _LABEL_MAPS:
            yield "bad key", {**value, "not a key!": "x"}
            yield "number as value", {**value, "number": 1}
    if isinstance(value, list):
        yield "item of wrong type", [*value, [[]]]
    for change, keys, values in _LEAVES:
        if key in keys and not isinstance(value, dict | list):
            yield from ((change, new) for new in values)
    if isinstance(value, str):
        yield "newline at the end", f"{value}\n"
        if _refers(path):
            yield DANGLING, "absent"


_LEAVES: tuple[tuple[str, set[str], tuple[object, ...]], ...] = (
    ("bad enum", _ENUMS, ("Bogus", "", "tcp")),
    ("bad port", _PORTS, (0, -1, 65536, "80", "-http", "a-very-long-port-name", 80.5)),
    ("bad quantity", _QUANTITIES, ("1Q", "ten", "-1", "1 Gi", "", "1e", "0x10")),
    ("bad percent", _PERCENTS, ("25", "25 %", "-25%", "%", -1, 1.5)),
    ("bad duration", _DURATIONS, ("5 minutes", "5", "-5s", "s", "1d", "")),
    ("bad count", _COUNTS, (-1, 2**31, "3", 1.5, True)),
    ("bad weight", {"weight", "setWeight"}, (101, 50, 0)),
    ("bad name", _NAMES, ("Bad_Name", "-x", "x-", "", "x" * 254, "ü")),
)


def _refers(path: Path) -> bool:
    """Whether a text names another object, or another part of this one."""
    *parents, key = path
    of = {parent for parent in parents[-2:] if isinstance(parent, str)}
    return key in _REFERENCES or (bool(of & _REFERRING) and (key == "name" or isinstance(key, int)))


def _nodes(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _nodes(value[key], (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _nodes(item, (*path, place))


def _other_type(value: object) -> object:
    if isinstance(value, dict | list):
        return "x"
    return {"x": 1} if isinstance(value, str) else "x y"


def _changed(manifest: Object, path: Path, new: object) -> Object:
    mutant = copy.deepcopy(manifest)
    parent: Any = mutant
    for step in path[:-1]:
        parent = parent[step]
    if new is ABSENT:
        del parent[path[-1]]
    else:
        parent[path[-1]] = new
    return mutant


def _pointer(path: Path) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _shuffled(change: _Change) -> str:
    # An order without a pattern, so that a few of many are not all from the first fields.
    new = "" if change.new is ABSENT else repr(change.new)
    return hashlib.sha256(f"{_pointer(change.path)} {new}".encode()).hexdigest()


def _take_turns(groups: Sequence[Sequence[_Change]], count: int) -> list[_Change]:
    found: list[_Change] = []
    place = 0
    while len(found) < count and any(place < len(group) for group in groups):
        found += [group[place] for group in groups if place < len(group)]
        place += 1
    return found[:count]
