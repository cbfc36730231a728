"""Rules over the ScaledObjects of KEDA, besides those that hold for every autoscaler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.manifest import Manifest, Object
from renderer.plain import escape, mapping, mappings, written
from renderer.rules.autoscaling import KEDA_RESOURCES, may_be_added, scalers_of_resources, target_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.queries import found_in_queries
from renderer.scaler import SCHEMALESS, scaler_of

_REFUSED = ("Deployment", "StatefulSet")  # KEDA's webhook looks up these targets, and no others
_OTHER_LANGUAGE = ("victoria", "vmselect", "vmsingle", "vmauth", "/select/")  # of addresses that answer MetricsQL


WITH_TRIGGERS = (SCHEMALESS, "ScaledJob")


class _Trigger(NamedTuple):
    """A trigger of a ScaledObject, with its pointer and its metadata."""

    pointer: str
    type: str
    about: Object


def _triggers(scaler: Manifest) -> list[_Trigger]:
    return [
        _Trigger(f"/spec/triggers/{number}", str(each.get("type") or ""), mapping(each.get("metadata")))
        for number, each in enumerate(mappings(mapping(scaler.data.get("spec")).get("triggers")))
    ]


def keda_zero(scene: Scene) -> Iterator[Finding]:
    """A ScaledObject with triggers for cpu and memory alone, and a `minReplicaCount` of 0.

    Why: Without a pod there is nothing to measure, so such an app never has 0 pods. KEDA's webhook refuses the object
    for a Deployment or a StatefulSet, also where `minReplicaCount` is not given, which means 0 (an error). For a
    Rollout, the least is 1 pod, whatever the object says (a warning).
    Fix: give `minReplicaCount: 1` or more, or add a trigger that is active without a pod, such as `prometheus`, `cron`
    or a queue.
    Source: KEDA (`scaledobject has only cpu/memory triggers AND minReplica is 0`).
    """
    for scaler in scene.of(SCHEMALESS):
        spec, triggers = spec_of(scaler), _triggers(scaler)
        if (
            not triggers
            or any(each.type not in KEDA_RESOURCES for each in triggers)
            or spec.get("minReplicaCount", 0) != 0
        ):
            continue
        kind = mapping(spec.get("scaleTargetRef")).get("kind") or "Deployment"
        is_refused = kind in _REFUSED
        if is_refused or "minReplicaCount" in spec:
            field = "/minReplicaCount" if "minReplicaCount" in spec else ""
            given = "minReplicaCount is 0" if field else "minReplicaCount is not given, which means 0"
            follows = "KEDA refuses this" if is_refused else "1 pod stays"
            types = " and ".join(dict.fromkeys(each.type for each in triggers))
            message = (
                f"{given}, and without a pod there is no {types} to measure: {follows}; write minReplicaCount: 1, or "
                "add a trigger that needs no pod"
            )
            yield Finding("keda-zero", message, f"/spec{field}", scaler, "error" if is_refused else "warning")


def keda_metadata(scene: Scene) -> Iterator[Finding]:
    """A trigger of a ScaledObject or a ScaledJob whose metadata has a value that is not text.

    Why: The API server refuses the object: it is not applied, and nothing scales the app.
    Fix: write quotes around numbers, `true` and `false`: `threshold: "100"`.
    Source: the CRD of KEDA (`spec.triggers[0].metadata.threshold in body must be of type string`).
    """
    for kind in WITH_TRIGGERS:
        for scaler in scene.of(kind):
            for trigger in _triggers(scaler):
                for key, value in trigger.about.items():
                    if isinstance(value, (bool, int, float)):
                        text = written(value)
                        message = f'the metadata of a trigger is text, and {text} is not: write {key}: "{text}"'
                        pointer = f"{trigger.pointer}/metadata/{escape(key)}"
                        yield Finding("keda-metadata", message, pointer, scaler)


def keda_idle(scene: Scene) -> Iterator[Finding]:
    """A ScaledObject whose `idleReplicaCount` is not below its `minReplicaCount`.

    Why: KEDA's webhook refuses the object. Without `minReplicaCount`, the count to stay below is 0, which none does.
    Fix: give a `minReplicaCount` above `idleReplicaCount`, or remove `idleReplicaCount`: 0 pods when nothing is to do
    are what `minReplicaCount: 0` means.
    Source: KEDA (`CheckReplicaCountBoundsAreValid`: `IdleReplicaCount=0 must be less than MinReplicaCount=0`).
    """
    for scaler in scene.of(SCHEMALESS):
        spec = spec_of(scaler)
        idle, least = spec.get("idleReplicaCount"), spec.get("minReplicaCount")
        if isinstance(idle, int) and (least is None or isinstance(least, int)):
            if idle < (0 if least is None else max(least, 1)):  # KEDA reads a given 0 as 1 here
                continue
            given = "minReplicaCount is not given" if least is None else f"minReplicaCount is {least}"
            message = (
                f"idleReplicaCount {idle} must be below minReplicaCount, and {given}: KEDA refuses this; write "
                f"minReplicaCount: {max(idle + 1, 1)}, or remove idleReplicaCount"
            )
            yield Finding("keda-idle", message, "/spec/idleReplicaCount", scaler)


def keda_containers(scene: Scene) -> Iterator[Finding]:
    """A ScaledObject that names a container that the pods of its target do not have.

    A ScaledObject among the environment's `resources` whose target is an app's workload counts, too.

    Why: KEDA reads the environment of `envSourceContainerName` before it makes any trigger: without that container,
    nothing scales. A trigger for cpu or memory with such a `containerName` has nothing to measure. Containers that a
    mesh adds (`istio-proxy`, `linkerd-proxy`) can be measured, and so may be what a label or an annotation of the pod
    asks another webhook for.
    Fix: write the name of a container of the pods. The container of an app has the name of the app.
    Source: KEDA (`couldn't find container with name`).
    """
    for scaler in (*scene.of(SCHEMALESS), *_of_resources(scene)):
        pod = target_of(scene, scaler)
        if pod is None:
            continue
        own = [str(each.get("name") or "") for _, each in pod.containers]
        everything = [str(each.get("name") or "") for _, each in pod.every]
        source = mapping(spec_of(scaler).get("scaleTargetRef")).get("envSourceContainerName")
        if source and source not in own:
            message = (
                f"{pod.kind} {pod.manifest.name} has no container {source}, so KEDA scales nothing: "
                f"its containers are {', '.join(own)}"
            )
            yield Finding("keda-containers", message, "/spec/scaleTargetRef/envSourceContainerName", scaler)
        for trigger in _triggers(scaler):
            only = trigger.about.get("containerName")
            is_measured = trigger.type in KEDA_RESOURCES and only and only not in everything
            if is_measured and not may_be_added(pod, str(only)):
                message = (
                    f"the pod has no container {only}, so its {trigger.type} is unknown: its containers are "
                    f"{', '.join(own)}"
                )
                yield Finding("keda-containers", message, f"{trigger.pointer}/metadata/containerName", scaler)


def _of_resources(scene: Scene) -> list[Manifest]:
    """The ScaledObjects among the environment's resources whose target is one of the scene's own workloads."""
    named = [(pod, each) for pod in scene.index.workloads for each in scalers_of_resources(scene, pod)]
    return [each for pod, each in named if each.kind == SCHEMALESS and scaler_of(each.data).kind == pod.kind]


def keda_queries(scene: Scene) -> Iterator[Finding]:
    """A `prometheus` trigger of a ScaledObject whose query does not parse, or answers with a range or a text.

    Addresses of VictoriaMetrics are not looked at: its language is another one.

    Why: KEDA gets an error instead of a number, and the count of pods stays, whatever the load is.
    Fix: correct the query. The extra `analysis` of rollspec brings the parser; without it, a note says that nothing was
    looked at.
    Source: Prometheus (`bad_data`), KEDA's scaler for Prometheus.
    """
    found = [
        (scaler, f"{trigger.pointer}/metadata/query", trigger.about["query"])
        for scaler in scene.of(SCHEMALESS)
        for trigger in _triggers(scaler)
        if trigger.type == "prometheus" and isinstance(trigger.about.get("query"), str) and not _is_other(trigger.about)
    ]
    yield from found_in_queries(found, "keda-queries")


def _is_other(about: Object) -> bool:
    address = str(about.get("serverAddress") or "").lower()
    return any(part in address for part in _OTHER_LANGUAGE)
