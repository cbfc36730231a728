"""`make e2e K=import`: sources that run on the lab, taken over by `rollspec import` and applied by Argo CD.

Every object keeps its identity, no ReplicaSet appears, and no pod is replaced or restarted.
"""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from renderer.hooks import hooks_of

from . import api, argocd
from .import_release import commit, released
from .lab import Lab, create_namespace, kubectl
from .lock import ROLLOUTS
from .project import ROLLSPEC
from .sandbox import RUN, run
from .scenario import ROOT
from .sentences import Report, played

NAMES = ("import",)
LAST = ROOT / ".tools" / "engines" / "import"  # logs of the last run
SOURCES = ROOT / "fixtures" / "import"
# Not applied: what has a release in flight or comes from a live cluster holds what only controllers write. A projected
# token needs a part of the API server that the lab runs without (`census-store`). Objects of two namespaces do not fit
# into one (`what-no-app-holds`).
LEFT_OUT = (
    "census-store",
    "canary-in-flight",
    "in-flight-without-replica-set",
    "ladder-in-flight",
    "live",
    "live-job",
    "preview-in-flight",
    "secrets",
    "what-no-app-holds",
)
RELEASED = ("rollout-istio-hosts",)  # gets a canary after that
AT_LEAST = 20  # sources
SIDE_BY_SIDE = 8
PATIENCE = 75.0
STILL = 8.0  # seconds after a sync in which a pod could still be replaced
_WORKLOADS = ("Deployment", "Rollout")  # the lab runs no controller of StatefulSets
_MADE = ("apps/v1/namespaces/{}/replicasets", "v1/namespaces/{}/pods")


@dataclass(frozen=True)
class Running:
    """What a namespace has: the identity of each object of the source, its ReplicaSets, and its pods."""

    objects: dict[str, str]
    replica_sets: dict[str, str]
    pods: dict[str, tuple[str, int]]


def play(name: str) -> int:
    """Take over every source; the exit code."""
    assert name in NAMES
    lab = Lab(ROLLOUTS[0], RUN / "logs-import")
    return played(lab, LAST, partial(_take_over_all, lab))


def _take_over_all(lab: Lab, report: Report) -> None:
    argocd.start(lab)
    served = {line.split()[-1] for line in kubectl("api-resources", "--no-headers").splitlines()}
    folders = [folder for folder in sorted(SOURCES.glob("*/source*")) if folder.parent.name not in LEFT_OUT]
    report.check(len(folders) >= AT_LEAST, f"{len(folders)} sources are taken over")
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in as_completed([pool.submit(_take_over, folder, served) for folder in folders]):
            for holds, sentence in done.result():
                report.check(holds, sentence)


def _take_over(folder: Path, served: set[str]) -> list[tuple[bool, str]]:
    """What holds of one source: a sentence each."""
    namespace = f"import-{folder.parent.name}{folder.name.removeprefix('source')}"
    try:
        create_namespace(namespace)
        project = RUN / namespace
        shutil.rmtree(project, ignore_errors=True)
        source = [each for each in source_of(folder, namespace) if each["kind"] in served]
        _write(project / "source.yaml", source)
        for each in _needed(source):
            kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(each))
        kubectl("apply", "-n", namespace, "-f", str(project / "source.yaml"))
        for each in source:
            if each["kind"] == "Service" and each["spec"].get("type") == "LoadBalancer":
                _give_address(namespace, each["metadata"]["name"])
        _until_still(namespace, source)
        for each in source:
            if each["kind"] == "HorizontalPodAutoscaler":
                _own_replicas(namespace, each["spec"]["scaleTargetRef"])
        before = _running(namespace, source)
        said = _import(project, namespace)
        sha = run("git", "rev-parse", "HEAD", cwd=project).strip()
        application: Any = yaml.safe_load((project / "rendered/_argocd" / f"{namespace}.yaml").read_text())
        names = argocd.applied(application, [], True)
        synced = all(argocd.synced(name, sha, PATIENCE) for name in names)
        state = {} if synced else argocd.status(names[0]).get("operationState")
        time.sleep(STILL)
        after = _running(namespace, source)
        more = [*released(namespace, project, names)] if folder.parent.name in RELEASED else []
        argocd.forget(application, names)
        said_synced = f"{namespace}: Argo CD synced the import {json.dumps(state)[:900] if state else ''}".strip()
        return [*_sentences(namespace, before, after, said), (synced, said_synced), *more]
    except (RuntimeError, TimeoutError, api.ApiError) as failed:
        return [(False, f"{namespace}: {failed}")]
    finally:
        api.call("DELETE", f"/api/v1/namespaces/{namespace}")
        for kind in ("rollouts", "deployments", "statefulsets", "replicasets", "pods"):
            kubectl("-n", namespace, "delete", kind, "--all", "--wait=false", "--grace-period=0", "--ignore-not-found")


