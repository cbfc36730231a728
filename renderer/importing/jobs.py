"""The Jobs and CronJobs of an app -> `jobs` of its spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.facts import copied, inherited_by_jobs
from renderer.hooks import DELETE, HOOK, JOB, delete_policies, job_of_spec, one_hook
from renderer.importing.defaults import without_defaults
from renderer.importing.rollout import NotLifted
from renderer.importing.source import SourceObject
from renderer.lazy import regex
from renderer.render.jobs import POD_DEFAULTS
from renderer.render.objects import wave
from renderer.spec import merge, version_label

_NUMBER = regex(r"0|-?[1-9][0-9]{0,14}")
_KEY = regex(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")
_LONGEST = 30  # characters of a job's name in a spec


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


def job_name(each: SourceObject, app: str) -> str:
    """The name of a job in the spec of an app."""
    known = job_of_spec(each.data)
    if known is not None:
        return known
    name = each.name.removeprefix(f"{app}-")
    name = name if len(name) <= _LONGEST else name[:_LONGEST].rstrip("-")
    return name if _KEY.fullmatch(name) else each.kind.lower()


def job_fields(each: SourceObject, name: str, owner: str, app: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of a job of this name, without what it inherits from the spec `app` of its owner.

    They are a guess: the caller renders them and compares. None if it cannot be a job of a spec.
    """
    try:
        return _fields(each, name, owner, app)
    except NotLifted:
        return None


def _fields(each: SourceObject, name: str, owner: str, app: Mapping[str, Any]) -> dict[str, Any]:
    data = without_defaults(each.data, each.kind)
    spec: dict[str, Any] = data.get("spec") or {}
    job = spec if each.kind == "Job" else (spec.get("jobTemplate") or {}).get("spec") or {}
    template: dict[str, Any] = job.get("template") or {}
    pod: dict[str, Any] = template.get("spec") or {}
    containers = [*(pod.get("containers") or [{}])]
    fields = _when(each, spec)
    fields |= _given(job, [key for key in copied("AppJob", "job") if key not in fields])
    metadata = _metadata(template.get("metadata") or {}, _own_labels(each, name, owner, app))
    if fields.keys() & {"schedule", "hook"} and each.name != f"{owner}-{name}":
        fields["name"] = each.name
    if job_of_spec(each.data) is None:
        fields["standardLabels"] = []
    own = _metadata((spec.get("jobTemplate") or {}).get("metadata") or {}, {JOB: name})
    own.pop("standardLabels", None)  # as on the CronJob itself
    fields |= {"jobMetadata": own} if own else {}
    if containers[0].get("name", name) != name:
        fields["containerName"] = containers[0]["name"]
    if not _inherits(pod, containers[0], owner, app):
        fields["inherits"], app = False, {}
    fields |= {**_container(containers[0], app), **_emptied(each)}
    own = {key: value for key, value in pod.items() if key != "containers" and not _is_inherited(key, value, app)}
    for part, listed in (("initContainers", own.get("initContainers")), ("containers", containers[1:])):
        if listed:
            own[part] = [_without_image(container, containers[0].get("image")) for container in listed]
    fields |= {"pod": own} if own else {}
    return {**fields, **({"podMetadata": metadata} if metadata else {})}


def _own_labels(each: SourceObject, name: str, owner: str, app: Mapping[str, Any]) -> dict[str, str | None]:
    """The labels that rollspec gives to the pods of a job; None for a value that any version may have."""
    known = job_of_spec(each.data) is not None
    version = None if known else str(app.get("version") or version_label(str(app["tag"])))
    return {"app.kubernetes.io/part-of": owner, "version": version, JOB: name}


def _inherits(pod: Mapping[str, Any], container: Mapping[str, Any], owner: str, app: Mapping[str, Any]) -> bool:
    """Whether it has all that a job gets from the app."""
    given = app.get("pod") or {}
    if any(key in app and key not in container for key in inherited_by_jobs() if key != "env"):
        return False
    if any(key in given and key not in pod for key in POD_DEFAULTS):
        return False
    if "serviceAccount" in app and pod.get("serviceAccountName") != owner:
        return False
    env = env_of(container.get("env") or ())
    return [*merge(app.get("env") or {}, env)] == [*env]


def _when(each: SourceObject, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say when it runs, and the annotations that are left; those of Helm stay."""
    annotations = dict(each.data["metadata"].get("annotations") or {})
    found: dict[str, Any] = {}
    hook = one_hook(each.data)
    if each.kind == "CronJob":
        found = _given(spec, ["schedule", *copied("AppJob", "cronJob")])
    elif hook:
        found["hook"] = hook
        annotations = {key: value for key, value in annotations.items() if key not in (HOOK, DELETE)}
        policies = delete_policies(each.data)
        if policies not in ([], ["BeforeHookCreation"]):
            annotations[DELETE] = ",".join(policies)
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


def _emptied(each: SourceObject) -> dict[str, Any]:
    """Lists that the source writes without an item: a Job has the hash of what is written in its name."""
    spec: Any = each.data.get("spec") or {}
    job = spec if each.kind == "Job" else (spec.get("jobTemplate") or {}).get("spec") or {}
    containers = ((job.get("template") or {}).get("spec") or {}).get("containers") or [{}]
    return {key: [] for key in inherited_by_jobs() if containers[0].get(key) == []}


def _is_inherited(key: str, value: Any, app: Mapping[str, Any]) -> bool:
    if key == "restartPolicy" and value == "Never":
        return True
    if key == "serviceAccountName" and "serviceAccount" in app:
        return True
    return key in POD_DEFAULTS and (app.get("pod") or {}).get(key) == value


def _without_image(container: Mapping[str, Any], image: Any) -> dict[str, Any]:
    return {key: value for key, value in container.items() if key != "image" or value != image}


def _metadata(metadata: Mapping[str, Any], ours: Mapping[str, str | None]) -> dict[str, Any]:
    given = metadata.get("labels") or {}
    standard = [key for key, value in ours.items() if key in given and value in (None, given[key])]
    found: dict[str, Any] = {"labels": {key: value for key, value in given.items() if key not in standard}}
    found |= {"standardLabels": standard} if len(standard) < len(ours) else {}
    found |= {"annotations": metadata.get("annotations")}
    return {key: value for key, value in found.items() if value or key == "standardLabels"}


def _given(data: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: data[key] for key in keys if key in data}
