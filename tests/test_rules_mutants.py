"""Rules never raise, whatever a patch that the schemas let through has done to the manifests."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.manifest import Manifest
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.rules import MANIFEST_RULES, Scene, check, check_resources, claims, fleet
from renderer.rules.index import ByKind, Index, Pods
from renderer.rules.known_pods import KnownPods
from renderer.scaler import SCHEMALESS
from renderer.schema import Schemas
from tests.support.rules import all_findings, fixtures, read

SCENES = [read(path).scene for path in fixtures()]
SCHEMAS = Schemas(Versions(), read_schema)
# The pipeline checks the types of a ScaledObject's fields.
UNCHECKED = [
    (scene, index)
    for scene in SCENES
    for index, manifest in enumerate((*scene.manifests, *scene.resources))
    if SCHEMAS.foreign(manifest.data) and manifest.kind != SCHEMALESS
]
KNOWN = KnownPods()
STRINGS = st.sampled_from(
    ["", "web", "a.b", "*", "10%", "{{args.x}}", "http", "x" * 70, "1h", "(", "mesh", "shop/web", "a\nb"]
)
NUMBERS = st.integers(-1, 101) | st.sampled_from([70000, 10**9])
Place = tuple[Any, Any]  # a container of plain data, and a key or position in it

_KEPT = {"apiVersion", "kind", "metadata", "spec", "name"}  # required everywhere: a schema would have refused it


def places(value: Any) -> list[Place]:
    """Every entry of plain data, but those that each schema requires."""
    found: list[Place] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key not in _KEPT:
            found.append((value, key))
        found += places(item)
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Scene:
    """A fixture with up to four entries removed, emptied, doubled, or given another value of the same type."""
    scene = draw(st.sampled_from(SCENES))
    manifests = [Manifest(m.file, copy.deepcopy(m.data)) for m in scene.manifests]
    for _ in range(draw(st.integers(1, 4))):
        holder, key = draw(st.sampled_from([place for m in manifests for place in places(m.data)] or [({"": 1}, "")]))
        mutate(draw, holder, key)
    return Scene(tuple(manifests), scene.resources, kubernetes=scene.kubernetes, external=scene.external)


def mutate(draw: st.DrawFn, holder: Any, key: Any) -> None:
    value = holder[key]
    if draw(st.booleans()):
        del holder[key]
    elif isinstance(value, bool):
        holder[key] = not value
    elif isinstance(value, int):
        holder[key] = draw(NUMBERS)
    elif isinstance(value, str):
        holder[key] = draw(STRINGS)
    elif isinstance(value, list):
        holder[key] = draw(st.sampled_from([[], [*value, *copy.deepcopy(value)], value[::-1]]))
    elif isinstance(value, dict):
        holder[key] = {}


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_rules_never_raise_and_none_is_left_out_that_finds_something(scene: Scene) -> None:
    found = check(scene, KNOWN)
    assert found == all_findings(scene)
    for finding in found:
        assert finding.message
        assert finding.message.isprintable()
        assert finding.rule in MANIFEST_RULES


@st.composite
def mistyped(draw: st.DrawFn) -> Scene:
    """A fixture with an object that no schema checks, where one value has another type."""
    scene, index = draw(st.sampled_from(UNCHECKED))
    manifests = [*scene.manifests, *scene.resources]
    data = copy.deepcopy(manifests[index].data)
    holder, key = draw(st.sampled_from([(data, "spec"), *places({"": data.get("spec")})[1:]]))
    holder[key] = draw(st.sampled_from([None, "", "a", 0, -1, 1.5, True, [], {}, [None], [1], [{}], {"a": None}]))
    manifests[index] = Manifest(manifests[index].file, data)
    own = len(scene.manifests)
    return Scene(tuple(manifests[:own]), tuple(manifests[own:]), kubernetes=scene.kubernetes, external=scene.external)


@settings(max_examples=600, deadline=None)
@given(mistyped())
def test_rules_never_raise_on_what_no_schema_checks(scene: Scene) -> None:
    check(scene)
    check_resources(Scene((*scene.manifests, *scene.resources)))


@settings(max_examples=100, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=3))
def test_claims_never_raise(scenes: list[Scene]) -> None:
    pairs = [(f"app-{n}", claim) for n, scene in enumerate(scenes) for claim in claims(scene.manifests, f"app-{n}")]
    assert fleet(pairs) == fleet(reversed(pairs))


def test_a_scene_without_anything_has_an_index() -> None:
    assert Scene(()).index == Index(ByKind(), Pods(), Pods(), [], [], mesh=False)
