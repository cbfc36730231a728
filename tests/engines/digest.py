"""Digests of what decides how the clusters behave in a scenario: they say whose evidence is out of date.

A digest covers the scenario's file, the lab's own code, the engines' versions, and of a scenario that is played by
commits the rendered objects and the plan of each edit. Comments, docstrings, titles and a plan's words do not count.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from . import autoscaler
from .api import Object
from .lock import HERE, ROLLOUTS, engines
from .project import Project
from .scenario import FOLDER, Scenario, scenarios

# What these modules do has no influence on a cluster: they judge or report, or belong to other commands. `autoscaler`
# counts only for scenarios whose load changes.
_ASIDE = frozenset(
    f"{name}.py"
    for name in (
        *("__init__", "__main__", "agreement", "board", "clients", "defaults", "digest", "evidence", "imports"),
        *("invariants", "judges", "planned", "promise", "report", "run", "sequences", "soak", "traces"),
        *("autoscaler", "import_release", "ports", "reloads", "sentences", "unlabelled", "violation"),
    )
)
_SHORT = 12
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # `restart` writes the present one
_PRESENT = re.compile(r"(?!2000-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TITLE = re.compile(r"^title:.*\n", re.MULTILINE)
Key = tuple[str, str]  # the scenario, and the version of Rollouts


def digest(scenario: Scenario, rollouts: str) -> str:
    """The digest of a scenario on a version of Rollouts."""
    parts = [lab(rollouts), _TITLE.sub("", (FOLDER / f"{scenario.name}.yaml").read_text())]
    if autoscaler.is_needed([scenario]):
        parts.append(_code(Path(autoscaler.__file__)))
    if scenario.spec is not None:
        parts += steps(scenario, rollouts)
    return _hash(parts)


@cache
def lab(rollouts: str) -> str:
    """The digest of the lab's own code and of the engines' versions."""
    used = {name: engine.version for name, engine in engines().items() if name in _used(rollouts)}
    code = [_code(file) for file in sorted(HERE.glob("*.py")) if file.name not in _ASIDE]
    pods = [file.read_text() for file in sorted((HERE / "podlab").glob("*.go"))]
    return _hash([json.dumps(used, sort_keys=True), *code, *pods])


def _used(rollouts: str) -> list[str]:
    return [name for name in engines() if not name.startswith("rollouts-") or name == f"rollouts-{rollouts}"]


def _code(file: Path) -> str:
    return ast.dump(_bare(ast.parse(file.read_text())))


def _bare(tree: ast.Module) -> ast.Module:
    """The code without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[:] = body[1:] or [ast.Pass()]
    return tree


class Offline(Project):
    """The project of a scenario without Git and without a cluster: specs in, objects and plans out."""

    verbs = 0

    def git(self, *args: str) -> str:
        """Nothing is committed."""
        return ""

    def commit(self, message: str) -> None:
        """Render everything."""
        self._rollspec("render")

    def verb(self, line: str) -> None:
        """Run a verb."""
        verb, *options = line.split()
        self._rollspec(verb, "web", *options)
        self.verbs += 1
        self._at(f"2000-01-01T00:{self.verbs // 60:02}:{self.verbs % 60:02}Z")

    def _at(self, time: str) -> None:
        """Let the verb's own time be this one: two restarts within a second would be one."""
        for file in self.folder.rglob("*.yaml"):
            text = file.read_text()
            if _PRESENT.search(text):
                file.write_text(_PRESENT.sub(time, text))

    def _rollspec(self, *arguments: str) -> None:
        from tests.support.cases import run

        done = run(self.folder, *arguments)
        if done.code:
            raise RuntimeError(f"{' '.join(arguments)}: {done.err}")


def steps(scenario: Scenario, rollouts: str) -> list[str]:
    """The objects and the plan of each edit, as text."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        asks_git = any("--live" in edit.verb for edit in scenario.edits)
        project = (Project if asks_git else Offline)(Path(folder, "new"), scenario.name, scenario, rollouts)
        before = Path(folder, "old")
        for number, edit in enumerate(scenario.edits):
            if edit.event or not (edit.verb or edit.app is not None or not number):
                continue
            shutil.rmtree(before, ignore_errors=True)
            shutil.copytree(project.folder, before)
            for line in edit.verb.split("; ") if edit.verb else ():
                project.verb(line)
            if edit.app is not None:
                project.edit(edit.app)
            found.append(json.dumps(project.manifests(), sort_keys=True))
            found.append(json.dumps(predicted(before, project.folder) if number else {}, sort_keys=True))
    return [_TIME.sub("a time", text) for text in found]


def predicted(before: Path, after: Path) -> Object:
    """What the plan of the app says of shares and Ready pods."""
    from renderer.plan import Plan
    from renderer.report.plan import plan_text
    from renderer.usecases.compare import compare
    from renderer.usecases.project import open_project
    from renderer.usecases.revision import of_tree
    from renderer.usecases.selection import asked

    old, new = (of_tree(open_project(str(folder))) for folder in (before, after))
    plans = compare(old, new, asked(["web"], sorted(new.setup.environments), whole=False)).plans
    apps: list[dict[str, Any]] = json.loads(plan_text(Plan("before", "after", plans), "json"))["apps"]
    return {key: app.get(key) for app in apps[:1] for key in ("class", "timeline")} | {
        "simulated": not any(app.get("notSimulated") for app in apps)
    }


def digests(names: Sequence[str], rollouts: str) -> dict[str, str]:
    """The digests of these scenarios, worked out side by side."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return dict(zip(names, pool.map(_of_name, names, [rollouts] * len(names)), strict=True))


def _of_name(name: str, rollouts: str) -> str:
    return digest(scenarios()[name], rollouts)


def stale(known: Mapping[Key, str], rollouts: str) -> list[str]:
    """The scenarios whose digest is not the one that they were played with on this version of Rollouts."""
    now = digests([*scenarios()], rollouts)
    return [name for name, found in now.items() if known.get((name, rollouts)) != found]


def say_stale(known: Mapping[Key, str], rollouts: str) -> bool:
    """Print which scenarios are out of date; whether any is."""
    names = stale(known, rollouts)
    if names:
        command = "make e2e K=stale" + ("" if rollouts == ROLLOUTS[0] else f" ROLLOUTS={rollouts}")
        print(f"evidence: {len(names)} of {len(scenarios())} scenarios are out of date on Rollouts {rollouts}:")
        print(textwrap.fill(", ".join(names), 120, initial_indent="  ", subsequent_indent="  "))
        print(f"  `{command}` plays them")
    return bool(names)


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_SHORT]
