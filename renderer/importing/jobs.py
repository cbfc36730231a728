"""The Jobs and CronJobs of an app -> `jobs` of its spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.facts import copied, inherited_by_jobs
from renderer.hooks import DELETE, HOOK, JOB, SYNCED, job_of_spec
from renderer.importing.defaults import without_defaults
from renderer.importing.rollout import NotLifted
from renderer.importing.source import SourceObject
from renderer.lazy import regex
from renderer.render.jobs import POD_DEFAULTS
from renderer.render.objects import wave

_NUMBER = regex(r"0|-?[1-9][0-9]{0,14}")
_LABELS = ("app.kubernetes.io/part-of", "version", JOB)  # of the pods of every job


def env_of(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`env` of a spec, from a container's list. Raises NotLifted for a name that comes twice."""
    found: dict[str, Any] = {}
    for item in items:
        name = str(item.get("name"))
        if name in found:
            raise NotLifted(f"the environment variable {name} is given twice")
        found[name] = item["valueFrom"] if "valueFrom" in item else _short(str(item.get("value", "")))
    return found


def _short(text: str) -> Any:
    """A text as a person would write it: a number or a boolean without quotes."""
    if _NUMBER.fullmatch(text):
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def job_fields(each: SourceObject, app: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the fields of a job, without what it inherits from the app's spec.

    They are a guess: the caller renders them and compares.
    """
    data = without_defaults(each.data, each.kind)
    spec: dict[str, Any] = data.get("spec") or {}
    job = spec if each.kind == "Job" else (spec.get("jobTemplate") or {}).get("spec") or {}
    fields = _when(spec, dict(data["metadata"].get("annotations") or {}), each.kind)
    fields |= _given(job, [key for key in copied("AppJob", "job") if key not in fields])
    template: dict[str, Any] = job.get("template") or {}
    pod: dict[str, Any] = template.get("spec") or {}
    containers = [*(pod.get("containers") or [{}])]
    fields |= _container(containers[0], app)
    own = {key: value for key, value in pod.items() if key != "containers" and not _is_inherited(key, value, app)}
    others = [_without_image(container, containers[0].get("image")) for container in containers[1:]]
    own |= {"containers": others} if others else {}
    fields |= {"pod": own} if own else {}
    metadata = _metadata(template.get("metadata") or {})
    fields |= {"podMetadata": metadata} if metadata else {}
    return str(job_of_spec(each.data)), fields


def _when(spec: Mapping[str, Any], annotations: dict[str, Any], kind: str) -> dict[str, Any]:
    """The fields that say when it runs, and the annotations that are left."""
    found: dict[str, Any] = {}
    if kind == "CronJob":
        found = _given(spec, ["schedule", *copied("AppJob", "cronJob")])
    elif annotations.get(HOOK) in SYNCED:
        found["hook"] = annotations.pop(HOOK)
        if annotations.get(DELETE) == "BeforeHookCreation":
            del annotations[DELETE]
    else:
        annotations = {key: value for key, value in annotations.items() if (key, value) not in wave(-1).items()}
    return {**found, **({"annotations": annotations} if annotations else {})}


def _container(container: Mapping[str, Any], app: Mapping[str, Any]) -> dict[str, Any]:
    found = _given(container, [key for key in copied("AppJob", "container") if key != "env"])
    found = {key: value for key, value in found.items() if key not in inherited_by_jobs() or value != app.get(key)}
    inherited = app.get("env") or {}
    env = {
        key: value
        for key, value in env_of(container.get("env") or ()).items()
        if key not in inherited or inherited[key] != value
    }
    return {**found, **({"env": env} if env else {})}


def _is_inherited(key: str, value: Any, app: Mapping[str, Any]) -> bool:
    if key == "restartPolicy" and value == "Never":
        return True
    if key == "serviceAccountName" and "serviceAccount" in app:
        return True
    return key in POD_DEFAULTS and (app.get("pod") or {}).get(key) == value


def _without_image(container: Mapping[str, Any], image: Any) -> dict[str, Any]:
    return {key: value for key, value in container.items() if key != "image" or value != image}


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in _LABELS}
    annotations = metadata.get("annotations")
    return {**({"labels": labels} if labels else {}), **({"annotations": annotations} if annotations else {})}


def _given(data: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: data[key] for key in keys if key in data}
