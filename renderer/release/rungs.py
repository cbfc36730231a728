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


def wait_of(strategy: Strategy) -> Wait | None:
    """Where a ladder that is to end by itself waits for a person all the same."""
    weight = 0
    for number, step in enumerate(strategy.fields.get("steps") or () if strategy.ends_by_itself else ()):
        weight = step.get("setWeight", weight)
        if "pause" in step and "duration" not in (step["pause"] or {}):
            return Wait(number, weight)
    return None


def rungs(steps: Steps) -> Iterator[str]:
    """Each step of a ladder at which it waits: `10 % for 10m`, `50 % until it is promoted`."""
    weight, is_shown = 0, True
    for step in steps:
        if "setWeight" in step:
            if not is_shown:
                yield f"{weight} %"
            weight, is_shown = step["setWeight"], False
        elif "pause" in step:
            duration = (step["pause"] or {}).get("duration")
            time = "until it is promoted" if duration is None else f"for {_time(duration)}"
            yield f"{weight} % {time}"
            is_shown = True
        elif "analysis" in step or "experiment" in step:
            yield f"{weight} % until the {next(iter(step))} ends"
            is_shown = True
    if not is_shown:
        yield f"{weight} %"


def _time(duration: object) -> str:
    return f"{duration} s" if isinstance(duration, int) or str(duration).isdecimal() else str(duration)
