"""Builds the pages of docs/ as a web site with Zensical: `make site` writes dist/site."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.cases import ROOT
from tests.tools import folder, pypi
from tests.tools.cache import once

ZENSICAL = "0.0.73"  # reads mkdocs.yml, so Material for MkDocs, which it replaces, can build the same site
CONFIG: dict[str, Any] = {
    "site_name": "rollspec",
    "use_directory_urls": False,
    "theme": {
        "name": "material",
        "font": False,  # nothing is loaded from other servers
        "features": [
            "navigation.sections",
            "navigation.top",
            "search.suggest",
            "search.highlight",
            "content.code.copy",
        ],
        "palette": [
            {
                "media": f"(prefers-color-scheme: {media})",
                "scheme": scheme,
                "toggle": {"icon": f"material/{icon}", "name": f"Switch to {other} mode"},
            }
            for media, scheme, icon, other in (
                ("light", "default", "weather-night", "dark"),
                ("dark", "slate", "weather-sunny", "light"),
            )
        ],
    },
    "plugins": ["search"],
    "markdown_extensions": [
        "tables",
        {"toc": {"permalink": True}},
        "pymdownx.superfences",
        "pymdownx.highlight",
        {"pymdownx.tabbed": {"alternate_style": True}},
    ],
}
# Blocks of code with nothing between them but blank lines: a rule's bad and good example, or the files of one project.
_BAD_AND_GOOD = re.compile(r"^Bad:\n\n(```yaml\n.*?^```)\n\nGood:\n\n(```yaml\n.*?^```)$", re.MULTILINE | re.DOTALL)
_FILE = r"```yaml\n# [\w./-]+\n(?:(?!```).*\n)*```"
_FILES = re.compile(rf"^{_FILE}(?:\n\n{_FILE})+$", re.MULTILINE)
_RENAMED = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh-cn.md",
    "docs/README.md": "pages.md",
    "CHANGELOG.md": "changelog.md",
}


def build(target: Path) -> None:
    """Build the site into `target`; raises CalledProcessError with what Zensical says."""
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch)
        pages(draft / "docs")
        (draft / "mkdocs.yml").write_text(yaml.safe_dump(CONFIG | {"nav": nav()}, sort_keys=False))
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        subprocess.run(command, cwd=draft, env={**os.environ, "PYTHONPATH": str(_zensical())}, check=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(draft / "site", target)


def pages(target: Path) -> None:
    """The pages in one folder: those at the top too, with links that lead to where the pages are then."""
    shutil.copytree(ROOT / "docs", target)
    (target / "README.md").unlink()
    shutil.copy(ROOT / "action.yml", target / "examples")
    shutil.copy(ROOT / ".github/workflows/release.yml", target / "examples")
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        path = page.relative_to(ROOT)
        text = re.sub(r"\]\(([^)#:]+)(#[^)]*)?\)", lambda link, at=path: _link(link, at), page.read_text())  # type: ignore[misc]
        (target / _RENAMED.get(str(path), path.name)).write_text(with_tabs(text))


def with_tabs(text: str) -> str:
    """The page with a tab for each block of code that readers compare: bad and good examples, files of a project."""
    text = _BAD_AND_GOOD.sub(lambda found: _tabs({"Bad": found[1], "Good": found[2]}), text)
    return _FILES.sub(lambda found: _tabs({_first_comment(block): block for block in _blocks(found[0])}), text)


def _blocks(text: str) -> list[str]:
    return re.findall(_FILE, text)


def _first_comment(block: str) -> str:
    return block.splitlines()[1].removeprefix("# ")


def _tabs(blocks: Mapping[str, str]) -> str:
    return "\n\n".join(f'=== "{title}"\n\n{textwrap.indent(block, "    ")}' for title, block in blocks.items())


def _link(link: re.Match[str], page: Path) -> str:
    path = os.path.normpath(page.parent / link[1])
    name = _RENAMED.get(path, path.removeprefix("docs/"))
    if name in ("action.yml", ".github/workflows/release.yml"):
        name = f"examples/{name.rpartition('/')[2]}"
    return f"]({name}{link[2] or ''})"


def nav() -> list[dict[str, Any]]:
    """The sections of docs/README.md with their pages, each page where it is named first."""
    found: list[dict[str, Any]] = [{"Start": "index.md"}, {"All pages": "pages.md"}]
    seen = set()
    for section in re.split(r"^## ", (ROOT / "docs/README.md").read_text(), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| \[([^\]]+)\]\(([a-z-]+\.md)\)", section, re.MULTILINE)
        fresh = [{title: file} for title, file in rows if file not in seen]
        seen |= {file for _, file in rows}
        found.append({section.splitlines()[0]: fresh})
    return [*found, {"简体中文": "zh-cn.md"}, {"Changes": "changelog.md"}]


def _zensical() -> Path:
    return once(folder("zensical", ZENSICAL), lambda target: pypi.install(f"zensical=={ZENSICAL}", target))


if __name__ == "__main__":
    build(ROOT / "dist/site")
