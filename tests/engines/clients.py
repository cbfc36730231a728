"""Clients that a load tells apart: how many of them had answers of more than one version while no share changed."""

from __future__ import annotations

from itertools import pairwise

from .play import Recording
from .violation import Points

MARK = "client="
LAG = 2.0  # seconds from a change of the weights until Envoy surely has it


def changing(recording: Recording, number: int, points: Points) -> str:
    """`all`, `none`, or how many of the clients changed between versions after the last change of a share."""
    changes = [at for (_, before), (at, after) in pairwise(points) if before.share != after.share]
    begun, end = max([points[0][0], *changes]) + LAG, recording.played[number].end
    seen: dict[str, set[str]] = {}
    for request in recording.requests:
        if begun < request.time < end and request.detail.startswith(MARK):
            seen.setdefault(request.detail, set()).add(request.version)
    moved = sum(len(versions) > 1 for versions in seen.values())
    return "none" if not moved else "all" if moved == len(seen) else f"{moved} of {len(seen)}"
