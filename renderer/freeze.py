"""Freeze windows of an environment: when releases are held back, and which verbs pass; pure, the time is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from renderer.lazy import regex

RESCUE = ("abort", "undo")  # the verbs that pass where a window names none
LONGEST = timedelta(days=366)
TRAILER = "Rollspec-Break-Glass"  # of a commit that passes a freeze: why
_PART = regex(r"([0-9]{1,6})([smhdw])")
_DURATION = regex(r"(?:[0-9]{1,6}[smhdw])+")
_LONGEST_TEXT = 64  # characters of a duration, as the schema says: no sum of its parts is too large for a timedelta
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Window(NamedTuple):
    """One window: it opens at each time of a cron schedule, in a time zone, and lasts for a duration."""

    schedule: str
    duration: timedelta
    zone: str = "UTC"
    description: str = ""
    verbs: tuple[str, ...] = RESCUE

    def closes(self, now: datetime) -> datetime | None:
        """When the window that is open at `now` (with a time zone) ends; None if it is not open.

        A schedule's hours are those of the clock on the wall: on a day whose clocks change, cron's own rules hold.
        """
        from zoneinfo import ZoneInfo

        from cronsim import CronSim  # few projects have a freeze, and none pays for the imports without one

        local = now.astimezone(ZoneInfo(self.zone))
        before = CronSim(self.schedule, local + timedelta(minutes=1), reverse=True)
        opened = next((each for each in before if each <= local), None)
        ends = opened + self.duration if opened else None
        return ends if ends and local < ends else None

    @property
    def name(self) -> str:
        """Its description, or its schedule."""
        return self.description or f"freeze {self.schedule}"


def windows_of(overlay: Mapping[str, Any]) -> tuple[Window, ...]:
    """The windows of an overlay's spec that `window_faults` finds nothing wrong with."""
    found = overlay.get("freeze") or ()
    return tuple(_window(entry) for entry in found if not list(_faults(entry)))


def frozen(windows: Iterable[Window], verb: str, now: datetime) -> tuple[Window, datetime] | None:
    """The window that holds a verb back at a time, and when it ends: the one that ends last."""
    open_now = [(window, ends) for window in windows if verb not in window.verbs and (ends := window.closes(now))]
    return max(open_now, key=lambda each: each[1], default=None)


def what_passes(env: str, windows: Sequence[Window], verbs: Sequence[str], now: datetime) -> str:
    """Which of the verbs pass a freeze of the environment now, in words; empty where all of them do."""
    found = frozen(windows, "", now)
    passing = [verb for verb in verbs if frozen(windows, verb, now) is None] if found else verbs
    if found is None or len(passing) == len(verbs):
        return ""
    rest = f"only {', '.join(passing)} may pass; the others need" if passing else "each verb needs"
    return f"{until(env, *found)}: {rest} --break-glass REASON"


def until(env: str, window: Window, ends: datetime) -> str:
    """How long which freeze lasts, in words."""
    return f"{env} is frozen until {ends.isoformat(timespec='minutes')} ({window.name})"


def must_wait(command: str, windows: Sequence[Window], now: datetime) -> bool:
    """Whether a freeze holds back a command of this program."""
    program, _, rest = command.partition(" ")
    return program == "rollspec" and frozen(windows, rest.partition(" ")[0], now) is not None


def window_faults(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What is wrong with the windows as the schema accepts them: JSON pointer below `freeze`, and why."""
    return [(f"/{number}/{key}", why) for number, entry in enumerate(entries) for key, why in _faults(entry)]


def _window(entry: Mapping[str, Any]) -> Window:
    return Window(
        schedule=entry["schedule"],
        duration=duration(entry["duration"]) or timedelta(),
        zone=entry.get("timeZone", "UTC"),
        description=entry.get("description", ""),
        verbs=tuple(entry.get("verbs", RESCUE)),
    )


def _faults(entry: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from cronsim import CronSim, CronSimError

    try:
        CronSim(entry["schedule"], datetime(2026, 1, 1))
        if len(entry["schedule"].split()) != 5:  # the first of six are seconds, which Argo CD does not know
            raise CronSimError("Wrong number of fields")
    except (CronSimError, ValueError, OverflowError) as error:
        yield "schedule", f"{entry['schedule']!r} is not a cron schedule of five fields ({error}): write `0 18 * * 5`"
    lasts = duration(entry["duration"])
    if lasts is None or not timedelta() < lasts <= LONGEST:
        yield "duration", f"{entry['duration']!r} is not a duration of up to 366 days: write `62h` or `2d12h`"
    zone = entry.get("timeZone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield "timeZone", f"{zone!r} is not a time zone of the IANA database: write `Europe/Berlin`"


def duration(text: str) -> timedelta | None:
    """`2d12h` as a value; None for other text."""
    if len(text) > _LONGEST_TEXT or not _DURATION.fullmatch(text):
        return None
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
