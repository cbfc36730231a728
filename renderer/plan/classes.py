"""A plan as values: classes from the mildest to the harshest, effects, summaries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from renderer.plan.fields import FieldClass
from renderer.problem import Problem

if TYPE_CHECKING:
    from renderer.simulate import Timeline
    from renderer.spec import Version

Class = Literal[
    "nothing",
    "metadata",
    "behaviour",
    "hold",
    "scale",
    "create",
    "traffic",
    "canary-start",
    "preview-start",
    "canary-step",
    "promote",
    "abort",
    "undo",
    "restart",
    "replace",
    "migrate",
    "remove",
    "disruptive",
]
# What decides the count of pods: the manifest; an autoscaler of the tree; one whose most pods are too many to simulate;
# something that is not in the tree.
Count = Literal["given", "autoscaler", "many", "elsewhere"]
# The order is the severity; the words are what a reviewer reads in the documentation.
CLASSES: dict[Class, str] = {
    "nothing": "the cluster gets the same manifests",
    "metadata": "labels or annotations of objects; no pod notices",
    "behaviour": "settings, mostly of later releases; no pod and no request moves",
    "hold": "the controller is paused, or resumed",
    "scale": "the number of pods, or its bounds",
    "create": "a new app or object",
    "traffic": "which requests go where",
    "canary-start": "a new version gets part of the traffic",
    "preview-start": "a new version runs next to the active one, without traffic",
    "canary-step": "the share of the canary changes",
    "promote": "the version in flight becomes the stable one",
    "abort": "the version in flight is stopped; the stable one gets all the traffic",
    "undo": "back to the previous version, at once",
    "restart": "every pod is replaced by one of the same version",
    "replace": "every pod is replaced by a changed one, without a canary",
    "migrate": "another strategy, router or workload",
    "remove": "the app, or an object, is deleted",
    "disruptive": "traffic is lost, or an object must be created again",
}
SEVERITY: dict[Class, int] = {name: number for number, name in enumerate(CLASSES)}
OF_FIELD: dict[FieldClass, Class] = {
    "template": "replace",
    "state": "behaviour",  # moves are judged as a transition
    "scale": "scale",
    "traffic": "traffic",
    "behaviour": "behaviour",
    "metadata": "metadata",
    "identity": "disruptive",
    "none": "nothing",
    "rendered": "nothing",  # judged by the manifests
}


class ChangedPath(NamedTuple):
    """One thing that changed: a pointer into the effective App, the Overlay, the Project, or a manifest (by its file).

    `before` and `after` are the values as short text; None if there is none.
    """

    document: str
    pointer: str
    field_class: FieldClass
    before: str | None = None
    after: str | None = None


class Effect(NamedTuple):
    """One reason for a class, and the paths that caused it."""

    class_: Class
    reason: str
    paths: tuple[ChangedPath, ...] = ()
    loses_data: bool = False  # said in the first line, even if another effect comes before


@dataclass(frozen=True, slots=True)
class Track:
    """One version in the simulated timeline: percent of the traffic, and pods."""

    version: str
    before: float
    lowest: float
    highest: float
    after: float
    pods_before: int
    pods_after: int

    def is_of(self, version: Version) -> bool:
        """Whether it is of this version: it has the name that people know, where the simulator had a label."""
        return self.version.partition("#")[0] in (version.name, version.version)


@dataclass(frozen=True, slots=True)
class Flag:
    """Periods of the timeline with one fault of one version; `seconds` is None if the fault does not end.

    `type` is dip (the share is lower than before and after), over (higher), overload (a share for more pods than are
    Ready) or unready (requests for a version without a Ready pod, or, if `version` is empty, without any Ready pod).
    """

    type: str
    version: str
    share: float  # percent, the worst
    ready: int  # the fewest Ready pods
    seconds: float | None  # the longest
    times: int = 1


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What the simulator saw between the manifests before and after: percents, counts of pods, seconds.

    Where an autoscaler decides the count of pods, `tracks` and the counts before and after are those at its lower
    bound, and `at_maximum` has those at its upper bound (None where that is too many to simulate).
    """

    tracks: tuple[Track, ...]
    ready_before: int
    lowest_ready: int
    ready_after: int
    pods_before: int
    highest_pods: int
    seconds: float
    phase: str
    flags: tuple[Flag, ...] = ()
    at_maximum: SimulationSummary | None = None
    count: Count = "given"
    serves: bool = True  # whether requests reach the pods: without, a share says nothing


