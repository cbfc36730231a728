"""What many resources of an environment cost: nothing for an app that they do not concern, and each its share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.manifest import Manifest
from renderer.rules import Finding, Scene, check, check_resources
from renderer.rules.finding import labels_of
from renderer.rules.index import ByKind, by_kind, index
from renderer.rules.ladder import check_ladder, check_pinned
from renderer.rules.table import FOR_APPS
from renderer.rules.together import claim_access
from tests.support.cases import ROOT
from tests.support.lines_run import lines_run
from tests.support.rules import FIXTURES, fixtures, name_of, read

Judge = Callable[[Scene, str, list[dict[str, Any]]], Sequence[object]]
OURS = str(ROOT / "renderer" / "rules")
STEPS: list[dict[str, Any]] = [
    {"setHeaderRoute": {"name": "p", "match": [{"headerName": "x", "headerValue": {"exact": "1"}}]}}
]
# One of each kind that rules look up or judge. They are of an app `other-N` in a namespace of its own.
RESOURCES = """
{apiVersion: v1, kind: Namespace, metadata: {name: space-N}}
---
{apiVersion: v1, kind: Service, spec: {selector: {app: other-N}, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: ConfigMap, data: {key: value}}
---
{apiVersion: v1, kind: Secret, data: {}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, spec: {accessModes: [ReadWriteOnce]}}
---
{apiVersion: v1, kind: LimitRange, spec: {limits: [{type: Container, max: {cpu: 1}}]}}
---
{apiVersion: v1, kind: ResourceQuota, spec: {hard: {pods: 10}}}
---
{apiVersion: v1, kind: ServiceAccount}
---
{apiVersion: apps/v1, kind: Deployment, spec: {selector: {matchLabels: {app: other-N}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
spec:
  hosts: [other-N]
  http: [{match: [{uri: {exact: /a}}], route: [{destination: {host: other-N}}]}, {delegate: {name: other-N}}]
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, spec: {host: other-N}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, spec: {servers: []}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, spec: {workloadSelector: {labels: {app: other-N}}}}
---
{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, spec: {workloadSelector: {labels: {app: other-N}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
spec: {defaultBackend: {service: {name: other-N, port: {number: 80}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other-N}, maxReplicas: 3}
---
{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, spec: {scaleTargetRef: {name: other-N}}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: other-N}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, spec: {metrics: []}}
---
{apiVersion: argoproj.io/v1alpha1, kind: ClusterAnalysisTemplate, spec: {metrics: []}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, rules: []}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, rules: []}
"""
AUTOSCALED = """
apiVersion: apps/v1
kind: Deployment
spec:
  selector: {matchLabels: {app: other-N}}
  template:
    metadata: {labels: {app: other-N}}
    spec: {containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: other-N}}]}
---
{apiVersion: v1, kind: PersistentVolumeClaim, spec: {accessModes: [ReadWriteMany]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: other-N}, maxReplicas: 3}
"""
ONE_A_NAMESPACE = ("LimitRange", "ResourceQuota")  # each applies to all pods of the namespace
ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
SELECTING = {
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
    "security.istio.io/v1": ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"),
    "telemetry.istio.io/v1": ("Telemetry",),
    "extensions.istio.io/v1alpha1": ("WasmPlugin",),
    "monitoring.coreos.com/v1": ("PodMonitor", "ServiceMonitor"),
}


def resources(number: int) -> list[Manifest]:
    """One object of each kind, all of the app `other-<number>`."""
    given = list(yaml.safe_load_all(RESOURCES))
    backend = {"rules": [{"backendRefs": [{"name": "other-N", "port": 80}]}], "parentRefs": [{"name": "gate"}]}
    given += [{"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "spec": backend} for kind in ROUTES]
    for version, kinds in SELECTING.items():
        for kind in kinds:
            field = "podSelector" if kind == "NetworkPolicy" else "selector"
            given.append({"apiVersion": version, "kind": kind, "spec": {field: {"matchLabels": {"app": "other-N"}}}})
    found = []
    for each in given:
        data = {"metadata": {"name": "other-N", "namespace": "space-N"}, **each}
        found.append(Manifest(f"{each['kind']}-{number}.yaml", _numbered(data, str(number))))
    return found


def _numbered(value: Any, number: str) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, number) for item in value]
    return value.replace("-N", f"-{number}") if isinstance(value, str) else value


def among(count: int) -> ByKind:
    """The resources of an environment with as many of these apps; more than are looked through one by one."""
    return by_kind(each for number in range(count) for each in resources(number))


FEW, MANY = among(10), among(12)


def test_each_kind_that_is_judged_for_an_app_is_among_them() -> None:
    assert {*MANY} >= FOR_APPS
    assert {len(found) for found in MANY.values()} == {12}


def test_work_for_each_of_them_is_seen() -> None:
    def judge(scene: Scene) -> list[Manifest]:
        return [each for each in scene.all_of("VirtualService") if scene.find("Service", "", each.name)]

    scene = read(FIXTURES / "past-canary" / "good.yaml").scene
    assert work(scene, FEW, judge) < work(scene, MANY, judge)


@pytest.mark.parametrize("path", [each for each in fixtures() if each.stem == "good"], ids=name_of)
def test_an_app_takes_the_same_work_among_few_and_many(path: Path) -> None:
    scene = read(path).scene
    assert work(scene, FEW, check) == work(scene, MANY, check)


@pytest.mark.parametrize("judge", [check_ladder, check_pinned])
def test_the_steps_of_a_release_take_the_same_work_among_few_and_many(judge: Judge) -> None:
    scene = read(FIXTURES / "pinned-routes" / "good.yaml").scene
    (rollout,) = scene.of("Rollout")
    few, many = (work(scene, others, lambda each: judge(each, rollout.name, STEPS)) for others in (FEW, MANY))
    assert few == many


def test_autoscaled_workloads_with_claims_do_not_take_the_cube_of_their_number() -> None:
    """Each workload with a claim asks for its autoscaler, which asks for its workload."""

    def judge(scene: Scene) -> list[Finding]:
        return [*claim_access(scene)]

    ten, twenty = (work(Scene(tuple(autoscaled(count))), ByKind(), judge) for count in (10, 20))
    assert twenty <= 4 * ten


def autoscaled(count: int) -> Iterator[Manifest]:
    """As many Deployments, each with a claim and an autoscaler."""
    for number in range(count):
        for each in yaml.safe_load_all(AUTOSCALED):
            data = {**each, "metadata": {"name": "other-N", "namespace": "shop"}}
            yield Manifest(f"{each['kind']}-{number}.yaml", _numbered(data, str(number)))


@pytest.mark.parametrize("path", [each for each in fixtures() if each.stem == "good"], ids=name_of)
def test_the_resources_of_an_environment_take_twice_the_work_for_twice_as_many(path: Path) -> None:
    manifests = read(path).scene.manifests
    check_resources(alike(manifests, 1))
    few, many = (lines_run(partial(check_resources, alike(manifests, count)), OURS)[1] for count in (20, 40))
    assert many <= 2.1 * few


@pytest.mark.parametrize("kind", ["NetworkPolicy", "PodDisruptionBudget", "AuthorizationPolicy", "PeerAuthentication"])
@pytest.mark.parametrize("by", ["expressions", "namespace"])
def test_policies_without_labels_take_twice_the_work_for_twice_as_many(kind: str, by: str) -> None:
    few, many = (lines_run(partial(check_resources, without_labels(kind, by, count)), OURS)[1] for count in (20, 40))
    assert many <= 2.1 * few


def without_labels(kind: str, by: str, count: int) -> Scene:
    """As many Deployments in one namespace, each with a policy by expressions; or in namespaces, each with a policy."""
    (version,) = (version for version, kinds in SELECTING.items() if kind in kinds)
    field = "podSelector" if kind == "NetworkPolicy" else "selector"
    expressions = [{"key": "app", "operator": "In", "values": ["other-N", "next-N"]}]
    spec = {field: {"matchExpressions": expressions} if by == "expressions" else {}}
    policy = {"apiVersion": version, "kind": kind, "spec": spec}
    deployment = {**next(yaml.safe_load_all(AUTOSCALED)), "metadata": {}}
    found = []
    for number in range(count):
        for each in (policy, deployment):
            metadata = {"name": "other-N", "namespace": "shop" if by == "expressions" else "space-N"}
            found.append(
                Manifest(f"{each['kind']}-{number}.yaml", _numbered({**each, "metadata": metadata}, str(number)))
            )
    return Scene(tuple(found))


def alike(manifests: Sequence[Manifest], count: int) -> Scene:
    """The manifests so many times, under other names: the scene of an environment's resources."""
    labels = [*map(labels_of, manifests), *(pod.labels for pod in index(manifests).pods)]
    names = {each.name for each in manifests} | {str(value) for each in labels for value in each.values()} - {""}
    name = re.compile(rf"(?<![a-z0-9])({'|'.join(sorted(map(re.escape, names), reverse=True))})(?![a-z0-9])")
    return Scene(
        tuple(
            Manifest(f"{number}-{each.file}", _renamed(each.data, name, f"-{number}"))
            for number in range(count)
            for each in manifests
            if number == 0 or each.kind not in ONE_A_NAMESPACE
        )
    )


def _renamed(value: Any, name: re.Pattern[str], suffix: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item, name, suffix) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, name, suffix) for item in value]
    return name.sub(rf"\1{suffix}", value) if isinstance(value, str) else value


def work(scene: Scene, others: ByKind, judge: Callable[[Scene], Sequence[object]]) -> int:
    """The lines that the rules run for an app, when another one has made what both look up."""
    kinds = by_kind([*scene.resources, *(each for found in others.values() for each in found)])
    everything = tuple(each for found in kinds.values() for each in found)
    first, second = (replace(scene, resources=everything, sorted_resources=kinds) for _ in range(2))
    judge(first)
    return lines_run(partial(judge, second), OURS)[1]
