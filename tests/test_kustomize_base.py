"""docs/kustomize.md says what is: a rendered folder as the base of a kustomization, built by kubectl."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cases import ROOT, run
from tests.support.past import HEAD, PROJECT
from tests.tools import kubectl

EXAMPLE = ROOT / "docs/examples/kustomize/rollspec.yaml"
SPEC = """\
  image: ghcr.io/acme/web
  tag: 1.4.2
  replicas: 4
  ports: [{name: http, port: 80, targetPort: 8080}]
  readinessProbe: {httpGet: {path: /, port: http}}
  files: {/etc/web/config.yaml: "a: 1"}
"""
STRATEGIES = {
    "RollingUpdate": "{type: RollingUpdate}",
    "Recreate": "{type: Recreate}",
    "BlueGreen": "{type: BlueGreen}",
    "replica": "{type: Canary, router: replica}",
    "istio": "{type: Canary, router: istio}",
}


def built(folder: Path, strategy: str, changes: str) -> list[dict[str, Any]]:
    """The objects of an app in flight, after a kustomization over its rendered folder."""
    texts = {
        "rollspec.yaml": PROJECT + "  kustomization: true\n",
        "overlays/production/overlay.yaml": HEAD.format(kind="Overlay", name="production") + "  namespace: shop\n",
        "apps/web.yaml": HEAD.format(kind="App", name="web") + SPEC + f"  strategy: {STRATEGIES[strategy]}\n",
        "k/kustomization.yaml": "resources: [../rendered/production/web]\nconfigurations: [rollspec.yaml]\n" + changes,
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    shutil.copy(EXAMPLE, folder / "k")
    if strategy in ("replica", "istio"):
        assert run(folder, "release", "web", "1.5.0", "--weight", "25").code == 0
    elif strategy == "BlueGreen":
        assert run(folder, "release", "web", "1.5.0").code == 0
    done = run(folder, "render")
    assert done.code == 0, done.err
    made = subprocess.run([kubectl(), "kustomize", folder / "k"], capture_output=True, check=True).stdout
    return [each for each in yaml.safe_load_all(made) if each]


def contradictions(objects: list[dict[str, Any]]) -> Iterator[str]:
    """References to nothing, and Services that select no pod."""
    names = {(each["kind"], each["metadata"]["name"]) for each in objects}
    (workload,) = [each for each in objects if each["kind"] in ("Deployment", "Rollout")]
    pods = workload["spec"]["template"]["metadata"]["labels"]
    if not workload["spec"]["selector"]["matchLabels"].items() <= pods.items():
        yield "the workload does not select its pods"
    for each in objects:
        if each["kind"] == "Service" and not each["spec"]["selector"].items() <= pods.items():
            yield f"{each['metadata']['name']} selects no pod"
        if each["kind"] in ("VirtualService", "DestinationRule"):
            yield from (f"no Service {host}" for host in _hosts(each) if ("Service", host.split(".")[0]) not in names)
            namespace = each["metadata"].get("namespace")
            yield from (f"{host} is elsewhere" for host in _hosts(each) if host.split(".")[1] != namespace)
    yield from (f"no {kind} {name}" for kind, name in _references(workload) if (kind, name) not in names)


def _hosts(found: dict[str, Any]) -> list[str]:
    routes = found["spec"].get("http", [])
    return [to["destination"]["host"] for each in routes for to in each["route"]] or [found["spec"]["host"]]


def _references(workload: dict[str, Any]) -> Iterator[tuple[str, str]]:
    strategy = workload["spec"].get("strategy", {})
    for each in (strategy.get("canary", {}), strategy.get("blueGreen", {})):
        yield from (("Service", name) for key, name in each.items() if key.endswith("Service"))
        istio = each.get("trafficRouting", {}).get("istio", {})
        yield from ((kind, istio[key]["name"]) for key, kind in _ISTIO.items() if key in istio)
    for volume in workload["spec"]["template"]["spec"].get("volumes", []):
        yield "ConfigMap", volume["configMap"]["name"]


_ISTIO = {"virtualService": "VirtualService", "destinationRule": "DestinationRule"}
KEPT = {
    "labels": "labels: [{pairs: {team: shop}, includeSelectors: true}]\n",
    "replicas": "replicas: [{name: web, count: 7}]\n",
    "annotations": "commonAnnotations: {team: shop}\n",
}
RENAMED = {"prefix": "namePrefix: eu-\n", "suffix": "nameSuffix: -eu\n", "namespace": "namespace: other\n"}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("change", [*KEPT, *RENAMED])
def test_what_is_consistent(strategy: str, change: str, tmp_path: Path) -> None:
    objects = built(tmp_path, strategy, (KEPT | RENAMED)[change])
    breaks = strategy == "istio" and change in RENAMED
    assert bool(list(contradictions(objects))) == breaks


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_count_reaches_the_workload(strategy: str, tmp_path: Path) -> None:
    (workload,) = [each for each in built(tmp_path, strategy, KEPT["replicas"]) if "replicas" in each.get("spec", {})]
    assert workload["spec"]["replicas"] == 7


def test_images_would_replace_the_version_that_the_release_state_names(tmp_path: Path) -> None:
    changed = built(tmp_path, "istio", "images: [{name: ghcr.io/acme/web, newTag: 9.9.9}]\n")
    (rollout,) = [each for each in changed if each["kind"] == "Rollout"]
    template = rollout["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "ghcr.io/acme/web:9.9.9"
    assert template["metadata"]["labels"]["version"] == "1.5.0"


def test_without_the_configuration_a_service_would_select_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    built(folder, "replica", KEPT["labels"])
    (folder / "k/kustomization.yaml").write_text("resources: [../rendered/production/web]\n" + KEPT["labels"])
    text = subprocess.run([kubectl(), "kustomize", folder / "k"], capture_output=True, check=True).stdout
    assert any("selects no pod" in found for found in contradictions(list(yaml.safe_load_all(text))))
