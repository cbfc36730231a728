"""From the objects of an app to what runs: its versions with role, pods and share, and what the controllers say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from renderer.live.model import AnalysisState, ApplicationState, LiveApp, LiveVersion, Role
from renderer.live.objects import DEPLOYMENT_HASH, AppObjects, Object, controller, images, labels
from renderer.manifest import ROLLOUT_HASH, WORKLOADS

_MOST_RUNS = 5
_WAITING = ("ContainerCreating", "PodInitializing")  # a pod that only starts


def read_app(env: str, app: str, namespace: str, objects: AppObjects) -> LiveApp:
    """The app by its objects; without a workload it has no versions."""
    workloads = {kind: found for kind in WORKLOADS if (found := objects.get(kind, {}).get(app))}
    rollout, deployment = workloads.get("Rollout"), workloads.get("Deployment")
    versions = _versions(app, workloads, objects)
    phase, message = _rollout_phase(rollout) if rollout else _deployment_phase(deployment) if deployment else ("", "")
    status = rollout["status"] if rollout else {}
    steps = len(_canary(rollout).get("steps") or ()) if rollout else 0
    return LiveApp(
        env,
        app,
        namespace,
        workloads=tuple(workloads),
        versions=versions,
        phase=phase,
        message=message or _trouble(objects),
        step=status.get("currentStepIndex") if steps else None,
        steps=steps or None,
        is_paused=_is_paused(rollout or deployment or {}),
        is_aborted=bool(status.get("abort")),
        analysis=_analysis(objects, status.get("currentPodHash")),
    )


def read_application(data: Object) -> ApplicationState:
    """What Argo CD says of an Application."""
    status = data["status"]
    operation = status.get("operationState") or {}
    sync = status.get("sync") or {}
    failed = operation.get("message", "") if operation.get("phase") in ("Failed", "Error") else ""
    conditions = "; ".join(str(each.get("message", "")) for each in status.get("conditions") or ())
    return ApplicationState(
        name=str(data["metadata"]["name"]),
        sync=str(sync.get("status", "Unknown")),
        health=str((status.get("health") or {}).get("status", "Unknown")),
        revision=str(operation.get("revision") or sync.get("revision") or ""),
        message=str(failed or conditions),
    )


def _versions(app: str, workloads: dict[str, Object], objects: AppObjects) -> tuple[LiveVersion, ...]:
    """The versions that run or are wanted, in the order of their roles."""
    shares = _shares(app, workloads, objects)
    found: list[LiveVersion] = []
    for workload in workloads.values():
        uid = workload["metadata"].get("uid")
        owned = [each for each in objects.get("ReplicaSet", {}).values() if controller(each).get("uid") == uid]
        for replica_set in owned:
            role = _role(workload, replica_set, owned)
            pods = _pods(objects, replica_set)
            desired = int(replica_set["spec"]["replicas"])
            if role is Role.OLD and not desired and not pods:
                continue
            ready = sum(1 for pod in pods if pod["status"]["ready"])
            share = None if shares is None else shares.get(str(replica_set["metadata"]["name"]), 0.0)
            template = replica_set["spec"]["template"]
            found.append(LiveVersion(_version(replica_set), role, ready, desired, share, images(template)))
    return tuple(sorted(_merged(found), key=lambda each: ([*Role].index(each.role), each.version)))


def _merged(versions: list[LiveVersion]) -> Iterator[LiveVersion]:
    """During a switch, a version may run in a Deployment and in a Rollout: it is shown once."""
    by_name: dict[tuple[str, Role], list[LiveVersion]] = {}
    for each in versions:
        by_name.setdefault((each.version, each.role), []).append(each)
    for (version, role), merged in by_name.items():
        shares = [each.share for each in merged if each.share is not None]
        ready, desired = sum(each.ready for each in merged), sum(each.desired for each in merged)
        yield LiveVersion(version, role, ready, desired, round(sum(shares), 1) if shares else None, merged[0].images)


def _role(workload: Object, replica_set: Object, owned: Sequence[Object]) -> Role:
    """What the ReplicaSet is for its workload."""
    status = workload["status"]
    if not _strategy(workload):
        return Role.STABLE if replica_set is max(owned, key=_revision) else Role.OLD
    own, current = _hash(replica_set), status.get("currentPodHash")
    stable = _stable_hash(workload)
    if own == (stable or current):
        return Role.STABLE
    if own == current:
        return Role.PREVIEW if "blueGreen" in _strategy(workload) else Role.CANARY
    return Role.OLD


def _stable_hash(workload: Object) -> str | None:
    """The version that serves: for BlueGreen the one that the active Service selects."""
    status = workload["status"]
    active = (status.get("blueGreen") or {}).get("activeSelector")
    found = active if "blueGreen" in _strategy(workload) and active else status.get("stableRS")
    return str(found) if found else None


def _shares(app: str, workloads: dict[str, Object], objects: AppObjects) -> dict[str, float] | None:
    """Percent of the traffic by ReplicaSet: each weight, shared by the ready pods behind it. None without a Service."""
    service = _service(app, workloads, objects)
    if service is None:
        return None
    rule = next(iter(objects.get("DestinationRule", {}).values()), None)
    subsets = {each["name"]: each.get("labels") or {} for each in (rule["spec"].get("subsets") or ())} if rule else {}
    ready = [pod for pod in objects.get("Pod", {}).values() if pod["status"]["ready"] and not _is_ending(pod)]
    by_hash = {_hash(each): str(each["metadata"]["name"]) for each in objects.get("ReplicaSet", {}).values()}
    shares: defaultdict[str, float] = defaultdict(float)
    for subset, weight in _routes(next(iter(objects.get("VirtualService", {}).values()), None)):
        wanted = {**service["spec"]["selector"], **subsets.get(subset or "", {})}
        named = by_hash.get(wanted.get(ROLLOUT_HASH, ""))
        behind = [pod for pod in ready if wanted.items() <= labels(pod).items()]
        if named:
            shares[named] += weight
        elif behind:
            for name, number in Counter(str(controller(pod).get("name", "")) for pod in behind).items():
                shares[name] += weight * number / len(behind)
    return {name: round(share, 1) for name, share in shares.items()}


def _service(app: str, workloads: dict[str, Object], objects: AppObjects) -> Object | None:
    """The Service that serves: the one that a BlueGreen names as active, or that has the app's name."""
    services = objects.get("Service", {})
    strategy = _strategy(workloads.get("Rollout") or {})
    active = (strategy.get("blueGreen") or {}).get("activeService") or (strategy.get("canary") or {}).get(
        "stableService"
    )
    return services.get(str(active or app)) or services.get(app)


