"""Other readers and judges of what we render: kubeconform, kubectl, kustomize, PyYAML; the same bytes every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.yamlio import load
from tests.support.cases import FIXTURES, ROOT, cases, lay_out, snapshot
from tests.support.kubeconform import judge
from tests.tools import kubectl

SETS = tuple(Versions().folders.values())
# Plain manifests of kinds that operators bring: nobody here has their schemas, and they are taken along as they are.
OPERATORS = {
    "certificate-cert-manager-web.yaml",
    "clusterissuer-cert-manager-public.yaml",
    "externalsecret-external-secrets-password.yaml",
    "cronjob-batch-nightly.yaml",
    "horizontalpodautoscaler-acme-web.yaml",
    "pod-acme-web.yaml",
    "pod-monitor.yaml",
    "virtualservice-acme-routes.yaml",
    "workflow-argoproj-web-smoke.yaml",
}
OUTPUTS = [FIXTURES / "rendered", *(case / "expected" for case in cases("ok"))]


def _files() -> list[Path]:
    return [path for output in OUTPUTS for path in sorted(output.rglob("*.yaml")) if path.name != "kustomization.yaml"]


def test_kubeconform_accepts_every_rendered_file(tmp_path: Path) -> None:
    files = [path for path in _files() if "\n  generateName:" not in path.read_text()]  # kubeconform asks for a name
    for number, path in enumerate(files):
        (tmp_path / f"{number}-{path.name}").symlink_to(path)
    verdicts = judge(tmp_path, SETS)
    assert len(verdicts) == len(files)
    refused = {file.partition("-")[2]: verdict.message for file, verdict in verdicts.items() if not verdict.valid}
    assert refused.keys() == OPERATORS
    assert all(message.startswith("could not find schema for") for message in refused.values())


def test_kubectl_and_pyyaml_read_what_we_wrote() -> None:
    paths = _files()
    texts = [path.read_bytes() for path in paths]
    ours = [_ours(text, path) for text, path in zip(texts, paths, strict=True)]
    assert [yaml.safe_load(text) for text in texts] == ours
    for command in (["label", "--local"], ["patch", "--local", "--type=merge", "-p", "{}"]):
        read = _kubectl(command, b"---\n".join(texts))
        assert [_without_label(obj) for obj in read] == ours


def test_kustomize_builds_the_output(tmp_path: Path) -> None:
    paths = [path for path in _files() if path.is_relative_to(FIXTURES / "rendered")]
    resources = []
    for path in paths:
        name = "-".join(path.relative_to(FIXTURES / "rendered").parts)
        (tmp_path / name).write_bytes(path.read_bytes())
        resources.append(name)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump({"resources": resources}))
    built = subprocess.run([kubectl(), "kustomize", tmp_path], capture_output=True, check=True).stdout
    assert _by_name(yaml.safe_load_all(built)) == _by_name(_ours(path.read_bytes(), path) for path in paths)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_same_bytes_under_any_hash_seed_and_number_of_processes(hash_seed: str, jobs: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/everything-of-a-container", tmp_path / "p", leave=frozenset(("expected",)))
    spec = (project / "apps/web.yaml").read_text()
    for number in range(60):  # enough for two processes to share
        (project / f"apps/web{number}.yaml").write_text(spec.replace("name: web\nspec", f"name: web{number}\nspec"))
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = [sys.executable, "-m", "renderer", "-C", str(project), "render", "--stdout"]
    done = subprocess.run(run, capture_output=True, env=environment, check=True, cwd=ROOT)
    write = [*run[:-1], "--jobs", jobs]
    subprocess.run(write, capture_output=True, env=environment, check=True, cwd=ROOT)
    written = b"".join(
        b"---\n" + path.read_bytes()
        for path in sorted((project / "rendered").rglob("*.yaml"), key=lambda path: str(path.relative_to(project)))
    )
    assert written == done.stdout
    expected = FIXTURES / "ok/everything-of-a-container/expected/production/web/deployment.yaml"
    assert (project / "rendered/production/web/deployment.yaml").read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("hash_seed", ["0", "1"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_samples_are_the_same_under_any_hash_seed(hash_seed: str, jobs: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = [sys.executable, "-m", "renderer", "render", "--jobs", jobs, "--output", str(tmp_path / "out")]
    subprocess.run(run, capture_output=True, env=environment, check=True, cwd=ROOT)
    assert snapshot(tmp_path / "out") == snapshot(FIXTURES / "rendered")


def _ours(text: bytes, path: Path) -> Any:
    data, problems = load(text, str(path))
    assert problems == []
    return data


def _kubectl(command: list[str], text: bytes) -> list[Any]:
    """What kubectl reads of a file with many objects, as JSON, without a server."""
    extra = ["read-by=kubectl"] if command[0] == "label" else []
    arguments = [str(kubectl()), command[0], *command[1:2], "-f", "-", "-o", "json", *command[2:], *extra]
    done = subprocess.run(arguments, input=text, capture_output=True, check=True, env={"HOME": "/nonexistent"})
    found: list[Any] = []
    decoder, rest = json.JSONDecoder(), done.stdout.decode().strip()
    while rest:
        obj, end = decoder.raw_decode(rest)
        found += obj["items"] if obj.get("kind") == "List" else [obj]
        rest = rest[end:].lstrip()
    return found


def _without_label(obj: Any) -> Any:
    labels = obj["metadata"].get("labels", {})
    labels.pop("read-by", None)
    if not labels:
        obj["metadata"].pop("labels", None)
    return obj


def _by_name(objects: Any) -> dict[tuple[str, str, str], Any]:
    return {(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): obj for obj in objects}


def test_kubeconform_and_we_agree_on_every_manifest_of_the_rules(tmp_path: Path) -> None:
    """Those that rules refuse are mostly valid by their schemas; where one is not, both say so."""
    schemas, ours = Schemas(Versions(), read_schema), {}
    for path in sorted((FIXTURES / "rules").glob("*/*.yaml")):
        for number, data in enumerate(yaml.safe_load_all(path.read_text())):
            if "generateName" in data["metadata"]:  # kubeconform asks for a name
                continue
            name = f"{path.parent.name}-{path.stem}-{number}.yaml"
            (tmp_path / name).write_text(yaml.safe_dump(data))
            ours[name] = schemas.manifest_valid(data)
    theirs = {name: verdict.valid for name, verdict in judge(tmp_path, SETS).items()}
    unknown = {name for name in ours if ours[name] and not theirs[name] and not _has_schema(tmp_path / name)}
    assert {name for name in ours if ours[name] != theirs[name]} == unknown


def _has_schema(path: Path) -> bool:
    data = yaml.safe_load(path.read_text())
    group, _, version = data["apiVersion"].rpartition("/")
    file = f"{group or version}/{data['kind'].lower()}_{version}.json"
    return any((ROOT / "schemas" / folder / file).is_file() for folder in SETS)
