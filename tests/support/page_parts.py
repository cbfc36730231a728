"""Parts of pages that are made: the layers of docs/architecture.md, the states of docs/releases.md."""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from renderer.live.queries import QUERIES
from renderer.manifest import Manifest
from renderer.release.steps import steps_of
from renderer.release.verbs import Refusal
from renderer.render import render
from renderer.spec import App, app_of
from renderer.usecases.edited import edit_app
from renderer.usecases.effective import environment_for
from tests.support.cases import ROOT
from tests.support.verb_table import STATES, VERBS, project
from tests.test_imports import ROWS

_PORTS = [{"name": "http", "port": 80}]
_ISTIO: dict[str, Any] = {"type": "Canary", "router": "istio"}
_STEPS = [{"setWeight": 10}, {"pause": {"duration": "10m"}}, {"setWeight": 50}, {"pause": {}}]
_HEADERS = {"istio": {"canaryHeaders": {"x-canary": "1"}}}
_NEW = {"tag": "v2"}

# What a person would call it -> the release state beside `tag: v1`.
_LISTS: dict[str, dict[str, Any]] = {
    "nothing in flight: new, aborted, undone": {},
    "canary, first weight 20": {"canary": {**_NEW, "weight": 20}},
    "raised from 20 to 50": {"canary": {**_NEW, "weight": 50, "from": 20}},
    "lowered from 50 to 20": {"canary": {**_NEW, "weight": 20, "from": 50}},
    "lowered from 20 to 0 (dark)": {"canary": {**_NEW, "weight": 0, "from": 20}},
    "dark from the beginning": {"canary": {**_NEW, "weight": 0}},
    "raised from 0 to 20": {"canary": {**_NEW, "weight": 20, "from": 0}},
    "promoted at 50": {"previous": {"tag": "v0", "weight": 50}},
    "with `istio.canaryHeaders`, first weight 20": {**_HEADERS, "canary": {**_NEW, "weight": 20}},
    "with `istio.canaryHeaders`, dark": {**_HEADERS, "canary": {**_NEW, "weight": 0}},
    "a ladder (`strategy.steps`) in flight": {"strategy": {**_ISTIO, "steps": _STEPS}, "canary": _NEW},
    "a ladder, promoted": {"strategy": {**_ISTIO, "steps": _STEPS}, "previous": {"tag": "v0", "weight": 50}},
}
_SHOWN = ("rolling", "bluegreen-preview", "istio", "istio-canary", "istio-promoted", "istio-aborted")
_VERBS = ("release 1.6.0", "weight 60", "promote", "abort", "retry", "undo")


def layers() -> str:
    """The rows of tests/test_imports.py, each module with what it says of itself."""
    lines = ["| row | | |", "| --- | --- | --- |"]
    for number, row in enumerate(ROWS, 1):
        for name in row:
            says = _sentence(name)
            if says:
                lines.append(f"| {number} | `{name}` | {says} |")
    return "\n".join(lines)


def step_lists() -> str:
    """The compiled step list of each release state, by the code that compiles it."""
    lines = ["| release state (router istio) | step list |", "| --- | --- |"]
    lines += [f"| {about} | {_steps(replace(_app(state), level=2))} |" for about, state in _LISTS.items()]
    return "\n".join(lines)


def workloads() -> str:
    """Which objects each strategy gives."""
    strategies: dict[str, dict[str, Any]] = {
        "RollingUpdate, Recreate": {"strategy": {}},
        "BlueGreen": {"strategy": {"type": "BlueGreen"}},
        "Canary, router replica": {"strategy": {"type": "Canary"}},
        "Canary, router istio": {"strategy": _ISTIO},
    }
    lines = ["| strategy | objects |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {_kinds(render(_app(spec)))} |" for name, spec in strategies.items())])


def transitions() -> str:
    """What the verbs of a release do in the states that people meet most; the others are in fixtures/verbs."""
    lines = ["| state | verb | what it does |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        for state in _SHOWN:
            opened = project(state, Path(folder, state))
            environment = environment_for(opened, None)
            about = json.dumps({key: value for key, value in STATES[state].items() if key != "strategy"})
            for words in _VERBS:
                did = _did(edit_app(opened, environment, "web", VERBS[words]))
                lines.append(f"| {state} `{about}` | `{words}` | {did} |")
    return "\n".join(lines)


def _did(outcome: Any) -> str:
    if isinstance(outcome, Refusal):
        return "refused: " + outcome.message.replace("|", "\\|")
    before, after = outcome.before, outcome.after
    changed = [key for key in (*before, *after) if before.get(key) != after.get(key)]
    return ", ".join(f"`{key}` {_change(key, before, after)}" for key in dict.fromkeys(changed)) or "nothing"


def _change(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if key not in after:
        return "is removed"
    return f"is `{json.dumps(after[key])}`".replace("|", "\\|")


def _app(state: Mapping[str, Any]) -> App:
    spec = {"image": "ghcr.io/acme/web", "tag": "v1", "ports": _PORTS, "strategy": _ISTIO, **state}
    return app_of("web", "production", spec, namespace="shop")


def _steps(app: App) -> str:
    found = []
    for step in steps_of(app):
        (name, value), *_ = step.items()
        if name == "setHeaderRoute":
            value = "pinned"
        text = json.dumps(value) if value != {} else ""
        found.append(f"{name} {text}".replace('"', "").strip())
    return ", ".join(f"`{step}`" for step in found)


def _kinds(manifests: tuple[Manifest, ...]) -> str:
    return ", ".join(f"`{manifest.file}`" for manifest in manifests)


def _sentence(name: str) -> str:
    for path in (ROOT / f"renderer/{name}.py", ROOT / f"renderer/{name}/__init__.py"):
        if path.exists():
            docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
            return docstring.splitlines()[0].replace("|", "\\|")
    return ""


def live_queries() -> str:
    """The table of the queries that `status --live` sends, and their texts."""
    rows = [f"| `{query.name}` | {query.unit} | {query.about} |" for query in QUERIES]
    texts = [
        f"`{query.name}`:\n\n```promql\n{query.text}\n```"
        for query in QUERIES
        if query.name in ("requests", "success", "p95")
    ]
    return "\n".join(["| query | unit | it gives |", "| --- | --- | --- |", *rows, "", "\n\n".join(texts)])
