"""The first files of a project and of an app, as text; pure."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from renderer.edit import formatted
from renderer.layout import PROJECT_FILE, Layout
from renderer.project import LEVEL, Versions
from renderer.spec import API_VERSION, app_document
from renderer.yamlio import dump

_PROJECT = f"""\
# A rollspec project: app specs under apps/, environments under overlays/, what Argo CD applies under rendered/.
apiVersion: rollspec/v1
kind: Project
spec:
  renderLevel: {LEVEL}
  versions: {{kubernetes: "{Versions.kubernetes}", argoRollouts: "{Versions.argo_rollouts}", istio: "{Versions.istio}"}}
"""
_VERSIONS = """\
  # The minors that your clusters run. Kubernetes begins with the oldest: a cluster ignores fields of a newer one.
  versions:"""
_OVERLAY = "# One environment. `rollspec schema Overlay` has every field.\n"
_OVERLAY_COMMENTS = {
    "  resources:": "Objects of the environment itself, which belong to no app.",
    "  policy:": (
        "What apps may do here: no privileged pods or host access, and no objects outside the namespace.\n"
        "`podSecurity: restricted` also asks for the security context that `rollspec new` writes."
    ),
}
_NETWORK_POLICY = "network-policy.yaml"
_NETWORK = """\
# Pods of this namespace get connections only from pods of this cluster, such as an ingress gateway.
# Name the peers of each app to be stricter. It has an effect where the cluster's network plugin supports it.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: from-this-cluster
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{namespaceSelector: {}}]
  egress: [{}]
"""
_RESOURCES = {
    "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
    "limits": {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "256Mi"},
}
_RIGHTS: dict[str, Any] = {
    "imagePullPolicy": "Always",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
    "pod": {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    },
}
_BUDGET = {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}
_APP_COMMENTS = {
    "  readinessProbe:": "Use a path that answers only when the app can serve.",
    "  imagePullPolicy:": "For a tag that never moves, IfNotPresent starts pods faster.",
    "  resources:": "Measure the app and correct these values. A container above its memory limit is killed.",
    "  disruptionBudget:": "Draining a node stops one pod at a time.",
    "  securityContext:": (
        "If the app writes files, mount a volume where it does (`volumeMounts: [{name: tmp, mountPath: /tmp}]` and\n"
        "`pod: {volumes: [{name: tmp, emptyDir: {}}]}`), or remove readOnlyRootFilesystem."
    ),
    "    automountServiceAccountToken:": "If the app calls the Kubernetes API, remove this line.",
    "    securityContext:": (
        "If the image needs root, remove runAsNonRoot, runAsUser and runAsGroup, and probably `drop` above.\n"
        "If it needs a user of its own, such as the owner of its files, write its number into runAsUser."
    ),
}
_IGNORE = "# rollspec's cache, and drafts that a killed run left; safe to delete\n/.rollspec/\n.rollspec-*.tmp\n"
PRE_COMMIT = ".pre-commit-config.yaml"
HOOKS = """\
  - repo: local
    hooks:
      - id: rollspec-validate
        name: rollspec validate
        entry: rollspec validate --hook --cached
        language: system
        files: \\.(ya?ml|json|j2)$
        always_run: true
        require_serial: true
      - id: rollspec-render
        name: rollspec render
        entry: rollspec render --hook
        language: system
        files: \\.(ya?ml|json|j2)$
        always_run: true
        require_serial: true
"""
PRE_COMMIT_CONFIG = f"# `pre-commit install` makes Git run these before each commit.\nrepos:\n{HOOKS}"


def project_files(env: str, namespace: str, *, hooks: bool, repository: Mapping[str, str]) -> dict[str, str]:
    """The files of a new project, by path; `hooks`: with a config of pre-commit; `repository`: what Git says of it."""
    layout = Layout()
    text = project_text().replace("  versions:", _VERSIONS)
    said: dict[str, Any] = {key: value for key, value in repository.items() if value}
    return {
        PROJECT_FILE: text + (indent(dump({"repository": said}), "  ") if "url" in said else ""),
        **overlay_files(layout, env, namespace),
        ".gitignore": _IGNORE,
        ".gitattributes": f"# a checkout with CRLF would look out of date\n/{layout.output}/** text eol=lf\n",
        **({PRE_COMMIT: PRE_COMMIT_CONFIG} if hooks else {}),
    }


def project_text() -> str:
    """The project file of a new project."""
    return _PROJECT


def overlay_files(layout: Layout, env: str, namespace: str) -> dict[str, str]:
    """The files of a new environment, by path: its overlay, and what it applies once for all of its apps."""
    overlay = layout.overlay(env)
    return {overlay: _overlay_text(env, namespace), f"{overlay.rpartition('/')[0]}/{_NETWORK_POLICY}": _NETWORK}


def _overlay_text(env: str, namespace: str) -> str:
    overlay: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Overlay",
        "metadata": {"name": env},
        "spec": {
            "namespace": namespace,
            "resources": [_NETWORK_POLICY],
            "policy": {"podSecurity": "baseline", "kinds": ["namespaced"]},
        },
    }
    return _commented(formatted(_OVERLAY + dump(overlay)), _OVERLAY_COMMENTS)


def app_text(name: str, image: str, tag: str, ports: list[dict[str, Any]], strategy: Mapping[str, Any]) -> str:
    """A new app spec, with what an app needs to run with few rights and to lose no request."""
    spec: dict[str, Any] = {"image": image, "tag": tag, "replicas": 2, "ports": ports}
    spec["resources"] = _RESOURCES
    if ports:
        port = ports[0].get("name") or ports[0].get("targetPort") or ports[0]["port"]
        is_http = str(ports[0].get("name", "")).startswith("http")
        spec["readinessProbe"] = {"httpGet": {"path": "/", "port": port}} if is_http else {"tcpSocket": {"port": port}}
    spec |= _RIGHTS | ({"strategy": dict(strategy)} if strategy else {}) | {"disruptionBudget": _BUDGET}
    text = formatted(f"# `rollspec schema App` has every field.\n{dump(app_document(name, spec))}")
    return _commented(text, _APP_COMMENTS)


def _commented(text: str, comments: Mapping[str, str]) -> str:
    """The text with a comment above each of these fields, by the beginning of its line."""
    for start, comment in comments.items():
        indentation = start[: len(start) - len(start.lstrip())]
        text = text.replace(f"\n{start}", f"\n{indent(comment, f'{indentation}# ')}\n{start}", 1)
    return text
