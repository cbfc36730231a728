"""What the simulation of an app says, in lines: shares, pods, how long it takes, and each flag."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from renderer.plan import Flag, SimulationSummary
from renderer.problem import plural

_MOMENT = 0.1  # seconds
_LONG = 60  # seconds; shorter times say more about the simulator than about the cluster
_COUNTS: dict[str, str] = {
    "autoscaler": "an autoscaler decides how many pods run: these are the counts at its lower and its upper bound",
    "many": "an autoscaler decides how many pods run: these are the counts at its lower bound; it may run many more",
    "elsewhere": "something that is not in Git decides how many pods run: these counts are assumed",
}
_FLAGS: dict[str, Callable[[Flag], str]] = {
    "dip": lambda flag: f"dip: the share of {flag.version} falls to {_percent(flag.share)}",  # at its worst
    "over": lambda flag: f"over: the share of {flag.version} rises to {_percent(flag.share)}",
    "overload": lambda flag: (
        f"overload: {_percent(flag.share)} of the traffic on {plural(flag.ready, 'pod')} of {flag.version} Ready"
    ),
    "unready": lambda flag: (
        f"unready: {_percent(flag.share)} of the traffic goes to {flag.version}, which has no Ready pod"
        if flag.version
        else "unready: a route leads to no Ready pod (the one for pinned requests, for example)"
        if flag.ready
        else "unready: there is no pod to serve requests"
    ),
}


def timeline_lines(summary: SimulationSummary) -> Iterator[str]:
    """A line for each version, then how many pods are Ready, how many there are, how long it takes, and each flag."""
    yield from _tracks(summary)
    most = summary.at_maximum or summary
    before = _counts(summary.ready_before, most.ready_before)
    after = _counts(summary.ready_after, most.ready_after)
    least = f", never under {summary.lowest_ready}" if summary.ready_before and summary.ready_after else ""
    yield f"ready    {before} -> {after} pods{least}"
    yield f"pods     at most {summary.highest_pods}"
    if summary.count in _COUNTS:
        yield f"counts   {_COUNTS[summary.count]}"
    if summary.seconds >= _LONG:
        yield f"takes    {_duration(summary.seconds)} and more"
    for flag in summary.flags:
        yield f"flag     {flag_text(flag)}"


def _tracks(summary: SimulationSummary) -> Iterator[str]:
    """A line for each version; without the share where no request reaches it."""
    width = max((len(track.version) for track in summary.tracks), default=0)
    most = {track.version: track for track in (summary.at_maximum or summary).tracks}
    for track in summary.tracks:
        other = most.get(track.version, track)
        pods = f"{_counts(track.pods_before, other.pods_before)} -> {_counts(track.pods_after, other.pods_after)} pods"
        if not summary.serves:
            yield f"runs     {track.version.ljust(width)}  {pods}"
            continue
        before, after = _percents(track.before, other.before), _percents(track.after, other.after)
        lowest, highest = min(track.lowest, other.lowest), max(track.highest, other.highest)
        ends = track.before, track.after, other.before, other.after
        between = _between(lowest, highest, min(ends), max(ends))
        yield f"share    {track.version.ljust(width)}  {before} -> {after}{between}  {pods}"


def _counts(one: int, other: int) -> str:
    low, high = sorted((one, other))
    return str(low) if low == high else f"{low} to {high}"


def _percents(one: float, other: float) -> str:
    low, high = sorted((one, other))
    return _percent(low) if low == high else f"{low:g} to {_percent(high)}"


def _duration(seconds: float) -> str:
    """Hours and whole minutes: the sum of the steps' pauses; the rest is shorter and less certain."""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def flag_text(flag: Flag) -> str:
    """The flag, how often it occurs and for how long."""
    times = f", {flag.times} times" if flag.times > 1 else ""
    if flag.type in ("dip", "over") and flag.seconds is not None and flag.seconds >= _LONG:
        return f"{_FLAGS[flag.type](flag)}, and comes back after about {_duration(flag.seconds)}{times}"
    return f"{_FLAGS[flag.type](flag)}, {_lasts(flag.seconds)}{times}"


def _lasts(seconds: float | None) -> str:
    if seconds is None:
        return "and it lasts"
    if seconds >= _LONG:
        return f"for about {_duration(seconds)}"
    return "for a moment" if seconds < _MOMENT else f"for about {seconds:.1f} s"


def _between(lowest: float, highest: float, low: float, high: float) -> str:
    """The lowest and highest share, where they are not at the start or the end."""
    found = []
    if lowest < low:
        found.append(f"down to {_percent(lowest)}")
    if highest > high:
        found.append(f"up to {_percent(highest)}")
    return f" ({', '.join(found)})" if found else ""


def _percent(share: float) -> str:
    return f"{share:g} %"
