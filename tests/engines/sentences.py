"""Runs that end in sentences, not in a recording: what was measured on a lab, and what was not as it must be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import api
from .lab import KUBECONFIG, Lab


@dataclass
class Report:
    """What was measured, and what was not as it must be."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, sentence: str) -> None:
        """One sentence that must be true."""
        print(("ok   " if holds else "FAIL ") + sentence, flush=True)
        (self.lines if holds else self.wrong).append(sentence)


def played(lab: Lab, last: Path, measure: Callable[[Report], None]) -> int:
    """Start the lab, measure, and stop it; the exit code. The folder `last` keeps the logs and what `measure` wrote."""
    os.environ["KUBECONFIG"] = str(KUBECONFIG)
    shutil.rmtree(last, ignore_errors=True)
    last.mkdir(parents=True)
    report = Report()
    try:
        lab.start()
        measure(report)
    except (AssertionError, RuntimeError, TimeoutError, api.ApiError) as failed:
        report.check(False, f"stopped: {failed}")
    finally:
        lab.stop()
        shutil.copytree(lab.logs, last, dirs_exist_ok=True)
    print(f"{len(report.lines)} sentences hold, {len(report.wrong)} do not")
    return 1 if report.wrong else 0
