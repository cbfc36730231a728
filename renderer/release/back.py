"""Which versions were taken back in an environment, by an undo or an abort; the release state says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from renderer.spec import Version, version_of

Spec = Mapping[str, Any]


def undone(spec: Spec) -> Version | None:
    """The version that the last undo took back; None where there is none."""
    previous = spec.get("previous")
    return version_of(spec, previous) if previous and previous.get("undone") else None


def taken_back(spec: Spec, version: Version) -> Literal["undone", "aborted"] | None:
    """How this version was taken back, if it was the last one of its kind."""
    aborted = spec.get("aborted")
    if version == undone(spec):
        return "undone"
    return "aborted" if aborted and version == version_of(spec, aborted) else None
