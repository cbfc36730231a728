"""The commands that are possible in a release state, as a person types them."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.history import Flight, Standing

_RAISED = (5, 20, 50)  # shares that a canary is raised to


def possible(
    standing: Standing, app: str, env: str | None, *, namespace: str = "", has_previous: bool = False
) -> list[str]:
    """The verbs that fit, each as a whole command; `env` is None where the project has one environment.

    `has_previous`: the state remembers what the last promotion replaced, so that `undo` can go back to it.
    """
    where = f" --env {env}" if env else ""
    there = f" --namespace {namespace}" if namespace else ""
    looking = f"kubectl argo rollouts get rollout {app}{there}"
    found = [f"rollspec {verb}{where} --commit" for verb in _verbs(standing, app, has_previous)]
    is_rollout = standing.strategy in ("Canary", "BlueGreen")
    return [*found, looking if is_rollout else f"kubectl rollout status deployment/{app}{there}"]


def _verbs(standing: Standing, app: str, has_previous: bool) -> Iterator[str]:
    if standing.paused:
        yield f"resume {app}"
        if standing.flight:
            yield f"abort {app}"
    elif standing.stage:
        yield f"switch {app} --continue"
        if not standing.stage.startswith("after"):
            yield f"switch {app} --abort"
        yield f"pause {app}"
    elif standing.flight:
        yield from _in_flight(standing.flight, app)
    else:
        if standing.aborted and standing.strategy in ("Canary", "BlueGreen"):
            yield f"retry {app}"
        yield f"pause {app}"
        yield f"restart {app}"
        if has_previous:
            yield f"undo {app} --redo" if standing.undone else f"undo {app}"


def _in_flight(flight: Flight, app: str) -> Iterator[str]:
    weight = flight.weight
    if weight is not None and (higher := next((each for each in _RAISED if each > weight), None)):
        yield f"weight {app} {higher}"
    yield f"promote {app}"
    yield f"abort {app}"
    yield f"pause {app}"
    yield f"restart {app}"
