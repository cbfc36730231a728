"""Documents against schemas: every case is a file, and what must hold for all of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from renderer.patch.merge_keys import merge_keys
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Fault, Schemas
from renderer.schema.checker import Checker
from renderer.schema.kind_names import KINDS
from renderer.schema.patterns import pattern_words
from renderer.schema.scope import CLUSTER_SCOPED, scope
from tests.support.schema_cases import CASES, OURS, SCHEMAS, by_own_schema, judge, lines, load, names, partial

ROOT = Path(__file__).parents[1]
RULES = {
    *("unknown-field", "missing-field", "wrong-type", "not-allowed-value", "bad-format", "out-of-range", "too-many"),
    *("too-few", "conflict", "null-value", "unknown-kind"),
}


def expected(folder: str, name: str) -> list[str]:
    return (CASES / folder / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", names("err", ".yaml"))
def test_every_fault_is_told(name: str) -> None:
    valid, faults = judge(load(CASES / "err" / f"{name}.yaml"))
    assert not valid
    assert lines(faults) == expected("err", name)


@pytest.mark.parametrize("name", names("ok", ".yaml"))
def test_nothing_is_said_about_what_fits(name: str) -> None:
    assert judge(load(CASES / "ok" / f"{name}.yaml")) == (True, [])


@pytest.mark.parametrize("name", names("partial", ".yaml"))
def test_a_partial_file_lacks_nothing(name: str) -> None:
    assert lines(partial(load(CASES / "partial" / f"{name}.yaml"))) == expected("partial", name)


@pytest.mark.parametrize("name", names("words", ".json"))
def test_words_for_every_keyword(name: str) -> None:
    case = json.loads((CASES / "words" / f"{name}.json").read_text())
    assert case["faults"]
    assert lines(by_own_schema(case)) == case["faults"]


def test_no_case_is_orphaned() -> None:
    for folder in ("err", "partial"):
        assert names(folder, ".yaml") == names(folder, ".txt")
    assert {path.suffix for path in CASES.rglob("*") if path.is_file()} == {".yaml", ".txt", ".json"}


def said() -> Iterator[Fault]:
    for path in sorted((CASES / "err").glob("*.yaml")):
        yield from judge(load(path))[1]


def test_a_message_is_one_line_without_secrets_dumps_or_bare_patterns() -> None:
    for fault in said():
        assert fault.rule in RULES
        assert fault.message.isprintable()
        assert len(fault.message) < 260
        assert not re.search(r"hunter2|1234|\{'|\[\^|\(\?|\$$|is not valid under|does not match", fault.message), fault


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures" / "apps").glob("*.yaml")), ids=lambda path: path.stem)
def test_sample_apps_fit_once_merged(path: Path) -> None:
    assert SCHEMAS.explain("App", load(path), partial=True) == []


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures" / "manifests").glob("*.yaml")), ids=lambda path: path.stem)
def test_sample_manifests_fit(path: Path) -> None:
    data = load(path)
    assert SCHEMAS.known(data)
    assert SCHEMAS.manifest_valid(data)
    assert SCHEMAS.manifest_explain(data) == []


@pytest.mark.parametrize("name", OURS)
def test_a_bundle_stands_alone_and_holds_what_it_reaches(name: str) -> None:
    bundle = SCHEMAS.bundle(name)
    jsonschema.Draft7Validator.check_schema(bundle)
    used = {reference.split("/")[2] for reference in references(bundle)}
    assert used == set(bundle["definitions"])
    assert all(reference.startswith("#/definitions/") for reference in references(bundle))
    assert json.loads(json.dumps(bundle)) == bundle


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_a_bundle_holds_the_chosen_versions() -> None:
    old, new = (Schemas(Versions(kubernetes=minor), read_schema).bundle("App") for minor in ("1.34", "1.37"))
    assert old["definitions"]["kubernetes.PodSpec"] != new["definitions"]["kubernetes.PodSpec"]


@pytest.mark.parametrize("minor", ["1.34", "1.35", "1.36", "1.37"])
@pytest.mark.parametrize(("rollouts", "istio"), [("1.9", "1.30"), ("1.10", "1.31")])
def test_specs_are_judged_by_every_version_that_ships(minor: str, rollouts: str, istio: str) -> None:
    schemas = Schemas(Versions(minor, rollouts, istio), read_schema)
    data = load(CASES / "ok" / "app-canary.yaml")
    assert schemas.explain("App", data) == []
    assert schemas.explain("App", {**data, "spec": {**data["spec"], "tag": 2}}) != []


def test_a_version_that_does_not_ship_is_a_defect() -> None:
    with pytest.raises(LookupError, match=re.escape("kubernetes-1.2/definitions.json")):
        Schemas(Versions(kubernetes="1.2"), read_schema).bundle("App")


def test_manifests_are_judged_by_the_chosen_versions() -> None:
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy"}
    assert not SCHEMAS.known(policy)
    assert Schemas(Versions(kubernetes="1.37"), read_schema).known(policy)


def test_the_kinds_told_are_those_of_the_sets() -> None:
    found: dict[str, set[str]] = {}
    for path in (ROOT / "schemas").glob("*-[0-9]*/*/*_*.json"):
        fixed = json.loads(path.read_text())["properties"]
        found.setdefault(fixed["apiVersion"]["const"], set()).add(fixed["kind"]["const"])
    assert {version: set(kinds.split()) for version, kinds in KINDS.items()} == found


def test_scopes_are_those_of_kinds_that_are_there_and_agree_with_kustomize() -> None:
    known = {(version.rpartition("/")[0], kind) for version, kinds in KINDS.items() for kind in kinds.split()}
    ours = {(group, kind) for group, kinds in CLUSTER_SCOPED.items() for kind in kinds.split()}
    theirs = {(version.rpartition("/")[0], kind) for version, kind in merge_keys().cluster_scoped}
    in_a_namespace = {(version.rpartition("/")[0], kind) for version, kind in merge_keys().kinds} - theirs
    assert ours <= known
    assert theirs & known <= ours
    assert not in_a_namespace & ours
    assert {kind for _, kind in known - ours if kind.startswith("Cluster") or kind.endswith("Class")} == set()
    assert scope("", "ConfigMap") == "namespace"
    assert scope("cert-manager.io", "ClusterIssuer") == "unknown"


def test_every_pattern_of_the_schemas_has_words() -> None:
    matches = Checker({}).matches
    for path in sorted((ROOT / "schemas").glob("*/**/*.json")):
        if path.parent == ROOT / "schemas/rollspec/v1":  # made from schemas/rollspec/*.json, without our words
            continue
        for node in patterned(json.loads(path.read_text())):
            words = node.get("x-rollspec-expected") or pattern_words(node["pattern"], matches)
            assert not words.startswith("text of the form"), (path, node)


def patterned(node: object) -> Iterator[dict[str, Any]]:
    """Nodes with a pattern that refuses by not matching."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node
        for key, value in node.items():
            if key != "not":
                yield from patterned(value)
    elif isinstance(node, list):
        for item in node:
            yield from patterned(item)


