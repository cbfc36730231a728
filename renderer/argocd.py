"""The Argo CD Application or ApplicationSet of an environment, with the settings that releases by commit need.

Measured with Argo CD 3.6 (docs/engines.md): prune and self-heal, ApplyOutOfSyncOnly, background propagation, and
`ignoreDifferences` only for fields that Argo Rollouts writes. Never RespectIgnoreDifferences: it freezes the routes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from renderer.manifest import Manifest
from renderer.project import ArgoCD
from renderer.release import PINNED
from renderer.spec import App, merge

API = "argoproj.io/v1alpha1"
_SYNC = {
    "automated": {"prune": True, "selfHeal": True},
    "syncOptions": ["ApplyOutOfSyncOnly=true", "PrunePropagationPolicy=background"],
}
_FINALIZER = "resources-finalizer.argocd.argoproj.io"
_OWN_CLUSTER = {"server": "https://kubernetes.default.svc"}  # the one that Argo CD runs in
WORKLOAD_GROUPS = {"Deployment": "apps", "Rollout": "argoproj.io"}


class Driven(NamedTuple):
    """What controllers write into an app's objects, so that Argo CD must not revert it.

    `istio`: ``none``, ``weights``, or ``pinned`` (weights, and a route for pinned requests), by the Rollout;
    `workload`: the kind of the workload whose `replicas` an autoscaler owns or is taking over, or empty;
    `metadata`: the labels and annotations of the app's own Application as JSON, or empty;
    `virtual_service`, `destination_rule`: the names of those that have not the app's, or empty.
    """

    istio: str = "none"
    workload: str = ""
    metadata: str = ""
    virtual_service: str = ""
    destination_rule: str = ""


NOT_DRIVEN = Driven()
_ROUTED = ("virtualService", "destinationRule")


def settings(argocd: ArgoCD, own: Mapping[str, Any]) -> ArgoCD:
    """The project's settings with those of an overlay (its `argocd`) merged over them."""
    if not own:
        return argocd
    return argocd._replace(
        project=own.get("project", argocd.project),
        labels=merge(argocd.labels, own.get("labels", {})),
        annotations=merge(argocd.annotations, own.get("annotations", {})),
        sync_policy=merge(argocd.sync_policy, own.get("syncPolicy", {})),
        sync_windows=own.get("syncWindows", argocd.sync_windows),
    )


def application_name(argocd: ArgoCD, env: str, app: str = "") -> str:
    """The name of the environment's Application or ApplicationSet, or of the Application of one app's folder."""
    return f"{argocd.name_prefix}{env}" + (f"-{app.replace('_', '-')}" if app else "")


def application(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, ignored: Sequence[dict[str, Any]]
) -> Manifest:
    """One Application for everything in the environment's `folder`.

    It has no finalizer: a sync already prunes the objects of a removed app, and with a finalizer anyone who deletes the
    Application would delete the whole environment.
    """
    spec = _application(_published(argocd, env), namespace, cluster, folder)
    if argocd.plugin:
        parameters = [{"name": "environment", "string": env}]
        spec["source"] |= {"path": argocd.path or ".", "plugin": {"name": argocd.plugin, "parameters": parameters}}
    else:
        spec["source"]["directory"] = {"recurse": True, "exclude": "**/kustomization.yaml"}
    if ignored:
        spec["ignoreDifferences"] = list(ignored)
    metadata = {"name": application_name(argocd, env), "namespace": argocd.namespace, **_metadata(argocd)}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec})


