"""The class of a change, from the transition of the release state and the changed fields; the harshest wins."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from renderer import plain
from renderer.checks import is_of_checks
from renderer.hooks import hooks_of, is_forced_job, is_made_again, is_skipped
from renderer.manifest import ISTIO_ROUTING, WORKLOADS, Manifest
from renderer.plan.changes import manifest_paths, not_secret, spec_paths
from renderer.plan.classes import OF_FIELD, SEVERITY, ChangedPath, Class, Effect, harshest
from renderer.plan.entry_points import lost_entry_points
from renderer.plan.fields import CAUTIOUS, FieldClass, is_known
from renderer.plan.in_flight import routes_in_flight
from renderer.plan.moves import moves
from renderer.plan.ports import failing_until, lost_ports
from renderer.plan.side import (
    Side,
    changes_pods,
    is_paused,
    moves_cluster,
    replicas,
    resumes,
    waited,
    workload,
)
from renderer.problem import some_of
from renderer.render.jobs import is_job_of_spec
from renderer.render.service import preview_name
from renderer.scaler import SCALERS
from renderer.spec import App

Manifests = tuple[Manifest, ...]
_REASONS: dict[FieldClass, str] = {
    "scale": "the number of pods, or what decides it, changes",
    "traffic": "routes, ports or a Service change",
    "behaviour": "settings of later releases change; nothing changes now",
    "state": "the recorded release state changes; no pod and no request moves",
    "metadata": "labels or annotations of objects change",
    "identity": "a name or an immutable field changes: objects must be created again",
    "template": "what running pods read changes, without a canary",
}
_RIGHTS = "what pods may do with the Kubernetes API changes, at once"
_BUDGET = "how many pods an eviction may end changes, at once; no pod ends by it"
_OF_OBJECT = {
    "PodDisruptionBudget": _BUDGET,
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), _RIGHTS),
    **dict.fromkeys(
        ("Job", "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ServiceAccount", "LimitRange"),
        "settings of an object change, at once; no pod is replaced",
    ),
    **dict.fromkeys(("Certificate", "TriggerAuthentication"), "an operator acts by the new settings, at once"),
    **dict.fromkeys(
        ("ServiceMonitor", "PodMonitor", "PrometheusRule", "Telemetry"), "what is measured or alerted changes, at once"
    ),
    **dict.fromkeys(
        ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "CustomResourceDefinition", "PriorityClass"),
        "what the cluster accepts, or makes of new objects, changes, at once",
    ),
    "Namespace": "what the cluster makes of new pods here, or accepts, changes, at once; no pod is replaced",
}  # of class `behaviour`: it is not about later releases
# The analysis of a version in flight: once it runs, it keeps the limits with which it started.
_ANALYSES = {"canary": "analysis", "preview": "prePromotionAnalysis"}
_MEANWHILE = ": it was changed while the controller was paused"
_READ = "what pods read changes, without a canary: most files soon; variables and `subPath` files when a pod starts"
_UNKNOWN = "rollspec does not know what a change of this field does, or whether the cluster accepts it"
_CLUSTER = (
    "the app moves to another cluster: its objects in the old cluster stay there, and nothing updates or deletes them. "
    "Render the new cluster's first state with `rollspec render --bootstrap`, move the traffic, then delete the old "
    "objects"
)
_OF_PATH = {
    "/spec/output": "Argo CD finds nothing in the old folder, and prunes, unless its Applications move first",
    "/spec/cluster": _CLUSTER,
    "/spec/cluster/name": _CLUSTER,
    "/spec/cluster/server": _CLUSTER,
}
# What is lost together with an object of these kinds.
_DATA = {
    "PersistentVolumeClaim": "with the data on its volume, unless the volume's reclaim policy is Retain",
    "PersistentVolume": "with its data, unless its reclaim policy is Retain",
    "StatefulSet": "with its pods",
    "Secret": "and pods that read it cannot start any more",
    "Namespace": "with everything in it",
    "CustomResourceDefinition": "with every object of its kind",
}
_MEANT: tuple[FieldClass, ...] = (
    "scale",
    "traffic",
    "behaviour",
    "metadata",
    "identity",
)  # field classes that are a plan's class by themselves
_POLICIES = (  # kinds that decide which requests get through, and how
    *("NetworkPolicy", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"),
    *("Sidecar", "EnvoyFilter"),
)
# An object that appears or disappears, by kind; others are `create` and `remove`.
_MORE: dict[str, Class] = {
    **dict.fromkeys((*ISTIO_ROUTING, *_POLICIES), "traffic"),
    **dict.fromkeys(SCALERS, "scale"),
    "PodDisruptionBudget": "behaviour",
    "AnalysisTemplate": "behaviour",
}
_NAMED = 3  # entry points of an app that are named
_ENTRY_POINTS = ("/spec/ports", "/spec/service", "/spec/istio")
_FEWER: dict[str, Class] = {**_MORE, "Service": "disruptive"}


def classify(old: Side | None, new: Side | None) -> tuple[Effect, ...]:
    """Every effect of the change, the harshest first; none if the cluster gets the same manifests."""
    if new is None:
        return _removed(old) if old else ()
    if old is None:
        return (Effect("create", f"the app is new here{_begins(new)}"),)
    paths = spec_paths(old, new)
    if not moves_cluster(old, new):  # it is only named
        paths = tuple(path for path in paths if not f"{path.pointer}/".startswith("/spec/cluster/"))
    if same_manifests(old, new):
        elsewhere = [path for path in paths if path.document != "App" and path.field_class == "identity"]
        return harshest(_of_fields(elsewhere))
    found = [
        _explained(effect, old, new)
        for effect in (
            *moves(old, new, paths),
            *_waiting(old, new),
            *_scale(old, new, paths),
            *_ports(old, new, paths),
            *_routes(old, new, paths),
        )
    ]
    named = {path for effect in found for path in effect.paths}
    found += _of_fields([path for path in paths if path.field_class in _MEANT and path not in named])
    found += _objects(old.manifests, new.manifests, new.app, moves_pods=changes_pods(old, new))
    known = {effect.class_ for effect in found}
    found += [
        effect
        for effect in _of_manifests(old.manifests, new.manifests, new.app, not_secret(new))
        if effect.class_ not in known
    ]
    if not found:
        found += _of_fields([path for path in paths if path.field_class == "state"])
    return harshest(_settings(found, old, new))


def _begins(new: Side) -> str:
    """What a new app starts with."""
    version = new.app.running.name
    if is_paused(new) or replicas(new) == 0:
        return f", with {version} and without a pod"
    return f"; {version} gets all the traffic" if new.app.ports else f", with {version}"


def _removed(old: Side) -> tuple[Effect, ...]:
    gone = Effect("remove", "the app is deleted, with all its pods")
    named = (ChangedPath("App", "/spec/ports", "traffic"),)
    unserved = [Effect("disruptive", "its Services are deleted; requests will fail", named)] if old.app.ports else []
    lost = [_deleted(old.app, manifest) for manifest in old.manifests if not _is_part(old.app, manifest)]
    return harshest([*unserved, gone, *(effect for effect in lost if effect.loses_data)])


def same_manifests(old: Side, new: Side) -> bool:
    """Whether the cluster gets the same manifests."""
    before, after = ({m.identity: m.data for m in side.manifests} for side in (old, new))
    return before.keys() == after.keys() and all(plain.equal(before[each], after[each]) for each in before)


def _explained(effect: Effect, old: Side, new: Side) -> Effect:
    """Adds paths of the pod template in the manifest, if no path of a spec explains its change (a patch does).

    A patch in the app's own spec is named by what it changes, too: its text may be long.
    """
    if any(path.document != "App" or not path.pointer.startswith("/spec/patches") for path in effect.paths):
        return effect
    own = (
        (each, path)
        for each, path in manifest_paths(old.manifests, new.manifests, not_secret(new))
        if _is_part(new.app, each)
    )
    found = tuple(path for _, path in own if path.field_class == "template")
    return effect._replace(paths=found or effect.paths)


def _of_fields(paths: list[ChangedPath]) -> list[Effect]:
    return [Effect(OF_FIELD[path.field_class], _reason_of_field(path), (path,)) for path in paths]


def _reason_of_field(path: ChangedPath) -> str:
    if path.pointer.startswith("/spec/disruptionBudget/"):
        return _BUDGET
    return _OF_PATH.get(path.pointer, _REASONS[path.field_class])


def _settings(effects: list[Effect], old: Side, new: Side) -> list[Effect]:
    """The effects; what controllers do now is carried out by the new settings too."""
    if any(SEVERITY[effect.class_] >= SEVERITY["canary-start"] for effect in effects):
        reason = "settings change, for what happens now and for later releases"
    elif old.flight and new.flight:
        reason = f"settings change, for the {new.flight} in flight and for later releases; nothing moves now"
    else:
        return effects
    later = _REASONS["behaviour"]
    return [
        effect._replace(reason=reason) if effect.reason == later and not _is_next_analysis(effect, old, new) else effect
        for effect in effects
    ]


def _is_next_analysis(effect: Effect, old: Side, new: Side) -> bool:
    """Whether only the limits of an analysis change: one that runs keeps those with which it started."""
    field = _ANALYSES.get(old.flight or "")
    both = field is not None and all(side.app.strategy.fields.get(field) for side in (old, new))
    if not both or (old.app.canary, old.app.preview) != (new.app.canary, new.app.preview):
        return False
    files = _templates_of(new, str(field))
    return all(f"/strategy/{field}/" in f"{path.pointer}/" or path.document in files for path in effect.paths)


def _templates_of(side: Side, field: str) -> frozenset[str]:
    """The files of the AnalysisTemplates that an analysis names; none where the steps of a ladder have analyses."""
    fields = side.app.strategy.fields
    if any("analysis" in step or "experiment" in step for step in fields.get("steps") or ()):
        return frozenset()
    named = {ref.get("templateName") for ref in fields[field].get("templates") or ()}
    return frozenset(each.file for each in side.manifests if each.kind == "AnalysisTemplate" and each.name in named)


def _scale(old: Side, new: Side, paths: tuple[ChangedPath, ...]) -> Iterator[Effect]:
    """Effects of a changed number of pods other than scaling, and scaling that waits."""
    before, after = (workload(side.app, side.manifests).get("spec", {}).get("replicas") for side in (old, new))
    named = tuple(path for path in paths if path.field_class == "scale")
    waits = _is_held(new)
    later = ", when the paused controller resumes" if waits else ""
    if before is not None and after is None and new.manifests and before > 1 and not old.hands_over:
        reason = f"`replicas` leaves the manifest: {before} pods become 1, until an autoscaler acts{later}"
        yield Effect("disruptive", reason, named)
    if before and after == 0 and new.app.ports:
        yield Effect("disruptive", f"no pod is left to serve{later}", named)
    if waits and before is not None and after is not None and before != after:
        yield Effect("scale", "the number of pods changes when the paused controller resumes", named)


def _is_held(side: Side) -> bool:
    """Whether the controller leaves the number of pods as it is: that of a Canary does so while it is paused."""
    spec = workload(side.app, side.manifests).get("spec", {})
    return bool(spec.get("paused")) and "canary" in (spec.get("strategy") or {})


def _waiting(old: Side, new: Side) -> Iterator[Effect]:
    """What was changed while the app was paused, and happens when it resumes."""
    then = old.before_pause
    if then is None or not resumes(old, new) or not any(waited(then, old)):
        return
    paths = spec_paths(then, new)
    for effect in moves(then, new, paths):
        if effect.class_ not in ("hold", "behaviour"):
            yield effect._replace(reason=f"{effect.reason}{_MEANWHILE}")
    if new.app.strategy.type == "Canary" and replicas(then) != replicas(old):
        named = tuple(path for path in paths if path.field_class == "scale")
        yield Effect("scale", f"the number of pods changes{_MEANWHILE}", named)


def _ports(old: Side, new: Side, paths: tuple[ChangedPath, ...]) -> Iterator[Effect]:
    """Ports whose name, which their Service looks for, no present pod has."""
    lost = lost_ports(old, new)
    if lost:
        named = tuple(path for path in paths if path.pointer.startswith("/spec/ports"))
        target = f"`{lost[0].target}`" if isinstance(lost[0].target, str) else lost[0].target
        until = failing_until(new)
        reason = f"port {lost[0].port} leads to {target}, which no pod of today has: requests fail until {until}"
        yield Effect("disruptive", reason, named)


def _routes(old: Side, new: Side, paths: tuple[ChangedPath, ...]) -> Iterator[Effect]:
    """Entry points that are removed, and routes that are applied during a canary."""
    lost = lost_entry_points(old, new)
    if lost and new.manifests:
        named = tuple(path for path in paths if path.pointer.startswith(_ENTRY_POINTS))
        yield Effect("disruptive", f"an entry point of the app is removed: {some_of(lost, _NAMED)}", named)
    for finding in routes_in_flight(old, new):
        named = tuple(path for path in paths if path.field_class in ("traffic", "metadata"))
        named = named or tuple(
            path
            for each, path in manifest_paths(old.manifests, new.manifests, not_secret(new))
            if each.kind in ISTIO_ROUTING
        )
        class_: Class = "disruptive" if finding.severity == "error" else "traffic"
        yield Effect(class_, "the routes are applied again under the canary", named)


def classify_resources(old: Manifests, new: Manifests, shown: Collection[str] = ()) -> tuple[Effect, ...]:
    """The effects of a change of plain manifests that belong to no app."""
    return harshest([*_objects(old, new, None), *_of_manifests(old, new, None, shown)])


def is_about(effect: Effect, manifest: Manifest) -> bool:
    """Whether the effect says that the object appears or is deleted."""
    return effect.paths == (_object(manifest),)


def _objects(old: Manifests, new: Manifests, app: App | None, *, moves_pods: bool = False) -> Iterator[Effect]:
    """Added and removed objects; not workloads (see the strategy) or the app's own ConfigMaps (see the templates)."""
    before = {manifest.identity: manifest for manifest in old}
    after = {manifest.identity: manifest for manifest in new}
    for identity, manifest in after.items():
        if identity not in before and not _is_part(app, manifest):
            first = ", before the pods change" if moves_pods else ""
            once = f": it runs once{first}" if is_job_of_spec(manifest) else ""
            reason = f"{manifest.kind} {manifest.name} is new{once}"
            yield Effect(_MORE.get(manifest.kind, "create"), reason, (_object(manifest),))
    for identity, manifest in before.items():
        if identity not in after and not _is_part(app, manifest):
            yield _deleted(app, manifest)


