"""Values and types of a document in plain words: short, and without values that may be secret."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from renderer.schema.values import Tokens

LONGEST = 40  # characters of a value that a message quotes
MANY = 8  # how many allowed values or fields a message lists
_SECRET = frozenset({"env", "data", "stringData", "binaryData", "files"})

_FOUND = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "a boolean",
    "number": "a number",
    "null": "no value",
}
_WANTED = {
    "object": ("a mapping",),
    "array": ("a list",),
    "string": ("text",),
    "boolean": ("true", "false"),
    "integer": ("a whole number",),
    "number": ("a number",),
    "null": ("null",),
}


def type_of(value: Any) -> str:
    """The JSON type: object, array, string, boolean, number or null."""
    if value is None:
        return "null"
    for name, types in (("object", dict), ("array", list), ("string", str), ("boolean", bool)):
        if isinstance(value, types):
            return name
    return "number"


def fits(value: Any, wanted: str) -> bool:
    """Whether a value has the JSON Schema type `wanted`."""
    found = type_of(value)
    return found == wanted or (found == "number" and (wanted == "number" or (wanted == "integer" and _whole(value))))


def found(value: Any) -> str:
    """What a value is: "a mapping", "text", ..."""
    return _FOUND[type_of(value)]


def wanted(types: Iterable[str]) -> list[str]:
    """What is expected: "text", or "a number", "true", "false", ..."""
    return list(dict.fromkeys(word for name in types for word in _WANTED[name]))


def is_scalar(value: Any) -> bool:
    """Whether a value is text, a number or a boolean."""
    return not isinstance(value, (dict, list)) and value is not None


def secret(tokens: Tokens) -> bool:
    """Whether a value with this path may be a secret, which must not be printed."""
    return not _SECRET.isdisjoint(tokens)


def shown(value: Any, tokens: Tokens) -> str:
    """A scalar, shortened; for mappings, lists and possible secrets, only the type."""
    return scalar(value) if is_scalar(value) and not secret(tokens) else found(value)


def scalar(value: Any) -> str:
    """A scalar as in YAML, text in quotes, shortened."""
    if isinstance(value, str):
        return f'"{clean(json.dumps(shorten(value), ensure_ascii=False)[1:-1])}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return shorten(str(value)) if value.bit_length() < 1000 else "a very large number"
    return json.dumps(value) if math.isfinite(value) else {math.inf: ".inf", -math.inf: "-.inf"}.get(value, ".nan")


def shorten(text: str) -> str:
    """At most LONGEST characters, the end cut off."""
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def clean(text: str) -> str:
    """The text, with everything escaped that a terminal could take for a command or the end of a line."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def name(text: object) -> str:
    """A field or an allowed value between backticks."""
    return f"`{clean(shorten(text if isinstance(text, str) else scalar(text)))}`"


def either(words: Iterable[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    items = list(words)
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def listed(values: Iterable[object]) -> str:
    """At most MANY names, and the number of the others."""
    items = [name(value) for value in values]
    rest = len(items) - MANY
    return ", ".join(items) if rest <= 1 else f"{', '.join(items[:MANY])} and {rest} more"


def type_fault(value: Any, types: list[str], tokens: Tokens, *, mend: str | None = None) -> str:
    """What was found in place of what is expected, and how to fix it, unless `mend` says so."""
    what = shown(value, tokens)
    said = what if what == found(value) else f"{what} is {found(value)}"
    if set(types) == {"integer"} and isinstance(value, float):
        return f"{what} where a whole number is expected" if secret(tokens) else f"{what} is not a whole number"
    way_out = _mend(value, types, tokens) if mend is None else mend
    return f"{said} where {either(wanted(types))} is expected" + (f": {way_out}" if way_out else "")


def _mend(value: Any, types: list[str], tokens: Tokens) -> str:
    kinds = {"number" if name == "integer" else name for name in types}
    mend = _MENDS.get((type_of(value), *sorted(kinds)))
    return mend(value, secret(tokens)) if mend else ""


def quote(value: Any, hidden: bool) -> str:
    """How a number or boolean becomes text."""
    if hidden:
        return "quote it"
    text = scalar(value)
    decimal = isinstance(value, float) and text.replace(".", "").isdecimal()
    return f'quote it: "{text}"' + (f', or "{text}0" if that was meant' if decimal else "")


def _unquote(value: str, hidden: bool) -> str:
    try:
        number = math.isfinite(float(value)) and value.strip() == value and "_" not in value
    except ValueError:
        number = False
    return ("remove the quotes" + ("" if hidden else f": {shorten(value)}")) if number else ""


def _boolean(value: str, _hidden: bool) -> str:
    known = {"true": "true", "yes": "true", "on": "true", "y": "true", "false": "false", "no": "false", "off": "false"}
    return f"write {known[value.lower()]}, without quotes" if value.lower() in known else ""


def _items(value: dict[str, Any], _hidden: bool) -> str:
    return 'begin each item with "- "' if value else "write []"


def _entries(value: list[Any], hidden: bool) -> str:
    """How a list becomes a mapping."""
    if not value:
        return "write {}"
    if all(isinstance(item, dict) and "name" in item for item in value):
        if all(item.keys() == {"name", "value"} for item in value):
            return "write `NAME: value` instead of `- name: NAME` and `value: ...`"
        key = "NAME" if hidden or not isinstance(value[0]["name"], str) else clean(shorten(value[0]["name"]))
        return f"each name is a key: write `{key}:` and the other fields below it, instead of `- name: {key}`"
    first = value[0]
    if not all(isinstance(item, str) and item for item in value):
        return "write `key: value`, without the dashes"
    if all("=" in item for item in value):
        key = "NAME" if hidden else clean(shorten(first.partition("=")[0]))
        return f"write `{key}: ...` instead of `- {key}=...`"
    return (
        "write `key: value`, without the dashes"
        if hidden
        else f"write `{clean(shorten(first))}: ...`, without the dash"
    )


def _alone(value: list[Any], hidden: bool) -> str:
    """How a list of one item becomes the item."""
    if len(value) != 1 or not is_scalar(value[0]):
        return ""
    return "write the item alone, without a dash or brackets" if hidden else f"write {scalar(value[0])}, not in a list"


def _one(value: Any, hidden: bool) -> str:
    return 'begin the item with "- "' if hidden else f"write [{scalar(value)}]"


_MENDS: dict[tuple[str, ...], Callable[[Any, bool], str]] = {
    ("number", "string"): quote,
    ("boolean", "string"): quote,
    ("string", "number"): _unquote,
    ("string", "boolean"): _boolean,
    ("object", "array"): _items,
    ("array", "object"): _entries,
    ("array", "string"): _alone,
    ("array", "number"): _alone,
    ("array", "boolean"): _alone,
    ("string", "array"): _one,
    ("number", "array"): _one,
}


def _whole(value: int | float) -> bool:
    return isinstance(value, int) or value.is_integer()
