"""A scenario's file as values: `fixtures/scenarios/<name>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "fixtures" / "scenarios"
OWN = {"title", "event", "wait", "settle", "pruneFirst", "applyAll", "allow", "verb", "app", "expect"}


UNBOUNDED = float("inf")


@dataclass(frozen=True)
class Allowance:
    """How far an invariant may be broken, and why: `longest` in seconds of one window, `most` windows or requests."""

    reason: str
    longest: float = UNBOUNDED
    most: float = UNBOUNDED

    def __str__(self) -> str:
        most = [] if self.most == UNBOUNDED else [f"at most {self.most}"]
        longest = [] if self.longest == UNBOUNDED else [f"for {self.longest} s at most"]
        return ", ".join([*most, *longest, self.reason])


@dataclass(frozen=True)
class Edit:
    """One step: a change of the manifests' facts, a verb, or an event in the cluster, and how long to look at it."""

    title: str
    facts: dict[str, Any] = field(default_factory=dict)  # see objects.FACTS; they stay for the edits that follow
    verb: str = ""  # a command line of rollspec, without the program
    app: dict[str, Any] | None = None  # fields of the app spec, merged into it
    event: str = ""  # controller-abort, controller-down, controller-up, scale N, ...
    wait: float | None = None  # look for so many seconds; without it until everything rests
    settle: bool = True
    prune_first: bool = False  # delete what is gone before the rest is applied
    apply_all: bool = False  # apply every manifest, not only those that changed
    allow: dict[str, Allowance] = field(default_factory=dict)  # invariants that may be broken here
    expect: dict[str, Any] = field(default_factory=dict)  # what the end of the edit must look like


@dataclass(frozen=True)
class Scenario:
    """One file."""

    name: str
    title: str
    facts: dict[str, Any]
    edits: list[Edit]
    spec: dict[str, Any] | None = None  # the app spec that `rollspec` renders; with it the edits are verbs
    level: int = 1  # the project's render level
    prometheus: dict[str, Any] | None = None  # a real one: {port, scrape}; the load generator counts as Istio does
    argocd: dict[str, Any] | None = None  # by Argo CD: {kind, options: [sync options], ignores, plugin: bool}
    shows: list[str] = field(default_factory=list)  # claims of docs/evidence.md
    trace: bool = True  # whether `make traces` keeps it; by default only where the edits name the manifests' facts
    alone: bool = False  # it stops engines that others need
    kills: bool = False  # it kills the controller, which comes back at once: beside others that do
    clients: int = 0  # the load's requests come from so many, each with a header x-user and its cookies
    header: str = ""  # name=value: 20 requests a second with this header, which go to the canary once it is Ready
    load: bool = True  # requests through Envoy all the time
    fails: list[str] = field(default_factory=list)  # a negative control: the invariants that have to break
    may: dict[str, Allowance] = field(default_factory=dict)  # invariants that may be broken in any edit


def allowances(data: dict[str, Any]) -> dict[str, Allowance]:
    """By invariant, what may be broken: each with a reason, and with a bound."""
    found = {name: Allowance(**given) for name, given in data.items()}
    unbounded = [name for name, given in found.items() if given.longest == given.most == UNBOUNDED]
    if unbounded:
        raise ValueError(f"{', '.join(unbounded)}: how long at the longest, or how many at most?")
    return found


def edit(number: int, data: dict[str, Any]) -> Edit:
    """An edit from its mapping; what is no key of its own is a fact of the manifests."""
    facts = {key: value for key, value in data.items() if key not in OWN}
    return Edit(
        title=data.get("title") or data.get("verb") or data.get("event") or f"edit {number}",
        facts=facts,
        verb=data.get("verb", ""),
        app=data.get("app"),
        event=data.get("event", ""),
        wait=data.get("wait"),
        settle=data.get("settle", True),
        prune_first=data.get("pruneFirst", False),
        apply_all=data.get("applyAll", False),
        allow=allowances(data.get("allow", {})),
        expect=data.get("expect", {}),
    )


def read(path: Path) -> Scenario:
    """The scenario of one file."""
    data = yaml.safe_load(path.read_text())
    edits = [edit(number, item) for number, item in enumerate(data.pop("edits"))]
    data.setdefault("trace", "spec" not in data)  # with a spec, every run is held against the plan
    data["may"] = allowances(data.pop("may", {}))
    return Scenario(name=path.stem, title=data.pop("title"), facts=data.pop("app", {}), edits=edits, **data)


def scenarios() -> dict[str, Scenario]:
    """Every scenario of the folder by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}
