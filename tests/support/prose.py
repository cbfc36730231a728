"""Words that make a reader stop, and the texts of the project that people read: pages, strings, docstrings, comments.

`python -m tests.support.prose renderer/rules ...` prints what it finds in these files or folders (default: in all).
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.cases import ROOT

# A habit, and what to write instead.
HABITS = {
    r"(?<!there )\bis no (?!longer|more|less|fewer|later|earlier)": "is not a valid ...; is not ...",
    r"(?<!there )\bare no (?!longer|more|less|fewer|later|earlier)": "are not ...",
    r"\bwants\b": "needs",
    r"\bgoes\b(?! (from|to|through|down|up|into|with|back|on to)\b)": "is removed, is deleted, moves, continues",
    r"\bbeside\b": "next to, with, and",
    r"\b(told|tells)\b": "says, reports; tells apart: distinguishes",
    r"\bat work\b": "is running",
    r"\btak(e|es|en|ing) (\w+ )?along\b": "copies, includes, deletes too",
    r"\bhas it\b": "say what it is",
    r"\banew\b": "again",
    r"\b(whoever|whomever|whichever)\b": "put the subject first: the one that, any",
    r"\A[Ww]hatever\b": "put the subject first",
    r"\bstands?\b(?! for\b)": "is",
    r"\b(lies|lie|lay)\b(?! out)": "is",
    r"\bfor ever\b": "forever",
    r"\bnotwithstanding\b": "despite",
    r"\bseldom\b": "rarely",
    r"\botherwise than\b": "differently from",
    r"\bha(s|ve) to\b": "must",
    r"\bmend(s|ed|ing)?\b": "fix, repair",
    r"; so (is|are|do|does|did|has|have)\b": "turn the sentence round",
    r"\b(that|which) (is|are) there\b": "that exists, existing",
    r"\bthe one before\b": "the previous one",
    r"\bby hand once\b": "turn the sentence round",
    r"\bnobody answers\b": "requests will fail",
    r"\bcome(s)? by (itself|themselves)\b": "is added automatically",
    r"\bheld against\b": "compared with",
    r"\bso as to\b": "to",
    r"\bupon\b": "on",
    r"\b(thereof|whereof|wherein|hereby|thus|hence)\b": "plain words",
}
_HABITS = [(re.compile(habit, re.IGNORECASE | re.MULTILINE), advice) for habit, advice in HABITS.items()]
_NOT_PROSE = re.compile(r"^```.*?^```$|`[^`\n]*`|<!--.*?-->|https?://\S+", re.MULTILINE | re.DOTALL)
_PAGES = ("*.md", "docs/*.md", "docs/examples/**/*.md", "Makefile", ".pre-commit*.yaml", ".github/**/*.y*ml")
_CODE = ("renderer/**/*.py", "action/*.py")
_SCHEMAS = ("schemas/rollspec/**/*.json",)
_SCENARIOS = "fixtures/scenarios/*.yaml"  # docs/evidence.md has the reasons for what they allow
_REASON = re.compile(r"""\breason: ("[^"]*"|'[^']*'|[^,}\n]*)""")


class Text(NamedTuple):
    """A text of a file, and the line that it starts at."""

    line: int
    text: str


def files() -> list[Path]:
    """Every file whose texts people read."""
    found = {path for pattern in (*_PAGES, *_CODE, *_SCHEMAS, _SCENARIOS) for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def findings(path: Path) -> Iterator[str]:
    """Each habit in the file, as `file:line: words: advice`."""
    for text in texts(path):
        prose = _NOT_PROSE.sub(lambda found: re.sub(r"[^\n]", "~", found[0]), text.text)
        for habit, advice in _HABITS:
            for found in habit.finditer(prose):
                line = text.line + prose.count("\n", 0, found.start())
                yield f'{path.relative_to(ROOT)}:{line}: "{found[0].strip()}": {advice}'


def texts(path: Path) -> Iterator[Text]:
    """What people read of the file."""
    content = path.read_text()
    if path.suffix == ".py":
        yield from _python(content)
    elif path.suffix == ".json":
        yield from (Text(1, text) for text in _descriptions(json.loads(content)))
    elif path.match(_SCENARIOS):
        yield from (Text(content.count("\n", 0, each.start()) + 1, each[1]) for each in _REASON.finditer(content))
    else:
        yield Text(1, content)


def _python(content: str) -> Iterator[Text]:
    """Strings of more than a word (docstrings and messages), and comments."""
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Text(node.lineno, node.value)
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], token.string.lstrip("#: "))


def _descriptions(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        if isinstance(data.get("description"), str):
            yield data["description"]
        for value in data.values():
            yield from _descriptions(value)
    elif isinstance(data, list):
        for value in data:
            yield from _descriptions(value)


def main() -> None:
    """Print what is found."""
    wanted = [Path(name).resolve() for name in sys.argv[1:]] or [ROOT]
    for path in files():
        if any(path.is_relative_to(one) for one in wanted):
            print(*findings(path), sep="\n", end="\n" if list(findings(path)) else "")


if __name__ == "__main__":
    main()
