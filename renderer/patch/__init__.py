"""Patches of rendered manifests, with the semantics of kustomize: `parse` an entry, `apply` the patches."""

from __future__ import annotations

from renderer.patch.apply import WITHOUT_EFFECT, apply, last_changes
from renderer.patch.parse import parse
from renderer.patch.values import Patch, PatchFault, Target

__all__ = ["WITHOUT_EFFECT", "Patch", "PatchFault", "Target", "apply", "last_changes", "parse"]
