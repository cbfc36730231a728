"""What happens in a cluster that no file says: pods that are lost, nodes that are drained, clients without a mesh."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import api, connections
from .lab import URGENT, kubectl
from .timeline import ending, labels

if TYPE_CHECKING:
    from .play import Player

EVICTION = 60.0  # seconds for which an eviction that the budget refuses is tried again, as `kubectl drain` does
OF_APP = "app.kubernetes.io/name=web"


def pods(player: Player, version: str = "") -> list[str]:
    """The names of the app's pods that are not ending, of all versions or of one."""
    listed = api.call("GET", f"{api.path('Pod', player.namespace)}?labelSelector={OF_APP}")["items"]
    mine = [pod for pod in listed if not ending(pod) and version in ("", labels(pod).get("version"))]
    return [str(pod["metadata"]["name"]) for pod in mine]


def pod_lost(player: Player, argument: str) -> None:
    """`VERSION`: one of its pods is deleted; `VERSION force`: without its grace period, as with its node."""
    version, _, force = argument.partition(" ")
    options = {"gracePeriodSeconds": 0} if force else {}
    api.call("DELETE", api.path("Pod", player.namespace, pods(player, version)[0]), options)


def drain(player: Player, _: str) -> None:
    """Every pod is evicted, as soon as its budget allows. The lab has one node, on which its successor starts."""
    for name in pods(player):
        api.wait(lambda name=name: evicted(player.namespace, name), EVICTION, f"eviction of {name}", every=0.5)


def evicted(namespace: str, name: str) -> bool:
    """Ask for an eviction; whether the budget allowed it, or the pod is gone."""
    review = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    try:
        api.call("POST", f"{api.path('Pod', namespace, name)}/eviction", review)
    except api.ApiError as refused:
        return bool(refused.code == 404)
    return True


def deployment_deleted(player: Player, _: str) -> None:
    """Somebody deletes the Deployment, and its pods with it."""
    kubectl("-n", player.namespace, "delete", "--wait=false", "deployment/web")


def scale_deployment(player: Player, argument: str) -> None:
    """Somebody, or an autoscaler, sets the Deployment's number of pods."""
    kubectl("-n", player.namespace, "scale", "deployment/web", f"--replicas={argument}")


def controller_version(player: Player, argument: str) -> None:
    """Another version of the controller goes on in the place of the one that runs."""
    with player.lab.turn:
        player.lab.kill("rollouts")
        before, player.lab.rollouts = player.lab.rollouts, argument
        try:
            player.lab.start_rollouts()
        finally:
            player.lab.rollouts = before


def connected(player: Player, _: str) -> None:
    """Clients without a mesh connect, and send requests from now on."""
    out = (player.folder / f"{player.namespace}.connections").open("wb")
    command = [*URGENT, sys.executable, "-m", "tests.engines.connections", player.namespace]
    player.servers.append(subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL))
    player.connected = time.time()


def connections_seen(player: Player, argument: str) -> None:
    """So many seconds later, what these clients were answered in that time, and lost since the last look."""
    start, since = time.time(), player.connected
    time.sleep(float(argument))
    player.found |= connections.seen(player.folder / f"{player.namespace}.connections", since, start)
    player.connected = time.time()


EVENTS: dict[str, Callable[[Player, str], Any]] = {
    "pod-lost": pod_lost,
    "drain": drain,
    "deployment-deleted": deployment_deleted,
    "scale-deployment": scale_deployment,
    "controller-version": controller_version,
    "connected": connected,
    "connections-seen": connections_seen,
}
