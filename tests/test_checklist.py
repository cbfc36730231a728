"""The checklist of docs/architecture.md: what a new router, strategy, verb, rule, kind, format or minor touches."""

from __future__ import annotations

import re

import pytest

from tests.support.cases import ROOT

TABLE = (ROOT / "docs/architecture.md").read_text().partition("## What a change touches")[2].partition("\n## ")[0]
ROWS = {
    added: (sample, re.findall(r"`([\w/]+\.\w+)`", files))
    for added, sample, files in re.findall(r"^\| (a[^|]+?) \| `([^`]+)` \| (.+) \|$", TABLE, re.MULTILINE)
}
FOLDERS = ("renderer", "schemas/rollspec", "schemas/make")
# Where code decides by the sample, not only mentions it.
DECIDES = {
    "a router": r"by_istio|\brouter (==|!=|in) |Literal\[\"replica\"",
    "an output format": r"sarif",
    "a minor of Kubernetes": r"\"1\.37\"|kubernetes-1\.37|v1\.37",
}


@pytest.mark.parametrize("added", ROWS)
def test_every_file_names_the_sample(added: str) -> None:
    sample, files = ROWS[added]
    lacking = [file for file in files if not re.search(re.escape(sample), (ROOT / file).read_text(), re.IGNORECASE)]
    assert files
    assert lacking == []


@pytest.mark.parametrize("added", DECIDES)
def test_no_other_file_decides_by_it(added: str) -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".json")]
    written = [path for path in paths if "v1" not in path.parts]  # `make docs` writes schemas/rollspec/v1
    found = [path for path in [*written, ROOT / "pyproject.toml"] if re.search(DECIDES[added], path.read_text())]
    assert {str(path.relative_to(ROOT)) for path in found} <= set(ROWS[added][1])


def test_a_router_costs_at_most_twelve_files() -> None:
    assert len(ROWS["a router"][1]) <= 12
