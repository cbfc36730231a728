"""The board's pages as HTML: each is one file, with its style and script inside and no address outside itself."""

from __future__ import annotations

import json
import os.path
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from renderer.board.chart import chart
from renderer.board.model import STATES, AppPage, Board, Cell, Release
from renderer.problem import printable
from renderer.report.commits import duration_text, time_text

_PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages")
_OPEN = 6  # releases whose details are open at once; with more, a reader opens those that matter


def index_page(board: Board) -> str:
    """Every environment and app on one page."""
    return (
        _environment()
        .get_template("index.html.j2")
        .render(
            board=board,
            active=_active_rows(board),
            quiet=Markup(_script_json(_quiet(board))),  # noqa: S704 - no `<` is left in it
            counts=_counts(board),
            states=[state for state in STATES if any(state in cell.states for cell in board.active)],
            opened=len(board.releases) <= _OPEN,
            **_parts(),
        )
    )


def app_page(board: Board, page: AppPage) -> str:
    """One app in one environment: history, step list, the plan of its last commit, rendered files."""
    depth = page.release.cell.page.count("/") if page.release.cell.page else 0
    return (
        _environment()
        .get_template("app.html.j2")
        .render(
            board=board,
            page=page,
            release=page.release,
            cell=page.release.cell,
            home="../" * depth + "index.html",
            **_parts(),
        )
    )


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
    return made


def _parts() -> dict[str, Any]:
    """Style and script, and a policy that allows exactly these two and no address outside."""
    style, script = _file("board.css"), _file("board.js")
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
    """Version, strategy and, if a commit is known, its time and author, with tabs between; empty without the app."""
    if cell is None:
        return ""
    change = (time_text(cell.change.time), cell.change.who) if cell.change else ()
    return "\t".join(map(printable, (cell.stable, cell.strategy, *change)))


def label_text(board: Board, app: str) -> str:
    """`team=payments tier=web`: what the filter finds an app by, besides its name."""
    return printable(" ".join(f"{key}={value}" for key, value in sorted(board.labels.get(app, {}).items())))


def _script_json(data: Any) -> str:
    """JSON that a script element holds safely: no `<` begins a tag in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _counts(board: Board) -> list[tuple[str, int, int]]:
    """Per environment: its apps, and how many of them somebody should look at."""
    return [(env, *_count(cell for (_, at), cell in board.cells.items() if at == env)) for env in board.environments]


def _count(cells: Iterable[Cell]) -> tuple[int, int]:
    found = list(cells)
    return len(found), sum(cell.is_active for cell in found)


def _printable(value: object) -> str:
    return printable(str(value))


def _ago(time: datetime, now: datetime) -> str:
    return f"{duration_text(max(0, round((now - time).total_seconds())))} ago"


def _anchor(cell: Cell) -> str:
    return f"{cell.env}--{cell.app}"


def _drawn(release: Release) -> Markup:
    if release.timeline is None:
        return Markup("")
    return chart(release.timeline, f"Simulated traffic and Ready pods of {release.cell.app} in {release.cell.env}")
