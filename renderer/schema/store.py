"""The schemas of one choice of versions, each compiled once: jsonschema-rs decides, then refusals are explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from renderer.hooks import HOOK
from renderer.project import Versions
from renderer.schema.bundle import Definition, closed, parsed
from renderer.schema.judge import MANIFESTS, Judge
from renderer.schema.kinds import is_foreign, schema_path, unknown_kind
from renderer.schema.values import Fault, Node

if TYPE_CHECKING:
    from renderer.schema.explain import Explainer

Read = Callable[[str], bytes | None]


class Schemas:
    """Our kinds (`App`, `Overlay`, `Project`) and the kinds of the sets.

    `read` takes a path relative to `schemas/`. The instance keeps its validators, so processes forked after their first
    use share them; another process that gets it pickled compiles those that it needs.
    """

    def __init__(self, versions: Versions, read: Read) -> None:
        self._versions = versions
        self._folders = versions.folders
        self._read = read
        self._parsed: dict[str, tuple[Node, Definition]] = {}
        self._bundles: dict[str, Node] = {}
        self._judges: dict[str, Judge] = {}  # of our kinds
        self._relaxed: dict[str, tuple[Node, Judge]] = {}  # of our kinds, for a file that is merged with others first
        self._manifests: dict[str, Judge | None] = {}  # by the path of the schema; None where there is none
        self._explainers: dict[str, Explainer] = {}

    def __reduce__(self) -> tuple[type[Schemas], tuple[Versions, Read]]:
        return Schemas, (self._versions, self._read)

    def valid(self, name: str, data: Any) -> bool:
        """Whether `data` is a whole `App`, `Overlay` or `Project`."""
        return self._own(name).of(data).is_valid(data)

    def explain(self, name: str, data: Any, *, partial: bool = False) -> list[Fault]:
        """Every fault of `data`, sorted by pointer; empty if it has none.

        `partial`: for a file that is merged with others first. Then missing fields are not faults, and neither is a
        null in a mapping: it removes what another file has.
        """
        if self.valid(name, data):
            return []
        if partial:
            return self._explain_partial(name, data)
        return self._explainer(name, lambda: self.bundle(name), self._own(name)).explain(data)

    def bundle(self, name: str) -> Node:
        """One self-contained schema of our kind `name`, for editors: with only the definitions that it needs."""
        if name not in self._bundles:
            self._bundles[name] = closed(*self._source(name))
        return self._bundles[name]

    def known(self, obj: Any) -> bool:
        """Whether the object's apiVersion and kind have a schema."""
        return self._manifest(obj) is not None

    def manifest_valid(self, obj: Any) -> bool:
        """Whether the object is valid by the schema of its kind; false if it has none."""
        judge = self._manifest(obj)
        if judge is None:
            return False
        validator = judge.of(obj)
        return validator.is_valid(obj) or validator.is_valid(_with_name(obj))

    def foreign(self, obj: Any) -> bool:
        """Whether it has no schema, and none of ours was meant: an operator's object, which is copied unchecked."""
        return self._manifest(obj) is None and isinstance(obj, dict) and is_foreign(_with_name(obj))

    def manifest_explain(self, obj: Any) -> list[Fault]:
        """Every fault of a Kubernetes object, sorted by pointer; one `unknown-kind` if it has no schema."""
        judge = self._manifest(obj)
        if judge is None:
            return unknown_kind(obj)
        named = _with_name(obj)
        if judge.of(named).is_valid(named):
            return []
        return self._explainer(str(schema_path(obj)), lambda: json.loads(self._manifest_text(obj)), judge).explain(
            named
        )

    def _explain_partial(self, name: str, data: Any) -> list[Fault]:
        from renderer.schema.partial import only_missing, only_nulls, relaxed, without_nulls

        kept = without_nulls(data)
        if kept == data and only_missing(self._own(name).of(data).iter_errors(data)):
            return []
        if name not in self._relaxed:
            schema = relaxed(self.bundle(name))
            self._relaxed[name] = schema, Judge(lambda: schema, lambda: self._source(name), few=0)  # never in parts
        schema, judge = self._relaxed[name]
        decider = judge.whole()
        if decider.is_valid(kept) and only_nulls(decider.iter_errors(data)):
            return []
        return self._explainer(f"{name}, partial", lambda: schema, judge).explain_partial(data, kept)

    def _explainer(self, key: str, schema: Callable[[], Node], judge: Judge) -> Explainer:
        """The checker of a compiled schema; jsonschema is imported here, only for documents with faults."""
        if key not in self._explainers:
            from renderer.schema.explain import Explainer

            self._explainers[key] = Explainer(schema(), judge.whole())
        return self._explainers[key]

    def _own(self, name: str) -> Judge:
        if name not in self._judges:
            self._judges[name] = Judge(lambda: self.bundle(name), lambda: self._source(name))
        return self._judges[name]

    def _source(self, name: str) -> tuple[Node, Definition]:
        if name not in self._parsed:
            self._parsed[name] = parsed(self._text(f"rollspec/{name.lower()}.json"), tuple(self._folders), self._set)
        return self._parsed[name]

    def _manifest(self, obj: Any) -> Judge | None:
        path = schema_path(obj)
        if path is None:
            return None
        if path not in self._manifests:
            text = self._manifest_text(obj)
            made = Judge(text.decode, lambda: parsed(text, (), self._set), MANIFESTS) if text else None
            self._manifests[path] = made
        return self._manifests[path]

    def _manifest_text(self, obj: Any) -> bytes:
        path = schema_path(obj)
        found = (self._read(f"{folder}/{path}") for folder in self._folders.values())
        return next((text for text in found if text is not None), b"")

    def _set(self, name: str) -> bytes:
        """The definitions of the chosen version of `kubernetes`, `argo-rollouts`, ..."""
        return self._text(f"{self._folders[name]}/definitions.json")

    def _text(self, path: str) -> bytes:
        text = self._read(path)
        if text is None:
            raise LookupError(f"no {path} among the schemas")
        return text


def _with_name(obj: Any) -> Any:
    """A hook of Argo CD with `generateName`, with a name as the API server will give it; anything else unchanged."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "generateName" not in metadata or "name" in metadata:
        return obj
    annotations = metadata.get("annotations")
    if not isinstance(annotations, dict) or HOOK not in annotations:
        return obj
    return {**obj, "metadata": {**metadata, "name": f"{metadata['generateName']}x"}}
