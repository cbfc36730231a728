"""Turns schema trees into small self-contained documents: repeated parts become definitions, written once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from schemas.make.values import Schema, ref

DRAFT = "http://json-schema.org/draft-07/schema#"
WORTH = 72  # bytes of JSON from which a repeated part is worth a definition
_PREFIX = "#/definitions/"
_ITEM = "[]"
_VALUE = "{}"


def pack(root: Schema, known: Mapping[str, Schema], parts: Mapping[str, Schema] | None = None) -> Schema:
    """One kind's document: `root` and the definitions it needs; what is used once is written in place.

    A repeated part that is one of `parts` has its name there.
    """
    inlined = _Inline(root, known)
    body = inlined.apply(root)
    bodies = {name: inlined.apply(known[name]) for name in inlined.kept}
    named = {_text(inlined.apply(part)): name for name, part in (parts or {}).items() if name not in bodies}
    shared = _Share([body, *bodies.values()], used={*bodies, *(parts or ())}, named=named)
    placed = shared.place(body, ())
    definitions = {name: shared.place(bodies[name], (name,)) for name in sorted(bodies)} | shared.definitions
    return {"$schema": DRAFT, **placed} | ({"definitions": definitions} if definitions else {})


def library(parts: Mapping[str, Schema], known: Mapping[str, Schema]) -> Schema:
    """A document of definitions alone: `parts` under their names, and all that they refer to under its name."""
    bodies = {**reachable(list(parts.values()), known), **parts}
    named = {_text(body): name for name, body in parts.items()}
    shared = _Share(list(bodies.values()), used=set(bodies), named=named, given=True)
    definitions = {name: shared.place(bodies[name], (name,)) for name in sorted(bodies)}
    return {"$schema": DRAFT, "definitions": definitions | shared.definitions}


def dump(document: Schema) -> bytes:
    """Canonical text: sorted keys, and one definition a line so that a difference can be read."""
    lines = [f"{_text(key)}:{_body(key, document[key])}" for key in sorted(document)]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def references(node: object) -> Iterator[str]:
    """Names of the definitions that a tree refers to, in the order of its sorted keys."""
    if isinstance(node, dict):
        if isinstance(target := node.get("$ref"), str):
            yield target.removeprefix(_PREFIX)
        for key in sorted(node):
            yield from references(node[key])
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def reachable(roots: Sequence[Schema], known: Mapping[str, Schema]) -> dict[str, Schema]:
    """All definitions that the roots reach, directly or not."""
    found: dict[str, Schema] = {}
    todo = [name for root in roots for name in references(root)]
    while todo:
        if (name := todo.pop()) not in found:
            found[name] = known[name]
            todo.extend(references(known[name]))
    return found


def children(node: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """The sub-schemas that may become definitions, with their paths."""
    for name in sorted(node.get("properties", {})):
        yield (*path, name), node["properties"][name]
    for key, mark in (("items", _ITEM), ("additionalProperties", _VALUE)):
        if isinstance(node.get(key), dict):
            yield (*path, mark), node[key]


def replace(node: Schema, path: tuple[str, ...], by: Callable[[Schema, tuple[str, ...]], Schema]) -> Schema:
    """The node with each of its `children` replaced."""
    new = dict(node)
    if "properties" in node:
        new["properties"] = {name: by(child, (*path, name)) for name, child in sorted(node["properties"].items())}
    for key, mark in (("items", _ITEM), ("additionalProperties", _VALUE)):
        if isinstance(node.get(key), dict):
            new[key] = by(node[key], (*path, mark))
    return new


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _body(key: str, value: object) -> str:
    if key != "definitions" or not isinstance(value, dict):
        return _text(value)
    return "{\n" + ",\n".join(f"{_text(name)}:{_text(value[name])}" for name in sorted(value)) + "\n}"


class _Inline:
    """Writes definitions that are small or used once in place of their references."""

    def __init__(self, root: Schema, known: Mapping[str, Schema]) -> None:
        bodies = reachable([root], known)
        uses = Counter(name for body in (root, *bodies.values()) for name in references(body))
        self.known = known
        self.kept = sorted(name for name, count in uses.items() if count > 1 and len(_text(known[name])) >= WORTH)

    def apply(self, node: Schema, path: tuple[str, ...] = ()) -> Schema:
        target = node.get("$ref")
        if isinstance(target, str) and (name := target.removeprefix(_PREFIX)) not in self.kept:
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return self.apply({**self.known[name], **rest})
        new = replace(node, path, self.apply)
        if isinstance(names := node.get("propertyNames"), dict):
            new["propertyNames"] = self.apply(names)
        return new


class _Share:
    """Gives the parts that occur more than once in these bodies a name and one place."""

    def __init__(self, bodies: Sequence[Schema], used: set[str], named: Mapping[str, str], given: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.used = used
        self.named = dict(named)
        self.given = set(named) if given else set()  # definitions of the document, however often they occur
        self.definitions: dict[str, Schema] = {}
        for body in bodies:
            self._count(body)

    def place(self, node: Schema, path: tuple[str, ...]) -> Schema:
        """The node with its repeated parts replaced by references."""
        return replace(node, path, self._place_child)

    def _count(self, node: Schema) -> None:
        # A part inside a repeated part counts once: it is written once.
        key = _text(node)
        self.counts[key] += 1
        if self.counts[key] == 1:
            for _, child in children(node, ()):
                self._count(child)

    def _place_child(self, node: Schema, path: tuple[str, ...]) -> Schema:
        key = _text(node)
        if key in self.given:
            return ref(self.named[key])
        if self.counts[key] < 2 or len(key) < WORTH or "$ref" in node:
            return self.place(node, path)
        name = self.named.setdefault(key, "") or self._name(path)
        self.named[key] = name
        if name not in self.definitions:
            self.definitions[name] = self.place(node, path)
        return ref(name)

    def _name(self, path: tuple[str, ...]) -> str:
        # The shortest tail of the path that is still free: Destination, RouteDestination, ...
        words = [_word(path[:end]) for end in range(1, len(path) + 1) if path[end - 1] not in (_ITEM, _VALUE)]
        plural = _singular(words[-1]) if path[-1] == _ITEM else words[-1]
        words[-1] = plural + ("Value" if path[-1] == _VALUE else "")
        tails = ["".join(words[start:]) for start in range(len(words) - 1, -1, -1)]
        name = next((tail for tail in tails if tail not in self.used), None)
        if name is None:
            name = next(f"{tails[-1]}{n}" for n in range(2, 1000) if f"{tails[-1]}{n}" not in self.used)
        self.used.add(name)
        return name


def _word(path: tuple[str, ...]) -> str:
    return path[-1][:1].upper() + path[-1][1:]


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
