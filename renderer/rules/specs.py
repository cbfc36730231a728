"""Rules over the effective spec: what one field says against another, before anything is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from renderer.hooks import WAVE
from renderer.manifest import SYNC_OPTIONS, sync_options
from renderer.plain import escape
from renderer.release.rungs import wait_of, weights_in
from renderer.rounding import basic_canary_share, replicas_for_share
from renderer.rules.finding import Finding, of_level
from renderer.rules.http import match_error
from renderer.rules.mesh import MESH
from renderer.spec import App, file_key, serving_sidecars

STATES = ("canary", "preview")  # of a release in flight
_TOLERANCE = 5.0  # percent of the traffic by which a replica canary may miss its weight unremarked


class SpecScene(NamedTuple):
    """What a spec rule may look at: the app, and its environment's policy."""

    app: App
    policy: Mapping[str, Any]
    pins_tag: bool = True  # whether the environment's own partial app has the tag


SpecRule = Callable[[SpecScene], Iterable[Finding]]


def ports_missing(scene: SpecScene) -> Iterator[Finding]:
    """A BlueGreen, or a Canary that routes traffic, without a port.

    Why: Without a port there is no Service, so there is no traffic to move.
    Fix: add a port; the Service is then added automatically. For an app that serves nothing write `ports: []` and use
    RollingUpdate, Recreate, or Canary with router replica.
    Source: a rule of rollspec.
    """
    app = scene.app
    if app.ports or not app.strategy.is_rollout:
        return
    if "ports" not in app.spec:
        kind = app.strategy.type
        yield Finding(
            "ports-missing", f"{kind} needs a port: add `ports: [{{name: http, port: 80}}]`", "/spec/strategy/type"
        )
    elif app.strategy.type == "BlueGreen" or app.strategy.is_routed:
        what = "BlueGreen" if app.strategy.type == "BlueGreen" else f"router {app.strategy.router}"
        yield Finding(
            "ports-missing",
            f"an app that serves nothing cannot use {what}: Canary with router replica can",
            "/spec/ports",
        )


def port_twice(scene: SpecScene) -> Iterator[Finding]:
    """Two ports with the same name, or with the same number and protocol.

    Why: The API server refuses the Service.
    Fix: rename or renumber one.
    Source: API server (`Duplicate value`).
    """
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    for number, port in enumerate(scene.app.ports):
        if port.name in names:
            yield Finding(
                "port-twice", f"another port is named `{port.name}`: rename one", f"/spec/ports/{number}/name"
            )
        if (port.port, port.protocol) in numbers:
            message = f"port {port.port}/{port.protocol} is listed twice: remove one, or give it another number"
            yield Finding("port-twice", message, f"/spec/ports/{number}/port")
        names.add(port.name)
        numbers.add((port.port, port.protocol))


def container_once(scene: SpecScene) -> Iterator[Finding]:
    """A container in `pod` with the name of another container of the pod, or of the app's own container.

    Why: The API server refuses the pod template. A patch finds a container by its name, and would merge the two before
    any other check sees them.
    Fix: rename it.
    Source: API server (`Duplicate value`).
    """
    pod = scene.app.spec.get("pod") or {}
    names = {scene.app.container_name}
    for key in ("containers", "initContainers"):
        for number, container in enumerate(pod.get(key) or ()):
            name = container.get("name")
            if name in names:
                other = "the app's own container" if name == scene.app.container_name else "another container"
                message = f"{other} is named `{name}` too: give this one another name"
                yield Finding("container-once", message, f"/spec/pod/{key}/{number}/name")
            names.add(name)


