"""Properties of an app's history, on commits made of data: every change is told once, and what is open is in flight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renderer.history import (
    ASPECTS,
    Aspect,
    HistoryEntry,
    Key,
    LiveCommit,
    Parsed,
    Revision,
    Search,
    State,
    Unreadable,
    history,
    state_at,
    trimmed,
)
from renderer.layout import Layout
from renderer.release import verbs
from renderer.release.outcome import Outcome, Refusal
from tests.support.plans import ISTIO, after, spec

LAYOUT = Layout()
OVERLAY: dict[str, Any] = {"spec": {}}
BAD = Unreadable("it is broken")
TAGS = st.sampled_from(["1.0.0", "1.1.0", "2.0.0"])
Spec = dict[str, Any]


def commit(number: int, verb: str = "") -> LiveCommit:
    verbs = {("production", "web"): verb} if verb else {}
    return LiveCommit(
        f"{number:040x}", datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number), "A Team", "edit", verbs
    )


def revisions(states: Sequence[Spec | Unreadable | None], words: Sequence[str] = ()) -> list[Revision]:
    """The overlay is there from the beginning; None takes the app away; `words` are verbs for the trailers."""
    found = []
    for number, state in enumerate(states):
        data: Parsed | None = {"spec": state} if isinstance(state, dict) else state
        overlay = {LAYOUT.overlay("production"): OVERLAY} if number == 0 else {}
        made = commit(number, words[number] if words else "")
        found.append(Revision(made, {LAYOUT.app("web"): data, **overlay}))
    return found


def story(states: Sequence[Spec | Unreadable | None], words: Sequence[str] = ()) -> list[HistoryEntry]:
    """Oldest first."""
    return list(reversed(history(revisions(states, words), LAYOUT, "web", ["production"])["production"]))


def read(state: Spec | Unreadable | None) -> State | None:
    data: dict[str, Parsed] = {} if state is None else {"apps/web.yaml": BAD if state is BAD else {"spec": state}}
    found = state_at({**data, LAYOUT.overlay("production"): OVERLAY}, LAYOUT, "production", "web")
    assert not isinstance(found, Unreadable)
    return found


def in_flight(tags: st.SearchStrategy[str]) -> st.SearchStrategy[Spec]:
    return st.fixed_dictionaries(
        {"tag": tags},
        optional={
            "version": st.sampled_from(["v1", "v2"]),
            "weight": st.sampled_from([0, 20, 50]),
            "from": st.sampled_from([20, 50]),
            "overrides": st.just({"env": {"LOG": "debug"}}),
        },
    )


SPECS = st.fixed_dictionaries(
    {"tag": TAGS},
    optional={
        "version": st.sampled_from(["v1", "v2"]),
        "env": st.sampled_from([{"LOG": "info"}, {"LOG": "debug"}]),
        "strategy": st.sampled_from([{}, {"type": "BlueGreen"}, ISTIO]),
        "canary": in_flight(TAGS),
        "previous": st.fixed_dictionaries({"tag": TAGS}),
        "aborted": st.fixed_dictionaries({"tag": TAGS}),
        "paused": st.booleans(),
        "restartedAt": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
        "migration": st.just({"from": {"type": "RollingUpdate"}}),
        "replicas": st.integers(1, 3),
    },
)
STATES = st.lists(st.one_of(SPECS, SPECS, SPECS, st.none(), st.just(BAD)), max_size=12)


@given(STATES)
def test_what_is_open_is_what_is_in_flight(states: list[Spec | Unreadable | None]) -> None:
    readable = [state for state in states if state is not BAD]
    last = read(readable[-1]) if readable else None
    flight = last.standing.flight if last else None
    still = [entry for entry in story(states) if entry.type in ("canary", "preview") and entry.end is None]
    assert [entry.first.move.version for entry in still] == ([flight.name] if flight else [])
    if flight and flight.weight is not None:
        weight, _, seconds = still[0].weights[-1]
        assert (weight, seconds) == (flight.weight, None)


@given(STATES)
def test_every_change_is_told_by_its_commit_and_nothing_else_is(states: list[Spec | Unreadable | None]) -> None:
    told = {step.commit.sha for entry in story(states) for step in entry.steps}
    before: State | None = None
    for number, state in enumerate(states):
        if state is BAD:
            assert commit(number).sha in told
            continue
        now = read(state)
        if _shown(before) != _shown(now):
            assert commit(number).sha in told
        elif before == now:
            assert commit(number).sha not in told
        before = now


def _shown(state: State | None) -> object:
    return state and state.standing._replace(aborted=None)


@given(STATES)
def test_entries_are_whole(states: list[Spec | Unreadable | None]) -> None:
    for entry in story(states):
        times = [step.commit.time for step in entry.steps]
        assert times == sorted(times)
        assert entry.end is None or entry.last.move.type == entry.end
        lasted = [seconds for _, _, seconds in entry.weights if seconds is not None]
        if entry.end and entry.first.move.weights[1] is not None:
            assert sum(lasted) <= (entry.seconds or 0)


@given(STATES, SPECS, st.sampled_from([*ASPECTS]))
def test_since_is_the_first_commit_of_the_present_part_of_a_standing(
    states: list[Spec | Unreadable | None], last: Spec, aspect: Aspect
) -> None:
    states = [*states, last]
    standing = getattr(read(last), "standing", None)
    assert standing
    made = revisions(states)
    files: dict[str, Parsed | None] = {}
    past: list[tuple[LiveCommit, dict[str, Parsed | None]]] = []
    for revision in made:
        past.append((revision.commit, {path: files.get(path) for path in revision.files}))
        files |= revision.files
    present = {path: trimmed(data) for path, data in files.items() if data is not None}
    key: Key = ("production", "web", aspect)
    search = Search(LAYOUT, present, {key: standing})
    for one, before in reversed(past):
        search.back(one, {path: None if data is None else trimmed(data) for path, data in before.items()})
    same = [
        number
        for number, state in enumerate(states)
        if state is not BAD and (found := read(state)) and ASPECTS[aspect](found.standing) == ASPECTS[aspect](standing)
    ]
    other = [number for number, state in enumerate(states) if state is not BAD and number not in same]
    first = min(number for number in same if number > max(other, default=-1))
    assert search.found == {key: commit(first)}
    assert search.open == {}


VERBS: dict[str, tuple[Any, set[str]]] = {
    "release": (partial(verbs.release, tag="1.5.0", weight=20), {"start"}),
    "release a configuration": (
        partial(verbs.release, tag=None, overrides={"env": {"LOG": "debug"}}, weight=20),
        {"start"},
    ),
    "release, replace": (partial(verbs.release, tag="1.6.0", weight=20, replace=True), {"start", "replaced"}),
    "release at once": (partial(verbs.release, tag="1.7.0"), {"direct"}),
    "weight": (partial(verbs.weight, share=50), {"weight"}),
    "promote": (verbs.promote, {"promoted"}),
    "abort": (verbs.abort, {"aborted"}),
    "retry": (verbs.retry, {"retry"}),
    "undo": (verbs.undo, {"undo"}),
    "undo by a canary": (partial(verbs.undo, weight=10), {"start"}),
    "restart": (partial(verbs.restart, now="2026-01-01T00:00:00Z"), {"restart"}),
    "pause": (verbs.pause, {"pause"}),
    "resume": (verbs.resume, {"resume"}),
}


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=12), st.sampled_from([ISTIO, {"type": "RollingUpdate"}]))
def test_every_verb_is_told_as_itself(words: list[str], strategy: Spec) -> None:
    states: list[Spec] = [spec(strategy=strategy)]
    done = ["begin"]
    for word in words:
        outcome: Outcome = VERBS[word][0](states[-1])
        if not isinstance(outcome, Refusal):
            states.append(after(states[-1], outcome))
            done.append(word)
    kinds: dict[str, set[str]] = {}
    for entry in story(states, [re.split("[ ,]", word)[0] for word in done]):
        for step in entry.steps:
            kinds.setdefault(step.commit.sha, set()).add(step.move.type)
    for number, word in enumerate(done[1:], 1):
        expected = VERBS[word][1]
        flying = "canary" in states[number - 1]
        if word == "release, replace" and not flying:
            expected = {"start"}
        if word.startswith("release") and strategy.get("type", "RollingUpdate") in ("RollingUpdate", "Recreate"):
            expected = {"configuration" if "configuration" in word else "direct"}
        if word == "retry" and not flying:
            expected = {"start"}
        assert kinds.get(commit(number).sha) == expected, (word, states[number - 1 : number + 1])
