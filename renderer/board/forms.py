"""The forms of the actions that fit a release: one for each verb, with its fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from renderer.board.actions import ROUTERS, STRATEGIES
from renderer.report.possible import PossibleVerb

_LABELS = {
    ("promote", ""): "Promote",
    ("abort", ""): "Abort",
    ("retry", ""): "Retry",
    ("pause", ""): "Pause",
    ("resume", ""): "Resume",
    ("restart", ""): "Restart",
    ("undo", ""): "Undo",
    ("undo", "--redo"): "Bring back the undone version",
    ("weight", ""): "Change the share",
    ("switch", "--continue"): "Continue the switch",
    ("switch", "--abort"): "Take the switch back",
}


@dataclass(frozen=True, slots=True)
class FormField:
    """An input: a number, a text, or a choice of `options`."""

    name: str
    label: str
    value: str = ""
    options: Sequence[str] = ()
    is_number: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A button that shows what a verb would change."""

    verb: str
    label: str
    mode: str = ""
    inputs: Sequence[FormField] = ()


def forms(verbs: Sequence[PossibleVerb]) -> list[Form]:
    """A form for each possible verb, then those that start something new where nothing is in flight."""
    return [*(_form(verb) for verb in verbs), *(_beginnings() if _is_at_rest(verbs) else ())]


def _is_at_rest(verbs: Sequence[PossibleVerb]) -> bool:
    names = {(verb.name, verb.mode) for verb in verbs}
    return ("restart", "") in names and not names & {("promote", ""), ("switch", "--continue")}


def _form(verb: PossibleVerb) -> Form:
    label = _LABELS[verb.name, verb.mode]
    share = "" if verb.share is None else str(verb.share)
    field = FormField("weight", "Share in %", share, is_number=True, is_required=True)
    return Form(verb.name, label, verb.mode, [field] if verb.name == "weight" else [])


def _beginnings() -> Iterator[Form]:
    tag = FormField("tag", "Tag", is_required=True)
    yield Form("release", "Release", inputs=[tag, FormField("weight", "First share in %", is_number=True)])
    to, router = FormField("to", "Strategy", options=STRATEGIES), FormField("router", "Router", options=ROUTERS)
    yield Form("switch", "Switch the strategy", inputs=[to, router])
