"""Argo CD in the lab: its controllers as processes, and Applications that sync a project's Git repository."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from . import api
from .lab import KUBECONFIG, Lab, create_crds, kubectl
from .lock import program
from .sandbox import RUN

ROOT = Path(__file__).parents[2]
HOME = RUN / "argocd"
NAMESPACE = "argocd"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"
PROJECTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/appprojects"
REPO_SERVER = ["--repo-server", "127.0.0.1:8081"]
REDIS = ["--redis", "127.0.0.1:6379"]
PLUGIN = "rollspec"


def start(lab: Lab) -> None:
    """Start Redis, the repo-server, the application and the ApplicationSet controller; returns when they are there."""
    create_crds(["argocd"], namespaces=[NAMESPACE])
    write_settings()
    lab.spawn("redis", str(program("redis", "miniredis")))
    ports = ["--address", "127.0.0.1", "--port", "8081", "--metrics-address", "127.0.0.1", "--metrics-port", "8084"]
    run(lab, "repo-server", *REDIS, *ports, "--disable-tls", "--client-ca-path=")
    metrics = ["--metrics-port", "8082"]
    plain = ["--repo-server-plaintext", "--repo-server-timeout-seconds", "30"]
    cluster = ["--kubeconfig", str(KUBECONFIG), "--namespace", NAMESPACE]
    run(
        lab,
        "application-controller",
        *cluster,
        *REDIS,
        *REPO_SERVER,
        *plain,
        *metrics,
        "--app-resync",
        "600",
        "--self-heal-timeout-seconds",
        "1",
    )
    sets = ["--argocd-repo-server", "127.0.0.1:8081", "--repo-server-plaintext", "--metrics-addr", "127.0.0.1:8085"]
    run(
        lab,
        "applicationset-controller",
        *cluster,
        *sets,
        "--probe-addr",
        "127.0.0.1:8086",
        "--webhook-addr",
        "127.0.0.1:7000",
    )


def start_plugin(lab: Lab) -> None:
    """Start the command server of the plugin that docs/examples shows; in a cluster it is a sidecar."""
    (HOME / "config").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "docs/examples/argocd-plugin/plugin.yaml", HOME / "config")
    run(lab, "cmp-server", "--config-dir-path", str(HOME / "config"))
    socket = HOME / "plugins" / f"{PLUGIN}.sock"
    api.wait(socket.exists, 20, "the plugin's socket")


def run(lab: Lab, name: str, *flags: str) -> None:
    """Start one of Argo CD's programs: it is one binary that looks at its name."""
    environment = {
        "ARGOCD_BINARY_NAME": f"argocd-{name}",
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_PLUGINSOCKFILEPATH": str(HOME / "plugins"),
        "ARGOCD_TLS_DATA_PATH": str(HOME / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(HOME / "ssh"),
        "HOME": str(HOME),
        "HOSTNAME": "argocd-application-controller-0",
        "TMPDIR": str(HOME / "tmp"),
        "PATH": f"{program('argocd', 'argocd').parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    lab.spawn(f"argocd-{name}", str(program("argocd", "argocd")), *flags, env=environment)


def write_settings() -> None:
    """Argo CD's folders, its ConfigMaps and Secret, and the project `default`."""
    for folder in ("tls", "ssh", "tmp", ".kube", "plugins"):
        (HOME / folder).mkdir(parents=True, exist_ok=True)
    (HOME / "ssh" / "ssh_known_hosts").touch()
    shutil.copy(KUBECONFIG, HOME / ".kube" / "config")
    label = {"app.kubernetes.io/part-of": "argocd"}
    settings = {"argocd-cm": {"timeout.reconciliation": "600s", "application.resourceTrackingMethod": "annotation"}}
    for name in (
        "argocd-cm",
        "argocd-rbac-cm",
        "argocd-tls-certs-cm",
        "argocd-ssh-known-hosts-cm",
        "argocd-gpg-keys-cm",
    ):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": label},
            "data": settings.get(name, {}),
        }
        api.call("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", body)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "argocd-secret", "labels": label},
        "stringData": {"server.secretkey": "lab"},
    }
    api.call("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)
    everything = {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default"},
        "spec": everything,
    }
    api.wait(lambda: api.call("POST", PROJECTS, project), 20, "the project")


def applied(body: api.Object, options: list[str], ignores: bool) -> list[str]:
    """Apply the rendered Application(Set), changed as a control asks for; returns its Applications' names."""
    whole = body["spec"].get("template", body)["spec"]
    whole["syncPolicy"]["syncOptions"] += options
    if not ignores:
        whole.pop("ignoreDifferences", None)
        body["spec"].pop("templatePatch", None)
    kubectl("apply", "-f", "-", stdin=json.dumps(body))
    name = body["metadata"]["name"]
    if body["kind"] == "Application":
        return [name]
    return [f"{name}-{element['app']}" for element in body["spec"]["generators"][0]["list"]["elements"]]


def forget(body: api.Object, names: list[str]) -> None:
    """Take them away and leave what they made."""
    if body["kind"] == "ApplicationSet":
        kubectl("-n", NAMESPACE, "delete", "applicationset", body["metadata"]["name"], "--cascade=orphan")
    for name in names:
        api.call("PATCH", f"{APPLICATIONS}/{name}", {"metadata": {"finalizers": None}}, "application/merge-patch+json")
        api.call("DELETE", f"{APPLICATIONS}/{name}")


def refresh(name: str) -> None:
    """Ask for a look at Git now, as a webhook does."""
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    send = partial(api.call, "PATCH", f"{APPLICATIONS}/{name}", patch, "application/merge-patch+json")
    api.wait(send, 20, f"Application {name}")


def status(name: str) -> dict[str, Any]:
    """The Application's status; empty while there is none."""
    listed = api.call("GET", APPLICATIONS)["items"]
    return next((found.get("status", {}) for found in listed if found["metadata"]["name"] == name), {})


def apply_project(body: api.Object) -> None:
    """Apply an AppProject, as an Application of the platform does."""
    kubectl("apply", "-f", "-", stdin=json.dumps(body))


def forget_project(name: str) -> None:
    """Delete an AppProject."""
    api.call("DELETE", f"{PROJECTS}/{name}")


def sync_by_hand(name: str) -> None:
    """Start a sync as `argocd app sync` does: Argo CD's API server adds the Application's own sync options."""
    options = api.call("GET", f"{APPLICATIONS}/{name}")["spec"]["syncPolicy"]["syncOptions"]
    sync = {"prune": True, "syncOptions": options}
    operation = {"operation": {"initiatedBy": {"username": "lab"}, "sync": sync}}
    api.call("PATCH", f"{APPLICATIONS}/{name}", operation, "application/merge-patch+json")


def held(name: str, commit: str, seconds: float = 10) -> bool:
    """Wait until the Application sees that it is behind a commit; whether it then starts no sync for some seconds."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        now = status(name).get("sync", {})
        if now.get("status") == "OutOfSync" and now.get("revision") == commit:
            break
        time.sleep(0.2)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if status(name).get("sync", {}).get("status") != "OutOfSync":
            return False
        time.sleep(0.2)
    return True


def synced(name: str, commit: str, timeout: float = 60) -> bool:
    """Wait until the Application has synced a commit and its operation has ended; False when it does not in time."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        now = status(name)
        done = now.get("operationState", {}).get("phase") in (None, "Succeeded")
        if done and now.get("sync", {}).get("status") == "Synced" and now["sync"].get("revision") == commit:
            return True
        time.sleep(0.2)
    return False
