"""Apps of an import whose selectors find pods of others: they run like that, and a selector cannot change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from renderer.importing.source import SourceObject
from renderer.manifest import Manifest
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.rules import claims, fleet
from renderer.rules.claims import OVERLAP


def overlapping(apps: Mapping[str, Iterable[SourceObject]], rest: Iterable[SourceObject]) -> list[str]:
    """The apps for `overlappingSelectors`, without which rules would report them. `rest` becomes `resources`."""
    owned = [*apps.items(), (RESOURCES, rest)]
    made = [(owner, claims([Manifest("", each.data) for each in objects], owner)) for owner, objects in owned]
    claimed = [(owner, claim) for owner, some in made for claim in some]
    found: set[str] = set()
    while more := {clash.allow for clash in fleet(claimed, found) if clash.rule == OVERLAP}:
        found |= more  # a selector under `resources` is reported with one app at a time
    return sorted(found)