def _routes(virtual_service: Object | None) -> list[tuple[str | None, float]]:
    """Subset and weight of the destinations with traffic, of the last route: those before it match headers."""
    if not virtual_service or not virtual_service["spec"].get("http"):
        return [(None, 100.0)]
    listed = virtual_service["spec"]["http"][-1].get("route") or ()
    given = [
        ((each.get("destination") or {}).get("subset"), float(each.get("weight", 100 if len(listed) == 1 else 0)))
        for each in listed
    ]
    return [(subset, weight) for subset, weight in given if weight]


def _rollout_phase(rollout: Object) -> tuple[str, str]:
    status = rollout["status"]
    generation = rollout["metadata"].get("generation")
    if generation is not None and str(status.get("observedGeneration")) != str(generation):
        return "Progressing", "the controller has not read the newest spec yet"
    return str(status.get("phase", "")), str(status.get("message", ""))


def _deployment_phase(deployment: Object) -> tuple[str, str]:
    """The phase in the words that Argo Rollouts uses."""
    status, wanted = deployment["status"], deployment["spec"].get("replicas", 1)
    late = [each for each in status.get("conditions") or () if each.get("reason") == "ProgressDeadlineExceeded"]
    if late:
        return "Degraded", str(late[0].get("message", ""))
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return "Progressing", "the controller has not read the newest spec yet"
    if deployment["spec"].get("paused"):
        return "Paused", ""
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    return ("Healthy", "") if all(count == wanted for count in counts) else ("Progressing", "")


def _trouble(objects: AppObjects) -> str:
    """Why pods do not start, with the number of pods."""
    reasons = Counter(
        str(each["waiting"].get("reason"))
        for pod in objects.get("Pod", {}).values()
        for each in pod["status"]["waiting"]
        if each["waiting"].get("reason") not in (None, *_WAITING)
    )
    return ", ".join(f"{reason} ({number})" for reason, number in reasons.most_common())


def _analysis(objects: AppObjects, current: str | None) -> tuple[AnalysisState, ...]:
    """The runs of the version that was released last, newest first; those that succeeded say nothing more."""
    runs = [run for run in objects.get("AnalysisRun", {}).values() if labels(run).get(ROLLOUT_HASH) == current]
    states = [
        AnalysisState(str(run["metadata"]["name"]), *(str(run["status"].get(key, "")) for key in ("phase", "message")))
        for run in sorted(runs, key=lambda run: str(run["status"].get("startedAt")), reverse=True)
    ]
    return tuple(each for each in states if each.phase != "Successful")[:_MOST_RUNS]


def _is_paused(workload: Object) -> bool:
    status, spec = workload.get("status") or {}, workload.get("spec") or {}
    return bool(spec.get("paused") or status.get("controllerPause") or status.get("pauseConditions"))


def _pods(objects: AppObjects, replica_set: Object) -> list[Object]:
    """The ReplicaSet's pods, without those that end."""
    uid = replica_set["metadata"].get("uid")
    return [pod for pod in objects.get("Pod", {}).values() if controller(pod).get("uid") == uid and not _is_ending(pod)]


def _is_ending(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def _hash(replica_set: Object) -> str:
    found = labels(replica_set)
    return str(found.get(ROLLOUT_HASH) or found.get(DEPLOYMENT_HASH) or "")


def _version(replica_set: Object) -> str:
    found = replica_set["spec"]["template"]["metadata"]["labels"]
    return str(found.get("version") or _hash(replica_set))


def _revision(replica_set: Object) -> int:
    found = (replica_set["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", "0")
    return int(found) if str(found).isdigit() else 0


def _strategy(workload: Object) -> Any:
    """The strategy of a Rollout; empty for a Deployment."""
    found = (workload.get("spec") or {}).get("strategy") or {}
    return found if "canary" in found or "blueGreen" in found else {}


def _canary(rollout: Object) -> Any:
    return _strategy(rollout).get("canary") or {}
