"""Stamps of files that a test can set."""

from __future__ import annotations

import os
from types import ModuleType

import pytest

from renderer import cache
from renderer.tree import Stamp, folders
from renderer.usecases import near, recorded

USERS: tuple[ModuleType, ...] = (cache, folders, near, recorded)


def by_mtime(status: os.stat_result) -> Stamp:
    """Like the real stamp, of the time that a program can set."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def settable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the mtime count instead of the ctime, as if somebody could set that: for what must hold even then."""
    for module in USERS:
        assert hasattr(module, "stamp_of")
        monkeypatch.setattr(module, "stamp_of", by_mtime)
