"""Maps a field of a rendered manifest to the field of the spec that it came from, for the positions of problems."""

from __future__ import annotations

from renderer.hooks import job_of_spec
from renderer.manifest import JOBS, WORKLOADS, Manifest

_SPEC = ("spec",)
_POD = ("spec", "template", "spec")


def origin(manifest: Manifest, pointer: str, *, routes: int = 0) -> str:
    """The pointer into the effective spec; `/spec` when no field fits better.

    `routes` is how many routes `istio.routes` of the spec has: they are the first ones of a VirtualService.
    """
    parts = tuple(pointer.split("/")[1:])
    found = _parts(manifest, parts, routes)
    return "".join(f"/{part}" for part in found)


def own_metadata(manifest: Manifest, pointer: str) -> str:
    """The pointer of a label or an annotation that the spec gives this object alone; empty where it cannot."""
    _, first, *rest = pointer.split("/")
    if first != "metadata" or len(rest) != 2 or rest[0] not in ("labels", "annotations"):
        return ""
    job = job_of_spec(manifest.data)
    is_further = manifest.file.rpartition("/")[2].startswith("services-")
    inside = {
        "Service": ("services", manifest.identity.name) if is_further else ("service",),
        **dict.fromkeys(WORKLOADS, ("workload",)),
        **dict.fromkeys(JOBS, ("jobs", job) if job is not None else ()),
        "ServiceAccount": ("serviceAccount",),
        "HorizontalPodAutoscaler": ("autoscaling",),
        "PodDisruptionBudget": ("disruptionBudget",),
    }.get(manifest.kind, ())
    return "".join(f"/{part}" for part in (*_SPEC, *inside, *rest)) if inside else ""


def _parts(manifest: Manifest, parts: tuple[str, ...], routes: int) -> tuple[str, ...]:
    if parts[:2] in (("metadata", "labels"), ("metadata", "annotations")):
        return parts
    kind = manifest.kind
    if kind in WORKLOADS:
        return _workload(manifest, parts)
    if kind == "Service" and manifest.file.rpartition("/")[2].startswith("services-"):
        return (*_SPEC, "services", manifest.identity.name, *parts[1:])
    if kind == "Service":
        return (*_SPEC, "ports", *parts[2:]) if parts[:2] == ("spec", "ports") else (*_SPEC, "service", *parts[1:])
    if kind == "VirtualService":
        return _virtual_service(parts, routes)
    if kind == "DestinationRule":
        return (*_SPEC, "istio", *parts[1:])
    if kind in JOBS:
        return _job(manifest, parts)
    inside = {"HorizontalPodAutoscaler": "autoscaling", "PodDisruptionBudget": "disruptionBudget"}.get(kind)
    if inside:
        return (*_SPEC, inside, *parts[1:])
    return {"ServiceAccount": (*_SPEC, "serviceAccount"), "ConfigMap": (*_SPEC, "files")}.get(kind, _SPEC)


def _job(manifest: Manifest, parts: tuple[str, ...]) -> tuple[str, ...]:
    """A job of the spec; a Job that was written by hand is not in it."""
    name = job_of_spec(manifest.data)
    if name is None:
        return _SPEC
    inside = parts[3:] if parts[:3] == ("spec", "jobTemplate", "spec") else parts[1:]
    if inside[:2] == ("template", "metadata"):
        return (*_SPEC, "jobs", name, "podMetadata", *inside[2:])
    if inside[:4] == ("template", "spec", "containers", "0"):
        return (*_SPEC, "jobs", name, *inside[4:5])
    if inside[:2] == ("template", "spec"):
        return (*_SPEC, "jobs", name, "pod", *inside[2:3])
    return (*_SPEC, "jobs", name, *inside[:1])


def _workload(manifest: Manifest, parts: tuple[str, ...]) -> tuple[str, ...]:
    if parts[:3] == ("spec", "template", "metadata"):
        return (*_SPEC, "podMetadata", *parts[3:])
    if parts[:3] == _POD:
        return _pod(manifest, parts[3:])
    if parts[:2] == ("spec", "strategy"):
        return (*_SPEC, "strategy", *parts[3:])
    return (*_SPEC, *parts[1:])


def _pod(manifest: Manifest, parts: tuple[str, ...]) -> tuple[str, ...]:
    if parts[:2] == ("containers", "0"):
        return _container(manifest, parts[2:])
    if parts[:1] == ("containers",) and len(parts) > 1:
        return (*_SPEC, "pod", "containers", str(int(parts[1]) - 1), *parts[2:])
    return (*_SPEC, "pod", *parts)


def _container(manifest: Manifest, parts: tuple[str, ...]) -> tuple[str, ...]:
    if parts[:1] == ("env",) and len(parts) > 1:
        env = manifest.data["spec"]["template"]["spec"]["containers"][0].get("env", [])
        number = int(parts[1])
        return (*_SPEC, "env", str(env[number].get("name", ""))) if number < len(env) else (*_SPEC, "env")
    if parts[:1] == ("ports",):
        return (*_SPEC, *parts[:2], *("targetPort" for part in parts[2:3] if part == "containerPort"))
    return (*_SPEC, *parts)


def _virtual_service(parts: tuple[str, ...], routes: int) -> tuple[str, ...]:
    if parts[:2] in (("spec", "hosts"), ("spec", "gateways")) and len(parts) > 2:
        return (*_SPEC, "istio", parts[1], str(max(int(parts[2]) - 1, 0)))
    if parts[:2] == ("spec", "http") and len(parts) > 2 and int(parts[2]) < routes:
        return (*_SPEC, "istio", "routes", *parts[2:])
    if parts[:2] == ("spec", "http"):
        return (*_SPEC, "istio", "http", *parts[3:])
    return (*_SPEC, "istio", *parts[1:])
