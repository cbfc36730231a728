"""The YAML library: a text's events, one after the other, and its errors as sentences of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from renderer.problem import Problem


class PythonParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for an installation without libyaml: the same events, 20 times slower."""

    def __init__(self, text: bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


try:
    from yaml._yaml import CParser as EventParser
except ImportError:
    EventParser = PythonParser  # type: ignore[assignment, misc]

ERRORS = (YAMLError, UnicodeError)  # UnicodeError: an escaped tag such as `!%ED%A0%80`

# A part of libyaml's or PyYAML's text, our sentence, and whether it is about the place where the construct began.
_SENTENCES = (
    ("found a tab character", "a tab indents this line; use spaces", False),
    (
        "mapping values are not allowed",
        "a second `: ` in this value, or a line that is indented too far; quote the value, or align the line",
        False,
    ),
    ("sequence entries are not allowed", "a list item cannot start here; put `- ` on a line of its own", False),
    ("mapping keys are not allowed", "a `?` key cannot start here; quote the text", False),
    (
        "could not find expected ':'",
        "this line is no `key: value`; add the `: `, or indent it as a part of the text above",
        True,
    ),
    ("did not find expected ',' or ']'", "this `[` list misses a `,` or its `]`", True),
    ("expected ',' or ']'", "this `[` list misses a `,` or its `]`", True),
    ("did not find expected ',' or '}'", "this `{` mapping misses a `,` or its `}`", True),
    ("expected ',' or '}'", "this `{` mapping misses a `,` or its `}`", True),
    (
        "did not find expected '-' indicator",
        "this line is no item of the list above; indent it, or start it with `- `",
        False,
    ),
    (
        "did not find expected key",
        "this does not fit the mapping above; check the indentation, and quotes and brackets before it",
        False,
    ),
    (
        "expected <block end>",
        "this does not fit what is above; check the indentation, and quotes and brackets before it",
        False,
    ),
    ("document indicator", "the quote that opens here is not closed before the next document", True),
    ("unexpected end of stream", "the quote that opens here is never closed", True),
    ("unknown escape character", "no escape of YAML; write `\\\\` for a backslash, or use single quotes", False),
    ("hexdecimal", "this escape misses digits: `\\xNN`, `\\uNNNN`, `\\UNNNNNNNN`", False),
    ("hexadecimal", "this escape misses digits: `\\xNN`, `\\uNNNN`, `\\UNNNNNNNN`", False),
    (
        "invalid Unicode character escape",
        "this escape is no character; emoji take `\\UNNNNNNNN`, no pair of `\\uNNNN`",
        False,
    ),
    ("indentation indicator", "0 is no indentation for this block of text; use 1 to 9, or leave it out", False),
    ("comment or line break", "the text of a `|` or `>` block starts on the next line", False),
    ("expected <document start>", "this stands after the end of the document; remove it", False),
    ("found incompatible YAML document", "this file is read as YAML 1.2; remove the %YAML line", False),
    ("%YAML", "this file is read as YAML 1.2; remove the %YAML line", False),
)
_STARTS = {
    "\t": "a tab indents this line; use spaces",
    "*": "a value cannot start with `*`; quote it",
    "&": "a value cannot start with `&`; quote it",
    "!": "a value cannot start with `!`; quote it",
    "@": "a value cannot start with `@`; quote it",
    "`": "a value cannot start with a backquote; quote it",
    "%": "a value cannot start with `%`; quote it",
    "]": "this `]` closes nothing",
    "}": "this `}` closes nothing",
    ",": "a value cannot start with `,`; quote it",
}


def events(text: bytes) -> Callable[[], Any]:
    """A function that gives the next event of `yaml.events`, or None after the last; it raises `ERRORS`."""
    return EventParser(text).get_event  # type: ignore[no-any-return, unused-ignore]


def syntax_problem(error: Exception, text: bytes, file: str) -> Problem:
    """One of `ERRORS` as a problem: where, what is wrong, what to do."""
    if not isinstance(error, MarkedYAMLError):
        return Problem(file, 0, 0, "yaml-syntax", "this cannot be read as YAML; look for tags and escapes")
    here, began = error.problem_mark, error.context_mark
    what = error.problem or ""
    first = _character(text, began) if began else ""
    if "cannot start any token" in what or "alphabetic" in what or "node content" in what:
        first = _character(text, began if "alphabetic" in what else here)
        return _at(file, began or here, _STARTS.get(first, "a value is missing or cannot start here; quote the text"))
    for part, sentence, at_start in _SENTENCES:
        if part in what or part in (error.context or ""):
            return _at(file, began if at_start and began else here, sentence)
    return _at(file, here or began, _STARTS.get(first, "this is not YAML; quote the text, or check the lines above"))


def _at(file: str, mark: Mark | None, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, "yaml-syntax", message)


def _character(text: bytes, mark: Mark | None) -> str:
    """The character at a mark; the text was decoded before, so it decodes again."""
    return text.decode()[mark.index : mark.index + 1] if mark else ""
