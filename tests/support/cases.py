"""Fixture cases as projects: a folder of files, with a default project file and overlay where it has none."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FIXTURES = ROOT / "fixtures"

PROJECT = "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n"
OVERLAY = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata:\n  name: production\nspec:\n  namespace: shop\n"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


def cases(kind: str) -> list[Path]:
    """The cases of a kind (`ok`, `err`, ...), by name."""
    return sorted(path for path in (FIXTURES / kind).iterdir() if path.is_dir())


def probed(project: Path) -> Path:
    """The project, with a readiness probe for each app that has none, so that no note asks for one."""
    for spec in (project / "apps").glob("*.yaml"):
        text = spec.read_text()
        if "readinessProbe" not in text:
            spec.write_text(text.rstrip("\n") + "\n  readinessProbe: {tcpSocket: {port: http}}\n")
    return project


def lay_out(case: Path, target: Path, *, leave: frozenset[str] = frozenset()) -> Path:
    """The case as a project in `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(case.rglob("*")):
        relative = path.relative_to(case)
        if relative.parts[0] in leave:
            continue
        if path.is_symlink():
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            (target / relative).symlink_to(path.readlink())
        elif path.is_file():
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / relative)
    _default(target / "rollspec.yaml", PROJECT)
    if not (target / "overlays").exists():
        _default(target / "overlays/production/overlay.yaml", OVERLAY)
    return target


def run(directory: Path, *arguments: str, stdin: str = "") -> Outcome:
    """The command line, in this process, from `directory`."""
    from click.testing import CliRunner

    from renderer import cli

    runner = CliRunner()
    with runner.isolation(stdin) as (out, err, _):
        code = cli.run(["-C", str(directory), *arguments])
        return Outcome(code, out.getvalue().decode(), err.getvalue().decode())


def snapshot(folder: Path) -> dict[str, str]:
    """Every file of a folder with its text."""
    if not folder.exists():
        return {}
    return {
        str(path.relative_to(folder)): path.read_text(errors="surrogateescape")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _default(path: Path, text: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
