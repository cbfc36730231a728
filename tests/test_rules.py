"""Every rule fires on its fixtures with exactly their lines, and on nothing that is right."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from renderer.manifest import Manifest
from renderer.project import Versions
from renderer.rules import MANIFEST_RULES, Scene, check, check_resources, index, selectors
from renderer.rules.known_pods import KnownPods, pods_of
from renderer.rules.names import object_once
from renderer.rules.spec_table import SPEC_RULES, check_rendered, check_spec
from renderer.rules.table import OF_PODS, SECTIONS
from renderer.schema import Schemas
from tests.support.rules import (
    FIXTURES,
    SPEC_FIXTURES,
    all_findings,
    fixtures,
    line,
    name_of,
    read,
    read_spec,
    spec_fixtures,
)

SCHEMAS = Path(__file__).parents[1] / "schemas"


@pytest.mark.parametrize("path", fixtures(), ids=name_of)
def test_fixture_gives_exactly_its_findings(path: Path) -> None:
    case = read(path)
    found = check(case.scene)
    assert [line(finding) for finding in found] == list(case.expected)
    if case.rule == "ok":
        assert {finding.severity for finding in found} <= {"note"}
    else:
        assert {finding.rule for finding in found} == ({case.rule} if case.expected else set())


@pytest.mark.parametrize(("kind", "file"), [
    ("VirtualService", "virtual-service.yaml"),
    ("DestinationRule", "destination-rule.yaml"),
])  # fmt: skip
def test_a_plain_manifest_that_the_spec_makes_too_is_to_be_removed(kind: str, file: str) -> None:
    """Fixtures name each file by its kind, as plain manifests do."""
    data = {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "web", "namespace": "shop"}}
    scene = Scene((Manifest(file, data), Manifest(f"{kind.lower()}-web.yaml", {**data})))
    (finding,) = object_once(scene)
    assert f"{file} has {kind} web already: remove the plain manifest, and write its `" in finding.message


@pytest.mark.parametrize("path", spec_fixtures(), ids=name_of)
def test_spec_fixture_gives_exactly_its_findings(path: Path) -> None:
    scene, expected = read_spec(path)
    found = [*check_spec(scene), *check_rendered(scene)]
    assert [line(finding) for finding in found] == list(expected)
    assert {finding.rule for finding in found} == ({path.parent.name} if expected else set())


@pytest.mark.parametrize(("root", "rules"), [(FIXTURES, MANIFEST_RULES), (SPEC_FIXTURES, SPEC_RULES)])
def test_every_rule_has_a_failing_and_a_passing_fixture(root: Path, rules: Mapping[str, object]) -> None:
    for rule in rules:
        failing = {
            path.name: "\n# error: " in text or "\n# warning: " in text or "\n# note: " in text
            for path in (root / rule).glob("*.yaml")
            for text in ["\n" + path.read_text(encoding="utf-8")]
        }
        assert failing.pop("good.yaml", None) is False, f"{rule} has no good.yaml: the failing fixture, corrected"
        assert any(failing.values()), f"{rule} has no failing fixture"


def test_no_fixture_is_orphaned() -> None:
    assert {path.name for path in FIXTURES.iterdir() if any(path.glob("*.yaml"))} == {*MANIFEST_RULES, "ok"}
    assert {path.name for path in SPEC_FIXTURES.iterdir() if any(path.glob("*.yaml"))} == {*SPEC_RULES}


def test_no_fixture_lies_elsewhere() -> None:
    assert {path for path in FIXTURES.rglob("*") if path.is_file()} == set(fixtures())


def test_a_pointer_leads_to_what_is_there_or_its_parent_does() -> None:
    for path in fixtures():
        for finding in check(read(path).scene):
            assert finding.manifest is not None
            assert _resolves(finding.manifest.data, finding.pointer), (path, finding.pointer)


def _resolves(data: object, pointer: str) -> bool:
    """All parts but the last are there; the last may be what is missing."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parts[:-1]:
        if isinstance(data, list):
            data = data[int(part)]
        elif isinstance(data, dict) and part in data:
            data = data[part]
        else:
            return False
    return True


def test_what_is_right_is_right_by_schema_too() -> None:
    schemas = Schemas(Versions(), lambda path: (SCHEMAS / path).read_bytes() if (SCHEMAS / path).exists() else None)
    for path in FIXTURES.glob("ok/*.yaml"):
        if path.stem != "other-groups":  # kinds that have no schema here
            assert [m.kind for m in read(path).scene.manifests if not schemas.manifest_valid(m.data)] == []


def test_the_table_names_each_rule_once() -> None:
    assert sum(len(section.rules) for section in SECTIONS) == len(MANIFEST_RULES)


def test_what_a_rule_needs_leaves_out_no_finding() -> None:
    """Mutated fixtures say the same, in tests/test_rules_mutants.py."""
    for path in fixtures():
        scene = read(path).scene
        assert check(scene) == all_findings(scene)


