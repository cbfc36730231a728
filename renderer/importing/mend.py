"""What the fields of a spec cannot say, as patches of what they render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.hooks import DELETE, HOOK
from renderer.importing.proof import FieldDifference, differences
from renderer.importing.source import SourceObject
from renderer.manifest import SYNC_OPTIONS, WORKLOADS, Identity, sync_options

_BY_AUTOSCALER = ("spec", "replicas")
_RELEASE_STATE = (("spec", "strategy", "canary", "steps"), ("spec", "strategy", "blueGreen", "autoPromotionEnabled"))


def patches(
    fields: Sequence[SourceObject], rendered: Mapping[Identity, Mapping[str, Any]], *, autoscaled: bool
) -> list[dict[str, Any]]:
    """The patches that make what is rendered equal to the source; an object that is not rendered has none."""
    found = []
    for source in fields:
        if source.identity not in rendered:
            continue
        data = _with_options(source.data, rendered[source.identity])
        seen = [
            each
            for each in differences(data, rendered[source.identity])
            if not (autoscaled and each.path == _BY_AUTOSCALER)
            and each.path not in _RELEASE_STATE
            and not _is_name_of_port(source, each)
            and not is_of_hook(each)
        ]
        if seen:
            target = {"kind": "Workload"} if source.kind in WORKLOADS else {"kind": source.kind, "name": source.name}
            found.append({"target": target, "patch": _patch(seen, data)})
    return found


def _with_options(source: Mapping[str, Any], rendered: Mapping[str, Any]) -> Mapping[str, Any]:
    """The source with the sync options that rollspec gives the object, and those of its own that say nothing else."""
    ours, own = sync_options(rendered), sync_options(source)
    if not ours or not own:
        return source
    keys = {option.partition("=")[0] for option in ours}
    more = [option for option in sorted(own) if option.partition("=")[0] not in keys]
    metadata = source["metadata"]
    options = {SYNC_OPTIONS: ",".join([*sorted(ours), *more])}
    return {**source, "metadata": {**metadata, "annotations": {**metadata["annotations"], **options}}}


def release_state(fields: Sequence[SourceObject], rendered: Mapping[Identity, Mapping[str, Any]]) -> bool:
    """Whether the step list, or who promotes, is not that of the source."""
    found = (
        each
        for source in fields
        if source.identity in rendered
        for each in differences(source.data, rendered[source.identity])
    )
    return any(each.path in _RELEASE_STATE for each in found)


def is_of_hook(each: FieldDifference) -> bool:
    """Whether it is an annotation for what Argo CD does anyway: when a hook runs, and when it is deleted."""
    return each.path in (("metadata", "annotations", HOOK), ("metadata", "annotations", DELETE)) and each.old is None


def _is_name_of_port(source: SourceObject, each: FieldDifference) -> bool:
    """A port of a Service without a name gets one: no request takes another way for it."""
    return source.kind == "Service" and each.old is None and each.path[1:2] == ("ports",) and each.path[-1] == "name"


def _patch(seen: Sequence[FieldDifference], source: Mapping[str, Any]) -> Any:
    """A strategic merge where only mappings are concerned, else the operations of a JSON patch."""
    if all(isinstance(key, str) for each in seen for key in each.path) and not any(
        isinstance(each.old, (dict, list)) or _is_taken_out_of_texts(each) for each in seen
    ):
        merged: dict[str, Any] = {}
        for each in seen:
            inner = merged
            for key in each.path[:-1]:
                inner = inner.setdefault(str(key), {})
            inner[str(each.path[-1])] = each.old
        return merged
    return [_operation(each, source) for each in seen]


def _is_taken_out_of_texts(each: FieldDifference) -> bool:
    """Whether it takes a label or an annotation out: a strategic merge would write the text `null`."""
    return each.old is None and each.path[-2:-1] in (("labels",), ("annotations",))


def _operation(each: FieldDifference, source: Mapping[str, Any]) -> dict[str, Any]:
    if each.old is None:
        return {"op": "remove", "path": each.pointer}
    value: Any = source
    for key in each.path:  # as it is written, not as it is compared
        value = value[key]
    return {"op": "add" if each.lost else "replace", "path": each.pointer, "value": value}
