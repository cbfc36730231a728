"""All sequences of verbs and events from a strategy, state by state; what users would notice is a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from renderer.plan import without_simulation
from renderer.problem import errors
from renderer.release import switches, verbs
from renderer.release.outcome import Outcome, Refusal
from renderer.release.state import in_flight
from renderer.simulate import Options, abort, wait
from renderer.simulate.traffic import traffic
from tests.prove.states import key_of
from tests.support.plans import Spec, after
from tests.support.releases import UNAVOIDABLE, Change, Fault, Live, begin, play, unexcused

BAD = "1.8.0"  # its pods never get Ready
RELEASED = ("1.5.0", "1.6.0", "1.7.0")
AT_REST = 60.0  # seconds
AT_ONCE = 2.0
LASTS = 1.0  # seconds until a pod is Ready again
ABORTED = "the controller aborts"
Verb = Callable[[Spec], Outcome]


@dataclass(frozen=True)
class Setting:
    """What is tried: a first spec, how the engines behave, and the seconds that pass before each edit."""

    name: str
    spec: Spec
    options: Options = field(default_factory=Options)
    waits: tuple[float, ...] = (AT_REST,)
    events: bool = False
    level: int = 2
    switches: bool = False


@dataclass(frozen=True)
class State:
    """A state with the sequence that led to it; `is_apart`: the cluster has not what Git says."""

    live: Live
    path: tuple[str, ...] = ()
    is_apart: bool = False

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.is_apart} {key_of(self.live.spec, self.live.cluster)}"


@dataclass
class Found:
    """What a run has seen."""

    states: int = 0
    edits: int = 0
    excused: int = 0  # faults of a restart that goes on
    faults: list[str] = field(default_factory=list)


def prove(setting: Setting, depth: int, *, excused: bool = True) -> Found:
    """All sequences of at most `depth` verbs and events; `excused`: without the faults that Git cannot know."""
    found = Found()
    first = State(begin(setting.spec, setting.options, setting.level))
    seen, level = {first.key}, [first]
    shares: dict[str, tuple[Any, tuple[str, ...]]] = {}
    for _ in range(depth):
        following = []
        for state in level:
            moves = list(_moves(state, setting, found, excused=excused))
            if not moves:
                found.faults.append(f"{_told(setting, state)}: a dead end, no verb fits")
            for one in moves:
                found.edits += 1
                _check_rest(setting, one, shares, found)
                if one.key in seen:
                    continue
                seen.add(one.key)
                stops = _stops_later(one)
                if stops:
                    found.faults.append(f"{_told(setting, one)}: later {stops}")
                if not stops:  # else nothing that follows is news
                    following.append(one)
        level = following
    found.states = len(seen)
    return found


def _moves(state: State, setting: Setting, found: Found, *, excused: bool) -> Iterator[State]:
    for name, verb in _verbs(state.live.spec, setting, is_aborted=state.path[-1:] == (ABORTED,)):
        outcome = verb(state.live.spec)
        if isinstance(outcome, Refusal):
            continue
        wanted = after(state.live.spec, outcome)
        for seconds in setting.waits:
            live, change = play(state.live, wanted, seconds)
            one = State(
                live, (*state.path, name if seconds == AT_REST else f"{name} (after {seconds:g} s)"), state.is_apart
            )
            if setting.events and wanted["tag"] == BAD:
                one = replace(one, is_apart=True)
            seen = unexcused(change, UNAVOIDABLE)
            known = [fault for fault in seen if excused and _restart_goes_on(state, change, fault)]
            found.excused += len(known)
            wrong = [str(fault) for fault in seen if fault not in known]
            wrong += [str(problem) for problem in errors(without_simulation(change.old, change.new).problems)]
            found.faults += [f"{_told(setting, one)}: {each}" for each in wrong]
            yield one
    if setting.events and in_flight(state.live.spec) and not state.is_apart:
        cluster, _ = abort(state.live.cluster, replace(setting.options, elapsed=AT_REST))
        yield State(replace(state.live, cluster=cluster), (*state.path, ABORTED), True)


def _restart_goes_on(before: State, change: Change, fault: Fault) -> bool:
    """A restart that waited for pods which never get Ready goes on under the edit that takes them away.

    It takes one pod more than the strategy keeps. By replicas the share is of the pods that are left meanwhile.
    """
    rollouts = before.live.cluster.world.rollouts.values()
    if all(rollout.spec.restart_at == rollout.status.restarted_at for rollout in rollouts):
        return False
    if fault.kind == "few":
        return fault.ready == change.floor - 1
    by_pods = not change.new.app.strategy.is_routed and fault.kind in ("dip", "over")
    return by_pods and fault.seconds is not None and fault.seconds <= LASTS


def _stops_later(state: State) -> Fault | None:
    """Whether pods that serve are gone, or requests unanswered, once the old pods are scaled down."""
    side = state.live.side
    _, later = wait(state.live.cluster, AT_REST, state.live.options)
    if not later.points or not side.app.ports or side.app.spec.get("replicas") == 0:
        return None
    unserved = [point for point in later.points if point.requests_unserved]
    return Fault("unready", "", 0, None) if unserved and not later.points[0].requests_unserved else None


def _check_rest(setting: Setting, state: State, shares: dict[str, tuple[Any, tuple[str, ...]]], found: Found) -> None:
    """At rest the shares follow from Git alone, whatever led there."""
    world = state.live.cluster.world
    if state.is_apart or setting.waits != (AT_REST,) or setting.events:
        return
    share: dict[str, float] = {}
    for version, percent in traffic(world).share.items():
        name = version.partition("#")[0]  # a restart by an annotation is another template of the same version
        share[name] = round(share.get(name, 0.0) + percent, 3)
    known, path = shares.setdefault(json.dumps(state.live.spec, sort_keys=True), (share, state.path))
    if known != share:
        found.faults.append(f"{_told(setting, state)}: rests at {share}, and after {', '.join(path)} at {known}")


def _told(setting: Setting, state: State) -> str:
    return f"{setting.name}: {', '.join(state.path) or 'the beginning'}"


def _verbs(spec: Spec, setting: Setting, *, is_aborted: bool) -> Iterator[tuple[str, Verb]]:
    strategy = spec.get("strategy", {})
    weighted = strategy.get("type") == "Canary" and "steps" not in strategy
    share = 20 if weighted else None
    new = next(tag for tag in RELEASED if tag not in (spec["tag"], (spec.get("canary") or {}).get("tag")))
    yield f"release {new}", partial(verbs.release, tag=new, weight=share)
    if setting.events and strategy.get("type") in ("BlueGreen", "Canary"):
        yield f"release {BAD}", partial(verbs.release, tag=BAD, weight=share)
    yield "release --set", partial(verbs.release, tag=None, overrides={"env": {"LOG": "x"}}, weight=share)
    if weighted:
        yield from ((f"weight {each}", partial(verbs.weight, share=each)) for each in (10, 60, 100))
        if is_aborted:  # only then is it right
            yield "retry --weight 10", partial(verbs.retry, share=10)
        yield "undo --weight 20", partial(verbs.undo, weight=20)
    simple: Mapping[str, Verb] = {
        "promote": verbs.promote, "abort": verbs.abort, "retry": verbs.retry, "undo": verbs.undo,
        "undo --redo": partial(verbs.undo, redo=True), "restart": partial(verbs.restart, now="2026-01-01T00:00:00Z"),
        "pause": verbs.pause, "resume": verbs.resume,
    }  # fmt: skip
    yield from simple.items()
    if not setting.switches:
        return
    yield "switch --continue", switches.go_on
    yield "switch --abort", switches.take_back
    for to, router in (("RollingUpdate", None), ("BlueGreen", None), ("Canary", "replica"), ("Canary", "istio")):
        name = f"switch to {to}" + (f" by {router}" if router else "")
        yield name, partial(switches.switch, to=to, router=router)
