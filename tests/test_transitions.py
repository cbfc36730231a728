"""Rules over transitions: each fails for what it is about and names what does it right; what is right passes."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import pytest

from renderer.plan import judge, without_simulation
from renderer.plan.transition import FIRST_RULES, TRANSITION_RULES
from renderer.rules.finding import Finding
from tests.support.plans import BASE, Spec, side, spec
from tests.support.verb_table import STATES

ISTIO = {"type": "Canary", "router": "istio"}
REPLICA = {"type": "Canary"}
BLUE_GREEN = {"type": "BlueGreen"}
V2 = {"tag": "1.5.0"}
LADDER = [{"setWeight": 10}, {"pause": {"duration": "10m"}}, {"setWeight": 50}, {"pause": {}}]
HEADERS = {"canaryHeaders": {"x-canary": "1"}}
ADMIN = {"name": "http-admin", "port": 81, "targetPort": 8080}
_WEIGHT = "/spec/canary/weight"
CANARY_ONLY = {"policy": {"templateChanges": "canary"}}
ARGO = {"argocd": {"kind": "Application"}}


def istio(**fields: Any) -> Spec:
    """An app with strategy Canary by Istio."""
    return spec(strategy=ISTIO, **fields)


IDLE = istio()
AT_20 = istio(canary={**V2, "weight": 20})
AT_50 = istio(canary={**V2, "weight": 50, "from": 20})
LIVE_50 = istio(canary={**V2, "weight": 50})
PROMOTED = istio(**{**V2, "previous": {"tag": "1.4.2", "weight": 20}})
DARK = istio(canary={**V2, "weight": 0})
ROLLING = spec()
STAGE = spec(replicas=4, autoscaling={"minReplicas": 5, "maxReplicas": 9})
SCALED = spec(replicas=None, autoscaling={"minReplicas": 3, "maxReplicas": 9})

# rule -> name of the case -> before, after, the pointer
WRONG: dict[str, dict[str, tuple[Spec, Spec, str]]] = {
    "weight-without-from": {
        "missing": (AT_20, LIVE_50, "/spec/canary/weight"),
        "wrong": (AT_20, istio(canary={**V2, "weight": 50, "from": 30}), "/spec/canary/from"),
        "two commits as one": (AT_20, istio(canary={**V2, "weight": 80, "from": 50}), "/spec/canary/from"),
        "the list starts again elsewhere": (AT_20, istio(canary={**V2, "weight": 20, "from": 5}), "/spec/canary/from"),
        "by replicas": (
            spec(strategy=REPLICA, canary={**V2, "weight": 25}),
            spec(strategy=REPLICA, canary={**V2, "weight": 50, "from": 75}),
            "/spec/canary/from",
        ),
    },
    "weight-after-abort": {
        "lowered": (AT_50, istio(canary={**V2, "weight": 10, "from": 50}), _WEIGHT),
        "by replicas": (
            spec(strategy=REPLICA, canary={**V2, "weight": 50}),
            spec(strategy=REPLICA, canary={**V2, "weight": 25, "from": 50}),
            _WEIGHT,
        ),
    },
    "rollback-window": {
        "undone by a canary": (
            istio(**V2, previous={"tag": "1.4.2"}) | {"strategy": {**ISTIO, "rollbackWindow": {"revisions": 1}}},
            istio(**V2, previous={"tag": "1.4.2"}, canary={"tag": "1.4.2", "weight": 20})
            | {"strategy": {**ISTIO, "rollbackWindow": {"revisions": 1}}},
            "/spec/canary",
        ),
    },
    "switch-before-healthy": {
        "to blue-green": (spec(strategy=REPLICA), spec(strategy=BLUE_GREEN), "/spec/strategy/type"),
    },
    "from-of-another": {
        "third version": (AT_50, istio(canary={"tag": "1.6.0", "weight": 50, "from": 20}), "/spec/canary/from"),
        "first weight": (IDLE, AT_50, "/spec/canary/from"),
    },
    "steps-in-flight": {
        "another ladder": (
            spec(strategy={**ISTIO, "steps": LADDER}, canary=V2),
            spec(strategy={**ISTIO, "steps": [{"setWeight": 30}, *LADDER[1:]]}, canary=V2),
            "/spec/strategy/steps",
        ),
        "a ladder instead of a weight": (
            AT_20,
            spec(strategy={**ISTIO, "steps": LADDER}, canary=V2),
            "/spec/strategy/steps",
        ),
        "a weight instead of a ladder": (spec(strategy={**ISTIO, "steps": LADDER}, canary=V2), AT_20, _WEIGHT),
        "by replicas": (
            spec(strategy=REPLICA, canary={**V2, "weight": 25}),
            spec(strategy={**REPLICA, "steps": LADDER}, canary=V2),
            "/spec/strategy/steps",
        ),
        "headers": (AT_50, {**AT_50, "istio": HEADERS}, "/spec/istio"),
    },
    "scale-in-step": {
        "with the promotion": (
            istio(replicas=8, canary={**V2, "weight": 50}),
            istio(**{**V2, "previous": {"tag": "1.4.2", "weight": 50}}),
            "/spec/replicas",
        ),
        "promoted": (AT_20, {**PROMOTED, "replicas": 2}, "/spec/replicas"),
        "more pods a version": (
            AT_20,
            {**AT_50, "strategy": {**ISTIO, "minPodsPerReplicaSet": 2}},
            "/spec/strategy",
        ),
    },
    "headers-in-flight": {
        "taken out": ({**AT_20, "istio": HEADERS}, AT_20, "/spec/istio"),
        "with the promotion": ({**AT_20, "istio": HEADERS}, PROMOTED, "/spec/istio"),
        "in the dark": (istio(canary={**V2, "weight": 0}, istio=HEADERS), istio(), "/spec/istio"),
    },
    "routes-in-flight": {
        "another port": (AT_20, {**AT_20, "ports": [*BASE["ports"], ADMIN]}, "/spec/ports"),
        "a timeout": (AT_20, {**AT_20, "istio": {"http": {"timeout": "3s"}}}, "/spec/istio"),
        "a dark canary's pinned route": (
            {**DARK, "istio": HEADERS},
            {**DARK, "istio": {**HEADERS, "hosts": ["a.example.com"]}},
            "/spec/istio",
        ),
        "a dark canary's subset": (
            DARK,
            {**DARK, "istio": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}},
            "/spec/istio",
        ),
    },
    "stable-in-flight": {
        "environment": (AT_20, {**AT_20, "env": {"LOG": "trace"}}, "/spec/env/LOG"),
        "with the release": (IDLE, {**AT_20, "env": {"LOG": "trace"}}, "/spec/env/LOG"),
        "tag": (AT_20, {**AT_20, "tag": "1.4.3"}, "/spec/tag"),
        "hidden by overrides": (
            istio(canary={**V2, "weight": 20, "overrides": {"env": {"LOG": "x"}}}),
            istio(canary={**V2, "weight": 20, "overrides": {"env": {"LOG": "x"}}}, env={"LOG": "trace"}),
            "/spec/env/LOG",
        ),
        "promoted and released at once": (AT_20, istio(tag="1.5.0", canary={"tag": "1.6.0", "weight": 5}), "/spec/tag"),
        "preview": (
            spec(strategy=BLUE_GREEN, preview=V2),
            spec(strategy=BLUE_GREEN, preview=V2, args=["x"]),
            "/spec/args",
        ),
    },
    "reverted-promote": {
        "canary": (PROMOTED, AT_20, "/spec/canary"),
        "preview": (
            spec(strategy=BLUE_GREEN, **{**V2, "previous": {"tag": "1.4.2"}}),
            spec(strategy=BLUE_GREEN, preview=V2),
            "/spec/preview",
        ),
    },
    "promote-weight": {
        "missing": (AT_20, istio(tag="1.5.0"), "/spec/previous/weight"),
        "of before the raise": (AT_50, PROMOTED, "/spec/previous/weight"),
        "of another weight than 100": (istio(canary={**V2, "weight": 100}), PROMOTED, "/spec/previous/weight"),
        "not of the ladder": (
            spec(strategy={**ISTIO, "steps": LADDER}, canary=V2),
            spec(strategy={**ISTIO, "steps": LADDER}, **{**V2, "previous": {"tag": "1.4.2", "weight": 20}}),
            "/spec/previous/weight",
        ),
        "by replicas": (
            spec(strategy=REPLICA, replicas=3, canary={**V2, "weight": 50}),
            spec(strategy=REPLICA, replicas=3, **{**V2, "previous": {"tag": "1.4.2", "weight": 10}}),
            "/spec/previous/weight",
        ),
    },
    "neither-version": {
        "promoted with an edit": (AT_20, {**PROMOTED, "env": {"LOG": "x"}}, "/spec/tag"),
        "aborted with an edit": (AT_20, {**IDLE, "env": {"LOG": "x"}}, "/spec/tag"),
    },
    "switch-stages": {
        "to a Rollout": (ROLLING, IDLE, "/spec/strategy/type"),
        "subsets too early": (
            istio(istio={"trafficPolicy": {}}),
            spec(strategy=REPLICA, istio={"trafficPolicy": {}}),
            "/spec/strategy",
        ),
        "to BlueGreen": (IDLE, spec(strategy=BLUE_GREEN), "/spec/strategy/type"),
        "to a Deployment": (IDLE, ROLLING, "/spec/strategy/type"),
        "BlueGreen without the Canary": (
            spec(strategy=BLUE_GREEN),
            spec(migration={"from": BLUE_GREEN}),
            "/spec/strategy/type",
        ),
    },
    "switch-in-flight": {
        "router": (AT_50, spec(strategy=REPLICA, canary={**V2, "weight": 50, "from": 20}), "/spec/strategy"),
        "type": (AT_20, spec(strategy=BLUE_GREEN, preview=V2), "/spec/strategy"),
        "and starts": (ROLLING, istio(canary={**V2, "weight": 20}, migration={"from": {}}), "/spec/strategy"),
    },
    "switch-alone": {
        "with a tag": (ROLLING, istio(tag="1.5.0", migration={"from": {}}), "/spec/tag"),
        "with the last stage": (istio(migration={"from": {}}), istio(env={"LOG": "x"}), "/spec/env/LOG"),
        "with a restart": (
            ROLLING,
            istio(restartedAt="2026-01-01T00:00:00Z", migration={"from": {}}),
            "/spec/restartedAt",
        ),
        "between the stages": (
            istio(migration={"from": {}}),
            istio(env={"LOG": "x"}, migration={"from": {}}),
            "/spec/env/LOG",
        ),
        "with a scale": (ROLLING, istio(replicas=7, migration={"from": {}}), "/spec/replicas"),
    },
    "autoscaling-on": {
        "an autoscaler": (ROLLING, SCALED, "/spec/autoscaling"),
        "somebody else": (ROLLING, spec(replicas="external"), "/spec/replicas"),
    },
    "autoscaling-stage": {
        "a release": (STAGE, {**STAGE, "tag": "1.5.0"}, "/spec/replicas"),
        "another change": (STAGE, {**STAGE, "service": {"annotations": {"a": "b"}}}, "/spec/replicas"),
    },
    "autoscaling-down": {
        "off": (SCALED, ROLLING, "/spec/replicas"),
        "fewer pods at most": (
            SCALED,
            spec(replicas=None, autoscaling={"minReplicas": 3, "maxReplicas": 6}),
            "/spec/autoscaling/maxReplicas",
        ),
        "reverted to its first stage": (
            SCALED,
            spec(autoscaling={"minReplicas": 5, "maxReplicas": 9}),
            "/spec/replicas",
        ),
    },
    "third-version": {
        "by hand": (AT_50, istio(canary={"tag": "1.6.0", "weight": 20}), "/spec/canary"),
        "its own configuration": (
            AT_20,
            istio(canary={**V2, "weight": 20, "overrides": {"env": {"LOG": "x"}}}),
            "/spec/canary",
        ),
        "preview": (
            spec(strategy=BLUE_GREEN, preview=V2),
            spec(strategy=BLUE_GREEN, preview={"tag": "1.6.0"}),
            "/spec/preview",
        ),
    },
    "previous-is-old": {
        "by hand": (spec(previous={"tag": "1.4.1"}), spec(tag="1.6.0", previous={"tag": "1.4.1"}), "/spec/previous"),
    },
    "identity-changed": {
        "namespace": (ROLLING, spec(namespace="other"), "/spec/namespace"),
        "selector": (ROLLING, spec(selector={"app": "web"}), "/spec/selector"),
    },
    "container-renamed": {"named": (ROLLING, spec(containerName="main"), "/spec/containerName")},
    "port-renamed": {
        "by hand": (ROLLING, spec(ports=[{"name": "http-web", "port": 80, "targetPort": 8080}]), "/spec/ports"),
    },
    "changed-while-paused": {
        "another version": (
            istio(canary={**V2, "weight": 20}, paused=True),
            istio(canary={"tag": "1.6.0", "weight": 20}, paused=True),
            "/spec/paused",
        ),
        "a weight": (
            istio(canary={**V2, "weight": 20}, paused=True),
            istio(canary={**V2, "weight": 50, "from": 20}, paused=True),
            "/spec/paused",
        ),
        "a release": (istio(paused=True), istio(canary={**V2, "weight": 20}, paused=True), "/spec/paused"),
        "the last stage of a switch": (istio(paused=True, migration={"from": {}}), istio(paused=True), "/spec/paused"),
    },
}
NOTES = {"weight-after-abort"}
WARNINGS = {
    "rollback-window",
    "switch-before-healthy",
    "container-renamed",
    "previous-is-old",
    "third-version",
    "autoscaling-down",
    "weight-without-from by replicas",
    "switch-alone with a scale",
    "switch-alone between the stages",
}
WARNINGS |= {"steps-in-flight by replicas", "routes-in-flight a timeout", "routes-in-flight a dark canary's subset"}
WARNINGS |= {"promote-weight by replicas", "autoscaling-stage another change"}
WARNINGS |= {f"changed-while-paused {case}" for case in ("a weight", "a release")}
CASES = [(rule, case) for rule, cases in WRONG.items() for case in cases]

RIGHT: dict[str, tuple[Spec, Spec]] = {
    "raised by the verb": (AT_20, AT_50),
    "retry": (AT_20, istio(canary={**V2, "weight": 20, "from": 20})),
    "retry of a raised one": (AT_50, LIVE_50),
    "started": (IDLE, AT_20),
    "started with its own configuration": (
        IDLE,
        istio(canary={"version": "v2", "weight": 20, "overrides": {"env": {"LOG": "x"}}}),
    ),
    "promoted": (AT_20, PROMOTED),
    "promoted at 100": (istio(canary={**V2, "weight": 100}), istio(tag="1.5.0")),
    "promoted in the dark": (istio(canary={**V2, "weight": 0}), istio(tag="1.5.0")),
    "promoted from the ladder": (
        spec(strategy={**ISTIO, "steps": LADDER}, canary=V2),
        spec(strategy={**ISTIO, "steps": LADDER}, **{**V2, "previous": {"tag": "1.4.2", "weight": 50}}),
    ),
    "promoted early on the ladder": (
        spec(strategy={**ISTIO, "steps": LADDER}, canary=V2),
        spec(strategy={**ISTIO, "steps": LADDER}, **{**V2, "previous": {"tag": "1.4.2", "weight": 10}}),
    ),
    "promoted by hand, by replicas": (
        spec(strategy=REPLICA, canary={**V2, "weight": 50}),
        spec(strategy=REPLICA, **V2),
    ),
    "headers for a canary that was not raised": (AT_20, {**AT_20, "istio": HEADERS}),
    "headers taken out after the promotion": ({**PROMOTED, "istio": HEADERS}, PROMOTED),
    "routes of a dark canary": (DARK, {**DARK, "istio": {"http": {"timeout": "3s"}}}),
    "aborted with other routes": (AT_20, istio(istio={"http": {"timeout": "3s"}})),
    "aborted": (AT_20, istio(aborted={**V2, "weight": 20})),
    "undone": (PROMOTED, istio(previous=V2)),
    "a canary of the version before": (PROMOTED, istio(tag="1.5.0", canary={"tag": "1.4.2", "weight": 20})),
    "scaled in flight": (AT_20, {**AT_20, "replicas": 8}),
    "labels in flight": (AT_20, {**AT_20, "strategy": {**ISTIO, "revisionHistoryLimit": 2}}),
    "first stage": (ROLLING, istio(migration={"from": {"type": "RollingUpdate"}})),
    "last stage": (istio(migration={"from": {"type": "RollingUpdate"}}), IDLE),
    "router": (spec(strategy=REPLICA), IDLE),
    "router back": (IDLE, spec(strategy=REPLICA)),
    "router back with a rule that stays": (
        istio(istio={"trafficPolicy": {}}),
        spec(strategy=REPLICA, istio={"trafficPolicy": {}}, migration={"after": ISTIO}),
    ),
    "BlueGreen to Canary": (spec(strategy=BLUE_GREEN), spec(strategy=REPLICA, migration={"to": {}})),
    "Canary with a stable Service to BlueGreen": (
        spec(strategy=REPLICA, migration={"to": BLUE_GREEN, "after": REPLICA}),
        spec(strategy=BLUE_GREEN),
    ),
    "Recreate to RollingUpdate": (spec(strategy={"type": "Recreate"}), ROLLING),
    "autoscaling with one pod": (spec(replicas=1), SCALED),
    "autoscaling, the first stage": (ROLLING, spec(autoscaling={"minReplicas": 9, "maxReplicas": 9})),
    "autoscaling off, with as many pods as there may be": (SCALED, spec(replicas=9)),
    "autoscaling, more pods": (SCALED, spec(replicas=None, autoscaling={"minReplicas": 5, "maxReplicas": 12})),
    "autoscaling by somebody else": (SCALED, spec(replicas="external")),
    "a preview that was aborted, with Argo Rollouts 1.10": (
        spec(strategy=BLUE_GREEN, aborted=V2),
        spec(strategy=BLUE_GREEN, preview=V2),
    ),
    "a rolling release": (ROLLING, spec(**V2)),
    "resumed": (istio(canary={**V2, "weight": 20}, paused=True), AT_20),
    "the same container name": (ROLLING, spec(containerName="web")),
    "the same selector": (ROLLING, spec(selector={"app.kubernetes.io/name": "web"})),
}


def _found(before: Spec, behind: Spec) -> tuple[Finding, ...]:
    return judge(side(before), side(behind))


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_wrong_transition_is_found_at_its_field(rule: str, case: str) -> None:
    before, behind, pointer = WRONG[rule][case]
    found = {finding.rule: finding for finding in _found(before, behind)}
    assert rule in found
    assert found[rule].pointer == pointer
    warns = rule in WARNINGS or f"{rule} {case}" in WARNINGS
    assert found[rule].severity == ("note" if rule in NOTES else "warning" if warns else "error")


def test_another_cluster_is_a_warning_and_naming_one_for_the_first_time_is_not() -> None:
    """Without Argo CD the name of the cluster is only for rollspec's own checks."""
    none, one, two = (side(ROLLING, overlay=each) for each in ({}, *({"cluster": {"name": n}} for n in "ab")))
    assert [(f.rule, f.severity, f.pointer) for f in judge(one, two)] == [
        ("identity-changed", "warning", "/spec/cluster")
    ]
    assert judge(none, one) == ()
    assert without_simulation(none, one).class_ == "nothing"


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_message_says_what_does_it_right(rule: str, case: str) -> None:
    before, behind, _ = WRONG[rule][case]
    message = next(finding.message for finding in _found(before, behind) if finding.rule == rule)
    by_hand = {*NOTES, "autoscaling-on", "autoscaling-down", "autoscaling-stage", "identity-changed"}
    by_hand |= {"container-renamed", "port-renamed"}
    assert "`rollspec " in message or rule in by_hand or case == "with a scale"
    assert "--env production" in message or "`rollspec " not in message


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_transition_passes(case: str) -> None:
    assert _found(*RIGHT[case]) == ()


