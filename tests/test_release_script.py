"""`make release`: it changes the version everywhere, closes the changelog, and refuses what is not ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer import __version__
from tests.release import CHANGELOG, HOME, PAGES, release, released
from tests.support.cases import ROOT
from tests.support.repository import IDENTITY, git, init, save

DAY = "2026-12-01"


def texts() -> dict[str, str]:
    paths = [ROOT / HOME, *(path for pattern in PAGES for path in ROOT.glob(pattern) if path.is_file())]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def test_every_page_names_the_version_that_is_released() -> None:
    changed = released(texts(), "9.8.7", DAY)
    assert '__version__ = "9.8.7"' in changed[HOME]
    assert f"## Unreleased\n\n## 9.8.7 ({DAY})\n" in changed[CHANGELOG]
    after = {**texts(), **changed}
    assert [path for path, text in after.items() if f"v{__version__}" in text] == []
    assert "rollspec@v9.8.7" in after["README.md"]


@pytest.mark.parametrize(
    ("version", "change", "why"),
    [
        ("v1.0.0", {}, "is not a version"),
        ("1.0", {}, "is not a version"),
        ("0.0.1", {}, "is older than"),
        ("1.0.0", {CHANGELOG: "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-01-01)\n\n- x\n"}, "says nothing"),
        ("1.0.0", {CHANGELOG: "# Changelog\n\n## Unreleased\n\n- x\n\n## 1.0.0 (2026-01-01)\n"}, "already"),
        ("1.0.0", {HOME: ""}, "has no version"),
    ],
)
def test_what_is_not_ready_is_refused(version: str, change: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        released({**texts(), **change}, version, DAY)


def test_it_commits_and_names_the_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    root = init(tmp_path / "project")
    (root / "renderer").mkdir()
    (root / HOME).write_text('__version__ = "0.1.0"\n')
    (root / CHANGELOG).write_text("# Changelog\n\n## Unreleased\n\n- x\n")
    save(root, "start")
    assert release(root, "0.2.0").startswith("git -c gpg.format=ssh tag --sign v0.2.0 ")
    assert git(root, "log", "-1", "--format=%s").strip() == "Release 0.2.0"
    (root / CHANGELOG).write_text("changed")
    with pytest.raises(ValueError, match="working tree has changes"):
        release(root, "0.3.0")
    git(root, "checkout", "--quiet", CHANGELOG)
    git(root, "tag", "v0.3.0")
    with pytest.raises(ValueError, match=r"a tag v0\.3\.0 already"):
        release(root, "0.3.0")
