"""What the project promises on two processors, and whether a run of the benchmarks kept it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench import reference, starts
from tests.bench.measure import Result
from tests.bench.ours import IN_TURNS
from tests.bench.peers import BESIDE
from tests.bench.rows import LOG
from tests.bench.verbs import FLEET, SIZES

Key = tuple[str, int, int]  # name, apps, environments

# At most so many seconds of wall time, on the machine of `reference`.
TIMES: Mapping[Key, float] = {
    ("--help", 1, 1): 0.065,
    ("cold", 1, 1): 0.085,
    ("hook: validate", 1, 1): 0.085,
    ("hook: render", 1, 1): 0.085,
    ("plain hook: validate", 1, 1): 0.085,
    ("plain hook: render", 1, 1): 0.085,
    ("nothing changed", 10_000, 1): 0.35,
    ("plan, nothing changed", 10_000, 1): 0.35,
    ("validate --cached", 10_000, 1): 0.35,
    ("fmt --check --cached", 10_000, 1): 0.35,
    ("render --check --cached", 10_000, 1): 0.35,
    ("validate", 10_000, 1): 2.0,
    ("fmt --check", 10_000, 1): 2.0,
    ("one app asked for", 10_000, 1): 0.15,
    ("validate one app", 10_000, 1): 0.15,
    ("hook: validate", 10_000, 1): 0.15,
    ("hook: render", 10_000, 1): 0.15,
    ("plain hook: validate", 10_000, 1): 0.15,
    ("plain hook: render", 10_000, 1): 0.15,
    ("one app changed", 10_000, 1): 0.8,
    ("plan", 10_000, 1): 1.0,
    **{(verb, FLEET, envs): 3.0 for verb, envs in SIZES.items()},
    ("verb --commit", 10_000, 1): 0.25,
    ("verb --commit over 100 apps", 10_000, 1): 1.0,
    ("status", 10_000, 1): 0.4,
    ("status", 10_000, 3): 1.0,
    ("history", 10_000, 1): 0.4,
    ("status --behind", 10_000, 1): 0.4,
    ("status --behind", 10_000, 3): 1.0,
    ("all changed: plan", 10_000, 1): 12.0,
    ("all changed: validate --base", 10_000, 1): 8.0,
    ("all changed: render", 10_000, 1): 3.0,
}
# At least so many times as fast a cold run as the peer's, over the same COMPARED apps.
TIMES_AS_FAST = {"kustomize, one build": 50, "kustomize, builds of 100": 25, "Helm's engine, one process": 2.5}
COMPARED = 1000
MOST_MEMORY = 400  # MB of one process over MANY apps or more
MOST_GROWTH = 1.2  # times an app's wall time among FEW, among MANY
FEW, MANY, MOST = 100, 10_000, 50_000
MOST_AT_MOST = 1.1  # times an app's wall time among MANY, among MOST
MOST_BY_LOG = 1.5  # times the wall time with few commits, with many
MOST_BY_SPAWN = 1.5  # times the wall time with forks, with spawned processes
WORDS = {
    "cold": "render: everything made, checked and written",
    "nothing changed": "render again, nothing changed",
    "one app changed": "render again, one app changed",
    "nothing changed, no cache": "render again with `--no-cache`: everything made and compared",
    "one app asked for": "render one app (`--app`)",
    "validate": "validate",
    "plan": "plan of at most 5 changed apps",
    **{verb: f"{verb} of {FLEET:,} apps in one commit" for verb in SIZES},
    "fmt --check": "`fmt --check`",
    "fmt --check --cached": "`fmt --check --cached`, nothing changed",
    "validate --cached": "`validate --cached`, nothing changed",
    "render --check --cached": "`render --check --cached`, nothing changed",
    "plan, nothing changed": "plan, nothing changed",
    "validate one app": "`validate --cached --app`",
    "hook: validate": "hook `validate --hook --cached`, one changed spec",
    "hook: render": "hook `render --hook`, one changed spec",
    "plain hook: validate": "the same without pre-commit: `validate --hook --cached`",
    "plain hook: render": "the same without pre-commit: `render --hook`",
    "verb --commit": "a verb with `--commit`, Git included",
    "verb --commit over 100 apps": "a verb with `--commit` over 100 apps",
    "status of some environment": "`status` of one environment",
    "all changed: plan": "all apps changed: plan",
    "all changed: validate --base": "all apps changed: `validate --base`",
    "all changed: render": "all apps changed: render",
    "floor": "floor: `cp -r` of the rendered files",
    "--help": "`--help`",
    "python -c pass": "floor: `python -c pass`",
    reference.BEFORE: f"render by rollspec {reference.COMMIT[:8]}, in turns with",
    reference.NOW: "render by this version, of the same specs",
    BESIDE: "render, between the peers' runs",
    **{name + IN_TURNS: f"{name}, between the runs of {MOST:,} apps" for name in ("cold", "nothing changed")},
}


@dataclass(frozen=True)
class Goal:
    """One promise beside what was measured. `key` is the run of ours that it is about, where it is about time."""

    what: str
    size: str
    limit: str
    measured: str
    is_met: bool
    key: Key | None = None


def goals(results: Sequence[Result]) -> list[Goal]:
    """Each goal of which this run can tell."""
    found = {(each.name, each.apps, each.envs): each for each in results}
    return [
        *_against_reference(found),
        *_against_peers(found),
        *_growth(found),
        *_times(found),
        *_memory(results),
        *_log(found),
        *_starts(found),
    ]


def floor(results: Sequence[Result], key: Key) -> Result | None:
    """The least that the same takes without rollspec: for a fleet its bytes written, else Python started."""
    name, apps, envs = key
    sought = ("floor", apps, envs) if name == "cold" and apps > 1 else ("python -c pass", 1, 1)
    return next((each for each in results if (each.name, each.apps, each.envs) == sought), None)


def in_words(seconds: float) -> str:
    """`150 ms`, `5.00 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


def _against_reference(found: Mapping[Key, Result]) -> Iterator[Goal]:
    for envs, limit in reference.RATIOS.items():
        before, now = (found.get((name, reference.APPS, envs)) for name in (reference.BEFORE, reference.NOW))
        if before and now:
            ratio = now.sample.wall / before.sample.wall
            what, size = f"render, by rollspec {reference.COMMIT[:8]}", f"{reference.APPS:,} x {envs}"
            key = ("cold", reference.APPS, envs)
            yield Goal(what, size, f"at most {limit} times", f"{ratio:.2f} times", ratio <= limit, key)


def _times(found: Mapping[Key, Result]) -> Iterator[Goal]:
    for key, there in TIMES.items():
        if each := found.get(key):
            limit = there * each.slowness
            name, apps, envs = key
            measured = f"{in_words(each.sample.wall)} ({in_words(each.sample.cpu)} of processors)"
            met = each.sample.wall <= limit
            yield Goal(WORDS.get(name, name), f"{apps:,} x {envs}", f"at most {in_words(limit)}", measured, met, key)


def _against_peers(found: Mapping[Key, Result]) -> Iterator[Goal]:
    ours, key = found.get((BESIDE, COMPARED, 1)), ("cold", COMPARED, 1)
    for name, limit in TIMES_AS_FAST.items():
        peer = found.get((name, COMPARED, 1))
        if ours and peer:
            ratio = peer.each / ours.each
            wanted, measured = f"at least {limit} times as fast", f"{ratio:.1f} times"
            yield Goal(f"render, compared with {name}", f"{COMPARED:,} x 1", wanted, measured, ratio >= limit, key)


def _growth(found: Mapping[Key, Result]) -> Iterator[Goal]:
    for envs in sorted({key[2] for key in found}):
        few, many = found.get(("cold", FEW, envs)), found.get(("cold", MANY, envs))
        if few and many:
            ratio = many.each / few.each
            limit, size = f"at most {MOST_GROWTH} times", f"{MANY:,} x {envs}"
            what = f"an app's time, by that among {FEW} apps"
            yield Goal(what, size, limit, f"{ratio:.2f} times", ratio <= MOST_GROWTH, ("cold", MANY, envs))

    for name in ("cold", "nothing changed"):
        many, most = found.get((name + IN_TURNS, MANY, 1)), found.get((name, MOST, 1))
        if many and most:
            ratio, limit = most.each / many.each, f"at most {MOST_AT_MOST} times"
            what = f"an app's time, by that among {MANY:,} apps: {name}"
            yield Goal(what, f"{MOST:,} x 1", limit, f"{ratio:.2f} times", ratio <= MOST_AT_MOST)


def _log(found: Mapping[Key, Result]) -> Iterator[Goal]:
    few, many = LOG
    for name in ("history", "status"):
        one, other = found.get((f"{name}, {few:,} commits", 100, 1)), found.get((f"{name}, {many:,} commits", 100, 1))
        if one and other:
            ratio, limit = other.sample.wall / one.sample.wall, f"at most {MOST_BY_LOG} times"
            what = f"`{name}` with {many:,} commits, by that with {few}"
            yield Goal(what, "100 x 1", limit, f"{ratio:.2f} times", ratio <= MOST_BY_LOG)


def _starts(found: Mapping[Key, Result]) -> Iterator[Goal]:
    for name in starts.STARTS:
        fork, spawn = (found.get((starts.by(name, method), starts.APPS, 1)) for method in starts.METHODS)
        if fork and spawn:
            ratio, limit = spawn.sample.wall / fork.sample.wall, f"at most {MOST_BY_SPAWN} times"
            what = f"{name}, with spawned processes, by that with forks"
            yield Goal(what, f"{starts.APPS:,} x 1", limit, f"{ratio:.2f} times", ratio <= MOST_BY_SPAWN)


def _memory(results: Sequence[Result]) -> Iterator[Goal]:
    for apps, envs in sorted({(each.apps, each.envs) for each in results if each.apps >= MANY}):
        peak = max(each.sample.peak for each in results if (each.apps, each.envs) == (apps, envs))
        limit, size = f"at most {MOST_MEMORY} MB", f"{apps:,} x {envs}"
        yield Goal("memory of the largest process", size, limit, f"{peak:.0f} MB", peak <= MOST_MEMORY)
