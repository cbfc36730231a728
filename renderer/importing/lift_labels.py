"""The labels of all objects of an app -> its metadata, and the labels of the fields that have some of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from renderer.hooks import JOB
from renderer.importing.jobs import job_name
from renderer.importing.lifted import JOBS_FIELD, SERVICES_FIELD, Lifted
from renderer.importing.workload import Workload

_WITH_LABELS = ("workload", "service", "serviceAccount", "autoscaling", "disruptionBudget")  # have labels of their own


def labels(workload: Workload, app: Lifted) -> Lifted:
    """The labels that all objects have as metadata of the app; the others where they belong."""
    own = [each for each, _ in app.fields]
    objects = [*own, *(each for each in workload.group.objects if not app.has(each))]
    shared = dict(own[0].labels)
    for each in objects:
        shared = {key: value for key, value in shared.items() if each.labels.get(key) == value}
    ours = {"app.kubernetes.io/name": workload.name, "app.kubernetes.io/managed-by": "rollspec"}
    standard = [key for key, value in ours.items() if shared.get(key) == value]
    rest = {key: value for key, value in shared.items() if key not in standard}
    metadata: dict[str, Any] = {"labels": rest} if rest else {}
    metadata |= {"standardLabels": standard} if len(standard) < len(ours) else {}
    return replace(app, metadata=metadata, spec=_with_own_labels(app, shared))


def _with_own_labels(app: Lifted, shared: dict[str, str]) -> dict[str, Any]:
    """The spec, whose fields have the labels that their objects have and others have not."""
    spec = {**app.spec}
    for each, part in app.fields:
        own = {key: value for key, value in each.labels.items() if key not in shared}
        field = {"the app": "workload", "`ports` and `service`": "service"}.get(part, part.strip("`"))
        if own and field in _WITH_LABELS:
            spec[field] = {"labels": own, **spec.get(field, {})}
        elif own and part == SERVICES_FIELD:
            spec["services"] = {**spec["services"], each.name: {"labels": own, **spec["services"][each.name]}}
        elif part == JOBS_FIELD and own.keys() - {JOB}:
            name = job_name(each, app.name)
            labels = {key: value for key, value in own.items() if key != JOB}
            spec["jobs"] = {**spec["jobs"], name: {**spec["jobs"][name], "labels": labels}}
    return spec