def _sentences(namespace: str, before: Running, after: Running, said: str) -> list[tuple[bool, str]]:
    replaced = sorted(set(before.pods.items()) ^ set(after.pods.items()))
    made = sorted(set(before.replica_sets.items()) ^ set(after.replica_sets.items()))
    again = sorted(name for name, uid in before.objects.items() if after.objects.get(name) != uid)
    return [
        (bool(before.pods), f"{namespace}: {len(before.pods)} pods run before the import"),
        ("No pod restarts." in said, f"{namespace}: the import says that no pod restarts"),
        (not replaced, f"{namespace}: no pod is replaced or restarted {replaced or ''}".strip()),
        (not made, f"{namespace}: no ReplicaSet appears {made or ''}".strip()),
        (not again, f"{namespace}: {len(before.objects)} objects stay what they are {again or ''}".strip()),
    ]


def source_of(folder: Path, namespace: str) -> list[dict[str, Any]]:
    """The objects of a source, moved into a namespace of this run."""
    texts = [file.read_text() for file in sorted(folder.glob("**/*.yaml"))]
    found = [each for text in texts for each in yaml.load_all(text, yaml.CSafeLoader) if each]
    old = {each["metadata"].get("namespace") for each in found} - {None}
    for name in old:
        found = json.loads(json.dumps(found).replace(f".{name}.svc", f".{namespace}.svc"))
    for each in found:
        each["metadata"].pop("namespace", None)
    return found


def _give_address(namespace: str, service: str) -> None:
    """An address from outside, which a cloud gives: until it has one, Argo CD goes on to no later wave."""
    patch = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
    kubectl("-n", namespace, "patch", "service", service, "--subresource=status", "--type=merge", "-p", patch)


def _own_replicas(namespace: str, target: dict[str, Any]) -> None:
    """What docs/import.md says before the first sync: another manager owns the number of pods too."""
    data = json.loads(kubectl("-n", namespace, "get", target["kind"].lower(), target["name"], "-o", "json"))
    number = {
        "apiVersion": target["apiVersion"],
        "kind": target["kind"],
        "metadata": {"name": target["name"]},
        "spec": {"replicas": data["spec"]["replicas"]},
    }
    how = ("--server-side", "--field-manager=handover", "--validate=false")
    kubectl("-n", namespace, "apply", *how, "-f", "-", stdin=json.dumps(number))


