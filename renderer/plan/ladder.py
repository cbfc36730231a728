"""An automatic ladder in words: its rungs with their times, and the rung that the plan assumes for the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plan.side import Side
from renderer.release.rungs import rungs


def ladder_lines(old: Side | None, new: Side | None) -> tuple[str, ...]:
    """What a reader must know about the ladder that a change starts, continues or ends; empty without one."""
    found: list[str] = []
    if new and new.flight == "canary" and _is_ladder(new):
        found.append(" -> ".join([*rungs(new.steps), *(["100 %"] if _adds_the_rest(new) else [])]))
    if old and old.flight == "canary" and _is_ladder(old) and not (new and _goes_on(old, new)):
        found += _taken_to_be(old, "more" if new and _is_promoted(old, new) else "less")
    return tuple(found)


def weights_of(side: Side) -> list[int]:
    """The weights of the step list, in order; a ladder that ends by itself ends at 100 without a step for it."""
    weights = _written(side)
    return [*weights, 100] if _adds_the_rest(side) else weights


def _written(side: Side) -> list[int]:
    return [step["setWeight"] for step in side.steps or () if "setWeight" in step]


def _adds_the_rest(side: Side) -> bool:
    return side.app.strategy.ends_by_itself and bool(side.steps) and _written(side)[-1:] != [100]


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
    weights = weights_of(old)
    if not weights:
        return
    earlier = [weight for weight in dict.fromkeys(weights) if weight != weights[-1]]
    end = "at its end" if old.app.strategy.ends_by_itself else "at its last weight"
    but = f"; if it is at {' or '.join(f'{weight} %' for weight in earlier)}, {other} traffic moves" if earlier else ""
    yield f"the plan assumes that it is {end}, {weights[-1]} %{but}"
