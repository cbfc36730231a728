"""`make e2e K=reload`: which commits make Argo CD render an Application again, and how it shows an error of a spec.

The annotation `manifest-generate-paths` is the rendered one. A control without it shows that the count can be another.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from . import api, argocd
from .lab import Lab, create_namespace
from .lock import ROLLOUTS
from .project import APP, ROLLSPEC
from .sandbox import RUN, run
from .scenario import ROOT
from .sentences import Report, played

NAMES = ("reload",)
LAST = ROOT / ".tools" / "engines" / "reload"  # logs of the last run
ENVIRONMENTS = ("reload-one", "reload-two", "reload-control")  # the control's Application has no annotation
PLUGIN = "reload-plugin"
PATIENCE = 60.0
_ANNOTATION = "argocd.argoproj.io/manifest-generate-paths"


def play(name: str) -> int:
    """Play it; the exit code."""
    assert name in NAMES
    lab = Lab(ROLLOUTS[0], RUN / "logs-reload")
    return played(lab, LAST, partial(_reload, lab))


def _reload(lab: Lab, report: Report) -> None:
    argocd.start(lab)
    argocd.start_plugin(lab)
    for namespace in (*ENVIRONMENTS, PLUGIN):
        create_namespace(namespace)
    _rendered_files(lab, report)
    _plugin(report)


def _rendered_files(lab: Lab, report: Report) -> None:
    """A commit for one environment, and what the repo-server rendered for each."""
    folder = _project("reload", ENVIRONMENTS, {})
    names = dict(zip(ENVIRONMENTS, [_apply(folder, each) for each in ENVIRONMENTS], strict=True))
    _all_synced(report, names, folder)
    before = _misses(lab)
    report.check(all(before.get(each) for each in names.values()), "Argo CD renders each Application at its start")
    _save(folder, "overlays/reload-one/apps/web.yaml", _app({"tag": "1.0.1"}))
    _all_synced(report, names, folder)
    after = _misses(lab)
    again = {each: after.get(name, 0) - before.get(name, 0) for each, name in names.items()}
    report.check(again["reload-one"] > 0, f"a commit for one environment renders its Application again {again}")
    report.check(again["reload-two"] == 0, "it does not render the Application of another environment again")
    report.check(again["reload-control"] > 0, "without the annotation, it does")


def _plugin(report: Report) -> None:
    """A spec with an error, and nothing to render: what the Application says, and that nothing is deleted."""
    folder = _project(PLUGIN, (PLUGIN,), {"plugin": argocd.PLUGIN})
    name = _apply(folder, PLUGIN)
    _all_synced(report, {PLUGIN: name}, folder)
    spec = f"overlays/{PLUGIN}/apps/web.yaml"
    _save(folder, spec, _app({"replicas": "many"}))
    said = _error(name)
    report.check(f"{spec}:" in said and "replicas" in said, f"Argo CD shows file, line and field: {said[-300:]}")
    report.check(bool(re.search(rf"{re.escape(spec)}:\d+:\d+: ", said)), "the line and the column are in it")
    _save(folder, spec, _app({}))
    _all_synced(report, {PLUGIN: name}, folder)
    (folder / spec).unlink()
    _save(folder, "apps/web.yaml", None)
    said = _error(name)
    report.check("nothing" in said or "no app" in said, f"Argo CD says that there is nothing to render: {said[-300:]}")
    listed = api.call("GET", f"/apis/apps/v1/namespaces/{PLUGIN}/deployments")["items"]
    report.check(len(listed) == 1, "it deletes nothing then")


def _project(name: str, environments: tuple[str, ...], settings: dict[str, Any]) -> Path:
    folder = RUN / name
    shutil.rmtree(folder, ignore_errors=True)
    repository = {"url": f"file://{folder}", "revision": "main"}
    project = {"renderLevel": 2, "repository": repository, "argocd": {"kind": "Application", **settings}}
    _write(folder / "rollspec.yaml", {"apiVersion": "rollspec/v1", "kind": "Project", "spec": project})
    for env in environments:
        spec = {"namespace": env, "cluster": {"server": "https://kubernetes.default.svc"}}
        _write(folder / f"overlays/{env}/overlay.yaml", _document("Overlay", env, spec))
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    _save(folder, "apps/web.yaml", _document("App", "web", {**APP, "replicas": 1}))
    return folder


def _save(folder: Path, path: str, document: dict[str, Any] | None) -> None:
    """Write a spec, or delete it; render what can be rendered, and commit."""
    if document is None:
        (folder / path).unlink()
    else:
        _write(folder / path, document)
    with suppress(RuntimeError):  # a spec with an error
        run(ROLLSPEC, "render", cwd=folder)
    who = ("-c", "user.name=lab", "-c", "user.email=lab@example.com", "-c", "commit.gpgsign=false")
    run("git", "add", "--all", cwd=folder)
    run("git", *who, "commit", "--quiet", "--message", "change", cwd=folder)


def _app(spec: dict[str, Any]) -> dict[str, Any]:
    return _document("App", "web", spec)


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "rollspec/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _write(file: Path, data: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(data, sort_keys=False))


def _apply(folder: Path, env: str) -> str:
    body: Any = yaml.safe_load((folder / f"rendered/_argocd/{env}.yaml").read_text())
    if env == "reload-control":
        del body["metadata"]["annotations"][_ANNOTATION]
    (name,) = argocd.applied(body, [], True)
    return name


def _all_synced(report: Report, names: dict[str, str], folder: Path) -> None:
    """Let every Application look at Git, and sync the newest commit."""
    commit = run("git", "rev-parse", "HEAD", cwd=folder).strip()
    for name in names.values():
        argocd.refresh(name)
    for env, name in names.items():
        report.check(argocd.synced(name, commit, PATIENCE), f"{env} is synced")


def _misses(lab: Lab) -> dict[str, int]:
    """How often the repo-server had to make the manifests of each Application."""
    found: dict[str, int] = {}
    for line in (lab.logs / "argocd-repo-server.log").read_text(errors="replace").splitlines():
        if '"manifest cache miss"' in line:
            name = json.loads(line)["application"]
            found[name] = found.get(name, 0) + 1
    return found


def _error(name: str) -> str:
    """The condition that Argo CD's page shows of an Application that it cannot render."""
    argocd.refresh(name)

    def said() -> str:
        conditions = argocd.status(name).get("conditions") or []
        return next((each["message"] for each in conditions if each["type"] == "ComparisonError"), "")

    api.wait(lambda: bool(said()), PATIENCE, "the error of the plugin")
    return said()
