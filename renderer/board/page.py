"""The board's pages as HTML, with their style and script inside: written as files, or served with more on them.

A page that is written is one file, and names no address outside itself. A page that is served has the actions, and a
script that follows the changes. Both come from the same templates.
"""

from __future__ import annotations

import json
import os.path
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from renderer.board.actions import VERBS, Outcome, Preview, ShownPlan
from renderer.board.chart import chart
from renderer.board.forms import forms
from renderer.board.live import LivePart
from renderer.board.model import STATES, AppPage, Board, Cell, Release
from renderer.freeze import must_wait, what_passes
from renderer.problem import printable
from renderer.report.commits import duration_text, time_text

_PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages")
_MOST = 50  # apps in a list of alarms
_OPEN = 6  # releases whose details are open at once; with more, a reader opens those that matter


@dataclass(frozen=True, slots=True)
class Served:
    """What a page has only if a server sends it. `version` is that of the files that it shows.

    `nonce` names the style and script that are ours, and `form_token` is what each form of this session must send.
    """

    nonce: str
    form_token: str = ""
    version: str = ""
    may_commit: bool = False
    outcome: Outcome | None = None  # of the last action


def index_page(board: Board, served: Served | None = None) -> str:
    """Every environment and app on one page."""
    return _page(
        "index.html.j2",
        served,
        board=board,
        head=board.head,
        now=board.now,
        active=_active_rows(board),
        quiet=Markup(_script_json(_quiet(board))),  # noqa: S704 - no `<` is left in it
        counts=_counts(board),
        states=[state for state in STATES if any(state in cell.states for cell in board.active)],
        opened=len(board.releases) <= _OPEN,
    )


def app_page(page: AppPage, served: Served | None = None) -> str:
    """One app in one environment: history, step list, the plan of its last commit, rendered files."""
    return _page(
        "app.html.j2",
        served,
        head=page.head,
        now=page.now,
        page=page,
        release=page.release,
        cell=page.release.cell,
        home=_home(page.release.cell),
        forms=forms(page.release.verbs) if served and served.may_commit else [],
    )


def preview_page(preview: Preview, served: Served) -> str:
    """What an action would change, and the button that commits it."""
    return _page("preview.html.j2", served, head=preview.head, now=None, preview=preview, action=preview.action)


def live_texts(parts: Iterable[tuple[tuple[str, str], LivePart]], *, whole: bool) -> dict[str, str]:
    """The HTML of the parts of apps in the clusters, by `ENV APP`; `whole`: as on an app's own page."""
    macro = getattr(_environment().get_template("live.html.j2").module, "whole" if whole else "short")
    return {f"{env} {app}": str(macro(part)) for (env, app), part in parts}


def alarm_text(parts: Iterable[LivePart]) -> str:
    """The apps whose clusters need a look, as HTML; empty if there are none."""
    found = [part for part in parts if part.is_alarming]
    module: Any = _environment().get_template("live.html.j2").module
    return str(module.alarm_list(found[:_MOST], len(found[_MOST:]))).strip()


def message_page(title: str, lines: Iterable[str], served: Served, *, onward: str = "") -> str:
    """A page with nothing but a message; a browser goes on to the address `onward`."""
    return _page("message.html.j2", served, now=None, message=title, lines=lines, onward=onward)


def reading_page(what: str, done: int, total: int, served: Served) -> str:
    """How far a long reading is; a browser asks again every second."""
    return _page("reading.html.j2", served, now=None, what=what, done=done, total=total)


def _page(template: str, served: Served | None, **values: Any) -> str:
    return _environment().get_template(template).render(served=served, **values, **_parts(served))


def _home(cell: Cell) -> str:
    return "../" * (cell.page.count("/") if cell.page else 0) + "index.html"


@cache
def _environment() -> Environment:
    """Every value is escaped; a name that a template lacks is an error."""
    made = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"printable": _printable, "ago": _ago, "iso": time_text, "anchor": _anchor, "drawn": _drawn}
    made.filters |= {"commands": _commands, "frozen": _frozen}
    return made


def _commands(release: Release, now: datetime) -> list[str]:
    """The commands that no freeze holds back now: a page may be older than the reading of the project."""
    return [each for each in release.commands if not must_wait(each, release.windows, now)]


def _frozen(release: Release, now: datetime) -> str:
    return what_passes(release.cell.env, release.windows, VERBS, now)


def _parts(served: Served | None) -> dict[str, Any]:
    """Style and script. A written page says itself that it allows exactly these; a server says so in a header."""
    style, script = _file("board.css"), _file("board.js")
    if served:
        return {"style": Markup(style), "script": Markup(script + _file("served.js")), "policy": ""}  # noqa: S704 - files of ours
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704 - files of ours


@cache
def _file(name: str) -> str:
    with open(os.path.join(_PAGES, name), encoding="utf-8") as file:
        return file.read()


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _active_rows(board: Board) -> list[tuple[str, list[Cell | None]]]:
    """The apps that somebody should look at, with their cells in every environment."""
    names = {cell.app for cell in board.active}
    return [(app, [board.cells.get((app, env)) for env in board.environments]) for app in board.apps if app in names]


def _quiet(board: Board) -> dict[str, Any]:
    """The other apps as compact data for the script: equal texts are written once and named by their number."""
    active = {cell.app for cell in board.active}
    texts: dict[str, int] = {}
    rows = []
    for app in board.apps:
        if app not in active:
            cells = [board.cells.get((app, env)) for env in board.environments]
            shown = [texts.setdefault(_quiet_text(cell), len(texts)) for cell in cells]
            labels = texts.setdefault(label_text(board, app), len(texts))
            rows.append([app, labels, *shown])
    return {"texts": list(texts), "rows": rows}


def _quiet_text(cell: Cell | None) -> str:
    """Version, strategy, the time and author of a known commit, `page` if there is one; tabs between. Empty: no app."""
    if cell is None:
        return ""
    change = (time_text(cell.change.time), cell.change.who) if cell.change else ("", "")
    return "\t".join(map(printable, (cell.stable, cell.strategy, *change, "page" if cell.page else ""))).rstrip("\t")


def label_text(board: Board, app: str) -> str:
    """`team=payments tier=web`: what the filter finds an app by, besides its name."""
    return printable(" ".join(f"{key}={value}" for key, value in sorted(board.labels.get(app, {}).items())))


def _script_json(data: Any) -> str:
    """JSON that a script element holds safely: no `<` begins a tag in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _counts(board: Board) -> list[tuple[str, int, int]]:
    """Per environment: its apps, and how many of them somebody should look at."""
    apps = Counter(cell.env for cell in board.cells.values())
    active = Counter(cell.env for cell in board.cells.values() if cell.is_active)
    return [(env, apps[env], active[env]) for env in board.environments]


def _printable(value: object) -> str:
    return printable(str(value))


def _ago(time: datetime, now: datetime) -> str:
    return f"{duration_text(max(0, round((now - time).total_seconds())))} ago"


def _anchor(cell: Cell) -> str:
    return f"{cell.env}--{cell.app}"


def _drawn(shown: Release | ShownPlan) -> Markup:
    if shown.timeline is None:
        return Markup("")
    about = shown.cell if isinstance(shown, Release) else shown
    return chart(shown.timeline, f"Simulated traffic and Ready pods of {about.app} in {about.env}")
