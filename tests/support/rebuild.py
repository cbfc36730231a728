"""Specs from standard input, through the pipeline in a process of its own: one hash of all bytes that come out."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

from renderer.pipeline import Rendered, build_app
from renderer.pipeline.setup import Setup, set_up
from renderer.project import Project, Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.yamlio import dump
from tests.support.cases import OVERLAY


def project() -> tuple[Setup, Schemas]:
    """A project of one app in one environment."""
    schemas = Schemas(Versions(), read_schema)
    files = {"overlays/production/overlay.yaml": OVERLAY.encode()}
    setup, problems = set_up(Project(), files, frozenset({"web"}), schemas)
    assert not problems
    return setup, schemas


def build(setup: Setup, schemas: Schemas, document: Any) -> Rendered:
    """The document through the pipeline, by way of its text."""
    return build_app("web", {"apps/web.yaml": dump(document).encode()}, setup, ["production"])[0]


def digest(documents: list[Any]) -> str:
    """Of every file of every document, in the order given."""
    setup, schemas = project()
    whole = hashlib.sha256()
    for document in documents:
        for path, text in build(setup, schemas, document).files.items():
            whole.update(f"{path}\n".encode() + text)
    return whole.hexdigest()


if __name__ == "__main__":
    print(digest(json.load(sys.stdin)))
