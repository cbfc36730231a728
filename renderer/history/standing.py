"""The release state of one app in one environment as a value: as it is shown, and with what its versions run with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from renderer.spec import Version, version_name


class VersionName(NamedTuple):
    """A version in the form that people use: the image tag, and the label `version` of its pods."""

    tag: str
    version: str

    def __str__(self) -> str:
        return version_name(self.tag, self.version)


def name_of(version: Version) -> VersionName:
    """The version's name."""
    return VersionName(version.tag, version.version)


class Flight(NamedTuple):
    """The version in flight: `role` is canary or preview; `weight` in percent, None for a preview or under a ladder."""

    role: str
    name: VersionName
    weight: int | None
    overrides: bool

    def __str__(self) -> str:
        share = "" if self.weight is None else f" at {self.weight} %"
        return f"{self.role} {self.name}{share}"


class Standing(NamedTuple):
    """The release state as it is shown. `router` is set for a Canary only; `stage` describes a switch under way."""

    strategy: str
    router: str | None
    stable: VersionName
    flight: Flight | None
    paused: bool
    stage: str | None
    aborted: VersionName | None
    undone: VersionName | None = None

    @property
    def stopped(self) -> list[tuple[str, VersionName]]:
        """The versions that were stopped here, and how: `aborted`, `undone`; not one that flies again."""
        named = (("aborted", self.aborted), ("undone", self.undone))
        again = self.flight.name if self.flight else None
        return [(how, version) for how, version in named if version and version != again]

    @property
    def states(self) -> list[str]:
        """The state in single words: what is in flight, else what was stopped, and what pauses the controller."""
        flight = [self.flight.role] if self.flight else [how for how, _ in self.stopped]
        return [*flight, *(["switching"] if self.stage else []), *(["paused"] if self.paused else [])]


class State(NamedTuple):
    """The release state with the configuration of its versions, to distinguish changes."""

    standing: Standing
    stable: Version
    flying: Version | None
    previous: Version | None
    aborted: Version | None
    from_weight: int | None
    overrides: Any
    restarted: str | None
    ladder: tuple[Mapping[str, Any], ...] = ()  # the strategy's steps, as far as they are mappings
    ends_by_itself: bool = False  # the ladder goes on to 100 % without a promotion in Git
    namespace: str | None = None  # the app's own
    needs_weight: bool = False  # `release` must name the first weight of a canary, since the spec does not
