"""A temporary project in Git, driven by the real `rollspec`: specs and verbs in, rendered manifests out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from .api import Object
from .sandbox import run

ROLLSPEC = str(Path(sys.executable).parent / "rollspec")
ENV = "lab"
PROJECT = {
    "apiVersion": "rollspec/v1",
    "kind": "Project",
    "spec": {"renderLevel": 1, "versions": {"kubernetes": "1.34", "argoRollouts": "1.10", "istio": "1.31"}},
}
APP: dict[str, Any] = {
    "image": "example.com/web",
    "tag": "1.0.0",
    "version": "v1",
    "replicas": 4,
    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    "env": {"READY_AFTER": "0.8"},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1},
}


class Project:
    """One app, `web`, in one environment, `lab`."""

    def __init__(
        self, folder: Path, namespace: str, spec: dict[str, Any], project: dict[str, Any] | None = None
    ) -> None:
        """`spec`: fields of the app spec beside APP's; `project`: further fields of the Project's spec."""
        self.folder, self.namespace = folder, namespace
        overlay = {
            "apiVersion": "rollspec/v1",
            "kind": "Overlay",
            "metadata": {"name": ENV},
            "spec": {"namespace": namespace},
        }
        whole = {**PROJECT, "spec": {**PROJECT["spec"], **(project or {})}}  # type: ignore[dict-item]
        self.write("rollspec.yaml", whole)
        self.write(f"overlays/{ENV}/overlay.yaml", overlay)
        self.write("apps/web.yaml", app({**APP, **spec}))
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("chore: begin")

    def write(self, path: str, data: object) -> None:
        """Write one YAML file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(data, sort_keys=False))

    def git(self, *args: str) -> str:
        """Run git in the project."""
        who = ["-c", "user.name=lab", "-c", "user.email=lab@example.com", "-c", "commit.gpgsign=false"]
        return run("git", *who, *args, cwd=self.folder)

    def commit(self, message: str) -> None:
        """Render and commit everything."""
        run(ROLLSPEC, "render", cwd=self.folder)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def verb(self, line: str) -> None:
        """Run a verb of rollspec for the app, which makes a commit."""
        verb, *options = line.split()
        os.environ.update(dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "lab"))
        os.environ.update(dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "lab@example.com"))
        run(ROLLSPEC, verb, "web", *options, "--commit", cwd=self.folder)

    def edit(self, fields: dict[str, Any]) -> None:
        """Edit the environment's partial app by hand: mappings merge, lists replace."""
        path = f"overlays/{ENV}/apps/web.yaml"
        file = self.folder / path
        old = yaml.safe_load(file.read_text())["spec"] if file.exists() else {}
        self.write(path, app(merge(old, fields)))
        self.commit("chore: edit")

    def files(self) -> dict[str, Path]:
        """The rendered manifests' files by `Kind/name`."""
        found = {}
        for file in sorted((self.folder / "rendered" / ENV / "web").glob("*.yaml")):
            made = yaml.safe_load(file.read_text())
            found[f"{made['kind']}/{made['metadata']['name']}"] = file
        return found

    def manifests(self) -> dict[str, Object]:
        """The rendered manifests by `Kind/name`."""
        return {name: yaml.safe_load(file.read_text()) for name, file in self.files().items()}


def app(spec: dict[str, Any]) -> dict[str, Any]:
    """An App, whole or partial."""
    return {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": spec}


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge, anything else replaces; None takes away what is there."""
    merged = dict(old)
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merged[key] = merge(old[key], value)
        elif value is None and key in old:
            del merged[key]
        else:
            merged[key] = value
    return merged
