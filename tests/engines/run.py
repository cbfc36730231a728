"""Runs scenarios side by side on one lab: for `make e2e`, `make traces` and `make soak`."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from . import (
    argocd,
    autoscaler,
    board,
    defaults,
    digest,
    evidence,
    imports,
    judges,
    ports,
    prometheus,
    reloads,
    report,
    sandbox,
    sequences,
    soak,
    traces,
)
from .api import Watches
from .invariants import judged
from .lab import Lab, create_crds
from .lock import ROLLOUTS
from .play import Player, Recording
from .scenario import ROOT, Scenario, scenarios
from .unlabelled import with_tags
from .violation import Violation

SIDE_BY_SIDE = 6
STALE = "stale"  # the name that stands for the scenarios that are out of date
EDIT = 8  # seconds that an edit takes that is only waited for
WHOLE = 100  # random releases that are worth a page
LAST = ROOT / ".tools" / "engines"  # logs and results of the last run
FAILED = LAST / "failed"  # what happened in the scenarios that failed, as traces
SEQUENCES = LAST / "sequences"  # what happened in random releases without requests, as traces
# Scenarios that a version of Rollouts does not pass, and a rule warns of that.
NOT_ON = {"1.9.3": {"analysis-bluegreen-window": "rollback-window-checks"}}
PlayerType = Callable[[Lab, Watches, Scenario, Path], Player]


def run(arguments: argparse.Namespace) -> int:
    """Inside the sandbox: run the command; returns the exit code."""
    sandbox.prepare()
    if arguments.command == "defaults":
        return defaults.ask()
    if arguments.command == "e2e" and arguments.name in board.NAMES:
        return board.play(arguments.name)
    if arguments.command == "e2e" and arguments.name in imports.NAMES:
        return imports.play(arguments.name)
    if arguments.command == "e2e" and arguments.name in ports.NAMES:
        return ports.play(arguments.name)
    if arguments.command == "e2e" and arguments.name in reloads.NAMES:
        return reloads.play(arguments.name)
    prometheus.start()
    if arguments.command == "judges":
        return hear_judges()
    if arguments.command == "sequences":
        return compare_sequences(arguments)
    known = list(scenarios().values())
    if arguments.command == "soak":
        known = soak.releases(arguments.n, arguments.seed)
        print(f"{arguments.n} releases, seed {arguments.seed}")
    chosen = [scenario for scenario in known if any(part in scenario.name for part in arguments.name.split("|"))]
    left_out = {name: rule for version in arguments.rollouts or () for name, rule in NOT_ON.get(version, {}).items()}
    for name, rule in left_out.items():
        print(f"{name} is left out: rule {rule}")
    chosen = [scenario for scenario in chosen if scenario.name not in left_out]
    if arguments.command == "e2e" and arguments.name == STALE:
        chosen = out_of_date(arguments.rollouts or ROLLOUTS[:1])
        if not chosen:
            print("no scenario is out of date")
            return 0
    if not chosen:
        print(f"no scenario has `{arguments.name}` in its name", file=sys.stderr)
        return 2
    return {"traces": record, "e2e": judge, "soak": judge}[arguments.command](arguments, chosen)


def out_of_date(versions: Sequence[str]) -> list[Scenario]:
    """The scenarios that were played with other objects, other plans or another lab."""
    names = {name for version in versions for name in digest.stale(evidence.all_known(), version)}
    return [scenario for name, scenario in scenarios().items() if name in names]


def hear_judges() -> int:
    """Hold every rendered folder against the other judges, and write what they and we say of mutants."""
    lab = Lab(ROLLOUTS[0], sandbox.RUN / "logs-judges")
    lab.start()
    create_crds(["argocd"], [])
    found = judges.folders()
    judges.namespaces(found)
    complaints = [(folder.path, verdict) for folder in found for verdict in judges.judged(folder)]
    for path, verdict in complaints:
        print(f"FAIL {path}: {verdict.judge}: {verdict.words}")
    cases = list(judges.cases())
    judges.DOCS.write_text(judges.page(cases))
    unheard = [c for c in cases if c.theirs and not c.ours]
    print(f"{len(found)} folders, {len(complaints)} complaints; {len(cases)} mutants, {len(unheard)} not found by us")
    lab.stop()
    return 1 if complaints or unheard else 0


def record(arguments: argparse.Namespace, chosen: Sequence[Scenario]) -> int:
    """Write a trace of each scenario for each version of Rollouts; what the requests get is of no interest here."""
    quiet = [dataclasses.replace(scenario, load=False) for scenario in chosen if scenario.trace]
    for version in arguments.rollouts or ROLLOUTS:
        for scenario, recording, error in started(version, quiet):
            print(traces.write(recording) if recording else f"{scenario.name}: {error}", flush=True)
    return 0


def judge(arguments: argparse.Namespace, chosen: Sequence[Scenario]) -> int:
    """Play each scenario and hold the invariants against it; exit code 1 when one does not hold."""
    results, versions = [], arguments.rollouts or ROLLOUTS[:1]
    for version in versions:
        shutil.rmtree(FAILED / version, ignore_errors=True)
        for scenario, recording, error in started(version, chosen):
            recording = recording and with_tags(recording)
            found, excused = judged(recording) if recording else ([Violation("played", "", error)], [])
            results.append(report.result(scenario, version, recording, found, excused))
            print(report.lines(results[-1], verbose=getattr(arguments, "verbose", False)), flush=True)
            if recording and not results[-1]["passed"]:
                print(f"       what happened: {traces.write(recording, FAILED)}", flush=True)
    report.write(LAST / f"{arguments.command}{evidence.suffix(versions)}.json", results)
    heard = 0
    if arguments.command == "e2e" and arguments.name:
        evidence.add(results)
    if arguments.command == "e2e" and not arguments.name:
        evidence.write(results, versions)
        heard = 0 if evidence.suffix(versions) else hear_judges()
    if arguments.command == "soak" and len(results) >= WHOLE:
        evidence.write_soak(results, arguments.seed, versions)
    print("\n".join([*report.extremes(results), report.summary(results)]))
    return heard or (0 if all(result["passed"] for result in results) else 1)


def compare_sequences(arguments: argparse.Namespace) -> int:
    """Play random releases without requests, and hold every edit against the simulator; exit code 1 under 99 %."""
    chosen, results = sequences.sequences(arguments.n, arguments.seed), []
    print(f"{arguments.n} releases, seed {arguments.seed}")
    for version in arguments.rollouts or ROLLOUTS:
        player = partial(sequences.Replayer, sequences.rendered(chosen, version))
        recorded = []
        for scenario, recording, error in started(version, chosen, player, sequences.SIDE_BY_SIDE):
            if recording is None:
                print(f"{scenario.name}: {error}", flush=True)
                continue
            recorded.append(traces.trace(recording))
            traces.write(recording, SEQUENCES)
        results.append(sequences.agreement(version, recorded))
        print("\n".join(sequences.lines(results[-1])), flush=True)
    if arguments.n >= sequences.WHOLE:
        sequences.PAGE.write_text(sequences.page(results, arguments.seed))
    return 0 if all(result.percent >= sequences.LEAST for result in results) else 1


def started(
    version: str,
    chosen: Sequence[Scenario],
    player: PlayerType = autoscaler.AutoscaledPlayer,
    side_by_side: int = SIDE_BY_SIDE,
) -> Iterator[tuple[Scenario, Recording | None, str]]:
    """Start a lab, play the scenarios, stop it and keep the engines' logs."""
    lab = Lab(version, sandbox.RUN / f"logs-{version}")
    try:
        lab.start()
        if any(scenario.argocd is not None for scenario in chosen):
            argocd.start(lab)
        if any((scenario.argocd or {}).get("plugin") for scenario in chosen):
            argocd.start_plugin(lab)
        yield from play_all(lab, chosen, player, side_by_side)
        lab.check()
    finally:
        lab.stop()
        shutil.rmtree(LAST / version, ignore_errors=True)
        shutil.copytree(lab.logs, LAST / version)


