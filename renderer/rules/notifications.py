"""A rule over subscriptions to notifications: who reads the annotation."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.lazy import regex
from renderer.plain import escape
from renderer.rules.finding import Finding, Scene

_SUBSCRIPTION = regex(r"notifications\.argoproj\.io/subscribe(\.(?P<trigger>[^.]*))?\.")
_OF_ROLLOUTS = regex(r"on-(rollout|analysis|scaling)-")
_READ = frozenset(("Application", "ApplicationSet", "AppProject"))


def notifications(scene: Scene) -> Iterator[Finding]:
    """An object that is not an Application subscribes to Argo CD's notifications.

    Subscriptions of a Rollout to the triggers of Argo Rollouts (`on-rollout-completed`, `on-analysis-run-failed`,
    ...) are not reported.

    Why: Argo CD reads `notifications.argoproj.io/subscribe...` from Applications and AppProjects alone. On a
    Deployment or a Service the annotation has no effect, and nobody is notified.
    Fix: Move the annotation to `argocd.annotations` of the app, of the overlay, or of the project file.
    Source: Argo CD (notification subscriptions), Argo Rollouts (notifications).
    """
    seen: set[str] = set()
    for manifest in scene.index.annotated:
        for key in manifest.data["metadata"]["annotations"]:
            found = _SUBSCRIPTION.match(key)
            if not found or key in seen or manifest.kind in _READ or _is_read(scene, found["trigger"] or ""):
                continue
            seen.add(key)
            message = (
                f"Argo CD reads {key} only on an Application, so nobody is notified: move it to "
                "`argocd.annotations` of the app, the overlay or the project file"
            )
            yield Finding("notifications", message, f"/metadata/annotations/{escape(key)}", manifest, "warning")


def _is_read(scene: Scene, trigger: str) -> bool:
    """Whether a Rollout of the app has this trigger, which is then on all of its objects."""
    return bool(scene.of("Rollout")) and bool(_OF_ROLLOUTS.match(trigger))
