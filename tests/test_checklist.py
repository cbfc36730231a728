"""The checklist of docs/architecture.md: what a new router, strategy, verb, rule, kind, format or minor touches."""

from __future__ import annotations

import ast
import re
from pathlib import Path

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


# A router's code also names the objects that it renders.
ALSO = {"a router": "|VirtualService"}
TABLES = {"schemas/make/kubernetes_fields.py"}  # only its docstring says of which minors


@pytest.mark.parametrize("added", ROWS)
def test_every_file_names_the_sample_in_its_code(added: str) -> None:
    sample, files = ROWS[added]
    assert files
    assert [file for file in files if not _names(ROOT / file, re.escape(sample) + ALSO.get(added, ""))] == []


def _names(file: Path, pattern: str) -> bool:
    """Whether the file has such a text: in a Python file not only in docstrings and help texts."""
    text = whole = file.read_text()
    is_found = bool(re.search(pattern, whole, re.IGNORECASE))
    if not is_found or file.suffix != ".py" or str(file.relative_to(ROOT)) in TABLES:
        return is_found
    for node in ast.walk(ast.parse(whole)):
        aside: list[ast.AST] = []
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            aside = [node.body[0]]
        elif isinstance(node, ast.Call):
            aside = [each.value for each in node.keywords if each.arg == "help"]
        for each in aside:
            text = text.replace(ast.get_source_segment(whole, each) or "", "")
    return bool(re.search(pattern, text, re.IGNORECASE))


@pytest.mark.parametrize("added", DECIDES)
def test_no_other_file_decides_by_it(added: str) -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".json")]
    written = [path for path in paths if "v1" not in path.parts]  # `make docs` writes schemas/rollspec/v1
    found = [path for path in [*written, ROOT / "pyproject.toml"] if _names(path, DECIDES[added])]
    assert {str(path.relative_to(ROOT)) for path in found} <= set(ROWS[added][1])


def test_a_router_costs_at_most_twelve_files() -> None:
    assert len(ROWS["a router"][1]) <= 12
