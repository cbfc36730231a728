"""Writes what is generated in docs/, README.zh-CN.md and schemas/rollspec/v1 (`make docs`); a test compares it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from renderer.usecases.editor import SCHEMA_FILES
from renderer.usecases.schema import schema_text
from tests import recording
from tests.support import (
    odds,
    page_cli,
    page_parts,
    page_plan,
    page_rules,
    page_spec,
    page_versions,
    page_zh,
    situations,
)
from tests.support.cases import ROOT

# Whole pages, and parts between `<!-- made: NAME -->` and `<!-- end -->`.
PAGES: dict[str, Callable[[], str]] = {
    "docs/rules.md": page_rules.page,
    "docs/plan.md": page_plan.page,
    "docs/cli.md": page_cli.page,
    "docs/spec.md": page_spec.page,
    "README.zh-CN.md": page_zh.page,
    **{
        f"schemas/rollspec/v1/{name}": partial(schema_text, kind, partial=is_partial)
        for name, (kind, is_partial) in SCHEMA_FILES.items()
    },
}
PARTS: dict[str, Callable[[], str]] = {
    "layers": page_parts.layers,
    "step lists": page_parts.step_lists,
    "workloads": page_parts.workloads,
    "transitions": page_parts.transitions,
    "situations": situations.table,
    "false alarms": odds.table,
    "least requests": odds.least_requests,
    "live queries": page_parts.live_queries,
    "versions": page_versions.table,
    "versions zh": page_versions.chinese_table,
}
WITH_PARTS = ("README.md", "docs/analysis.md", "docs/architecture.md", "docs/live.md", "docs/releases.md")
_PART = re.compile(r"(<!-- made: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def made(path: str) -> str:
    """The page as it should be."""
    text = PAGES[path]() if path in PAGES else (ROOT / path).read_text()
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)


def main() -> None:
    """Write every page, and the recorded demo."""
    for path in (*PAGES, *WITH_PARTS):
        (ROOT / path).write_text(made(path))
    (ROOT / "docs/demo.svg").write_text(recording.made())


if __name__ == "__main__":
    main()
