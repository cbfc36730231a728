"""The lab's own arithmetic: what it makes of watched objects, and what it calls a violation."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.release import switches, verbs
from renderer.release.fold import ABSENT
from tests.engines.imports import AT_LEAST, LEFT_OUT, SOURCES, source_of
from tests.engines.invariants import astray, judged, silent
from tests.engines.objects import manifests
from tests.engines.play import Played, Recording, Request, rests, unowned, waves
from tests.engines.project import APP, merge
from tests.engines.scenario import Scenario, allowances, edit, scenarios
from tests.engines.soak import releases
from tests.engines.timeline import HASH, routes, state
from tests.engines.violation import stretches

Object = dict[str, Any]


def pod(name: str, version: str, revision: str, ready: bool = True, ends: bool = False) -> Object:
    labels = {"app.kubernetes.io/name": "web", "version": version, HASH: revision}
    meta: Object = {"name": name, "labels": labels, **({"deletionTimestamp": "now"} if ends else {})}
    return {"metadata": meta, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def replica_set(revision: str, version: str) -> Object:
    template = {"metadata": {"labels": {"version": version}}}
    return {"metadata": {"name": revision, "labels": {HASH: revision}}, "spec": {"template": template}}


def cluster(weights: tuple[int, int], pods: list[Object]) -> dict[str, dict[str, Object]]:
    made = {thing["kind"]: thing for thing in manifests("ns", {}) if thing["kind"] != "Rollout"}
    for destination, weight in zip(made["VirtualService"]["spec"]["http"][0]["route"], weights, strict=True):
        destination["weight"] = weight
    for subset, revision in zip(made["DestinationRule"]["spec"]["subsets"], ("a", "b"), strict=True):
        subset["labels"] = {**subset["labels"], HASH: revision}
    objects = {kind: {"web": thing} for kind, thing in made.items()}
    sets = {"a": replica_set("a", "v1"), "b": replica_set("b", "v2")}
    return {**objects, "ReplicaSet": sets, "Pod": {p["metadata"]["name"]: p for p in pods}}


def test_a_share_is_the_weight_of_the_version_behind_the_subset() -> None:
    point = state(cluster((80, 20), [pod("1", "v1", "a"), pod("2", "v2", "b")]), "web")
    assert point.share == {"v1": 80, "v2": 20}
    assert (point.serving, point.behind) == (2, 1)


def test_a_destination_with_traffic_and_no_ready_pod_shows() -> None:
    point = state(cluster((80, 20), [pod("1", "v1", "a"), pod("2", "v2", "b", ends=True)]), "web")
    assert (point.share, point.behind, point.pods) == ({"v1": 80, "v2": 20}, 0, {"v1": 1})


def test_without_routes_a_share_is_the_ratio_of_ready_pods() -> None:
    objects = cluster(
        (100, 0), [pod("1", "v1", "a"), pod("2", "v1", "a"), pod("3", "v2", "b"), pod("4", "v2", "b", False)]
    )
    del objects["VirtualService"]
    assert state(objects, "web").share == {"v1": 66.7, "v2": 33.3}


def test_a_single_destination_has_all_the_traffic() -> None:
    assert routes({"spec": {"http": [{"route": [{"destination": {"host": "web"}}]}]}}) == [(None, 100)]


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        ([20, 20, 50], False),
        ([20, 0], True),
        ([20, 50, 20], True),
        ([0, 0], False),
        ([0, 50, 0], True),
        ([20, 60], True),
    ],
)
def test_a_share_on_its_way_to_50_never_goes_back_nor_beyond(seen: list[float], wrong: bool) -> None:
    assert astray(seen, 50, 0, False) is wrong


def test_the_stable_version_may_have_all_the_traffic_between_two_canaries() -> None:
    assert not astray([50, 100], 80, 0, True)
    assert astray([50, 100, 50], 80, 0, True)


def test_a_stretch_that_does_not_end_lasts_until_the_end() -> None:
    assert stretches([(1, True), (2, False), (3, True), (4, True)], 6) == [1, 3]


def test_silence_counts_only_while_requests_are_sent() -> None:
    sent = [2 + number / 100 for number in range(100)]
    assert silent([1.5, 4.0], sent, 1, 4.5) == [2.5]
    assert silent([1.5, 4.0], [], 1, 4.5) == []


def test_manifests_are_applied_in_the_order_of_their_waves() -> None:
    def made(name: str, wave: str | None) -> Object:
        marks = {} if wave is None else {"argocd.argoproj.io/sync-wave": wave}
        return {"kind": "X", "metadata": {"name": name, "annotations": marks}}

    found = waves([made("a", None), made("b", "-1"), made("c", "-2"), made("d", None)])
    assert [[thing["metadata"]["name"] for thing in wave] for wave in found] == [["c"], ["b"], ["a", "d"]]


def test_what_rollouts_writes_is_no_difference() -> None:
    routes = "diff -u -N a/networking.istio.io.v1.VirtualService.ns.web b\n--- a\n+++ b\n-      weight: 80\n"
    other = "diff -u -N a/argoproj.io.v1alpha1.Rollout.ns.web b\n-  generation: 4\n-    resources: {}\n context\n"
    assert unowned(f"{routes}{other}+  replicas: 4\n-        weight: 50") == ["+  replicas: 4", "-        weight: 50"]


@pytest.mark.parametrize(("index", "still"), [(1, False), (3, True), (5, True), (7, False), (8, True)])
def test_a_rollout_does_not_rest_in_a_pause_that_ends_by_itself(index: int, still: bool) -> None:
    pauses: list[Object] = [{"duration": "2s"}, {}, {"duration": "1h"}, {"duration": 20}]
    steps = [step for pause in pauses for step in ({"setWeight": 20}, {"pause": pause})]
    status = {"phase": "Paused", "currentStepIndex": index, "observedGeneration": "3"}
    rollout = {"kind": "Rollout", "metadata": {"generation": 3}, "status": status}
    assert rests({**rollout, "spec": {"strategy": {"canary": {"steps": steps}}}}) is still


def test_keys_of_an_edit_that_are_not_its_own_are_facts_of_the_manifests() -> None:
    found = edit(1, {"title": "x", "version": "v2", "steps": [20, "pause"], "wait": 3})
    assert (found.facts, found.wait) == ({"version": "v2", "steps": [20, "pause"]}, 3)


@pytest.mark.parametrize("seed", range(1, 31))
def test_no_random_release_asks_for_what_is_refused(seed: int) -> None:
    for scenario in releases(100, seed):
        spec = merge(APP, scenario.spec or {})
        for each in scenario.edits:
            if each.app:
                assert merge(spec, each.app) != spec, scenario.name
                spec = merge(spec, each.app)
            if each.verb:
                spec = after(spec, each.verb.split())


def after(spec: Object, words: list[str]) -> Object:
    """The effective spec after one of the verbs of a random release."""
    verb, *given = words
    options = dict(zip(given[1::2], given[2::2], strict=True)) if verb == "release" else {}
    weight = None if "--weight" not in options else int(options["--weight"])
    match verb:
        case "release":
            overrides = {"env": {"READY_AFTER": "never"}} if "--set" in options else None
            wanted = verbs.release(spec, given[0], version=options["--version"], weight=weight, overrides=overrides)
        case "switch" if given == ["--continue"]:
            wanted = switches.go_on(spec)
        case "switch":
            router = given[3] if "--router" in given else None
            wanted = switches.switch(spec, given[1], router, one_commit="--one-commit" in given)
        case "weight":
            wanted = verbs.weight(spec, int(given[0]))
        case _:
            wanted = getattr(verbs, verb)(spec)
    assert isinstance(wanted, dict), (words, wanted)
    return {key: value for key, value in {**spec, **wanted}.items() if value is not ABSENT}


def test_the_same_seed_gives_the_same_releases() -> None:
    assert releases(20, 3) == releases(20, 3)
    assert releases(20, 3) != releases(20, 4)


@pytest.mark.parametrize(
    ("allow", "lost", "why"),
    [
        ({"most": 2, "reason": "a race"}, 2, "at most 2, a race"),
        ({"most": 2, "longest": 0.5, "reason": "a race"}, 1, "at most 2, for 0.5 s at most, a race"),
        ({"most": 2, "reason": "a race"}, 3, ""),
        ({"longest": 0.5, "reason": "a race"}, 9, ""),
    ],
)
def test_a_lost_request_is_allowed_up_to_a_bound_and_told_with_its_reason(allow: Any, lost: int, why: str) -> None:
    requests = [Request(10 + second, 503, "", "", 1, "no healthy upstream") for second in range(lost)]
    bound = {"requests": allow}
    for here, anywhere in ((bound, {}), ({}, bound)):
        played = Played(edit(0, {"title": "switch", "allow": here}), 10, 20, [], [], settled=True)
        scenario = Scenario("race", "A race", {}, [played.edit], may=allowances(anywhere))
        recording = Recording(scenario, "1.10.2", [played], requests=requests)
        violations, excused = judged(recording)
        assert [reason for _, reason in excused] == ([why] if why else [])
        assert [violation.times for violation in violations] == ([] if why else [lost])


def test_who_kills_the_controller_does_not_do_so_beside_the_others() -> None:
    """A scenario that says neither would be a fault of all that run beside it."""
    stops = ("controller-down", "controller-restart", "api-server-restart")
    unsaid = [
        scenario.name
        for scenario in scenarios().values()
        if any(each.event in stops for each in scenario.edits) and not (scenario.alone or scenario.kills)
    ]
    assert unsaid == []


def test_the_lab_reads_each_source_that_it_takes_over() -> None:
    """A source may have what PyYAML's own scanner refuses, and `kubectl` does not: a tab after a colon."""
    folders = [folder for folder in sorted(SOURCES.glob("*/source*")) if folder.parent.name not in LEFT_OUT]
    assert len(folders) >= AT_LEAST
    for folder in folders:
        assert all(each["kind"] for each in source_of(folder, "lab")), folder