@pytest.mark.parametrize("state", STATES)
def test_no_change_is_no_transition(state: str) -> None:
    one = spec(**STATES[state])
    assert _found(one, one) == ()


def test_every_rule_has_a_case_and_a_manual_page() -> None:
    others = {"without-canary", "without-preview", "preview-again"}  # below
    of_files = {"config-of-stable"}  # fixtures/plan/config-of-stable-deleted
    assert {*WRONG, *others, *of_files} == set(TRANSITION_RULES)
    for rule in (*TRANSITION_RULES.values(), *FIRST_RULES.values()):
        lines = cleandoc(rule.__doc__ or "").splitlines()
        assert lines[0].endswith((".", ":")) or lines[1:], rule
        assert [sum(line.startswith(word) for line in lines) for word in ("Source: ", "Do: ")] == [1, 1]


@pytest.mark.parametrize("in_flight", [{"canary": {**V2, "weight": 20}, "strategy": ISTIO},
                                       {"preview": V2, "strategy": BLUE_GREEN}])  # fmt: skip
def test_the_first_release_has_nothing_in_flight(in_flight: dict[str, Any]) -> None:
    found = judge(None, side(spec(**in_flight)))
    assert [finding.rule for finding in found] == ["first-release"]
    assert judge(None, side(spec(strategy=in_flight["strategy"]))) == ()


