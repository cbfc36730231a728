"""`rollspec --version` says the version and the render levels, as the package and the schema of Project have them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, run


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_it_says_version_and_levels(option: str, tmp_path: Path) -> None:
    levels = sorted(path.stem.removeprefix("level-") for path in (FIXTURES / "levels").iterdir())
    named = f"level{'s' if len(levels) > 1 else ''} {', '.join(levels)}"
    assert run(tmp_path, option).out == f"rollspec {version('rollspec')} (render {named})\n"
