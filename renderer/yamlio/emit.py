"""Writes plain data as canonical YAML that readers of YAML 1.1 and YAML 1.2 read the same way."""

from __future__ import annotations

import re
from collections.abc import Callable

from renderer.lazy import regex
from renderer.yamlio.data import Data
from renderer.yamlio.scalars import float_text

_LONGEST_KEY = 1000  # characters as written: a parser looks no further than 1024 for the `:` after a key
_LONGEST_REMEMBERED = 128  # characters of a text whose written form is remembered
_MOST_REMEMBERED = 1 << 14  # texts

# Text that every reader takes for text without quotes, in block and in flow style; narrow on purpose.
_UNQUOTED = regex(
    r"""
    (?!(?i:true|false|yes|no|on|off|y|n|null|nan|inf|infinity)\Z)  # no word of YAML 1.1;
    (?:--?)?[A-Za-z_/][A-Za-z0-9_./@+=%-]*                         # words, paths, images, flags,
        (?:[: ][A-Za-z0-9_./@+=%-]+)*                              #   and sentences of them
  | [0-9]+(?:\.[0-9]+)?(?:[numkMGTP]|[KMGTPE]i|%)                  # quantities, shares
  | (?:[0-9]+(?:ms|s|m|h))+                                        # durations
  | [0-9]+(?:\.[0-9]+){2,}(?:[-+][A-Za-z0-9.-]+|/[0-9]+)?          # versions, addresses: two points: not a number
    """,
    re.VERBOSE,
)
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
_ESCAPED = regex(f'[\t\n"\\\\{_CONTROLS}]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What a literal block cannot hold, or what an editor would not keep: white space before the first line or at the end of
# a line, only line breaks, control characters.
_NOT_LITERAL = regex(rf"\A\n*(?:[ \t]|\Z)|[ \t](?:\n|\Z)|[{_CONTROLS}]")


def dump(data: Data) -> str:
    """Block style, two spaces, `- ` below the first letter of its key, keys in the order given, a newline at the end.

    Floats must be finite (ValueError); anything but plain data is a TypeError.
    """
    lines: list[str] = []
    if isinstance(data, dict) and data:
        _mapping(data, "", "", lines.append)
    elif isinstance(data, list) and data:
        _sequence(data, "", "", lines.append)
    else:
        lines += (plain_or_quoted(data) if isinstance(data, str) else _leaf(data, ""), "\n")
    return "".join(lines)


def plain_or_quoted(text: str) -> str:
    """The text as a scalar in one line: unquoted if every reader takes it for text, else in JSON's double quotes."""
    return _written[text] or _scalar(text)


def _mapping(data: dict[str, Data], lead: str, indent: str, write: Callable[[str], None]) -> None:
    """`lead` is written before the first key (`- ` in a list), `indent` before the others."""
    deeper = indent + "  "
    for key, value in data.items():
        name = _written[key] or _long_key(key, indent)
        if value.__class__ is str and (text := _written[value]):  # most are
            write(f"{lead}{name}: {text}\n")
        elif isinstance(value, dict) and value:
            write(f"{lead}{name}:\n")
            _mapping(value, deeper, deeper, write)
        elif isinstance(value, list) and value:
            write(f"{lead}{name}:\n")
            _sequence(value, indent, indent, write)
        else:
            write(f"{lead}{name}: {_leaf(value, indent)}\n")
        lead = indent


def _sequence(data: list[Data], lead: str, indent: str, write: Callable[[str], None]) -> None:
    """`lead` is written before the `- ` of the first item, `indent` before those of the others."""
    deeper = indent + "  "
    for value in data:
        if isinstance(value, dict) and value:
            _mapping(value, lead + "- ", deeper, write)
        elif isinstance(value, list) and value:
            _sequence(value, lead + "- ", deeper, write)
        else:
            write(f"{lead}- {_leaf(value, indent)}\n")
        lead = indent


def _leaf(value: Data, indent: str) -> str:
    """What follows `key:` or `-`; a block of text is indented below `indent`."""
    if isinstance(value, str):
        if "\n" in value and not _NOT_LITERAL.search(value):
            return _literal(value, indent + "  ")
        return _written[value] or _scalar(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} is not plain data")


def _literal(text: str, indent: str) -> str:
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    chomping = ("-", "", "+")[min(breaks, 2)]
    lines = "\n".join([indent + line if line else "" for line in body.split("\n")])
    return f"|{chomping}\n{lines}" + "\n" * (breaks - 1)


def _long_key(key: str, indent: str) -> str:
    text = _scalar(key)
    return text if len(text) <= _LONGEST_KEY else f"? {text}\n{indent}"


def _scalar(text: str) -> str:
    if _UNQUOTED.fullmatch(text):
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


class _Written(dict[str, str]):
    """Short texts of one line in their written form, and "" for other texts; `lru_cache` takes twice as long.

    Most texts repeat in the files of a fleet.
    """

    def __missing__(self, text: str) -> str:
        if len(text) > _LONGEST_REMEMBERED or "\n" in text:
            return ""
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[text] = written = _scalar(text)
        return written


_written = _Written()


def _escape(found: re.Match[str]) -> str:
    return _SHORT_ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"
