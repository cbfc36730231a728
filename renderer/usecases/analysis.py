"""`rollspec analysis`: what a release's queries say of a real Prometheus, and tests of queries from files."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from renderer.checks import ANALYSES
from renderer.console import out
from renderer.failure import Failure
from renderer.go_time import whole_seconds
from renderer.manifest import ANALYSIS_TEMPLATES
from renderer.pipeline import Rendered, build_app
from renderer.problem import errors
from renderer.prometheus import MOST_POINTS, query_range
from renderer.report.analysis import Measured, measured_text
from renderer.rules.conditions import CONDITIONS
from renderer.rules.expressions import ExpressionError, Node, Unknown, parse, value_of
from renderer.usecases.project import Opened, Refused, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_stopping
from renderer.yamlio import load

_ANY_HASH = "[a-z0-9]+"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What `analysis check` was asked for."""

    directory: str
    app: str
    envs: tuple[str, ...]
    prometheus: str | None
    at: str | None
    last: str
    form: str


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of an app in one environment: its query with the arguments filled in."""

    env: str
    name: str
    text: str
    address: str
    step: int
    metric: Mapping[str, Any]


def check_queries(options: CheckOptions) -> int:
    """Ask Prometheus what each query of the app would have said in the time before; the exit code."""
    try:
        opened = open_project(options.directory)
        found = [*queries_of(opened, options.app, options.envs)]
    except Refused as refused:
        return int(show_stopping(refused.problems, options.form))
    if not found:
        raise Failure(
            f"{options.app} has no analysis with Prometheus queries: `strategy.analysis` in its spec asks for one", 2
        )
    end = _time(options.at)
    whole = whole_seconds(options.last)
    measured = []
    for query in found:
        steps = max(whole // query.step, 1)
        if steps > MOST_POINTS:
            raise Failure(f"--last {options.last} has more than {MOST_POINTS} measurements every {query.step} s", 2)
        start = end - steps * query.step
        answers = query_range(options.prometheus or query.address, query.text, start, end, query.step)
        verdicts = [verdict(query.metric, answers.get(number, [])) for number in range(steps + 1)]
        measured.append(Measured(query.env, query.name, start, query.step, tuple(verdicts)))
    out(measured_text(measured, options.form), end="")
    return 0


def verdict(metric: Mapping[str, Any], answer: list[float]) -> str:
    """What the controller makes of an answer: passed, failed, inconclusive, empty, or error."""
    held = [_holds(metric.get(field), answer) for field in CONDITIONS]
    if "error" in held:
        return "error" if answer else "empty"
    success, failure = held
    if failure is True or (failure is None and success is False):
        return "failed"
    if success is True or (success is None and failure is False):
        return "passed"
    return "inconclusive" if answer else "empty"


def _holds(condition: object, answer: list[float]) -> bool | str | None:
    if not condition:
        return None
    try:
        tree: Node = parse(str(condition))
        return bool(value_of(tree, answer))
    except (ExpressionError, Unknown, ValueError, TypeError, ArithmeticError):
        return "error"


def _time(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failure(f"--at needs a time such as 2026-03-01T12:00:00Z, not {text}", 2) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def queries_of(opened: Opened, app: str, envs: tuple[str, ...]) -> Iterator[Query]:
    """The Prometheus queries of an app's AnalysisTemplates, for the version that runs by the specs."""
    (name,) = chosen((app,), opened.apps, "app")
    wanted = chosen(envs, sorted(opened.setup.environments), "environment")
    texts, problems = opened.texts(name)
    if errors(problems):
        raise Refused(problems)
    for rendered in build_app(name, texts, opened.setup, wanted):
        if errors(rendered.problems):
            raise Refused([*rendered.problems])
        yield from _of_rendered(rendered)


def _of_rendered(rendered: Rendered) -> Iterator[Query]:
    manifests: list[Any] = [load(text, file)[0] for file, text in rendered.files.items()]
    rollouts = [each for each in manifests if each["kind"] == "Rollout"]
    analyses = [*_analyses(rollouts[0]["spec"]["strategy"])] if rollouts else []
    for manifest in manifests:
        prefix, analysis = next((each for each in analyses if _uses(each[1], manifest)), ("", {}))
        given = {arg["name"]: str(arg.get("value", _ANY_HASH)) for arg in analysis.get("args", ())}
        if manifest["kind"] in ANALYSIS_TEMPLATES:
            own = {arg["name"]: str(arg["value"]) for arg in manifest["spec"].get("args", ()) if "value" in arg}
            for metric in manifest["spec"].get("metrics", ()):
                prometheus = metric["provider"].get("prometheus")
                if prometheus:
                    filled = json.loads(_filled(json.dumps(metric), {**own, **given}))
                    asked, step = (
                        filled["provider"]["prometheus"],
                        max(whole_seconds(str(metric.get("interval", "1m"))), 1),
                    )
                    address = asked.get("address", "")
                    yield Query(rendered.env, prefix + metric["name"], asked["query"], address, step, filled)


def _analyses(strategy: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each analysis of a Rollout's strategy, and what distinguishes its metrics from those of another analysis."""
    yield "", strategy.get("canary", {}).get("analysis", {})
    for field, prefix in ANALYSES.items():
        yield prefix, strategy.get("blueGreen", {}).get(field, {})


def _uses(analysis: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    return any(each.get("templateName") == manifest["metadata"]["name"] for each in analysis.get("templates", ()))


def _filled(text: str, args: Mapping[str, str]) -> str:
    for name, value in args.items():
        text = text.replace(f"{{{{args.{name}}}}}", json.dumps(value)[1:-1])
    return text


def test_queries(directory: str, app: str, envs: tuple[str, ...], files: tuple[str, ...], form: str) -> int:
    """Run files in promtool's format, whose `expr` may be the name of a metric of the app; the exit code."""
    promtool = shutil.which("promtool")
    if promtool is None:
        raise Failure("promtool is not installed: it comes with Prometheus, and runs the tests")
    try:
        queries = {query.name: query.text for query in queries_of(open_project(directory), app, envs)}
    except Refused as refused:
        return int(show_stopping(refused.problems, form))
    with tempfile.TemporaryDirectory() as folder:
        written = []
        for number, file in enumerate(files):
            target = Path(folder, f"{number}-{Path(file).name}")
            target.write_text(json.dumps(_with_queries(file, queries)))
            written.append(str(target))
        return int(subprocess.run([promtool, "test", "rules", *written], check=False).returncode != 0)


def _with_queries(file: str, queries: Mapping[str, str]) -> dict[str, Any]:
    """The tests of a file, each name of a metric replaced by its query; rule files are not read."""
    try:
        read = load(Path(file).read_bytes(), file)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from error
    data: Any = read[0]
    problems = read[1]
    if problems:
        raise Failure(str(problems[0]), 1)
    try:
        for test in data.get("tests") or ():
            for asked in test.get("promql_expr_test") or ():
                asked["expr"] = queries.get(str(asked.get("expr")), asked.get("expr"))
        return {**data, "rule_files": []}
    except (AttributeError, TypeError):
        raise Failure(f"{file}: this is not a test file of promtool", 1) from None
