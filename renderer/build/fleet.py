"""What only the apps of an environment together show: two that claim the same, a patch that matches nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from renderer.build import UNMATCHED, Rendered
from renderer.build.places import Places
from renderer.build.setup import Setup
from renderer.layout import HEADER
from renderer.manifest import Manifest
from renderer.problem import Problem
from renderer.rules import Claim, claims, fleet
from renderer.yamlio import dump

RESOURCES = "_resources"


def fleet_problems(setup: Setup, rendered: Iterable[Rendered], envs: Sequence[str], *, whole: bool) -> list[Problem]:
    """Problems across the apps that were rendered; `whole` says that these are all apps of the environments."""
    claimed: dict[str, list[tuple[str, Claim]]] = {env: [] for env in envs}
    matched: dict[str, set[str]] = {env: set() for env in envs}
    failed: set[str] = set()
    for each in rendered:
        if each.env in claimed:
            claimed[each.env] += [(each.app, claim) for claim in each.claims]
            matched[each.env] |= each.matched
            if not each.files:
                failed.add(each.env)
    found = [problem for env in envs for problem in _clashes(setup, env, claimed[env])]
    if whole:
        found += [problem for env in envs if env not in failed for problem in _idle_patches(setup, env, matched[env])]
    places = Places(setup.texts)
    return [places.put(problem) for problem in found]


def resource_files(setup: Setup, env: str) -> Mapping[str, bytes]:
    """The plain manifests that an environment takes along, as they are written."""
    first_line = (
        f"{HEADER}{', '.join(document.file for document in setup.environments[env].chain)}; edits here are lost\n"
    )
    return {
        f"{setup.layout.output}/{env}/{RESOURCES}/{manifest.file}": (first_line + dump(manifest.data)).encode()
        for manifest in setup.resources[env]
    }


def _clashes(setup: Setup, env: str, claimed: list[tuple[str, Claim]]) -> list[Problem]:
    resources: Sequence[Manifest] = setup.resources.get(env, ())
    own = [(RESOURCES, claim) for claim in claims(resources, RESOURCES)]
    found = []
    for clash in fleet([*claimed, *own]):
        app = clash.claim.owner
        file = setup.environments[env].chain[0].file if app == RESOURCES else setup.layout.app(app)
        message = f"{clash.message} (in {env}: {clash.claim.file} at {clash.claim.pointer or '/'})"
        found.append(Problem(file, 1, 1, clash.rule, message))
    return found


def _idle_patches(setup: Setup, env: str, matched: set[str]) -> list[Problem]:
    """Patches of the overlay itself that matched no manifest of any app; one that it inherits may."""
    own = setup.environments[env].chain[0].file
    found = []
    for patch in setup.patches[env]:
        file, _, pointer = patch.source.partition("#")
        if file == own and patch.source not in matched:
            message = "the patch matches no manifest of this environment: mend its target, or remove it"
            found.append(Problem(file, 0, 0, UNMATCHED, message, pointer))
    return found
