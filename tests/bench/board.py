"""`python -m tests.bench.board [APPS]`: how long the board takes to be written, to be painted, and to answer a key.

A project of APPS (10,000) apps in three environments, 200 of them with a canary in flight, in a Git repository.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.projects import generate
from tests.support.browser import launched
from tests.support.cases import run
from tests.support.repository import environment, git, init

ENVS = 3
FLYING = 200
LONG_AGO = "2026-01-01T00:00:00Z"  # apps that changed in the last 30 days have pages of their own
_PAINT = "performance.getEntriesByName('first-paint')[0].startTime"
# From the event of a key to the frame that shows what it changed.
_KEY = """(text) => new Promise((resolve) => {
  const input = document.getElementById("text"), start = performance.now();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
})"""


def project(folder: Path, apps: int) -> Path:
    """The project, committed."""
    generate(folder, apps, ENVS)
    partials = sorted((folder / "overlays/production/apps").iterdir())
    flying = [file for file in partials if re.search(r"^  (canary|preview):", file.read_text(), re.M)]
    for file in flying[FLYING:]:
        file.unlink()
    init(folder)
    git(folder, "add", "--all")
    git(
        folder,
        "commit",
        "--quiet",
        "--message",
        "start",
        env=environment(GIT_AUTHOR_DATE=LONG_AGO, GIT_COMMITTER_DATE=LONG_AGO),
    )
    return folder


def written(folder: Path) -> float:
    """Seconds until the pages are written."""
    start = time.perf_counter()
    done = run(folder, "board", "--output", "public")
    assert done.code == 0, done.err
    return time.perf_counter() - start


def in_browser(page: Path) -> tuple[float, float]:
    """Milliseconds until the first paint, and of the slowest of ten keys."""
    with launched() as browser:
        if browser is None:
            sys.exit("there is no Chromium here: run `make tools`")
        shown = browser.new_page()
        shown.set_default_timeout(120_000)
        shown.goto(page.as_uri())
        texts = ["a", "ap", "app-0", "app-00", "app-000", "app-0001", "zzz", "", "team-3", "2.0.0"]
        keys = [shown.evaluate(_KEY, text) for text in texts]
        return shown.evaluate(_PAINT), max(keys)


def main() -> None:
    """Measure, and print a table."""
    apps = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with TemporaryDirectory() as folder:
        root = project(Path(folder) / "project", apps)
        seconds = min(written(root) for _ in range(3))
        index = root / "public/index.html"
        paint, key = in_browser(index)
        print(f"{apps:,} apps in {ENVS} environments, {FLYING} in flight")
        size = index.stat().st_size / 1e6
        print(f"index.html and the pages of apps written in {seconds:.1f} s; index.html has {size:.1f} MB")
        print(f"first paint after {paint:.0f} ms; the slowest of ten keys in the filter took {key:.0f} ms")


if __name__ == "__main__":
    main()
