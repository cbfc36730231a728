"""Rules over HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.claims import takes_over
from renderer.rules.finding import Finding, Scene
from renderer.rules.fleet import clashes_within
from renderer.rules.index import ByKind, Pod, grouped
from renderer.rules.limit_ranges import has_external, limits_of, value_of
from renderer.rules.quantity import quantity
from renderer.scaler import SCALERS, SCHEMALESS, scaler_of

# The block that each type of metric needs, and the targets that each takes.
_BLOCK = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_TARGETS = {
    "Resource": ("averageUtilization", "averageValue"),
    "ContainerResource": ("averageUtilization", "averageValue"),
    "Pods": ("averageValue",),
    "Object": ("value", "averageValue"),
    "External": ("value", "averageValue"),
}
_TARGET_TYPE = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}
# What Kubernetes puts in where no metric is given.
DEFAULT_METRICS = [
    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
]
VERTICAL = "VerticalPodAutoscaler"
KEDA_RESOURCES = ("cpu", "memory")
_INJECTED = ("istio-proxy", "linkerd-proxy")  # containers that the webhook of a mesh adds to the pods
_OF_MESH = ("sidecar.istio.io/", "istio.io/", "linkerd.io/", "config.linkerd.io/")
_BY_DEFAULT = ", the default metric, "
WINDOW, PERIOD = 3600, 1800  # seconds


def hpa_bounds(scene: Scene) -> Iterator[Finding]:
    """An autoscaler whose `minReplicas` is below 1 or above `maxReplicas`.

    `minReplicas` is 1 if it is not given. 0 needs the feature gate HPAScaleToZero and an object or external metric.

    Why: The API server refuses it.
    Fix: make `maxReplicas` at least `minReplicas`. If an overlay changes one of them, check the other.
    Source: API server (`must be greater than or equal to minReplicas`).
    """
    for hpa in autoscalers(scene):
        found = scaler_of(hpa.data)
        low, high, spec = found.least, found.most, hpa.data.get("spec") or {}
        if low < (1 if hpa.kind == "HorizontalPodAutoscaler" else 0):
            message = f"{found.least_field} must be at least 1, it is {low}"
            yield Finding("hpa-bounds", message, f"/spec/{found.least_field}", hpa)
        if high < max(low, 1):
            field = found.most_field if found.most_field in spec or found.least_field not in spec else found.least_field
            message = f"{found.most_field} ({high}) must be at least {found.least_field} ({low})"
            yield Finding("hpa-bounds", message, f"/spec/{field}", hpa)


def hpa_target(scene: Scene) -> Iterator[Finding]:
    """An autoscaler whose target is not rendered with it, or has another API version.

    A KEDA ScaledObject is an autoscaler too; one that names no `kind` means a Deployment. The rule looks only where the
    render has a workload of that namespace. An autoscaler among the environment's `resources` is reported at the
    workload that has the name of its target, and another kind.

    Why: It scales nothing: it reports `FailedGetScale`, and the workload keeps its count. The API server refuses a
    HorizontalPodAutoscaler whose target has no `apiVersion`.
    Fix: name the workload that the strategy renders: a Rollout (`argoproj.io/v1alpha1`) or a Deployment (`apps/v1`).
    Source: kube-score `horizontalpodautoscaler-has-target`, kube-linter `dangling-hpa`, KEDA (`scaleTargetRef.kind` is
    Deployment if it is not given).
    """
    for hpa in autoscalers(scene):
        found, namespace = scaler_of(hpa.data), hpa.namespace
        target = scene.find(found.kind, namespace, found.name)
        if target is None:
            if f"{found.kind}/{found.name}" not in scene.external and (near := _near(scene, namespace)):
                message = (
                    f"there is no {found.kind} {found.name}: the workload here is {near.kind} {near.manifest.name}"
                )
                if "kind" not in ((hpa.data.get("spec") or {}).get("scaleTargetRef") or {}):
                    message += f"; write apiVersion: {near.manifest.api_version} and kind: {near.kind}"
                yield Finding("hpa-target", message, "/spec/scaleTargetRef", hpa)
        elif hpa.kind == "HorizontalPodAutoscaler" and not found.api_version:
            message = f"scaleTargetRef needs apiVersion: write apiVersion: {target.api_version}"
            yield Finding("hpa-target", message, "/spec/scaleTargetRef", hpa)
        elif found.api_version != target.api_version and (found.api_version or found.kind != "Deployment"):
            message = f"apiVersion of a {found.kind} is {target.api_version}, not {found.api_version or 'apps/v1'}"
            yield Finding("hpa-target", message, "/spec/scaleTargetRef/apiVersion", hpa)
    yield from _missed(scene)


def _missed(scene: Scene) -> Iterator[Finding]:
    """The workloads whose name an autoscaler of the environment's resources has, with another kind."""
    for pod in scene.index.workloads:
        for hpa in scalers_of_resources(scene, pod):
            found, namespace = scaler_of(hpa.data), hpa.namespace
            if not scene.known(found.kind, namespace, found.name):
                message = (
                    f"{hpa.kind} {hpa.name} of the environment scales the {found.kind} {found.name}, and this is a "
                    f"{pod.kind}: write apiVersion: {pod.manifest.api_version} and kind: {pod.kind} there"
                )
                yield Finding("hpa-target", message, "/metadata/name", pod.manifest)


