"""What a person or an autoscaler does to a simulated cluster; nothing in the product does it."""

from __future__ import annotations

from dataclasses import replace

from renderer.simulate import Cluster, Options, Timeline
from renderer.simulate.edits import begin, stable_version
from renderer.simulate.run import run


def retry(cluster: Cluster, options: Options) -> tuple[Cluster, Timeline]:
    """Somebody starts an aborted release again (`kubectl argo rollouts retry`)."""
    edit = begin(cluster, options)
    for rollout in edit.world.rollouts.values():
        rollout.status = replace(rollout.status, aborted=False)
    edit.wrote()
    run(edit)
    return Cluster(edit.world), edit.timeline(stable_version(edit.world))


def scale(cluster: Cluster, replicas: int, options: Options) -> tuple[Cluster, Timeline]:
    """Somebody sets the number of pods through the scale subresource, as an autoscaler does."""
    edit = begin(cluster, options)
    for rollout in edit.world.rollouts.values():
        rollout.replicas = replicas
    for deployment in edit.world.deployments.values():
        deployment.replicas = replicas
    edit.wrote()
    run(edit)
    return Cluster(edit.world), edit.timeline(stable_version(edit.world))