def replicas_and_autoscaling(scene: SpecScene) -> Iterator[Finding]:
    """`replicas` together with `autoscaling`, outside the one commit that switches an autoscaler on.

    Why: Every sync would set the count back to `replicas`. If a commit removes `replicas` from a workload, the count
    becomes 1, unless an autoscaler has already changed it and so owns the field.
    Fix: remove one. To switch an autoscaler on without losing pods: commit `autoscaling` with a `minReplicas` above
    `replicas`, sync, wait until the autoscaler has scaled up (15 seconds), then remove `replicas` and set `minReplicas`
    as you like. Do not release meanwhile. A default of `replicas` in an overlay does not apply to an app with
    `autoscaling`; at render level 1, one below `minReplicas` does: set `replicas: null` in the app.
    Source: Kubernetes (server-side apply: ownership of `replicas`), measured; API server (`minReplicas` at most
    `maxReplicas`).
    """
    spec = scene.app.spec
    scaling = spec.get("autoscaling")
    if not scaling:
        return
    replicas, least = spec.get("replicas", 0), scaling.get("minReplicas", 1)
    if replicas == "external":
        message = "`replicas: external` and `autoscaling` cannot be used together: remove one"
        yield Finding("replicas-and-autoscaling", message, "/spec/replicas")
    elif replicas and replicas >= least:
        message = (
            f"{scene.app.name} has both `replicas` and `autoscaling`: remove one (`replicas: null` in the app where a "
            f"default gives it). To switch one on, give minReplicas {replicas + 1} for the commit with both"
        )
        yield Finding("replicas-and-autoscaling", message, "/spec/replicas")
    elif scene.app.hands_over and not (scene.app.canary or scene.app.preview):
        message = (
            "`replicas` next to `autoscaling` is a stage of switching an autoscaler on, not a permanent state: remove "
            "`replicas` when the autoscaler has scaled up, and do not release before"
        )
        yield Finding("replicas-and-autoscaling", message, "/spec/replicas", severity="note")
    elif scene.app.hands_over:
        message = "an autoscaler is being switched on: take `replicas` out before a release, or `autoscaling`"
        yield Finding("replicas-and-autoscaling", message, "/spec/replicas")
    if least > scaling["maxReplicas"]:
        message = f"minReplicas {least} is more than maxReplicas {scaling['maxReplicas']}"
        yield Finding("replicas-and-autoscaling", message, "/spec/autoscaling/minReplicas")


def surge_and_unavailable(scene: SpecScene) -> Iterator[Finding]:
    """`maxSurge` and `maxUnavailable` that are both zero.

    Why: No pod can be replaced: none may be added and none removed.
    Fix: set one of them to at least 1.
    Source: API server, Argo Rollouts.
    """
    fields = scene.app.strategy.fields
    zero = (0, "0%")
    if fields.get("maxSurge", "25%") in zero and fields.get("maxUnavailable", 0) in zero:
        message = "maxSurge and maxUnavailable are both 0: no pod could be replaced; set one of them to 1"
        yield Finding("surge-and-unavailable", message, "/spec/strategy/maxSurge")


def release_state(scene: SpecScene) -> Iterator[Finding]:
    """Release state that does not fit the strategy, or a new version that equals the stable one.

    Why: `canary` belongs to strategy Canary and `preview` to BlueGreen; nothing else renders them. A new version must
    differ from the stable one in its image or configuration, and in its label `version`: that label separates the
    traffic.
    Fix: release with `rollspec release`, or give the new version another `tag` (or `overrides`) and its own `version`.
    Source: a rule of rollspec.
    """
    app = scene.app
    for key, kind in (("canary", "Canary"), ("preview", "BlueGreen")):
        if key in app.spec and app.strategy.type != kind:
            message = f"`{key}` is for strategy {kind}; this app's is {app.strategy.type}: remove it"
            yield Finding("release-state", message, f"/spec/{key}")
    key, version = ("canary", app.canary.version) if app.canary else ("preview", app.preview)
    if version is None:
        return
    if (version.tag, version.fields) == (app.stable.tag, app.stable.fields):
        message = f"`{key}` is the stable version: give it another tag, or overrides"
        yield Finding("release-state", message, f"/spec/{key}")
    elif version.version == app.stable.version:
        message = f"`{key}` has the stable version's label `{version.version}`: give it a `version` of its own"
        yield Finding("release-state", message, f"/spec/{key}")


