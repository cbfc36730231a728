"""What a change of Argo CD's own objects does: the Application or ApplicationSet of an environment."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest
from renderer.plan.classes import Effect, harshest


def classify_argocd(old: Manifest | None, new: Manifest | None) -> tuple[Effect, ...]:
    """Every effect, the harshest first; the apps that the objects list are no matter of this.

    Source: Argo CD, "Application Pruning & Resource Deletion", and the finalizer that we render.
    """
    return harshest(_effects(old, new))


def _effects(old: Manifest | None, new: Manifest | None) -> Iterator[Effect]:
    if old is None:
        if new is not None:
            yield Effect("create", f"Argo CD's {new.kind} is new")
    elif new is None or old.identity != new.identity:
        yield _gone(old)
        if new is not None:
            yield Effect("migrate", f"{new.kind} {new.name} takes its place")
    elif old.data != new.data:
        yield Effect("migrate", f"the {new.kind} says otherwise what Argo CD reads, and how it applies it")


def _gone(old: Manifest) -> Effect:
    if old.kind == "ApplicationSet":
        reason = "the ApplicationSet goes; its Applications have a finalizer, and take all their objects along"
        return Effect("disruptive", reason)
    return Effect("remove", f"the {old.kind} goes; what it made stays, and nobody applies it any more")
