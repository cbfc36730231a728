"""Rules across apps hold when only one app is looked at: by `--app`, and by file names as a hook gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run


@pytest.mark.parametrize("case", ["two-apps-one-host", "two-objects-one-name"])
@pytest.mark.parametrize("words", [("--app", "web"), ("apps/web.yaml",)], ids=["app", "path"])
def test_a_clash_is_found_from_one_side(case: str, words: tuple[str, ...], tmp_path: Path) -> None:
    source = FIXTURES / "err" / case
    project = lay_out(source, tmp_path / "p", leave=frozenset(("problems.txt",)))
    arguments = words if words[0] == "--app" else tuple(str(project / word) for word in words)
    for command in ("render", "validate"):
        outcome = run(project, command, *arguments)
        assert outcome.code == 1
        expected = (source / "problems.txt").read_text().splitlines()
        assert [line for line in outcome.err.splitlines() if line.startswith("apps/web.yaml:")] == [
            line for line in expected if line.startswith("apps/web.yaml:")
        ]
    assert not (project / "rendered").exists()
