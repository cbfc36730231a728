"""Whether a version that is stable in the previous environment is due in the next one, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from renderer.history.releases import LiveCommit
from renderer.history.standing import Standing, VersionName


@dataclass(frozen=True, slots=True)
class Placed:
    """An app in one environment; `standing` is None if it cannot be read (`problem`), `since` if no commit is known.

    `since` is the commit that made its stable version stable, `commits_back` how far back that is.
    """

    env: str
    app: str
    standing: Standing | None
    since: LiveCommit | None = None
    commits_back: int | None = None
    age: timedelta | None = None  # of `since`
    problem: str = ""
    needs_weight: bool = False  # `release` must name the first weight of a canary
    replaced: VersionName | None = None  # the version before the stable one, if no undo went back from it


@dataclass(frozen=True, slots=True)
class Due:
    """A version that an environment does not have yet. `held` says why it is not due; empty: it is due now."""

    env: str
    app: str
    source: str
    version: VersionName
    held: str = ""
    may_be_ahead: bool = False  # the version here came later than the one there, or replaced it here
    needs_weight: bool = False
    is_young: bool = False  # it is held only because it is not stable there for long enough


def due(here: Placed, there: Sequence[Placed], *, soak: timedelta | None = None, redo: bool = False) -> Due | None:
    """What is due for an app here, from the previous environments; None if the tag is the same or none comes before.

    Another label of the same tag is another configuration, which belongs to each environment alone. A version that was
    stopped here is held, except with `redo`.
    """
    if not there or here.standing is None:
        return None
    named = [(each.env, each.standing.stable) for each in there if each.standing]
    if not named or {version.tag for _, version in named} == {here.standing.stable.tag}:
        return None
    source, version = named[0]
    held = _not_one(there) or _held_here(here.standing, version, redo=redo) or _held_there(here.standing, there)
    young = "" if held or soak is None else _young(there, soak)
    backs = [each.commits_back for each in there]
    is_later = here.commits_back is not None and all(back is None or here.commits_back < back for back in backs)
    # An app that was renamed has its versions from one commit everywhere; its spec still says which came first.
    may_be_ahead = is_later or here.replaced == version
    return Due(here.env, here.app, source, version, held or young, may_be_ahead, here.needs_weight, bool(young))


def _not_one(there: Sequence[Placed]) -> str:
    """Why the previous environments do not agree on one version."""
    for each in there:
        if each.standing is None:
            return f"the spec in {each.env} cannot be read"
    versions = {each.standing.stable.tag: each.env for each in there if each.standing}
    said = ", ".join(f"{env} has {version}" for version, env in versions.items())
    return f"the previous environments differ: {said}" if len(versions) > 1 else ""


def _held_here(here: Standing, version: VersionName, *, redo: bool) -> str:
    if here.flight:
        return f"{here.flight} is in flight"
    if here.stage:
        return "a switch is under way"
    if here.paused:
        return "the app is paused"
    stopped = next((how for how, name in here.stopped if name == version), None)
    return f"it was {stopped} here" if stopped and not redo else ""


def _held_there(here: Standing, there: Sequence[Placed]) -> str:
    for each in there:
        if each.standing and each.standing.undone == here.stable:
            return f"{here.stable} was undone in {each.env}: `undo` it here too"
    return ""


def _young(there: Sequence[Placed], soak: timedelta) -> str:
    for each in there:
        if each.age is None or each.age < soak:
            return f"it is not stable in {each.env} for long enough"
    return ""
