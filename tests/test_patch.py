"""Patches by their fixtures, and what holds for all of them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.manifest import Manifest, Object
from renderer.patch import Patch, Target, apply, parse
from renderer.patch.keyed import merge_items
from renderer.patch.merge import strategic_merge
from renderer.patch.selector import parse_selector
from renderer.patch.values import MISSING
from tests.support.patches import Case, in_order, line, patched, read
from tests.support.patching import objects, patches

CASES = read()
SERVICE: Object = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"app": "web"}}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gives_what_is_written(case: Case) -> None:
    before = copy.deepcopy((case.manifests, case.entries))
    result, faults = patched(case.manifests, case.entries)
    assert [line(fault) for fault in faults] == case.faults
    if case.expected is not None:
        assert in_order(result) == case.expected
    assert (case.manifests, case.entries) == before, "an input was changed"


def test_every_case_promises_something() -> None:
    assert len(CASES) > 40
    for case in CASES:
        assert case.expected is not None or any(" error " in fault for fault in case.faults), case.name


def test_an_untouched_manifest_is_the_given_one() -> None:
    given_ones = [Manifest("service.yaml", SERVICE), Manifest("other.yaml", {**SERVICE, "kind": "Other"})]
    result, faults = apply(given_ones, [Patch(Target(kind="Service"), None, {"spec": {"type": "NodePort"}})])
    assert not faults
    assert result[1] is given_ones[1]
    assert result[0].file == "service.yaml"
    assert result[0].data["metadata"]["labels"] is SERVICE["metadata"]["labels"]


def test_a_failing_patch_leaves_the_manifest_and_the_others_go_on() -> None:
    listed = [
        Patch(Target(), ({"op": "remove", "path": "/spec"},), None),
        Patch(Target(), None, {"spec": {"type": "NodePort"}}),
    ]
    result, faults = apply([Manifest("s", SERVICE)], listed)
    assert [(fault.index, fault.rule) for fault in faults] == [(0, "patch-failed")]
    assert result[0].data["spec"] == {"type": "NodePort"}


def test_a_bad_target_that_was_not_parsed_is_a_fault() -> None:
    _, faults = apply([Manifest("s", SERVICE)], [Patch(Target(name="("), None, {})])
    assert [(fault.rule, fault.pointer) for fault in faults] == [("patch-target", "/target/name")]


def test_a_patch_without_a_namespace_finds_the_one_object_that_has_one() -> None:
    manifest = Manifest("s", {**SERVICE, "metadata": {"name": "web", "namespace": "shop"}})
    named = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "NodePort"}}
    result, faults = apply([manifest], [Patch(None, None, named)])
    assert not faults
    assert result[0].data["metadata"] == {"name": "web", "namespace": "shop"}


def test_index_and_source_are_passed_on() -> None:
    (found,), faults = parse({"target": {}, "patch": {"a": 1}}, "overlays/dev/overlay.yaml#/spec/patches/3", 3)
    assert found.source == "overlays/dev/overlay.yaml#/spec/patches/3"
    assert not faults
    _, faults = parse({"target": {"name": "["}, "patch": {"a": 1}}, index=3)
    assert [fault.index for fault in faults] == [3]


@pytest.mark.parametrize(
    "text",
    ["(?=a)", "(?<!a)b", "(a)\\1", "(?P=a)", "(?>a)", "a++", "a*+", "a{2}+", "[[:alpha:]]", "a\\Z", "*", "(?#a)"],
)
def test_a_pattern_that_go_does_not_know_is_refused(text: str) -> None:
    found, faults = parse({"target": {"name": text}, "patch": {"a": 1}})
    assert not found
    assert [fault.pointer for fault in faults] == ["/target/name"]


@pytest.mark.parametrize("text", ["(?P<x>a)", "(?i)WEB"])
def test_flags_and_named_groups_are_refused_in_words(text: str) -> None:
    _, faults = parse({"target": {"name": text}, "patch": {"a": 1}})
    assert [fault.message for fault in faults] == [f"{text!r}: flags and named groups are not supported here"]


def test_a_hostile_pattern_takes_linear_time() -> None:
    (patch,), _ = parse({"target": {"name": "(a|a?)+b"}, "patch": {"a": 1}})
    _, faults = apply([Manifest("web.yaml", {"kind": "Service", "metadata": {"name": "a" * 253}})], [patch])
    assert [fault.rule for fault in faults] == ["patch-unmatched"]


def test_copies_of_copies_are_refused_before_they_are_large() -> None:
    operations: list[Object] = [{"op": "copy", "from": "/spec", "path": f"/spec/x{number}"} for number in range(60)]
    found, _ = parse({"target": {"kind": "Deployment"}, "patch": operations})
    data: Object = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": {"a": 1}}
    _, faults = apply([Manifest("deployment.yaml", data)], found)
    message = "Deployment a: with this copy the patch has copied more than 100000 values"
    assert [fault.message for fault in faults] == [message]


def test_copies_over_each_other_are_counted_too() -> None:
    big = {"op": "add", "path": "/big", "value": [0] * 40_000}
    found, _ = parse({"target": {"name": "a"}, "patch": [big, *[{"op": "copy", "from": "/big", "path": "/b"}] * 3]})
    _, faults = apply([Manifest("a.yaml", {"kind": "Service", "metadata": {"name": "a"}})], found)
    assert [fault.pointer for fault in faults] == ["/patch/3/from"]


def test_a_long_list_that_goes_by_two_keys_is_refused() -> None:
    ports = [{"containerPort": number, **({"protocol": "TCP"} if number % 2 else {})} for number in range(1, 502)]
    pod: Object = {"containers": [{"name": "a", "ports": ports}]}
    data: Object = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}
    manifest = Manifest("a.yaml", {**data, "spec": {"template": {"spec": pod}}})
    found, _ = parse({"target": {"kind": "Deployment"}, "patch": {"metadata": {"labels": {"x": "y"}}}})
    _, faults = apply([manifest], found)
    assert [fault.message.partition(": ")[2] for fault in faults] == [
        "a list of more than 500 items with two keys is not merged"
    ]


@pytest.mark.parametrize("text", ["a.*", "(?:a|b)+", "\\w+", "\\\\+", "a+?", "[a-z]{1,3}"])
def test_a_pattern_that_both_know_is_taken(text: str) -> None:
    assert not parse({"target": {"name": text}, "patch": {"a": 1}})[1]


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a == b , c!=d", {"a": "b"}, True),
        ("a=", {"a": ""}, True),
        ("a", {"a": "x"}, True),
        ("!a", {"a": "x"}, False),
        ("a in (x,y)", {"a": "y"}, True),
        ("a notin (x, y)", {}, True),
        ("a in ()", {"a": ""}, True),
        ("in in (in)", {"in": "in"}, True),
        ("example.com/n > 3", {"example.com/n": "4"}, True),
        ("n<3", {"n": "3"}, False),
        ("n<3", {"n": "x"}, False),
    ],
)
def test_selectors(text: str, labels: dict[str, str], holds: bool) -> None:
    requirements = parse_selector(text)
    assert not isinstance(requirements, str), requirements
    assert all(requirement.holds(labels) for requirement in requirements) == holds


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "a=b,",
        ",a",
        "a in",
        "a in x",
        "!a=b",
        "a>x",
        "-a",
        "a=b=c",
        "a=(b)",
        "UP.example/a",
        "a=-",
        "a,,b",
        "ain(x)",
    ],
)
def test_selectors_that_cannot_be_read(text: str) -> None:
    assert isinstance(parse_selector(text), str)


@pytest.mark.parametrize("text", ["a{}b", "!{}", "a={}b c", "a in (x){}y", "a{}", "{}a{},"])
def test_blanks_in_a_selector_take_linear_time(text: str) -> None:
    found, wide = (parse_selector(text.replace("{}", " " * count)) for count in (1, 400_000))
    assert isinstance(wide, str) == isinstance(found, str)


def test_a_selector_of_many_requirements_takes_linear_time() -> None:
    assert len(parse_selector("a," * 200_000 + "a ")) == 200_001


@given(objects(), st.lists(patches(), min_size=1, max_size=3))
def test_no_input_is_changed(manifest: Object, changes: list[Object]) -> None:
    before = copy.deepcopy((manifest, changes))
    patched([manifest], [{"target": {}, "patch": change} for change in changes])
    assert (manifest, changes) == before


@given(objects(), st.lists(patches(), min_size=1, max_size=3))
def test_what_stands_needs_no_walk(manifest: Object, changes: list[Object]) -> None:
    """Walked or not, the result and the notes are the same; some lists of these objects have the same key twice."""
    entries = [{"target": {}, "patch": change} for change in changes]
    found = patched([manifest], entries)
    with pytest.MonkeyPatch.context() as plain:
        plain.setattr("renderer.patch.merge._stands", lambda _value, _field: False)
        assert patched([manifest], entries) == found


@given(objects())
def test_an_empty_patch_changes_nothing(manifest: Object) -> None:
    assert strategic_merge(manifest, {}, []) == manifest


@given(st.lists(st.sampled_from("abcd"), unique=True), st.lists(st.sampled_from("abcd"), unique=True))
def test_the_patch_comes_first_and_nothing_is_lost(old: list[str], new: list[str]) -> None:
    def merge(left: object, right: object) -> object:
        return left if right is MISSING else right

    merged = merge_items([{"name": n} for n in old], [{"name": n} for n in new], ("name",), merge, "", [])
    assert [item["name"] for item in merged] == [*new, *(n for n in old if n not in new)]