def test_an_app_that_goes_is_judged_by_nobody() -> None:
    assert judge(side(AT_20), None) == ()


@pytest.mark.parametrize(("behind", "wrong"), [
    ({**IDLE, "env": {"LOG": "x"}}, True),
    ({**IDLE, **V2}, True),
    (AT_20, False),
    ({**IDLE, "restartedAt": "2026-01-01T00:00:00Z"}, False),
    ({**IDLE, "replicas": 9}, False),
])  # fmt: skip
def test_a_policy_wants_a_canary_for_every_template(behind: Spec, wrong: bool) -> None:
    found = judge(side(IDLE), side(behind, overlay=CANARY_ONLY))
    assert [finding.rule for finding in found] == (["without-canary"] if wrong else [])
    severities = [finding.severity for finding in judge(side(IDLE), side(behind))]
    assert severities == (["warning"] if behind == {**IDLE, **V2} else [])  # another tag of a Canary


def test_a_new_tag_without_a_canary_is_a_warning_but_not_an_undo() -> None:
    at_once = istio(**V2, previous={"tag": "1.4.2"})
    assert [each.rule for each in judge(side(IDLE), side(at_once))] == ["without-canary"]
    assert judge(side(at_once), side(istio(previous=V2))) == ()
    undone = istio(previous={**V2, "undone": True})
    found = judge(side(undone), side(at_once))
    assert [each.severity for each in found] == ["warning"]
    assert "which was undone here" in found[0].message
    assert [each.severity for each in judge(side(undone), side(at_once, overlay=CANARY_ONLY))] == ["error"]


