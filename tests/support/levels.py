"""The hashes of what each render level gives: fixtures/levels/<level>.sha256, a line for each case of fixtures/ok."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from tests.support.cases import FIXTURES, lay_out, run, snapshot

FOLDER = FIXTURES / "levels"
OPEN = 2  # not released yet: `make golden` rewrites its hashes. None when every level is released.


def lines_of(level: int) -> list[tuple[str, str]]:
    """Hash and case, as the file of the level has them."""
    lines = (FOLDER / f"{level}.sha256").read_text().splitlines()
    return [(line[:64], line[66:]) for line in lines]


def at_level(case: str, level: int, target: Path) -> str:
    """One hash of what a case gives at a level: the manifests without their first lines, which only name sources."""
    project = lay_out(FIXTURES / "ok" / case, target / case, leave=frozenset(("expected", "warnings.txt")))
    file = project / "rollspec.yaml"
    file.write_text(file.read_text().replace("renderLevel: 1", f"renderLevel: {level}"))
    assert f"renderLevel: {level}" in file.read_text()
    assert run(project, "render").code == 0, case
    whole = hashlib.sha256()
    for path, text in sorted(snapshot(project / "rendered").items()):
        whole.update(f"{path}\n{text.partition(chr(10))[2]}".encode())
    return whole.hexdigest()


def write() -> None:
    """The hashes of the level that is not released yet, of the cases that the level before it holds."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{at_level(case, OPEN, Path(folder))}  {case}\n" for _, case in lines_of(OPEN - 1)]
    (FOLDER / f"{OPEN}.sha256").write_text("".join(lines))
