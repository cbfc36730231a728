"""An automatic ladder in words: its rungs with their times, and the rung that the plan assumes for the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.plan.side import Side

Steps = Sequence[Mapping[str, Any]]


def ladder_lines(old: Side | None, new: Side | None) -> tuple[str, ...]:
    """What a reader must know about the ladder that a change starts, continues or ends; empty without one."""
    found: list[str] = []
    if new and new.flight == "canary" and _is_ladder(new):
        found.append(" -> ".join(rungs(new.steps)))
    if old and old.flight == "canary" and _is_ladder(old) and not (new and _goes_on(old, new)):
        found += _taken_to_be(old, "more" if new and _is_promoted(old, new) else "less")
    return tuple(found)


def _is_ladder(side: Side) -> bool:
    return bool(side.steps) and "steps" in side.app.strategy.fields


def _goes_on(old: Side, new: Side) -> bool:
    return (old.running, old.steps) == (new.running, new.steps)


def _is_promoted(old: Side, new: Side) -> bool:
    canary = old.app.canary
    return canary is not None and new.flight is None and new.app.stable.tag == canary.version.tag


def _taken_to_be(old: Side, other: str) -> Iterator[str]:
    """Git does not know how far the ladder has come: the simulation plays it to its end or its last pause.

    At an earlier weight the `other` amount of traffic moves: more of it, or less.
    """
    weights = [step["setWeight"] for step in old.steps if "setWeight" in step]
    if not weights:
        return
    earlier = [weight for weight in dict.fromkeys(weights) if weight != weights[-1]]
    end = "at its end" if old.app.strategy.ends_by_itself else "at its last weight"
    but = f"; if it is at {' or '.join(f'{weight} %' for weight in earlier)}, {other} traffic moves" if earlier else ""
    yield f"the plan assumes that it is {end}, {weights[-1]} %{but}"


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