def vpa_target(scene: Scene) -> Iterator[Finding]:
    """A VerticalPodAutoscaler whose target has the name of a workload here, and another kind.

    One among the environment's `resources` is reported at the workload.

    Why: It finds no pods, so it neither recommends nor sets requests. A switch of strategy makes a Rollout of a
    Deployment, and leaves such an object behind.
    Fix: name the workload that the strategy renders: a Rollout (`argoproj.io/v1alpha1`) or a Deployment (`apps/v1`).
    Source: Vertical Pod Autoscaler (`targetRef`).
    """
    of_resources = scene.resource_kinds.once(_vertical_by_target)
    for pod in scene.index.workloads:
        name = pod.manifest.name
        own = [vpa for vpa in scene.of(VERTICAL) if _vertical_target(vpa)[1] == name]
        for vpa in (*own, *of_resources.get(name, ())):
            kind, namespace = _vertical_target(vpa)[0], vpa.namespace
            if not kind or namespace not in ("", pod.namespace) or scene.known(kind, namespace, name):
                continue
            write = f"write apiVersion: {pod.manifest.api_version} and kind: {pod.kind}"
            if any(vpa is each for each in own):
                message = f"there is no {kind} {name}: the workload here is a {pod.kind}; {write}"
                yield Finding("vpa-target", message, "/spec/targetRef", vpa, "warning")
            else:
                message = (
                    f"{VERTICAL} {vpa.name} of the environment is for the {kind} {name}, and this is a {pod.kind}: "
                    f"{write} there"
                )
                yield Finding("vpa-target", message, "/metadata/name", pod.manifest, "warning")


def _vertical_target(vpa: Manifest) -> tuple[str, str]:
    """Kind and name of what a VerticalPodAutoscaler is for; no schema may have looked at it."""
    ref = mapping(mapping(vpa.data.get("spec")).get("targetRef"))
    return str(ref.get("kind") or ""), str(ref.get("name") or "")


def _vertical_by_target(kinds: ByKind) -> dict[str, list[Manifest]]:
    return grouped((_vertical_target(vpa)[1], vpa) for vpa in kinds.get(VERTICAL, ()))


def _near(scene: Scene, namespace: str) -> Pod | None:
    return next((pod for pod in scene.index.workloads if pod.namespace == namespace or not namespace), None)


def hpa_once(scene: Scene) -> Iterator[Finding]:
    """Two autoscalers for one workload.

    The rule also compares the apps of an environment with each other. A KEDA ScaledObject counts as an autoscaler.

    Why: Each changes the count that the other one has set, and Kubernetes' autoscaler may stop (`AmbiguousSelector`).
    Fix: put the metrics of both into one autoscaler; it uses the highest count that any of them asks for.
    Source: Kubernetes documentation of autoscaling; KEDA makes a HorizontalPodAutoscaler for each ScaledObject.
    """
    found = autoscalers(scene)
    if len(found) > 1:
        yield from clashes_within(scene, SCALERS, "hpa-once")
        yield from _next_to_keda(scene, found)


def _next_to_keda(scene: Scene, found: Sequence[Manifest]) -> Iterator[Finding]:
    """ScaledObjects without a namespace, which get that of the Application: their workload's other autoscaler."""
    for each in found:
        pod = None if each.namespace or takes_over(each) else target_of(scene, each)
        other = next((each for each in scalers_of(scene, pod) if each.namespace), None) if pod else None
        if pod and other:
            message = (
                f"{pod.kind} {pod.manifest.name} is scaled by {other.kind} {other.name} too ({other.file}): "
                "remove one of the two"
            )
            yield Finding("hpa-once", message, "/spec/scaleTargetRef", each)