def test_another_image_without_a_canary_is_a_warning_with_the_command_that_makes_one() -> None:
    (found,) = judge(side(IDLE), side({**IDLE, "image": "ghcr.io/acme/other"}))
    assert (found.rule, found.severity) == ("without-canary", "warning")
    command = "rollspec release web --from-edits --base REF --weight WEIGHT --env production"
    assert f"`{command}`, with the revision before the edit, makes a canary of it" in found.message


def test_another_tag_without_a_preview_is_a_note_with_the_command_that_makes_one() -> None:
    (found,) = judge(side(spec(strategy=BLUE_GREEN)), side(spec(strategy=BLUE_GREEN, **V2)))
    assert (found.rule, found.severity, found.pointer) == ("without-preview", "note", "/spec/tag")
    assert "1.5.0 replaces 1.4.2 without a preview" in found.message
    command = "rollspec release web --from-edits --base REF --env production"
    assert f"`{command}`, with the revision before the edit, makes a preview of it" in found.message


def test_a_preview_that_is_promoted_in_the_same_change_is_a_note_too() -> None:
    promoted = spec(strategy=BLUE_GREEN, **V2, previous={"tag": "1.4.2"})
    (found,) = judge(side(spec(strategy=BLUE_GREEN)), side(promoted))
    assert "; revert the change, then `rollspec release web 1.5.0 --env production` starts a preview" in found.message


