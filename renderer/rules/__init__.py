"""The rules over manifests (see `table`): `check` runs those that a scene calls for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from renderer.rules.claims import Claim, claims, routed_hosts
from renderer.rules.finding import Finding, ManifestRule, Scene, is_called_for
from renderer.rules.fleet import FLEET_RULES, Clash, could_clash, fleet, is_for_a_cluster, is_of_namespace
from renderer.rules.known_pods import KnownPods, pods_of
from renderer.rules.step_routes import check_step_routes
from renderer.rules.table import AT_STEPS, FOR_APPS, NEEDED, OF_APPS, OF_PODS, RULES, SECTIONS
from renderer.rules.words import words

__all__ = [
    "FLEET_RULES",
    "MANIFEST_RULES",
    "SECTIONS",
    "Claim",
    "Clash",
    "Finding",
    "KnownPods",
    "ManifestRule",
    "Scene",
    "check",
    "check_in_parts",
    "check_resources",
    "claims",
    "could_clash",
    "fleet",
    "is_for_a_cluster",
    "is_of_namespace",
    "routed_hosts",
]

MANIFEST_RULES: dict[str, ManifestRule] = {name: rule.judge for name, rule in RULES.items()}
_IN_PART = 8  # rules: their code fits into a processor's caches
_PARTS = [[*RULES][start : start + _IN_PART] for start in range(0, len(RULES), _IN_PART)]


def check_resources(scene: Scene) -> list[Finding]:
    """The findings over an environment's `resources`, by the rules that need no object of an app."""
    parts = _called_for(_words_of(scene), leave_out=OF_APPS)
    return [finding for part in parts for judge in part for finding in judge(scene)]


def check(scene: Scene, known: KnownPods | None = None) -> list[Finding]:
    """Every finding of every rule that the scene's kinds and fields call for, in the order of the table."""
    return [finding for part in check_in_parts(scene, known) for finding in part]


def check_in_parts(scene: Scene, known: KnownPods | None = None) -> Iterator[list[Finding]]:
    """The findings of `check`, one part of the table after the other; the parts are the same for every scene.

    `known` are the pods that need no second look, and will be those of this scene too if nothing is found in them.
    """
    here, pods = _words_of(scene), b"" if known is None else pods_of(scene)
    is_known = known is not None and pods in known
    is_clean = True
    for part in _called_for(here, leave_out=OF_PODS) if is_known else _called_for(here):
        found: list[Finding] = []
        for judge in part:
            found += judge(scene)
        if found and is_clean:
            is_clean = not any(each.rule in OF_PODS for each in found)
        yield found
    if known is not None and not is_known and is_clean:
        known.add(pods)
    if "steps" in here:
        yield [*check_step_routes(scene, AT_STEPS)]


def _words_of(scene: Scene) -> frozenset[str]:
    found = NEEDED & words(scene.index)
    return found | (FOR_APPS & scene.resource_kinds.keys()) if scene.resource_kinds else found


@lru_cache(maxsize=4096)  # the apps of a project have a few forms
def _called_for(
    here: frozenset[str], *, leave_out: frozenset[str] = frozenset()
) -> tuple[tuple[ManifestRule, ...], ...]:
    """The rules of each part of the table that may have something to look at, where these words are."""
    needed = dict(_needing(here))
    return tuple(tuple(needed[rule] for rule in part if rule in needed and rule not in leave_out) for part in _PARTS)


def _needing(here: frozenset[str]) -> Iterator[tuple[str, ManifestRule]]:
    for section in SECTIONS:
        for name, rule in section.rules.items() if is_called_for(section.kinds, here) else ():
            if is_called_for(rule.needs, here):
                yield name, rule.judge
