"""Rules over workloads: selectors, rollout speed, restart policy."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import JOBS, WORKLOADS, Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import SELECTING, Pod, Pods, selects
from renderer.rules.quantity import amount, is_too_large
from renderer.rules.rollouts import driven_services
from renderer.rules.selectors import pods_near
from renderer.scaler import SCALERS, scaler_of

DEADLINE = 600  # the default of progressDeadlineSeconds, of Deployment and Rollout alike

_ENDING = ("Job", "CronJob", "Pod")


def selector_matches_template(scene: Scene) -> Iterator[Finding]:
    """A workload whose selector is empty, or does not match the labels of its own pods.

    Why: The API server refuses a Deployment; a Rollout becomes InvalidSpec after the sync. The controller would never
    find the pods that it makes.
    Fix: give the pod template the labels of the selector. A selector cannot be changed later; `selector:` in a spec is
    for an app that runs already.
    Source: API server (`selector does not match template labels`), Argo Rollouts (the same check).
    """
    for pod in scene.index.workloads:
        selector = pod.manifest.data["spec"].get("selector") or {}
        wanted = selector.get("matchLabels") or {}
        if wanted and "matchExpressions" not in selector and wanted.items() <= pod.labels.items():
            continue
        if not wanted and not selector.get("matchExpressions"):
            yield _selector(pod, "the selector is empty: it must name labels of the pod template")
        elif not selects(selector, pod.labels):
            yield _selector(pod, _mismatch(selector, pod))


def _selector(pod: Pod, message: str) -> Finding:
    return Finding("selector-matches-template", message, "/spec/selector", pod.manifest)


def _mismatch(selector: Object, pod: Pod) -> str:
    for key, value in (selector.get("matchLabels") or {}).items():
        if key not in pod.labels:
            return f"the selector needs the label {key}={value}, which the pod template does not have"
        if pod.labels[key] != value:
            return f"the selector needs the label {key}={value}, the pod template has {key}={pod.labels[key]}"
    return "the selector's matchExpressions do not match the labels of the pod template"


def workloads_overlap(scene: Scene) -> Iterator[Finding]:
    """A workload, or the Service or ServiceEntry of an app, that selects pods of another workload, Job, CronJob or Pod.

    Only pods of its own namespace count. A Service or a ServiceEntry that is meant for the pods of several apps belongs
    under `resources` of the overlay, and is not judged. A Service that selects pods of a Job of its own app as well as
    those of the workload is a warning, unless it is headless, or the Rollout adds its own label to the selector.
    A Deployment and a Rollout with one name are allowed: that is how an app moves from one to the other (`migration`),
    and their ReplicaSets do not mix.

    Why: An autoscaler and a PodDisruptionBudget count the other pods too. The controller of a DaemonSet, a StatefulSet,
    a ReplicaSet or a ReplicationController takes over pods that have no owner, and may delete them. A Service sends its
    requests to pods of another app, or of a Job.
    Fix: give the pods of each workload a label value of their own, and use it in the selector of the workload and of
    its Service. The selector of a workload that runs cannot change. Where two apps ran like that before, name the one
    whose selector finds the other's pods under `overlappingSelectors` of the overlay.
    Source: Kubernetes documentation of Deployments (`do not overlap selectors`), Argo Rollouts' migration guide.
    """
    for one in scene.index.workloads if len(scene.index.pods) > 1 else ():
        selector = one.manifest.data["spec"].get("selector") or {}
        for other in pods_near(scene.index.pods, selector, one.namespace):
            if one is other or one.namespace != other.namespace or _migrates(one, other):
                continue
            if selects(selector, other.labels):
                message = (
                    f"this selector also finds the pods of {other.kind} {other.manifest.name}: give each its own labels"
                )
                yield Finding("workloads-overlap", message, "/spec/selector", one.manifest)
    yield from _jobs_behind_services(scene)


def _jobs_behind_services(scene: Scene) -> Iterator[Finding]:
    """A Service that would send requests of a workload to pods that end by themselves."""
    ending = Pods(pod for pod in scene.index.pods if pod.kind in _ENDING)
    services = scene.of("Service") if ending and scene.index.workloads else ()
    rollouts = scene.of("Rollout") if services else ()
    controlled = {(each.namespace, name) for each in rollouts for _, name in driven_services(each)}
    for service in services:
        spec = service.data.get("spec") or {}
        selector = {"matchLabels": spec.get("selector") or {}}
        if spec.get("clusterIP") == "None" or (service.namespace, service.name) in controlled:
            continue
        behind = [pod for pod in scene.index.pods.labelled(selector["matchLabels"]) if _behind(service, selector, pod)]
        workloads = [pod for pod in behind if pod.kind in SELECTING]
        if any(_finds(workload, ending) for workload in workloads):
            continue  # the workload's own selector finds them: an error above
        pod = next((pod for pod in behind if workloads and pod.kind in _ENDING), None)
        if pod:
            message = (
                f"the Service also sends requests to the pods of {pod.kind} {pod.manifest.name}, "
                "which end by themselves: give these pods other labels"
            )
            yield Finding("workloads-overlap", message, "/spec/selector", service, "warning")


def _behind(service: Manifest, selector: Object, pod: Pod) -> bool:
    return pod.namespace == service.namespace and selects(selector, pod.labels)


def _finds(workload: Pod, pods: Pods) -> bool:
    """Whether the workload's own selector finds one of these pods."""
    selector = workload.manifest.data["spec"].get("selector") or {}
    near = pods.labelled(selector.get("matchLabels") or {})
    return any(selects(selector, pod.labels) for pod in near)


