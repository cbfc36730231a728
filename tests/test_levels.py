"""A render level's bytes are held for ever: fixtures/levels/<level>.sha256 lists cases, and no script rewrites it.

A case that a later level renders otherwise is copied, with its `renderLevel`, before its expectation changes; a line
here is only ever added.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run, snapshot

LEVELS = sorted((FIXTURES / "levels").glob("*.sha256"))


def digest(files: dict[str, str]) -> str:
    """One hash of a rendered tree: the manifests' bytes without their first lines, which only name sources."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path}\n{files[path].partition(chr(10))[2]}".encode())
    return whole.hexdigest()


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.stem)
def test_level_renders_the_bytes_it_always_did(level: Path, tmp_path: Path) -> None:
    lines = [line.split("  ") for line in level.read_text().splitlines()]
    assert lines
    for expected, name in lines:
        project = lay_out(FIXTURES / "ok" / name, tmp_path / name, leave=frozenset(("expected", "warnings.txt")))
        assert f"renderLevel: {level.stem}" in (project / "rollspec.yaml").read_text()
        assert run(project, "render").code == 0
        assert digest(snapshot(project / "rendered")) == expected, name


def test_every_level_is_held() -> None:
    from renderer.render import LEVEL

    assert [level.stem for level in LEVELS] == [str(number) for number in range(1, LEVEL + 1)]
