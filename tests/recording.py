"""The recorded demo, docs/demo.svg: what the commands of a release say, as an animated picture (`make docs` writes it).

Each screen shows one step: its commands, then the output that they gave here. Commits have fixed dates, so that the
picture changes only when a command says something else. Browsers and code hosts play the animation without a script;
a reader who asks for less motion sees the first screen alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from tests.support.repository import git, init
from tests.support.story import is_header, said

COLUMNS, ROWS = 102, 22
CHARACTER, LINE, MARGIN, TITLE = 8.0, 18, 16, 30  # pixels
TYPED, READ = 0.04, 0.55  # seconds: for each typed character, for each line of output
NEW = "new web --image ghcr.io/acme/web --tag 6.7.1 --port http=80:8080 --strategy Canary --router istio"
DIFF = "git diff HEAD~1 -- overlays"

# What each screen is about, and its commands.
SCREENS = (
    ("Start a release: 20 % of the requests", ("rollspec release web 6.8.0 --weight 20 --commit", DIFF)),
    ("What does this commit do to the traffic?", ("rollspec plan --base HEAD~1",)),
    ("It looks good: raise its share", ("rollspec weight web 50 --commit", "rollspec plan --base HEAD~1")),
    ("And all of it", ("rollspec promote web --commit", DIFF)),
    (
        "The next version is bad: stop it",
        ("rollspec release web 6.9.0 --weight 20 --commit", "rollspec abort web --commit"),
    ),
    ("Git has the whole story", ("rollspec history web", "git log --oneline")),
)


class Line(NamedTuple):
    """A line of a screen: a command that is typed, or output."""

    text: str
    is_typed: bool = False


def made() -> str:
    """The picture."""
    with tempfile.TemporaryDirectory() as folder:
        return draw(play(init(Path(folder, "shop"))))


def play(project: Path) -> list[tuple[str, list[Line]]]:
    """Each screen with its lines, from a release that is played in `project`, a new repository."""
    for words in ("init --env production --port 8080", NEW, "render"):
        _run(project, ["rollspec", *words.split()], 0)
    git(project, "add", "--all")
    _run(project, ["git", "commit", "--quiet", "--message", "Start with two apps"], 0)
    screens, clock = [], 0
    for about, commands in SCREENS:
        lines: list[Line] = []
        for command in commands:
            clock += 1
            shown = [text for text in _run(project, command.split(), clock).splitlines() if not is_header(text)]
            lines += [Line(command, is_typed=True), *map(Line, shown), Line("")]
        screens.append((about, lines[:-1]))
    return screens


def _run(project: Path, words: Sequence[str], clock: int) -> str:
    """What a command prints, on the hour `clock`."""
    day = f"2026-01-05T{9 + clock:02}:00:00+0000"
    dates = {"GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
    return said(project, words, {**dates, "COLUMNS": str(COLUMNS), "TZ": "UTC"})


def draw(screens: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """The screens one after the other, for ever."""
    seconds = [_seconds(lines) for _, lines in screens]
    total = sum(seconds)
    width, height = 2 * MARGIN + CHARACTER * COLUMNS, TITLE + LINE * (ROWS + 1)
    style, parts = [], []
    for number, (about, lines) in enumerate(screens):
        start = sum(seconds[:number])
        style.append(_shown(f"screen-{number}", start, start + seconds[number], total))
        parts.append(f'<g class="screen" id="screen-{number}"><text class="about" x="{MARGIN}" y="20">{about}</text>')
        now = start
        for row, line in enumerate(lines):
            y = TITLE + LINE * (row + 1)
            name = f"line-{number}-{row}"
            if row:
                style.append(_shown(name, now, start + seconds[number], total))
            parts.append(_text(line, name, y))
            now += TYPED * len(line.text) + 1 if line.is_typed else 0
        parts.append("</g>")
    return "\n".join([_head(width, height), "<style>", _STYLE, *style, "</style>", *parts, "</svg>", ""])


def _seconds(lines: Sequence[Line]) -> float:
    return round(sum(TYPED * len(line.text) + 1 if line.is_typed else READ for line in lines) + 1, 1)


def _shown(name: str, start: float, end: float, total: float) -> str:
    """The rule that shows an element from one second to another, and again each time that all has been played."""
    first, last = 100 * start / total, 100 * end / total
    hidden = f"0%, {first:.2f}% {{visibility: hidden}} " if start else ""
    visible = f"{first + 0.01:.2f}%, {last - 0.01:.2f}% {{visibility: visible}}"
    frames = f"{hidden}{visible} {last:.2f}%, 100% {{visibility: hidden}}"
    return f"@keyframes {name} {{{frames}}} #{name} {{animation: {name} {total:.1f}s step-end infinite}}"


def _text(line: Line, name: str, y: int) -> str:
    colour = {"+": "new", "-": "old"}.get(line.text[:1], "said")
    kind, text = ("typed", f"$ {line.text}") if line.is_typed else (colour, line.text)
    return f'<text id="{name}" class="{kind}" x="{MARGIN}" y="{y}" xml:space="preserve">{escape(text)}</text>'


def _head(width: float, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" role="img" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">\n'
        "<title>A release with rollspec, in a terminal</title>\n"
        f'<rect width="{width:g}" height="{height}" rx="8" fill="#16191f"/>'
    )


_STYLE = """\
.about {fill: #9aa4b2; font-family: sans-serif} .said {fill: #dde3ea} .typed {fill: #7ee787; font-weight: bold}
.new {fill: #7ee787} .old {fill: #ff9c92} .screen {visibility: hidden}
@media (prefers-reduced-motion: reduce) {* {animation: none !important} #screen-0 {visibility: visible}}"""
