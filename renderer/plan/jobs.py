"""What a plan says of Jobs and hooks: what runs, how often, and that nothing takes back what it did."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.hooks import SYNCED, hooks_of
from renderer.manifest import Manifest, Object
from renderer.plan.side import Side, changes_pods
from renderer.render.jobs import is_job_of_spec


def job_lines(old: Side | None, new: Side) -> Iterator[str]:
    """The lines about Jobs of a change from `old` to `new`."""
    before = {manifest.identity for manifest in old.manifests} if old else frozenset()
    ran = ""
    for manifest in new.manifests:
        hooks = hooks_of(manifest.data) & SYNCED
        if hooks:
            what = f"the {' and '.join(sorted(hooks))} hook {manifest.name} runs{_with(manifest)}"
            each = " (each `weight`, `promote`, `abort`)" if new.app.strategy.is_rollout else ""
            yield f"{what} at this sync, and again at each later one{each}"
            ran = manifest.name
        elif is_job_of_spec(manifest) and manifest.identity not in before:
            then = (
                "pods change only if it succeeds"
                if not old or changes_pods(old, new)
                else "if it fails, the sync fails"
            )
            yield f"Job {manifest.name} runs once{_with(manifest)}; {then}"
            ran = manifest.name
    if old and (ran or any(map(is_job_of_spec, old.manifests))) and _goes_back(old, new):
        yield f"what the jobs of {old.app.running.name} changed stays: an abort or an undo takes no migration back"


def _goes_back(old: Side, new: Side) -> bool:
    """Whether the change takes back a version that had begun."""
    if old.flight:
        return not new.flight and new.app.stable.name == old.app.stable.name
    previous = old.app.previous
    return previous is not None and not new.flight and new.app.stable.name == previous.name


def _with(manifest: Manifest) -> str:
    """The image of its only container."""
    spec: Object = ((manifest.data.get("spec") or {}).get("template") or {}).get("spec") or {}
    images = {container.get("image", "") for container in spec.get("containers") or ()}
    return f" with {images.pop()}" if len(images) == 1 else ""
