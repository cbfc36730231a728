"""A release and its abort of an imported app whose VirtualService leads to two Services, on the real engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import api, argocd
from .lab import kubectl
from .project import ROLLSPEC
from .sandbox import run
from .timeline import HASH

PATIENCE = 75.0
Sentence = tuple[bool, str]


def released(namespace: str, project: Path, names: list[str]) -> Iterator[Sentence]:
    """What holds while the only app has a canary at its first step, and after an abort: a sentence each.

    `names` are its Applications of Argo CD.
    """
    (rollout,) = _get(namespace, "rollouts")
    app, step = rollout["metadata"]["name"], _first_weight(rollout)
    pods = _pods(namespace)
    run(ROLLSPEC, "release", app, "9.9.9", "--adopt", "--env", namespace, cwd=project)
    yield _synced(names, commit(project, "Release")), f"{namespace}: Argo CD synced the release"
    yield _waited(lambda: _weights(namespace, rollout) == {100 - step: step}, f"{namespace}: the canary gets {step} %")
    yield _leads(namespace, rollout), f"{namespace}: each Service leads to its version"
    shares = _planned(project)
    yield shares.get("9.9.9", (0, 0))[0] == 0, f"{namespace}: the plan lets the canary begin at 0 % {shares}"
    run(ROLLSPEC, "abort", app, "--env", namespace, cwd=project)
    yield _synced(names, commit(project, "Abort")), f"{namespace}: Argo CD synced the abort"
    yield _waited(lambda: _weights(namespace, rollout) == {100: 0}, f"{namespace}: the abort takes all traffic back")
    lost = sorted(pods - _pods(namespace))
    yield not lost, f"{namespace}: no pod of the stable version is replaced by the release and its abort {lost or ''}"


def commit(project: Path, message: str) -> str:
    """Commit everything; the new commit."""
    who = ("-c", "user.name=lab", "-c", "user.email=lab@example.com", "-c", "commit.gpgsign=false")
    run("git", "add", "--all", cwd=project)
    run("git", *who, "commit", "--quiet", "--message", message, cwd=project)
    return run("git", "rev-parse", "HEAD", cwd=project).strip()


def _synced(names: list[str], sha: str) -> bool:
    """Whether Argo CD has applied a commit."""
    for name in names:
        argocd.refresh(name)
    return all(argocd.synced(name, sha, PATIENCE) for name in names)


def _planned(project: Path) -> dict[str, tuple[float, float]]:
    """The shares before and after that the plan of the last commit says, by version."""
    plan = json.loads(run(ROLLSPEC, "plan", "--base", "HEAD~1", "--head", "HEAD", "--format", "json", cwd=project))
    return {each["version"]: (each["before"], each["after"]) for each in plan["apps"][0]["timeline"]["tracks"]}


def _get(namespace: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kubectl("-n", namespace, "get", kind, "-o", "json"))["items"]
    return found


def _pods(namespace: str) -> set[str]:
    return {each["metadata"]["uid"] for each in _get(namespace, "pods")}


def _first_weight(rollout: dict[str, Any]) -> int:
    steps = rollout["spec"]["strategy"]["canary"]["steps"]
    return next(int(step["setWeight"]) for step in steps if "setWeight" in step)


def _weights(namespace: str, rollout: dict[str, Any]) -> dict[int, int]:
    """The weight of the canary by that of the stable version, of the routes that the Rollout divides."""
    canary = rollout["spec"]["strategy"]["canary"]
    given = canary["trafficRouting"]["istio"]["virtualService"]
    (routes,) = (each for each in _get(namespace, "virtualservices") if each["metadata"]["name"] == given["name"])
    found = {}
    for route in routes["spec"]["http"]:
        if route.get("name") in given["routes"]:
            by_host = {each["destination"]["host"]: each.get("weight", 0) for each in route["route"]}
            found[by_host[canary["stableService"]]] = by_host[canary["canaryService"]]
    return found


def _leads(namespace: str, rollout: dict[str, Any]) -> bool:
    """Whether the Services select the hashes that the Rollout's status has for the two versions."""
    canary = rollout["spec"]["strategy"]["canary"]
    (now,) = _get(namespace, "rollouts")
    hashes = {each["metadata"]["name"]: each["spec"]["selector"].get(HASH) for each in _get(namespace, "services")}
    status = now["status"]
    wanted = (status["stableRS"], status["currentPodHash"])
    return wanted[0] != wanted[1] and wanted == (hashes[canary["stableService"]], hashes[canary["canaryService"]])


def _waited(holds: Callable[[], bool], sentence: str) -> Sentence:
    try:
        api.wait(holds, PATIENCE, sentence, every=0.5)
    except TimeoutError:
        return False, sentence
    return True, sentence