def hpa_replicas(scene: Scene) -> Iterator[Finding]:
    """A workload with a fixed `replicas` that an autoscaler scales.

    Both are allowed while an autoscaler is being switched on: with fewer `replicas` than `minReplicas`, in a workload
    that Argo CD applies with ServerSideApply.

    Why: Every sync sets the count back to `replicas`, and the autoscaler changes it again: pods are stopped under load.
    Fix: leave `replicas` out of the workload (`autoscaling` in a spec does so), also in patches.
    Source: kube-score (critical), Argo CD best practices, Kubernetes documentation of autoscaling.
    """
    for hpa in autoscalers(scene):
        pod = target_of(scene, hpa)
        if pod is not None and "replicas" in pod.manifest.data["spec"] and not hands_over(pod.manifest, hpa):
            message = (
                f"{hpa.kind} {hpa.name} scales this: replicas must not be given here; "
                "remove it, or each sync sets the count back"
            )
            yield Finding("hpa-replicas", message, "/spec/replicas", pod.manifest)


def hands_over(workload: Manifest, hpa: Manifest) -> bool:
    """Whether the autoscaler is about to take the count over: it needs more pods than a server-side apply gives."""
    replicas = workload.data["spec"].get("replicas", 0)
    return "ServerSideApply=true" in workload.sync_options and replicas < scaler_of(hpa.data).least


def target_of(scene: Scene, hpa: Manifest) -> Pod | None:
    """The scene's own workload that an autoscaler scales."""
    found = scaler_of(hpa.data)
    return scene.workload(found.kind, hpa.namespace, found.name)


def scalers_of(scene: Scene, pod: Pod) -> list[Manifest]:
    """The scene's own autoscalers that scale a workload."""
    named = scene.index.kinds.once(_by_target).get(pod.manifest.name, ())
    return [each for each in named if target_of(scene, each) is pod]


def scalers_of_resources(scene: Scene, pod: Pod) -> Iterator[Manifest]:
    """The autoscalers among the environment's resources whose target has the name of a workload, whatever its kind."""
    for scaler in scene.resource_kinds.once(_by_target).get(pod.manifest.name, ()):
        if scaler.namespace in ("", pod.namespace):
            yield scaler


def _by_target(kinds: ByKind) -> dict[str, list[Manifest]]:
    scalers = (each for kind in SCALERS for each in kinds.get(kind, ()))
    return grouped((scaler_of(each.data).name, each) for each in scalers)


def autoscalers(scene: Scene) -> list[Manifest]:
    """The scene's own HorizontalPodAutoscalers and ScaledObjects."""
    return [manifest for kind in SCALERS for manifest in scene.of(kind)]


def hpa_metrics(scene: Scene) -> Iterator[Finding]:
    """A metric of an autoscaler whose fields do not fit its type.

    Why: The API server refuses the autoscaler.
    Fix: give exactly the block that the type names, with one target that the type allows and that is greater than 0.
    Source: API server (`must populate information for the given metric source`, `must set either a target raw value or
    ...`).
    """
    for hpa in scene.of("HorizontalPodAutoscaler"):
        for number, metric in enumerate((hpa.data.get("spec") or {}).get("metrics") or ()):
            for message in _metric_errors(metric):
                yield Finding("hpa-metrics", message, f"/spec/metrics/{number}", hpa)


def _metric_errors(metric: Object) -> Iterator[str]:
    kind = metric.get("type", "")
    block = _BLOCK.get(kind)
    if block is None:
        yield f"{kind!r} is not a metric type: {', '.join(_BLOCK)}"
        return
    if set(metric) != {"type", block}:
        yield f"a metric of type {kind} needs exactly the block {block}"
        return
    target = (metric[block] or {}).get("target") or {}
    given = [field for field in _TARGET_TYPE.values() if field in target]
    wanted = _TARGET_TYPE.get(target.get("type", ""))
    if wanted not in _TARGETS[kind] or given != [wanted]:
        yield f"a metric of type {kind} needs one target ({' or '.join(_TARGETS[kind])}) and the matching type"
    elif not (quantity(target[wanted]) or 0) > 0:
        yield f"{wanted} must be greater than 0"


def hpa_requests(scene: Scene) -> Iterator[Finding]:
    """An autoscaler that scales by the utilization of a resource that a container does not request.

    A limit counts as the request where no request is given, and so does the default of a LimitRange of this tree. An
    autoscaler without metrics scales by the utilization of cpu. Triggers `cpu` and `memory` of a KEDA ScaledObject with
    `metricType: Utilization` count, too. A container that the pod does not have is an error, unless a mesh adds it
    (`istio-proxy`, `linkerd-proxy`), or a label or an annotation of the pod asks another webhook for a sidecar.

    Why: Utilization is a percentage of the request. Without a request the autoscaler reports `missing request for cpu`
    and never scales. This is a warning, because a LimitRange or an admission webhook of the cluster may add requests.
    Fix: give every container of the pod a request (sidecars too), or use `averageValue`, or a ContainerResource metric
    for one container. Name a LimitRange of the cluster in the overlay: `external: [LimitRange/NAME]`.
    Source: Kubernetes, `GetResourceUtilizationRatio`, `calculatePodRequests` and `SetDefaults_HorizontalPodAutoscaler`.
    """
    for hpa in autoscalers(scene) if not has_external(scene) else ():
        pod = target_of(scene, hpa)
        for pointer, block, why in _utilizations(hpa) if pod else ():
            resource, only = block.get("name", ""), block.get("container")
            names = [each.get("name") for _, each in pod.every] if pod and hpa.kind != SCHEMALESS else [only]
            if pod and only is not None and only not in names and not may_be_added(pod, only):
                message = (
                    f"the pod has no container {only}, so its utilization of {resource} is unknown: correct the name"
                )
                yield Finding("hpa-requests", message, pointer, hpa)
            for container in without_request(pod.spec, block, limits_of(scene, pod.namespace)) if pod else ():
                message = (
                    f"the container {container} has no request of {resource}: its utilization{why}is unknown; "
                    "give it one (`resources.requests`), or use averageValue"
                )
                yield Finding("hpa-requests", message, pointer, hpa, "warning")


