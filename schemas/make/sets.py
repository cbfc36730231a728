"""The sets: each a function from the pinned inputs to {path inside the set: content}."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from schemas.make import crd, kubernetes, sources
from schemas.make.kubernetes import Kind
from schemas.make.pack import dump, library, pack
from schemas.make.projects import (
    ARGO_CD,
    ARGO_CD_PARTS,
    ISTIO,
    ISTIO_PARTS,
    POD_TEMPLATE,
    ROLLOUT_PARTS,
    ROLLOUTS,
    Parts,
    spec_parts,
)
from schemas.make.sources import Lock
from schemas.make.templates import differences
from schemas.make.values import DEFINITIONS, Schema

Files = dict[str, bytes]
Set = Callable[[Mapping[str, Lock]], Files]
Known = Mapping[str, Schema]

WHEEL = "kubernetes-validate"
# Rollouts 1.9 and 1.10 embed the pod template of this minor, field for field (`_same_templates` proves it).
EMBEDDED = 34


def _kubernetes(pin: str, inputs: Mapping[str, Lock]) -> Files:
    minor = int(pin.partition(".")[2])
    raw = sources.definitions(sources.wheel(WHEEL, inputs[WHEEL]), minor)
    known = kubernetes.definitions(raw, minor)
    return {**_files(kubernetes.kinds(raw, known), known), "definitions.json": dump(library(spec_parts(known), known))}


def _rollouts(pin: str, inputs: Mapping[str, Lock]) -> Files:
    raw = sources.definitions(sources.wheel(WHEEL, inputs[WHEEL]), EMBEDDED)
    known = {**kubernetes.definitions(raw, EMBEDDED), "PodTemplateSpec": POD_TEMPLATE}
    found = list(_crds("github.com/argoproj/argo-rollouts", pin, "manifests/crds/", inputs))
    _same_templates(found, known)
    return _custom([kind for item in found for kind in crd.kinds(item, ROLLOUTS)], known, ROLLOUT_PARTS)


def _istio(pin: str, inputs: Mapping[str, Lock]) -> Files:
    found = _crds("istio.io/api", pin, "kubernetes/customresourcedefinitions", inputs)
    return _custom([kind for item in found for kind in crd.kinds(item, ISTIO)], DEFINITIONS, ISTIO_PARTS)


def _argo_cd(pin: str, inputs: Mapping[str, Lock]) -> Files:
    found = _crds("github.com/argoproj/argo-cd/v3", pin, "manifests/crds/", inputs)
    return _custom([kind for item in found for kind in crd.kinds(item, ARGO_CD)], DEFINITIONS, ARGO_CD_PARTS)


def _crds(module: str, pin: str, files: str, inputs: Mapping[str, Lock]) -> Iterable[Mapping[str, Schema]]:
    return sources.crds(sources.module(module, inputs[f"{module} {pin}"]), files)


def _custom(kinds: list[Kind], known: Known, parts: Parts) -> Files:
    trees = {kind.path: kind.schema for kind in kinds}
    named = {name: crd.at(trees[path], inside) for name, (path, inside) in parts.items()}
    return {**_files(kinds, known, named), "definitions.json": dump(library(named, known))}


def _files(kinds: Iterable[Kind], known: Known, named: Known | None = None) -> Files:
    return {kind.path: dump(pack(kind.schema, known, named)) for kind in kinds}


def _same_templates(found: Iterable[Mapping[str, Schema]], known: Known) -> None:
    """Raises ChangedError where a CRD embeds other fields of a pod or job than the core definition in its place."""
    embedded = {
        "Rollout": ("spec/template", "PodTemplateSpec"),
        "Experiment": ("spec/templates/[]/template", "PodTemplateSpec"),
        "AnalysisTemplate": ("spec/metrics/[]/provider/job/spec", "JobSpec"),
    }
    for item in found:
        if (kind := item["spec"]["names"]["kind"]) in embedded:
            path, name = embedded[kind]
            tree = crd.at(item["spec"]["versions"][0]["schema"]["openAPIV3Schema"], path)
            if other := list(differences(tree, known[name], known)):
                raise sources.ChangedError(
                    f"{kind}: {path} is not {name} of Kubernetes 1.{EMBEDDED}: {', '.join(other)}"
                )


_MAKERS: dict[str, Callable[[str, Mapping[str, Lock]], Files]] = {
    "kubernetes": _kubernetes,
    "argoRollouts": _rollouts,
    "istio": _istio,
    "argoCD": _argo_cd,
}
_NAMES = {"kubernetes": "kubernetes", "argoRollouts": "argo-rollouts", "istio": "istio", "argoCD": "argo-cd"}


def all_sets() -> dict[str, Set]:
    """A set for each version that `versions` of a project file may name, such as istio-1.31."""
    schema = json.loads((Path(__file__).parents[1] / "rollspec/project.json").read_text())
    versions = schema["properties"]["spec"]["properties"]["versions"]["properties"]
    return {
        f"{_NAMES[field]}-{pin}": partial(maker, pin)
        for field, maker in _MAKERS.items()
        for pin in versions[field]["enum"]
    }
