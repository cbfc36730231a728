"""A toy router, added to a copy of the program: it works, and it changes few files, all of them in the checklist.

It renders its object, releases, switches from Istio, is simulated in the plan, and Argo CD leaves its weights alone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cases import ROOT
from tests.support.repository import environment, init, save
from tests.test_checklist import ROWS

ROUTES = '''"""The routes of a toy router: one object with the weights, which a plugin of Argo Rollouts changes."""

from renderer.manifest import Manifest
from renderer.render.objects import manifest
from renderer.spec import App


def routes(app: App) -> list[Manifest]:
    """The object with the weights."""
    if app.strategy.router != "toy":
        return []
    spec = {"service": app.name, "stable": 100, "canary": 0}
    return [manifest(app, "toy-route.yaml", "example.com/v1", "ToyRoute", {"spec": spec}, {"name": f"{app.name}-toy"})]


def traffic_routing(app: App) -> dict[str, object]:
    """The part of a Rollout's strategy that names the object."""
    return {"plugins": {"example/toy": {"route": f"{app.name}-toy"}}}
'''
MODULE = "renderer/render/toy.py"
SIMULATED = '''def _put_toy(edit: Edit, key: str, data: Object, before: Object) -> None:
    """The weights go back to what Git says, and the versions are unknown until the controller comes."""
    spec = data["spec"]
    host = _host(spec["service"], key)
    routes = tuple(Destination(host, name, spec[name]) for name in ("stable", "canary"))
    edit.world.virtual_services[key] = VirtualService((("toy", routes),))
    manager = edit.world.rules[key].manager if key in edit.world.rules else ""
    edit.world.rules[key] = Rule(host, {to.subset: Subset({}) for to in routes}, manager)


'''
# file -> texts, and what they become
EDITS = {
    "schemas/rollspec/app.json": {'"replica",\n      "istio"\n': '"replica",\n      "istio",\n      "toy"\n'},
    "renderer/spec.py": {'Literal["replica", "istio"]': 'Literal["replica", "istio", "toy"]'},
    "renderer/render/__init__.py": {
        "        *istio.routes(app),\n": "        *istio.routes(app),\n        *toy.routes(app),\n",
        "\nfrom renderer.spec import ": "\nfrom renderer.render import toy\nfrom renderer.spec import ",
    },
    "renderer/render/workload.py": {
        "or traffic_routing(app)": "or (toy if strategy.router == 'toy' else istio).traffic_routing(app)",
        "\nfrom renderer.spec import ": "\nfrom renderer.render import istio, toy\nfrom renderer.spec import ",
    },
    "renderer/simulate/spec.py": {
        '    istio = data.get("istio")\n': """\
    toy = (data.get("plugins") or {}).get("example/toy")
    if toy:
        route = _key(toy["route"], namespace)
        return Routing(virtual_service=route, routes=(), rule=route, stable="stable", canary="canary", managed=())
    istio = data.get("istio")
"""
    },
    "renderer/simulate/objects.py": {
        '    "VirtualService": _put_virtual_service,\n': (
            '    "VirtualService": _put_virtual_service,\n    "ToyRoute": _put_toy,\n'
        ),
        "PUT: dict[": f"{SIMULATED}PUT: dict[",
        '            "VirtualService": world.virtual_services,\n': (
            '            "VirtualService": world.virtual_services,\n            "ToyRoute": world.virtual_services,\n'
        ),
    },
    "renderer/argocd.py": {
        "    if not app.splits or not app.ports:\n": """\
    if app.strategy.router == "toy":
        return Driven("toy", workload, metadata)
    if not app.splits or not app.ports:
""",
        "    routes = [f": """\
    if driven.istio == "toy":
        weights = [".spec.stable", ".spec.canary"]
        return [
            *count,
            {"group": "example.com", "kind": "ToyRoute", "name": f"{name}-toy", "jqPathExpressions": weights},
        ]
    routes = [f""",
    },
}
PROJECT = """\
apiVersion: rollspec/v1
kind: Project
spec:
  renderLevel: 2
  repository: {url: https://git.example.com/shop.git}
  argocd: {kind: Application}
"""
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
    (copy / MODULE).write_text(ROUTES)
    for file, edits in EDITS.items():
        text = (copy / file).read_text()
        for old, new in edits.items():
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        (copy / file).write_text(text)
    return copy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one app, rendered."""
    for file, text in {
        "rollspec.yaml": PROJECT,
        "overlays/production/overlay.yaml": (
            "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec: {namespace: shop}\n"
        ),
        "apps/web.yaml": SPEC,
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return init(tmp_path)


def run(program: Path, project: Path, *arguments: str) -> str:
    """Run a command of the copy; it must succeed. What it printed."""
    command = [sys.executable, "-m", "renderer", "-C", str(project), *arguments]
    done = subprocess.run(
        command,
        cwd=program,
        env=environment(PYTHONPATH=str(program)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rendered(project: Path) -> dict[str, Any]:
    """The objects of the app by kind."""
    folder = project / "rendered/production/web"
    return {each["kind"]: each for each in map(yaml.safe_load, (path.read_text() for path in folder.iterdir()))}


def test_it_renders_switches_and_releases(program: Path, project: Path) -> None:
    run(program, project, "render")
    assert "VirtualService" in rendered(project)
    run(program, project, "switch", "web", "--to", "Canary", "--router", "toy")
    run(program, project, "release", "web", "1.5.0", "--weight", "20")
    found = rendered(project)
    canary = found["Rollout"]["spec"]["strategy"]["canary"]
    assert canary["trafficRouting"] == {"plugins": {"example/toy": {"route": "web-toy"}}}
    assert {"setWeight": 20} in canary["steps"]
    assert found["ToyRoute"]["spec"] == {"service": "web", "stable": 100, "canary": 0}
    assert "VirtualService" not in found


def test_the_plan_simulates_it_and_argo_cd_leaves_its_weights_alone(program: Path, project: Path) -> None:
    (project / "apps/web.yaml").write_text(SPEC.replace("router: istio", "router: toy"))
    run(program, project, "render")
    save(project)
    application = yaml.safe_load((project / "rendered/_argocd/production.yaml").read_text())
    (ignored,) = application["spec"]["ignoreDifferences"]
    assert (ignored["kind"], ignored["name"]) == ("ToyRoute", "web-toy")
    assert ignored["jqPathExpressions"] == [".spec.stable", ".spec.canary"]
    for verb in (("release", "web", "1.5.0", "--weight", "20"), ("weight", "web", "50"), ("promote", "web")):
        run(program, project, *verb, "--commit")
    plans = [
        run(program, project, "plan", "--base", f"HEAD~{back}", "--head", f"HEAD~{back - 1}") for back in (3, 2, 1)
    ]
    shares = [re.search(r"share +1\.5\.0 +(\d+ % -> \d+ %)", plan)[1] for plan in plans]  # type: ignore[index]
    assert shares == ["0 % -> 20 %", "20 % -> 50 %", "50 % -> 100 %"]


def test_it_changes_only_files_of_the_checklist() -> None:
    assert EDITS.keys() <= set(ROWS["a router"][1])
    assert len({*EDITS, MODULE}) == 8  # docs/architecture.md says so
