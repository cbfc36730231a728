"""The steps of an automatic ladder in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Steps = Sequence[Mapping[str, Any]]


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
