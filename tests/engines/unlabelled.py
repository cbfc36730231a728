"""Names a version by the tag of its image where its pods have no label `version`, as those of an imported app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from .api import Object
from .play import Recording, Request
from .timeline import Point, labels

UNKNOWN = "?"  # the recorder's name for it
_SILENT = "-"  # the load generator's name for who answered: the pods do not know their version either
Value = TypeVar("Value")


def with_tags(recording: Recording) -> Recording:
    """The recording with the tag in the place of the unknown version; there is one such version at the most."""
    made = [event.object["spec"]["template"] for event in recording.events if event.kind == "ReplicaSet"]
    tags = {tag(template) for template in made if "version" not in labels(template)}
    if len(tags) != 1:
        return recording
    (name,) = tags
    points = [(at, _named(point, name)) for at, point in recording.points]
    requests, pinned = ([_answered(each, name) for each in found] for found in (recording.requests, recording.pinned))
    return replace(recording, points=points, requests=requests, pinned=pinned)


def version_of(template: Object) -> str:
    """The version of a pod template."""
    return labels(template).get("version") or tag(template)


def tag(template: Object) -> str:
    """The tag of the image of a pod template."""
    return str(template["spec"]["containers"][0]["image"]).rpartition(":")[2]


def _named(point: Point, name: str) -> Point:
    pinned = name if point.pinned == UNKNOWN else point.pinned
    ready, pods = _renamed(point.ready, name), _renamed(point.pods, name)
    return replace(point, share=_renamed(point.share, name), ready=ready, pods=pods, pinned=pinned)


def _renamed(numbers: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {name if key == UNKNOWN else key: number for key, number in numbers.items()}


def _answered(request: Request, name: str) -> Request:
    return replace(request, version=name) if request.status == 200 and request.version == _SILENT else request
