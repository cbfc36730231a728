"""Rules about a change of what sets the number of pods, and of its bounds.

A rule's docstring is its manual page.
"""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plan.side import Side, replicas
from renderer.rules.finding import Finding
from renderer.scaler import SCALERS, scaler_of


def autoscaling_on(old: Side, new: Side) -> Iterator[Finding]:
    """`replicas` is removed from the manifest: for `autoscaling`, or `replicas: external`.

    Applying the manifest then removes the field, and the API server sets 1: one pod, until the autoscaler acts (15 s).
    This does not happen if fields have owners (server-side apply, which the workload's annotation requests from Argo
    CD) and the autoscaler has changed the count. So it takes two stages; the second one is a warning if `argocd` is not
    configured.
    Source: measured on Argo CD 3.6; Kubernetes, "Migrating Deployments and StatefulSets to horizontal autoscaling".
    Do: first add `autoscaling` with a higher `minReplicas` and keep `replicas`; sync; once the autoscaler has acted,
    remove `replicas`. With a plain `kubectl apply`, remove it first with `kubectl apply edit-last-applied`.
    """
    before, after = replicas(old), replicas(new)
    if not isinstance(before, int) or before < 2 or after is not None:
        return
    pointer = "/spec/autoscaling" if "autoscaling" in new.app.spec else "/spec/replicas"
    if old.hands_over:
        if old.argocd is None:
            message = (
                "wait until the autoscaler has acted, and use server-side apply, with `.spec.replicas` among the "
                f"differences that Argo CD ignores: with a plain `kubectl apply` {before} pods or more become 1"
            )
            yield Finding("autoscaling-on", message, pointer, severity="warning")
        return
    if "autoscaling" not in new.app.spec:
        message = (
            f"`replicas` leaves the manifest: {before} pods become 1 until somebody scales; first `autoscaling` and "
            f"`replicas: {before}` (minReplicas {before + 1}), then without `replicas`, then `external` in its place"
        )
        yield Finding("autoscaling-on", message, pointer)
        return
    message = (
        f"`replicas` leaves the manifest: {before} pods become 1 until the autoscaler acts; keep `replicas: {before}` "
        f"for one more commit, with minReplicas {before + 1}, and remove it once that is synced and the autoscaler "
        "has acted (15 s)"
    )
    yield Finding("autoscaling-on", message, pointer)


def autoscaling_stage(old: Side, new: Side) -> Iterator[Finding]:
    """A change of an app that has both `replicas` and `autoscaling`, and still has both afterwards.

    This stage hands the count over to an autoscaler. Until it ends, each sync may set the count back to `replicas`, and
    a release replaces pods while their number falls. A changed pod template is an error (an undo a note); any other
    change is a warning.
    Source: Kubernetes (server-side apply: ownership of `replicas`), measured.
    Do: remove `replicas` once the autoscaler has scaled up, sync, and then release.
    """
    if not (old.app.hands_over and new.app.hands_over):
        return
    least = new.app.spec["autoscaling"].get("minReplicas", 1)
    count = f"the count of pods (at least {least}) may fall to {new.app.spec['replicas']}"
    if old.running != new.running:
        message = f"a release while `replicas` is next to `autoscaling`: {count}; remove `replicas` and sync first"
        undone = old.app.previous is not None and old.app.previous == new.app.stable
        yield Finding("autoscaling-stage", message, "/spec/replicas", severity="note" if undone else "error")
    else:
        message = f"`replicas` is still next to `autoscaling`, and {count}: remove it when the autoscaler has scaled up"
        yield Finding("autoscaling-stage", message, "/spec/replicas", severity="warning")


def autoscaling_down(old: Side, new: Side) -> Iterator[Finding]:
    """The count of pods may fall at once: fewer `replicas` replace `autoscaling`, or its `maxReplicas` falls.

    Git does not know how many pods the autoscaler runs now. Pods above the new number end at once, under any
    load.
    Source: Kubernetes API server (`replicas` is set to what is applied), autoscaler (the bounds come before metrics).
    Do: check with `kubectl get hpa`, and set a number that is not less than what runs.
    """
    before, after = old.app.spec.get("autoscaling"), new.app.spec.get("autoscaling")
    if before is None or old.app.hands_over:
        return
    most, bound = _most(old, before["maxReplicas"]), "/spec/autoscaling/maxReplicas"
    now, pointer = (
        (replicas(new), "/spec/replicas")
        if after is None or new.app.hands_over
        else (_most(new, after["maxReplicas"]), bound if before["maxReplicas"] != after["maxReplicas"] else "/spec")
    )
    if isinstance(now, int) and now < most:
        message = (
            f"up to {most} pods may run now, and those above {now} end at once, under any load: `kubectl get "
            f"hpa -n {new.app.namespace} {new.app.name}` says how many do"
        )
        yield Finding("autoscaling-down", message, pointer, severity="warning")


def _most(side: Side, written: int) -> int:
    """The upper bound in the manifest, which a patch may have changed, of the autoscaler that the spec asks for."""
    found = (each.data for each in side.manifests if each.kind in SCALERS and each.name == side.app.name)
    return next((scaler_of(data).most for data in found), written)
