"""`jobs` of the spec: Jobs, CronJobs and hooks of Argo CD that run the app's image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from renderer.facts import copied, inherited_by_jobs
from renderer.hooks import DELETE, HOOK, JOB, hooks_of, job_of_spec
from renderer.manifest import Manifest
from renderer.render.objects import manifest, wave
from renderer.render.pods import env_list
from renderer.spec import App, Version, merge

# What a job inherits from the app unless it says otherwise: what it may read, its user, and its nodes. Not the volumes:
# a hook that runs before the sync would wait for a ConfigMap that the sync creates.
POD_DEFAULTS = (
    "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "imagePullSecrets",
    "nodeSelector", "os", "priorityClassName", "runtimeClassName", "securityContext", "serviceAccountName",
    "tolerations",
)  # fmt: skip


def jobs(app: App) -> list[Manifest]:
    """The objects of every job of the spec."""
    found = []
    for name, fields in app.spec.get("jobs", {}).items():
        if runs_once(fields):
            found += _once(app, name, fields)
        else:
            found.append(_cron_job(app, name, fields) if "schedule" in fields else _hook(app, name, fields))
    return found


def runs_once(fields: Mapping[str, Any]) -> bool:
    """Whether a job of the spec is a Job that runs once for each version: no hook, no CronJob."""
    return "schedule" not in fields and "hook" not in fields


def is_job_of_spec(job: Manifest) -> bool:
    """Whether it is a Job of `jobs` that runs once for each version."""
    return job.kind == "Job" and job_of_spec(job.data) is not None and not hooks_of(job.data)


def followed(app: App, fields: Mapping[str, Any]) -> Version:
    """The version whose image a job has."""
    follows = fields.get("follows", "stable" if "schedule" in fields else "newest")
    return app.stable if follows == "stable" else app.running


def _cron_job(app: App, name: str, fields: Mapping[str, Any]) -> Manifest:
    body = {"schedule": fields["schedule"], **_given(fields, copied("AppJob", "cronJob"))}
    job = {key: value for key, value in job_spec(app, name, fields, followed(app, fields)).items() if key != "suspend"}
    metadata = _metadata(_standard(fields, {JOB: name}), fields.get("jobMetadata", {}))
    body["jobTemplate"] = {**metadata, "spec": job}
    own = {"name": _name(app, name, fields), "labels": _labels(name, fields), "annotations": fields.get("annotations")}
    return manifest(app, f"cron-job-{name}.yaml", "batch/v1", "CronJob", {"spec": body}, own)


def _hook(app: App, name: str, fields: Mapping[str, Any]) -> Manifest:
    """Argo CD deletes the Job of the last sync first, so the name stays."""
    given = {HOOK: fields["hook"], DELETE: "BeforeHookCreation", **fields.get("annotations", {})}
    body = {"spec": job_spec(app, name, fields, followed(app, fields))}
    own = {"name": _name(app, name, fields), "labels": _labels(name, fields), "annotations": given}
    return manifest(app, f"job-{name}.yaml", "batch/v1", "Job", body, own)


def _once(app: App, name: str, fields: Mapping[str, Any]) -> list[Manifest]:
    """A Job for each version that may run now, in a wave before the workload.

    The template of a Job cannot change, so the name has a digest of it. While a canary is in flight, the stable
    version's Job stays: an abort finds it done, and runs nothing again.
    """
    found = {}
    for version in (app.stable, followed(app, fields)):
        spec = job_spec(app, name, fields, version)
        own = {
            "name": f"{app.name}-{name}-{_digest(spec['template'])}",
            "labels": _labels(name, fields),
            "annotations": {**wave(-1), **fields.get("annotations", {})},
        }
        found[own["name"]] = manifest(app, f"job-{own['name']}.yaml", "batch/v1", "Job", {"spec": spec}, own)
    return list(found.values())


def _name(app: App, name: str, fields: Mapping[str, Any]) -> str:
    return str(fields.get("name", f"{app.name}-{name}"))


def _labels(name: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """The labels that only this Job or CronJob has."""
    return {**_standard(fields, {JOB: name}), **fields.get("labels", {})}


def _standard(fields: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    """Those of our labels that the spec does not turn off."""
    wanted = fields.get("standardLabels", labels)
    return {key: value for key, value in labels.items() if key in wanted}


def _digest(template: Mapping[str, Any]) -> str:
    text = json.dumps(template, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def job_spec(app: App, name: str, fields: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """The spec of a Job with the image of a version."""
    return {**_given(fields, copied("AppJob", "job")), "template": _template(app, name, fields, version)}


def _template(app: App, name: str, fields: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """Without the labels that the app's Services select by: the pods of a job serve nothing."""
    given = fields.get("podMetadata", {})
    standard = {"app.kubernetes.io/part-of": app.name, "version": version.version, JOB: name}
    return {**_metadata(_standard(given, standard), given), "spec": _pod_spec(app, name, fields, version)}


def _metadata(standard: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The `metadata` of a template, if it has any."""
    labels = {**standard, **given.get("labels", {})}
    found: dict[str, Any] = {"labels": labels} if labels else {}
    if given.get("annotations"):
        found["annotations"] = given["annotations"]
    return {"metadata": found} if found else {}


def _pod_spec(app: App, name: str, fields: Mapping[str, Any], version: Version) -> dict[str, Any]:
    inherits = fields.get("inherits", True)
    pod = _given(version.fields.get("pod", {}), POD_DEFAULTS) if inherits else {}
    if inherits and "serviceAccount" in app.spec:
        pod["serviceAccountName"] = app.name
    pod = merge({"restartPolicy": "Never", **pod}, fields.get("pod", {}))
    others = _with_images(pod.pop("containers", ()), version)
    if "initContainers" in pod:
        pod["initContainers"] = _with_images(pod["initContainers"], version)
    return {**pod, "containers": [_container(name, fields, version), *others]}


def _with_images(containers: Sequence[Mapping[str, Any]], version: Version) -> list[Mapping[str, Any]]:
    """The containers, with the image of the version where they have none."""
    return [each if "image" in each else {"name": each["name"], "image": version.image, **each} for each in containers]


def _container(name: str, fields: Mapping[str, Any], version: Version) -> dict[str, Any]:
    inherited = version.fields if fields.get("inherits", True) else {}
    merged = {**_given(inherited, inherited_by_jobs()), **_given(fields, copied("AppJob", "container"))}
    env = merge(inherited.get("env", {}), fields.get("env", {}))
    if env:
        merged["env"] = env_list(env)
    else:
        merged.pop("env", None)
    return {
        "name": fields.get("containerName", name),
        "image": version.image,
        **{key: merged[key] for key in copied("AppJob", "container") if key in merged},
    }


def _given(fields: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: fields[key] for key in keys if key in fields}