def application_set(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, apps: Sequence[tuple[str, Driven]]
) -> Manifest:
    """An ApplicationSet that creates an Application for each of `apps` (a folder, and what controllers write there).

    It has the finalizer: when an app is removed, Argo CD deletes its Application, and nothing else would delete the
    app's objects. No app's name can begin with `-`, so the name for the folder `_resources` is unique.
    """
    counted, described = any(driven.workload for _, driven in apps), any(driven.metadata for _, driven in apps)
    renamed = any(driven.virtual_service or driven.destination_rule for _, driven in apps)
    elements = [
        {"app": name.replace("_", "-"), "folder": name, "istio": driven.istio}
        | ({"workload": driven.workload} if counted else {})
        | ({"metadata": json.loads(driven.metadata or "{}")} if described else {})
        | ({"virtualService": driven.virtual_service or name} if renamed else {})
        | ({"destinationRule": driven.destination_rule or name} if renamed else {})
        for name, driven in apps
    ]
    template = {
        "metadata": {
            "name": f"{application_name(argocd, env)}-{{{{.app}}}}",
            **_metadata(argocd),
            "finalizers": [_FINALIZER],
        },
        "spec": _application(_published(argocd, env), namespace, cluster, f"{folder}/{{{{.folder}}}}"),
    }
    spec: dict[str, Any] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": elements}}],
        "template": template,
    }
    if any(driven != NOT_DRIVEN for _, driven in apps):
        spec["templatePatch"] = _patch([driven for _, driven in apps])
    metadata = {"name": application_name(argocd, env), "namespace": argocd.namespace, "labels": managed_by()}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "ApplicationSet", "metadata": metadata, "spec": spec})


def driven_of(app: App) -> Driven:
    """What controllers write into the app's objects."""
    workload = ("Rollout" if app.strategy.is_rollout else "Deployment") if app.scaled_by_others else ""
    metadata = json.dumps(app.spec["argocd"], sort_keys=True, ensure_ascii=False) if app.spec.get("argocd") else ""
    if not app.splits or not app.ports:
        return Driven("none", workload, metadata)
    named = [str((app.strategy.own_routes.get(key) or {}).get("name", "")) for key in _ROUTED]
    pinned = "pinned" if app.spec.get("istio", {}).get("canaryHeaders") else "weights"
    return Driven(pinned, workload, metadata, *("" if name == app.name else name for name in named))


def ignored_differences(name: str, driven: Driven) -> list[dict[str, Any]]:
    """The `ignoreDifferences` items of one app, by name; empty if no controller writes into its objects."""
    count = [
        {"group": group, "kind": kind, "name": name, "jqPathExpressions": [".spec.replicas"]}
        for kind, group in WORKLOAD_GROUPS.items()
        if kind == driven.workload
    ]
    if driven.istio == "none":
        return count
    routes = [f".spec.{kind}[]?.route[]?.weight" for kind in ("http", "tcp", "tls")]
    if driven.istio == "pinned":
        routes.append(f'.spec.http[]? | select(.name == "{PINNED}")')
    subsets = ['.spec.subsets[]?.labels."rollouts-pod-template-hash"']
    group = "networking.istio.io"
    return [
        *count,
        {
            "group": group,
            "kind": "VirtualService",
            "name": driven.virtual_service or name,
            "jqPathExpressions": routes,
        },
        {
            "group": group,
            "kind": "DestinationRule",
            "name": driven.destination_rule or name,
            "jqPathExpressions": subsets,
        },
    ]


def _published(argocd: ArgoCD, env: str) -> ArgoCD:
    """The settings with the branch that has the environment's files."""
    return argocd._replace(revision=argocd.branch.replace("{env}", env)) if argocd.branch else argocd


def destination(cluster: Mapping[str, str], namespace: str) -> dict[str, str]:
    """A namespace of a cluster as Argo CD names it; without a cluster, of the one that Argo CD runs in."""
    return {**(cluster or _OWN_CLUSTER), "namespace": namespace}


def is_same_cluster(one: Mapping[str, str | None], other: Mapping[str, str | None]) -> bool:
    """Whether two clusters are one: Argo CD's own has an address and a name, and is meant where none is given."""
    first, second = ({key: value for key, value in each.items() if value} for each in (one, other))
    own: tuple[Mapping[str, str], ...] = ({}, _OWN_CLUSTER, {"name": "in-cluster"})
    return first == second or (first in own and second in own)


def _application(argocd: ArgoCD, namespace: str, cluster: dict[str, str], folder: str) -> dict[str, Any]:
    path = f"{argocd.path}/{folder}" if argocd.path else folder
    return {
        "project": argocd.project,
        "source": {"repoURL": argocd.url, "targetRevision": argocd.revision, "path": path},
        "destination": destination(cluster, namespace),
        "syncPolicy": sync_policy(argocd.sync_policy),
    }