def version_label(scene: SpecScene) -> Iterator[Finding]:
    """A label `version` in `podMetadata` of a Canary or BlueGreen.

    Why: rollspec gives the pods of each version a label `version`, which separates their traffic. A label in
    `podMetadata` would be the same for both versions.
    Fix: remove it. To choose the value, set `version` next to `tag`.
    Source: a rule of rollspec.
    """
    app = scene.app
    if not any(strategy.is_rollout for strategy in (app.strategy, app.migrating_from) if strategy):
        return
    overrides = {f"/spec/{state}/overrides": (app.spec.get(state) or {}).get("overrides") for state in STATES}
    for pointer, fields in {"/spec": app.spec, **overrides}.items():
        labels = ((fields or {}).get("podMetadata") or {}).get("labels") or {}
        if labels.get("version") is not None:
            message = (
                "rollspec sets the label `version`, which separates the traffic of the versions: remove it, and set "
                "`version` next to `tag`"
            )
            yield Finding("version-label", message, f"{pointer}/podMetadata/labels/version")


def canary_weight(scene: SpecScene) -> Iterator[Finding]:
    """A canary without a `weight`, or with one although a ladder gives the weights.

    Why: Without a weight nobody knows which share of the traffic the canary gets. With `strategy.steps` the steps
    decide it, and a weight would be ignored.
    Fix: set `canary.weight` (percent of the traffic), or remove it if the strategy has `steps`.
    Source: a rule of rollspec.
    """
    canary = scene.app.canary
    if canary is None or scene.app.strategy.type != "Canary":
        return
    ladder = "steps" in scene.app.strategy.fields
    if ladder and (canary.weight is not None or canary.from_weight is not None):
        field = "weight" if canary.weight is not None else "from"
        message = f"the ladder in strategy.steps gives the weights: remove `{field}`"
        yield Finding("canary-weight", message, f"/spec/canary/{field}")
    elif not ladder and canary.weight is None:
        yield Finding("canary-weight", "a canary needs a `weight` (percent of the traffic)", "/spec/canary")


def canary_share(scene: SpecScene) -> Iterator[Finding]:
    """A weight that a replica canary cannot give with its number of pods.

    Differences of up to 5 percentage points are not reported. The weights of a ladder are checked even while nothing is
    in flight.

    Why: Router replica splits the traffic by whole pods: 10 % of 3 pods is really 25 %. The message says the share that
    results; rollspec rounds as the controller does.
    Fix: use the number of replicas that the message names, or router istio, which gives every weight.
    Source: Argo Rollouts (`CalculateReplicaCountsForBasicCanary`).
    """
    app = scene.app
    if not shares_by_replicas(app):
        return
    asked = {app.canary.weight: "/spec/canary/weight"} if app.canary else {}
    for number, step in enumerate(app.strategy.fields.get("steps", ())):
        asked.setdefault(step.get("setWeight"), f"/spec/strategy/steps/{number}/setWeight")
    for weight, pointer in asked.items():
        message = _missed(app, weight) if weight is not None and 0 < weight < 100 else None
        if message:
            yield Finding("canary-share", message, pointer, severity="warning")


def shares_by_replicas(app: App) -> bool:
    """Whether the number of pods decides what a canary gets."""
    return app.strategy.type == "Canary" and app.strategy.router == "replica"


def _missed(app: App, weight: int) -> str | None:
    """What the app's pods give instead of the weight, where they miss it, and what would give it."""
    counts = _replica_range(app)
    surge, unavailable = app.strategy.fields.get("maxSurge", "25%"), app.strategy.fields.get("maxUnavailable", 0)
    shares = [round(basic_canary_share(count, weight, surge, unavailable), 1) for count in counts]
    if all(abs(share - weight) <= _TOLERANCE for share in shares):
        return None
    enough = replicas_for_share(weight, surge, unavailable, at_least=counts[0])
    remedy = f"{enough} replicas, or router istio, would give it" if enough else "router istio would give it"
    pods = " to ".join(str(count) for count in counts) + (" pod" if counts[-1] == 1 else " pods")
    percent = " to ".join(f"{share:g} %" for share in dict.fromkeys(shares))
    return f"{weight} % of {pods} is really {percent}; {remedy}"


