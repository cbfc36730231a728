"""The lines of a YAML file as they may be shown: secrets are found by what the file says, not only by its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from renderer.lazy import regex
from renderer.masking import MASK, is_secret, masked, masked_lines
from renderer.yamlio.events import ERRORS, events

_OPEN = ("apiVersion", "kind", "type", "immutable")  # fields of a Secret that may be shown
_NAMES = ("name", "namespace")  # those of its metadata
# A key after `?`, or with a space; an escape, such as in a kind; an anchor.
_ODD = regex(r"""^[ -]*\?(?:\s|$)|\\[xuU]|["'](?=[^"'\n]*[^\w.$/"'\n-])[^"'\n]*["']\s*:|:\s+&\w""", re.MULTILINE)
_LARGE = 1 << 20  # characters; of a larger file, only the lines are looked at


class _Text(str):
    """A scalar with its position."""

    __slots__ = ("end", "start")

    start: int
    end: int


def masked_file(lines: list[str], not_secret: Collection[str] = ()) -> list[str]:
    """The lines, one for one, with every value masked that must not be shown.

    A text that is not YAML is masked by its lines alone.
    """
    text = "".join(lines)
    mark, text = (text[:1], text[1:]) if text.startswith("\ufeff") else ("", text)
    if len(text) <= _LARGE and _is_unclear(lines, text):
        for found in sorted(_hidden(text, not_secret), key=lambda each: each.start, reverse=True):
            text = f"{text[: found.start]}{_mask_of(text[found.start : found.end])}{text[found.end :]}"
    return masked_lines(re.findall(r"[^\n]*\n|[^\n]+", f"{mark}{text}"), not_secret)


def _is_unclear(lines: list[str], text: str) -> bool:
    """Whether the lines alone may not say what a value is named: few files are so, and reading them takes time."""
    pairs = (("{", "}"), ("[", "]"))
    return bool(_ODD.search(text)) or any(line.count(one) != line.count(two) for line in lines for one, two in pairs)


def _mask_of(text: str) -> str:
    """The mask of a value, with as many lines as it has; blank lines stay."""
    first, *others = text.split("\n")
    shown = [f"{line[: len(line) - len(line.lstrip(' '))]}{MASK}" if line.strip() else line for line in others]
    return "\n".join((MASK if first else first, *shown))


def _hidden(text: str, not_secret: Collection[str]) -> Iterator[_Text]:
    """The scalars of all documents that must not be shown."""
    try:
        following = events(text.encode())
        while not isinstance(event := following(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                document = _value(following(), following)
                shown = _of_secret(document) if is_secret(document) else masked(document, "", not_secret)
                yield from _differing(document, shown)
    except (*ERRORS, RecursionError):
        return


def _of_secret(data: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret without anything but what it is, and its name."""
    shown: dict[str, Any] = {
        key: each if key in _OPEN and isinstance(each, str) else MASK for key, each in data.items()
    }
    metadata = data.get("metadata")
    if isinstance(metadata, Mapping):
        shown["metadata"] = {
            key: each if key in _NAMES and isinstance(each, str) else MASK for key, each in metadata.items()
        }
    return shown


def _value(event: Any, following: Callable[[], Any]) -> Any:
    """The node that begins with an event, as data; an alias is an empty text, for its anchor is looked at."""
    if isinstance(event, ScalarEvent):
        text = _Text(event.value)
        start, end = event.start_mark, event.end_mark
        text.start, text.end = (start.index, end.index) if start and end else (0, 0)
        return text
    if isinstance(event, AliasEvent):
        return ""
    if isinstance(event, MappingStartEvent):
        pairs = {}
        while not isinstance(event := following(), MappingEndEvent):
            key = _value(event, following)
            pairs[key if isinstance(key, str) else str(key)] = _value(following(), following)
        return pairs
    items = []
    while not isinstance(event := following(), SequenceEndEvent):
        items.append(_value(event, following))
    return items


def _differing(value: Any, shown: Any) -> Iterator[_Text]:
    if isinstance(value, _Text):
        if shown == MASK and value != MASK:
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _differing(each, shown[key] if isinstance(shown, Mapping) else MASK)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _differing(each, shown[number] if isinstance(shown, list) else MASK)
