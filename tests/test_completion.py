"""What a shell completes: commands and options by click, apps and environments from the project around."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from renderer.cli import cli

APP = "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec: {image: example.com/web, tag: '1'}\n"
FILES = {
    "rollspec.yaml": "apiVersion: rollspec/v1\nkind: Project\nspec: {renderLevel: 1}\n",
    "apps/web.yaml": APP,
    "apps/worker.yaml": "of no use",
    "apps/api.yaml": APP,
    "overlays/staging/overlay.yaml": "",
    "overlays/production/overlay.yaml": "",
    "overlays/_shared/quota.yaml": "",
    "overlays/README.md": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Names are taken from the files' names: nothing else of these specs is right."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def completed(project: Path, *words: str) -> list[str]:
    """What the last word may become."""
    *before, incomplete = words
    complete = ShellComplete(cli, {}, "rollspec", "_ROLLSPEC_COMPLETE")
    return [item.value for item in complete.get_completions(["-C", str(project), *before], incomplete)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("weight", ""), ["api", "web", "worker"]),
        (("weight", "w"), ["web", "worker"]),
        (("promote", "web", "w"), ["worker"]),
        (("release", "a"), ["api"]),
        (("switch", "a"), ["api"]),
        (("history", "a"), ["api"]),
        (("plan", "--app", "a"), ["api"]),
        (("validate", "-a", "web", "-a", ""), ["api", "worker"]),
        (("abort", "web", "--env", ""), ["production", "staging"]),
        (("render", "-e", "s"), ["staging"]),
        (("release", "web", "--from-env", "s"), ["staging"]),
        (("plan", "--app", "production", "--env", "p"), ["production"]),
        (("release", "web=1", "w"), ["worker"]),
        (("new", ""), []),
        (("validate", "apps/w"), ["apps/w"]),  # a path: the shell finds the files
        (("comp",), ["completion"]),
    ],
)
def test_names_are_those_of_the_project(project: Path, words: tuple[str, ...], names: list[str]) -> None:
    assert completed(project, *words) == names


def test_an_abstract_overlay_is_not_an_environment(project: Path) -> None:
    overlay = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: base}\nspec:\n  abstract: true\n"
    (project / "overlays/base").mkdir()
    (project / "overlays/base/overlay.yaml").write_text(overlay)
    (project / "overlays/staging/overlay.yaml").write_text(
        overlay.replace("base", "staging").replace("  abs", "  # abs")
    )
    assert completed(project, "abort", "web", "--env", "") == ["production", "staging"]


def test_without_a_project_there_is_nothing_to_complete(tmp_path: Path) -> None:
    assert completed(tmp_path, "weight", "") == []
    (tmp_path / "rollspec.yaml").write_text("a: [")
    assert completed(tmp_path, "weight", "") == []
