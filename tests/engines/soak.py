"""`make soak`: random releases from a seed, as scenarios that the same invariants judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from typing import Any

from .scenario import Edit, Scenario, allowances

LENGTH = (3, 6)  # verbs of one release
KINDS = ("istio", "istio", "istio", "pinned", "replica", "bluegreen", "rolling", "ladder", "switch")
LADDER: tuple[dict[str, Any], ...] = (
    {"setWeight": 20},
    {"pause": {"duration": "2s"}},
    {"setWeight": 60},
    {"pause": {}},
)
SUBSETS = {"most": 4, "longest": 0.2, "reason": "Envoy may take new routes before the new cluster is warm"}


def releases(number: int, seed: int) -> list[Scenario]:
    """`number` random releases; the same ones for the same seed."""
    return [release(index, random.Random(f"{seed}-{index}")) for index in range(number)]


def release(index: int, rng: random.Random) -> Scenario:
    """One random app and a random walk of verbs."""
    kind = rng.choice(KINDS)
    first = Edit("first release", expect={"share": {"v1": 100}})
    make: Callable[[random.Random, int], Iterator[Edit]]
    make = {"bluegreen": blue_green, "rolling": rolling, "ladder": ladder, "switch": switch}.get(kind, canary)
    app = spec(kind, rng)
    return Scenario(
        name=f"soak-{index:03}-{kind}",
        title=f"random release {index}",
        facts={},
        edits=[first, *make(rng, app["replicas"])],
        spec=app,
        header="x-canary=1" if kind == "pinned" else "",
        trace=False,
    )


def spec(kind: str, rng: random.Random) -> dict[str, Any]:
    """A random app spec: replicas, how long pods take to get Ready and to end, surge."""
    env = {"READY_AFTER": f"{rng.choice((0.1, 0.4, 0.8, 1.5, 3, 5))}", "TERM_AFTER": f"{rng.choice((0, 0, 0.5, 2))}"}
    ends = rng.choice(({}, {}, {"ON_TERM": "exit"}))
    strategy: dict[str, Any] = {"maxSurge": rng.choice(("25%", "50%", 1)), "maxUnavailable": 0}
    if kind == "bluegreen":
        strategy = {"type": "BlueGreen"}
    elif kind in ("rolling", "switch"):
        strategy["type"] = "RollingUpdate"
    else:
        strategy |= {"type": "Canary", "router": "replica" if kind == "replica" else "istio"}
        strategy |= {"steps": [*LADDER]} if kind == "ladder" else {}
    pinned = {"istio": {"canaryHeaders": {"x-canary": "1"}}} if kind == "pinned" else {}
    replicas = rng.randint(8, 12) if kind == "replica" else rng.randint(2, 6)
    return {"replicas": replicas, "env": {**env, **ends}, "strategy": strategy, **pinned}


def verb(line: str, **expect: Any) -> Edit:
    """A verb and what it must lead to."""
    return Edit(line, verb=line, expect=expect)


def canary(rng: random.Random, replicas: int) -> Iterator[Edit]:
    """A walk over the states of a canary: in flight with a weight, aborted with one, or none."""
    number, live, aborted = 1, 0, 0
    for _ in range(rng.randint(*LENGTH)):
        if aborted and rng.random() < 0.5:
            yield verb("retry")
            live, aborted = aborted, 0
        elif not live:
            number, live, aborted = number + 1, rng.choice((5, 20, 34, 50, 90)), 0
            start = f"release {number}.0.0 --version v{number} --weight {live}"
            if rng.random() < 0.15:
                live = 0
                yield Edit("never Ready", verb=f"{start} --set env.READY_AFTER=never", wait=6)
                yield Edit("abort what is never Ready", verb="abort", expect={"phase": "Healthy"})
            else:
                yield verb(start)
        else:
            live, aborted, replicas = yield from flight(rng, live, replicas)


def flight(rng: random.Random, live: int, replicas: int) -> Generator[Edit, None, tuple[int, int, int]]:
    """One thing that may happen to a canary in flight; its weight then (0: none), the aborted one, and the pods."""
    match rng.choice(("weight", "weight", "weight", "promote", "abort", "controller", "scale", "restart")):
        case "promote":
            yield verb("promote", phase="Healthy")
            return 0, 0, replicas
        case "abort":
            yield verb("abort", phase="Healthy")
            return 0, live, replicas
        case "controller":
            yield Edit("the controller aborts", event="controller-abort", expect={"phase": "Degraded"})
            yield verb("retry")
            return live, 0, replicas
        case "restart":
            share = rng.choice([w for w in (10, 50, 99) if w != live])
            yield Edit("the controller restarts", event="controller-restart", settle=False)
            yield verb(f"weight {share}")
            return share, 0, replicas
        case "scale":
            replicas = rng.choice([number for number in range(3, 9) if number != replicas])
            yield Edit(f"{replicas} replicas", app={"replicas": replicas})
            return live, 0, replicas
        case _:
            share = rng.choice([w for w in (1, 10, 25, 50, 75, 99, 100) if w != live])
            yield verb(f"weight {share}")
            return share, 0, replicas


def blue_green(rng: random.Random, replicas: int) -> Iterator[Edit]:
    """Previews, promoted or aborted, and another number of pods."""
    for number in range(2, 2 + rng.randint(1, 3)):
        yield verb(f"release {number}.0.0 --version v{number}", phase="Paused")
        yield verb(rng.choice(("promote", "promote", "abort")), phase="Healthy")
    yield Edit("scale", app={"replicas": rng.choice([number for number in range(2, 7) if number != replicas])})


def rolling(rng: random.Random, _: int) -> Iterator[Edit]:
    """Rolling updates, and an undo of the last."""
    for number in range(2, 2 + rng.randint(1, 3)):
        yield verb(f"release {number}.0.0 --version v{number}", share={f"v{number}": 100})
    yield verb("undo")


def ladder(rng: random.Random, _: int) -> Iterator[Edit]:
    """An automatic ladder to its last pause; aborted, or by the controller, and begun again; promoted."""
    for number in range(2, 2 + rng.randint(1, 2)):
        last = {"share": {f"v{number - 1}": 40, f"v{number}": 60}, "phase": "Paused"}
        yield Edit(f"v{number} on the ladder", verb=f"release {number}.0.0 --version v{number}", expect=last)
        what = rng.choice(("promote", "abort", "controller"))
        if what == "controller":
            yield Edit("the controller aborts", event="controller-abort", expect={"phase": "Degraded"})
        if what != "promote":
            yield verb("abort", phase="Healthy")
            yield Edit(f"v{number} once more", verb="retry", expect=last)
        yield verb("promote", share={f"v{number}": 100}, phase="Healthy")


def switch(rng: random.Random, _: int) -> Iterator[Edit]:
    """A Deployment becomes a Rollout in stages, has a release, and goes back."""
    to = rng.choice(("Canary --router istio", "Canary --router replica", "BlueGreen"))
    allow = allowances({"requests": SUBSETS} if "istio" in to else {})
    yield Edit("first stage", verb=f"switch --to {to} --stages", expect={"share": {"v1": 100}}, allow=allow)
    yield Edit("second stage", verb="switch --continue", expect={"share": {"v1": 100}})
    yield verb(f"release 2.0.0 --version v2{'' if to == 'BlueGreen' else ' --weight 50'}", phase="Paused")
    yield verb("promote", share={"v2": 100}, phase="Healthy")
    yield Edit("the old pods go", event="wait 32")
    yield Edit("back", verb="switch --to RollingUpdate --stages", expect={"share": {"v2": 100}})
    yield Edit("back for good", verb="switch --continue", expect={"share": {"v2": 100}})
