"""The YAML library: the events of a text, one by one, and its errors in our own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.events import ScalarEvent
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from renderer.lazy import regex
from renderer.problem import Problem
from renderer.yamlio import guard


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for an installation without libyaml: the same events, 20 times slower."""

    def __init__(self, text: bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Any:
        """An escaped half of a surrogate pair is an error, as in libyaml."""
        event: Any = Parser.get_event(self)  # type: ignore[no-untyped-call]
        if isinstance(event, ScalarEvent):
            event.value.encode()
        return event


EventParser: Callable[[bytes], Any]
try:
    from yaml._yaml import CParser as EventParser
except ImportError:
    EventParser = PythonParser

ERRORS = (YAMLError, UnicodeError)  # UnicodeError: an escaped tag such as `!%ED%A0%80`

_TAB = "a tab indents this line; use spaces"
_LIST = "this `[` list lacks a `,` or its `]`"
_MAPPING = "this `{` mapping lacks a `,` or its `}`"
_MISFIT = "this line does not fit the lines above; check its indentation, and the quotes and brackets before it"
_ESCAPE = "this escape lacks digits; write `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`"
_VERSION = "this file is read as YAML 1.2; remove the %YAML line"
# A part of libyaml's or PyYAML's message, our message, and whether it is about where the construct began.
_SENTENCES = (
    ("found a tab character", _TAB, False),
    ("mapping values are not allowed", "this line is indented too far, or the line above lacks its `:`", False),
    ("sequence entries are not allowed", "a list item cannot start here; put `- ` on a line of its own", False),
    ("mapping keys are not allowed", "a `?` key cannot start here; quote the text", False),
    ("could not find expected ':'", "this line lacks its `: `, or is text that must be indented further", True),
    ("expected ',' or ']'", _LIST, True),
    ("expected ',' or '}'", _MAPPING, True),
    ("expected '-' indicator", "this line is not an item of the list above; start it with `- `, or indent it", False),
    ("expected key", _MISFIT, False),
    ("expected <block end>", _MISFIT, False),
    ("document indicator", "the quote that opens here is not closed before the next document", True),
    ("unexpected end of stream", "the quote that opens here is never closed", True),
    ("document separator", "the quote that opens here is not closed before the next document", True),
    ("unknown escape character", "YAML has no such escape; write `\\\\` for a backslash, or use single quotes", False),
    ("hexdecimal", _ESCAPE, False),
    ("hexadecimal", _ESCAPE, False),
    ("invalid Unicode character escape", "this escape is not a character; write an emoji as one `\\UNNNNNNNN`", False),
    ("indentation indicator", "a block of text cannot be indented by 0; use 1 to 9, or leave the number out", False),
    ("comment or line break", "the text of a `|` or `>` block starts on the next line", False),
    ("expected <document start>", "this follows the end of the document; remove it", False),
    ("found incompatible YAML document", _VERSION, False),
    ("%YAML", _VERSION, False),
    ("maximum nesting depth", guard.TOO_DEEP, True),  # libyaml 0.2.6 looks ahead, and stops before we see an event
)
_STARTS = {
    "\t": _TAB,
    "`": "a value cannot start with a backquote; quote it",
    "]": "this `]` closes nothing",
    "}": "this `}` closes nothing",
    **{character: f"a value cannot start with `{character}`; quote it" for character in "*&!@%,"},
}
# What Git writes around the two sides of a conflict; `=======` alone may be part of a text.
_MERGE = "conflict markers of Git: resolve the merge"
_CONFLICT = regex(rb"^(?:<{7}|\|{7}|>{7})(?: .*)?\r?$", re.MULTILINE)


def events(text: bytes) -> Callable[[], Any]:
    """A function that gives the next event of `yaml.events`, or None after the last; it raises `ERRORS`."""
    following: Callable[[], Any] = EventParser(text).get_event
    return following


def syntax_problem(error: Exception, text: bytes, file: str) -> Problem:
    """One of `ERRORS` as a problem: its position, what is wrong, and what to do."""
    if marker := _CONFLICT.search(text):
        line = text.count(b"\n", 0, marker.start()) + 1
        return Problem(file, line, 1, "yaml-syntax", _MERGE)
    if not isinstance(error, MarkedYAMLError):
        return Problem(file, 0, 0, "yaml-syntax", "this cannot be read as YAML; look for tags and escapes")
    mark, message = _explain(error, text.decode())
    rule = "yaml-depth" if message == guard.TOO_DEEP else "yaml-syntax"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, rule, message)


def _explain(error: MarkedYAMLError, text: str) -> tuple[Mark | None, str]:
    here, began, what = error.problem_mark, error.context_mark, error.problem or ""
    if "cannot start any token" in what or "node content" in what:
        missing = "a value is missing here, or cannot start like this; quote the text"
        return here, _STARTS.get(_character(text, here), missing)
    if "alphabetic or numeric" in what:
        return began, _STARTS.get(_character(text, began), "this is not a valid name of an anchor; quote the text")
    if here and ("mapping values are not allowed" in what or "expected key" in what or "expected <block end>" in what):
        before = text[here.index - here.column : here.index]
        if ": " in before or ("mapping values" not in what and before.strip()):
            return here, "text follows the end of a value; quote the whole value, or remove the text"
    for part, sentence, at_start in _SENTENCES:
        if part in what or part in (error.context or ""):
            return (began if at_start and began else here), sentence
    return here or began, _STARTS.get(
        _character(text, began), "this is not YAML; quote the text, or check the lines above"
    )


def _character(text: str, mark: Mark | None) -> str:
    return text[mark.index : mark.index + 1] if mark else ""
