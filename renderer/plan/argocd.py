"""What a change of Argo CD's own objects does: the Application or ApplicationSet of an environment, its AppProject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from renderer.argocd import is_same_cluster
from renderer.manifest import Manifest
from renderer.plain import equal
from renderer.plan.classes import Class, Effect, harshest

_BOOTSTRAP = (
    "render the new cluster's first state with `rollspec render --bootstrap`, move the traffic when it is Healthy, "
    "then delete the objects in the old cluster"
)
Sentence = Callable[[Any, Any], tuple[Class, str]]


_HELD_BACK = (
    "in a sync window Argo CD holds back every automated sync, also that of an abort or an undo; a sync by hand "
    "(`argocd app sync`) passes"
)


def classify_argocd(old: Sequence[Manifest], new: Sequence[Manifest]) -> tuple[Effect, ...]:
    """Every effect, the harshest first; the list of apps in the objects does not count here.

    Source: Argo CD, "Application Pruning & Resource Deletion", and the finalizer that we render.
    """
    effects = [*_effects(_first(old), _first(new)), *_of_project(_first(old, "AppProject"), _first(new, "AppProject"))]
    return harshest(effects)


def _first(manifests: Sequence[Manifest], kind: str = "Application") -> Manifest | None:
    """The one whose kind begins so: an ApplicationSet stands for an Application."""
    return next((manifest for manifest in manifests if manifest.kind.startswith(kind)), None)


def _of_project(old: Manifest | None, new: Manifest | None) -> Iterator[Effect]:
    was, now = (manifest.data.get("spec", {}) if manifest else {} for manifest in (old, new))
    before, after = was.get("syncWindows", []), now.get("syncWindows", [])
    if new and not old:
        yield Effect("behaviour", f"AppProject {new.name} is in Git from now on: apply it before the Applications")
    elif old and not new:
        yield Effect("behaviour", f"AppProject {old.name} is not in Git any more: without it every sync fails")
    elif not equal({**was, "syncWindows": []}, {**now, "syncWindows": []}):
        yield Effect("behaviour", "what the AppProject allows changes")
    if not equal(before, after):
        yield Effect("behaviour", _HELD_BACK if after else "Argo CD has no sync window any more")


def _effects(old: Manifest | None, new: Manifest | None) -> Iterator[Effect]:
    if old is None:
        if new is not None:
            yield Effect("create", f"Argo CD's {new.kind} is new")
    elif new is None or old.identity != new.identity:
        yield _gone(old)
        if new is not None:
            yield Effect("migrate", f"{new.kind} {new.name} replaces it")
    elif old.data != new.data:
        found = [Effect(*sentence(before, after)) for before, after, sentence in _changes(_spec(old), _spec(new))]
        yield from found or [Effect("behaviour", f"the {new.kind} of Argo CD changes; the apps' objects do not")]


def _gone(old: Manifest) -> Effect:
    if old.kind == "ApplicationSet":
        reason = (
            "the ApplicationSet is deleted; its Applications have a finalizer, so all their objects are deleted too"
        )
        return Effect("disruptive", reason)
    return Effect("remove", f"the {old.kind} is deleted; its objects stay, but nothing applies them any more")


def _spec(manifest: Manifest) -> dict[str, Any]:
    """The `spec` of its Application."""
    spec = manifest.data["spec"]
    found: dict[str, Any] = spec.get("template", {}).get("spec", {}) if manifest.kind == "ApplicationSet" else spec
    return found


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[Any, Any, Sentence]]:
    for fields, sentence in _SENTENCES.items():
        before, after = (_part(spec, fields) for spec in (old, new))
        if not equal(before, after) and not (sentence is _cluster and is_same_cluster(before, after)):
            yield before, after, sentence


def _part(spec: dict[str, Any], fields: tuple[str, ...]) -> Any:
    part: Any = spec
    for field in fields[:-1]:
        part = part.get(field) or {}
    keys = fields[-1].split(",")
    return {key: part.get(key) for key in keys} if len(keys) > 1 else part.get(keys[0])


def _cluster(before: dict[str, Any], after: dict[str, Any]) -> tuple[Class, str]:
    was, now = (next((value for value in each.values() if value), "") for each in (before, after))
    return "disruptive", (
        f"Argo CD creates every object in the cluster {now}; the objects in {was} stay there, and nothing updates or "
        f"deletes them: {_BOOTSTRAP}"
    )


def _namespace(before: str, after: str) -> tuple[Class, str]:
    return "migrate", f"objects that name no namespace are applied in {after}; those in {before} are deleted"


def _source(before: dict[str, Any], after: dict[str, Any]) -> tuple[Class, str]:
    changed = " and ".join(f"{key} {after[key]}" for key in after if before[key] != after[key])
    return "migrate", (
        f"Argo CD reads from another source, {changed}: the rendered files must be there before, or a sync deletes "
        "what it does not find"
    )


def _project(before: str, after: str) -> tuple[Class, str]:
    return "behaviour", (
        f"the AppProject changes from {before} to {after}: it must exist and allow this repository, cluster and "
        "namespace, or every sync fails"
    )


def _automated(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[Class, str]:
    if after is None:
        return (
            "behaviour",
            "Argo CD no longer syncs by itself: somebody must start every sync by hand, also that of an abort",
        )
    if before is None:
        return "migrate", "Argo CD syncs by itself from now on: it applies what is in Git at once"
    if before.get("prune") and not after.get("prune"):
        return "behaviour", "a sync no longer deletes objects that are removed from Git"
    return "behaviour", "when Argo CD syncs, and what it deletes or reverts, changes"


def _options(_before: Any, _after: Any) -> tuple[Class, str]:
    return "behaviour", "how Argo CD applies the objects changes (sync options, retry)"


_SENTENCES: dict[tuple[str, ...], Sentence] = {
    ("destination", "name,server"): _cluster,
    ("destination", "namespace"): _namespace,
    ("source", "repoURL,targetRevision,path"): _source,
    ("project",): _project,
    ("syncPolicy", "automated"): _automated,
    ("syncPolicy", "syncOptions,retry,managedNamespaceMetadata"): _options,
}
