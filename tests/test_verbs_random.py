"""Random sequences of verbs from random states: every step is valid, and what comes back comes back identical."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from renderer.problem import errors
from renderer.release import switches, verbs
from renderer.release.outcome import Refusal
from renderer.release.state import in_flight
from renderer.spec import merge
from renderer.usecases.edited import Act, Edited, edit_app
from renderer.usecases.effective import environment_for
from renderer.usecases.project import Opened, build_all, open_project
from renderer.yamlio import load
from tests.support.verb_table import STATES, VERBS, project, workload

_RECORDED = frozenset(("previous", "aborted"))
_TAGS = st.sampled_from(["1.5.0", "1.6.0", "1.7.0-rc.1", "2.0.0"])
_WEIGHTS = st.integers(0, 100)


def _back(spec: Mapping[str, Any]) -> dict[str, Any] | Refusal:
    """An undo; --redo is for a version that was taken back before."""
    outcome = verbs.undo(spec)
    return verbs.undo(spec, redo=True) if isinstance(outcome, Refusal) and "--redo" in outcome.message else outcome


class Releases(RuleBasedStateMachine):
    """One app of a project on disk; each rule is a verb, which may refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.opened: Opened
        self.count = 0

    @initialize(state=st.sampled_from(sorted(STATES)))
    def begin(self, state: str) -> None:
        self.opened = project(state, Path(self.folder.name))

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(verb=st.sampled_from(sorted(VERBS)))
    def any_verb(self, verb: str) -> None:
        self.do(VERBS[verb])

    @rule(tag=_TAGS, weight=_WEIGHTS)
    def release_and_abort(self, tag: str, weight: int) -> None:
        """A release that is aborted leaves the spec as it was but for what is recorded, and the same pods."""
        if in_flight(self.spec()) or "paused" in self.spec():
            return
        before, pods = self.spec(), self.templates()
        share = weight if self._weighted() else None
        done = self.do(lambda spec: verbs.release(spec, tag, weight=share))
        if isinstance(done, Refusal) or in_flight(self.spec()) is None:
            return
        assert not isinstance(self.do(verbs.abort), Refusal)
        assert _without(self.spec(), _RECORDED) == _without(before, _RECORDED)
        assert self.templates() == pods

    @precondition(lambda self: bool(self.spec().get("canary")) and "weight" in self.spec()["canary"])
    @rule(weight=_WEIGHTS)
    def raise_and_lower(self, weight: int) -> None:
        before = self.spec()
        if isinstance(self.do(lambda spec: verbs.weight(spec, weight)), Refusal):
            return
        assert not isinstance(self.do(lambda spec: verbs.weight(spec, before["canary"]["weight"])), Refusal)
        after = self.spec()
        assert after["canary"].pop("from") == weight
        assert after == {**before, "canary": _without(before["canary"], {"from"})}

    @precondition(lambda self: in_flight(self.spec()) is not None and "paused" not in self.spec())
    @rule()
    def promote_and_undo(self) -> None:
        """The stable version's pods come back byte for byte, and twice undone is where it was."""
        self.do(verbs.abort)
        stable = self.templates()
        self.do(verbs.retry)
        promoted = self.do(verbs.promote)
        if isinstance(promoted, Refusal):
            return
        newer = self.templates()
        assert not isinstance(self.do(_back), Refusal)
        assert self.templates() == stable
        assert not isinstance(self.do(partial(verbs.undo, redo=True)), Refusal)
        assert self.templates() == newer

    @rule()
    def finish_a_switch(self) -> None:
        while "migration" in self.spec():
            assert not isinstance(self.do(switches.go_on), Refusal)

    @invariant()
    def renders(self) -> None:
        found = build_all(self.opened, ["web"], ["production"])
        assert errors(problem for each in found for problem in each.problems) == []
        assert all(each.files for each in found)

    def do(self, act: Act) -> Edited | Refusal:
        """The verb carried out on disk; a refusal has words, and changes nothing."""
        found = edit_app(self.opened, environment_for(self.opened, None), "web", act)
        if isinstance(found, Refusal):
            assert found.message
            return found
        if errors(found.problems):
            return Refusal(found.problems[0].message)
        file = Path(self.folder.name) / found.file
        file.unlink() if found.text is None else file.write_bytes(found.text)
        self.opened = open_project(self.folder.name)
        assert self.spec() == found.after
        return found

    def spec(self) -> dict[str, Any]:
        """The effective spec, merged by hand from the two files."""
        base, over = (self._data(name) for name in ("apps/web.yaml", "overlays/production/apps/web.yaml"))
        merged: dict[str, Any] = merge(base, over)
        for key in ("canary", "preview", "previous", "aborted"):
            if "overrides" in over.get(key, {}):
                merged[key]["overrides"] = over[key]["overrides"]
        return merged

    def templates(self) -> dict[str, Any]:
        found = build_all(self.opened, ["web"], ["production"])[0]
        return {kind: data["spec"]["template"] for kind, data in workload(self.opened, found.files).items()}

    def _weighted(self) -> bool:
        strategy = self.spec().get("strategy", {})
        return strategy.get("type") == "Canary" and "steps" not in strategy

    def _data(self, path: str) -> dict[str, Any]:
        data, problems = load((Path(self.folder.name) / path).read_bytes(), path)
        assert not problems
        assert isinstance(data, dict)
        return dict(data["spec"] or {})  # type: ignore[arg-type]


def _without(data: dict[str, Any], keys: set[str] | frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


Releases.TestCase.settings = settings(max_examples=30, stateful_step_count=8, deadline=None, database=None)
TestReleases = Releases.TestCase
