"""One side of a comparison: an app in one environment at one revision."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from renderer.argocd import is_same_cluster, prunes
from renderer.manifest import Manifest, Object, sync_options
from renderer.masking import masked
from renderer.overlay import Effective
from renderer.plain import escape
from renderer.project import numbers, versions_of
from renderer.release.fold import overrides_between
from renderer.render.workload import RESTARTED_AT
from renderer.spec import App, Version, merge, version_label

_MOST_SHOWN = 120  # characters of the options in a command that a message suggests


@dataclass(frozen=True, slots=True)
class Side:
    """`manifests` are what the cluster gets, patched; `stable` are those of the stable version alone.

    `overlay` is the environment's spec with what it extends, `project` the project file. `policy_line` gives the file
    and line of a field of the overlay's policy. `ran` are the pod templates that the app has had, oldest first, as far
    as they are known. `revision` names the side in Git, where it is in Git. `before_pause` is the side before the
    commit that paused the app, if it is paused and that is known. `scalers` are the autoscalers among the environment's
    `resources` that scale the workload.
    """

    app: App
    manifests: tuple[Manifest, ...]
    stable: tuple[Manifest, ...]
    effective: Effective
    overlay: Mapping[str, Any] = field(default_factory=dict)
    project: Mapping[str, Any] = field(default_factory=dict)
    policy_line: Callable[[str], str] = field(default=lambda name: "", compare=False)
    ran: tuple[Mapping[str, Any], ...] = ()
    revision: str = field(default="", compare=False)
    before_pause: Side | None = None
    scalers: tuple[Manifest, ...] = ()

    @property
    def played(self) -> tuple[Manifest, ...]:
        """What is applied, with the autoscalers of others."""
        return (*self.manifests, *self.scalers)

    @property
    def flight(self) -> str | None:
        """`canary`, `preview`, or None."""
        return "canary" if self.app.canary else "preview" if self.app.preview else None

    @property
    def named(self) -> str:
        """The arguments of a verb that name the app."""
        return f"{self.app.name} --env {self.app.env}"

    def typed(self, command: str, which: str) -> str:
        """A command with this side's revision for `{}`; if it has none, the text says which one is meant."""
        if self.revision:
            return f"`{command.format(shlex.quote(self.revision))}`"
        return f"`{command.format('REF')}`, with the revision {which},"

    def release(self, stable: Version) -> str:
        """The command that releases what runs here (the version in flight, else the stable one) next to `stable`."""
        running = self.app.running
        words = [running.tag] if running.tag != stable.tag else []
        words += _short_options(overrides_between(stable.fields, running.fields))
        if running.tag != stable.tag and running.version != version_label(running.tag):
            words.append(f"--version {running.version}")
        given = " ".join(words) or "--set FIELD=VALUE"
        return f"rollspec release {self.app.name} {given}{self.first_weight} --env {self.app.env}"

    @property
    def first_weight(self) -> str:
        """The option of `release` that gives a canary its weight; empty if the spec gives it, or there is none."""
        strategy, canary = self.app.strategy, self.app.canary
        if strategy.type != "Canary" or "steps" in strategy.fields:
            return ""
        if canary is not None and canary.weight is not None:
            return f" --weight {canary.weight}"
        return "" if "initialWeight" in strategy.fields else " --weight WEIGHT"

    @property
    def switch(self) -> str:
        """The command that switches to the strategy of this side."""
        strategy = self.app.strategy
        router = f" --router {strategy.router}" if strategy.type == "Canary" else ""
        return f"rollspec switch {self.named} --to {strategy.type}{router}"

    @property
    def argocd(self) -> Mapping[str, Any] | None:
        """The project's settings of Argo CD with those of the environment; None where something else applies it."""
        own = (self.project.get("spec") or {}).get("argocd")
        return None if own is None else merge(own, self.overlay.get("argocd") or {})

    @property
    def prunes(self) -> Literal["last", "first", "never"]:
        """When an old workload is removed: by Argo CD once the new one is Healthy, if at all."""
        if self.argocd is None:
            return "first"
        return "last" if prunes(self.argocd.get("syncPolicy") or {}) else "never"

    @property
    def rollouts(self) -> str:
        """The project's version of Argo Rollouts, such as `1.10`."""
        return versions_of(self.project).argo_rollouts

    @property
    def before_1_10(self) -> bool:
        """Whether Argo Rollouts is older than 1.10."""
        return numbers(self.rollouts) < (1, 10)

    @property
    def hands_over(self) -> bool:
        """Whether `replicas` may be removed from the manifest: the autoscaler needs more, and owns the count by now."""
        return self.app.hands_over and "ServerSideApply=true" in sync_options(workload(self.app, self.manifests))

    @property
    def running(self) -> str:
        """The pod template of the version in flight, else of the stable one, as text to compare."""
        return _template(self.app, self.manifests)

    @property
    def takes_all(self) -> str:
        """What a version does that is the only one: nothing sends traffic to an app without ports."""
        return "gets all the traffic" if self.app.ports else "does all the work"

    @property
    def settled(self) -> str:
        """The stable version's pod template, as text to compare."""
        return _template(self.app, self.stable)

    @property
    def steps(self) -> Any:
        """The Rollout's step list; None without one."""
        spec = workload(self.app, self.manifests).get("spec", {})
        return ((spec.get("strategy") or {}).get("canary") or {}).get("steps")


