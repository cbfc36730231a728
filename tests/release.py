"""Prepares a release: `make release VERSION=0.2.0` writes the version and the changelog, and commits."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

VERSION = re.compile(r'^__version__ = "(\d+\.\d+\.\d+)"$', re.MULTILINE)
HOME = "renderer/__init__.py"  # the one place that has the version; pages name it where they install rollspec
CHANGELOG = "CHANGELOG.md"
PAGES = ("*.md", "docs/*.md", "docs/examples/*")
_UNRELEASED = "## Unreleased\n"


def released(texts: Mapping[str, str], version: str, day: str) -> dict[str, str]:
    """The texts of the release, by path; ValueError says why there can be none."""
    found = VERSION.search(texts[HOME])
    if not found:
        raise ValueError(f"{HOME} has no version")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"{version!r} is not a version such as 0.2.0")
    old, log = found[1], texts[CHANGELOG]
    if f"## {version}" in log:
        raise ValueError(f"{CHANGELOG} has {version} already")
    if _numbers(version) < _numbers(old):
        raise ValueError(f"{version} is older than {old}")
    notes = log.partition(_UNRELEASED)[2].partition("\n## ")[0].strip()
    if not notes:
        raise ValueError(f"{CHANGELOG} says nothing under Unreleased")
    new = {path: re.sub(rf"\bv{re.escape(old)}\b", f"v{version}", text) for path, text in texts.items()}
    new[HOME] = VERSION.sub(f'__version__ = "{version}"', texts[HOME])
    new[CHANGELOG] = log.replace(_UNRELEASED, f"{_UNRELEASED}\n## {version} ({day})\n", 1)
    return {path: text for path, text in new.items() if text != texts[path]}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def release(root: Path, version: str) -> str:
    """Write and commit the release; what to type next. ValueError if the tree or the texts are not ready."""
    if _git(root, "status", "--porcelain"):
        raise ValueError("the working tree has changes: commit or remove them first")
    if _git(root, "tag", "--list", f"v{version}"):
        raise ValueError(f"there is a tag v{version} already")
    paths = [path for pattern in PAGES for path in root.glob(pattern) if path.is_file()]
    texts = {str(path.relative_to(root)): path.read_text() for path in [root / HOME, *paths]}
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    for path, text in released(texts, version, day).items():
        (root / path).write_text(text)
    _git(root, "commit", "--quiet", "--all", "--message", f"Release {version}")
    return f"git -c gpg.format=ssh tag --sign v{version} --message 'rollspec {version}' && git push --follow-tags"


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    try:
        print(f"committed; when the tests pass, publish it by\n  {release(Path.cwd(), sys.argv[1])}")
    except ValueError as error:
        sys.exit(f"release: {error}")
