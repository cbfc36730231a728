"""The steps of a spec, checked by the rules over Rollouts before a release renders them into a manifest."""

from __future__ import annotations

from dataclasses import replace

from renderer.manifest import Manifest, Object
from renderer.rules import analysis, http, metric_names, steps
from renderer.rules.finding import Finding, ManifestRule, Scene
from renderer.rules.rollouts import canary_of
from renderer.rules.step_routes import check_step_routes
from renderer.rules.table import AT_STEPS

_RULES: tuple[ManifestRule, ...] = (
    steps.rollout_steps,
    steps.managed_routes,
    http.route_match,
    analysis.analysis_templates,
    analysis.analysis_args,
    analysis.analysis_terminates,
    metric_names.analysis_metric_names,
)
_STRATEGY = "/spec/strategy"


def check_ladder(scene: Scene, name: str, ladder: list[Object]) -> list[Finding]:
    """The findings of a release of the Rollout `name` with these steps; pointers are into the effective spec.

    Empty if the Rollout has these steps already: `check` looks at them then.
    """
    within = tuple(_with_steps(manifest, name, ladder) for manifest in scene.manifests)
    if within == scene.manifests:
        return []
    going = scene.with_manifests(within)
    found = [finding for rule in _RULES for finding in rule(going)]
    found += check_step_routes(going, AT_STEPS)
    prefix = f"{_STRATEGY}/canary/steps/"
    return [
        replace(finding, pointer=_STRATEGY + finding.pointer.removeprefix(f"{_STRATEGY}/canary"), manifest=None)
        for finding in found
        if finding.pointer.startswith(prefix) and finding.manifest is not None and finding.manifest.name == name
    ]


def check_pinned(scene: Scene, name: str, pinning: list[Object]) -> list[Finding]:
    """The findings in the routes of a release with `istio.canaryHeaders`, whose steps pin requests, while none runs."""
    going = scene.with_manifests(_with_steps(manifest, name, pinning) for manifest in scene.manifests)
    found = check_step_routes(going, AT_STEPS)
    return [replace(finding, pointer="/spec/istio/canaryHeaders", manifest=None) for finding in found]


def _with_steps(manifest: Manifest, name: str, ladder: list[Object]) -> Manifest:
    canary = canary_of(manifest) if (manifest.kind, manifest.name) == ("Rollout", name) else None
    if canary is None or canary.get("steps") == ladder:
        return manifest
    spec = manifest.data["spec"]
    strategy = {**spec["strategy"], "canary": {**canary, "steps": ladder}}
    return replace(manifest, data={**manifest.data, "spec": {**spec, "strategy": strategy}})