def workload(app: App, manifests: tuple[Manifest, ...]) -> Object:
    """The workload of the app's strategy; empty if a template or patch removed it."""
    kind = "Rollout" if app.strategy.is_rollout else "Deployment"
    found = [each.data for each in manifests if each.data.get("kind") == kind and each.kind == kind]
    own = [data for data in found if data["metadata"]["name"] == app.name]
    return (own or found or [{}])[0]


def _template(app: App, manifests: tuple[Manifest, ...]) -> str:
    """Without the restart annotation, which replaces pods but not the version."""
    template = dict(workload(app, manifests).get("spec", {}).get("template") or {})
    metadata = dict(template.get("metadata") or {})
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != RESTARTED_AT}
    metadata["annotations"] = annotations
    return json.dumps({**template, "metadata": metadata}, sort_keys=True, ensure_ascii=False)


def restart_mark(side: Side) -> str | None:
    """When the pods were last restarted, as written in the workload."""
    spec = workload(side.app, side.manifests).get("spec", {})
    metadata = (spec.get("template") or {}).get("metadata") or {}
    found = spec.get("restartAt") or (metadata.get("annotations") or {}).get(RESTARTED_AT)
    return None if found is None else str(found)


def restarts_at(old: Side, new: Side) -> str:
    """The new time at which a Rollout restarts its pods; empty for a Deployment, which restarts them at once."""
    mark = restart_mark(new)
    return mark if mark and mark != restart_mark(old) and new.app.strategy.is_rollout else ""


def moves_cluster(old: Side, new: Side) -> bool:
    """Whether the environment is in another cluster; without Argo CD, naming it for the first time moves nothing."""
    before, after = (side.overlay.get("cluster") or {} for side in (old, new))
    known = (before and after) or (old.argocd is not None and new.argocd is not None)
    return bool(known) and not is_same_cluster(before, after)


def is_paused(side: Side) -> bool:
    """Whether the controller is paused by the manifest of the workload."""
    return bool(workload(side.app, side.manifests).get("spec", {}).get("paused"))


def resumes(old: Side, new: Side) -> bool:
    """Whether the change resumes the controller."""
    return is_paused(old) and not is_paused(new)


def waited(then: Side, now: Side) -> Iterator[bool]:
    """Whether the parts differ that a paused controller leaves as they were; only that of a Canary leaves the count."""
    yield then.running != now.running
    yield bool(then.flight or now.flight) and then.steps != now.steps
    yield restart_mark(then) != restart_mark(now)
    yield now.app.strategy.type == "Canary" and replicas(then) != replicas(now)


def changes_pods(old: Side, new: Side) -> bool:
    """Whether the change of the workload starts, ends or replaces pods, or lets a controller do so."""
    was, now = ((s.running, s.flight, s.steps, replicas(s), restart_mark(s), is_paused(s)) for s in (old, new))
    return was != now or switched(old, new)


def switched(old: Side, new: Side) -> bool:
    """Whether the strategy or the router is another."""
    was, now = old.app.strategy, new.app.strategy
    return (was.type, was.router) != (now.type, now.router)


def replicas(side: Side) -> object:
    """The number of pods in the manifest of the workload; None if it names none."""
    return workload(side.app, side.manifests).get("spec", {}).get("replicas")


def _short_options(overrides: Mapping[str, Any]) -> list[str]:
    """The options of `release` that give these overrides; a placeholder for what is long, or must not be shown."""
    found = _options(overrides)
    is_shown = len(" ".join(found)) <= _MOST_SHOWN and masked(overrides) == overrides
    return found if is_shown else ["--set FIELD=VALUE"]


def _options(overrides: Mapping[str, Any], before: str = "") -> list[str]:
    """The options of `release` that give these overrides.

    A path may have a dot in a key of `env` and `files` only: another mapping with such a key is given whole.
    """
    found: list[str] = []
    for key, value in overrides.items():
        name = f"{before}{key}"
        if value is None:
            found.append(f"--unset {shlex.quote(name)}")
        elif isinstance(value, dict) and value and (name in ("env", "files") or not any("." in key for key in value)):
            found += _options(value, f"{name}.")
        else:
            text = value if isinstance(value, str) and before in ("env.", "files.") else json.dumps(value)
            found.append(f"--set {shlex.quote(f'{name}={text}')}")
    return found


def stable_pointer(old: Side, new: Side) -> str:
    """The field that best describes what changed in the stable version."""
    was, now = old.app.spec, new.app.spec
    if was.get("tag") != now.get("tag"):
        return "/spec/tag"
    one, other = old.app.stable.fields, new.app.stable.fields
    key = next((key for key in dict.fromkeys((*other, *one)) if one.get(key) != other.get(key)), None)
    if key is None:
        return "/spec"
    return f"/spec/{key}{_inner(one.get(key), other.get(key))}" if key in now else "/spec"


def _inner(old: object, new: object) -> str:
    """The one key of a mapping that differs."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return ""
    keys = [key for key in new if old.get(key) != new[key]]
    return f"/{escape(str(keys[0]))}" if len(keys) == 1 else ""