def ladder_end(scene: SpecScene) -> Iterator[Finding]:
    """A ladder whose last step does not fit `autoPromotionEnabled`.

    Why: A ladder that runs to its end by itself makes the new version stable, while Git still says that it is a canary.
    If its last step is not `setWeight: 100`, the controller also reports Healthy before the traffic is at rest: a
    release at that moment sends about 20 ms of requests to pods that are being deleted (measured on Argo Rollouts 1.9
    and 1.10). A pause without a duration, in the middle of such a ladder, waits for a promotion in the cluster: Git can
    only end the ladder, and then says that the new version is stable while it has the share of a canary.
    Fix: end the ladder in `pause: {}` before 100, and finish with `rollspec promote`. If the ladder should finish by
    itself, set `autoPromotionEnabled: true` next to the steps, give each pause a duration, and end in `setWeight: 100`.
    Source: a rule of rollspec; measured.
    """
    fields = scene.app.strategy.fields
    steps = fields.get("steps")
    if scene.app.strategy.type != "Canary" or not steps:
        return
    holds = steps[-1].get("pause") is not None and "duration" not in steps[-1]["pause"]
    wait = wait_of(scene.app.strategy)
    weights = weights_in(steps)
    by_itself = scene.app.strategy.ends_by_itself
    pointer = f"/spec/strategy/steps/{len(steps) - 1}"
    if by_itself and holds:
        message = (
            "the ladder ends in a pause without a duration, so it does not finish by itself: remove one of the two"
        )
        yield Finding("ladder-end", message, pointer)
    elif wait:
        message = (
            f"the ladder waits here, at {wait.weight} %, until somebody promotes it in the cluster: `rollspec promote` "
            "cannot continue it. Give this pause a `duration`, or end the ladder here, without `autoPromotionEnabled`"
        )
        yield Finding("ladder-end", message, f"/spec/strategy/steps/{wait.number}", severity="warning")
    elif by_itself and steps[-1].get("setWeight") != 100:
        message = (
            "a ladder that finishes by itself ends in `setWeight: 100`: else it is Healthy before the traffic is at "
            "rest, and a release just then sends requests to pods that go"
        )
        yield Finding("ladder-end", message, pointer, severity="warning")
    if not by_itself and not (holds and (not weights or weights[-1] < 100)):
        message = "end the ladder in `{pause: {}}` before 100, or set `autoPromotionEnabled: true` next to it"
        yield Finding("ladder-end", message, pointer)


def canary_headers(scene: SpecScene) -> Iterator[Finding]:
    """`istio.canaryHeaders` without a Canary with router istio or an HTTP port, or with a match that Istio refuses.

    Why: Only HTTP and gRPC requests have headers, and only Istio's routes match them. Argo Rollouts writes the match
    into the VirtualService during a release: if Istio refuses it (a regex that RE2 cannot compile), the release stops.
    Fix: remove `canaryHeaders`, or set `strategy: {type: Canary, router: istio}` and name the port `http-...` or
    `grpc-...` (or set its `appProtocol`).
    Source: Istio (header matches are part of HTTP routes).
    """
    app = scene.app
    headers = app.spec.get("istio", {}).get("canaryHeaders")
    if headers is None:
        return
    for name, value in headers.items():
        if isinstance(value, dict) and (why := match_error(value)):
            yield Finding("canary-headers", why, f"/spec/istio/canaryHeaders/{escape(name)}")
    if not app.strategy.by_istio:
        message = "canaryHeaders need strategy Canary with router istio: use these, or remove the headers"
        yield Finding("canary-headers", message, "/spec/istio/canaryHeaders")
    elif not any(port.route == "http" for port in app.ports):
        message = "canaryHeaders need an HTTP or gRPC port: a name that begins with http or grpc, or an appProtocol"
        yield Finding("canary-headers", message, "/spec/istio/canaryHeaders")


def canary_routes(scene: SpecScene) -> Iterator[Finding]:
    """Router istio for an app without a TCP port.

    Why: Istio does not route UDP or SCTP.
    Fix: use router replica, or add a TCP port.
    Source: Istio (VirtualService routes are TCP, TLS or HTTP).
    """
    app = scene.app
    uses_istio = app.strategy.by_istio or "istio" in app.spec
    if uses_istio and app.ports and all(port.route == "none" for port in app.ports):
        message = "Istio routes TCP only, and no port of this app is TCP: use router replica, and remove `istio`"
        yield Finding("canary-routes", message, "/spec/ports")