def sync_policy(own: Mapping[str, Any]) -> dict[str, Any]:
    """Rollspec's sync policy with the `own` fields of a project or overlay; `automated: false` syncs by hand."""
    policy: dict[str, Any] = {**_SYNC}
    automated = own.get("automated", {})
    if automated is False:
        del policy["automated"]
    elif automated:
        policy["automated"] = {**policy["automated"], **automated}
    options = {option.partition("=")[0]: option for option in (*policy["syncOptions"], *own.get("syncOptions", ()))}
    policy["syncOptions"] = list(options.values())
    policy.update((key, own[key]) for key in ("retry", "managedNamespaceMetadata") if own.get(key))
    return policy


def syncs_by_itself(argocd: ArgoCD) -> bool:
    """Whether Argo CD applies a commit by itself, with these settings of an environment."""
    return "automated" in sync_policy(argocd.sync_policy)


def prunes_by_itself(argocd: ArgoCD) -> bool:
    """Whether Argo CD deletes by itself what is no longer in Git."""
    return prunes(argocd.sync_policy)


def prunes(own: Mapping[str, Any]) -> bool:
    """Whether it does with these fields of a project or overlay over rollspec's sync policy."""
    return bool(sync_policy(own).get("automated", {}).get("prune"))


def managed_by() -> dict[str, str]:
    """The label of every object of Argo CD that rollspec writes."""
    return {"app.kubernetes.io/managed-by": "rollspec"}


def _metadata(argocd: ArgoCD) -> dict[str, Any]:
    """Labels and annotations of an Application."""
    labels = {**managed_by(), **argocd.labels}
    return {"labels": labels, "annotations": dict(argocd.annotations)} if argocd.annotations else {"labels": labels}


def _patch(driven: Sequence[Driven]) -> str:
    """The `templatePatch`: the parts that only some Applications have, as a Go template of YAML."""
    lines: list[str] = []
    if any(one.metadata for one in driven):
        lines += ["{{- if .metadata }}", "metadata: {{ toJson .metadata }}", "{{- end }}"]
    counted, routed = any(one.workload for one in driven), any(one.istio != "none" for one in driven)
    if counted:
        ignored = [*_COUNT, '{{- if ne .istio "none" }}', *_routes(driven), "{{- end }}"]
        lines += ['{{- if or .workload (ne .istio "none") }}', *_SPEC, *ignored, "{{- end }}"]
    elif routed:
        lines += ['{{- if ne .istio "none" }}', *_SPEC, *_routes(driven), "{{- end }}"]
    return "\n".join([*lines, ""])


_SPEC = ("spec:", "  ignoreDifferences:")
_COUNT = (
    "{{- if .workload }}",
    "    - group: '{{ if eq .workload \"Rollout\" }}argoproj.io{{ else }}apps{{ end }}'",
    "      kind: '{{.workload}}'",
    "      name: '{{.app}}'",
    "      jqPathExpressions:",
    "        - '.spec.replicas'",
    "{{- end }}",
)


def _routes(driven: Sequence[Driven]) -> list[str]:
    """What the controller writes into the routes of an app, and into the subsets that they lead to."""
    renamed = any(one.virtual_service or one.destination_rule for one in driven)
    service, rule = ("virtualService", "destinationRule") if renamed else ("app", "app")
    lines = [
        "    - group: networking.istio.io",
        "      kind: VirtualService",
        f"      name: '{{{{.{service}}}}}'",
        "      jqPathExpressions:",
        *(f"        - '.spec.{kind}[]?.route[]?.weight'" for kind in ("http", "tcp", "tls")),
    ]
    if any(one.istio == "pinned" for one in driven):
        lines += [
            '{{- if eq .istio "pinned" }}',
            f"        - '.spec.http[]? | select(.name == \"{PINNED}\")'",
            "{{- end }}",
        ]
    return [
        *lines,
        "    - group: networking.istio.io",
        "      kind: DestinationRule",
        f"      name: '{{{{.{rule}}}}}'",
        "      jqPathExpressions:",
        "        - '.spec.subsets[]?.labels.\"rollouts-pod-template-hash\"'",
    ]
