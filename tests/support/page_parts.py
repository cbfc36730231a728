"""Parts of pages that are made: the layers of docs/architecture.md, the states of docs/releases.md."""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from renderer.live.queries import QUERIES
from renderer.manifest import Manifest
from renderer.release.outcome import Refusal
from renderer.release.steps import steps_of
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
_SHOWN = {
    "rolling": "RollingUpdate, nothing in flight",
    "bluegreen-preview": "BlueGreen, a preview in flight",
    "istio": "Canary, nothing in flight",
    "istio-canary": "Canary, a canary in flight",
    "istio-promoted": "Canary, after a promotion",
    "istio-aborted": "Canary, after an abort",
}
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
    lines += [f"| {about} | {_steps(_app(state)._replace(level=2))} |" for about, state in _LISTS.items()]
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
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for state, title in _SHOWN.items():
            opened = project(state, Path(folder, state))
            environment = environment_for(opened, None)
            more = [_field(key, value) for key, value in STATES[state].items() if key != "strategy"]
            lines += ["", f"**{title}**: {', '.join(more)}" if more else f"**{title}**", ""]
            lines += ["| verb | what it does |", "| --- | --- |"]
            lines += [f"| `{words}` | {_did(edit_app(opened, environment, 'web', VERBS[words]))} |" for words in _VERBS]
    return "\n".join(lines[1:])


def _did(outcome: Any) -> str:
    if isinstance(outcome, Refusal):
        return "refused: " + outcome.message.replace("|", "\\|")
    before, after = outcome.before, outcome.after
    changed = dict.fromkeys(key for key in (*before, *after) if before.get(key) != after.get(key))
    written = [_field(key, after[key]) for key in changed if key in after]
    removed = [f"`{key}`" for key in changed if key not in after]
    says = [f"writes {', '.join(written)}"] if written else []
    return "; ".join([*says, *([f"removes {', '.join(removed)}"] if removed else [])]) or "nothing"


def _field(key: str, value: Any) -> str:
    """A field as it is in a spec: `canary: {tag: 1.5.0, weight: 20}`."""
    text = ", ".join(f"{name}: {_scalar(each)}" for name, each in value.items()) if isinstance(value, dict) else ""
    return f"`{key}: {'{' + text + '}' if isinstance(value, dict) else _scalar(value)}`".replace("|", "\\|")


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
