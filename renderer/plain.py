"""Plain data, of JSON's types: pointers to its values, and equality that distinguishes 1 from true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one: no schema checks the objects of operators."""
    return value if isinstance(value, dict) else {}


def mappings(items: Any) -> list[dict[str, Any]]:
    """The items if they are a list, each as a mapping, so that none changes its number; else an empty list."""
    return [mapping(item) for item in items] if isinstance(items, list) else []


def written(value: object) -> str:
    """A scalar as YAML writes it: `true`, `3`, `text`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def escape(key: str) -> str:
    """A key as one reference token of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "/" in key or "~" in key else key


def unescape(token: str) -> str:
    """The key that a reference token stands for."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def below(pointer: str, key: str | int) -> str:
    """The pointer of what is under a key or index of the value at `pointer`."""
    return f"{pointer}/{escape(str(key))}"


def pointer_of(keys: Iterable[str | int]) -> str:
    """`["spec", "a/b", 0]` is `/spec/a~1b/0`."""
    return "".join(["/" + escape(str(key)) for key in keys])


def tokens(pointer: str) -> list[str]:
    """The keys of a pointer, from the top; `pointer` must be empty or begin with `/`."""
    return [unescape(token) for token in pointer.split("/")[1:]]


def lookup(data: Any, pointer: str) -> Any:
    """The value at a pointer; None where there is none."""
    for token in tokens(pointer):
        if isinstance(data, dict):
            data = data.get(token)
        elif isinstance(data, list) and token.isdecimal() and int(token) < len(data):
            data = data[int(token)]
        else:
            return None
    return data


def equal(one: Any, other: Any, *, as_numbers: bool = False) -> bool:
    """Equal but for the order of keys; `true` is not 1, and 1 is 1.0 only `as_numbers`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key], as_numbers=as_numbers) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=True)
        return len(one) == len(other) and all(equal(left, right, as_numbers=as_numbers) for left, right in pairs)
    alike = isinstance(one, bool) == isinstance(other, bool) if as_numbers else type(one) is type(other)
    return alike and bool(one == other)
