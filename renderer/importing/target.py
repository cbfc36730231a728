"""The project that an import writes to, and the specs that it writes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from renderer.layout import Layout
from renderer.project import Project
from renderer.schema import Schemas
from renderer.spec import API_VERSION, app_document


@dataclass(frozen=True, slots=True)
class Target:
    """The project that is written to: its project file and schemas, and how a spec's text is laid out."""

    text: str  # of the project file
    project: Project
    schemas: Schemas
    formatted: Callable[[str, str], str]  # the text of a spec of a kind
    secrets: bool = False  # whether values that look like secrets are copied

    @property
    def layout(self) -> Layout:
        """The project's folders."""
        return self.project.layout


def app_with_metadata(name: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """An app spec, or a partial app, with labels and other metadata besides its name."""
    found = app_document(name, dict(spec))
    return {**found, "metadata": {"name": name, **metadata}}


def overlay_document(env: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """An overlay, as in its file."""
    return {"apiVersion": API_VERSION, "kind": "Overlay", "metadata": {"name": env}, "spec": dict(spec)}
