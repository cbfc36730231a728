"""Makes one self-contained schema of ours and the sets that it refers to, with only the definitions it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from renderer.schema.values import Node

SetReader = Callable[[str], bytes]  # `kubernetes` -> the text of that set's definitions; asked once for each

_HERE = '"#/definitions/'
_INNER = (dict, list)


def bundle(text: bytes, sets: tuple[str, ...], read_set: SetReader) -> Node:
    """Our schema, with every definition that it refers to under `definitions`.

    A reference `kubernetes.json#/definitions/PodSpec` becomes `#/definitions/kubernetes.PodSpec`. References are
    rewritten in the text: nothing else in our schemas begins like a reference, and a copy of the parsed tree takes four
    times as long. Raises LookupError if a reference leads nowhere: a defect of the schemas that ship.
    """
    own = text.decode()
    for name in sets:
        own = own.replace(f'"{name}.json#/definitions/', f"{_HERE}{name}.")
    root: Node = json.loads(own)
    known: Node = root.pop("definitions", {})
    loaded: set[str] = set()
    reached: Node = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        owner = name.partition(".")[0]
        if name not in known and owner in sets and owner not in loaded:
            loaded.add(owner)
            known |= _definitions(owner, read_set)
        if name not in known:
            raise LookupError(f"no definition {name} in the schemas of these versions")
        reached[name] = known[name]
        waiting.extend(_references(known[name]))
    return {**root, "definitions": {name: reached[name] for name in sorted(reached)}}


def _definitions(owner: str, read_set: SetReader) -> Node:
    """A set's definitions, named `kubernetes.PodSpec`, with references to those names."""
    document = json.loads(read_set(owner).decode().replace(_HERE, f"{_HERE}{owner}."))
    return {f"{owner}.{name}": node for name, node in document["definitions"].items()}


def _references(tree: Node) -> Iterator[str]:
    """The names of the definitions that a tree refers to; a reference may lead to a part of one."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if node.__class__ is dict and node.get("$ref").__class__ is str:
            yield node["$ref"].split("/")[2]
        waiting += [each for each in (node.values() if node.__class__ is dict else node) if each.__class__ in _INNER]