def mesh_hosts(scene: SpecScene) -> Iterator[Finding]:
    """A host that is `*`, or is the Service's own name.

    Why: `*` would take every request of the mesh, and Istio's webhook refuses it. The Service's own name is always a
    host, and Istio refuses duplicates.
    Fix: name the hosts; leave the Service's own name out.
    Source: Istio `pkg/config/validation`.
    """
    app = scene.app
    hosts = app.spec.get("istio", {}).get("hosts", ())
    for number, host in enumerate(hosts):
        if host == "*":
            message = "`*` would take every request of the mesh: name the hosts"
            yield Finding("mesh-hosts", message, f"/spec/istio/hosts/{number}")
        elif host == app.host:
            message = "the Service's own name is a host already: remove it"
            yield Finding("mesh-hosts", message, f"/spec/istio/hosts/{number}")


def match_without_default(scene: SpecScene) -> Iterator[Finding]:
    """An `istio.http.match` that leaves callers in the mesh without a route, or that applies to nothing.

    Why: At render level 1 the match is put on the routes of the Service's own host too: callers in the mesh get a 404
    for every other path, which the Service answered before. From level 2 on the Service's own host keeps a route for
    all paths, and the match applies to `gateways` and `hosts`; without both it has no effect.
    Fix: set `renderLevel: 2`. If the Service's own host, too, should answer only what matches, set
    `istio.onlyMatched: true`.
    Source: Istio (a request that no route of its host matches gets a 404).
    """
    istio = scene.app.spec.get("istio", {})
    if not _has_limits(scene.app) or istio.get("onlyMatched"):
        return
    if scene.app.level == 1:
        message = (
            "`istio.http.match` applies to the Service's own host too: callers in the mesh get a 404 for other paths "
            "(`istio.onlyMatched: true` means that)"
        )
        yield of_level("match-without-default", message)
    elif not istio.get("hosts") and not istio.get("gateways"):
        message = "`match` applies to no host and no gateway: add one, or set `istio.onlyMatched: true`"
        yield Finding("match-without-default", message, "/spec/istio/http/match", severity="warning")


def _has_limits(app: App) -> bool:
    """Whether `istio.http.match` leaves some requests out."""
    matches = app.spec.get("istio", {}).get("http", {}).get("match") or ()
    return bool(matches) and all(match.keys() - {"port", "gateways"} for match in matches)


def answers_only_matched(app: App) -> bool:
    """Whether the app's own host is meant to answer only what matches, or `match_without_default` has asked that."""
    return bool(app.spec.get("istio", {}).get("onlyMatched")) or (app.level == 1 and _has_limits(app))


def level_1_lists(scene: SpecScene) -> Iterator[Finding]:
    """A value that render level 1 writes twice or replaces: a gateway `mesh`, or the app's own sync options.

    Why: `mesh` is always among the gateways of the VirtualService, so level 1 lists it twice. The annotation
    `argocd.argoproj.io/sync-options` of an app is replaced on the objects on which rollspec sets options of its own.
    Fix: set `renderLevel: 2`, which lists a gateway once and joins the options.
    Source: a rule of rollspec.
    """
    app = scene.app
    if app.level > 1:
        return
    if MESH in app.spec.get("istio", {}).get("gateways", ()):
        yield of_level("level-1-lists", "the gateway `mesh` is listed twice, since it is always there")
    if SYNC_OPTIONS in app.annotations and (app.strategy.is_rollout or "istio" in app.spec):
        yield of_level("level-1-lists", "the app's sync options are replaced on its Rollout and DestinationRule")


def workload_sync_options(scene: SpecScene) -> Iterator[Finding]:
    """Sync options under `workload.annotations`, where rollspec writes its own instead.

    Why: The Deployment or Rollout has the sync option `PruneLast=true`, and a switch of strategy needs it. The options
    in `workload.annotations` are replaced by it, so Argo CD never gets them.
    Fix: write them in `metadata.annotations`, whose options are joined with ours from `renderLevel: 2` on.
    Source: a rule of rollspec.
    """
    annotations = scene.app.spec.get("workload", {}).get("annotations", {})
    lost = sync_options({"metadata": {"annotations": annotations}}) - {"PruneLast=true", ""}
    if scene.app.scaled_by_others:
        lost -= {"ServerSideApply=true"}
    if lost:
        message = (
            f"{', '.join(sorted(lost))} is lost, since rollspec writes the sync options of the workload: use "
            "`metadata.annotations`, whose options are joined with ours"
        )
        pointer = f"/spec/workload/annotations/{escape(SYNC_OPTIONS)}"
        yield Finding("workload-sync-options", message, pointer, severity="warning")


