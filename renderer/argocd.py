"""Argo CD's Applications of an environment, with the settings under which releases by commit were seen to work.

Measured with Argo CD 3.6 (docs/engines.md): prune and self-heal, ApplyOutOfSyncOnly, background propagation, and
differences ignored only where Argo Rollouts writes: never RespectIgnoreDifferences, which freezes the routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from renderer.manifest import Manifest
from renderer.project import ArgoCD
from renderer.release import PINNED
from renderer.spec import App

API = "argoproj.io/v1alpha1"
_SYNC = {
    "automated": {"prune": True, "selfHeal": True},
    "syncOptions": ["ApplyOutOfSyncOnly=true", "PrunePropagationPolicy=background"],
}
_FINALIZER = "resources-finalizer.argocd.argoproj.io"
_GROUPS = {"Deployment": "apps", "Rollout": "argoproj.io"}


class Driven(NamedTuple):
    """What others than Git write into an app's objects, so that Argo CD must not heal it.

    `istio`: ``none``, ``weights``, or ``pinned`` (weights, and a route for pinned requests), by the Rollout;
    `workload`: the kind of the workload whose `replicas` an autoscaler owns or is taking over, or nothing.
    """

    istio: str = "none"
    workload: str = ""


NOT_DRIVEN = Driven()


def application(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, ignored: Sequence[dict[str, Any]]
) -> Manifest:
    """One Application of everything in the environment's `folder`.

    Without the finalizer: a sync prunes an app that is gone, so all that it would add is that a deleted Application
    takes a whole environment along, and its traffic.
    """
    spec = _application(argocd, namespace, cluster, folder)
    spec["source"]["directory"] = {"recurse": True, "exclude": "**/kustomization.yaml"}
    if ignored:
        spec["ignoreDifferences"] = list(ignored)
    metadata = {"name": env, "namespace": argocd.namespace, "labels": _labels()}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec})


def application_set(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, apps: Sequence[tuple[str, Driven]]
) -> Manifest:
    """An ApplicationSet that makes an Application for each of `apps`: a folder, and what others write there.

    With the finalizer: an app that is gone takes its Application along, and nobody else would remove its objects.
    No app's name can begin with `-`, so the folder `_resources` has a name of its own.
    """
    counted = any(driven.workload for _, driven in apps)
    elements = [
        {"app": name.replace("_", "-"), "folder": name, "istio": driven.istio}
        | ({"workload": driven.workload} if counted else {})
        for name, driven in apps
    ]
    template = {
        "metadata": {
            "name": f"{env}-{{{{.app}}}}",
            "labels": _labels(),
            "finalizers": [_FINALIZER],
        },
        "spec": _application(argocd, namespace, cluster, f"{folder}/{{{{.folder}}}}"),
    }
    spec: dict[str, Any] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": elements}}],
        "template": template,
    }
    if any(driven != NOT_DRIVEN for _, driven in apps):
        spec["templatePatch"] = _patch([driven for _, driven in apps])
    metadata = {"name": env, "namespace": argocd.namespace, "labels": _labels()}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "ApplicationSet", "metadata": metadata, "spec": spec})


def driven_of(app: App) -> Driven:
    """What others than Git write into the app's objects."""
    workload = ("Rollout" if app.strategy.is_rollout else "Deployment") if app.scaled_by_others else ""
    if not app.splits or not app.ports:
        return Driven("none", workload)
    return Driven("pinned" if app.spec.get("istio", {}).get("canaryHeaders") else "weights", workload)


def ignored_differences(name: str, driven: Driven) -> list[dict[str, Any]]:
    """The `ignoreDifferences` entries of one app, by name; none where nothing is driven."""
    count = [
        {"group": group, "kind": kind, "name": name, "jqPathExpressions": [".spec.replicas"]}
        for kind, group in _GROUPS.items()
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
        {"group": group, "kind": "VirtualService", "name": name, "jqPathExpressions": routes},
        {"group": group, "kind": "DestinationRule", "name": name, "jqPathExpressions": subsets},
    ]


def _application(argocd: ArgoCD, namespace: str, cluster: dict[str, str], folder: str) -> dict[str, Any]:
    path = f"{argocd.path}/{folder}" if argocd.path else folder
    return {
        "project": argocd.project,
        "source": {"repoURL": argocd.url, "targetRevision": argocd.revision, "path": path},
        "destination": {**(cluster or {"server": "https://kubernetes.default.svc"}), "namespace": namespace},
        "syncPolicy": _SYNC,
    }


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/managed-by": "rollspec"}


def _patch(driven: Sequence[Driven]) -> str:
    """The `templatePatch`: what only some of the Applications have, as Go template of JSON-compatible YAML."""
    lines = ["spec:", "  ignoreDifferences:"]
    counted, pinned = any(one.workload for one in driven), any(one.istio == "pinned" for one in driven)
    if counted:
        lines += [
            "{{- if .workload }}",
            "    - group: '{{ if eq .workload \"Rollout\" }}argoproj.io{{ else }}apps{{ end }}'",
            "      kind: '{{.workload}}'",
            "      name: '{{.app}}'",
            "      jqPathExpressions:",
            "        - '.spec.replicas'",
            "{{- end }}",
            '{{- if ne .istio "none" }}',
        ]
    lines += [
        "    - group: networking.istio.io",
        "      kind: VirtualService",
        "      name: '{{.app}}'",
        "      jqPathExpressions:",
    ]
    lines += [f"        - '.spec.{kind}[]?.route[]?.weight'" for kind in ("http", "tcp", "tls")]
    if pinned:
        lines += [
            '{{- if eq .istio "pinned" }}',
            f"        - '.spec.http[]? | select(.name == \"{PINNED}\")'",
            "{{- end }}",
        ]
    lines += [
        "    - group: networking.istio.io",
        "      kind: DestinationRule",
        "      name: '{{.app}}'",
        "      jqPathExpressions:",
        "        - '.spec.subsets[]?.labels.\"rollouts-pod-template-hash\"'",
    ]
    if counted:
        return "\n".join(['{{- if or .workload (ne .istio "none") }}', *lines, "{{- end }}", "{{- end }}", ""])
    return "\n".join(['{{- if ne .istio "none" }}', *lines, "{{- end }}", ""])
