"""Simulates equal situations once: the controllers decide by strategies, counts, weights and steps, not by names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from renderer.manifest import WORKLOADS, Manifest, Object, sync_options
from renderer.plan.classes import SimulationSummary
from renderer.plan.outlook import Situation, named, play, situation, with_labels
from renderer.plan.side import Side
from renderer.scaler import SCALERS
from renderer.simulate import KINDS, TooManyPodsError, digest, template_version, wave

_VERSION = ("version", "app.kubernetes.io/version")  # labels that name the version of a pod
_NAME, _LABEL = "\0", "\1"  # in place of the app's name, and of the name of a version

Labels = tuple[str, ...]  # the names of the versions in a situation, sorted


class Situations:
    """The summaries of what was simulated. It is as if each were simulated: tests compare both."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[SimulationSummary | TooManyPodsError, Labels]] = {}

    @property
    def simulated(self) -> int:
        """How many situations were simulated."""
        return len(self._known)

    def look(self, old: Side | None, new: Side | None) -> SimulationSummary:
        """What the change does; raises TooManyPodsError."""
        side = new or old
        asked = situation(old, new)
        key, labels = signature(side.app.name if side else "", asked)
        if key not in self._known:
            self._known[key] = _played(asked), labels
        found, theirs = self._known[key]
        if isinstance(found, TooManyPodsError):
            raise found
        return named(with_labels(found, dict(zip(theirs, labels, strict=True))), old, new)


def _played(asked: Situation) -> SimulationSummary | TooManyPodsError:
    try:
        return play(asked)[0]
    except TooManyPodsError as error:
        return error


def signature(app: str, asked: Situation) -> tuple[str, Labels]:
    """A text that is equal for situations that differ in names alone, and the names of the versions, sorted.

    Names are replaced where the controllers only compare them, and their order is kept: by it, some things are done
    one after the other.
    """
    objects = [[each for each in manifests if each.kind in KINDS] for manifests in asked.played]
    every = [*{id(each): each for manifests in objects for each in manifests}.values()]  # most are applied again
    labels = tuple(sorted({name for each in every for name in _versions(each)}))
    rank = {name: f"{_LABEL}{number}" for number, name in enumerate(labels)}
    number = _numbers()
    own = _own(app)
    made = {id(each): _object(each, own, rank, number) for each in every}
    listed = [[made[id(each)] for each in manifests] for manifests in objects]
    names = {each.name: own(each.name) for each in every}
    order = [[names[name] for name in sorted(names, key=key)] for key in (str, lambda name: (len(name), name))]
    return json.dumps([listed, order, len(labels), repr(asked.options)]), labels


def _object(
    manifest: Manifest, own: Callable[[str], str], rank: dict[str, str], number: Callable[[Manifest], tuple[int, int]]
) -> list[Any]:
    """What the simulator reads of a manifest; what it only compares are numbers."""
    data = manifest.data
    head = [manifest.kind, manifest.namespace, own(manifest.name), own(manifest.file), str(data.get("apiVersion"))]
    head += [rank[template_version(data["spec"]["template"])]] if _is_without_label(manifest) else []
    return [*head, wave(manifest), sorted(sync_options(data)), number(manifest), _renamed(_read(manifest), own, rank)]


def _read(manifest: Manifest) -> list[Any]:
    """The parts of a manifest that the simulator reads: of a pod template the labels."""
    spec = manifest.data.get("spec") or {}
    if manifest.kind in SCALERS:
        return [manifest.data]
    if manifest.kind not in WORKLOADS:
        return [spec]
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    return [{key: value for key, value in spec.items() if key != "template"}, dict(labels)]


def _renamed(value: Any, own: Callable[[str], str], rank: dict[str, str]) -> Any:
    """The same with other names of the app and of versions."""
    if isinstance(value, dict):
        return {
            key: rank[each] if key in _VERSION and each in rank else _renamed(each, own, rank)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_renamed(each, own, rank) for each in value]
    return own(value) if isinstance(value, str) else value


def _own(app: str) -> Callable[[str], str]:
    """Replaces the app's name at the start of a name; another name stays."""
    starts = (f"{app}-", f"{app}.")

    def own(text: str) -> str:
        return _NAME + text[len(app) :] if text == app or text.startswith(starts) else text

    return own


def _versions(manifest: Manifest) -> Iterable[str]:
    """The names of versions in what is read of a manifest."""
    pending: list[Any] = _read(manifest)
    if _is_without_label(manifest):
        yield template_version(manifest.data["spec"]["template"])
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from (each for key in _VERSION if isinstance(each := value.get(key), str))
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _is_without_label(manifest: Manifest) -> bool:
    """Whether it is a workload whose pods lack the label `version`: they are called by their images."""
    if manifest.kind not in WORKLOADS:
        return False
    template = (manifest.data.get("spec") or {}).get("template") or {}
    return bool(template) and not ((template.get("metadata") or {}).get("labels") or {}).get("version")


def _numbers() -> Callable[[Manifest], tuple[int, int]]:
    """Numbers manifests and pod templates in the order in which they are first seen; equal ones have equal numbers."""
    seen: list[Object] = []
    templates: dict[str, int] = {}

    def number(manifest: Manifest) -> tuple[int, int]:
        data = manifest.data
        index = next((number for number, each in enumerate(seen) if each is data or each == data), len(seen))
        if index == len(seen):
            seen.append(data)
        template = (data.get("spec") or {}).get("template") if manifest.kind in WORKLOADS else None
        return index, templates.setdefault(digest(template), len(templates)) if template else -1

    return number
