"""Commits as data to releases: what each commit made of an app's release state, by the state before and after it."""

from __future__ import annotations

from renderer.history.moves import Kind, Move, moves
from renderer.history.releases import Commit, Entry, Revision, Step, environments_of, files_of, history
from renderer.history.since import Search
from renderer.history.state import (
    Files,
    Flight,
    Name,
    Parsed,
    Standing,
    State,
    Unreadable,
    parse,
    state_at,
    trimmed,
)

__all__ = [
    "Commit",
    "Entry",
    "Files",
    "Flight",
    "Kind",
    "Move",
    "Name",
    "Parsed",
    "Revision",
    "Search",
    "Standing",
    "State",
    "Step",
    "Unreadable",
    "environments_of",
    "files_of",
    "history",
    "moves",
    "parse",
    "state_at",
    "trimmed",
]
