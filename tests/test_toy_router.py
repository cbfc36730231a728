"""A toy router, added to a copy of the program: it works, and it changes few files, all of them in the checklist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.cases import ROOT
from tests.test_checklist import ROWS

MODULE = "renderer/render/toy.py"
TOY = '''"""The routes of a toy router: one object with the weights, which a plugin of Argo Rollouts changes."""

from renderer.manifest import Manifest
from renderer.render.objects import manifest
from renderer.spec import App


def routes(app: App) -> list[Manifest]:
    """The object with the weights."""
    if app.strategy.router != "toy":
        return []
    return [manifest(app, "toyroute.yaml", "example.com/v1", "ToyRoute", {"spec": {"stable": 100, "canary": 0}})]


def traffic_routing(app: App) -> dict[str, object]:
    """The part of a Rollout's strategy that names the object."""
    return {"plugins": {"example/toy": {"route": app.name}}}
'''
# file -> (text, what it becomes)
EDITS = {
    "schemas/rollspec/app.json": ('"replica",\n      "istio"\n', '"replica",\n      "istio",\n      "toy"\n'),
    "renderer/spec.py": ('Literal["replica", "istio"]', 'Literal["replica", "istio", "toy"]'),
    "renderer/render/__init__.py": (
        "        *istio.routes(app),\n",
        "        *istio.routes(app),\n        *toy.routes(app),\n",
    ),
    "renderer/render/workload.py": (
        "or traffic_routing(app)",
        'or (toy.traffic_routing(app) if strategy.router == "toy" else traffic_routing(app))',
    ),
    "renderer/commands/verbs.py": ('("replica", "istio")', '("replica", "istio", "toy")'),
}
IMPORT = ("\nfrom renderer.spec import ", "\nfrom renderer.render import toy\nfrom renderer.spec import ")
SPEC = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: web
spec:
  image: registry.example.com/web
  tag: 1.4.2
  replicas: 4
  ports:
    - {name: http, port: 80, targetPort: 8080}
  strategy:
    type: Canary
    router: istio
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program with the toy router."""
    copy = tmp_path_factory.mktemp("toy")
    shutil.copytree(ROOT / "renderer", copy / "renderer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schemas/rollspec", copy / "schemas/rollspec")
    for other in (ROOT / "schemas").iterdir():
        if other.name != "rollspec":
            (copy / "schemas" / other.name).symlink_to(other)
    (copy / MODULE).write_text(TOY)
    for file, edit in EDITS.items():
        text = (copy / file).read_text()
        for old, new in [edit, *([IMPORT] if "render/" in file else [])]:
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        (copy / file).write_text(text)
    return copy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one app."""
    for file, text in {
        "rollspec.yaml": "apiVersion: rollspec/v1\nkind: Project\nspec: {renderLevel: 2}\n",
        "overlays/production/overlay.yaml": (
            "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec: {namespace: shop}\n"
        ),
        "apps/web.yaml": SPEC,
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return tmp_path


def run(program: Path, project: Path, *arguments: str) -> None:
    """Run a command of the copy; it must succeed."""
    command = [sys.executable, "-m", "renderer", "-C", str(project), *arguments]
    done = subprocess.run(
        command,
        cwd=program,
        env={**os.environ, "PYTHONPATH": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_renders_switches_and_releases(program: Path, project: Path) -> None:
    run(program, project, "render")
    folder = project / "rendered/production/web"
    assert "virtual-service.yaml" in {path.name for path in folder.iterdir()}
    run(program, project, "switch", "web", "--to", "Canary", "--router", "toy")
    run(program, project, "release", "web", "1.5.0", "--weight", "20")
    found = {each["kind"]: each for each in map(yaml.safe_load, (path.read_text() for path in folder.iterdir()))}
    canary = found["Rollout"]["spec"]["strategy"]["canary"]
    assert canary["trafficRouting"] == {"plugins": {"example/toy": {"route": "web"}}}
    assert {"setWeight": 20} in canary["steps"]
    assert found["ToyRoute"]["spec"] == {"stable": 100, "canary": 0}
    assert "VirtualService" not in found


def test_it_changes_only_files_of_the_checklist() -> None:
    assert EDITS.keys() <= set(ROWS["a router"][1])
    assert len({*EDITS, MODULE}) == 6
    assert len({*EDITS, MODULE, *ROWS["a router"][1]} - {"renderer/render/istio.py"}) <= 12
