"""Commits, times and durations as text and as data: UTC, ISO 8601, without control characters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from renderer.history import LiveCommit
from renderer.problem import printable

_SHORT = 12
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def time_text(time: datetime) -> str:
    """`2026-01-31T12:00:00Z`."""
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def duration_text(seconds: int) -> str:
    """The two largest units: `2 d 3 h`, `5 min 10 s`, `0 s`."""
    for number, (size, unit) in enumerate(_UNITS):
        if seconds >= size and number + 1 < len(_UNITS):
            smaller, name = _UNITS[number + 1]
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds} s"


def short(commit: LiveCommit) -> str:
    """The beginning of its id."""
    return commit.sha[:_SHORT]


def who(commit: LiveCommit) -> str:
    """The commit's author; for a merge, the authors of its commits, and who merged them."""
    authors = list(dict.fromkeys(printable(each.author) for each in commit.merged))
    if not authors or authors == [printable(commit.author)]:
        return printable(commit.author)
    return f"{', '.join(authors)}, merged by {printable(commit.author)}"


def passed(commit: LiveCommit) -> str:
    """` (break glass: the reason)` of a commit, or of one that it merged; empty where none passes a freeze."""
    reason = next((each.break_glass for each in (commit, *commit.merged) if each.break_glass), None)
    return f" (break glass: {printable(reason)})" if reason else ""


def commit_data(commit: LiveCommit, env: str, app: str) -> dict[str, Any]:
    """The commit for JSON; `verb` is the one that its trailers name for this app and environment."""
    return {
        "sha": commit.sha,
        "time": time_text(commit.time),
        "author": commit.author,
        "subject": commit.subject,
        "breakGlass": commit.break_glass,
        "verb": commit.verbs.get((env, app)),
        "merged": [commit_data(each, env, app) for each in commit.merged],
    }
