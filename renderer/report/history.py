"""An app's history as text for a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.history import HistoryEntry, Move, MoveType, Transition, VersionName
from renderer.problem import printable
from renderer.report.as_json import as_json
from renderer.report.commits import commit_data, duration_text, passed, short, time_text, who

FORMATS = ("text", "json")
_JSON_FORMAT = 1
_BOLD, _END = "\033[1m", "\033[0m"
_RELEASES = ("canary", "preview")


@dataclass(frozen=True, slots=True)
class AppHistory:
    """The entries by environment, newest first. `renamed` maps the id of a commit that renamed the app to both names.

    `complete` is False if the clone does not reach back to the app's first commit. `left_out` counts the entries beyond
    a limit, by environment.
    """

    app: str
    revision: str
    environments: Mapping[str, Sequence[HistoryEntry]]
    complete: bool = True
    renamed: Mapping[str, tuple[str, str]] | None = None
    left_out: Mapping[str, int] | None = None


def history_text(history: AppHistory, form: str, *, colour: bool = False) -> str:
    """The history in one of FORMATS, with a final newline."""
    return _json(history) if form == "json" else _text(history, colour=colour)


def _json(history: AppHistory) -> str:
    data = {
        "format": _JSON_FORMAT,
        "app": history.app,
        "revision": history.revision,
        "complete": history.complete,
        "environments": [
            {"env": env, "entries": [_entry_data(history, env, entry) for entry in entries]}
            for env, entries in history.environments.items()
        ],
    }
    return as_json(data)


def _entry_data(history: AppHistory, env: str, entry: HistoryEntry) -> dict[str, Any]:
    return {
        "kind": entry.type,
        "version": _name_data(entry.first.move.version),
        "before": _name_data(entry.first.move.before),
        "started": time_text(entry.first.commit.time),
        "ended": time_text(entry.last.commit.time) if entry.end or entry.type not in _RELEASES else None,
        "end": entry.end or ("in flight" if entry.type in _RELEASES else None),
        "seconds": entry.seconds,
        "weights": [
            {"weight": weight, "since": time_text(commit.time), "seconds": seconds}
            for weight, commit, seconds in entry.weights
        ],
        "steps": [_step_data(history, env, step) for step in entry.steps],
    }


def _step_data(history: AppHistory, env: str, step: Transition) -> dict[str, Any]:
    move = step.move
    return {
        "kind": move.type,
        "version": _name_data(move.version),
        "weight": {"before": move.weights[0], "after": move.weights[1]} if _has_weight(move) else None,
        "detail": _detail(history, step) or None,
        "commit": commit_data(step.commit, env, history.app),
    }


def _name_data(name: VersionName | None) -> dict[str, str] | None:
    return None if name is None else name._asdict()


def _has_weight(move: Move) -> bool:
    return any(weight is not None for weight in move.weights)


def _text(history: AppHistory, *, colour: bool) -> str:
    lines: list[str] = []
    for env, entries in history.environments.items():
        title = f"{history.app} in {env}"
        lines += [*([""] if lines else []), f"{_BOLD}{title}{_END}" if colour else title]
        for entry in entries:
            lines += _entry_lines(history, env, entry)
        lines += [] if entries else ["  nothing"]
        left_out = (history.left_out or {}).get(env, 0)
        lines += [f"  ... and {left_out} more"] if left_out else []
    return "\n".join(lines or [f"{history.app}: it was never in an environment"]) + "\n"


def entry_texts(history: AppHistory, env: str) -> Iterator[tuple[HistoryEntry, list[str]]]:
    """Each entry with its lines: the first says what it is, the others are the steps of a release."""
    for entry in history.environments[env]:
        yield entry, [line.strip() for line in _entry_lines(history, env, entry)]


def _entry_lines(history: AppHistory, env: str, entry: HistoryEntry) -> Iterator[str]:
    if entry.type not in _RELEASES:
        yield f"  {_line(history, env, entry.first)}"
        return
    yield f"  {_headline(entry)}"
    for step in entry.steps:
        yield f"    {_line(history, env, step)}"


def _headline(entry: HistoryEntry) -> str:
    """`canary 1.5.0 in place of 1.4.2: promoted after 2 d 3 h`."""
    move = entry.first.move
    what = f"{entry.type} {_name(move.version)} in place of {_name(move.before)}"
    if entry.end:
        return f"{what}: {_ENDED[entry.end]} after {duration_text(entry.seconds or 0)}"
    share = f" at {entry.weights[-1][0]} %" if entry.weights else ""
    return f"{what}: in flight{share}, since {time_text(entry.first.commit.time)}"


_ENDED: dict[MoveType, str] = {
    "promoted": "promoted",
    "aborted": "aborted",
    "replaced": "replaced",
    "gone": "removed with the app",
}


def _line(history: AppHistory, env: str, step: Transition) -> str:
    """Time, commit, author, what happened; and the commit's subject if no verb made the commit."""
    commit = step.commit
    by_hand = "" if commit.verbs.get((env, history.app)) else f'  "{printable(commit.subject)}"'
    what = printable(_WHAT[step.move.type](step.move) + _renamed(history, step))
    return f"{time_text(commit.time)}  {short(commit)}  {who(commit)}  {what}{passed(commit)}{by_hand}"


def _detail(history: AppHistory, step: Transition) -> str:
    return step.move.detail or _renamed(history, step).strip()


def _renamed(history: AppHistory, step: Transition) -> str:
    """A renamed app is a new app: its history continues under the new name."""
    names = (history.renamed or {}).get(step.commit.sha)
    if names is None or step.move.type not in ("added", "removed"):
        return ""
    return f" (renamed from {names[0]})" if step.move.type == "added" else f" (renamed to {names[1]})"


_WHAT: dict[MoveType, Callable[[Move], str]] = {
    "added": lambda move: f"the app is new here, with {_name(move.version)}",
    "removed": lambda move: f"the app is removed, with {_name(move.version)}",
    "start": lambda move: f"starts{_at(move)}" + (f" ({move.detail})" if move.detail else ""),
    "found": lambda move: f"exists from the first commit{_at(move)}",
    "reopened": lambda move: f"starts{_at(move)}: its promotion was reverted",
    "retry": lambda _: "starts again",
    "weight": lambda move: f"{_percent(move.weights[0])} -> {_percent(move.weights[1])}",
    "promoted": lambda _: "promoted",
    "aborted": lambda _: "aborted",
    "replaced": lambda _: "replaced by another version",
    "gone": lambda _: "removed with the app",
    "direct": lambda move: f"{_name(move.version)} replaces {_name(move.before)}, in one step",
    "undo": lambda move: f"back to {_name(move.version)} from {_name(move.before)}, in one step",
    "configuration": lambda move: f"the configuration of {_name(move.version)} changes, without a release",
    "restart": lambda move: f"restart of {_name(move.version)}",
    "pause": lambda _: "paused",
    "resume": lambda _: "resumed",
    "switch": lambda move: f"strategy {move.detail}",
    "unreadable": lambda move: f"unreadable: {move.detail}",
}


def _at(move: Move) -> str:
    if move.flight == "preview":
        return ""
    return " on the ladder" if move.weights[1] is None else f" at {move.weights[1]} %"


def _percent(weight: int | None) -> str:
    return "ladder" if weight is None else f"{weight} %"


def _name(name: VersionName | None) -> str:
    return printable(str(name)) if name else "?"
