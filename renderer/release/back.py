"""Which versions were undone or aborted in an environment, as recorded in the release state."""

from __future__ import annotations

from typing import Literal

from renderer.release.outcome import Spec
from renderer.spec import Version, version_of

TakenBack = Literal["undone", "aborted"]


def undone(spec: Spec) -> Version | None:
    """The version that the last undo removed; None if there is none."""
    previous = spec.get("previous")
    return version_of(spec, previous) if previous and previous.get("undone") else None


def taken_back(spec: Spec, version: Version) -> TakenBack | None:
    """Whether this version was the last to be `undone` or `aborted` here, and which."""
    aborted = spec.get("aborted")
    if version == undone(spec):
        return "undone"
    return "aborted" if aborted and version == version_of(spec, aborted) else None
