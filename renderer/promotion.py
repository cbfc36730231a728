"""The order in which a version passes through the environments, as stages; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from renderer.problem import that_exist

Stages = tuple[tuple[str, ...], ...]  # the environments of one stage get a version at the same time


def stages_of(given: Iterable[str | Sequence[str]]) -> Stages:
    """The stages of `promotion` in a project file that the schema accepts."""
    return tuple((each,) if isinstance(each, str) else tuple(each) for each in given)


def order_faults(stages: Stages, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the order where the environments have these names: JSON pointer below it, and why."""
    seen: set[str] = set()
    for number, stage in enumerate(stages):
        for index, env in enumerate(stage):
            pointer = f"/{number}/{index}" if len(stage) > 1 else f"/{number}"
            if env not in names:
                yield pointer, f"there is no environment `{env}`; {that_exist(names)}"
            elif env in seen:
                yield pointer, f"`{env}` is listed twice: a version passes through it once"
            seen.add(env)


def stage_of(stages: Stages, env: str) -> int | None:
    """The number of the environment's stage; None for an environment outside the order."""
    return next((number for number, stage in enumerate(stages) if env in stage), None)


def stages_before(stages: Stages, env: str) -> Stages:
    """The stages that a version passes before it reaches the environment, the nearest first."""
    number = stage_of(stages, env)
    return stages[:number][::-1] if number else ()


def skipped(stages: Stages, source: str, target: str) -> tuple[str, ...]:
    """The environments that a version skips if it goes from one environment straight to another."""
    start, end = stage_of(stages, source), stage_of(stages, target)
    return () if start is None or end is None else tuple(env for stage in stages[start + 1 : end] for env in stage)


def in_order(stages: Stages, names: Iterable[str]) -> list[str]:
    """The environments in the order of promotion; those outside it come last, by name."""
    numbers = {env: number for number, stage in enumerate(stages) for env in stage}
    return sorted(names, key=lambda env: (numbers.get(env, len(stages)), env))


def with_next(stages: Stages, source: str, env: str) -> Stages:
    """The order with one more environment after `source`: in the stage that follows it, or in a new last one."""
    known = stages or ((source,),)
    number = stage_of(known, source)
    if number is None:
        known, number = (*known, (source,)), len(known)
    following = known[number + 1] if number + 1 < len(known) else ()
    return (*known[: number + 1], (*following, env), *known[number + 2 :])
