"""Results as `docs/benchmarks.md`: ratios first, absolute times beside the machine they were measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench import reference
from tests.bench.goals import WORDS, Key, floor, goals, in_words
from tests.bench.measure import Result
from tests.bench.peers import BESIDE

HEAD = """\
# Benchmarks

`make bench` measures and writes this page. Each number is the median of several runs of whole processes, from start to
end, in memory (`/dev/shm`), so that the disk does not matter. A generated app has five or six manifests (a canary or
blue-green Rollout or a Deployment, Services, routes, a budget, an account) and five kilobytes of output. One patch of
the overlay applies to every workload, and a third of the apps have a partial app in the first environment.
[fleet.md](fleet.md) says what to do with ten thousand apps.

"""
LACKING = "Goals `render, by rollspec {0}`: not measured: this clone lacks {0}.\n".format(reference.COMMIT[:8])


def page(
    results: Sequence[Result],
    shares: Mapping[str, float],
    missed: Mapping[Key, Mapping[str, float]],
    machine: str,
    load: tuple[float, float],
    has_reference: bool = True,
) -> str:
    """The whole page. `shares` are seconds by step of a cold run, `missed` those of the runs that missed a goal.

    Without the reference's commit, which a shallow clone lacks, the page says which goals are not measured.
    """
    found = {(each.name, each.apps, each.envs): each for each in results}
    parts = [HEAD, _goals(results), "" if has_reference else LACKING, _against_peers(found)]
    parts += ["![Milliseconds an app](benchmarks.svg)\n", _growth(found)]
    parts += [_machine(machine, load), _absolute(results), _shares(shares)]
    parts += [_missed(results, key, spent) for key, spent in missed.items()]
    return "\n".join(part for part in parts if part)


def _against_peers(found: Mapping[Key, Result]) -> str:
    """How many times the time of ours each peer takes for an app."""
    rows = []
    for ours in (each for each in found.values() if each.name == BESIDE):
        for each in found.values():
            if each.name.startswith(("kustomize", "Helm")):
                cpu = each.sample.cpu / each.apps / (ours.sample.cpu / ours.apps)
                rows.append(f"| {each.name} | {each.apps:,} | {each.each / ours.each:.1f} | {cpu:.1f} |")
    head = (
        "## Against peers\n\nHow many times as long as rollspec's cold run a peer takes for an app, with the same work "
        "in the same run. rollspec also\nchecks every manifest against schemas and rules, and writes each into a file; "
        "of the peers only Helm's engine writes files.\n\n"
        "| peer | apps | times the wall time | times the processor time |\n| --- | --- | --- | --- |\n"
    )
    return head + "\n".join(rows) + "\n" if rows else ""


def _sizes(found: Mapping[Key, Result], envs: int) -> list[int]:
    return sorted(apps for name, apps, count in found if name == "cold" and count == envs)


def _growth(found: Mapping[Key, Result]) -> str:
    rows = []
    for envs in sorted({key[2] for key in found}):
        sizes = [apps for apps in _sizes(found, envs) if apps >= 100]
        for apps in sizes[1:]:
            first, last = found["cold", sizes[0], envs], found["cold", apps, envs]
            cpu = last.sample.cpu / last.apps / (first.sample.cpu / first.apps)
            rows.append(f"| {sizes[0]:,} to {apps:,} | {envs} | {last.each / first.each:.2f} | {cpu:.2f} |")
    head = (
        "## Growth\n\nThe time of one app in the larger project by that in the smaller; 1 is linear.\n\n"
        "| apps | environments | wall time | processor time |\n| --- | --- | --- | --- |\n"
    )
    return head + "\n".join(rows) + "\n" if rows else ""


def _machine(machine: str, load: tuple[float, float]) -> str:
    busy = max(load) > 3.5
    told = (
        f"The machine was busy with other work meanwhile (load {load[0]:.1f} at the start, {load[1]:.1f} at the end): "
        "wall times are\nlonger than on a quiet one; the ratios and the processor times say more.\n"
        if busy
        else f"Load {load[0]:.1f} at the start, {load[1]:.1f} at the end, this run's own work included.\n"
    )
    return f"## Absolute times\n\n{machine}. {told}"


def _goals(results: Sequence[Result]) -> str:
    rows = [
        f"| {each.what} | {each.size} | {each.limit} | {each.measured} | {'met' if each.is_met else '**not met**'} |"
        for each in goals(results)
    ]
    paces = {each.slowness for each in results}
    slower = (
        f"A goal in seconds was set on a machine on which rollspec {reference.COMMIT[:8]} rendered {reference.APPS:,} "
        f"apps in {reference.SECONDS} s.\nHere it took {min(paces, default=1):.2f} to "
        f"{max(paces, default=1):.2f} times as long: it ran before and after each group of commands, and the table\n"
        "shows each of these goals times what was measured around its command.\n\n"
    )
    head = (
        "## Goals\n\nWhat the project promises on two processors, and what was measured (wall time). The end of "
        "this page\nshows where the time is spent for goals that are not met.\n\n"
        f"{slower if paces - {1.0} else ''}"
        "| what | apps x environments | goal | measured | verdict |\n| --- | --- | --- | --- | --- |\n"
    )
    return head + "\n".join(rows) + "\n"


def _absolute(results: Sequence[Result]) -> str:
    rows = [
        f"| {WORDS.get(each.name, each.name)} | {each.apps:,} x {each.envs} | {in_words(each.sample.wall)} "
        f"| {in_words(each.sample.cpu)} | {each.each:.2f} ms | {each.sample.peak:.0f} MB | {each.runs} |"
        for each in results
    ]
    head = (
        "All of it. `an app` is wall time by apps and environments; `peak` is the memory of the largest process,\nbut "
        "at least that of the benchmark when it started the process.\n\n"
        "| what | apps x environments | wall | processors | an app | peak | runs |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    return head + "\n".join(rows) + "\n"


def _shares(shares: Mapping[str, float]) -> str:
    head = (
        "## Where the time is spent\n\nShares of the processor time of a cold run in one process; "
        "`python -m tests.bench --shares --project DIR` shows\nthem for a project of yours.\n\n"
    )
    return head + _steps(shares)


def _missed(results: Sequence[Result], key: Key, spent: Mapping[str, float]) -> str:
    name, apps, envs = key
    least = floor(results, key)
    head = f"### Not met: {WORDS[name]}, {apps:,} x {envs}\n\nThe processor time of such a run in one process"
    told = (
        f". The floor, {WORDS[least.name].removeprefix('floor: ')}, takes {in_words(least.sample.wall)}"
        if least
        else ""
    )
    return f"{head}{told}.\n\n{_steps(spent)}"


def _steps(spent: Mapping[str, float]) -> str:
    """Seconds by step as a table, without what takes next to nothing."""
    whole = sum(spent.values())
    rows = [
        f"| {step} | {in_words(each)} | {100 * each / whole:.0f} % |"
        for step, each in spent.items()
        if each >= whole / 200
    ]
    return "| step | time | share |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"
