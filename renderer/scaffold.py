"""The first files of a project and of an app, as text; pure."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from renderer.edit import formatted
from renderer.layout import PROJECT_FILE, Layout
from renderer.project import LEVEL, Versions
from renderer.spec import API_VERSION, app_document
from renderer.yamlio import dump

_PROJECT = f"""\
# A rollspec project: app specs under apps/, environments under overlays/, what Argo CD applies under rendered/.
apiVersion: rollspec/v1
kind: Project
spec:
  renderLevel: {LEVEL}
  versions: {{kubernetes: "{Versions.kubernetes}", argoRollouts: "{Versions.argo_rollouts}", istio: "{Versions.istio}"}}
"""
_OVERLAY = "# One environment. `rollspec schema Overlay` has every field.\n"
_IGNORE = "# rollspec's cache; safe to delete\n/.rollspec/\n"
PRE_COMMIT = ".pre-commit-config.yaml"
HOOKS = """\
  - repo: local
    hooks:
      - id: rollspec-validate
        name: rollspec validate
        entry: rollspec validate --hook
        language: system
        files: \\.(ya?ml|json|j2)$
        always_run: true
        require_serial: true
      - id: rollspec-render
        name: rollspec render
        entry: rollspec render --hook
        language: system
        files: \\.(ya?ml|json|j2)$
        always_run: true
        require_serial: true
"""
_PRE_COMMIT = "# `pre-commit install` makes Git run these before each commit.\nrepos:\n"


def project_files(env: str, namespace: str, *, hooks: bool, repository: Mapping[str, str]) -> dict[str, str]:
    """The files of a new project, by path; `hooks`: with a config of pre-commit; `repository`: what Git says of it."""
    layout = Layout()
    said: dict[str, Any] = {key: value for key, value in repository.items() if value}
    return {
        PROJECT_FILE: project_text() + (indent(dump({"repository": said}), "  ") if "url" in said else ""),
        layout.overlay(env): overlay_text(env, namespace),
        ".gitignore": _IGNORE,
        **({PRE_COMMIT: _PRE_COMMIT + HOOKS} if hooks else {}),
    }


def project_text() -> str:
    """The project file of a new project."""
    return _PROJECT


def overlay_text(env: str, namespace: str) -> str:
    """The overlay of a new environment."""
    overlay: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Overlay",
        "metadata": {"name": env},
        "spec": {"namespace": namespace},
    }
    return _OVERLAY + dump(overlay)


def app_text(name: str, image: str, tag: str, ports: list[dict[str, Any]], strategy: Mapping[str, Any]) -> str:
    """A new app spec."""
    spec: dict[str, Any] = {"image": image, "tag": tag, "replicas": 2, "ports": ports}
    if ports and ports[0].get("name", "").startswith("http"):
        spec["readinessProbe"] = {"httpGet": {"path": "/", "port": ports[0]["name"]}}
    if strategy:
        spec["strategy"] = dict(strategy)
    return formatted(f"# `rollspec schema App` has every field.\n{dump(app_document(name, spec))}", {})
