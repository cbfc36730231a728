"""Edits of a cluster: manifests applied as kubectl or Argo CD would, an abort by the controller, time that passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from renderer.manifest import WORKLOADS, Manifest
from renderer.simulate.objects import KINDS, put, remove, wave
from renderer.simulate.record import Edit
from renderer.simulate.run import run, settle
from renderer.simulate.state import TICK, Cluster, Options, World
from renderer.simulate.timeline import Timeline

DEFAULT = Options()
WAVE_SECONDS = 2.0  # between two sync waves of Argo CD


def apply(cluster: Cluster, manifests: Sequence[Manifest], options: Options = DEFAULT) -> tuple[Cluster, Timeline]:
    """The cluster at rest after these manifests became what Git says, and what happened on the way.

    Manifests that were not changed are not touched; objects that are not among them are pruned. Files go in their
    order by sync wave, then by name. Kinds that no controller of the simulation reads are passed over.
    """
    edit = begin(cluster, options)
    stable = stable_version(edit.world)
    wanted = {manifest.identity: manifest for manifest in manifests if manifest.kind in KINDS}
    gone = [manifest for identity, manifest in edit.world.applied.items() if identity not in wanted]
    gone = [] if options.prune == "never" else [manifest for manifest in gone if not _is_kept(manifest)]
    if options.prune == "first":
        for manifest in gone:
            remove(edit, manifest)
    changed = [manifest for manifest in wanted.values() if options.apply_all or _changed(edit, manifest)]
    _put_all(edit, sorted(changed, key=_order))
    _prune(edit, [manifest for manifest in gone if manifest.kind not in WORKLOADS])
    if gone:
        run(edit, stop=lambda: _healthy(edit.world, wanted.values()))
    if _healthy(edit.world, wanted.values()):
        _prune(edit, gone)
    run(edit)
    if options.controller_abort:
        _abort(edit)
    return Cluster(edit.world), edit.timeline(stable)


def abort(cluster: Cluster, options: Options = DEFAULT) -> tuple[Cluster, Timeline]:
    """The controller aborts a release in flight by itself."""
    edit = begin(cluster, options)
    stable = stable_version(edit.world)
    _abort(edit)
    return Cluster(edit.world), edit.timeline(stable)


def wait(cluster: Cluster, seconds: float, options: Options = DEFAULT) -> tuple[Cluster, Timeline]:
    """Time passes: pods of old versions are scaled down when their delay is over."""
    edit = begin(cluster, options)
    stable = stable_version(edit.world)
    run(edit, until=edit.since + seconds)
    return Cluster(edit.world), edit.timeline(stable)


def begin(cluster: Cluster, options: Options) -> Edit:
    """An edit of a copy, after the time that passed since the last one."""
    world = cluster.world.copy()
    if options.elapsed:
        run(Edit(world, options, world.now), until=world.now + options.elapsed)
    edit = Edit(world, options, world.now)
    edit.record()
    return edit


def _put_all(edit: Edit, manifests: Sequence[Manifest]) -> None:
    """One after the other, with time for the controllers in between; waves wait for each other."""
    for number, manifest in enumerate(manifests):
        if number and wave(manifest) != wave(manifests[number - 1]):
            run(edit, until=edit.world.now + WAVE_SECONDS)
        put(edit, manifest)
        edit.world.now += TICK
        settle(edit)


def _changed(edit: Edit, manifest: Manifest) -> bool:
    before = edit.world.applied.get(manifest.identity)
    return before is None or before.data != manifest.data


def _is_kept(manifest: Manifest) -> bool:
    """Whether an annotation keeps Argo CD from deleting the object, or lets it wait until somebody confirms it."""
    return not manifest.sync_options.isdisjoint(("Prune=false", "Prune=confirm"))


def _order(manifest: Manifest) -> tuple[int, str]:
    return wave(manifest), manifest.file


def _prune(edit: Edit, manifests: Iterable[Manifest]) -> None:
    """Delete what is still there, in the reverse of the order in which it was applied."""
    for manifest in sorted(manifests, key=_order, reverse=True):
        if manifest.identity in edit.world.applied:
            remove(edit, manifest)
            edit.world.now += TICK
    settle(edit)


def _healthy(world: World, manifests: Iterable[Manifest]) -> bool:
    """Whether Argo CD would go on to prune: every workload that stays is Healthy."""
    keys = [(manifest.kind, f"{manifest.namespace}/{manifest.name}") for manifest in manifests]
    phases = [world.rollouts[key].status.phase for kind, key in keys if kind == "Rollout"]
    phases += [world.deployments[key].phase for kind, key in keys if kind == "Deployment"]
    return all(phase == "Healthy" for phase in phases)


def _abort(edit: Edit) -> None:
    for rollout in edit.world.rollouts.values():
        if rollout.status.stable != rollout.status.current:
            rollout.status = replace(rollout.status, aborted=True)
            edit.wrote()
    run(edit)


def stable_version(world: World) -> str:
    """The version that serves before the edit."""
    hashes = [rollout.status.stable for rollout in world.rollouts.values()]
    hashes += [deployment.spec.template.hash for deployment in world.deployments.values()]
    return next((world.names[found] for found in hashes if found), "")
