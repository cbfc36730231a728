"""Text that Markdown shows unchanged, as GitHub and GitLab read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from renderer.lazy import regex
from renderer.problem import printable

_CODE = regex(r"(?<!`)`([^`]+)`(?!`)")
_LINKED = regex(r"@|:(?=//)|\bwww(?=\.)|\bGH(?=-[0-9])", re.IGNORECASE)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; the first row is its head."""
    head, *rest = ["| " + " | ".join(md(cell, in_table=True) for cell in row) + " |" for row in rows]
    return [head, "| " + " | ".join("---" for _ in rows[0]) + " |", *rest]


def md(text: str, *, in_table: bool = False) -> str:
    """Text that Markdown shows unchanged; text between two single backticks is shown as code.

    In CommonMark only a run of backticks of the same length closes a run; all others are not code, and are escaped.
    """
    parts = _CODE.split(printable(text))  # text and code in turn
    return "".join(_code(part, in_table) if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _code(text: str, in_table: bool) -> str:
    """In a table GitHub looks for `|` before it looks for code, and removes the backslash."""
    return "`" + (text.replace("|", r"\|") if in_table else text).replace("<!--", "<! --") + "`"


def _escaped(text: str) -> str:
    """A zero-width space keeps GitHub from finding names, addresses and issues once it has removed the backslashes."""
    escaped = re.sub(r"([\\`|*_<\[\]~#&]|(?<=<)!)", r"\\\1", text)
    return _LINKED.sub(r"\g<0>&#8203;", escaped)


def html(text: str) -> str:
    """The same for a line that begins with a tag, in which Markdown is not parsed."""
    return escape(printable(text)).replace("@", "@&#8203;")
