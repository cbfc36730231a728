"""What a rule looks at and what it finds: values only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

from renderer.manifest import Manifest
from renderer.problem import Severity, printable
from renderer.project import LEVEL, Versions, numbers
from renderer.rules.index import ByKind, Index, Pod, by_kind, grouped, index


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule holds against a manifest, or against the effective spec where `manifest` is None."""

    rule: str
    message: str
    pointer: str  # into the manifest, or into the effective spec when manifest is None
    manifest: Manifest | None = None
    severity: Severity = "error"
    tag_of: str = ""  # the image at `pointer`, where its tag is meant
    policy: str = ""  # the field of the overlay's policy that asks for it
    of_project: bool = False  # about the project file, where `pointer` leads into it; shown once for all apps

    def __post_init__(self) -> None:
        if not self.message.isprintable():  # a name with a line break must not break the one line
            object.__setattr__(self, "message", printable(self.message))


@dataclass(frozen=True, slots=True)
class Scene:
    """What a manifest rule may look at. Rules judge `manifests`; `resources` only count as being there."""

    manifests: tuple[Manifest, ...]  # one app in one environment, after patches
    resources: tuple[Manifest, ...] = ()  # the environment's own, not judged here
    kubernetes: tuple[int, int] = numbers(Versions.kubernetes)
    rollouts: tuple[int, int] = numbers(Versions.argo_rollouts)
    istio: tuple[int, int] = numbers(Versions.istio)
    policy: Mapping[str, Any] = field(default_factory=dict)  # the environment's
    level: int = LEVEL  # the project's render level
    namespace: str = ""  # the app's
    not_secret: frozenset[str] = frozenset()  # names that the project says are none of a secret
    external: frozenset[str] = frozenset()  # what exists elsewhere: "Secret/name", "Service/name", ...
    waypoint: str = ""  # the waypoint of the environment's Services, or `namespace`; empty where nothing says that
    only_matched: bool = False  # the app says that its host answers only what matches, or a spec rule asks about it
    nodes: int = 0  # how many nodes the environment has; 0 where nothing says that
    indexed: InitVar[Index | None] = None  # the index of `manifests`, where it is made already
    sorted_resources: InitVar[ByKind | None] = None  # `resources` by kind, where they are sorted already
    index: Index = field(init=False, repr=False, compare=False)
    resource_kinds: ByKind = field(init=False, repr=False, compare=False)

    def __post_init__(self, indexed: Index | None, sorted_resources: ByKind | None) -> None:
        object.__setattr__(self, "index", indexed or index(self.manifests))
        found = by_kind(self.resources) if sorted_resources is None else sorted_resources
        object.__setattr__(self, "resource_kinds", found)

    def with_manifests(self, manifests: Iterable[Manifest]) -> Scene:
        """The same scene for other manifests of the app."""
        return replace(self, manifests=tuple(manifests), sorted_resources=self.resource_kinds)

    def of(self, kind: str) -> list[Manifest]:
        """The scene's own manifests of a kind."""
        return self.index.kinds.get(kind, [])

    def all_of(self, kind: str) -> list[Manifest]:
        """The objects of a kind among the scene's own manifests and the resources of its environment."""
        return [*self.of(kind), *self.resource_kinds.get(kind, ())]

    def all_within(self, kind: str, namespace: str) -> list[Manifest]:
        """`all_of` in a namespace; an object without a namespace counts as in any."""
        found = [manifest for manifest in self.of(kind) if manifest.namespace in ("", namespace)]
        if kind in self.resource_kinds:
            by_namespace = self.resource_kinds.once(_by_namespace)
            for there in dict.fromkeys(("", namespace)):
                found += by_namespace.get((kind, there), ())
        return found

    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The manifest or resource of that kind and name; one without a namespace counts as in the one asked for."""
        for kinds in (self.index.kinds, self.resource_kinds):
            for manifest in kinds.named(kind, name):
                if _is(manifest, namespace, name):
                    return manifest
        return None

    def known(self, kind: str, namespace: str, name: str) -> bool:
        """It is here, or declared to exist elsewhere."""
        return self.find(kind, namespace, name) is not None or f"{kind}/{name}" in self.external

    def workload(self, kind: str, namespace: str, name: str) -> Pod | None:
        """The scene's own workload of that kind and name."""
        for pod in self.index.workloads.named(name):
            if pod.kind == kind and _is(pod.manifest, namespace, name):
                return pod
        return None


def of_project(rule: str, message: str, pointer: str, severity: Severity) -> Finding:
    """A finding about the project file; the message is the same for every app, so it names none of them."""
    return Finding(rule, message, pointer, severity=severity, of_project=True)


def of_level(rule: str, message: str, level: int = LEVEL) -> Finding:
    """A fault of an older render level that `level` fixes: a warning, shown once per project."""
    advice = f"set `renderLevel: {level}`; `rollspec plan` then says which apps restart"
    return of_project(rule, f"{message}: {advice}", "/spec/renderLevel", "warning")


def correct(what: str, kind: str, name: str) -> str:
    """What to do where an object is named that is not here: `what` names it, such as `name` or `host`."""
    return f"correct the {what}, or name `{kind}/{name}` under `external`"


def is_called_for(needs: frozenset[str], here: frozenset[str]) -> bool:
    """Whether a rule may find something where these words are: it needs one of its own, or none at all."""
    return not needs or not needs.isdisjoint(here)


ManifestRule = Callable[[Scene], Iterable[Finding]]


def _is(manifest: Manifest, namespace: str, name: str) -> bool:
    meta = manifest.data.get("metadata") or {}
    there = meta.get("namespace")
    return meta.get("name") == name and (not there or not namespace or there == namespace)


def labels_of(manifest: Manifest) -> dict[str, str]:
    """The manifest's own labels."""
    return (manifest.data.get("metadata") or {}).get("labels") or {}


def _by_namespace(kinds: ByKind) -> dict[tuple[str, str], list[Manifest]]:
    return grouped(((kind, each.namespace), each) for kind, manifests in kinds.items() for each in manifests)