def _migrates(one: Pod, other: Pod) -> bool:
    return {one.kind, other.kind} == {"Deployment", "Rollout"} and one.manifest.name == other.manifest.name


def progress_deadline(scene: Scene) -> Iterator[Finding]:
    """A `progressDeadlineSeconds` that no pod can meet.

    The default of `progressDeadlineSeconds` is 600.

    Why: A pod counts as available only after it is Ready for `minReadySeconds`. A deadline that is not greater is
    refused by the API server (Deployment) or makes the Rollout InvalidSpec. A deadline that is shorter than the probes
    allow a pod to start marks a slow but good version as failed; with `progressDeadlineAbort` the controller aborts it
    (an error, otherwise a note).
    Fix: raise `progressDeadlineSeconds` above the time a pod may need to start, or lower the delays and thresholds of
    the startup and readiness probes.
    Source: API server (Deployment), Argo Rollouts (`must be greater than minReadySeconds`, `progressDeadlineAbort`),
    kubelet (probes).
    """
    for pod in scene.index.workloads:
        spec = pod.manifest.data["spec"]
        ready = spec.get("minReadySeconds") or 0
        if pod.kind not in WORKLOADS:
            continue
        deadline = spec.get("progressDeadlineSeconds", DEADLINE)
        if deadline <= ready:
            field = "progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else "minReadySeconds"
            message = f"progressDeadlineSeconds ({deadline}) must be greater than minReadySeconds ({ready})"
            yield Finding("progress-deadline", message, f"/spec/{field}", pod.manifest)
        else:
            yield from _slow_start(pod, deadline)


def _slow_start(pod: Pod, deadline: int) -> Iterator[Finding]:
    """A deadline that is shorter than the probes allow a pod to need until it counts as available."""
    spec = pod.manifest.data["spec"]
    before = {pointer: _startup(each) for pointer, each in pod.inits if each.get("restartPolicy") == "Always"}
    beside = {pointer: _start(container) for pointer, container in pod.containers}
    times = {**before, **beside}  # sidecars start one after the other, and then the containers all together
    longest = max(times, key=times.__getitem__, default="")
    seconds = sum(before.values()) + max(beside.values(), default=0) + (spec.get("minReadySeconds") or 0)
    if seconds <= deadline:
        return
    aborts = pod.kind == "Rollout" and bool(spec.get("progressDeadlineAbort"))
    what = "is aborted" if aborts else "counts as failed (Degraded) meanwhile"
    message = f"a pod may take {seconds} s to become available; after {deadline} s without progress a release {what}"
    pointer = "/spec/progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else f"{longest}/startupProbe"
    yield Finding("progress-deadline", message, pointer, pod.manifest, "error" if aborts else "note")


