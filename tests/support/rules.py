"""Scenes for the rules from fixture files: settings and expected findings in the first comments, then manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from renderer.manifest import Manifest
from renderer.rules import Finding, Scene

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"


@dataclass(frozen=True, slots=True)
class Case:
    """A fixture: the rule it breaks (its folder; `ok` for none), its scene, and the finding lines it expects."""

    rule: str
    scene: Scene
    expected: tuple[str, ...]


def fixtures() -> list[Path]:
    """Every fixture file of the rules, sorted."""
    return sorted(FIXTURES.glob("*/*.yaml"))


def name_of(path: Path) -> str:
    """`rule/case`."""
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> Case:
    """`# error: ...` and `# warning: ...` are expected lines; others are settings.

    These are `kubernetes`, `policy`, `external` and `resource`, which names those documents (`Kind/name`) that are
    resources, not manifests of the app.
    """
    text = path.read_text(encoding="utf-8")
    comments = [comment[2:] for comment in text.splitlines() if comment.startswith("# ")]
    found = [comment for comment in comments if comment.startswith(("error: ", "warning: "))]
    settings = dict(comment.split(": ", 1) for comment in comments if comment not in found)
    manifests = [Manifest(f"{data['kind'].lower()}.yaml", data) for data in yaml.safe_load_all(text)]
    return Case(path.parent.name, _scene(manifests, settings), tuple(found))


def _scene(manifests: list[Manifest], settings: dict[str, str]) -> Scene:
    taken = settings.get("resource", "").split()
    own = tuple(m for m in manifests if f"{m.kind}/{m.name}" not in taken)
    resources = tuple(m for m in manifests if f"{m.kind}/{m.name}" in taken)
    more: dict[str, Any] = {}
    if "kubernetes" in settings:
        major, _, minor = settings["kubernetes"].partition(".")
        more["kubernetes"] = (int(major), int(minor))
    if "policy" in settings:
        more["policy"] = yaml.safe_load(settings["policy"])
    return Scene(own, resources, external=frozenset(settings.get("external", "").split()), **more)


def line(finding: Finding) -> str:
    """A finding as fixtures write it."""
    manifest = finding.manifest
    where = f"{manifest.kind}/{manifest.name}" if manifest else "spec"
    return f"{finding.severity}: {where} {finding.pointer}: {finding.message}"
