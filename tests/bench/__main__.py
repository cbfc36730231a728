"""`python -m tests.bench`: measure, print, and write docs/benchmarks.md and docs/benchmarks.svg."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tests.bench import machine, reference, starts
from tests.bench.goals import COMPARED, goals
from tests.bench.measure import Result, workplace
from tests.bench.ours import COMMANDS, LARGEST, ROLLSPEC, command_results, growth_results, profiles, project_results
from tests.bench.peers import peer_results
from tests.bench.plot import plot
from tests.bench.projects import generate
from tests.bench.report import page
from tests.bench.rows import log_results
from tests.bench.shares import shares
from tests.bench.verbs import FLEET, verb_results

DOCS = Path(__file__).parent.parent.parent / "docs"


def numbers(text: str) -> list[int]:
    """`1,100` as numbers."""
    return [int(part) for part in text.split(",")]


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--apps", type=numbers, default=[1, 100, 1000, 10_000, 50_000], help="sizes, such as 1,100")
    parser.add_argument("--envs", type=numbers, default=[1, 3], help="numbers of environments, such as 1,3")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command; the median counts")
    parser.add_argument("--no-peers", action="store_true", help="leave kustomize and Helm out")
    parser.add_argument("--no-write", action="store_true", help="show the page instead of writing docs/")
    parser.add_argument("--quick", action="store_true", help="1 and 100 apps, 3 runs, nothing written: a minute")
    parser.add_argument("--shares", action="store_true", help="only show where a cold run spends its time")
    parser.add_argument("--project", type=Path, help="with --shares: this project instead of a generated one")
    return parser.parse_args()


def measured(place: Path, chosen: argparse.Namespace) -> Iterator[Result]:
    """Every result; each is shown as it comes."""
    shown = (_shown(group) for group in _groups(place, chosen))
    if reference.APPS in chosen.apps and reference.is_here():
        return reference.paced(shown, reference.slowness(place))
    return chain.from_iterable(shown)


def _groups(place: Path, chosen: argparse.Namespace) -> Iterator[Iterator[Result]]:
    yield command_results(place, max(chosen.runs, 5))
    if reference.APPS in chosen.apps and reference.is_here():
        for envs in chosen.envs:
            yield reference.reference_results(place, envs, min(chosen.runs, 3))
    for apps in chosen.apps:
        if apps > LARGEST:
            yield growth_results(place, apps)
            continue
        for envs in chosen.envs:
            yield project_results(place, apps, envs, chosen.runs)
    if FLEET in chosen.apps:
        yield verb_results(place)
    if starts.APPS in chosen.apps:
        yield starts.start_results(place)
    if max(chosen.apps) >= COMPARED:
        yield log_results(place, ROLLSPEC, chosen.runs)
    if not chosen.no_peers:
        yield peer_results(place, min(COMPARED, max(chosen.apps)), chosen.runs)


def _shown(results: Iterator[Result]) -> Iterator[Result]:
    for result in results:
        sample = result.sample
        told = f"{sample.wall:8.3f} s wall {sample.cpu:8.3f} s processors {sample.peak:6.0f} MB"
        print(f"{result.apps:6} x {result.envs}  {result.name:28} {told}", flush=True)
        yield result


def steps(place: Path, project: Path | None) -> dict[str, float]:
    """Seconds of each step of a cold run; nothing of the project is changed."""
    project = project or generate(place / "shares", 1000, 1)
    return shares(["-C", str(project), "render", "--no-cache", "--jobs", "1", "--output", str(place / "out")])


def main() -> None:
    """Measure and write."""
    chosen = options()
    if chosen.quick:
        chosen.apps, chosen.envs, chosen.runs, chosen.no_write = [1, 100], [1], 3, True
    with workplace() as folder:
        place = Path(folder)
        if chosen.shares:
            found = {"render": steps(place, chosen.project)}
            if not chosen.project:
                more = profiles(place, [(name, 1000, 1) for name in ("plan", "validate a change")])
                found |= {name: spent for (name, _, _), spent in more.items()}
            for name, spent in found.items():
                print(f"{name}, 1,000 apps" if not chosen.project else name)
                print("\n".join(f"  {step:24}{seconds * 1000:9.1f} ms" for step, seconds in spent.items()))
            return
        before = machine.load()
        results = list(measured(place, chosen))
        load = (before, machine.load())
        unmet = [each.key for each in goals(results) if not each.is_met and each.key and each.key[0] in COMMANDS]
        missed = profiles(place, list(dict.fromkeys(unmet)))
        is_complete = reference.APPS not in chosen.apps or reference.is_here()
        text = page(results, steps(place, None), missed, machine.description(), load, is_complete)
    if chosen.no_write:
        print(text)
        return
    (DOCS / "benchmarks.md").write_text(text)
    (DOCS / "benchmarks.svg").write_text(plot(results))


main()