def may_be_added(pod: Pod, container: str) -> bool:
    """Whether a webhook may add the container: that of a mesh, or one which labels or annotations of the pods ask."""
    asked = (key for key in (*pod.labels, *pod.annotations) if not key.startswith(_OF_MESH))
    return container in _INJECTED or any("inject" in key or "sidecar" in key for key in asked)


def _utilizations(scaler: Manifest) -> Iterator[tuple[str, Object, str]]:
    """What an autoscaler measures as a utilization: a pointer, the resource and perhaps its container, and why."""
    spec = mapping(scaler.data.get("spec"))
    if scaler.kind == SCHEMALESS:
        for number, trigger in enumerate(mappings(spec.get("triggers"))):
            about = mapping(trigger.get("metadata"))
            if trigger.get("type") in KEDA_RESOURCES and trigger.get("metricType") == "Utilization":
                only = {"container": about["containerName"]} if isinstance(about.get("containerName"), str) else {}
                yield f"/spec/triggers/{number}", {"name": trigger["type"], **only}, " "
        return
    metrics = spec.get("metrics")
    for number, metric in enumerate(metrics or DEFAULT_METRICS):
        if block := utilized(metric):
            yield (f"/spec/metrics/{number}", block, " ") if metrics else ("/spec/metrics", block, _BY_DEFAULT)


def utilized(metric: Object) -> Object:
    """The part of a metric that names the resource, if it scales by the utilization of one; else nothing."""
    block: Object = metric.get("resource") or metric.get("containerResource") or {}
    return block if "averageUtilization" in (block.get("target") or {}) else {}


def without_request(spec: Object, block: Object, limits: list[Object]) -> Iterator[str]:
    """The containers of a pod whose utilization of a resource nobody knows; `limits` are items of LimitRanges."""
    resource, only = block.get("name", ""), block.get("container")
    if value_of(spec, "requests", resource, []) is not None:
        return
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in [*sidecars, *(spec.get("containers") or ())]:
        is_measured = only is None or container.get("name") == only
        if is_measured and value_of(container, "requests", resource, limits) is None:
            yield container.get("name", "")


def hpa_behavior(scene: Scene) -> Iterator[Finding]:
    """Scaling behavior with a number that the API server refuses.

    Why: The autoscaler is not applied.
    Fix: use 0 to 3600 for `stabilizationWindowSeconds`, 1 to 1800 for a policy's `periodSeconds`, at least 1 for its
    `value`, and at least one policy in `policies`.
    Source: API server (`validateBehavior`).
    """
    for hpa in scene.of("HorizontalPodAutoscaler"):
        behavior = (hpa.data.get("spec") or {}).get("behavior") or {}
        for side in ("scaleUp", "scaleDown"):
            for inner, message in _behavior_errors(behavior.get(side) or {}):
                yield Finding("hpa-behavior", message, f"/spec/behavior/{side}{inner}", hpa)


def _behavior_errors(rules: Object) -> Iterator[tuple[str, str]]:
    window = rules.get("stabilizationWindowSeconds", 0)
    if not 0 <= window <= WINDOW:
        yield "/stabilizationWindowSeconds", f"stabilizationWindowSeconds {window} is not between 0 and {WINDOW}"
    if "policies" in rules and not rules["policies"]:
        yield "/policies", "policies must have at least one policy"
    for number, policy in enumerate(rules.get("policies") or ()):
        if not 1 <= policy.get("periodSeconds", 0) <= PERIOD:
            yield f"/policies/{number}", f"periodSeconds {policy.get('periodSeconds', 0)} is not between 1 and {PERIOD}"
        if policy.get("value", 0) < 1:
            yield f"/policies/{number}", f"value must be at least 1, it is {policy.get('value', 0)}"
