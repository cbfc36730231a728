"""Effective spec -> manifests: the objects of an app, sorted by file name."""

from __future__ import annotations

from renderer.manifest import Manifest
from renderer.render import analysis, extras, files, istio, jobs, service, workload
from renderer.spec import App


def render(app: App) -> tuple[Manifest, ...]:
    """Every manifest of `app`, sorted by file name; pure, so that a restored spec gives the same bytes.

    `app.level` is the project's render level: code that would change the bytes of an older
    level must ask for it first.
    """
    manifests = [
        *workload.workloads(app),
        *service.services(app),
        *istio.routes(app),
        *extras.extras(app),
        *jobs.jobs(app),
        *files.config_maps(app),
        *analysis.templates(app),
    ]
    return tuple(sorted(manifests, key=lambda manifest: manifest.file))


def bootstrap(app: App) -> App:
    """What a new cluster should get while a release is in flight: the stable version alone.

    A new Rollout skips its steps, so with the canary's template the canary would get all the traffic. A paused
    Rollout creates no pods.
    """
    spec = {key: value for key, value in app.spec.items() if key != "paused"}
    return app._replace(canary=None, preview=None, spec=spec)