def _start(container: Object) -> int:
    """The seconds that a container may take to be Ready, as far as its probes limit or delay that."""
    delay: int = (container.get("readinessProbe") or {}).get("initialDelaySeconds", 0)
    return max(_startup(container), delay)


def _startup(container: Object) -> int:
    """The seconds that its startup probe allows it."""
    probe = container.get("startupProbe")
    if not probe:
        return 0
    allowed: int = probe.get("failureThreshold", 3) * probe.get("periodSeconds", 10)
    allowed += probe.get("initialDelaySeconds", 0)
    return allowed


def surge_and_unavailable(scene: Scene) -> Iterator[Finding]:
    """`maxSurge` and `maxUnavailable` that are both zero, `maxUnavailable` above 100%, or a number too large to read;
    of a DaemonSet also both above zero.

    Why: With both at zero no pod can be replaced: none may be added and none removed. The API server refuses a
    Deployment; a Rollout becomes InvalidSpec. A node runs its new pod of a DaemonSet before the old one ends
    (`maxSurge`) or after it (`maxUnavailable`), and the API server refuses both at once.
    Fix: set one of them to at least 1. Each is 25% if it is not given. For a DaemonSet with `maxSurge`, write
    `maxUnavailable: 0`, because it is 1 if it is not given.
    Source: API server (`may not be 0 when maxSurge is 0`, `may not be set when maxUnavailable is non-zero`), Argo
    Rollouts (`MaxSurge and MaxUnavailable both can not be zero`).
    """
    yield from _of_daemon_sets(scene)
    for pod in scene.index.workloads:
        pointer, speed = _speed(pod)
        for field in ("maxSurge", "maxUnavailable"):
            if is_too_large(speed.get(field)):
                message = f"{field} is larger than Kubernetes can read: write a count such as 1, or a share such as 25%"
                yield Finding("surge-and-unavailable", message, f"{pointer}/{field}", pod.manifest)
        if "maxUnavailable" not in speed:
            continue
        unavailable = speed["maxUnavailable"]
        if amount(unavailable) == 0 and amount(speed.get("maxSurge", "25%")) == 0:
            message = "maxSurge and maxUnavailable are both 0: no pod could be replaced; set one of them to 1"
            yield Finding("surge-and-unavailable", message, pointer + "/maxUnavailable", pod.manifest)
        elif isinstance(unavailable, str) and (amount(unavailable) or 0) > 100:
            message = f"maxUnavailable is {unavailable}: at most 100%"
            yield Finding("surge-and-unavailable", message, pointer + "/maxUnavailable", pod.manifest)


def _of_daemon_sets(scene: Scene) -> Iterator[Finding]:
    for manifest in scene.of("DaemonSet"):
        strategy = mapping(mapping(manifest.data.get("spec")).get("updateStrategy"))
        speed = mapping(strategy.get("rollingUpdate"))
        if not speed or strategy.get("type", "RollingUpdate") != "RollingUpdate":
            continue
        surge, unavailable = amount(speed.get("maxSurge", 0)), amount(speed.get("maxUnavailable", 1))
        if surge and unavailable:
            message = "a DaemonSet has maxSurge or maxUnavailable, which is 1 if it is not given: add maxUnavailable: 0"
        elif surge == 0 and unavailable == 0:
            message = "maxSurge and maxUnavailable are both 0: no pod could be replaced; set one of them to 1"
        else:
            continue
        yield Finding("surge-and-unavailable", message, "/spec/updateStrategy/rollingUpdate", manifest)


