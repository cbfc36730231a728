"""Argo CD's Applications of an environment, with the settings under which releases by commit were seen to work.

Measured with Argo CD 3.6 (docs/engines.md): prune and self-heal, ApplyOutOfSyncOnly, background propagation, and
differences ignored only where Argo Rollouts writes: never RespectIgnoreDifferences, which freezes the routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def application(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, ignored: Sequence[dict[str, Any]]
) -> Manifest:
    """One Application of everything in the environment's `folder`."""
    spec = _application(argocd, namespace, cluster, folder)
    spec["source"]["directory"] = {"recurse": True, "exclude": "**/kustomization.yaml"}
    if ignored:
        spec["ignoreDifferences"] = list(ignored)
    metadata = {"name": env, "namespace": argocd.namespace, "labels": _labels()}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec})


def application_set(
    argocd: ArgoCD, env: str, namespace: str, cluster: dict[str, str], folder: str, apps: Sequence[tuple[str, str]]
) -> Manifest:
    """An ApplicationSet that makes an Application for each of `apps`: a folder, and what its Rollout drives in Istio.

    The second is ``none``, ``weights``, or ``pinned`` (weights, and a route for pinned requests). No app's name can
    begin with `-`, so the folder `_resources` has a name of its own.
    """
    elements = [{"app": name.replace("_", "-"), "folder": name, "istio": istio} for name, istio in apps]
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
    if any(istio != "none" for _, istio in apps):
        spec["templatePatch"] = _patch(any(istio == "pinned" for _, istio in apps))
    metadata = {"name": env, "namespace": argocd.namespace, "labels": _labels()}
    return Manifest(f"{env}.yaml", {"apiVersion": API, "kind": "ApplicationSet", "metadata": metadata, "spec": spec})


def driven(app: App) -> str:
    """What the app's Rollout writes into Istio's objects: `none`, `weights` or `pinned`."""
    if not app.splits or not app.ports:
        return "none"
    return "pinned" if app.spec.get("istio", {}).get("canaryHeaders") else "weights"


def driven_in(data: Any) -> dict[str, str] | None:
    """What an Application or ApplicationSet, as written here, says of each app; None where it is not as written here.

    An app that an Application does not name drives nothing.
    """
    try:
        if data["kind"] == "ApplicationSet":
            return {each["folder"]: each["istio"] for each in data["spec"]["generators"][0]["list"]["elements"]}
        routes = [entry for entry in data["spec"].get("ignoreDifferences", ()) if entry["kind"] == "VirtualService"]
        return {each["name"]: "pinned" if PINNED in str(each["jqPathExpressions"]) else "weights" for each in routes}
    except (AttributeError, IndexError, KeyError, TypeError):
        return None


def ignored_differences(name: str, istio: str) -> list[dict[str, Any]]:
    """The `ignoreDifferences` entries of one app, by name; none where nothing is driven."""
    if istio == "none":
        return []
    routes = [f".spec.{kind}[]?.route[]?.weight" for kind in ("http", "tcp", "tls")]
    if istio == "pinned":
        routes.append(f'.spec.http[]? | select(.name == "{PINNED}")')
    subsets = ['.spec.subsets[]?.labels."rollouts-pod-template-hash"']
    group = "networking.istio.io"
    return [
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


def _patch(pinned: bool) -> str:
    """The `templatePatch`: what only some of the Applications have, as Go template of JSON-compatible YAML."""
    lines = ['{{- if ne .istio "none" }}', "spec:", "  ignoreDifferences:"]
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
        "{{- end }}",
        "",
    ]
    return "\n".join(lines)