@dataclass(frozen=True, slots=True)
class AppPlan:
    """What happens to one app in one environment. `effects` are sorted, the harshest first: it gives the class.

    `not_simulated` says why a change that moves pods or requests has no summary. `comes_back` is the pod template, as
    text, of the version that an abort or an undo restores.
    """

    app: str
    env: str
    effects: tuple[Effect, ...]
    summary: SimulationSummary | None = None
    problems: tuple[Problem, ...] = ()
    not_simulated: str = ""
    remarks: tuple[str, ...] = ()
    timeline: Timeline | None = None  # only where it was asked for
    comes_back: str = ""
    ladder: tuple[str, ...] = ()  # lines about an automatic ladder that starts or ends
    watch: tuple[str, ...] = ()  # what watches the release
    first_check: int = 0  # of a canary that is promoted: seconds from its first weight to its analysis' first check
    restarts_at: str = ""  # the new time at which a Rollout restarts its pods; a Deployment restarts them at once

    @property
    def class_(self) -> Class:
        """The harshest class."""
        return self.effects[0].class_ if self.effects else "nothing"

    @property
    def reason(self) -> str:
        """The reason for the class, and what loses data."""
        if not self.effects:
            return CLASSES["nothing"]
        first, *others = self.effects
        return "; ".join([first.reason, *(effect.reason for effect in others if effect.loses_data)])

    @property
    def paths(self) -> tuple[ChangedPath, ...]:
        """The paths that caused it."""
        return self.effects[0].paths if self.effects else ()


class Looks(NamedTuple):
    """Somebody who must look at a change, and at what: changed specs, or environments whose policy says so."""

    owner: str
    about: tuple[str, ...]


class RuleChange(NamedTuple):
    """A field of the project file or of an overlay that decides what is judged, and by which rules."""

    file: str
    pointer: str
    before: str
    after: str


# pointer: of Git LFS, so its content is not in Git; unlike-base: at the base, of which the plan knows nothing
FileState = Literal["foreign", "changed", "missing", "pointer", "unlike-base"]


class OutputFile(NamedTuple):
    """A file of the output folder that differs from what the specs render; Argo CD applies the file."""

    path: str
    state: FileState


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of the checked apps by environment and app, also of those without changes."""

    base: str
    head: str
    apps: tuple[AppPlan, ...]
    levels: tuple[int, int] | None = None  # the render levels of the two sides, if they differ
    rules: tuple[RuleChange, ...] = ()
    files: tuple[OutputFile, ...] = ()
    remarks: tuple[str, ...] = ()  # to read first: what the comparison itself is worth
    break_glass: tuple[str, ...] = ()  # why commits of the change pass a freeze
    looks: tuple[Looks, ...] = ()  # who must look at it

    @property
    def class_(self) -> Class:
        """The harshest class of all."""
        return max((app.class_ for app in self.apps), key=SEVERITY.__getitem__, default="nothing")


def harshest(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """Sorted, the harshest first; effects of one class and reason become one."""
    merged: dict[tuple[Class, str], Effect] = {}
    for effect in effects:
        key = (effect.class_, effect.reason)
        known = merged[key].paths if key in merged else ()
        merged[key] = effect._replace(paths=tuple(dict.fromkeys((*known, *effect.paths))))
    return tuple(sorted(merged.values(), key=lambda effect: -SEVERITY[effect.class_]))


def at_least(found: Class, limit: Class) -> bool:
    """Whether `found` is as harsh as `limit`, or harsher."""
    return SEVERITY[found] >= SEVERITY[limit]
