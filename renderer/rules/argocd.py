"""Rules over what Argo CD reads from annotations of manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from renderer.hooks import HOOK, HOOKS, WAVE, hooks_of, wave_of
from renderer.manifest import SYNC_OPTIONS, Manifest, sync_options
from renderer.plain import escape
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import grouped
from renderer.rules.mesh import destinations_of, full_host, spec_of
from renderer.rules.syntax import is_digits

_REPLACED = {
    "Replace=true": "overwrites what controllers have written at every change,",
    "Force=true": "may delete and recreate it",
    "Replace=true Force=true": "deletes and recreates it at every change,",
}
_SERVING = ("Rollout", "Deployment", "Service", "VirtualService", "DestinationRule")
_ON_OBJECT = frozenset(
    {
        "Prune=false",
        "Prune=confirm",
        "Prune=true",
        "Delete=false",
        "Delete=confirm",
        "Delete=true",
        "PruneLast=true",
        "PruneLast=false",
        "Replace=true",
        "Replace=false",
        "Force=true",
        "Force=false",
        "ServerSideApply=true",
        "ServerSideApply=false",
        "ClientSideApplyMigration=false",
        "ClientSideApplyMigration=true",
        "Validate=false",
        "Validate=true",
        "SkipDryRunOnMissingResource=true",
        "SkipDryRunOnMissingResource=false",
    }
)


def sync_annotations(scene: Scene) -> Iterator[Finding]:
    """An annotation for Argo CD that Argo CD does not understand.

    An unknown sync option is a warning, anything else an error.

    Why: Argo CD reads a sync wave that is not a whole number as 0, and ignores a hook or sync option that it does not
    know, without a message. The object is then applied at another time, or in another way, than the annotation says.
    Fix: use a whole number in quotes for a sync wave, one of Argo CD's hooks (`PreSync`, `Sync`, `PostSync`, ...), and
    one of its sync options.
    Source: Argo CD (`syncwaves.Wave`), its documentation of sync options.
    """
    for manifest in scene.index.annotated:
        notes = manifest.data["metadata"]["annotations"]
        for name, message, severity in _misread(notes.get(WAVE), notes.get(HOOK), notes.get(SYNC_OPTIONS)):
            yield Finding("sync-annotations", message, f"/metadata/annotations/{escape(name)}", manifest, severity)


@lru_cache(maxsize=1024)  # the objects of a project have the same few
def _misread(wave: str | None, hooks: str | None, options: str | None) -> list[tuple[str, str, Severity]]:
    """Of an object's annotations: the name of each that Argo CD does not understand, and why."""
    found: list[tuple[str, str, Severity]] = []
    if wave is not None and _whole(wave) is None:
        found.append((WAVE, f"sync-wave {wave!r} is not a whole number", "error"))
    for hook in hooks.split(",") if hooks is not None else ():
        if hook.strip() not in HOOKS:
            message = f"{hook.strip()!r} is not a hook of Argo CD: {', '.join(sorted(HOOKS))}"
            found.append((HOOK, message, "error"))
    for option in options.split(",") if options is not None else ():
        if option.strip() and option.strip() not in _ON_OBJECT:
            message = (
                f"{option.strip()!r} is not a sync option that Argo CD reads from an object: remove it, or correct it"
            )
            found.append((SYNC_OPTIONS, message, "warning"))
    return found


def _whole(text: str) -> int | None:
    return int(text) if is_digits(text[1:] if text[:1] in ("-", "+") else text) else None


