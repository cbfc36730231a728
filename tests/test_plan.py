"""The classifier: every state by every verb, every kind of path by every state, and what wins."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from renderer.manifest import Manifest
from renderer.plan import (
    CLASSES,
    AppPlan,
    Plan,
    Side,
    at_least,
    classify,
    plan_resources,
    without_simulation,
)
from renderer.plan.outlook import outlook
from renderer.plan.simulated import plan
from renderer.problem import errors
from renderer.release.outcome import Refusal
from renderer.report.plan import FORMATS, plan_text
from tests.support.plans import ISTIO, Spec, after, side, spec
from tests.support.verb_table import STATES, VERBS

ORDER = list(CLASSES)
WRITTEN = "nothing metadata scale traffic canary-start canary-step promote abort restart migrate disruptive"


def _changed(state: str, verb: str) -> tuple[Spec, Spec] | None:
    """The effective spec before and after a verb; None where the verb does not fit."""
    before = spec(**STATES[state])
    outcome = VERBS[verb](before)
    return None if isinstance(outcome, Refusal) else (before, after(before, outcome))


def _planned(state: str, verb: str) -> AppPlan | None:
    found = _changed(state, verb)
    return without_simulation(side(found[0]), side(found[1])) if found else None


def _expected(state: str, verb: str) -> str:
    """What each verb promises, by the strategy of the state."""
    word = verb.split()[0]
    if (state, verb) == ("ladder-by-itself-canary", "promote"):
        return "nothing"  # the ladder has finished by itself: Git catches up
    if word in ("release", "retry", "restart", "undo") and state == "recreate":
        return "disruptive"
    if verb == "undo --weight 20":
        return "canary-start"
    if verb == "undo --redo":
        return "replace"
    if word == "release" or (word == "retry" and "canary" not in STATES[state]):
        kind = STATES[state].get("strategy", {}).get("type", "RollingUpdate")
        return {"Canary": "canary-start", "BlueGreen": "preview-start"}.get(kind, "replace")
    if verb.endswith("--one-commit") and STATES[state].get("strategy", {}).get("type") == "Canary":
        return "disruptive"  # only where Argo CD prunes last
    return {
        "weight": "canary-step",
        "retry": "canary-step",
        "promote": "promote",
        "abort": "abort",
        "undo": "undo",
        "restart": "restart",
        "pause": "hold",
        "resume": "hold",
        "switch": "migrate",
    }[word]


@pytest.mark.parametrize("state", STATES)
def test_every_verb_in_every_state_has_its_class(state: str) -> None:
    found = {verb: plan for verb in VERBS if (plan := _planned(state, verb)) is not None}
    assert found, "a state that no verb fits is none"
    assert {verb: plan.class_ for verb, plan in found.items()} == {verb: _expected(state, verb) for verb in found}
    assert [verb for verb, plan in found.items() if plan.class_ != "nothing" and not plan.paths] == []


@pytest.mark.parametrize("state", STATES)
def test_no_verb_makes_an_error_of_transition(state: str) -> None:
    """But for a revision that is not live, one commit without Argo CD, and what waits for `resume`."""
    for verb in VERBS:
        found = _planned(state, verb)
        if found is not None and "--live" not in verb and "--one-commit" not in verb:
            assert errors(found.problems) == [], verb
            asked_for = {"--replace": {"third-version"}, "--redo": {"without-canary"}}.get(verb.split()[-1], set())
            said = {problem.rule for problem in found.problems if problem.severity != "note"}
            assert said <= {"changed-while-paused", *asked_for}, verb


def test_one_commit_is_enough_where_argo_cd_prunes_last() -> None:
    before, behind = _changed("istio", "switch --to RollingUpdate --one-commit") or ({}, {})
    project = {"argocd": {"kind": "Application"}}
    found = plan(side(before, project=project), side(behind, project=project))
    assert (found.class_, found.problems) == ("migrate", ())
    assert found.summary
    assert found.summary.lowest_ready == 4
    assert found.summary.flags == ()


@pytest.mark.parametrize("state", STATES)
def test_the_same_on_both_sides_is_nothing(state: str) -> None:
    one = side(spec(**STATES[state]))
    found = plan(one, side(spec(**STATES[state])))
    assert found == AppPlan("web", "production", ())
    assert found.class_ == "nothing"
    assert found.reason
    assert found.paths == ()


# kind of path -> edit of the effective spec, and the class of it in a state where nothing else happens
EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "scale": ({"replicas": 6}, "scale"),
    "traffic of a Service": ({"service": {"sessionAffinity": "ClientIP"}}, "traffic"),
    "metadata of a Service account": ({"serviceAccount": {"labels": {"a": "b"}}}, "create"),
    "behaviour": ({"strategy.revisionHistoryLimit": 3}, "behaviour"),
    "a budget": ({"disruptionBudget": {"maxUnavailable": 1}}, "behaviour"),
    "identity": ({"selector": {"app": "web"}}, "disruptive"),
    "an address": ({"service": {"clusterIP": "10.0.0.9"}}, "disruptive"),
    "the namespace": ({"namespace": "other"}, "disruptive"),
    "the template": ({"env": {"LOG": "trace"}}, "replace"),
    "a probe": ({"readinessProbe": {"httpGet": {"path": "/", "port": "http"}}}, "replace"),
    "files": ({"files": {"/etc/a": "b"}}, "replace"),
    "the pod": ({"pod": {"terminationGracePeriodSeconds": 60}}, "replace"),
    "a mark of a restart": ({"restartedAt": "2026-01-01T00:00:00Z"}, "restart"),
    "none": ({"previous": {"tag": "1.4.0"}}, "nothing"),
}
_IDENTITY = {"identity": {"identity-changed"}, "the namespace": {"identity-changed"}}
IDLE = ("rolling", "replica", "istio", "istio-promoted", "istio-aborted", "bluegreen", "ladder")
IN_FLIGHT = ("istio-canary", "istio-raised", "istio-dark", "replica-canary", "ladder-canary", "bluegreen-preview")


def _edited(state: str, edit: dict[str, Any]) -> tuple[Spec, Spec]:
    before = spec(**STATES[state])
    behind = dict(before)
    for key, value in edit.items():
        head, _, rest = key.partition(".")
        behind[head] = {**behind.get(head, {}), rest: value} if rest else value
    return before, behind


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.parametrize("state", IDLE)
def test_every_kind_of_path_where_nothing_is_in_flight(state: str, kind: str) -> None:
    edit, expected = EDITS[kind]
    if state == "istio-promoted" and kind == "none":
        return  # `previous.weight` is part of the step list
    found = without_simulation(*map(side, _edited(state, edit)))
    if kind == "metadata of a Service account":
        expected = "replace"  # pods name it
    assert found.class_ == expected


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.parametrize("state", IN_FLIGHT)
def test_every_kind_of_path_under_a_release_in_flight(state: str, kind: str) -> None:
    """A changed template is another version in flight, and the stable one changes with it: an error."""
    edit, expected = EDITS[kind]
    found = without_simulation(*map(side, _edited(state, edit)))
    templates = ("replace", "create")
    start = "preview-start" if "preview" in state else "canary-start"
    assert found.class_ == (start if expected in templates else expected)
    rules = {problem.rule for problem in found.problems}
    assert rules - {"from-of-another"} == (
        {"stable-in-flight"} if expected in templates else _IDENTITY.get(kind, set())
    )


def test_the_harshest_wins_and_names_its_paths() -> None:
    before = spec(**STATES["istio"])
    behind = {**before, "replicas": 6, "selector": {"app": "web"}, "strategy": {**before["strategy"], "maxSurge": 1}}
    found = without_simulation(side(before), side(behind))
    assert found.class_ == "disruptive"
    assert [path.pointer for path in found.paths] == ["/spec/selector"]
    classes = [effect.class_ for effect in found.effects]
    assert classes == sorted(classes, key=ORDER.index, reverse=True)
    assert {"disruptive", "scale", "behaviour"} <= set(classes)


def test_a_release_with_another_edit_keeps_both() -> None:
    before = spec(**STATES["istio"])
    behind = {**before, "canary": {"tag": "1.5.0", "weight": 20}, "replicas": 6}
    found = without_simulation(side(before), side(behind))
    assert [effect.class_ for effect in found.effects] == ["canary-start", "scale"]
    assert "/spec/replicas" not in {path.pointer for path in found.paths}


def test_an_edit_that_changes_no_manifest_is_nothing() -> None:
    before = spec(env={"A": 1})
    assert without_simulation(side(before), side({**before, "env": {"A": "1"}})).class_ == "nothing"


def test_the_order_of_env_is_part_of_the_template() -> None:
    one, other = spec(env={"A": "1", "B": "2"}), spec(env={"B": "2", "A": "1"})
    found = without_simulation(side(one), side(other))
    assert found.class_ == "replace"
    assert [path.pointer for path in found.paths] == ["/spec/env"]


def test_no_pod_left_is_disruptive() -> None:
    assert without_simulation(side(spec()), side(spec(replicas=0))).class_ == "disruptive"
    assert without_simulation(side(spec(ports=[])), side(spec(ports=[], replicas=0))).class_ == "scale"


def test_autoscaling_switched_on_is_disruptive_and_off_is_not() -> None:
    scaled = spec(replicas=None, autoscaling={"minReplicas": 3, "maxReplicas": 9})
    assert without_simulation(side(spec()), side(scaled)).class_ == "disruptive"
    assert without_simulation(side(scaled), side(spec())).class_ == "scale"


def test_a_service_that_goes_is_disruptive() -> None:
    found = without_simulation(side(spec()), side(spec(ports=[])))
    assert found.class_ == "disruptive"
    assert found.paths[0].document == "service.yaml"


def test_a_new_app_and_one_that_goes() -> None:
    one = side(spec())
    new, gone = plan(None, one), plan(one, None)
    assert (new.class_, gone.class_) == ("create", "disruptive")
    assert plan(side(spec(ports=[])), None).class_ == "remove"
    assert new.summary
    assert new.summary.ready_after == 4
    assert gone.summary
    assert gone.summary.ready_after == 0
    with pytest.raises(ValueError, match="neither side"):
        plan(None, None)


def test_overlay_paths_that_no_manifest_shows() -> None:
    """Another cluster is another place for every object, though no manifest says so."""
    before, behind = (side(spec(), overlay={"cluster": {"name": name}}) for name in ("one", "two"))
    found = without_simulation(before, behind)
    assert found.class_ == "disruptive"
    assert [(path.document, path.pointer) for path in found.paths] == [("Overlay", "/spec/cluster/name")]
    assert without_simulation(side(spec()), side(spec(), overlay={"policy": {"digests": True}})).class_ == "nothing"


def _patched(one: Side, kind: str, *keys: str, value: Any) -> Side:
    """The side as a patch of the overlay would make it."""

    def patch(manifest: Manifest) -> Manifest:
        if manifest.kind != kind:
            return manifest
        return Manifest(manifest.file, _put(manifest.data, keys, value))

    return replace(one, manifests=tuple(map(patch, one.manifests)), stable=tuple(map(patch, one.stable)))


def _put(data: dict[str, Any], keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    inner = _put(data.get(keys[0], {}), keys[1:], value) if len(keys) > 1 else value
    return {**data, keys[0]: inner}


@pytest.mark.parametrize(
    ("kind", "keys", "expected"),
    [
        ("Rollout", ("spec", "template", "spec", "priorityClassName"), "replace"),
        ("Rollout", ("spec", "template", "metadata", "annotations"), "replace"),
        ("Rollout", ("spec", "minReadySeconds"), "behaviour"),
        ("Rollout", ("spec", "replicas"), "scale"),
        ("Rollout", ("spec", "workloadRef"), "disruptive"),
        ("Rollout", ("spec", "paused"), "hold"),
        ("Rollout", ("spec", "strategy", "canary", "steps"), "behaviour"),
        ("Rollout", ("metadata", "annotations"), "metadata"),
        ("Service", ("spec", "type"), "traffic"),
        ("Service", ("spec", "selector"), "disruptive"),
        ("Service", ("metadata", "annotations"), "traffic"),
        ("VirtualService", ("spec", "hosts"), "traffic"),
        ("DestinationRule", ("spec", "trafficPolicy"), "traffic"),
        ("DestinationRule", ("status",), "disruptive"),
    ],
)
def test_what_a_patch_changes_is_judged_in_the_manifests(kind: str, keys: tuple[str, ...], expected: str) -> None:
    one = side(spec(**STATES["istio"]))
    value = [{"setWeight": 7}] if keys[-1] == "steps" else {"a": "b"}
    found = without_simulation(one, _patched(one, kind, *keys, value=value))
    assert found.class_ == expected


def test_a_patch_of_the_template_is_no_canary_even_with_one_in_the_same_change() -> None:
    before = side(spec(**STATES["istio"]))
    behind = _patched(
        side(spec(**{**STATES["istio"], "canary": {"tag": "1.5.0", "weight": 20}})),
        "Rollout", "spec", "template", "spec", "priorityClassName", value="high",
    )  # fmt: skip
    found = without_simulation(before, behind)
    assert found.class_ == "canary-start"
    assert [problem.rule for problem in found.problems] == ["stable-in-flight"]


def test_plain_manifests_of_an_environment() -> None:
    quota = Manifest("quota.yaml", {"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": 9}}})
    more = Manifest("quota.yaml", {**quota.data, "spec": {"hard": {"pods": 8}}})
    crd = Manifest("x.yaml", {"kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": 1}})
    other = Manifest("x.yaml", {**crd.data, "spec": {"a": 2}})
    assert plan_resources("production", (quota,), (quota,)).class_ == "nothing"
    assert plan_resources("production", (quota,), (more,)).class_ == "scale"
    assert plan_resources("production", (), (crd,)).class_ == "create"
    assert plan_resources("production", (crd,), ()).class_ == "remove"
    assert plan_resources("production", (crd,), (other,)).class_ == "disruptive"


def test_classes_are_ordered_as_the_documentation_says() -> None:
    assert ORDER[0] == "nothing"
    assert ORDER[-1] == "disruptive"
    assert [name for name in ORDER if name in WRITTEN.split()] == WRITTEN.split()
    assert at_least("replace", "restart")
    assert not at_least("scale", "traffic")
    assert all(re.fullmatch("[a-z-]+", name) and words for name, words in CLASSES.items())


# What the engines were measured to do (docs/engines.md), as the plan of the change shows it.


def test_a_naive_raise_shows_the_dip() -> None:
    before = spec(**STATES["istio-canary"])
    found = plan(side(before), side({**before, "canary": {"tag": "1.5.0", "weight": 50}}))
    assert found.summary
    assert [flag.type for flag in found.summary.flags] == ["dip"]
    track = next(track for track in found.summary.tracks if track.version == "1.5.0")
    assert (track.before, track.lowest, track.after) == (20, 0, 50)


MANY = 2_000_000_000
HELD = [{"setCanaryScale": {"replicas": MANY}}, {"pause": {}}]


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"replicas": MANY}, {"tag": "1.5.0"}),
        ({"autoscaling": {"minReplicas": MANY, "maxReplicas": MANY}, "replicas": None}, {"tag": "1.5.0"}),
        (
            {"strategy": {"type": "RollingUpdate", "maxSurge": 1, "maxUnavailable": 0}, "replicas": 5_000},
            {"tag": "1.5.0"},
        ),
        ({"strategy": {"type": "BlueGreen", "previewReplicaCount": MANY}}, {"preview": {"tag": "1.5.0"}}),
        ({"strategy": {**ISTIO, "steps": HELD}}, {"canary": {"tag": "1.5.0"}}),
    ],
)
def test_more_pods_than_can_be_played_are_told_in_words(before: Spec, change: Spec) -> None:
    sides = side(spec(**before)), side(spec(**{**before, **change}))
    found = plan(*sides)
    why = "it has too many pods, or moves them in too many steps"
    assert found == replace(without_simulation(*sides), not_simulated=why)
    text, markdown, data = (plan_text(Plan("a", "b", (found,)), form) for form in FORMATS)
    assert f"not simulated: {why}" in text
    assert f"\n- web in production, not simulated: {why}\n" in markdown
    assert json.loads(data)["apps"][0]["notSimulated"] == why


def test_a_large_app_is_played() -> None:
    found = plan(side(spec(replicas=10_000)), side(spec(replicas=10_000, tag="1.6.0")))
    assert found.summary
    assert found.summary.highest_pods == 12_500
    assert not found.not_simulated


def test_a_raise_by_the_verb_has_no_flag() -> None:
    before, behind = _changed("istio-canary", "weight 60") or ({}, {})
    summary, _ = outlook(side(before), side(behind))
    assert summary.flags == ()
    track = next(track for track in summary.tracks if track.version == "1.5.0")
    assert (track.before, track.lowest, track.highest, track.after) == (20, 20, 60, 60)
    assert (summary.ready_before, summary.lowest_ready, summary.highest_pods) == (5, 5, 7)


def test_an_undo_keeps_every_pod_ready() -> None:
    before, behind = _changed("istio-promoted", "undo") or ({}, {})
    summary, _ = outlook(side(before), side(behind))
    assert summary.lowest_ready >= 4
    assert summary.highest_pods == 8


def test_recreate_shows_the_moment_without_a_pod() -> None:
    before, behind = _changed("recreate", "release 1.6.0") or ({}, {})
    summary, _ = outlook(side(before), side(behind))
    assert summary.lowest_ready == 0
    assert [flag.type for flag in summary.flags] == ["unready"]


def test_a_reverted_promote_shows_that_nothing_moves() -> None:
    before = spec(**STATES["istio-canary"])
    promoted = after(before, dict(VERBS["promote"](before)))  # type: ignore[arg-type]
    found = plan(side(promoted), side(before))
    assert found.class_ == "disruptive"
    assert found.summary
    assert all(track.before == track.after for track in found.summary.tracks)


def test_effects_of_a_side_without_change_are_empty() -> None:
    one = side(spec())
    assert classify(one, one) == ()
