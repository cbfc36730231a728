"""A ladder's steps: the pause in which it waits for a person, and its rungs in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from renderer.spec import Strategy

Steps = Sequence[Mapping[str, Any]]


class Wait(NamedTuple):
    """The pause without a duration in which a ladder waits: the number of its step, and the canary's weight there."""

    number: int
    weight: int


def weights_in(steps: Steps | None) -> list[int]:
    """The weights that a step list sets, in order."""
    return [step["setWeight"] for step in steps or () if "setWeight" in step]


def wait_of(strategy: Strategy) -> Wait | None:
    """Where a ladder that is to end by itself waits for a person all the same."""
    return first_wait(strategy.fields.get("steps") or ()) if strategy.ends_by_itself else None


def first_wait(steps: Steps) -> Wait | None:
    """The first pause without a duration: there a ladder rests until somebody continues it."""
    weight = 0
    for number, step in enumerate(steps):
        weight = step.get("setWeight", weight)
        if _is_endless(step):
            return Wait(number, weight)
    return None


def without_waits(steps: Steps, to: int | None = None) -> list[Mapping[str, Any]]:
    """The steps of a ladder that was continued to its last rung, or to the weight `to`: it waits only there."""
    if to is not None:
        end = next((number for number, step in enumerate(steps, 1) if step.get("setWeight") == to), len(steps))
        return [*(step for step in steps[:end] if not _is_endless(step)), {"pause": {}}]
    last = max((number for number, step in enumerate(steps) if _is_a_rung(step)), default=0)
    return [step for number, step in enumerate(steps) if number >= last or not _is_endless(step)]


def rungs(steps: Steps, *, ends_by_itself: bool) -> Iterator[str]:
    """Each step of a ladder at which it waits: `10 % for 10m`, `50 % until it is promoted`.

    A promotion in Git ends a ladder. What continues it behind a pause in its middle is the command of Argo Rollouts;
    and a ladder that is to end by itself has no other pause without a duration.
    """
    weight, is_shown = 0, True
    for number, step in enumerate(steps, 1):
        if "setWeight" in step:
            if not is_shown:
                yield f"{weight} %"
            weight, is_shown = step["setWeight"], False
        elif "pause" in step:
            duration = (step["pause"] or {}).get("duration")
            is_last = not ends_by_itself and not any(map(_is_a_rung, steps[number:]))
            until = "until it is promoted" if is_last else "until `kubectl argo rollouts promote`"
            yield f"{weight} % {until if duration is None else f'for {_time(duration)}'}"
            is_shown = True
        elif "analysis" in step or "experiment" in step:
            yield f"{weight} % until the {next(iter(step))} ends"
            is_shown = True
    if not is_shown:
        yield f"{weight} %"


def _is_endless(step: Mapping[str, Any]) -> bool:
    return "pause" in step and "duration" not in (step["pause"] or {})


def _is_a_rung(step: Mapping[str, Any]) -> bool:
    """Whether a step waits, or has another weight than the 100 of a promotion."""
    return not step.keys().isdisjoint(("pause", "analysis", "experiment")) or step.get("setWeight", 100) != 100


def _time(duration: object) -> str:
    return f"{duration} s" if isinstance(duration, int) or str(duration).isdecimal() else str(duration)
