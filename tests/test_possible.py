"""The commands that are shown as possible: none of them is refused in its state."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from renderer.history import State, state_at
from renderer.layout import Layout
from renderer.release import switches, verbs
from renderer.release.outcome import Outcome, Refusal
from renderer.report.possible import possible
from renderer.yamlio import load
from tests.support.cases import OVERLAY
from tests.support.verb_table import STATES, spec_in_state

ACTS: dict[str, Callable[..., Outcome]] = {
    "promote": verbs.promote,
    "abort": verbs.abort,
    "retry": verbs.retry,
    "pause": verbs.pause,
    "resume": verbs.resume,
    "undo": verbs.undo,
    "undo --redo": partial(verbs.undo, redo=True),
    "restart": partial(verbs.restart, now="2026-01-01T00:00:00Z"),
    "switch --continue": switches.go_on,
    "switch --abort": switches.take_back,
}


def state_of(spec: dict[str, Any]) -> State:
    layout = Layout()
    overlay, _ = load(OVERLAY.encode(), "")
    assert isinstance(overlay, dict)
    found = state_at(
        {layout.app("web"): {"spec": spec}, layout.overlay("production"): overlay}, layout, "production", "web"
    )
    assert isinstance(found, State)
    return found


@pytest.mark.parametrize("name", STATES)
def test_no_command_that_is_possible_is_refused(name: str) -> None:
    spec = json.loads(json.dumps(spec_in_state(name)))
    state = state_of(spec)
    has_previous = state.previous is not None
    *commands, look = possible(state.standing, "web", "production", namespace="shop", has_previous=has_previous)
    assert look.startswith("kubectl ")
    assert look.endswith(" --namespace shop")
    for command in commands:
        _, verb, _, *more = command.removesuffix(" --env production --commit").split()
        act = partial(verbs.weight, share=int(more[0])) if verb == "weight" else ACTS[" ".join([verb, *more])]
        outcome = act(spec)
        assert not isinstance(outcome, Refusal), f"{command}: {outcome}"