def _deleted(app: App | None, manifest: Manifest) -> Effect:
    """An object that is removed from Git: a sync deletes it; it comes first in the plan if data is lost with it.

    Argo CD prunes no hook (`getSyncTasks` skips it); it deletes one by its own delete policy.
    """
    name = f"{manifest.kind} {manifest.name}"
    if is_job_of_spec(manifest):
        return Effect("behaviour", f"{name} is deleted; what it has done stays", (_object(manifest),))
    if hooks_of(manifest.data):
        reason = f"{name}, a hook, is removed from Git: Argo CD no longer runs it, and does not delete it"
        return Effect("behaviour", reason, (_object(manifest),))
    if not manifest.sync_options.isdisjoint(("Prune=false", "Prune=confirm")):
        reason = f"{name} is removed from Git; Argo CD does not delete it by itself"
        return Effect("behaviour", reason, (_object(manifest),))
    if manifest.kind in _DATA:
        reason = f"{name} is deleted, {_DATA[manifest.kind]}"
        return Effect("disruptive", reason, (_object(manifest),), loses_data=True)
    return Effect(_fewer(app, manifest), f"{name} is deleted", (_object(manifest),))


def _is_part(app: App | None, manifest: Manifest) -> bool:
    """A workload of the app, or a ConfigMap that is named by its content."""
    if app is None:
        return False
    own = manifest.name == app.name and manifest.kind in WORKLOADS
    return own or (manifest.kind == "ConfigMap" and manifest.data.get("immutable") is True)


