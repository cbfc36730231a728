"""A version that comes back, compared with the pod template that it had when it ran."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from renderer.plain import mappings
from renderer.plan.classes import AppPlan
from renderer.problem import Problem
from renderer.render.workload import RESTARTED_AT
from renderer.spec import short_digests, tag_and_digest

Template = Mapping[str, Any]
RULE = "not-as-it-ran"


def not_as_it_ran(plan: AppPlan, file: str, commit: str | None, then: Template) -> Problem | None:
    """An abort or an undo brings back a version with another pod template than it had when it ran.

    The configuration was edited since. No ReplicaSet of this template exists, so new pods start with a configuration
    that never ran together with this version. It is a note: nothing stops an abort or an undo.
    Source: Argo Rollouts and Kubernetes (the pod template is the identity of a ReplicaSet).
    Do: accept it; or, once it is synced, `rollspec undo APP --to REF` brings the version back exactly as it ran.
    """
    named = f"{plan.app} --env {plan.env}"
    tag = version_of_template(json.loads(plan.comes_back))
    if commit is None:
        message = f"Git's history here does not reach back to when {tag} ran, so it was not compared with that"
        return Problem(file, 0, 0, RULE, f"{message}: fetch more of it (`git fetch --unshallow`)", "", "note")
    paths = list(differences(then, json.loads(plan.comes_back)))
    if not paths:
        return None
    message = (
        f"{tag} comes back with another configuration than it ran with at {commit}: {', '.join(paths)}; `rollspec undo "
        f"{named} --to {commit}` brings it back as it ran"
    )
    return Problem(file, 0, 0, RULE, message, "", "note")


HISTORY_RULES = {RULE: not_as_it_ran}


def has_form(template: Template) -> bool:
    """Whether a pod template has the form of one, as far as it is read here: no schema has checked an old commit."""
    metadata, spec = template.get("metadata", {}), template.get("spec", {})
    if not (isinstance(metadata, dict) and isinstance(spec, dict)):
        return False
    marks, containers = (metadata.get(key, {}) for key in ("labels", "annotations")), spec.get("containers", [])
    lists = [containers, *(each.get("env", []) for each in mappings(containers))]
    return all(isinstance(each, dict) for each in marks) and all(map(_are_named, lists))


def _are_named(items: Any) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in items
    )


def is_version(one: Template, other: Template) -> bool:
    """Whether two templates are of one version: the label and the images."""
    return _version(one) == _version(other)


def differences(then: Template, now: Template) -> Iterator[str]:
    """What differs between two pod templates, as people name it: `env.LOG_LEVEL`, `resources`, `spec.affinity`."""
    before, after = ({each["name"]: each for each in _containers(template)} for template in (then, now))
    first = next(iter(after), "")
    for name in dict.fromkeys((*after, *before)):
        prefix = "" if name == first else f"{name}."
        yield from (f"{prefix}{key}" for key in _fields(before.get(name, {}), after.get(name, {})))
    one, other = ({**(each.get("spec") or {}), "containers": None} for each in (then, now))
    yield from (f"pod.{key}" for key in _differing(one, other))
    yield from (f"podMetadata.{key}" for key in _differing(_metadata(then), _metadata(now)))


def version_of_template(template: Template) -> str:
    """The label `version`; else the tag of the first image: the pods of an imported app may lack the label."""
    label, images = _version(template)
    image = str(images[0]) if images else ""
    return str(label or short_digests(tag_and_digest(image) or image))


def _version(template: Template) -> tuple[Any, list[Any]]:
    labels = (template.get("metadata") or {}).get("labels") or {}
    return labels.get("version"), [each.get("image") for each in _containers(template)]


def _containers(template: Template) -> list[Mapping[str, Any]]:
    return list((template.get("spec") or {}).get("containers") or ())


def _fields(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key in _differing(then, now):
        if key != "env":
            yield key
            continue
        before, after = ({each["name"]: each for each in container.get("env") or ()} for container in (then, now))
        names = _differing(before, after)
        yield from (f"env.{name}" for name in names) if names else ("the order of env",)


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [key for key in dict.fromkeys((*now, *then)) if then.get(key) != now.get(key)]


def _metadata(template: Template) -> dict[str, Any]:
    """Without the mark of a restart, which is not a part of the version."""
    metadata = dict(template.get("metadata") or {})
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key != RESTARTED_AT}
    return {**metadata, "annotations": annotations}
