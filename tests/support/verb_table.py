"""Every release state by every verb: what the verb does to the spec, the step list, the pod template and the
cluster (the class of its plan), or why not.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from renderer.plan import without_simulation
from renderer.problem import errors
from renderer.release import switches, verbs
from renderer.release.outcome import Outcome, Refusal
from renderer.usecases.edited import Act, Edited, edit_app
from renderer.usecases.effective import environment_for
from renderer.usecases.project import Opened, open_project
from renderer.yamlio import dump, load
from tests.support.cases import OVERLAY, PROJECT
from tests.support.plans import side

_BASE: dict[str, Any] = {
    "image": "ghcr.io/acme/web",
    "tag": "1.4.2",
    "replicas": 4,
    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    "env": {"LOG": "info"},
}
_REPLICA = {"type": "Canary"}
_ISTIO = {"type": "Canary", "router": "istio"}
_STEPS = [{"setWeight": 10}, {"pause": {"duration": "10m"}}, {"setWeight": 50}]
_LADDER = {**_ISTIO, "steps": [*_STEPS, {"pause": {}}]}
_BY_ITSELF = {**_ISTIO, "steps": [*_STEPS, {"setWeight": 100}], "autoPromotionEnabled": True}
_HEADERS = {"istio": {"canaryHeaders": {"x-canary": "1"}}}
_NEW = {"tag": "1.5.0"}
_OLD = {"tag": "1.4.1"}

# State -> what the overlay's partial app says beside the base.
STATES: dict[str, dict[str, Any]] = {
    "rolling": {},
    "rolling-released": {"previous": {**_OLD, "overrides": {"env": {"LOG": "debug"}}}},
    "recreate": {"strategy": {"type": "Recreate"}},
    "bluegreen": {"strategy": {"type": "BlueGreen"}},
    "bluegreen-preview": {"strategy": {"type": "BlueGreen"}, "preview": _NEW},
    "bluegreen-promoted": {"strategy": {"type": "BlueGreen"}, "previous": _OLD},
    "bluegreen-aborted": {"strategy": {"type": "BlueGreen"}, "aborted": _NEW},
    "replica": {"strategy": _REPLICA},
    "replica-canary": {"strategy": _REPLICA, "canary": {**_NEW, "weight": 25}},
    "replica-raised": {"strategy": _REPLICA, "canary": {**_NEW, "weight": 50, "from": 25}},
    "istio": {"strategy": _ISTIO},
    "istio-canary": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 20}},
    "istio-canary-overrides": {
        "strategy": _ISTIO,
        "canary": {**_NEW, "weight": 20, "overrides": {"env": {"LOG": "debug", "NEW": "1"}}},
    },
    "istio-raised": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 50, "from": 20}},
    "istio-lowered": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 20, "from": 50}},
    "istio-100": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 100, "from": 50}},
    "istio-dark": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 0}},
    "istio-headers": {"strategy": _ISTIO, **_HEADERS, "canary": {**_NEW, "weight": 20}},
    "istio-headers-idle": {"strategy": _ISTIO, **_HEADERS},
    "istio-headers-dark": {"strategy": _ISTIO, **_HEADERS, "canary": {**_NEW, "weight": 0, "from": 20}},
    "istio-promoted": {"strategy": _ISTIO, "previous": {**_OLD, "weight": 50}},
    "istio-undone": {"strategy": _ISTIO, "previous": {**_NEW, "undone": True}},
    "istio-aborted": {"strategy": _ISTIO, "aborted": {**_NEW, "weight": 50}},
    "istio-paused": {"strategy": _ISTIO, "canary": {**_NEW, "weight": 20}, "paused": True},
    "ladder": {"strategy": _LADDER},
    "ladder-canary": {"strategy": _LADDER, "canary": _NEW},
    "ladder-promoted": {"strategy": _LADDER, "previous": {**_OLD, "weight": 50}},
    "ladder-aborted": {"strategy": _LADDER, "aborted": _NEW},
    "ladder-by-itself": {"strategy": _BY_ITSELF},
    "ladder-by-itself-canary": {"strategy": _BY_ITSELF, "canary": _NEW},
    "ladder-by-itself-promoted": {"strategy": _BY_ITSELF, "previous": {**_OLD, "weight": 100}},
    "ladder-by-itself-aborted": {"strategy": _BY_ITSELF, "aborted": _NEW},
    "ladder-by-itself-undone": {"strategy": _BY_ITSELF, "previous": _OLD},
    "bluegreen-paused": {"strategy": {"type": "BlueGreen"}, "preview": _NEW, "paused": True},
    "to-rollout": {"strategy": _ISTIO, "migration": {"from": {"type": "RollingUpdate"}}},
    "to-deployment": {"strategy": {"type": "RollingUpdate"}, "migration": {"from": _ISTIO}},
    "bluegreen-to-deployment": {"strategy": _REPLICA, "migration": {"to": {"type": "RollingUpdate"}}},
    "to-deployment-policy": {
        "strategy": {"type": "RollingUpdate"},
        "istio": {"trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": 100}}}},
        "migration": {"from": _ISTIO},
    },
    "after-istio": {
        "strategy": _REPLICA,
        "istio": {"trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": 100}}}},
        "migration": {"after": _ISTIO},
    },
    "autoscaled": {
        "replicas": None,
        "autoscaling": {"minReplicas": 4, "maxReplicas": 9, "cpu": 70},
        "resources": {"requests": {"cpu": "100m"}},
    },
    "worker": {"ports": [], "strategy": _REPLICA, "canary": {**_NEW, "weight": 25}},
}

_LATER = "2026-01-31T12:00:00Z"


def spec_in_state(state: str) -> dict[str, Any]:
    """The effective spec of an app in a state."""
    return {**_BASE, **STATES[state]}


def _release(spec: Mapping[str, Any], **more: Any) -> Outcome:
    """A release with a weight where the strategy wants one."""
    strategy = spec.get("strategy", {})
    weighted = strategy.get("type") == "Canary" and "steps" not in strategy
    return verbs.release(spec, more.pop("tag", "1.6.0"), weight=20 if weighted else None, **more)


VERBS: dict[str, Act] = {
    "release 1.6.0": _release,
    "release 1.6.0 --replace": partial(_release, replace=True),
    "release 1.5.0 --replace": partial(_release, tag="1.5.0", replace=True),
    "release --set env.LOG=trace": partial(_release, tag=None, overrides={"env": {"LOG": "trace"}}),
    "weight 60": partial(verbs.weight, share=60),
    "weight 10": partial(verbs.weight, share=10),
    "weight 0": partial(verbs.weight, share=0),
    "weight 100": partial(verbs.weight, share=100),
    "weight 60 --live (0)": partial(verbs.weight, share=60, live={"weight": 0}),
    "promote": verbs.promote,
    "abort": verbs.abort,
    "retry": verbs.retry,
    "retry --weight 10": partial(verbs.retry, share=10),
    "undo": verbs.undo,
    "undo --weight 20": partial(verbs.undo, weight=20),
    "undo --redo": partial(verbs.undo, redo=True),
    "restart": partial(verbs.restart, now=_LATER),
    "pause": verbs.pause,
    "resume": verbs.resume,
    "switch --to RollingUpdate": partial(switches.switch, to="RollingUpdate", router=None),
    "switch --to Recreate": partial(switches.switch, to="Recreate", router=None),
    "switch --to BlueGreen": partial(switches.switch, to="BlueGreen", router=None),
    "switch --to Canary --router replica": partial(switches.switch, to="Canary", router="replica"),
    "switch --to Canary --router istio": partial(switches.switch, to="Canary", router="istio"),
    "switch --to RollingUpdate --one-commit": partial(
        switches.switch, to="RollingUpdate", router=None, one_commit=True
    ),
    "switch --continue": switches.go_on,
    "switch --abort": switches.take_back,
}


@dataclass(frozen=True)
class Row:
    """One pair: the edited spec, or why the verb does not fit."""

    verb: str
    result: Edited | Refusal


def project(state: str, folder: Path) -> Opened:
    """A project whose one app is in the state."""
    files = {
        "rollspec.yaml": PROJECT,
        "overlays/production/overlay.yaml": OVERLAY,
        "apps/web.yaml": dump(_document(_BASE)),
        "overlays/production/apps/web.yaml": dump(_document(STATES[state])),
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return open_project(str(folder))


def rows(opened: Opened) -> list[Row]:
    """Every verb in the project's state."""
    environment = environment_for(opened, None)
    return [Row(verb, edit_app(opened, environment, "web", act)) for verb, act in VERBS.items()]


