"""The project file `rollspec.yaml` as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from renderer.layout import Layout
from renderer.promotion import Stages, stages_of

LEVEL = 2  # the newest render level, which new projects have


class ArgoCD(NamedTuple):
    """How Argo CD's objects are written: `kind` Application or ApplicationSet, where, and from which repository."""

    kind: str
    namespace: str
    project: str
    url: str
    revision: str
    path: str
    name_prefix: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    sync_policy: Mapping[str, Any] = {}  # what differs from rollspec's own
    sync_windows: bool = False  # write the AppProject too, with the freezes of the environment
    plugin: str = ""  # the config management plugin that renders the specs; empty: Argo CD reads rendered files
    branch: str = ""  # where `rollspec publish` writes the files of `{env}`; empty: they are on the branch of the specs


class Publishing(NamedTuple):
    """Where `rollspec publish` writes rendered files: a branch, which may hold `{env}`, of the repository at `url`.

    Both are empty where the files are committed together with the specs.
    """

    branch: str = ""
    url: str = ""


class ClusterAccess(NamedTuple):
    """How an environment's cluster is read: contexts of kubeconfig, empty for the current one, and a Prometheus."""

    context: str = ""
    argocd_context: str = ""  # where Argo CD runs; empty: in the same cluster
    prometheus: str = ""


@dataclass(frozen=True)
class Versions:
    """What manifests and the native fields of specs are checked against; each names a set under `schemas/`."""

    kubernetes: str = "1.34"
    argo_rollouts: str = "1.10"
    istio: str = "1.32"
    argo_cd: str = "3.6"

    @property
    def folders(self) -> dict[str, str]:
        """Set -> its folder under `schemas/`, in the order in which a kind is looked up."""
        return {
            "kubernetes": f"kubernetes-{self.kubernetes}",
            "argo-rollouts": f"argo-rollouts-{self.argo_rollouts}",
            "istio": f"istio-{self.istio}",
            "argo-cd": f"argo-cd-{self.argo_cd}",
        }


# Minors that the next release of rollspec no longer renders for, by the field of `versions`; `make minor` writes them.
LEAVING: Mapping[str, tuple[str, ...]] = {}


class Project(NamedTuple):
    """Where things are and what they are checked against."""

    layout: Layout = Layout()
    level: int = 1
    versions: Versions = Versions()
    cluster_domain: str = "cluster.local"
    kustomization: bool = False
    commit_rendered: bool = True
    argocd: ArgoCD | None = None
    publish: Publishing = Publishing()
    not_secret: frozenset[str] = frozenset()  # names that sound like a secret's and are none
    promotion: Stages = ()  # the order in which a version passes through the environments
    clusters: Mapping[str, ClusterAccess] = {}  # by environment
    queries: Mapping[str, str] = {}  # the project's own, by name

    @property
    def in_one_sync(self) -> bool:
        """Whether Argo CD applies all apps of an environment together."""
        return self.argocd is not None and self.argocd.kind == "Application"


def project_of(data: Mapping[str, Any]) -> Project:
    """A project file (valid by the schema) as a value."""
    spec = data["spec"]
    folders = {key: spec[key] for key in ("apps", "overlays", "output", "templates") if key in spec}
    return Project(
        layout=Layout(**folders),
        level=spec["renderLevel"],
        versions=versions_of(data),
        cluster_domain=spec.get("clusterDomain", "cluster.local"),
        kustomization=spec.get("kustomization", False),
        commit_rendered=spec.get("commitRendered", not spec.get("publish", {}).get("branch")),
        argocd=_argocd(spec),
        publish=Publishing(**spec.get("publish", {})),
        not_secret=frozenset(spec.get("notSecret", ())),
        promotion=stages_of(spec.get("promotion", ())),
        clusters={env: _cluster(given) for env, given in spec.get("clusters", {}).items()},
        queries=spec.get("queries", {}),
    )


def _cluster(given: Mapping[str, str]) -> ClusterAccess:
    return ClusterAccess(given.get("context", ""), given.get("argocdContext", ""), given.get("prometheus", ""))


def versions_of(data: Mapping[str, Any]) -> Versions:
    """The versions that a project file names, and ours for the others."""
    named = (data.get("spec") or {}).get("versions") or {}
    return Versions(**{_VERSION_FIELDS[key]: value for key, value in named.items()})


_VERSION_FIELDS = {"kubernetes": "kubernetes", "argoRollouts": "argo_rollouts", "istio": "istio", "argoCD": "argo_cd"}


# Argo CD renders an Application again only for a commit that touches the Application's own folder.
_ANNOTATIONS = {"argocd.argoproj.io/manifest-generate-paths": "."}


def _argocd(spec: Mapping[str, Any]) -> ArgoCD | None:
    wanted = spec.get("argocd")
    if wanted is None:
        return None
    repository, publish = spec.get("repository", {}), spec.get("publish", {})
    return ArgoCD(
        kind=wanted["kind"],
        namespace=wanted.get("namespace", "argocd"),
        project=wanted.get("project", "default"),
        url=publish.get("url") or repository.get("url", ""),
        plugin=wanted.get("plugin", ""),
        branch=publish.get("branch", ""),
        revision=repository.get("revision", "HEAD"),
        path=repository.get("path", ""),
        name_prefix=wanted.get("namePrefix", ""),
        labels=wanted.get("labels", {}),
        annotations={**(_ANNOTATIONS if spec["renderLevel"] > 1 else {}), **wanted.get("annotations", {})},
        sync_policy=wanted.get("syncPolicy", {}),
        sync_windows=wanted.get("syncWindows", False),
    )


@lru_cache(maxsize=64)  # a project names a few
def numbers(version: str) -> tuple[int, int]:
    """Major and minor of a version such as `1.10` or `v1.10.2`, to compare."""
    major, minor = version.removeprefix("v").split(".")[:2]
    return int(major), int(minor)
