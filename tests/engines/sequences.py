"""`make sequences`: random releases on the real controller without requests, against what the simulator says of them.

Their manifests are rendered beforehand and side by side, so that many namespaces wait for the controller at once.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from . import soak
from .agreement import compared
from .api import Object, Watches
from .digest import Offline
from .lab import Lab
from .play import Player
from .scenario import ROOT, Edit, Scenario

SIDE_BY_SIDE = 28  # namespaces at once
WHOLE = 300  # releases that are worth a page
LEAST = 99.0  # percent of the edits that must agree
PAGE = ROOT / "docs" / "sequences.md"
JUDGED = ("shares", "serving")  # the sequence of each version's shares, and the fewest Ready pods of what serves
LATE = " (the next edit came before the controller did anything)"
AFTER_LATE = " (after that edit)"
ALL_READY = " (the new pods were Ready before the controller looked again)"
Manifests = list[dict[str, Object]]


@dataclass(frozen=True)
class Agreement:
    """How many edits the simulator told right on a version of Rollouts, and those that it did not."""

    rollouts: str
    releases: int
    edits: int
    moving: int  # of these, those in which a share changed
    wrong: tuple[tuple[str, str, str], ...]  # release, edit, what did not agree

    @property
    def percent(self) -> float:
        """Of all edits those that agree."""
        return 100 * (1 - len(self.wrong) / max(1, self.edits))


def sequences(number: int, seed: int) -> list[Scenario]:
    """Random releases that send no requests."""
    return [dataclasses.replace(release, load=False) for release in soak.releases(number, seed)]


def rendered(chosen: Sequence[Scenario], rollouts: str) -> dict[str, Manifests]:
    """By release, the manifests after each edit."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = pool.map(after_edits, chosen, [rollouts] * len(chosen), chunksize=4)
        return dict(zip([scenario.name for scenario in chosen], found, strict=True))


def after_edits(scenario: Scenario, rollouts: str) -> Manifests:
    """The rendered manifests of a release after each edit."""
    with tempfile.TemporaryDirectory() as folder:
        project = Offline(Path(folder), scenario.name, scenario, rollouts)
        return [_made(project, edit) for edit in scenario.edits]


def _made(project: Offline, edit: Edit) -> dict[str, Object]:
    for line in edit.verb.split("; ") if edit.verb else ():
        project.verb(line)
    if edit.app is not None:
        project.edit(edit.app)
    return project.manifests()


class Replayer(Player):
    """Plays a release whose manifests are rendered already."""

    quiet = 6.0  # with so many namespaces, the controller may be silent for some seconds and not be done

    def __init__(
        self, rendered: dict[str, Manifests], lab: Lab, watches: Watches, scenario: Scenario, to: Path
    ) -> None:
        """`rendered`: of all releases; `to`: the folder for logs."""
        super().__init__(lab, watches, scenario, to)
        self.rendered = rendered[scenario.name]

    def wanted(self, edit: Edit) -> dict[str, Object]:
        """The manifests after the edit."""
        return next(made for each, made in zip(self.scenario.edits, self.rendered, strict=True) if each is edit)


def agreement(rollouts: str, recorded: Sequence[dict[str, Any]]) -> Agreement:
    """Hold each edit of these traces against the simulator."""
    wrong: list[tuple[str, str, str]] = []
    seen: Counter[str] = Counter()
    for trace in sorted(recorded, key=lambda each: str(each["scenario"])):
        why = ""
        for edit, (title, found) in zip(trace["edits"], compared(trace), strict=True):
            seen["edits"] += 1
            seen["moving"] += len({tuple(point["share"].items()) for point in edit["points"]}) > 1
            if bad := [what for what in JUDGED if what in found]:
                why = _why(edit["points"], bad, why)
                wrong.append((trace["scenario"], title, " and ".join(bad) + why))
    return Agreement(rollouts, len(recorded), seen["edits"], seen["moving"], tuple(wrong))


def _why(points: Sequence[dict[str, Any]], bad: Sequence[str], before: str) -> str:
    """Why an edit went otherwise, where its points show that; `before`: why the one before it did."""
    if len(points) == 1:
        return LATE
    if before in (LATE, AFTER_LATE):
        return AFTER_LATE
    return ALL_READY if bad == ["serving"] and _ends_no_pod_early(points) else ""


def _ends_no_pod_early(points: Sequence[dict[str, Any]]) -> bool:
    """Whether the controller ended the first pod when no other one was still to become Ready."""
    for one, other in pairwise(points):
        if any(other["pods"].get(version, 0) < pods for version, pods in one["pods"].items()):
            return bool(one["pods"] == one["ready"])
    return False


def lines(result: Agreement) -> list[str]:
    """For the terminal: what did not agree, and the figure."""
    head = f"Rollouts {result.rollouts}: {result.edits - len(result.wrong)} of {result.edits} edits agree"
    return [
        *(": ".join(each) for each in result.wrong),
        f"{head} ({result.percent:.1f} %), {result.moving} move traffic",
    ]


def page(results: Sequence[Agreement], seed: int) -> str:
    """The page with the figures and each edit that did not agree."""
    lines = ["# The simulator against the real controller", ""]
    lines += ["Generated by `make sequences` from its last whole runs; do not edit.", ""]
    lines += [f"Random releases (seed {seed}) are played on the real controller without requests. Of each edit, the"]
    lines += [
        "sequence of every version's shares, and the fewest Ready pods of the versions that have a share, are compared"
    ]
    lines += ["with what the simulator says."]
    lines += [
        "",
        "| Rollouts | releases | edits | edits that move traffic | agree |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in results:
        agree = f"{one.edits - len(one.wrong)} ({one.percent:.1f} %)"
        lines.append(f"| {one.rollouts} | {one.releases} | {one.edits} | {one.moving} | {agree} |")
    lines += ["", "## What did not agree", ""]
    rows = [(one.rollouts, *each) for one in results for each in one.wrong]
    lines += [f"- {row[0]}, `{row[1]}`, {row[2]}: {row[3]}" for row in rows] or ["Nothing."]
    return "\n".join(lines) + "\n"
