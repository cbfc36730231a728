"""The ReplicaSet controller and the kubelet: pods come and go until each ReplicaSet has its number."""

from __future__ import annotations

from renderer.simulate.record import Edit
from renderer.simulate.state import NEVER, Pod, ReplicaSet

MAX_LOOKS = 5_000_000  # at a pod in one edit, some seconds: 1,000 replaced one by one take 3 million


class TooManyPodsError(Exception):
    """The edit has more pods, or moves them in more steps, than are played."""


def replica_sets(edit: Edit) -> None:
    """One pass over all ReplicaSets. Raises TooManyPodsError, before there are as many."""
    for one in edit.world.sets:
        edit.looks += max(one.wanted, len(one.pods))
        if edit.looks > MAX_LOOKS:
            raise TooManyPodsError
        if len(one.pods) < one.wanted:
            one.pods += [_pod(edit, one)] * (one.wanted - len(one.pods))
            edit.wrote()
        elif len(one.pods) > one.wanted:
            one.pods = _kept(one, edit.world.now)
            edit.wrote()


def _pod(edit: Edit, one: ReplicaSet) -> Pod:
    now, options = edit.world.now, edit.options
    return Pod(now, NEVER if one.version in options.never_ready else now + options.ready_after)


def _kept(one: ReplicaSet, now: float) -> list[Pod]:
    """Pods that are not Ready go first, then the youngest (`controller.ActivePodsWithRanks`)."""
    ranked = sorted(one.pods, key=lambda pod: (pod.ready > now, pod.ready, pod.created))
    return ranked[: one.wanted]


def add_set(edit: Edit, one: ReplicaSet) -> ReplicaSet:
    """A new ReplicaSet in the world."""
    edit.world.births += 1
    one.born = edit.world.births
    edit.world.sets.append(one)
    edit.world.writes += 1
    return one


def remove_sets(edit: Edit, owner: str) -> None:
    """A workload is gone, and its ReplicaSets and pods with it."""
    edit.world.sets = [one for one in edit.world.sets if one.owner != owner]