VALID_PATH = """
import sys
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.project import Versions
assert "jsonschema_rs" not in sys.modules
schemas = Schemas(Versions(), read_schema)
app = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "a"}, "spec": {"image": "a/b", "tag": "1"}}
partial = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "a"},
           "spec": {"replicas": 2, "tag": None, "strategy": {"router": "istio"}, "autoscaling": {"minReplicas": 1}}}
assert schemas.valid("App", app) and schemas.explain("App", app) == []
assert schemas.explain("App", partial, partial=True) == []
service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
assert schemas.manifest_valid(service) and schemas.manifest_explain(service) == []
print(sorted({"jsonschema", "difflib", "importlib.resources", "importlib.metadata"} & set(sys.modules)))
"""


def test_jsonschema_is_not_imported_while_all_is_well() -> None:
    done = subprocess.run([sys.executable, "-c", VALID_PATH], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "/etc/passwd", "", "rollspec", "rollspec/../../README.md", "a\0b"]
)
def test_nothing_outside_the_schemas_is_read(path: str) -> None:
    assert read_schema(path) is None


def test_what_is_nested_too_deep_to_explain_is_still_told() -> None:
    deep: dict[str, Any] = {"not": 5}
    for _ in range(5000):
        deep = {"items": deep}
    definition = {"spec": {"versions": [{"schema": {"openAPIV3Schema": deep}}]}}
    manifest = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **definition}
    assert SCHEMAS.manifest_explain(manifest)


def test_patterns_take_linear_time() -> None:
    image = "a" + "-a" * 40_000 + "!"
    data = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "a"}, "spec": {"image": image, "tag": "1"}}
    assert [fault.pointer for fault in SCHEMAS.explain("App", data)] == ["/spec/image", "/spec/image"]


def test_the_schema_of_a_file_that_is_merged_with_others_is_not_one_of_our_kinds() -> None:
    schemas = Schemas(Versions(), read_schema)
    assert schemas.explain("App", {"metadata": {"name": 1}, "spec": {"tag": None, "replicas": "x"}}, partial=True)
    kinds = {"App", "Overlay", "Project"}  # the tables may be those of other tests of the same process
    assert {"App"} <= schemas._judges.keys() <= kinds
    assert {"App"} <= schemas._bundles.keys() <= kinds
    _, relaxed = schemas._relaxed["App"]
    assert relaxed.of({"spec": {}}) is relaxed.whole()
