"""Files that are merged with others first: the schema and the data without what another file may supply."""

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
    """The schema that never refuses a value because something is missing: it requires no field, in no condition.

    A `oneOf` whose forms differ by their required field may have none of them yet; two are still refused.
    """
    if not isinstance(node, dict):
        return node
    found = {key: _relaxed_value(key, value) for key, value in node.items() if key not in _MISSING and key != "if"}
    if "if" in node:
        inner = {key: found.pop(key) for key in ("then", "else") if key in found}
        found["allOf"] = [*found.get("allOf", ()), _once_given(node["if"], inner)]
    return found


def without_nulls(data: Any) -> Any:
    """`data` without the mapping keys whose value is null; lists stay as they are, because they replace whole lists."""
    if not isinstance(data, dict):
        return data
    return {key: without_nulls(value) for key, value in data.items() if value is not None}


def only_missing(errors: Iterable[ValidationError]) -> bool:
    """Whether a schema refuses only that something is missing; it does not compile the relaxed schema."""
    return all(map(_says_missing, errors))


def only_nulls(errors: Iterable[ValidationError]) -> bool:
    """Whether a schema refuses only that values are null."""
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
    named = [form for form in forms if isinstance(form, dict) and "required" in form]
    kept = [{**relaxed(form), "required": form["required"]} if form in named else relaxed(form) for form in forms]
    return [*kept, {"not": {"anyOf": named}}] if named == forms else kept


def _once_given(condition: Any, inner: Node) -> Node:
    """The condition, which applies only if every field that it asks about is given."""
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
