"""Every list and mapping of a spec, by its JSON Schema, and a spec that has as many entries in one of them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft7Validator

from tests.support.cases import ROOT, run

Schema = dict[str, Any]
KINDS = ("App", "Overlay", "Project")
# What a spec needs next to a list so that the list means something.
NEXT_TO: dict[str, Schema] = {
    "App/metadata": {"name": "web"},
    "App/spec/istio": {"hosts": ["web.example.com"], "gateways": ["mesh"]},
    "App/spec/strategy": {"type": "Canary", "router": "istio"},
    "App/spec/autoscaling": {"maxReplicas": 9},
    "App/spec/service": {"type": "LoadBalancer", "ipFamilyPolicy": "PreferDualStack"},
    "Project/spec": {"repository": {"url": "https://example.com/shop.git"}},
}
BLUE_GREEN = ("activeMetadata", "previewMetadata", "prePromotionAnalysis", "postPromotionAnalysis")
# Words that a text may be, in the order in which they are tried; # is the number of the entry.
WORDS = (
    *(
        "x#",
        "x#.example.com",
        "/x#",
        "example.com/x#",
        "1#",
        "#",
        "10.0.0.#",
        "#s",
        "#m",
        "istio-system/x#",
        "10.0.0.0/8",
    ),
    *("ConfigMap/x#", "X#", "https://x#.example.com", "x#=y", "x#: y", "CreateNamespace=x#", "0 0 * * *", "2h"),
)


class SpecList(NamedTuple):
    """One list or mapping: the kind of its file, the keys that lead to it, and the schema of an entry."""

    kind: str
    pointer: str  # `*` is the first entry of a list or mapping on the way
    is_list: bool
    entry: Schema
    holder: Schema

    def __str__(self) -> str:
        return f"{self.kind}{self.pointer}"


def spec_lists() -> Iterator[SpecList]:
    """Each list and mapping once: a definition of the schema that many fields share is taken at its first one."""
    for kind in KINDS:
        yield from _lists(kind, schema(kind))


@cache
def schema(kind: str) -> Schema:
    """The JSON Schema of a kind of file."""
    found: Schema = json.loads(run(ROOT, "schema", kind).out)
    return found


def _lists(kind: str, root: Schema) -> Iterator[SpecList]:
    waiting: deque[tuple[Schema, str]] = deque([(root, "")])
    seen: set[str] = set()
    given: set[str] = set()
    while waiting:
        part, pointer = waiting.popleft()
        if "$ref" in part:
            if part["$ref"] not in seen:
                seen.add(part["$ref"])
                waiting.append((resolved(root, part), pointer))
            continue
        items, more = part.get("items"), part.get("additionalProperties")
        for entry, is_list in ((items, True), (more, False)):
            if isinstance(entry, dict):
                if pointer not in given and not pointer.startswith("/spec/defaults/"):  # an app's own fields
                    given.add(pointer)
                    yield SpecList(kind, pointer, is_list, entry, part)
                waiting.append((entry, f"{pointer}/*"))
        waiting += [(inside, f"{pointer}/{name}") for name, inside in part.get("properties", {}).items()]
        waiting += [(inside, pointer) for key in ("oneOf", "anyOf", "allOf") for inside in part.get(key, ())]
        waiting += [(part[key], pointer) for key in ("then", "else") if key in part]


def resolved(root: Schema, part: Schema) -> Schema:
    """The definition that `$ref` names; the part itself where it has none."""
    while "$ref" in part:
        found: Any = root
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


class Maker:
    """Makes values that a schema accepts, with what it requires and no more."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.validator = Draft7Validator(root)

    def value(self, part: Schema, number: int) -> Any:
        """A value, another one for each number where the schema lets it."""
        part = self._one(part)
        if "const" in part:
            return part["const"]
        if "enum" in part:
            return part["enum"][number % len(part["enum"])]
        match self._type(part):
            case "object":
                return self._mapping(part, number)
            case "array":
                return [self.value(part.get("items", {}), number)] if part.get("minItems") else []
            case "boolean":
                return True
            case "integer" | "number":
                return self._first(part, (number + 1, number % 100, number % 10 + part.get("minimum", 0)))
            case _:
                return self._word(part, number)

    def entries(self, found: SpecList, count: int) -> Any:
        """As many entries as one list or mapping."""
        values = [self.value(found.entry, number) for number in range(count)]
        if found.is_list:
            return [{**each, "name": f"x{number}"} if _is_named(each) else each for number, each in enumerate(values)]
        names = found.holder.get("propertyNames", {})
        return {self._word(names, number): each for number, each in enumerate(values)}

    def spec(self, found: SpecList, count: int) -> Any:
        """The file that leads to the list, with what each mapping on the way requires."""
        return self._around(self.root, found.pointer.split("/")[1:], "", found, count)

    def _around(self, part: Schema, keys: list[str], pointer: str, found: SpecList, count: int) -> Any:
        if not keys:
            return self.entries(found, count)
        if keys[0] == "*":
            entry = self._leading(part, "*")
            inside = self._around(entry, keys[1:], f"{pointer}/*", found, count)
            return [inside] if "items" in self._leading_holder(part) else {"x0": inside}
        holder = self._leading_holder(part, keys[0])
        value = self._mapping(holder, 0) if pointer else {}
        value.update(NEXT_TO.get(f"{found.kind}{pointer}", {}))
        if pointer == "/spec/strategy" and keys[0].startswith(BLUE_GREEN):
            value = {"type": "BlueGreen"}
        if pointer == "/spec/strategy" and keys[0] == "steps":
            value["autoPromotionEnabled"] = True
        value[keys[0]] = self._around(holder["properties"][keys[0]], keys[1:], f"{pointer}/{keys[0]}", found, count)
        return value

    def _leading(self, part: Schema, key: str) -> Schema:
        holder = self._leading_holder(part)
        entry: Schema = holder["items"] if "items" in holder else holder["additionalProperties"]
        return entry

    def _leading_holder(self, part: Schema, key: str = "") -> Schema:
        """The branch of a schema that has the property, or entries where no property is asked for."""
        part = resolved(self.root, part)
        if key and key in part.get("properties", {}):
            return part
        if not key and (isinstance(part.get("items"), dict) or isinstance(part.get("additionalProperties"), dict)):
            return part
        for branch in (*part.get("oneOf", ()), *part.get("anyOf", ()), *part.get("allOf", ())):
            try:
                return self._leading_holder(branch, key)
            except LookupError:
                continue
        raise LookupError(key)

    def _one(self, part: Schema) -> Schema:
        """The schema with its first branch, where it is made of several."""
        part = resolved(self.root, part)
        for key in ("oneOf", "anyOf"):
            if key in part and "properties" not in part:
                branches = [self._one(branch) for branch in part[key]]
                best = next((branch for branch in branches if self._type(branch) != "null"), branches[0])
                return {**{name: inside for name, inside in part.items() if name != key}, **best}
        return part

    def _mapping(self, part: Schema, number: int) -> Schema:
        properties = part.get("properties", {})
        names = [*part.get("required", ())]
        if part.get("minProperties") and not names:
            names = list(properties)[: part["minProperties"]]
        return {name: self.value(properties.get(name, {}), number) for name in names}

    def _word(self, part: Schema, number: int) -> Any:
        return self._first(part, [word.replace("#", str(number)) for word in WORDS])

    def _first(self, part: Schema, candidates: Any) -> Any:
        """The first candidate that the schema accepts; the first one where it accepts none."""
        judge = self.validator.evolve(schema={**part, "definitions": self.root.get("definitions", {})})
        return next((each for each in candidates if judge.is_valid(each)), candidates[0])

    @staticmethod
    def _type(part: Schema) -> str:
        kind = part.get("type")
        if isinstance(kind, list):
            kind = next(each for each in kind if each != "null")
        return str(kind or ("object" if "properties" in part else "string"))


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value