def _needed(source: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What pods name and the source does not have: without it no pod is made."""
    pods = [each["spec"]["template"]["spec"] for each in source if "template" in each.get("spec", {})]
    there = {each["metadata"]["name"] for each in source if each["kind"] == "ServiceAccount"}
    accounts = {pod["serviceAccountName"] for pod in pods if "serviceAccountName" in pod} - there
    found: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}} for name in sorted(accounts)
    ]
    for pod in pods:
        if not pod.get("priorityClassName", "system-").startswith("system-"):  # the API server makes those itself
            own: dict[str, Any] = {"metadata": {"name": pod["priorityClassName"]}, "value": 1}
            found.append({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", **own})
        if "runtimeClassName" in pod:
            own = {"metadata": {"name": pod["runtimeClassName"]}, "handler": "runc"}
            found.append({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", **own})
    return found


def _write(file: Path, data: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump_all(data, sort_keys=False))


def _import(project: Path, namespace: str) -> str:
    """Import the source into a project in Git that Argo CD reads; what the import says."""
    said = run(ROLLSPEC, "import", "source.yaml", "--env", namespace, "--accept-secrets", cwd=project)
    versions = {"kubernetes": "1.34", "istio": "1.31", "argoRollouts": ROLLOUTS[0].rpartition(".")[0]}
    settings = {"repository": {"url": f"file://{project}", "revision": "main"}, "argocd": {"kind": "Application"}}
    _edit(project / "rollspec.yaml", {"versions": versions, **settings})
    _edit(project / f"overlays/{namespace}/overlay.yaml", {"cluster": {"server": "https://kubernetes.default.svc"}})
    run(ROLLSPEC, "render", cwd=project)
    run("git", "init", "--quiet", "--initial-branch=main", cwd=project)
    commit(project, "Import")
    return said


def _edit(file: Path, fields: dict[str, Any]) -> None:
    data = yaml.safe_load(file.read_text())
    data["spec"] |= fields
    file.write_text(yaml.safe_dump(data, sort_keys=False))


def _until_still(namespace: str, source: list[dict[str, Any]]) -> None:
    """Wait until every workload has its pods, and their number no longer changes."""
    scalers = [each["spec"] for each in source if each["kind"] == "HorizontalPodAutoscaler"]
    least = {(each["scaleTargetRef"]["kind"], each["scaleTargetRef"]["name"]): each["minReplicas"] for each in scalers}
    wanted = {(each["kind"], each["metadata"]["name"]) for each in source if each["kind"] in _WORKLOADS}

    def is_still() -> bool:
        listed = json.loads(kubectl("-n", namespace, "get", "deployments,rollouts,statefulsets", "-o", "json"))["items"]
        named = {(each["kind"], each["metadata"]["name"]): each for each in listed}
        return wanted <= {name for name, each in named.items() if _has_pods(each, least.get(name, 1))}

    api.wait(is_still, PATIENCE, f"the pods of {namespace}")
    time.sleep(STILL)


def _has_pods(workload: dict[str, Any], least: int) -> bool:
    """Whether it has its pods; an autoscaler gives it `least` of them after some seconds."""
    replicas = workload["spec"].get("replicas", 1)
    made: int = workload.get("status", {}).get("replicas", 0)
    return bool(workload["spec"].get("paused")) or made >= min(replicas, 1) * least


def _running(namespace: str, source: list[dict[str, Any]]) -> Running:
    kinds = sorted({each["kind"] for each in source})
    objects = json.loads(kubectl("-n", namespace, "get", ",".join(kinds), "-o", "json"))["items"]
    names = {(each["kind"], each["metadata"]["name"]) for each in source if not hooks_of(each)}
    found = {
        f"{each['kind']} {each['metadata']['name']}": each["metadata"]["uid"]
        for each in objects
        if (each["kind"], each["metadata"]["name"]) in names
    }
    sets, pods = (_listed(namespace, path) for path in _MADE)
    pods = [
        each for each in pods if "Job" not in (owner["kind"] for owner in each["metadata"].get("ownerReferences", ()))
    ]
    restarts = {
        each["metadata"]["name"]: (
            each["metadata"]["uid"],
            sum(status.get("restartCount", 0) for status in each.get("status", {}).get("containerStatuses", ())),
        )
        for each in pods
    }
    return Running(found, {each["metadata"]["name"]: each["metadata"]["uid"] for each in sets}, restarts)


def _listed(namespace: str, path: str) -> list[dict[str, Any]]:
    prefix = "/apis/" if path.startswith("apps") else "/api/"
    items: list[dict[str, Any]] = api.call("GET", prefix + path.format(namespace))["items"]
    return items
