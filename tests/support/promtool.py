"""Queries asked of the real PromQL engine: many series and questions in one run of `promtool test rules`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tools import promtool


@dataclass(frozen=True)
class Question:
    """`query` over `series` (selector -> values in promtool's notation), scraped every `scrape`, asked at `at`."""

    name: str
    series: Mapping[str, str]
    query: str
    at: str
    scrape: str = "15s"


def answers(questions: Iterable[Question], folder: Path) -> dict[str, float | None]:
    """By the questions' names the number that the engine answers with; None where it answers with nothing.

    Each question is put as a test that expects an impossible number, so that promtool prints what it found.
    """
    asked = list(questions)
    tests = [
        {
            "name": question.name,
            "interval": question.scrape,
            "input_series": [{"series": name, "values": values} for name, values in question.series.items()],
            "promql_expr_test": [
                {
                    "expr": f"label_replace(vector({number}), 'case', 'number', '', '') or {question.query}",
                    "eval_time": question.at,
                    "exp_samples": [],
                }
            ],
        }
        for number, question in enumerate(asked)
    ]
    file = folder / "questions.yaml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "15s", "tests": tests}))
    done = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True, check=False)
    found: dict[str, float | None] = {}
    for text in re.findall(r"got:\[?(.*)", done.stdout + done.stderr):
        numbers = re.findall(r"(\{[^}]*\}) ([-+0-9.eENaInf]+)", text)
        number = next(int(float(value)) for labels, value in numbers if "case" in labels)
        others = [float(value) for labels, value in numbers if "case" not in labels]
        found[asked[number].name] = others[0] if others else None
    assert len(found) == len(asked), done.stdout + done.stderr
    return found
