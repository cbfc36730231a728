"""What a person does on the board: a verb with its options, as a value that is read from a form's untrusted fields."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from renderer.simulate import Timeline
from renderer.spec import RouterType, StrategyType

VERBS = ("release", "weight", "promote", "abort", "retry", "undo", "restart", "pause", "resume", "switch")
STRATEGIES, ROUTERS = get_args(StrategyType), get_args(RouterType)
# The modes of a verb, as its options on the command line.
MODES = {"switch": ("--continue", "--abort"), "undo": ("--redo",)}
_LONGEST = 300  # characters of a field


@dataclass(frozen=True, slots=True)
class Action:
    """One verb on one app in one environment. `share` is a weight in percent; `mode` is one of MODES."""

    verb: str
    env: str
    app: str
    tag: str = ""
    share: int | None = None
    mode: str = ""
    strategy: str = ""
    router: str = ""
    break_glass: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a form that give this action."""
        share = "" if self.share is None else str(self.share)
        found = {
            "tag": self.tag,
            "weight": share,
            "mode": self.mode,
            "to": self.strategy,
            "router": self.router,
            "break-glass": self.break_glass,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def command(self) -> str:
        """The same on the command line."""
        words = ["rollspec", self.verb, self.app, *([self.tag] if self.tag else [])]
        if self.share is not None:
            words += [str(self.share)] if self.verb == "weight" else ["--weight", str(self.share)]
        words += [self.mode] if self.mode else []
        for option, value in (("to", self.strategy), ("router", self.router), ("break-glass", self.break_glass)):
            words += [f"--{option}", value] if value else []
        return shlex.join([*words, "--env", self.env, "--commit"])


@dataclass(frozen=True, slots=True)
class WrongField:
    """Why fields are not an action."""

    message: str


def read_action(verb: str, env: str, app: str, fields: Mapping[str, str]) -> Action | WrongField:
    """The action that a form asks for. `env` and `app` must be known to exist; nothing else of a browser is trusted."""
    found = {name: value.strip() for name, value in fields.items()}
    wrong = next((name for name, value in found.items() if len(value) > _LONGEST or not value.isprintable()), None)
    if verb not in VERBS:
        return WrongField(f"there is no action {verb[:_LONGEST]!r}")
    if wrong is not None:
        return WrongField(f"the field {wrong[:_LONGEST]!r} has a text that is too long or cannot be printed")
    choices = {"mode": MODES.get(verb, ()), "to": STRATEGIES, "router": ROUTERS}
    for name, allowed in choices.items():
        if found.get(name) and found[name] not in allowed:
            return WrongField(f"{name} must be one of: {', '.join(allowed) or 'nothing'}")
    share = found.get("weight", "")
    if share and not (share.isascii() and share.isdecimal() and int(share) <= 100):
        return WrongField("the share must be a whole number from 0 to 100")
    if verb == "weight" and not share:
        return WrongField("say which share of the traffic the canary gets, from 0 to 100")
    return Action(
        verb,
        env,
        app,
        tag=found.get("tag", ""),
        share=int(share) if share else None,
        mode=found.get("mode", ""),
        strategy=found.get("to", ""),
        router=found.get("router", ""),
        break_glass=found.get("break-glass", ""),
    )


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """The plan of one app in one environment: its sentences, and what is simulated."""

    env: str
    app: str
    lines: tuple[str, ...]
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would change. `said` is what the command line prints, and `code` its exit code.

    `head` is the commit that it was worked out from.
    """

    action: Action
    head: str
    code: int = 0
    said: tuple[str, ...] = ()
    diff: str = ""
    plans: tuple[ShownPlan, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: the lines that the command line prints, and its exit code."""

    action: Action
    code: int
    said: tuple[str, ...]