def service_sync_wave(scene: SpecScene) -> Iterator[Finding]:
    """A sync wave under `service.annotations` or `services.<name>.annotations`, where rollspec writes its own instead.

    Why: Every Service of an app is in wave -1, so that it is there before the pods. A wave in its annotations is
    replaced by it, so Argo CD never gets it.
    Fix: remove it. If the Service must be in another wave, change the annotation with a patch of the Service.
    Source: a rule of rollspec.
    """
    spec = scene.app.spec
    given = [("/spec/service", spec.get("service") or {})]
    given += [(f"/spec/services/{escape(name)}", fields) for name, fields in spec.get("services", {}).items()]
    for pointer, fields in given:
        asked = fields.get("annotations", {}).get(WAVE, "-1")
        if asked != "-1":
            message = f"wave {asked} is lost, since rollspec puts a Service into wave -1: remove it, or use a patch"
            inside = f"{pointer}/annotations/{escape(WAVE)}"
            yield Finding("service-sync-wave", message, inside, severity="warning")


def files_clash(scene: SpecScene) -> Iterator[Finding]:
    """Two files whose paths make the same key of the ConfigMap.

    Why: rollspec makes the key from the path (`/a/b` and `/a_b` both give `a_b`), so one file would overwrite the
    other.
    Fix: rename one.
    Source: a rule of rollspec.
    """
    app = scene.app
    version = app.running
    counts = Counter(file_key(path) for path in version.fields.get("files", ()))
    for path in version.fields.get("files", ()):
        if counts[file_key(path)] > 1:
            message = f"another file makes the same ConfigMap key `{file_key(path)}`: rename one"
            yield Finding("files-clash", message, f"/spec/files/{escape(path)}")


def service_account(scene: SpecScene) -> Iterator[Finding]:
    """`serviceAccount` together with `pod.serviceAccountName`.

    Why: `serviceAccount` makes a ServiceAccount for the app; `pod.serviceAccountName` uses another one. The pods can
    have only one.
    Fix: remove one of the two.
    Source: a rule of rollspec.
    """
    spec = scene.app.spec
    if "serviceAccount" in spec and "serviceAccountName" in spec.get("pod", {}):
        message = (
            "`serviceAccount` makes one for the app, `pod.serviceAccountName` names another: remove one (`null` in the "
            "app removes one that a default gives)"
        )
        yield Finding("service-account", message, "/spec/pod/serviceAccountName")


def service_fields(scene: SpecScene) -> Iterator[Finding]:
    """`service` for an app without ports.

    Why: There is no Service without ports, so the fields would have no effect.
    Fix: add a port, or remove `service`.
    Source: a rule of rollspec.
    """
    if "service" in scene.app.spec and not scene.app.ports:
        yield Finding("service-fields", "there is no Service without `ports`: add a port", "/spec/service")


def istio_fields(scene: SpecScene) -> Iterator[Finding]:
    """`istio` for an app without ports.

    It is a warning because an overlay's defaults may give `istio` to all apps.

    Why: There are no routes without ports, so no host answers.
    Fix: add a port, or remove `istio`. If it comes from an overlay's defaults, set `istio: null` for this app.
    Source: a rule of rollspec.
    """
    if "istio" in scene.app.spec and not scene.app.ports:
        message = "there are no routes without `ports`: add a port, or remove this"
        yield Finding("istio-fields", message, "/spec/istio", severity="warning")


def disruption_budget(scene: SpecScene) -> Iterator[Finding]:
    """A `disruptionBudget` without exactly one of `minAvailable` and `maxUnavailable`.

    Why: The API server refuses both; with neither the budget limits nothing.
    Fix: keep one; `maxUnavailable: 1` works for any number of pods.
    Source: API server (`minAvailable and maxUnavailable cannot be both set`).
    """
    budget = scene.app.spec.get("disruptionBudget")
    if budget is not None and ("minAvailable" in budget) == ("maxUnavailable" in budget):
        message = "give either minAvailable or maxUnavailable"
        if "minAvailable" in budget:
            message += ", not both; `null` in the app removes one that a default gives"
        yield Finding("disruption-budget", message, "/spec/disruptionBudget")


