"""Random releases against the simulator: verbs make no dip, and no dip passes the rules over transitions.

What the engines make unavoidable is a table with the reasons, tests/support/releases.py; each row has a case here.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from renderer.plan import without_simulation
from renderer.problem import errors
from renderer.project import Versions
from renderer.release import switches, verbs
from renderer.release.outcome import Outcome, Refusal
from renderer.resources import read_schema
from renderer.rules.spec_table import check_spec
from renderer.rules.specs import SpecScene
from renderer.schema import Schemas
from renderer.simulate import Options
from tests.support.hand_edits import EDITS, TUNED, WEIGHTS, edited, merged
from tests.support.plans import Spec, after, side, spec
from tests.support.releases import ROLLOUTS, UNAVOIDABLE, UNSEEN, Live, begin, faults, play, unexcused
from tests.support.verb_table import STATES

BAD = "1.8.0-bad"  # its pods never get Ready
RELEASED = ("1.5.0", "1.6.0", "1.7.0")
ELAPSED = st.sampled_from([0.0, 3.0, 40.0])
RANDOM = st.randoms(use_true_random=False)
REPLICAS = st.sampled_from([1, 2, 3, 4, 10])
# Findings below an error that a reviewer reads beside the plan's flags.
NAMED = frozenset(
    "weight-without-from promote-weight scale-in-step steps-in-flight routes-in-flight autoscaling-on".split()
) | {"switch-alone"}
ROUTED: tuple[dict[str, Any], ...] = (
    {},
    {"minPodsPerReplicaSet": 2},
    {"dynamicStableScale": True},
    {"scaleDownDelaySeconds": 5},
    {"abortScaleDownDelaySeconds": 0},
)
ANY: tuple[dict[str, Any], ...] = ({}, {"maxSurge": 1}, {"maxUnavailable": "50%"}, {"minReadySeconds": 5})
_SCHEMAS = Schemas(Versions(), read_schema)


class Verbs(RuleBasedStateMachine):
    """One app; each rule is a verb that may refuse, synced at once or after a while, in the cluster as it then is."""

    live: Live
    count = 0

    @initialize(
        state=st.sampled_from(sorted(STATES)), replicas=REPLICAS, random=RANDOM, rollouts=st.sampled_from(ROLLOUTS)
    )
    def begin(self, state: str, replicas: int, random: Random, rollouts: str) -> None:
        start = spec(**STATES[state])
        if "autoscaling" not in start:
            start["replicas"] = replicas
        tuned = random.choice(ROUTED if side(start).app.strategy.is_routed else ANY)
        if start.get("strategy", {}).get("type", "Recreate") != "Recreate" and "migration" not in start:
            start["strategy"] = {**start["strategy"], **tuned}
        if not valid(start):
            start = spec(**STATES[state])
        self.live = begin(start, Options(rollouts=rollouts, never_ready=frozenset((BAD,))))

    @rule(
        tag=st.sampled_from((*RELEASED, BAD)), weight=st.sampled_from(WEIGHTS), replace=st.booleans(), elapsed=ELAPSED
    )
    def release(self, tag: str, weight: int, replace: bool, elapsed: float) -> None:
        if tag == BAD and not self.live.side.app.strategy.is_rollout:
            return  # it would never serve
        share = weight if _weighted(self.live.spec) else None
        self.do(verbs.release(self.live.spec, tag, weight=share, replace=replace), elapsed)

    @rule(value=st.sampled_from(["a", "b"]), weight=st.sampled_from(WEIGHTS), elapsed=ELAPSED)
    def release_configuration(self, value: str, weight: int, elapsed: float) -> None:
        share = weight if _weighted(self.live.spec) else None
        self.do(verbs.release(self.live.spec, None, overrides={"env": {"LOG": value}}, weight=share), elapsed)

    @rule(weight=st.sampled_from(WEIGHTS), elapsed=ELAPSED)
    def weight(self, weight: int, elapsed: float) -> None:
        self.do(verbs.weight(self.live.spec, weight), elapsed)

    @rule(elapsed=ELAPSED)
    def promote(self, elapsed: float) -> None:
        if self.live.side.app.running.tag != BAD:
            self.do(verbs.promote(self.live.spec), elapsed)

    @rule(weight=st.none() | st.sampled_from(WEIGHTS), elapsed=ELAPSED)
    def undo(self, weight: int | None, elapsed: float) -> None:
        self.do(verbs.undo(self.live.spec, weight=weight), elapsed)

    @rule(name=st.sampled_from(["abort", "retry", "hold"]), elapsed=ELAPSED)
    def stop_or_go_on(self, name: str, elapsed: float) -> None:
        self.do(_stop_or_go_on(self.live.spec, name), elapsed)

    @rule(elapsed=ELAPSED)
    def restart(self, elapsed: float) -> None:
        self.count += 1
        self.do(verbs.restart(self.live.spec, f"2026-01-01T00:00:{self.count:02}Z"), elapsed)

    @rule(to=st.sampled_from(["RollingUpdate", "BlueGreen", "Canary"]), istio=st.booleans(), elapsed=ELAPSED)
    def switch(self, to: str, istio: bool, elapsed: float) -> None:
        now = self.live.spec
        router = "istio" if istio else "replica"
        self.do(switches.go_on(now) if "migration" in now else switches.switch(now, to, router), elapsed)

    def do(self, outcome: Outcome, elapsed: float) -> None:
        """The verb synced: users notice nothing, and the rules have nothing against it."""
        if isinstance(outcome, Refusal):
            return
        wanted = after(self.live.spec, outcome)
        self.live, change = play(self.live, wanted, elapsed)
        assert unexcused(change, UNAVOIDABLE) == []
        assert errors(without_simulation(change.old, change.new).problems) == []


class HandEdits(RuleBasedStateMachine):
    """One app; changes that no verb makes. What the rules refuse is not merged; of the rest users notice nothing."""

    live: Live
    past: list[Spec]

    @initialize(state=st.sampled_from(sorted(STATES)), tuned=st.sampled_from(TUNED), rollouts=st.sampled_from(ROLLOUTS))
    def begin(self, state: str, tuned: dict[str, Any], rollouts: str) -> None:
        start = spec(**STATES[state])
        more = {**start, "strategy": {**start.get("strategy", {"type": "RollingUpdate"}), **tuned}}
        self.live = begin(more if valid(more) else start, Options(rollouts=rollouts))
        self.past = [self.live.spec]

    @rule(name=st.sampled_from(sorted(EDITS)), random=RANDOM, elapsed=ELAPSED)
    def edit(self, name: str, random: Random, elapsed: float) -> None:
        self.sync(edited(self.live.spec, random, name), elapsed)

    @rule(random=RANDOM, elapsed=ELAPSED)
    def revert(self, random: Random, elapsed: float) -> None:
        self.sync(random.choice(self.past), elapsed)

    @rule(name=st.sampled_from(sorted(EDITS)), random=RANDOM, elapsed=ELAPSED)
    def merge(self, name: str, random: Random, elapsed: float) -> None:
        base = random.choice(self.past)
        self.sync(merged(base, self.live.spec, edited(base, random, name)), elapsed)

    @rule(random=RANDOM, elapsed=ELAPSED)
    def verb(self, random: Random, elapsed: float) -> None:
        self.sync(_carried_out(self.live.spec, random), elapsed)

    @rule(random=RANDOM, count=st.integers(2, 3), elapsed=ELAPSED)
    def squash(self, random: Random, count: int, elapsed: float) -> None:
        """Commits that the cluster gets as one."""
        found = self.live.spec
        for _ in range(count):
            by_hand = edited(found, random, random.choice(sorted(EDITS)))
            found = by_hand if random.random() < 0.4 and valid(by_hand) else _carried_out(found, random)
        self.sync(found, elapsed)

    def sync(self, wanted: Spec, elapsed: float) -> None:
        if wanted == self.live.spec or not valid(wanted):
            return
        plan = without_simulation(self.live.side, side(wanted))
        if errors(plan.problems):
            return  # refused, with the verb that does it right
        self.live, change = play(self.live, wanted, elapsed)
        self.past.append(wanted)
        if plan.class_ == "disruptive" or NAMED & {problem.rule for problem in plan.problems}:
            return
        assert unexcused(change, {**UNAVOIDABLE, **UNSEEN}) == [], plan


def valid(wanted: Spec) -> bool:
    """Whether `validate` has no error for the effective spec."""
    document = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": wanted}
    if not _SCHEMAS.valid("App", document):
        return False
    return all(finding.severity != "error" for finding in check_spec(SpecScene(side(wanted).app, {})))


def _weighted(now: Mapping[str, Any]) -> bool:
    strategy = now.get("strategy", {})
    return strategy.get("type") == "Canary" and "steps" not in strategy


def _stop_or_go_on(now: Spec, name: str) -> Outcome:
    if name == "hold":
        return verbs.resume(now) if now.get("paused") else verbs.pause(now)
    return verbs.abort(now) if name == "abort" else verbs.retry(now)


def _carried_out(now: Spec, random: Random) -> Spec:
    """The spec after a random verb; the same where it refuses."""
    weight = random.choice(WEIGHTS)
    share = weight if _weighted(now) else None
    outcomes = (
        lambda: verbs.release(now, random.choice(RELEASED), weight=share, replace=random.random() < 0.5),
        lambda: verbs.release(now, None, overrides={"env": {"LOG": random.choice("ab")}}, weight=share),
        lambda: verbs.weight(now, weight),
        lambda: verbs.promote(now),
        lambda: verbs.undo(now, weight=random.choice((None, weight))),
        lambda: _stop_or_go_on(now, random.choice(("abort", "retry", "hold"))),
        lambda: verbs.restart(now, f"2026-01-01T00:01:{random.randrange(60):02}Z"),
        lambda: switches.go_on(now) if "migration" in now else switches.switch(now, "Canary", "istio"),
    )
    outcome = random.choice(outcomes)()
    return now if isinstance(outcome, Refusal) else after(now, outcome)


_QUICK = settings(max_examples=50, stateful_step_count=8, deadline=None, database=None)
_LISTS = settings(max_examples=50, deadline=None, database=None)
Verbs.TestCase.settings = _QUICK
HandEdits.TestCase.settings = _QUICK
TestVerbs = Verbs.TestCase
TestHandEdits = HandEdits.TestCase


_ISTIO: dict[str, Any] = {"type": "Canary", "router": "istio"}
_REPLICA: dict[str, Any] = {"type": "Canary"}
_NEW: dict[str, Any] = {"tag": "1.5.0"}
_AT_20 = {"canary": {**_NEW, "weight": 20}}
# Row of a table -> a spec, and fields that change commit by commit, each so many seconds after the one before.
CASES: dict[str, tuple[Spec, list[tuple[dict[str, Any], float]]]] = {
    "recreate": (spec(strategy={"type": "Recreate"}), [(_NEW, 60)]),
    "unavailable": (spec(replicas=2, strategy={**_REPLICA, "maxUnavailable": 1}), [(_NEW, 60)]),
    "restart": (spec(strategy=_ISTIO, **_AT_20), [({"restartedAt": "2026-01-01T00:00:00Z"}, 60)]),
    "old pods": (spec(strategy={"type": "BlueGreen"}), [(_NEW, 60), ({"strategy": _REPLICA}, 3)]),
    "dynamic": (
        spec(strategy={**_ISTIO, "dynamicStableScale": True}, canary={**_NEW, "weight": 50}),
        [({"canary": {**_NEW, "weight": 10, "from": 50}}, 60)],
    ),
    "lowered": (
        spec(strategy=_ISTIO, canary={**_NEW, "weight": 50}),
        [({"canary": {**_NEW, "weight": 20, "from": 50}}, 60)],
    ),
    "by pods": (spec(replicas=10, strategy=_REPLICA, canary={**_NEW, "weight": 25}), [({"replicas": 1}, 60)]),
    "young": (spec(strategy=_ISTIO), [(_AT_20, 60), ({"strategy": {**_ISTIO, "minReadySeconds": 5}}, 1)]),
    "held": (
        spec(strategy=_ISTIO, paused=True, **_AT_20),
        [({"canary": {**_NEW, "weight": 20, "from": 50}, "paused": None}, 60)],
    ),
    "no Service": (
        spec(**STATES["to-deployment"]),
        [({"ports": []}, 0), ({"ports": [{"name": "http", "port": 80, "targetPort": 8080}]}, 0)],
    ),
    "nothing runs": (
        spec(strategy=_ISTIO, canary={**_NEW, "weight": 0}),
        [({"replicas": 0}, 60), ({"replicas": 4, "canary": None}, 0)],
    ),
}


@pytest.mark.parametrize("row", [*UNAVOIDABLE, *UNSEEN])
def test_no_row_of_the_tables_is_idle(row: str) -> None:
    """Each has a case that it alone explains."""
    before, changes = CASES[row]
    live = begin(before, Options(), level=2 if row == "lowered" else 1)
    for fields, elapsed in changes:
        live, change = play(live, _with(live.spec, fields), elapsed)
    table = {**UNAVOIDABLE, **UNSEEN}
    assert unexcused(change, table) == []
    assert unexcused(change, {name: excuse for name, excuse in table.items() if name != row}) != []


def _with(now: Spec, fields: Mapping[str, Any]) -> Spec:
    return {key: value for key, value in {**now, **fields}.items() if value is not None}


@_LISTS
@given(st.booleans(), REPLICAS, st.sampled_from(ROUTED[:2]), st.sampled_from(WEIGHTS), st.sampled_from(WEIGHTS))
def test_every_step_list_leads_to_every_other(
    headers: bool, replicas: int, tuned: dict[str, Any], first: int, then: int
) -> None:
    """Up, down, again, and out of each: the share arrives, pinned requests stay with the canary, nobody notices."""
    pinned = {"istio": {"canaryHeaders": {"x-canary": "1"}}} if headers else {}
    live = begin(spec(strategy={**_ISTIO, **tuned}, replicas=replicas, **pinned), Options())
    for verb, share in (
        (lambda now: verbs.release(now, "1.5.0", weight=first), first),
        (lambda now: verbs.weight(now, then), then),
        (lambda now: verbs.weight(now, first), first),
        (verbs.retry, first),
        (verbs.abort, 0),
        (verbs.retry, first),
        (verbs.promote, 100),
    ):
        outcome = verb(live.spec)
        if isinstance(outcome, Refusal):
            assert first == then
            continue
        live, change = play(live, after(live.spec, outcome), 60)
        assert faults(change) == ()
        last = change.timeline.points[-1]
        assert last.share.get("1.5.0", 0) == share
        assert last.pinned == ("1.5.0" if headers and live.side.flight else None)
