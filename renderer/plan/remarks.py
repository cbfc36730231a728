"""What a reader of a plan should know in addition to the numbers: whose share it is, what stays, what is left out.

Each line depends on clients, nodes or the result of an analysis, which are not in Git; so none of them is a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from renderer.manifest import Object
from renderer.plan.classes import SimulationSummary, Track
from renderer.plan.in_flight import routing
from renderer.plan.jobs import job_lines
from renderer.plan.ladder import rest_of, weights_of
from renderer.plan.moves import on_a_ladder
from renderer.plan.side import Side, is_paused, replicas, restarts_at, resumes, waited, workload
from renderer.problem import plural
from renderer.release.notes import share_notes
from renderer.render.pods import pod_labels, template_labels
from renderer.rules import Scene
from renderer.rules.mesh import MESH, full_host, gateways_of
from renderer.rules.together import nodes_needed

Remark = Callable[[Side | None, Side, SimulationSummary | None], Iterator[str]]
_RUN_ONCE = ("Job", "Pod")
_DELAY = 30  # seconds, the default of scaleDownDelaySeconds


def remarks(old: Side | None, new: Side | None, summary: SimulationSummary | None) -> tuple[str, ...]:
    """The lines about a change from `old` to `new`; none for an app that is removed."""
    return () if new is None else tuple(line for remark in _REMARKS for line in remark(old, new, summary))


def _pinned(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Requests that reach the canary at any weight, or as copies."""
    if new.app.canary is None or not new.app.strategy.is_routed:
        return
    headers = new.app.spec.get("istio", {}).get("canaryHeaders")
    if headers:
        yield f"requests with the header {' or '.join(headers)} all go to the canary, at any weight"
    for number, step in enumerate(_ladder(new), 1):
        header, mirror = step.get("setHeaderRoute") or {}, step.get("setMirrorRoute") or {}
        if header.get("match"):
            names = [match.get("headerName", "") for match in header["match"]]
            yield f"from step {number} on, requests with the header {' or '.join(names)} all go to the canary"
        if mirror.get("match"):
            copied = f"copies of {mirror.get('percentage', 100)} % of the requests"
            yield f"from step {number} on, the canary also gets {copied}"