def migration(scene: SpecScene) -> Iterator[Finding]:
    """A `migration` that this switch of strategies does not need, or that something in flight makes unsafe.

    Why: `migration` keeps the old workload while a Deployment and a Rollout change places. A release in flight would be
    lost in the switch. A Service of a BlueGreen would keep the selector of pods that are deleted. A new workload
    without `replicas` starts with one pod.
    Fix: promote or abort first; switch a BlueGreen to Canary before you switch it to a Deployment; set `replicas` to a
    number until the switch is complete.
    Source: measured with Argo Rollouts and Argo CD.
    """
    app = scene.app
    if app.migrating_from is None:
        return
    if app.migrating_from.is_rollout == app.strategy.is_rollout:
        message = f"{app.migrating_from.type} to {app.strategy.type} needs no migration: remove it"
        yield Finding("migration", message, "/spec/migration")
    if app.canary or app.preview:
        message = "a release is in flight: promote or abort it before a switch"
        yield Finding("migration", message, "/spec/migration")
    if app.migrating_from.type == "BlueGreen" and not app.strategy.is_rollout:
        message = "switch a BlueGreen to Canary first: its Service would keep the selector of pods that are gone"
        yield Finding("migration", message, "/spec/migration/from")
    if "autoscaling" in app.spec:
        message = "a new workload under an autoscaler begins with one pod: set `replicas` until the switch is done"
        yield Finding("migration", message, "/spec/autoscaling")
    if app.spec.get("replicas") == "external":
        message = "a new workload whose count others own begins with one pod: give a number until the switch is done"
        yield Finding("migration", message, "/spec/replicas")


def policy_labels(scene: SpecScene) -> Iterator[Finding]:
    """A label that the overlay's policy requires is missing.

    Why: The platform team uses the label, for instance to find the owner of an app.
    Fix: add the label under `metadata.labels` of the app.
    Source: `policy.requiredLabels` of the overlay.
    """
    for name in scene.policy.get("requiredLabels", ()):
        if name not in scene.app.labels:
            message = f"the overlay's policy requires a label `{name}`"
            yield Finding("policy-labels", message, "/metadata/labels", policy="requiredLabels")


def tag_pinned(scene: SpecScene) -> Iterator[Finding]:
    """The overlay's policy requires that each app pins its own tag, and this app takes it from the app spec.

    Why: An edit of the tag in `apps/` would change what runs in this environment at once.
    Fix: write the tag that runs now into the partial app of the environment: `rollspec release` does it for a release.
    Source: `policy.tags` of the overlay.
    """
    if scene.policy.get("tags") == "pinned" and not scene.pins_tag:
        own = f"overlays/{scene.app.env}/apps/{scene.app.name}.yaml"
        message = (
            f"the overlay's policy requires a tag of its own here: write `tag: {scene.app.spec['tag']}` into {own}"
        )
        yield Finding("tag-pinned", message, "/spec/tag", policy="tags")


def serving_sidecar(scene: SpecScene) -> Iterator[Finding]:
    """A further container that a port targets, without a pause before its stop.

    Why: A pod that is stopping still gets requests for some seconds. The app's own container waits by default; at
    render level 1 a proxy next to it stops at once and loses them.
    Fix: set `renderLevel: 2` in `rollspec.yaml`, or give the container `lifecycle: {preStop: {sleep: {seconds: 5}}}`.
    Source: measured (docs/engines.md); Kubernetes (termination of pods).
    """
    app = scene.app
    pod = app.running.fields.get("pod", {})
    if app.level == 1 and any(serving_sidecars(app, key, pod.get(key, ())) for key in ("containers", "initContainers")):
        yield of_level("serving-sidecar", "a container that a port targets stops at once and loses requests")


def _replica_range(app: App) -> tuple[int, ...]:
    """The pod counts the app may have: one number, or the autoscaler's bounds; empty if the spec does not say it."""
    scaling = app.spec.get("autoscaling")
    if scaling:
        return (scaling.get("minReplicas", 1), scaling["maxReplicas"])
    replicas = app.spec.get("replicas", 1)
    return (replicas,) if isinstance(replicas, int) and replicas else ()
