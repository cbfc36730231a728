"""The project file `rollspec.yaml` as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from renderer.layout import Layout


@dataclass(frozen=True, slots=True)
class ArgoCD:
    """How Argo CD's objects are written: `kind` Application or ApplicationSet, where, and from which repository."""

    kind: str
    namespace: str
    project: str
    url: str
    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class Project:
    """Where things are and what they are checked against; `versions` maps kubernetes, argoRollouts, istio, argoCD."""

    layout: Layout = field(default_factory=Layout)
    level: int = 1
    versions: Mapping[str, str] = field(default_factory=dict)
    cluster_domain: str = "cluster.local"
    kustomization: bool = False
    argocd: ArgoCD | None = None


def project_of(data: Mapping[str, Any]) -> Project:
    """A project file (valid by the schema) as a value."""
    spec = data["spec"]
    folders = {key: spec[key] for key in ("apps", "overlays", "output", "templates") if key in spec}
    return Project(
        layout=Layout(**folders),
        level=spec["renderLevel"],
        versions=spec.get("versions", {}),
        cluster_domain=spec.get("clusterDomain", "cluster.local"),
        kustomization=spec.get("kustomization", False),
        argocd=_argocd(spec),
    )


def _argocd(spec: Mapping[str, Any]) -> ArgoCD | None:
    wanted = spec.get("argocd")
    if wanted is None:
        return None
    repository = spec.get("repository", {})
    return ArgoCD(
        kind=wanted["kind"],
        namespace=wanted.get("namespace", "argocd"),
        project=wanted.get("project", "default"),
        url=repository.get("url", ""),
        revision=repository.get("revision", "HEAD"),
        path=repository.get("path", ""),
    )


def numbers(version: str) -> tuple[int, int]:
    """Major and minor of a version such as `1.10` or `v1.10.2`, to compare."""
    major, minor = version.removeprefix("v").split(".")[:2]
    return int(major), int(minor)