def _adopted(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """What rollspec adds to the pods of a new version, and the running ones lack: see `release --adopt`."""
    if old is None:
        return
    was, now = old.app.running, new.app.running
    found = []
    if "standardLabels" in was.fields.get("podMetadata", {}) and "standardLabels" not in now.fields.get(
        "podMetadata", {}
    ):
        labels = template_labels(old.app, was)
        added = [name for name in pod_labels(new.app, now) if name not in labels]
        found += [f"the labels {', '.join(added)}"] if added else []
    if was.fields.get("lifecycle") == {} and "lifecycle" not in now.fields and new.app.ports:
        found.append("a wait of 5 s before they stop")
    if found:
        yield f"pods of {now.name} get {' and '.join(found)}, which pods of {was.name} do not have"


def _share(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Whose share it is."""
    if new.app.canary is None:
        return
    service = next((m.data for m in new.manifests if m.kind == "Service" and m.name == new.app.service_name), {})
    yield from share_notes(routing(new)["DestinationRule"] or {}, service, is_routed=new.app.strategy.is_routed)
    yield from _unweighted(new, service)
    is_split = new.app.ports and not new.app.strategy.is_routed
    if is_split and (service.get("spec") or {}).get("sessionAffinity") != "ClientIP":
        yield "without a mesh the share is one of new connections: a client that keeps its connection keeps its pod"


def _unweighted(new: Side, service: Object) -> Iterator[str]:
    """Callers in the mesh that use the Service, where the VirtualService is for other hosts or gateways alone.

    Nobody expects a share of a Service that leads to the stable version by its name.
    """
    rule = routing(new)["VirtualService"]
    is_stable = bool(service) and _canary(new).get("stableService") == service["metadata"]["name"]
    if rule is None or not service or is_stable or not new.app.strategy.is_routed:
        return
    spec, host = rule.get("spec") or {}, new.app.host
    if MESH in gateways_of(spec) and any(_means(each, host, new.app.namespace) for each in spec.get("hosts") or ()):
        return
    yield f"the VirtualService does not serve {host} in the mesh: its callers get pods of both versions at any weight"


def _means(host: str, wanted: str, namespace: str) -> bool:
    """Whether a host of a VirtualService is that of the Service, or a wildcard for it."""
    if host.startswith("*"):
        return wanted.endswith(host[1:])
    return full_host(host, namespace) == full_host(wanted, namespace)


def _outliers(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Outlier detection with a canary of one pod: by default Envoy does not eject one of one (10 % of it is none)."""
    pods = [track.pods_after for track in summary.tracks if track.version == new.app.running.name] if summary else []
    most = (_policy(new).get("outlierDetection") or {}).get("maxEjectionPercent", 10)
    if new.app.canary and new.app.strategy.is_routed and most >= 100 and 1 in pods:
        yield "outlier detection may eject the only canary pod: its share of the requests then fails"


def _assumed(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """What the cluster must have already, where the change continues with a canary; a ladder says its own rung.

    A controller may have aborted it, and a sync within seconds of the last one finds pods that are not Ready.
    """
    old = old and (old.before_pause or old)
    canary = old.app.canary if old else None
    if old is None or canary is None or old.running != new.running:
        return
    if canary.weight is None:
        weights, rest, name = weights_of(old), rest_of(old), old.app.running.name
        if weights and new.flight and old.steps == new.steps:
            end = "at its end" if old.app.strategy.ends_by_itself else "at its last weight"
            rests = end if rest == weights[-1] else "in its first pause without a duration"
            yield f"this assumes that the ladder is {rests}: {name} has {rest} %"
        return
    yield (
        f"this assumes that the cluster is where Git says: {old.app.running.name} has {canary.weight} %, and its pods "
        "are Ready"
    )


def _only_pod(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """A version begins to get its share with one pod, and the app has more pods than that.

    Only where the share is set by routing: by the ratio of pods, the requests of a lost pod reach the others. A field
    minPodsPerReplicaSet (of the spec or of a patch) or a setCanaryScale with replicas shows that the author decided.
    """
    fields = _canary(new)
    if new.app.canary is None or summary is None or not summary.serves or not new.app.strategy.is_routed:
        return
    if "minPodsPerReplicaSet" in fields or any(map(_counts_pods, fields.get("steps") or ())):
        return
    name = new.app.running.name
    most = max((track.pods_before for track in summary.tracks if track.version != name), default=0)
    if most > 1 and any(_begins_alone(track) for track in summary.tracks if track.version == name):
        yield f"if the only pod of {name} is lost, requests fail: `minPodsPerReplicaSet: 2` runs two"


def _begins_alone(track: Track) -> bool:
    return not track.before and bool(track.after) and track.pods_after == 1


def _counts_pods(step: Object) -> bool:
    return "replicas" in (step.get("setCanaryScale") or {})


def _nodes(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """How many nodes a release needs, if each pod needs its own node."""
    scene = Scene(new.manifests)
    if summary is None or not (new.flight or (old and old.flight) or old is None or old.running != new.running):
        return
    for pod in scene.index.workloads:
        needed = nodes_needed(scene, pod)
        if needed:
            yield f"needs at least {needed[0]} nodes during the release: {needed[1]}"


def _stays(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """The pods of the old version after a promotion, an undo, or any other change of what serves."""
    if old is None or summary is None or not _is_served_by_others(old, new):
        return
    strategy = _strategy(new)
    fields = strategy.get("blueGreen") or strategy.get("canary") or {}
    delayed = "blueGreen" in strategy or ("trafficRouting" in fields and not fields.get("dynamicStableScale"))
    tracks = (*summary.tracks, *(summary.at_maximum or summary).tracks)
    counts = {track.pods_before for track in tracks if track.version == old.app.stable.name}
    pods = max(counts, default=0)
    if delayed and pods:
        delay = fields.get("scaleDownDelaySeconds", _DELAY)
        long = "keep running: scaleDownDelaySeconds 0 means never" if delay == 0 else f"run for another {delay} s"
        if delay and fields.get("postPromotionAnalysis"):
            long = f"run until the analysis after the promotion has passed, and for another {delay} s"
        is_known = len(counts) == 1 and replicas(old) == replicas(new)
        what = "old pods" if new.app.stable.name == old.app.stable.name else "pods"
        yield f"the {f'{pods} ' if is_known else ''}{what} of {old.app.stable.name} {long}"
        if "blueGreen" in strategy:
            yield "without a mesh, clients that keep their connections stay with these pods until they end"


def _is_served_by_others(old: Side, new: Side) -> bool:
    """Whether pods of another template serve after the change, and none of the ladder's rungs comes before that."""
    if new.flight or is_paused(new) or on_a_ladder(new):
        return False
    if old.flight:
        return new.app.stable.name != old.app.stable.name
    was, now = old.app.strategy, new.app.strategy
    if {"prePromotionAnalysis", "postPromotionAnalysis"} & now.fields.keys():
        return False  # whether the controller runs them depends on what it still keeps
    return old.running != new.running and (was.type, was.router) == (now.type, now.router)


def _paused(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """What was changed while the app was paused happens now, though this change does not name it."""
    if old is None or not resumes(old, new):
        return
    then = old.before_pause
    if then is None:
        yield "what was changed while it was paused happens now too, and these numbers leave it out"
    elif any(waited(then, old)):
        yield "what was changed while it was paused happens now too, and these numbers include it"


def _scaled(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """An autoscaler that another part of the environment has."""
    for scaler in new.scalers if summary else ():
        yield f"the autoscaler is {scaler.kind} {scaler.name} of the environment's `resources`"


def _restart(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """A Rollout restarts at the given time, a Deployment at once."""
    mark = restarts_at(old, new) if old is not None else ""
    if mark:
        yield f"if {mark} is in the future, the controller waits for it before it replaces pods"


def _steps(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Steps that the numbers of the simulation leave out."""
    if new.app.canary is None:
        return
    for number, step in enumerate(_ladder(new), 1):
        if "experiment" in step:
            yield f"step {number} {_experiment(step['experiment'] or {})}; the numbers above do not include it"
        if "analysis" in step:
            names = [each.get("templateName", "") for each in (step["analysis"] or {}).get("templates") or ()]
            yield f"step {number} waits for an analysis ({', '.join(names)}): if it fails, the release is aborted"


def _experiment(body: Object) -> str:
    templates = body.get("templates") or []
    pods = sum(template.get("replicas", 1) for template in templates)
    share = sum(template.get("weight", 0) for template in templates)
    long = f" for {body['duration']}" if "duration" in body else ""
    more = f" and {share} % of the requests" if share else ""
    return f"is an experiment{long}, with {plural(pods, 'more pod')}{more}"


def _jobs(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Jobs and hooks that run."""
    yield from job_lines(old, new)


def _left_behind(old: Side | None, new: Side, summary: SimulationSummary | None) -> Iterator[str]:
    """Other pods with the image of the version before, whose tag somebody wrote by hand; a Job has run already."""
    was = old.app.stable.image if old else ""
    if not was or was in (new.app.stable.image, new.app.running.image):
        return
    pods = Scene(new.manifests).index.pods
    kept = [pod.manifest for pod in pods if any(container.get("image") == was for _, container in pod.every)]
    names = dict.fromkeys(f"{each.kind} {each.name}" for each in kept if each.kind not in _RUN_ONCE)
    if names:
        whose = "its manifest names" if len(names) == 1 else "their manifests name"
        yield f"{' and '.join(names)} stay{'s' if len(names) == 1 else ''} at {was}: {whose} that tag"


def _strategy(side: Side) -> dict[str, Any]:
    return (workload(side.app, side.manifests).get("spec") or {}).get("strategy") or {}


def _canary(side: Side) -> dict[str, Any]:
    return _strategy(side).get("canary") or {}


def _ladder(side: Side) -> list[Object]:
    return list(side.app.strategy.fields.get("steps") or ())


def _policy(side: Side) -> dict[str, Any]:
    rule = routing(side)["DestinationRule"] or {}
    return (rule.get("spec") or {}).get("trafficPolicy") or {}


_REMARKS: tuple[Remark, ...] = (
    _adopted,
    _assumed,
    _share,
    _pinned,
    _only_pod,
    _outliers,
    _steps,
    _nodes,
    _stays,
    _paused,
    _scaled,
    _restart,
    _left_behind,
    _jobs,
)
