"""`rollspec --version`: the program's version, and the render levels that it can render."""

from __future__ import annotations

import json
from typing import Any

from renderer import __version__
from renderer.resources import read_schema


def version_text() -> str:
    """`rollspec 0.1.0 (render levels 1, 2)`."""
    levels = ", ".join(str(level) for level in render_levels())
    return f"rollspec {__version__} (render level{'s' if ',' in levels else ''} {levels})"


def render_levels() -> tuple[int, ...]:
    """The levels that a project file may name, from its schema."""
    schema: Any = json.loads(read_schema("rollspec/project.json") or b"")
    return tuple(schema["properties"]["spec"]["properties"]["renderLevel"]["enum"])
