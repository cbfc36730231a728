"""An automatic ladder in words: its rungs with their times, and the rung that the plan assumes for the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plan.side import Side
from renderer.release.rungs import first_wait, rungs, weights_in


def ladder_lines(old: Side | None, new: Side | None) -> tuple[str, ...]:
    """What a reader must know about the ladder that a change starts, continues or ends; empty without one."""
    found: list[str] = []
    if new and new.flight == "canary" and _is_ladder(new):
        named = rungs(new.steps, ends_by_itself=new.app.strategy.ends_by_itself)
        found.append(" -> ".join([*named, *(["100 %"] if _adds_the_rest(new) else [])]))
    if old and old.flight == "canary" and _is_ladder(old) and not (new and _goes_on(old, new)):
        found += _taken_to_be(old, promoted_at(old, new), "more" if new and _is_promoted(old, new) else "less")
    return tuple(found)


def rest_of(side: Side) -> int | None:
    """The weight at which the ladder of a canary rests when nobody continues it: a pause without a duration, or 100."""
    wait, weights = first_wait(side.steps or ()), weights_of(side)
    return wait.weight if wait else weights[-1] if weights else None


def weights_of(side: Side) -> list[int]:
    """The weights of the step list, in order; a ladder that ends by itself ends at 100 without a step for it."""
    return [*weights_in(side.steps), *([100] if _adds_the_rest(side) else ())]


def _adds_the_rest(side: Side) -> bool:
    return side.app.strategy.ends_by_itself and bool(side.steps) and weights_in(side.steps)[-1:] != [100]


def _is_ladder(side: Side) -> bool:
    return bool(side.steps) and "steps" in side.app.strategy.fields


def _goes_on(old: Side, new: Side) -> bool:
    return (old.running, old.steps) == (new.running, new.steps)


def _is_promoted(old: Side, new: Side) -> bool:
    canary = old.app.canary
    return canary is not None and new.flight is None and new.app.stable.tag == canary.version.tag


def promoted_at(old: Side, new: Side | None) -> int | None:
    """The weight, other than its last one, at which a promotion says that the ladder is (`promote --at`)."""
    if new is None or not _is_ladder(old) or not _is_promoted(old, new):
        return None
    weights, given = weights_of(old), new.app.spec.get("previous", {}).get("weight")
    return given if given in weights[:-1] and given != weights[-1] else None


def _taken_to_be(old: Side, at: int | None, other: str) -> Iterator[str]:
    """Git does not know how far the ladder has come: the simulation plays it to its end or its last pause.

    It takes out the pauses without a duration before that (see `outlook`).

    At an earlier weight the `other` amount of traffic moves: more of it, or less.
    """
    weights = weights_of(old)
    if not weights:
        return
    if at is not None:
        elsewhere = " or ".join(f"{weight} %" for weight in dict.fromkeys(weights) if weight != at)
        yield f"the plan assumes that it is at {at} %, as `previous.weight` says; at {elsewhere}, promote `--at` that"
        return
    earlier = [weight for weight in dict.fromkeys(weights) if weight != weights[-1]]
    end = "at its end" if old.app.strategy.ends_by_itself else "at its last weight"
    but = f"; if it is at {' or '.join(f'{weight} %' for weight in earlier)}, {other} traffic moves" if earlier else ""
    yield f"the plan assumes that it is {end}, {weights[-1]} %{but}"
