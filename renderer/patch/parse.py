"""Makes patches of an entry of `patches` in a spec."""

from __future__ import annotations

import re
from typing import Any, Final

from renderer.lazy import regex
from renderer.manifest import Object
from renderer.patch.target import Matcher, matcher
from renderer.patch.values import WORKLOAD, Data, Patch, PatchFault, Target, text
from renderer.yamlio import load

_TARGET: Final = {
    "group": "group",
    "version": "version",
    "kind": "kind",
    "name": "name",
    "namespace": "namespace",
    "labelSelector": "label_selector",
    "annotationSelector": "annotation_selector",
}
# Only the start of a document may look like this, also inside a block of text.
_DOCUMENT_START: Final = regex(r"^---(?=\s|$)", re.MULTILINE)
_REQUIRED: Final = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}


def parse(entry: Data, source: str = "", index: int = 0) -> tuple[list[Patch], list[PatchFault]]:
    """The patches of an entry `{target, patch}`, one per YAML document of its text, and the faults.

    `patch` is a mapping (strategic merge), a list (JSON 6902), or either as YAML text. With a fault, no patch is
    returned. `source` and `index` are copied to the results.
    """
    faults: list[PatchFault] = []
    if not isinstance(entry, dict) or "patch" not in entry:
        return [], [_fault(index, "", "a patch is a mapping with `patch`, and usually `target`")]
    target = _target(entry.get("target"), index, faults)
    documents = _documents(entry["patch"], index, faults)
    if target is not None and len(documents) > 1:
        faults.append(_fault(index, "/patch", "a patch with a target is one document; write one entry for each"))
    patches = [_patch(target, document, source, index, faults) for document in documents]
    return ([] if faults else [patch for patch in patches if patch]), faults


def _fault(index: int, pointer: str, message: str) -> PatchFault:
    return PatchFault(index, pointer, message, "patch-target" if pointer.startswith("/target") else "patch-failed")


def _target(value: Data, index: int, faults: list[PatchFault]) -> Target | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        faults.append(_fault(index, "/target", "a target is a mapping: kind, name, labelSelector, ..."))
        return Target()
    faults += [
        _fault(index, f"/target/{key}", f"unknown key {key!r}: a target has {', '.join(_TARGET)}")
        for key in value
        if key not in _TARGET
    ]
    target = Target(**{field: text(value[key]) for key, field in _TARGET.items() if value.get(key) is not None})
    ready = matcher(target)
    if not isinstance(ready, Matcher):
        faults += [_fault(index, f"/target/{field}", message) for field, message in ready]
    return target


def _documents(value: Data, index: int, faults: list[PatchFault]) -> list[Data]:
    """The patch as data; a text is read as YAML."""
    if not isinstance(value, str):
        return [value]
    documents, message = _read(value)
    if message:
        faults.append(_fault(index, "/patch", message))
    elif not documents:
        faults.append(_fault(index, "/patch", "the patch is empty"))
    return documents


def _patch(target: Target | None, document: Data, source: str, index: int, faults: list[PatchFault]) -> Patch | None:
    if isinstance(document, list):
        faults += [_fault(index, *found) for i, item in enumerate(document) for found in _operation(item, i)]
        if target is None:
            faults.append(_fault(index, "", "JSON 6902 operations need a `target`"))
        if not document:
            faults.append(_fault(index, "/patch", "no operation is given"))
        return Patch(target, tuple(document), None, source)
    if not isinstance(document, dict):
        faults.append(_fault(index, "/patch", "a patch is a mapping (strategic merge) or a list (JSON 6902)"))
        return None
    if target is None and not _names_an_object(document):
        faults.append(
            _fault(index, "", "the patch names no object: add `target`, or apiVersion, kind and metadata.name")
        )
    return Patch(target, None, document, source)


def _names_an_object(document: Object) -> bool:
    metadata = document.get("metadata")
    version = document.get("apiVersion") or document.get("kind") == WORKLOAD
    return bool(version and document.get("kind") and isinstance(metadata, dict) and metadata.get("name"))


def _operation(item: Data, i: int) -> list[tuple[str, str]]:
    """The faults of one operation: (pointer, message)."""
    pointer = f"/patch/{i}"
    op = item.get("op") if isinstance(item, dict) else None
    if not isinstance(op, str) or op not in _REQUIRED:
        return [(pointer, f"an operation is a mapping with `op`: {', '.join(_REQUIRED)}")]
    found = [(pointer, f"`{op}` needs `{key}`") for key in _REQUIRED[op] if key not in item]
    for key in ("path", "from"):
        value: Any = item.get(key, "")
        if not isinstance(value, str) or (value and not value.startswith("/")):
            found.append((f"{pointer}/{key}", f"{key} is a JSON pointer and starts with /: {value!r}"))
    return found


def _read(value: str) -> tuple[list[Data], str]:
    """The documents of a YAML text without the empty ones, or its faults."""
    documents = []
    line = 0
    for part in _DOCUMENT_START.split(value):
        data, problems = load(part.encode(), "")
        if problems and part.strip():
            return [], f"line {line + problems[0].line} of the patch: {problems[0].message}"
        if data is not None:
            documents.append(data)
        line += part.count("\n")
    return documents, ""
