"""The only package that knows a YAML library: text to plain data and positions, data to canonical text."""

from __future__ import annotations

from renderer.yamlio.data import Data, Position
from renderer.yamlio.emit import dump, plain_or_quoted
from renderer.yamlio.guard import RULES
from renderer.yamlio.manifests import load_all
from renderer.yamlio.places import positions
from renderer.yamlio.strict import load

__all__ = ["RULES", "Data", "Position", "dump", "load", "load_all", "plain_or_quoted", "positions"]
