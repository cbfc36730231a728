"""Rules over what Argo CD reads: annotations on manifests, and Applications."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import SYNC_OPTIONS, Manifest, Object
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.mesh import destinations_of, full_host, spec_of
from renderer.rules.syntax import is_digits

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
_HOOKS = frozenset({"PreSync", "Sync", "Skip", "PostSync", "SyncFail", "PostDelete", "PreDelete"})
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
    """An annotation for Argo CD that it does not understand.

    A sync wave is a whole number, in quotes; a hook is one of Argo CD's (`PreSync`, `PostSync`, ...). Unknown sync
    options are a warning: Argo CD passes over them in silence.
    Source: Argo CD (`syncwaves.Wave` takes anything else as 0), documentation of sync options.
    Do: correct the value.
    """
    for manifests in scene.index.kinds.values():
        for manifest in manifests:
            notes = (manifest.data.get("metadata") or {}).get("annotations")
            if notes:
                yield from _annotations(manifest, notes)


def _annotations(manifest: Manifest, notes: dict[str, str]) -> Iterator[Finding]:
    at = "/metadata/annotations/argocd.argoproj.io~1"
    wave = notes.get(WAVE)
    if wave is not None and _whole(wave) is None:
        yield Finding("sync-annotations", f"sync-wave {wave!r} is no whole number", at + "sync-wave", manifest)
    for hook in (notes.get(HOOK) or "").split(",") if HOOK in notes else ():
        if hook.strip() not in _HOOKS:
            message = f"{hook.strip()!r} is no hook of Argo CD's: {', '.join(sorted(_HOOKS))}"
            yield Finding("sync-annotations", message, at + "hook", manifest)
    for option in (notes.get(SYNC_OPTIONS) or "").split(",") if SYNC_OPTIONS in notes else ():
        if option.strip() and option.strip() not in _ON_OBJECT:
            message = f"{option.strip()!r} is no sync option of an object"
            yield Finding("sync-annotations", message, at + "sync-options", manifest, "warning")


def _whole(text: str) -> int | None:
    return int(text) if is_digits(text[1:] if text[:1] in ("-", "+") else text) else None


def wave_of(manifest: Manifest) -> int:
    """The sync wave of a manifest; 0 where none is given or it is no number."""
    notes = (manifest.data.get("metadata") or {}).get("annotations") or {}
    return _whole(notes.get(WAVE) or "0") or 0


def sync_waves(scene: Scene) -> Iterator[Finding]:
    """Waves in an order that breaks a release.

    A VirtualService before the DestinationRule whose subsets it names: requests fail until that is there (an error).
    Anything in a wave after a Rollout, or a PostSync hook beside one: it waits for as long as the Rollout is paused
    (a warning).
    Source: measured with Argo CD 3.6 and Istio; Argo CD waits for health between waves.
    Do: DestinationRule first (-2), then Service and VirtualService (-1), then the Rollout (0).
    """
    for manifest in scene.of("VirtualService"):
        namespace = namespace_of(manifest)
        for rule in scene.of("DestinationRule"):
            if wave_of(rule) > wave_of(manifest) and _names_subset(manifest, namespace, rule):
                message = f"it names subsets of DestinationRule {rule.name}, which comes in a later wave"
                yield Finding("sync-waves", message, "/metadata/annotations", manifest)
    for rollout in scene.of("Rollout"):
        last = wave_of(rollout)
        for manifests in scene.index.kinds.values():
            for manifest in manifests:
                notes = (manifest.data.get("metadata") or {}).get("annotations")
                if (
                    notes
                    and manifest is not rollout
                    and (wave_of(manifest) > last or "PostSync" in notes.get(HOOK, ""))
                ):
                    message = f"it waits for Rollout {rollout.name}, for as long as that is paused"
                    yield Finding("sync-waves", message, "/metadata/annotations", manifest, "warning")


def _names_subset(manifest: Manifest, namespace: str, rule: Manifest) -> bool:
    host = full_host(spec_of(rule).get("host", ""), namespace_of(rule))
    return any(
        d.get("subset") and full_host(d.get("host", ""), namespace) == host for _, d in destinations_of(manifest)
    )


def application_source(scene: Scene) -> Iterator[Finding]:
    """An Application whose source Argo CD refuses.

    It has exactly one of `source` and `sources`; each source has a `repoURL` and a `path`, a `chart` or (among
    `sources`) a `ref`; a chart has a `targetRevision`. With `sourceHydrator` there is neither.
    Source: Argo CD (`spec.source.repoURL and either spec.source.path or spec.source.chart are required`).
    Do: correct the source.
    """
    for application in scene.of("Application"):
        spec = spec_of(application)
        if "sourceHydrator" in spec:
            continue
        one, several = spec.get("source"), spec.get("sources")
        if bool(one) == bool(several):
            message = "an Application wants exactly one of source and sources"
            yield Finding("application-source", message, "/spec", application)
            continue
        found = [("/spec/source", one)] if one else [(f"/spec/sources/{n}", s) for n, s in enumerate(several or ())]
        for at, source in found:
            for message in _source_errors(source, among=bool(several)):
                yield Finding("application-source", message, at, application)


def _source_errors(source: Object, *, among: bool) -> Iterator[str]:
    places = [field for field in ("path", "chart") if source.get(field)]
    if not source.get("repoURL"):
        yield "a source wants a repoURL"
    if len(places) != 1 and not (among and source.get("ref") and not places):
        yield "a source wants exactly one of path and chart"
    if source.get("chart") and not source.get("targetRevision"):
        yield "a chart wants a targetRevision"


def application_destination(scene: Scene) -> Iterator[Finding]:
    """An Application whose destination has not exactly one of `server` and `name`.

    Source: Argo CD (`application destination can't have both name and server defined`).
    Do: keep one.
    """
    for application in scene.of("Application"):
        destination = spec_of(application).get("destination") or {}
        if bool(destination.get("server")) == bool(destination.get("name")):
            message = "a destination wants exactly one of server and name"
            yield Finding("application-destination", message, "/spec/destination", application)


def application_ignores(scene: Scene) -> Iterator[Finding]:
    """Warning: settings of an Application that freeze what Git should change.

    `RespectIgnoreDifferences=true` keeps the whole list in which something is ignored: later edits of routes are
    never applied. `managedFieldsManagers` freezes in silence, `jsonPointers` cannot name one entry of a list.
    Source: measured with Argo CD 3.6; argo-cd issue 11876.
    Do: use `jqPathExpressions` without RespectIgnoreDifferences.
    """
    for application in scene.of("Application"):
        spec = spec_of(application)
        ignores = spec.get("ignoreDifferences") or ()
        options = (spec.get("syncPolicy") or {}).get("syncOptions") or []
        if ignores and "RespectIgnoreDifferences=true" in options:
            message = "RespectIgnoreDifferences=true freezes whole lists: edits in Git are not applied"
            yield Finding("application-ignores", message, "/spec/syncPolicy/syncOptions", application, "warning")
        for number, entry in enumerate(ignores):
            for field in ("managedFieldsManagers", "jsonPointers"):
                if entry.get(field) and entry.get("kind") in ("VirtualService", "DestinationRule"):
                    at = f"/spec/ignoreDifferences/{number}/{field}"
                    message = f"{field} freezes more than is meant: use jqPathExpressions"
                    yield Finding("application-ignores", message, at, application, "warning")
