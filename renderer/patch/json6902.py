"""JSON Patch (RFC 6902) as kustomize applies it with evanphx/json-patch v4: on plain data, copying only what changes.

It departs from the RFC as upstream does: `replace` sets a key that does not exist; a negative index counts from the
end; `test` for null passes if the key is missing. While the operations run, `metadata.annotations` exists, if need be
empty. One departure of upstream is refused: `copy` from a key that does not exist, which would write null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from renderer.manifest import Object
from renderer.patch.values import MISSING, Data, Operation, PatchRefused
from renderer.plain import equal, tokens

Container = dict[str, Any] | list[Any]
Change = Callable[[Container, str], Container]

MAX_VALUES = 100_000  # in all copies of a patch: each may double the object, and etcd refuses an object of 1.5 MiB


def apply_operations(document: Object, operations: Sequence[Operation]) -> Object:
    """The document after all operations. Raises PatchRefused for the first one that fails (`/2/path`)."""
    result: Data = _with_annotations(document)
    room = MAX_VALUES
    for i, operation in enumerate(operations):
        try:
            if operation["op"] == "copy":
                room -= _size(_value(result, operation["from"], "/from"), room)
            result = _OPERATIONS[operation["op"]](result, operation)
        except PatchRefused as refused:
            raise PatchRefused(f"/{i}{refused.pointer}", refused.message) from None
    if not isinstance(result, dict):
        raise PatchRefused("", "what the operations leave is not an object")
    return result


def _with_annotations(document: Object) -> Object:
    """With annotations: kustomize keeps its own notes there, so `add /metadata/annotations/x` finds a parent."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("annotations") is not None:
        return document
    return {**document, "metadata": {**metadata, "annotations": {}}}


def _add(document: Data, operation: Operation) -> Data:
    return _changed(document, operation["path"], lambda parent, key: _inserted(parent, key, operation["value"]))


def _remove(document: Data, operation: Operation) -> Data:
    return _changed(document, operation["path"], _without)


def _replace(document: Data, operation: Operation) -> Data:
    if operation["path"] == "":
        return operation["value"]
    return _changed(document, operation["path"], lambda parent, key: _with(parent, key, operation["value"]))


def _move(document: Data, operation: Operation) -> Data:
    value = _value(document, operation["from"], "/from")
    without = _changed(document, operation["from"], _without, "/from")
    return _changed(without, operation["path"], lambda parent, key: _inserted(parent, key, value))


def _copy(document: Data, operation: Operation) -> Data:
    value = _value(document, operation["from"], "/from")
    if value is MISSING:
        raise PatchRefused("/from", f"nothing to copy at {operation['from']}")
    return _changed(document, operation["path"], lambda parent, key: _inserted(parent, key, value))


def _size(value: Data, room: int) -> int:
    """How many values it holds; values of shared parts count each time. PatchRefused if more than `room`."""
    count, pending = 0, [value]
    while pending:
        node = pending.pop()
        count += 1
        if count > room:
            raise PatchRefused("/from", f"with this copy the patch has copied more than {MAX_VALUES} values")
        if isinstance(node, dict | list):
            pending.extend(node.values() if isinstance(node, dict) else node)
    return count


def _test(document: Data, operation: Operation) -> Data:
    path = operation["path"]
    found = document if path == "" else _value(document, path, "/path")
    if not equal(None if found is MISSING else found, operation["value"], as_numbers=True):
        raise PatchRefused("/value", f"test failed: {path} is {_shown(found)}, not {_shown(operation['value'])}")
    return document


_OPERATIONS: dict[str, Callable[[Data, Operation], Data]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _tokens(path: str, field: str) -> list[str]:
    if path == "":
        raise PatchRefused(field, "the whole document cannot be added, removed, moved or copied")
    return tokens(path)


def _changed(document: Data, path: str, change: Change, field: str = "/path") -> Data:
    """The document with one container changed, and the containers above it copied."""
    return _changed_at(document, _tokens(path, field), change, path, field)


def _changed_at(node: Data, pending: Sequence[str], change: Change, path: str, field: str) -> Data:
    if not isinstance(node, dict | list):
        raise PatchRefused(field, f"{path}: its parent does not exist")
    token, *rest = pending
    try:
        if not rest:
            return change(node, token)
        child = _get(node, token)
        new = _changed_at(child, rest, change, path, field)
        return _with(node, token, new)
    except _NoSuchItem as missing:
        raise PatchRefused(field, f"{path}: {missing}") from None


class _NoSuchItem(Exception):  # noqa: N818
    pass


def _value(document: Data, path: str, field: str) -> Data:
    """What is at the path; MISSING if the key does not exist."""
    node = document
    for token in _tokens(path, field):
        if not isinstance(node, dict | list):
            raise PatchRefused(field, f"{path}: its parent does not exist")
        try:
            node = _get(node, token)
        except _NoSuchItem as missing:
            raise PatchRefused(field, f"{path}: {missing}") from None
    return node


def _get(node: Container, token: str) -> Data:
    return node.get(token, MISSING) if isinstance(node, dict) else node[_index(token, len(node))]


def _index(token: str, size: int) -> int:
    """The index of an item; -1 is the last."""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", token):
        raise _NoSuchItem(f"{token} is not a valid index of a list")
    index = int(token)
    if not -size <= index < size:
        raise _NoSuchItem(f"no item {token} in a list of {size}")
    return index % size


def _inserted(node: Container, token: str, value: Data) -> Container:
    if isinstance(node, dict):
        return {**node, token: value}
    index = len(node) if token == "-" else _index(token, len(node) + 1)  # noqa: S105
    return [*node[:index], value, *node[index:]]


def _with(node: Container, token: str, value: Data) -> Container:
    if isinstance(node, dict):
        return {**node, token: value}
    index = _index(token, len(node))
    return [*node[:index], value, *node[index + 1 :]]


def _without(node: Container, token: str) -> Container:
    if isinstance(node, dict):
        if token not in node:
            raise _NoSuchItem(f"no key {token}")
        return {key: value for key, value in node.items() if key != token}
    index = _index(token, len(node))
    return [*node[:index], *node[index + 1 :]]


def _shown(value: Data) -> str:
    return "missing" if value is MISSING else repr(value)
