"""The other objects of a workload -> `autoscaling`, `serviceAccount`, `disruptionBudget` and `jobs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.importing.defaults import without_defaults
from renderer.importing.jobs import job_fields, job_name
from renderer.importing.lifted import JOBS_FIELD, Lifted
from renderer.importing.source import SourceObject
from renderer.importing.workload import Workload
from renderer.render.objects import wave
from renderer.rules.autoscaling import DEFAULT_METRICS, utilized, without_request

_FIRST = wave(-2).items()


def scaling(workload: Workload, app: Lifted) -> Lifted:
    """`autoscaling`, or who else sets the number of pods."""
    scalers = workload.scalers
    if not scalers:
        return app
    own, notes = scalers[0], [*_unknown_utilization(workload, scalers)]
    if "replicas" in workload.spec and not workload.group.workload.status:
        notes = ["`replicas` is left out, because its autoscaler sets the number of pods: see docs/import.md", *notes]
    if len(scalers) > 1 or own.kind != "HorizontalPodAutoscaler":
        return app.plus({"replicas": "external"}, notes=notes)
    data = without_defaults(own.data, own.kind)["spec"]
    found = _named(workload, own)
    found |= {key: data[key] for key in ("minReplicas", "maxReplicas") if key in data}
    metrics = [*data.get("metrics", ())]
    for name in ("cpu", "memory"):
        if metrics and _percent(metrics[0], name) is not None:
            found[name] = _percent(metrics.pop(0), name)
    found |= {"metrics": metrics} if metrics else {}
    found |= {"behavior": data["behavior"]} if "behavior" in data else {}
    return app.without("replicas").plus({"autoscaling": found}, [(own, "`autoscaling`")], notes)


def _unknown_utilization(workload: Workload, scalers: Sequence[SourceObject]) -> Iterator[str]:
    """A sentence for each container that keeps an autoscaler from scaling, as it does in the cluster now."""
    for each in scalers:
        data = without_defaults(each.data, each.kind)["spec"]
        is_own = each.kind == "HorizontalPodAutoscaler"
        for block in map(utilized, data.get("metrics", DEFAULT_METRICS) if is_own else ()):
            for container in without_request(workload.pod, block, []) if block else ():
                yield (
                    f"the container {container} has no request of {block['name']}, so the {each} does not scale "
                    "by its utilization now, unless a LimitRange of the cluster adds one"
                )


def _percent(metric: Mapping[str, Any], name: str) -> int | None:
    target = {"type": "Utilization"}
    resource = metric.get("resource") or {}
    given = resource.get("target") or {}
    if metric.get("type") != "Resource" or resource.get("name") != name or metric.keys() != {"type", "resource"}:
        return None
    percent = given.get("averageUtilization")
    return percent if given == {**target, "averageUtilization": percent} and isinstance(percent, int) else None


def _named(workload: Workload, each: SourceObject) -> dict[str, Any]:
    """The name of an object if it is not the app's, and the annotations that it has."""
    name = {} if each.name == workload.name else {"name": each.name}
    annotations = each.data["metadata"].get("annotations")
    return {**name, **({"annotations": dict(annotations)} if annotations else {})}


def service_account(workload: Workload, app: Lifted) -> Lifted:
    """`serviceAccount`, for one of the app's name that has no more than the field can say."""
    for each in workload.group.of("ServiceAccount"):
        more = each.data.keys() - {"apiVersion", "kind", "metadata", "automountServiceAccountToken"}
        if each.name == workload.name and not more:
            annotations = dict(each.data["metadata"].get("annotations") or {})
            if workload.group.of("Job"):  # rollspec adds its wave, because it comes before theirs
                annotations = {key: value for key, value in annotations.items() if (key, value) not in _FIRST}
            found: dict[str, Any] = {"annotations": annotations} if annotations else {}
            if "automountServiceAccountToken" in each.data:
                found["automountServiceAccountToken"] = each.data["automountServiceAccountToken"]
            return _without_its_name(app).plus({"serviceAccount": found}, [(each, "`serviceAccount`")])
    return app


def _without_its_name(app: Lifted) -> Lifted:
    """The app whose pods do not name their ServiceAccount: `serviceAccount` does so."""
    pod = {key: value for key, value in app.spec["pod"].items() if key != "serviceAccountName"}
    return app.plus({"pod": pod}) if pod else app.without("pod")


def disruption_budget(workload: Workload, app: Lifted) -> Lifted:
    """`disruptionBudget`, for one that selects as the workload does."""
    for each in workload.group.of("PodDisruptionBudget"):
        spec = each.spec
        if spec.get("selector") == {"matchLabels": workload.selector}:
            found = {**_named(workload, each), **{key: spec[key] for key in spec if key != "selector"}}
            return app.plus({"disruptionBudget": found}, [(each, "`disruptionBudget`")])
    return app


def jobs(workload: Workload, app: Lifted) -> Lifted:
    """`jobs`, for the CronJobs, hooks and Jobs of the app."""
    found: dict[str, Any] = {}
    fields = []
    for each in (*workload.group.of("CronJob"), *workload.group.of("Job")):
        name = job_name(each, workload.name)
        job = None if name in found else job_fields(each, name, workload.name, app.spec)
        if job is not None:
            found[name] = job
            fields.append((each, JOBS_FIELD))
    return app.plus({"jobs": found}, fields) if found else app
