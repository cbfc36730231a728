"""A temporary project in Git, driven by the real `rollspec`: specs and verbs in, rendered manifests out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from .api import Object
from .sandbox import run
from .scenario import Scenario

ROLLSPEC = str(Path(sys.executable).parent / "rollspec")
PROJECT: dict[str, Any] = {"renderLevel": 1, "versions": {"kubernetes": "1.34", "istio": "1.31"}}
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
    """One app, `web`, in one environment that is named like its namespace."""

    def __init__(
        self, folder: Path, namespace: str, scenario: Scenario, rollouts: str, argocd: Object | None = None
    ) -> None:
        """`scenario.spec`: fields beside APP's; `argocd`: the project's field, to render Argo CD's objects too."""
        self.folder, self.namespace = folder, namespace
        overlay: dict[str, Any] = {"namespace": namespace}
        versions = {**PROJECT["versions"], "argoRollouts": rollouts.rpartition(".")[0]}
        project: dict[str, Any] = {**PROJECT, "renderLevel": scenario.level, "versions": versions}
        if argocd:
            overlay["cluster"] = {"server": "https://kubernetes.default.svc"}
            project |= {"repository": {"url": f"file://{folder}", "revision": "main"}, "argocd": argocd}
        self.write("rollspec.yaml", {"apiVersion": "rollspec/v1", "kind": "Project", "spec": project})
        meta = {"apiVersion": "rollspec/v1", "kind": "Overlay", "metadata": {"name": namespace}}
        self.write(f"overlays/{namespace}/overlay.yaml", {**meta, "spec": overlay})
        fields = {**APP, **(scenario.spec or {})}
        self.write("apps/web.yaml", app({name: value for name, value in fields.items() if value is not None}))
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

    def head(self) -> str:
        """The newest commit."""
        return self.git("rev-parse", "HEAD").strip()

    def plan(self, base: str, head: str) -> Object:
        """What `rollspec plan` says that a change does to the app: empty for nothing, `failed` where it fails."""
        revisions = ("--base", base, "--head", head)
        try:
            text = run(ROLLSPEC, "plan", *revisions, "--app", "web", "--format", "json", cwd=self.folder)
        except RuntimeError as failed:
            return {"failed": str(failed)}
        found: list[Object] = json.loads(text)["apps"]
        return found[0] if found else {}

    def verdicts(self, options: str) -> dict[str, list[str]]:
        """By metric, the verdicts that `rollspec analysis check` finds for the version that runs."""
        text = run(ROLLSPEC, "analysis", "check", "web", *options.split(), "--format", "json", cwd=self.folder)
        return {each["metric"]: sorted(each["counts"]) for each in json.loads(text)["metrics"]}

    def other(self, there: bool) -> None:
        """Add another app, `api`, or remove it."""
        if there:
            self.write("apps/api.yaml", {**app({**APP, "replicas": 1}), "metadata": {"name": "api"}})
        else:
            (self.folder / "apps" / "api.yaml").unlink()
        self.commit("chore: another app")

    def verb(self, line: str) -> None:
        """Run a verb of rollspec for the app, which makes a commit."""
        verb, *options = line.split()
        os.environ.update(dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "lab"))
        os.environ.update(dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "lab@example.com"))
        run(ROLLSPEC, verb, "web", *options, "--commit", cwd=self.folder)

    def edit(self, fields: dict[str, Any]) -> None:
        """Edit the environment's partial app by hand: mappings merge, lists replace."""
        path = f"overlays/{self.namespace}/apps/web.yaml"
        file = self.folder / path
        old = yaml.safe_load(file.read_text())["spec"] if file.exists() else {}
        self.write(path, app(merge(old, fields)))
        self.commit("chore: edit")

    def application(self) -> Object:
        """The rendered Application or ApplicationSet."""
        text = (self.folder / "rendered" / "_argocd" / f"{self.namespace}.yaml").read_text()
        made: Object = yaml.safe_load(text)
        return made

    def app_project(self) -> Object | None:
        """The rendered AppProject, if there is one."""
        file = self.folder / "rendered" / "_argocd" / f"{self.namespace}.project.yaml"
        made: Object | None = yaml.safe_load(file.read_text()) if file.exists() else None
        return made

    def freeze(self, windows: list[dict[str, Any]]) -> None:
        """Give the environment these freeze windows."""
        path = f"overlays/{self.namespace}/overlay.yaml"
        overlay = yaml.safe_load((self.folder / path).read_text())
        overlay["spec"]["freeze"] = windows
        self.write(path, overlay)
        self.commit("chore: freeze" if windows else "chore: end of the freeze")

    def files(self) -> dict[str, Path]:
        """The rendered manifests' files by `Kind/name`."""
        found = {}
        for file in sorted((self.folder / "rendered" / self.namespace / "web").glob("*.yaml")):
            made = yaml.load(file.read_text(), yaml.CSafeLoader)
            found[f"{made['kind']}/{made['metadata']['name']}"] = file
        return found

    def manifests(self) -> dict[str, Object]:
        """The rendered manifests by `Kind/name`."""
        return {name: yaml.load(file.read_text(), yaml.CSafeLoader) for name, file in self.files().items()}


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
