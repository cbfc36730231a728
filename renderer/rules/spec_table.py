"""The rules over effective specs, in one table: what each looks at; and the two times at which they run."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from renderer.rules import checks, specs
from renderer.rules.finding import Finding, is_called_for
from renderer.rules.specs import STATES, SpecRule, SpecScene


class Rule(NamedTuple):
    """A rule, and where it has something to look at."""

    judge: SpecRule
    needs: frozenset[str]  # the fields of a spec, its strategy or the policy, without all of which it finds nothing
    as_rendered: bool  # it needs the numbers of the patched manifests (see `as_rendered`)


def rule(judge: SpecRule, *needs: str, as_rendered: bool = False) -> Rule:
    """A line of the table; without `needs` the rule looks at each spec."""
    return Rule(judge, frozenset(needs), as_rendered)


_ANALYSIS = ("analysis", "prePromotionAnalysis", "postPromotionAnalysis")

RULES: dict[str, Rule] = {
    "ports-missing": rule(specs.ports_missing),
    "port-twice": rule(specs.port_twice, "ports"),
    "container-once": rule(specs.container_once, "pod"),
    "replicas-and-autoscaling": rule(specs.replicas_and_autoscaling, "autoscaling"),
    "surge-and-unavailable": rule(specs.surge_and_unavailable, "maxSurge"),
    "release-state": rule(specs.release_state, *STATES),
    "version-label": rule(specs.version_label, "podMetadata", *STATES),
    "canary-weight": rule(specs.canary_weight, "canary"),
    "canary-share": rule(specs.canary_share, "canary", "steps", as_rendered=True),
    "ladder-end": rule(specs.ladder_end, "steps"),
    "canary-headers": rule(specs.canary_headers, "istio"),
    "canary-routes": rule(specs.canary_routes, "istio", "router"),
    "mesh-hosts": rule(specs.mesh_hosts, "istio"),
    "match-without-default": rule(specs.match_without_default, "istio"),
    "level-1-lists": rule(specs.level_1_lists),
    "workload-sync-options": rule(specs.workload_sync_options),
    "service-sync-wave": rule(specs.service_sync_wave, "service", "services"),
    "files-clash": rule(specs.files_clash, "files", *STATES),
    "service-account": rule(specs.service_account, "serviceAccount"),
    "serving-sidecar": rule(specs.serving_sidecar, "pod", *STATES),
    "service-fields": rule(specs.service_fields, "service"),
    "istio-fields": rule(specs.istio_fields, "istio"),
    "disruption-budget": rule(specs.disruption_budget, "disruptionBudget"),
    "migration": rule(specs.migration, "migration"),
    "policy-labels": rule(specs.policy_labels, "requiredLabels"),
    "tag-pinned": rule(specs.tag_pinned, "tags"),
    "analysis-level": rule(checks.analysis_level, *_ANALYSIS),
    "analysis-window": rule(checks.analysis_window, *_ANALYSIS),
    "analysis-count": rule(checks.analysis_count, *_ANALYSIS),
    "analysis-percent": rule(checks.analysis_percent, *_ANALYSIS),
    "analysis-port": rule(checks.analysis_port, *_ANALYSIS),
    "analysis-starting-step": rule(checks.analysis_starting_step, *_ANALYSIS),
    "analysis-time": rule(checks.analysis_time, *_ANALYSIS),
    "analysis-required": rule(checks.analysis_required, *_ANALYSIS),
}
SPEC_RULES: dict[str, SpecRule] = {name: each.judge for name, each in RULES.items()}
_NEEDED = frozenset(word for each in RULES.values() for word in each.needs)
_AS_RENDERED = [each.judge for each in RULES.values() if each.as_rendered]


def check_spec(scene: SpecScene) -> list[Finding]:
    """Every finding of the spec rules that need no manifest."""
    here = _NEEDED & {*scene.app.spec, *scene.app.strategy.fields, *scene.policy}
    return [finding for judge in _called_for(here) for finding in judge(scene)]


@lru_cache(maxsize=4096)  # the specs of a project have a few forms
def _called_for(here: frozenset[str]) -> tuple[SpecRule, ...]:
    """The rules that may have something to look at, where these fields are."""
    alone = (each for each in RULES.values() if not each.as_rendered)
    return tuple(each.judge for each in alone if is_called_for(each.needs, here))


def check_rendered(scene: SpecScene) -> list[Finding]:
    """Every finding of the spec rules that need the numbers of the patched manifests."""
    return [finding for judge in _AS_RENDERED for finding in judge(scene)]