def _fewer(app: App | None, manifest: Manifest) -> Class:
    """A preview Service is removed with its strategy."""
    if app and manifest.kind == "Service" and manifest.name == preview_name(app):
        return "traffic"
    return _FEWER.get(manifest.kind, "remove")


def _object(manifest: Manifest) -> ChangedPath:
    return ChangedPath(manifest.file, "", "rendered")


def _of_manifests(old: Manifests, new: Manifests, app: App | None, shown: Collection[str]) -> Iterator[Effect]:
    """Changes that specs do not show: patches, templates, resources, labels of the overlay."""
    for manifest, path in manifest_paths(old, new, shown):
        part = _is_part(app, manifest)
        if not (part and path.field_class in ("state", "template")) and not _is_version(manifest, path):
            yield Effect(OF_FIELD[path.field_class], _reason(manifest, path), (path,))


def _is_version(manifest: Manifest, path: ChangedPath) -> bool:
    """Whether it is the version of a `job` check, which is always that of the release."""
    template = "/spec/metrics/0/provider/job/spec/template"
    version = (f"{template}/metadata/labels/version", f"{template}/spec/containers/0/image")
    return is_of_checks(manifest) and path.pointer in version


def _reason(manifest: Manifest, path: ChangedPath) -> str:
    if path.field_class == CAUTIOUS and not is_known(manifest.kind):
        return _UNKNOWN
    if path.field_class == "behaviour" and is_made_again(manifest.data):
        return "a hook changes: Argo CD runs the new one at the next sync"
    if path.field_class == "behaviour" and is_skipped(manifest.data):
        return "Argo CD does not apply this object: its hook is Skip"
    if path.field_class == "behaviour" and is_forced_job(manifest.data):
        return "with Force=true Argo CD deletes the Job and creates it again: it runs again"
    if path.field_class == "template" and manifest.kind in ("ConfigMap", "Secret"):
        return _READ
    if path.field_class == "behaviour" and manifest.kind == "CronJob":
        return "the next Jobs of a CronJob change"
    if path.field_class == "behaviour":
        return _OF_OBJECT.get(manifest.kind, _REASONS["behaviour"])
    return _REASONS[path.field_class]