def _speed(pod: Pod) -> tuple[str, Object]:
    strategy = pod.manifest.data["spec"].get("strategy") or {}
    if pod.kind == "Rollout":
        return "/spec/strategy/canary", strategy.get("canary") or {}
    if pod.kind == "Deployment":
        return "/spec/strategy/rollingUpdate", strategy.get("rollingUpdate") or {}
    return "", {}


def deployment_strategy(scene: Scene) -> Iterator[Finding]:
    """A Deployment of type Recreate that also has `rollingUpdate`.

    Why: The API server refuses it.
    Fix: remove `rollingUpdate`, or the type. A strategic merge patch that changes only the type keeps `rollingUpdate`.
    Source: API server (`may not be specified when strategy type is 'Recreate'`).
    """
    for manifest in scene.of("Deployment"):
        strategy = manifest.data["spec"].get("strategy")
        if strategy and strategy.get("type") == "Recreate" and strategy.get("rollingUpdate"):
            message = "type Recreate takes no rollingUpdate"
            yield Finding("deployment-strategy", message, "/spec/strategy/rollingUpdate", manifest)


def same_namespace(scene: Scene) -> Iterator[Finding]:
    """A Service, PodDisruptionBudget or autoscaler for a workload of another namespace.

    Why: Each of them sees only its own namespace, so it finds nothing.
    Fix: put it into the namespace of the workload. A patch that moves one must move the others too.
    Source: Kubernetes (selectors and `scaleTargetRef` do not reach into other namespaces).
    """
    homes = {pod.namespace for pod in scene.index.workloads}
    if not homes:
        return
    for kind in ("Service", "PodDisruptionBudget", *SCALERS):
        for manifest in scene.of(kind):
            own = manifest.namespace
            if own in homes or (kind == "ScaledObject" and not own):  # Argo CD gives it the namespace of the app
                continue
            for pod in scene.index.workloads:
                if _meant_for(manifest, pod):
                    here, there = own or "default", pod.namespace or "default"
                    message = (
                        f"it is in namespace {here}, {pod.kind} {pod.manifest.name} in {there}: move one of the two"
                    )
                    yield Finding("same-namespace", message, "/metadata/namespace", manifest)
                    break


def _meant_for(manifest: Manifest, pod: Pod) -> bool:
    if manifest.kind in SCALERS:
        found = scaler_of(manifest.data)
        return (found.kind, found.name) == (pod.kind, pod.manifest.name)
    selector = (manifest.data.get("spec") or {}).get("selector") or {}
    return selects({"matchLabels": selector} if manifest.kind == "Service" else selector, pod.labels)


def restart_policy(scene: Scene) -> Iterator[Finding]:
    """A restart policy that the kind does not take, or a field that only a single Pod has.

    Why: The API server refuses the pod template. Pods of a Deployment or Rollout always restart; those of a Job never
    do, or only on failure.
    Fix: leave `restartPolicy` out (Job: `Never` or `OnFailure`), and remove `activeDeadlineSeconds` and
    `ephemeralContainers` from the pod template.
    Source: API server (`Unsupported value: supported values: "Always"`), Argo Rollouts (the same code).
    """
    for pod in scene.index.pods:
        spec = pod.spec
        kind = pod.kind
        if kind == "Pod":
            continue
        policy = spec.get("restartPolicy", "Always")
        if kind in JOBS:
            if policy == "Always":
                yield _policy(pod, "restartPolicy", f"pods of a {kind} need restartPolicy Never or OnFailure")
            continue
        if policy != "Always":
            yield _policy(pod, "restartPolicy", f"pods of a {kind} need restartPolicy Always, not {policy}")
        for key in ("activeDeadlineSeconds", "ephemeralContainers"):
            if key in spec:
                yield _policy(pod, key, f"pods of a {kind} take no {key}")


def _policy(pod: Pod, key: str, message: str) -> Finding:
    return Finding("restart-policy", message, f"{pod.pointer}/spec/{key}" if pod.spec else pod.pointer, pod.manifest)
