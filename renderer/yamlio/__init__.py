"""The only package that knows a YAML library: text to plain data and positions, data to canonical text."""

from __future__ import annotations

from renderer.yamlio.data import Data, Position
from renderer.yamlio.emit import dump, plain_or_quoted
from renderer.yamlio.guard import MAX_MANIFESTS, MAX_PROBLEMS, MAX_SPEC, RULES, refusal, too_large
from renderer.yamlio.manifests import load_all
from renderer.yamlio.positions import each_positions, positions
from renderer.yamlio.strict import load

__all__ = [
    "MAX_MANIFESTS",
    "MAX_PROBLEMS",
    "MAX_SPEC",
    "RULES",
    "Data",
    "Position",
    "dump",
    "each_positions",
    "load",
    "load_all",
    "plain_or_quoted",
    "positions",
    "refusal",
    "too_large",
]
