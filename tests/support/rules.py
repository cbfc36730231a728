"""Scenes for the rules from fixture files: settings and expected findings in the first comments, then manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from renderer.checks import TEMPLATE_FILE
from renderer.manifest import Manifest
from renderer.project import numbers
from renderer.rules import MANIFEST_RULES, Finding, Scene
from renderer.rules.specs import SpecScene
from renderer.rules.step_routes import check_step_routes
from renderer.rules.table import AT_STEPS
from renderer.spec import app_of

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
SPEC_FIXTURES = FIXTURES.parent / "spec-rules"
PATCH_FIXTURES = FIXTURES.parent / "patch-rules"
_SEVERITIES = ("error: ", "warning: ", "note: ")


@dataclass(frozen=True, slots=True)
class Case:
    """A fixture: its rule (the folder), its scene, and the finding lines it expects; none where it must pass."""

    rule: str
    scene: Scene
    expected: tuple[str, ...]


def fixtures() -> list[Path]:
    """Every fixture file of the rules, sorted."""
    return sorted(FIXTURES.glob("*/*.yaml"))


def spec_fixtures() -> list[Path]:
    """Every fixture file of the rules over specs, sorted."""
    return sorted(SPEC_FIXTURES.glob("*/*.yaml"))


def name_of(path: Path) -> str:
    """`rule/case`."""
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> Case:
    """`# error: ...`, `# warning: ...` and `# note: ...` are expected lines; others are settings.

    These are `kubernetes`, `rollouts`, `policy`, `namespace` (the app's), `not-secret`, `external`, `waypoint`,
    `nodes`, `only-matched` and `resource`, which names those documents (`Kind/name`) that are resources, not manifests
    of the app. An AnalysisTemplate that `managed-by` says is ours is one of a built-in check.
    """
    text = path.read_text(encoding="utf-8")
    found, settings = _comments(text)
    manifests = [Manifest(_file(data), data) for data in yaml.safe_load_all(text)]
    return Case(path.parent.name, _scene(manifests, settings), found)


def _file(data: dict[str, Any]) -> str:
    of_check = data["kind"] == "AnalysisTemplate" and "managed-by" in str(data["metadata"].get("labels"))
    return f"{TEMPLATE_FILE if of_check else data['kind'].lower()}.yaml"


def read_spec(path: Path) -> tuple[SpecScene, tuple[str, ...]]:
    """An App of `fixtures/spec-rules`, effective as it is written, and the finding lines it expects."""
    text = path.read_text(encoding="utf-8")
    found, settings = _comments(text)
    data = yaml.safe_load(text)
    metadata = data["metadata"]
    app = app_of(metadata["name"], "production", data["spec"], namespace="shop")
    labels, annotations = (metadata.get(key) or {} for key in ("labels", "annotations"))
    app = app._replace(labels=labels, annotations=annotations, level=int(settings.get("level", "1")))
    return SpecScene(app, yaml.safe_load(settings.get("policy", "{}")), settings.get("pins-tag") != "false"), found


def _comments(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The expected finding lines, and the settings."""
    comments = [comment[2:] for comment in text.splitlines() if comment.startswith("# ")]
    found = [comment for comment in comments if comment.startswith(_SEVERITIES)]
    return tuple(found), dict(comment.split(": ", 1) for comment in comments if comment not in found)


def _scene(manifests: list[Manifest], settings: dict[str, str]) -> Scene:
    taken = settings.get("resource", "").split()
    own = tuple(m for m in manifests if f"{m.kind}/{m.name}" not in taken)
    resources = tuple(m for m in manifests if f"{m.kind}/{m.name}" in taken)
    more: dict[str, Any] = {}
    for engine in ("kubernetes", "rollouts"):
        if engine in settings:
            more[engine] = numbers(settings[engine])
    if "waypoint" in settings:
        more["waypoint"] = settings["waypoint"]
    if "namespace" in settings:
        more["namespace"] = settings["namespace"]
    if "not-secret" in settings:
        more["not_secret"] = frozenset(settings["not-secret"].split())
    if "only-matched" in settings:
        more["only_matched"] = settings["only-matched"] == "true"
    if "nodes" in settings:
        more["nodes"] = int(settings["nodes"])
    if "policy" in settings:
        more["policy"] = yaml.safe_load(settings["policy"])
    return Scene(own, resources, external=frozenset(settings.get("external", "").split()), **more)


def all_findings(scene: Scene) -> list[Finding]:
    """What `check` gives, the plain way: every rule looks at the scene, whatever it needs."""
    alone = [finding for rule in MANIFEST_RULES.values() for finding in rule(scene)]
    return [*alone, *check_step_routes(scene, AT_STEPS)]


def line(finding: Finding) -> str:
    """A finding as fixtures write it."""
    manifest = finding.manifest
    where = f"{manifest.kind}/{manifest.name}" if manifest else "spec"
    return f"{finding.severity}: {where} {finding.pointer}: {finding.message}"
