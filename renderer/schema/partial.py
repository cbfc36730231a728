"""Files that are merged with others before they count: the schema and the data without what another file may tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from renderer.schema.values import Node

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_BY_NAME = frozenset({"properties", "patternProperties", "definitions"})
_ONE = frozenset({"items", "additionalProperties", "propertyNames", "contains", "then", "else"})
_LISTS = frozenset({"allOf", "anyOf"})
_MISSING = frozenset({"required", "minProperties"})


def relaxed(node: Any) -> Any:
    """The schema that refuses nothing for what is not there: no field is required, and no condition asks for one.

    A `oneOf` that is told by which field is there may have none of them yet; with two it is refused as before.
    """
    if not isinstance(node, dict):
        return node
    found = {key: _relaxed_value(key, value) for key, value in node.items() if key not in _MISSING and key != "if"}
    if "if" in node:
        inner = {key: found.pop(key) for key in ("then", "else") if key in found}
        found["allOf"] = [*found.get("allOf", ()), _told(node["if"], inner)]
    return found


def without_nulls(data: Any) -> Any:
    """`data` without the mapping keys whose value is null; lists are kept as they are, for they replace whole lists."""
    if not isinstance(data, dict):
        return data
    return {key: without_nulls(value) for key, value in data.items() if value is not None}


def only_missing(errors: Iterable[ValidationError]) -> bool:
    """Whether all that a schema refuses is that something is missing; said without compiling the relaxed one."""
    return all(map(_says_missing, errors))


def only_nulls(errors: Iterable[ValidationError]) -> bool:
    """Whether all that a schema refuses is that values are null."""
    return all(error.instance is None for error in errors)


def _relaxed_value(key: str, value: Any) -> Any:
    if key in _BY_NAME and isinstance(value, dict):
        return {name: relaxed(node) for name, node in value.items()}
    if key in _ONE:
        return relaxed(value)
    if key in _LISTS:
        return [relaxed(form) for form in value]
    if key == "dependencies":
        return {name: [] if isinstance(needed, list) else relaxed(needed) for name, needed in value.items()}
    return _one_of(value) if key == "oneOf" else value


def _one_of(forms: list[Any]) -> list[Any]:
    told = [form for form in forms if isinstance(form, dict) and "required" in form]
    kept = [{**relaxed(form), "required": form["required"]} if form in told else relaxed(form) for form in forms]
    return [*kept, {"not": {"anyOf": told}}] if told == forms else kept


def _told(condition: Any, inner: Node) -> Node:
    """The condition, once every field is there that it asks about."""
    return {"if": {"required": sorted(set(_asked(condition)))}, "then": {"if": condition, **inner}}


def _asked(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        yield from condition.get("required", ())
        yield from condition.get("properties", ())
        for key in ("allOf", "anyOf", "oneOf"):
            for form in condition.get(key, ()):
                yield from _asked(form)
        yield from _asked(condition.get("not"))


def _says_missing(error: ValidationError) -> bool:
    if error.kind.name in _MISSING:
        return True
    forms: Iterable[list[ValidationError]] = getattr(error.kind, "context", ())
    return any(form and only_missing(form) for form in forms)
