"""Pages for people: their blocks of code, and whether a text is what a block shows of it."""

from __future__ import annotations

import re

from renderer.layout import HEADER

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"(?:# |\{# )(\S+?\.(?:yaml|yaml\.j2))(?: #\})?\n")
_REVISION = re.compile(r"\b[0-9a-f]{12}\b")


def blocks(page: str, language: str) -> list[str]:
    """The texts of the blocks of one language."""
    return [text for found, text in _BLOCK.findall(page) if found == language]


def named_files(page: str) -> dict[str, str]:
    """The YAML of a page by the path in its first line, which every block has."""
    found = {}
    for text in blocks(page, "yaml"):
        named = _NAMED.match(text)
        assert named, text
        found[named[1]] = text
    return found


def shows(shown: list[str], text: str) -> bool:
    """Whether these lines show the text: a line `...` stands for any lines, a revision for any other."""
    lines = (r"(?:.*\n)*?" if line == "..." else f"{re.escape(line)}\n" for line in shown)
    return re.fullmatch(_REVISION.sub("[0-9a-f]{12}", "".join(lines)), text) is not None


def without_header(text: str) -> str:
    """A rendered file but for the line that says so."""
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(HEADER))
