"""The commands that are possible in a release state, as a person types them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from renderer.history import Flight, Standing

_RAISED = (5, 20, 50)  # shares that a canary is raised to


@dataclass(frozen=True, slots=True)
class PossibleVerb:
    """A verb that fits a state. `mode` is an option such as `--continue`; `share` is a weight to suggest."""

    name: str
    mode: str = ""
    share: int | None = None

    def command(self, app: str) -> str:
        """`weight web 50`, `switch web --continue`."""
        words = [self.name, app, *([str(self.share)] if self.share is not None else []), self.mode]
        return " ".join(filter(None, words))


def possible(
    standing: Standing, app: str, env: str | None, *, namespace: str = "", has_previous: bool = False
) -> list[str]:
    """The verbs that fit, each as a whole command; `env` is None where the project has one environment.

    `has_previous`: the state remembers what the last promotion replaced, so that `undo` can go back to it.
    """
    option = f" --env {env}" if env else ""
    there = f" --namespace {namespace}" if namespace else ""
    looking = f"kubectl argo rollouts get rollout {app}{there}"
    found = [
        f"rollspec {verb.command(app)}{option} --commit" for verb in possible_verbs(standing, has_previous=has_previous)
    ]
    is_rollout = standing.strategy in ("Canary", "BlueGreen")
    return [*found, looking if is_rollout else f"kubectl rollout status deployment/{app}{there}"]


def possible_verbs(standing: Standing, *, has_previous: bool) -> Iterator[PossibleVerb]:
    """The verbs that fit, in the order in which a person probably needs them; see `possible`."""
    if standing.paused:
        yield PossibleVerb("resume")
        if standing.flight:
            yield PossibleVerb("abort")
    elif standing.stage:
        yield PossibleVerb("switch", "--continue")
        if not standing.stage.startswith("after"):
            yield PossibleVerb("switch", "--abort")
        yield PossibleVerb("pause")
    elif standing.flight:
        yield from _in_flight(standing.flight)
    else:
        if standing.aborted and standing.strategy in ("Canary", "BlueGreen"):
            yield PossibleVerb("retry")
        yield PossibleVerb("pause")
        yield PossibleVerb("restart")
        if has_previous:
            yield PossibleVerb("undo", "--redo" if standing.undone else "")


def _in_flight(flight: Flight) -> Iterator[PossibleVerb]:
    weight = flight.weight
    if weight is not None and (higher := next((each for each in _RAISED if each > weight), None)):
        yield PossibleVerb("weight", share=higher)
    yield PossibleVerb("promote")
    yield PossibleVerb("abort")
    yield PossibleVerb("pause")
    yield PossibleVerb("restart")