def sync_replace(scene: Scene) -> Iterator[Finding]:
    """An object that serves traffic and that Argo CD replaces or recreates at every change, or as a hook at every sync.

    Plain manifests that are hooks are not reported: a test may need a Service for a moment.

    Why: With `Replace=true` Argo CD writes the whole object, so the weights and hashes that Argo Rollouts has written
    fall back to those in Git for a moment. With `Force=true` as well it deletes the object first: requests fail until
    it is there again. A hook is deleted and created again at every sync, whether it changes or not.
    Fix: remove the annotation. If it is one of the annotations of the app, put it on the one object that needs it.
    Source: Argo CD documentation of sync options (`Replace`, `Force`) and of resource hooks.
    """
    for manifest in scene.index.annotated:
        hooks = hooks_of(manifest.data) if manifest.kind in _SERVING and manifest.written is None else ()
        if hooks:
            does = "never applies it" if hooks == {"Skip"} else "deletes it and creates it again at every sync"
            message = f"as a hook ({', '.join(sorted(hooks))}) Argo CD {does}: remove the annotation"
            yield Finding("sync-replace", message, "/metadata/annotations", manifest, "warning")
        options = sync_options(manifest.data) if SYNC_OPTIONS in manifest.data["metadata"]["annotations"] else ()
        if options and manifest.kind in _SERVING:
            found = [option for option in ("Replace=true", "Force=true") if option in options]
            if found:
                pointer = "/metadata/annotations/argocd.argoproj.io~1sync-options"
                message = f"with {' and '.join(found)} Argo CD {_REPLACED[' '.join(found)]} while it serves traffic"
                yield Finding("sync-replace", message, pointer, manifest, "warning")


def sync_waves(scene: Scene) -> Iterator[Finding]:
    """Sync waves in an order that breaks or blocks a release.

    Why: Argo CD waits until everything in one wave is healthy before it applies the next one. If a VirtualService comes
    before the DestinationRule whose subsets it names, requests fail until the DestinationRule is there (an error). A
    Rollout is not healthy while its canary is paused: everything in a later wave, and every PostSync hook, waits until
    the release ends (a warning).
    Fix: put the DestinationRule first (-2), then Services and VirtualServices (-1), then the Rollout (0).
    Source: measured with Argo CD 3.6 and Istio.
    """
    yield from _before_subsets(scene)
    rollouts = scene.of("Rollout")
    first = min((wave_of(rollout.data) for rollout in rollouts), default=0)
    late = [manifest for manifest in scene.index.annotated if _waits_after(manifest, first)] if rollouts else ()
    for rollout in rollouts if late else ():
        last = wave_of(rollout.data)
        for manifest in late:
            if manifest is not rollout and _waits_after(manifest, last):
                message = f"it waits for Rollout {rollout.name} while that is paused"
                yield Finding("sync-waves", message, "/metadata/annotations", manifest, "warning")


def _before_subsets(scene: Scene) -> Iterator[Finding]:
    """The VirtualServices that come before a DestinationRule whose subsets they name."""
    services = scene.of("VirtualService")
    first = min((wave_of(manifest.data) for manifest in services), default=0)
    late = [rule for rule in scene.of("DestinationRule") if wave_of(rule.data) > first] if services else []
    if not late:
        return
    by_host = grouped((full_host(spec_of(rule).get("host", ""), rule.namespace), rule) for rule in late)
    for manifest in services:
        named = [rule for host in _hosts_of_subsets(manifest) for rule in by_host.get(host, ())]
        for rule in named:
            if wave_of(rule.data) > wave_of(manifest.data):
                message = (
                    f"it names subsets of DestinationRule {rule.name}, which comes in a later wave: "
                    "until then requests fail; give the DestinationRule the lower wave"
                )
                yield Finding("sync-waves", message, "/metadata/annotations", manifest)


def _hosts_of_subsets(manifest: Manifest) -> Iterable[str]:
    """The full hosts of which a VirtualService names subsets."""
    named = (destination for _, destination in destinations_of(manifest) if destination.get("subset"))
    return dict.fromkeys(full_host(each.get("host", ""), manifest.namespace) for each in named)


def _waits_after(manifest: Manifest, wave: int) -> bool:
    """Whether Argo CD applies the object only when those of the wave are healthy."""
    hooks = hooks_of(manifest.data)
    return "PostSync" in hooks or (not hooks - {"Sync"} and wave_of(manifest.data) > wave)