_CHECKED = {**BLUE_GREEN, "prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]}}


@pytest.mark.parametrize(("before", "behind"), [
    (spec(strategy=BLUE_GREEN, **V2, previous={"tag": "1.4.2"}), spec(strategy=BLUE_GREEN, previous=V2)),
    (spec(strategy=BLUE_GREEN, preview=V2), spec(strategy=BLUE_GREEN, **V2, previous={"tag": "1.4.2"})),
    (spec(strategy=BLUE_GREEN, preview=V2), spec(strategy=BLUE_GREEN, aborted=V2)),
    (spec(strategy=BLUE_GREEN), spec(strategy=BLUE_GREEN, restartedAt="2026-01-01T00:00:00Z")),
    (spec(strategy=BLUE_GREEN), spec(strategy=BLUE_GREEN, env={"LOG": "debug"})),
    (spec(strategy=BLUE_GREEN), spec(strategy=BLUE_GREEN, preview=V2)),
    (spec(strategy=_CHECKED), spec(strategy=_CHECKED, **V2)),
], ids=["undo", "promotion", "abort", "restart", "configuration", "preview", "checked"])  # fmt: skip
def test_what_had_a_preview_or_needs_none_is_right(before: Spec, behind: Spec) -> None:
    assert judge(side(before), side(behind)) == ()


def test_the_command_of_a_change_of_configuration_gives_and_removes_what_the_change_does() -> None:
    before, behind = istio(env={"LOG": "info", "OLD": "x"}), istio(env={"LOG": "debug mode"})
    (found,) = judge(side(before), side(behind, overlay=CANARY_ONLY))
    options = "--set 'env.LOG=debug mode' --unset env.OLD"
    assert f"revert the change, then `rollspec release web {options} --weight WEIGHT --env" in found.message


def test_the_command_of_a_message_holds_no_secret_and_no_whole_file() -> None:
    for changed in ({"env": {"DB_PASSWORD": "hunter2hunter2"}}, {"files": {"/etc/app.toml": "x = 1\n" * 50}}):
        (found,) = judge(side(IDLE), side({**IDLE, **changed}, overlay=CANARY_ONLY))
        assert "`rollspec release web --set FIELD=VALUE --weight WEIGHT --env production`" in found.message


def test_the_command_gives_no_weight_where_the_spec_does() -> None:
    first = {**ISTIO, "initialWeight": 5}
    (found,) = judge(side(spec(strategy=first)), side(spec(strategy=first, **V2)))
    assert "`rollspec release web --from-edits --base REF --env production`" in found.message


def test_an_undo_by_hand_is_only_noted() -> None:
    (found,) = judge(side(PROMOTED), side({**PROMOTED, "tag": "1.4.2"}))
    assert (found.rule, found.severity) == ("previous-is-old", "note")
    assert "`rollspec undo web --env production`" in found.message


def test_a_lower_weight_that_starts_from_nothing_is_only_noted() -> None:
    found = judge(side(AT_50), side(istio(canary={**V2, "weight": 10})))
    assert [(each.rule, each.severity) for each in found] == [("weight-without-from", "note")]


def test_more_pods_and_a_raise_at_once_are_a_note() -> None:
    """In the recordings of both versions of Argo Rollouts the share stays at 20 % until the pods for 50 % are Ready."""
    found = judge(side(AT_20), side({**AT_50, "replicas": 8}))
    assert [(each.rule, each.severity) for each in found] == [("scale-in-step", "note")]
    assert "in the simulation its share does not fall" in found[0].message


def test_a_policy_lets_undo_pass_and_names_the_switch_for_a_deployment() -> None:
    back = istio(previous=V2)
    assert judge(side(PROMOTED), side(back, overlay=CANARY_ONLY)) == ()
    found = judge(side(ROLLING), side(spec(**V2), overlay=CANARY_ONLY))
    assert "switch web --env production --to Canary" in found[0].message


def test_a_policy_counts_in_the_change_that_takes_it_away() -> None:
    found = judge(side(IDLE, overlay=CANARY_ONLY), side({**IDLE, "env": {"LOG": "x"}}))
    assert [finding.rule for finding in found] == ["without-canary"]


def test_a_ladder_that_ends_by_itself_is_a_canary_for_the_policy() -> None:
    strategy = {**ISTIO, "steps": [*LADDER[:-1], {"setWeight": 100}], "autoPromotionEnabled": True}
    one = spec(strategy=strategy)
    assert judge(side(one), side({**one, "env": {"LOG": "x"}}, overlay=CANARY_ONLY)) == ()


def test_an_aborted_preview_wants_time_before_it_comes_back_with_old_argo_rollouts() -> None:
    before, behind = spec(strategy=BLUE_GREEN, aborted=V2), spec(strategy=BLUE_GREEN, preview=V2)
    old = {"versions": {"argoRollouts": "1.9"}}
    found = judge(side(before, project=old), side(behind, project=old))
    assert [(finding.rule, finding.severity) for finding in found] == [("preview-again", "warning")]


def test_argo_cd_prunes_last_so_one_commit_is_enough() -> None:
    assert judge(side(ROLLING), side(IDLE, project=ARGO)) == ()
    assert judge(side(IDLE), side(ROLLING, project=ARGO)) == ()
    before = spec(strategy=BLUE_GREEN)
    assert [finding.rule for finding in judge(side(before), side(ROLLING, project=ARGO))] == ["switch-stages"]


def test_the_base_spec_is_left_alone() -> None:
    assert BASE["tag"] == "1.4.2"
