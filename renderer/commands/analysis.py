"""`rollspec analysis`: the queries of an analysis against a real Prometheus, and against series in files."""

from __future__ import annotations

from typing import Any

import click

from renderer.commands.completing import complete_path
from renderer.commands.options import app_argument, env_option, shown_as
from renderer.report.analysis import FORMATS
from renderer.usecases.analysis import CheckOptions, check_queries, test_queries


@click.group("analysis")
def command() -> None:
    """Try the queries of an analysis: `check` asks a Prometheus, `test` runs tests from files."""


@command.command("check")
@app_argument
@env_option
@click.option("--prometheus", metavar="URL", help="The address of the Prometheus (default: the one in the spec).")
@click.option("--at", metavar="TIME", help="The end of the period, such as 2026-03-01T12:00Z (default: now).")
@click.option("--last", metavar="DURATION", default="2h", show_default=True, help="The length of the period: 30m, 48h.")
@shown_as(*FORMATS)
@click.pass_obj
def check(directory: str, /, **options: Any) -> int:
    """Report how often each query of APP would have passed, for the version that runs now.

    Each query is sent to a Prometheus at its own interval, and each answer is judged by the conditions of its metric.
    Nothing is written.
    """
    return check_queries(CheckOptions(directory, **options))


@command.command("test")
@app_argument
@click.argument("files", nargs=-1, required=True, metavar="FILES...", shell_complete=complete_path)
@env_option
@shown_as(*FORMATS)
@click.pass_obj
def test(directory: str, app: str, files: tuple[str, ...], envs: tuple[str, ...], form: str) -> int:
    """Run tests of APP's queries, in the format of `promtool test rules`.

    Write the name of a metric, such as `success-rate`, as an `expr` to test its query. promtool must be installed.
    """
    return test_queries(directory, app, envs, files, form)
