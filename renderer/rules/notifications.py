"""A rule over annotations for an Application of Argo CD, such as subscriptions to notifications: who reads them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from renderer.lazy import regex
from renderer.manifest import KINDS_OF_ARGOCD
from renderer.plain import escape
from renderer.rules.finding import Finding, Scene

_SUBSCRIPTION = regex(r"notifications\.argoproj\.io/subscribe(\.(?P<trigger>[^.]*))?\.")
_OF_APPLICATIONS = regex(
    r"argocd\.argoproj\.io/(manifest-generate-paths|refresh|hydrate)$|argocd-image-updater\.argoproj\.io/"
)
_OF_ROLLOUTS = regex(r"on-(rollout|analysis|scaling)-")


def notifications(scene: Scene) -> Iterator[Finding]:
    """An annotation that Argo CD reads only from an Application, on another object.

    These are subscriptions to Argo CD's notifications, `argocd.argoproj.io/manifest-generate-paths`, `refresh` and
    `hydrate`, and all annotations of Argo CD Image Updater. Subscriptions of a Rollout to the triggers of Argo Rollouts
    (`on-rollout-completed`, `on-analysis-run-failed`, ...) are not reported.

    Why: Argo CD reads `notifications.argoproj.io/subscribe...` from Applications and AppProjects alone, and the others
    from Applications. On a Deployment or a Service such an annotation has no effect: nobody is notified.
    Fix: Move the annotation to `argocd.annotations` of the app, of the overlay, or of the project file.
    Source: Argo CD (notification subscriptions, manifest paths annotation), Argo CD Image Updater, Argo Rollouts
    (notifications).
    """
    seen: set[str] = set()
    for manifest in scene.index.annotated:
        for key in manifest.data["metadata"]["annotations"]:
            if not _is_of_an_application(key) or key in seen or manifest.kind in KINDS_OF_ARGOCD:
                continue
            found = _SUBSCRIPTION.match(key)
            if found and _is_read(scene, found["trigger"] or ""):
                continue
            seen.add(key)
            message = (
                f"Argo CD reads {key} only on an Application, so "
                f"{'nobody is notified' if found else 'it does nothing'}: move it to "
                "`argocd.annotations` of the app, the overlay or the project file"
            )
            yield Finding("notifications", message, f"/metadata/annotations/{escape(key)}", manifest, "warning")


@lru_cache(maxsize=1024)  # the objects of a project have the same annotations
def _is_of_an_application(key: str) -> bool:
    return ".argoproj.io/" in key and bool(_SUBSCRIPTION.match(key) or _OF_APPLICATIONS.match(key))


def _is_read(scene: Scene, trigger: str) -> bool:
    """Whether a Rollout of the app has this trigger, which is then on all of its objects."""
    return bool(scene.of("Rollout")) and bool(_OF_ROLLOUTS.match(trigger))
