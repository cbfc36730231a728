"""Which container of a pod is the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.importing.source import SourceObject
from renderer.lazy import regex

_WORD = regex(r"[^a-z0-9]+")
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def main_container(template: Mapping[str, Any], name: str, services: Sequence[SourceObject]) -> int:
    """Which container is the app, whose image a release changes.

    The one of its name, else the one that `kubectl` takes by default, else one with a word of the app's
    name in its own or in its image's, else one that its Services lead to, else the first.
    """
    containers = (template.get("spec") or {}).get("containers") or []
    default = ((template.get("metadata") or {}).get("annotations") or {}).get(_DEFAULT_CONTAINER)
    targets = {port.get("targetPort", port.get("port")) for each in services for port in each.spec.get("ports") or ()}
    words = {*name.split("-")}

    def rank(number: int) -> tuple[bool, ...]:
        container = containers[number]
        own = str(container.get("name"))
        image = str(container.get("image")).rpartition("/")[2].partition("@")[0].partition(":")[0]
        ports = container.get("ports") or ()
        serves = any(port.get("containerPort") in targets or port.get("name") in targets for port in ports)
        return own == name, own == default, not words.isdisjoint([*own.split("-"), *_WORD.split(image)]), serves

    return max(range(len(containers)), key=rank, default=0)
