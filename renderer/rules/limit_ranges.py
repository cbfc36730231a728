"""What LimitRanges add to containers that say nothing."""

from __future__ import annotations

from renderer.manifest import Object
from renderer.rules.finding import Scene
from renderer.rules.quantity import quantity


def limits_of(scene: Scene, namespace: str) -> list[Object]:
    """The items of every LimitRange of a namespace."""
    return [
        limit
        for found in scene.all_within("LimitRange", namespace)
        for limit in (found.data.get("spec") or {}).get("limits") or ()
    ]


def value_of(container: Object, side: str, resource: str, limits: list[Object]) -> int | None:
    """A container's request or limit, with the defaults of LimitRanges."""
    resources = container.get("resources") or {}
    given = (resources.get(side) or {}).get(resource)
    if given is None and side == "requests":
        given = (resources.get("limits") or {}).get(resource)
    fields = ("defaultRequest", "default", "max", "min") if side == "requests" else ("default", "max")
    for limit in limits:
        for field in fields if given is None and limit.get("type") == "Container" else ():
            if given is None:
                given = (limit.get(field) or {}).get(resource)
    return None if given is None else quantity(given)


def has_external(scene: Scene) -> bool:
    """Whether the overlay names a LimitRange outside of this tree."""
    return any(each.startswith("LimitRange/") for each in scene.external)