def play_all(
    lab: Lab, chosen: Sequence[Scenario], player: PlayerType, most: int
) -> Iterator[tuple[Scenario, Recording | None, str]]:
    """Recordings as they get finished: the scenarios that share the lab, those that kill its controller, the others.

    A controller that is killed comes back at once: who kills it stands the kills of others too, at any moment.
    """
    watches = Watches()
    began = time.monotonic()
    number = 0
    with autoscaler.served(watches) if autoscaler.is_needed(chosen) else nullcontext():
        for group, side_by_side in zip(groups(chosen), (most, most, 1), strict=True):
            with ThreadPoolExecutor(side_by_side) as pool:
                futures = {pool.submit(play, lab, watches, scenario, player): scenario for scenario in group}
                for future in as_completed(futures):
                    number += 1
                    progress(number, len(chosen), futures[future], began)
                    yield futures[future], *future.result()


def groups(chosen: Sequence[Scenario]) -> tuple[list[Scenario], list[Scenario], list[Scenario]]:
    """Those that leave the engines alone, those that kill the controller, those that stop an engine; longest first."""
    found: tuple[list[Scenario], list[Scenario], list[Scenario]] = ([], [], [])
    for scenario in sorted(chosen, key=length, reverse=True):
        found[2 if scenario.alone else 1 if scenario.kills else 0].append(scenario)
    return found


def length(scenario: Scenario) -> float:
    """About how many seconds a scenario takes: the longest begin first, so that none of them is alone at the end."""
    waits = [edit.wait or float(edit.event.partition("wait ")[2] or EDIT) for edit in scenario.edits]
    return sum(waits) * (1 if scenario.argocd is None else 2)


def play(lab: Lab, watches: Watches, scenario: Scenario, player: PlayerType) -> tuple[Recording | None, str]:
    """The scenario's recording, or why there is none."""
    try:
        return player(lab, watches, scenario, Path(lab.logs)).play(), ""
    except Exception as failed:
        (lab.logs / f"{scenario.name}.error").write_text(traceback.format_exc())
        return None, f"{type(failed).__name__}: {failed}"


def progress(number: int, total: int, scenario: Scenario, began: float) -> None:
    """How far we are."""
    print(f"  {number}/{total} {scenario.name}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
