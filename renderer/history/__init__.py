"""Turns commits into releases: what each commit did to an app's release state, from the state before and after it."""

from __future__ import annotations

from renderer.history.moves import Move, MoveType, moves
from renderer.history.releases import HistoryEntry, LiveCommit, Revision, Transition, environments_of, files_of, history
from renderer.history.since import ASPECTS, Aspect, Key, Search
from renderer.history.standing import Flight, Standing, State, VersionName
from renderer.history.state import NO_TAG, Files, Parsed, States, Unreadable, parse, state_at, trimmed

__all__ = [
    "ASPECTS",
    "NO_TAG",
    "Aspect",
    "Files",
    "Flight",
    "HistoryEntry",
    "Key",
    "LiveCommit",
    "Move",
    "MoveType",
    "Parsed",
    "Revision",
    "Search",
    "Standing",
    "State",
    "States",
    "Transition",
    "Unreadable",
    "VersionName",
    "environments_of",
    "files_of",
    "history",
    "moves",
    "parse",
    "state_at",
    "trimmed",
]
