"""The schedules of CronJobs, as Kubernetes reads them: `robfig/cron`'s standard parser, which is not every cron's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.lazy import regex
from renderer.rules.finding import Finding, Scene

_NAMED = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = regex(r"@every (?:\d+(?:\.\d*)?(?:h|m|s|ms|us|µs|ns))+")  # Go's durations
_NUMBER = regex(r"[0-9]{1,9}")


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()  # in the order of their numbers, from `least` on


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    _Field("day of the week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


def cron_schedule(scene: Scene) -> Iterator[Finding]:
    """A CronJob whose `schedule` or `timeZone` Kubernetes does not read.

    Why: The API server refuses the CronJob, and Argo CD's sync fails.
    Fix: write five fields, minute, hour, day of the month, month, day of the week: `30 2 * * 1-5`; Sunday is 0, not 7.
    A time zone is a name of the IANA database: `Europe/Berlin`.
    Source: API server (`ValidateCronJobSpec`), `robfig/cron` (`ParseStandard`).
    """
    for manifest in scene.of("CronJob"):
        spec = manifest.data.get("spec") or {}
        schedule, zone = spec.get("schedule"), spec.get("timeZone")
        wrong = _wrong(schedule) if isinstance(schedule, str) else ""
        if wrong:
            yield Finding("cron-schedule", f"{schedule!r} is not a schedule: {wrong}", "/spec/schedule", manifest)
        if isinstance(zone, str) and not _is_zone(zone):
            message = f"{zone!r} is not a time zone of the IANA database: write `Europe/Berlin`"
            yield Finding("cron-schedule", message, "/spec/timeZone", manifest)


def _wrong(schedule: str) -> str:
    """What is wrong with a schedule; empty if nothing is."""
    if "TZ" in schedule:
        return "it must not name a time zone; write `timeZone`"
    if schedule.startswith("@"):
        fits = schedule in _NAMED or _EVERY.fullmatch(schedule)
        return "" if fits else "after @ comes yearly, monthly, weekly, daily, hourly, or a time as in `@every 90m`"
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        return f"it has {len(parts)} of five fields; write `30 2 * * 1-5`"
    return next((said for field, part in zip(_FIELDS, parts, strict=True) if (said := _wrong_field(field, part))), "")


def _wrong_field(field: _Field, part: str) -> str:
    for each in part.split(","):
        base, has_step, step = each.partition("/")
        first, is_range, last = base.partition("-")
        ends = [] if base in ("*", "?") else [_number(field, end) for end in ((first, last) if is_range else (first,))]
        is_odd = any(end is None for end in ends) or (has_step and not (_NUMBER.fullmatch(step) and int(step)))
        if is_odd:
            return f"{each!r} is not a {field.name}"
        numbers = [end for end in ends if end is not None]
        if any(not field.least <= number <= field.most for number in numbers):
            return f"a {field.name} is from {field.least} to {field.most}, not {base}"
        if numbers != sorted(numbers):
            return f"{base} is not a range: it ends before it begins"
    return ""


def _number(field: _Field, text: str) -> int | None:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.least
    return int(text) if _NUMBER.fullmatch(text) else None


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few CronJobs name one

    if name.lower() == "local":
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
