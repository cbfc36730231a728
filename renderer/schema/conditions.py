"""The condition of an `if` in words: which field, or which of its values, needs more."""

from __future__ import annotations

from typing import Any

from renderer.schema.values import Node
from renderer.schema.words import clean, either, scalar


def because(schema: Node, instance: Any) -> str:
    """`` `type: Canary` ``, `` `steps` `` for a schema with `if` that the instance meets; may be empty."""
    condition = schema.get("if")
    if not isinstance(condition, dict) or not isinstance(instance, dict):
        return ""
    values = {field: node for field, node in condition.get("properties", {}).items() if field in instance}
    fields = dict.fromkeys([*values, *(field for field in condition.get("required", ()) if field in instance)])
    return either((_in_words(field, values.get(field, {}), instance[field]) for field in fields), last="with")


def _in_words(field: str, node: Any, value: Any) -> str:
    named = isinstance(node, dict) and ("const" in node or "enum" in node) and not isinstance(value, (dict, list))
    return f"`{field}: {clean(value) if isinstance(value, str) else scalar(value)}`" if named else f"`{field}`"