def test_what_is_looked_up_among_many_is_what_is_looked_through_among_few(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = [read(path).scene for path in fixtures()]
    among_few = [check(scene) for scene in scenes]
    for module in (index, selectors):
        monkeypatch.setattr(module, "FEW", 0)
    for scene, found in zip(scenes, among_few, strict=True):
        assert check(replace(scene)) == found


def test_a_pod_that_is_known_changes_no_finding() -> None:
    for path in fixtures():
        scene, known = read(path).scene, KnownPods()
        assert check(scene, known) == check(scene, known) == all_findings(scene)


def test_rules_over_pods_alone_look_at_nothing_else() -> None:
    """The same pods in an object of another name and namespace, with other resources, policy, images and values."""
    for path in fixtures():
        scene = read(path).scene
        if pods_of(scene):
            other = Scene(tuple(map(_of_another_app, scene.manifests)), kubernetes=scene.kubernetes)
            assert pods_of(other) == pods_of(scene)
            assert _of_pods(other) == _of_pods(scene)


def _of_another_app(manifest: Manifest) -> Manifest:
    data = deepcopy(manifest.data) | {"metadata": {"name": "other", "namespace": "elsewhere"}}
    for pod in index.index([Manifest(manifest.file, data)]).pods:
        for _, container in pod.every:
            container["image"] = "other:1"
            for variable in container.get("env") or ():
                if "valueFrom" not in variable and "$(" not in (variable.get("value") or ""):
                    variable["value"] = "another value"
        pod.labels.clear()
    return Manifest(manifest.file, data)


def _of_pods(scene: Scene) -> list[tuple[str, str, str]]:
    found = [finding for rule in OF_PODS for finding in MANIFEST_RULES[rule](scene)]
    return sorted((finding.rule, finding.message, finding.pointer) for finding in found)


def test_pods_of_a_stateful_set_are_not_known() -> None:
    data = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"template": {"spec": {"containers": []}}}}
    assert pods_of(Scene((Manifest("web.yaml", data),))) == b""


def test_resources_are_not_judged_by_what_is_missing() -> None:
    """What an app renders is not in the scene of an environment's resources: no rule there may miss it."""
    for path in fixtures():
        scene = read(path).scene
        whole = _places(scene)
        for kind in _RENDERED & {manifest.kind for manifest in scene.manifests}:
            without = tuple(manifest for manifest in scene.manifests if manifest.kind != kind)
            assert _places(replace(scene, manifests=without)) <= whole, (path.name, kind)


_RENDERED = {
    "Deployment", "Rollout", "StatefulSet", "Service", "VirtualService", "DestinationRule", "HorizontalPodAutoscaler",
    "PodDisruptionBudget", "ServiceAccount", "ConfigMap", "AnalysisTemplate",
}  # fmt: skip


def _places(scene: Scene) -> set[tuple[str, str, str]]:
    found = check_resources(scene)
    return {(each.rule, each.manifest.name if each.manifest else "", each.pointer) for each in found}


def test_what_a_rule_over_specs_needs_leaves_out_no_finding() -> None:
    for path in spec_fixtures():
        scene, _ = read_spec(path)
        alone = [finding for rule in SPEC_RULES.values() for finding in rule(scene)]
        assert sorted(map(line, [*check_spec(scene), *check_rendered(scene)])) == sorted(map(line, alone))


def test_nothing_is_found_in_nothing() -> None:
    assert check(Scene(())) == []


def test_resources_are_not_judged() -> None:
    for path in fixtures():
        scene = read(path).scene
        assert check(Scene((), scene.manifests)) == []


def test_objects_that_are_too_large_for_a_fixture() -> None:
    small = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", "namespace": "shop"}}
    noted = {**small, "metadata": {"name": "web", "namespace": "shop", "annotations": {"a": "x" * 262144}}}
    assert "annotations: the annotations take 262145 bytes: at most 262144" in _lines(noted)
    assert "config-data: the data takes 1048577 bytes: at most 1048576" in _lines(
        {**small, "data": {"a": "x" * 1048577}}
    )
    kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "web"}}
    stored = {**kind, "spec": {"names": ["x" * 1000] * 1600}}
    assert "object-size: the object takes 1604919 bytes: the API server stores at most 1572864; split it" in _lines(
        stored
    )


def _lines(data: Mapping[str, object]) -> list[str]:
    return [f"{each.rule}: {each.message}" for each in check(Scene((Manifest("object.yaml", {**data}),)))]


_QUERIED = ("analysis-queries", "keda-queries")


def test_without_its_parser_no_query_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "promql_parser", None)
    found = [one for path in fixtures() if path.parent.name in _QUERIED for one in check(read(path).scene)]
    assert {one.severity for one in found} == {"note"}
    assert {one.message.partition(":")[0] for one in found} == {"Prometheus queries were not looked at"}