def describe(opened: Opened, row: Row) -> str:
    """The row as text for the golden file."""
    if isinstance(row.result, Refusal):
        return f"## {row.verb}\nrefused: {row.result.message}\n"
    wrong = errors(row.result.problems)
    if wrong:
        return f"## {row.verb}\nproblem: {wrong[0].rule}: {wrong[0].message}\n"
    before = workload(opened, _before(opened))
    after = workload(opened, row.result.rendered)
    lines = [f"## {row.verb}", *_diff(opened, row.result)]
    lines += [f"{kind}: {json.dumps(steps)}" for kind, steps in _steps(after)]
    lines.append(f"template: {_identity(before, after)}")
    lines.append(f"plan: {_plan(row.result)}")
    return "\n".join(lines) + "\n"


def workload(opened: Opened, files: Mapping[str, bytes | None]) -> dict[str, Any]:
    """The rendered workloads by kind."""
    found = {}
    for path, text in files.items():
        if text and path.endswith(("rollout.yaml", "deployment.yaml")):
            data, _ = load(text, path)
            assert isinstance(data, dict)
            found[str(data["kind"])] = data
    return found


def _before(opened: Opened) -> Mapping[str, bytes]:
    from renderer.usecases.project import build_all

    return build_all(opened, ["web"], ["production"])[0].files


def _diff(opened: Opened, edited: Edited) -> list[str]:
    texts, _ = opened.texts("web")
    old, new = texts[edited.file].decode().splitlines(), (edited.text or b"").decode().splitlines()
    return [
        line for line in difflib.unified_diff(old, new, lineterm="", n=0) if not line.startswith(("---", "+++", "@@"))
    ]


def _steps(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rollout = found.get("Rollout")
    if rollout is None:
        return []
    strategy = rollout["spec"]["strategy"]
    if "canary" in strategy:
        return [("steps", strategy["canary"]["steps"])]
    return [("autoPromotionEnabled", strategy["blueGreen"]["autoPromotionEnabled"])]


def _identity(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    old = [data["spec"]["template"] for data in before.values()]
    return ", ".join(
        f"{kind} {'unchanged' if data['spec']['template'] in old else 'runs ' + _version(data)}"
        for kind, data in sorted(after.items())
    )


def _plan(edited: Edited) -> str:
    """The class of the change, and the rules that hold something against it."""
    found = without_simulation(side(dict(edited.before)), side(dict(edited.after)))
    rules = [f"{problem.severity} {problem.rule}" for problem in found.problems]
    return ", ".join([found.class_, *rules])


def _version(data: Mapping[str, Any]) -> str:
    return str(data["spec"]["template"]["metadata"]["labels"]["version"])


def _document(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": dict(spec)}
