"""The proof: what is rendered, compared with what was read, object by object, after the API server's defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from renderer.importing.defaults import without_defaults
from renderer.importing.source import SourceObject
from renderer.manifest import WORKLOADS, Identity, kind_of, sync_options
from renderer.plain import mapping, pointer_of
from renderer.rules.mesh import MESH
from renderer.scaler import SCALERS, scaler_of

Verdict = Literal["identical", "same pods", "rolls", "lost", "withheld"]
VERDICTS: tuple[Verdict, ...] = ("identical", "same pods", "rolls", "lost", "withheld")
_ARGO_CD = ("argocd.argoproj.io/sync-options", "argocd.argoproj.io/sync-wave")
_GONE = object()


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A path of an object; `old` or `new` is None if only the other side has the path."""

    path: tuple[str | int, ...]
    old: Any
    new: Any
    lost: bool  # the source has the path, the rendered object does not

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer."""
        return pointer_of(self.path)


@dataclass(frozen=True, slots=True)
class Compared:
    """One object of the source, and what becomes of it."""

    env: str
    app: str  # empty for an object of no app
    source: SourceObject
    verdict: Verdict
    differences: tuple[FieldDifference, ...]
    pods: int  # how many pods restart
    is_least: bool = False  # an autoscaler may have made more of them


def normal(data: Mapping[str, Any], *, keep: frozenset[str] = frozenset()) -> dict[str, Any]:
    """An object as it is compared: without defaults, version of the API and the annotations that Argo CD reads."""
    found: dict[str, Any] = without_defaults(data, kind_of(dict(data)))
    found.pop("apiVersion", None)
    metadata = dict(found.get("metadata") or {})
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _ARGO_CD or key in keep
    }
    metadata.pop("annotations", None)
    found["metadata"] = {**metadata, **({"annotations": annotations} if annotations else {})}
    spec = mapping(found.get("spec"))
    if isinstance(spec.get("scaleTargetRef"), dict):
        found["spec"] = {**spec, "scaleTargetRef": {**spec["scaleTargetRef"], "apiVersion": ""}}
    if kind_of(dict(data)) == "VirtualService" and spec.get("gateways") == [MESH]:
        found["spec"] = {key: value for key, value in spec.items() if key != "gateways"}
    return found


def differences(source: Mapping[str, Any], rendered: Mapping[str, Any]) -> list[FieldDifference]:
    """Where two objects differ, as they are compared."""
    keep = frozenset((source["metadata"].get("annotations") or {}).keys())
    found = _differences((), normal(source, keep=keep), normal(rendered, keep=keep))
    return [replace(each, lost=each.lost and not _is_there(rendered, each.path)) for each in found]


def _is_there(data: Any, path: tuple[str | int, ...]) -> bool:
    """Whether the object has the path, with a value that the API server would fill in."""
    for key in path:
        if isinstance(data, dict) and key not in data:
            return False
        data = data[key]
    return True


def _differences(path: tuple[str | int, ...], old: Any, new: Any) -> Iterator[FieldDifference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences((*path, key), old.get(key, _GONE), new.get(key, _GONE))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and _of_mappings(old, new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences((*path, number), one, other)
    elif type(old) is not type(new) or old != new:
        yield FieldDifference(path, None if old is _GONE else old, None if new is _GONE else new, new is _GONE)


def _of_mappings(*lists: Sequence[Any]) -> bool:
    return all(isinstance(item, dict) for items in lists for item in items)


@dataclass(frozen=True, slots=True)
class RenderedObjects:
    """What the specs of an environment render; `least` is how many pods its autoscalers keep, by kind and name."""

    objects: Mapping[Identity, Mapping[str, Any]]
    least: Mapping[tuple[str, str], int]


def rendered_objects(objects: Mapping[Identity, Mapping[str, Any]]) -> RenderedObjects:
    """The objects, looked through once for the autoscalers among them."""
    least: dict[tuple[str, str], int] = {}
    for identity, data in objects.items():
        if identity.kind in SCALERS:
            each = scaler_of(dict(data))
            least[each.kind, each.name] = max(each.least, least.get((each.kind, each.name), 0))
    return RenderedObjects(objects, least)


def compared(env: str, app: str, source: SourceObject, rendered: RenderedObjects, withheld: frozenset[str]) -> Compared:
    """What becomes of one object; `withheld` are the pointers of what was not copied, `""` for all of it."""
    if "" in withheld:
        return Compared(env, app, source, "withheld", (), 0)
    found = _rendered(source, rendered.objects)
    if found is None:
        return Compared(env, app, source, "lost", (FieldDifference((), source.name, None, True),), 0)
    seen = differences(source.data, found)
    template = [each for each in seen if each.path[:2] == ("spec", "template")]
    if any(each.lost and not _is_withheld(each, withheld) and not _is_scaled(each, found) for each in seen):
        verdict: Verdict = "lost"
    elif withheld:
        verdict = "withheld"
    elif source.kind in WORKLOADS and template:
        verdict = "rolls"
    else:
        verdict = "same pods" if seen else "identical"
    if not template or source.kind not in WORKLOADS:
        return Compared(env, app, source, verdict, tuple(seen), 0)
    pods, is_least = _pods(source, found, rendered.least)
    return Compared(env, app, source, verdict, tuple(seen), pods, is_least)


def _is_scaled(difference: FieldDifference, rendered: Mapping[str, Any]) -> bool:
    """Whether it is the number of pods of a workload that an autoscaler scales, and that Argo CD leaves alone."""
    return difference.path == ("spec", "replicas") and "ServerSideApply=true" in sync_options(rendered)


def _is_withheld(difference: FieldDifference, withheld: frozenset[str]) -> bool:
    return any(f"{difference.pointer}/".startswith(f"{pointer}/") for pointer in withheld)


def _rendered(source: SourceObject, rendered: Mapping[Identity, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    found = rendered.get(source.identity)
    return found or rendered.get(source.identity._replace(namespace=""))


def _pods(source: SourceObject, workload: Mapping[str, Any], least: Mapping[tuple[str, str], int]) -> tuple[int, bool]:
    """How many pods a workload has, and whether an autoscaler may have made more; a live object says it."""
    live = source.status.get("replicas")
    if isinstance(live, int):
        return live, False
    wanted = [source.spec.get("replicas"), (workload.get("spec") or {}).get("replicas")]
    number = next((each for each in wanted if isinstance(each, int)), 1)
    scaled = least.get((source.kind, source.name))
    return (number, False) if scaled is None else (max(number, scaled), True)
