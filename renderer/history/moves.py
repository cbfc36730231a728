"""What a commit did to one app: decided by the release state before and after it, not by the commit's message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from renderer.history.standing import Flight, State, VersionName, name_of
from renderer.spec import Version

MoveType = Literal[
    "added",  # the app is new here
    "removed",  # the app, or the environment, is deleted
    "start",  # a canary or preview starts
    "found",  # the first known state already has a canary or preview
    "reopened",  # a promoted version is in flight again: the promotion was reverted
    "retry",  # an aborted version, or one that the controller stopped, starts again
    "weight",  # the canary's share changes
    "promoted",  # the version in flight becomes stable
    "aborted",  # the version in flight is removed, the stable version stays
    "replaced",  # a third version replaces the version in flight
    "gone",  # the version in flight is removed with the app
    "direct",  # another stable version, without a canary
    "undo",  # back to the previous version, without a canary
    "configuration",  # the stable version's configuration changes, without a canary
    "restart",
    "pause",
    "resume",
    "switch",  # strategy, router, or the stage of a switch
    "unreadable",  # unknown: the specs cannot be read
]
ENDS: frozenset[MoveType] = frozenset(("promoted", "aborted", "replaced", "gone"))
STARTS: frozenset[MoveType] = frozenset(("start", "found", "reopened"))


class Move(NamedTuple):
    """One thing that a commit did.

    `version` is the version that the move is about; `before` was stable before a release; `weights` are the
    canary's share before and after (None: it has no share of its own). `detail` says more, in words.
    """

    type: MoveType
    version: VersionName | None = None
    before: VersionName | None = None
    weights: tuple[int | None, int | None] = (None, None)
    flight: Literal["canary", "preview"] | None = None
    detail: str = ""


def moves(old: State | None, new: State | None) -> Iterator[Move]:
    """What happened from `old` to `new`, in the order in which releases happen; None: the app does not exist."""
    if old is None or new is None:
        yield from _comes_or_goes(old, new)
        return
    released = [*_release(old, new), *_switch(old, new)]
    yield from released
    yield from _hold(old, new, alone=not released)


def _release(old: State, new: State) -> Iterator[Move]:
    ends = _ends(old, new)
    if ends:
        yield Move(ends, _name(old.flying), name_of(old.stable), (_weight(old), None), _role(old))
    yield from _stable(old, new, promoted=ends == "promoted")
    if new.flying and (old.flying is None or ends):
        yield _start(old, new)
    elif new.flying:
        yield from _on_the_way(old, new)


def _comes_or_goes(old: State | None, new: State | None) -> Iterator[Move]:
    if new:
        yield Move("added", name_of(new.stable))
        if new.flying:
            yield Move("found", _name(new.flying), name_of(new.stable), (None, _weight(new)), _role(new))
    elif old:
        if old.flying:
            yield Move("gone", _name(old.flying), name_of(old.stable), (_weight(old), None), _role(old))
        yield Move("removed", name_of(old.stable))


def _ends(old: State, new: State) -> MoveType | None:
    """How the version in flight ended, if it did."""
    if old.flying is None or (new.flying is not None and _same_flight(old, new)):
        return None
    if _became_stable(old, new):
        return "promoted"
    if name_of(old.stable) != name_of(new.stable):
        return "replaced"
    return "replaced" if new.flying else "aborted"


def _same_flight(old: State, new: State) -> bool:
    """Whether the same version is still in flight; the configuration that both versions share may have changed."""
    return (_role(old), _name(old.flying), old.overrides) == (_role(new), _name(new.flying), new.overrides)


def _became_stable(old: State, new: State) -> bool:
    """Decided by the tag; if the tag is the same, by the label or by the configuration of the pods."""
    flying = old.flying
    if flying is None or flying.tag != new.stable.tag:
        return False
    if flying.tag != old.stable.tag:
        return True
    by_label = flying.version == new.stable.version != old.stable.version
    return by_label or flying.fields == new.stable.fields != old.stable.fields


def _stable(old: State, new: State, *, promoted: bool) -> Iterator[Move]:
    """A change of the stable version that is not a promotion."""
    expected = old.flying if promoted and old.flying else old.stable
    version, before = name_of(new.stable), name_of(expected)
    if expected == new.stable or (version != before and _name(new.flying) == before):
        return  # the second condition: a reverted promotion, reported as 'reopened'
    if not promoted and (old.previous == new.stable or new.standing.undone == before):
        yield Move("undo", version, before)
    elif expected.tag != new.stable.tag:
        yield Move("direct", version, before)
    else:
        yield Move("configuration", version, before)


def _start(old: State, new: State) -> Move:
    name, stable = _name(new.flying), name_of(new.stable)
    type_: MoveType = "start"
    detail = ""
    if name == name_of(old.stable) and stable != name:
        type_ = "reopened"
    elif old.aborted and name == name_of(old.aborted):
        detail = "retry"
    elif old.previous and name == name_of(old.previous) and name != old.standing.undone:
        detail = "undo"
    return Move(type_, name, stable, (None, _weight(new)), _role(new), detail)


def _on_the_way(old: State, new: State) -> Iterator[Move]:
    """Changes of a version in flight that stays in flight."""
    weights = (_weight(old), _weight(new))
    if weights[0] != weights[1]:
        yield Move("weight", _name(new.flying), name_of(new.stable), weights, _role(new))
    elif old.from_weight != new.from_weight:
        yield Move("retry", _name(new.flying), name_of(new.stable), weights, _role(new))


def _switch(old: State, new: State) -> Iterator[Move]:
    was, now = strategy_text(old), strategy_text(new)
    if was != now:
        yield Move("switch", detail=f"{was} -> {now}")


def strategy_text(state: State) -> str:
    """The strategy, and the stage of a switch."""
    standing = state.standing
    by = f" by {standing.router}" if standing.router else ""
    return f"{standing.strategy}{by}" + (f", switching ({standing.stage})" if standing.stage else "")


def _hold(old: State, new: State, *, alone: bool) -> Iterator[Move]:
    """Restart, pause, resume; a release that ends a pause is not reported as a resume too."""
    if new.restarted is not None and new.restarted != old.restarted:
        yield Move("restart", name_of(new.stable), detail=new.restarted)
    if new.standing.paused and not old.standing.paused:
        yield Move("pause")
    elif old.standing.paused and not new.standing.paused and alone:
        yield Move("resume")


def _role(state: State) -> Literal["canary", "preview"] | None:
    flight = state.standing.flight
    return None if flight is None else "canary" if flight.role == "canary" else "preview"


def _name(version: Version | None) -> VersionName | None:
    return None if version is None else name_of(version)


def _weight(state: State) -> int | None:
    flight: Flight | None = state.standing.flight
    return None if flight is None else flight.weight
