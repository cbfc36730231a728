"""Overlays: which documents make an effective spec, and which document gave each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from renderer.facts import not_inherited
from renderer.plain import pointer_of, tokens
from renderer.problem import Problem, that_exist
from renderer.spec import merge, merge_specs

LONGEST = 16  # longest chain of overlays
_GIVES = frozenset(("defaults", "labels", "annotations"))  # what an overlay gives an app, or its objects
JOINED = ("patches", "resources")  # lists of an overlay that are added to those of the one it extends


@dataclass(frozen=True)
class Document:
    """One parsed file of a project, valid by the schema of its kind."""

    file: str
    data: Mapping[str, Any]

    @property
    def spec(self) -> Mapping[str, Any]:
        """Its `spec`."""
        found: Mapping[str, Any] = self.data.get("spec") or {}
        return found

    @cached_property
    def nulls(self) -> list[tuple[str, ...]]:
        """The keys that lead to each null outside of lists and of `overrides`: each removes what other files give."""
        return _nulls(self.data) if self.removes else []

    @cached_property
    def removes(self) -> bool:
        """Whether it has a null outside of lists."""
        return has_null(self.data)


class SpecItem(NamedTuple):
    """One item of an overlay's or app's `patches` or `resources`, with its file and pointer."""

    file: str
    pointer: str
    value: Any


class Environment(NamedTuple):
    """One overlay with those that it extends: `chain` begins with the overlay itself, and `names` are theirs.

    `apps` are those of the environment; None for all.
    """

    name: str
    names: tuple[str, ...]
    chain: tuple[Document, ...]
    spec: Mapping[str, Any]
    patches: tuple[SpecItem, ...]
    resources: tuple[SpecItem, ...]
    apps: frozenset[str] | None


class Layer(NamedTuple):
    """A document that is part of an effective spec, or gives its objects labels and annotations: see `_in_overlay`."""

    document: Document
    kind: str  # App or Overlay


class Effective(NamedTuple):
    """The effective document of an app in an environment, and its layers, strongest first."""

    data: Mapping[str, Any]
    layers: tuple[Layer, ...]

    def locate(self, pointer: str) -> tuple[str, str]:
        """The file that gave the value at a pointer, and the pointer there; the nearest parent if no file gave it."""
        parts = tokens(pointer)
        layers = self.layers if not parts or parts[0] in ("spec", "metadata") else (self._app,)  # others: the app alone
        while parts:
            for layer in layers:
                there = _in_overlay(parts) if layer.kind == "Overlay" else parts
                if there and _has(layer.document.data, there):
                    return layer.document.file, pointer_of(there)
            parts.pop()
        return layers[0].document.file, ""

    def locate_lack(self, pointer: str) -> tuple[str, str]:
        """The file in which to add what is missing in the value at a pointer: the app's own, if it has the value.

        A mapping is merged: what none of its files has belongs in the app's own file. A list, with its items, comes
        only from its strongest file.
        """
        parts = tokens(pointer)
        if not any(part.isdigit() for part in parts) and _has(self._app.document.data, parts):
            return self._app.document.file, pointer
        return self.locate(pointer)

    @property
    def _app(self) -> Layer:
        """The app spec itself."""
        found: Layer = next(layer for layer in reversed(self.layers) if layer.kind == "App")
        return found


def _in_overlay(parts: Sequence[str]) -> list[str]:
    """Where an Overlay has a field of an app: under `/spec/defaults`; a label or an annotation of all objects: there.

    Empty where an overlay has no such field.
    """
    if parts[0] == "spec":
        return ["spec", "defaults", *parts[1:]]
    return ["spec", *parts[1:]] if parts[1:2] in (["labels"], ["annotations"]) and len(parts) > 2 else []


def environments(overlays: Mapping[str, Document]) -> tuple[dict[str, Environment], list[Problem]]:
    """Each overlay with its `extends` resolved; an unknown or circular one is a problem."""
    found, problems = {}, []
    for name, document in overlays.items():
        environment = environment_of(name, overlays.get, overlays)
        if isinstance(environment, Environment):
            found[name] = environment
        else:
            problems.append(Problem(document.file, 0, 0, "overlay-extends", environment, "/spec/extends"))
    return found, problems


def environment_of(name: str, find: Callable[[str], Document | None], known: Iterable[str] = ()) -> Environment | str:
    """The environment of an overlay, or its fault; `find` returns an overlay by name."""
    chain: dict[str, Document] = {}
    following: str | None = name
    while following is not None:
        document = find(following)
        if following in chain:
            return f"`extends` leads back to `{following}`: remove one `extends` of the circle"
        if document is None:
            there = f"; {that_exist(known)}" if known else ""
            return f"there is no overlay `{following}`{there}"
        if len(chain) == LONGEST:
            return f"more than {LONGEST} overlays, each of which extends the next"
        chain[following] = document
        following = document.spec.get("extends")
    return _environment(name, tuple(chain.values()))


def effective(environment: Environment, app: Document, partials: Sequence[Document], level: int) -> Effective:
    """Defaults of the overlays < app spec < partial apps; `partials` are in the order of the chain.

    `level` is the project's render level.
    """
    metadata = app.data.get("metadata") or {}
    for partial in reversed(partials):
        metadata = merge(metadata, partial.data.get("metadata") or {})
    data = {**app.data, "metadata": metadata, "spec": effective_spec(environment, app, partials, level)}
    overlays = [Layer(document, "Overlay") for document in environment.chain if not _GIVES.isdisjoint(document.spec)]
    return Effective(data, (*(Layer(document, "App") for document in (*partials, app)), *overlays))


def effective_spec(environment: Environment, app: Document, partials: Sequence[Document], level: int) -> dict[str, Any]:
    """The `spec` of `effective`, alone."""
    defaults = environment.spec.get("defaults") or {}
    spec = merge_specs(defaults, app.spec, removes=app.removes)
    for partial in reversed(partials):
        spec = merge_specs(spec, partial.spec, removes=partial.removes)
    if _default_beside_autoscaling(spec, (app, *partials), level):
        del spec["replicas"]
    return spec


def _default_beside_autoscaling(spec: Mapping[str, Any], own: Sequence[Document], level: int) -> bool:
    """Whether an app with an autoscaler gets `replicas` only from a default, which is for apps without an autoscaler.

    At render level 1, a default below `minReplicas` still counts: it is a stage of switching an autoscaler on.
    """
    scaling, replicas = spec.get("autoscaling"), spec.get("replicas")
    if not isinstance(scaling, dict) or replicas is None or any("replicas" in layer.spec for layer in own):
        return False
    least = scaling.get("minReplicas", 1)
    return level > 1 or (_is_number(least) and _is_number(replicas) and replicas >= least)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def inherited(partial: Document) -> Document:
    """A partial app as inherited by overlays that extend its overlay: without the release state of its environment.

    Otherwise, a release in one environment would silently reach the others at the same time.
    """
    kept = {key: value for key, value in partial.spec.items() if key not in not_inherited()}
    return Document(partial.file, {**partial.data, "spec": kept})


def idle_nulls(base: Mapping[str, Any], over: Document) -> list[str]:
    """Pointers of the nulls in `over` that do not remove anything from `base`."""
    return [pointer_of(path) for path in over.nulls if not path or not _has(base, path)]


def spec_items(document: Document, key: str) -> tuple[SpecItem, ...]:
    """The items of a list of the document's spec, with their pointers."""
    return tuple(
        SpecItem(document.file, f"/spec/{key}/{number}", value)
        for number, value in enumerate(document.spec.get(key, ()))
    )


def _environment(name: str, chain: tuple[Document, ...]) -> Environment:
    spec: dict[str, Any] = {}
    for document in reversed(chain):
        spec = merge(spec, {key: value for key, value in document.spec.items() if key not in (*JOINED, "abstract")})
    patches, resources = (
        tuple(entry for document in reversed(chain) for entry in spec_items(document, key)) for key in JOINED
    )
    apps = None if spec.get("apps") is None else frozenset(spec["apps"])
    names = tuple(str(document.data["metadata"]["name"]) for document in chain)
    return Environment(name, names, chain, spec, patches, resources, apps)


def _nulls(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for key, value in data.items():
        if value is None:
            found.append((*path, key))
        elif value.__class__ is dict and key != "overrides":
            found += _nulls(value, (*path, key))
    return found


def has_null(data: Mapping[str, Any]) -> bool:
    """Whether a null is somewhere in nested mappings."""
    for value in data.values():  # noqa: SIM110  (a generator for each mapping takes twice the time)
        if value is None or (value.__class__ is dict and has_null(value)):
            return True
    return False


def _has(data: Any, parts: Sequence[str]) -> bool:
    for part in parts:
        if isinstance(data, Mapping) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return False
    return True
