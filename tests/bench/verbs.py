"""What is measured of verbs over a whole fleet: each is one commit for all of its apps."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Result, once
from tests.bench.ours import ROLLSPEC
from tests.bench.projects import generate, name_of

FLEET = 1000  # apps
WHO = {"user.name": "bench", "user.email": "bench@example.com"}
# In an order in which each has something to do.
VERBS: dict[str, tuple[str, ...]] = {
    "release": (*(f"{name_of(number)}=1.99.0" for number in range(FLEET)), "--weight", "10"),
    "weight": ("50", "--all"),
    "pause": ("--all",),
    "resume": ("--all",),
    "abort": ("--all",),
    "retry": ("--all",),
    "promote": ("--all",),
    "undo": ("--all",),
    "restart": ("--all",),
}


def verb_results(place: Path) -> Iterator[Result]:
    """Each verb once, in one commit: the second run would find another state."""
    project = generate(place / "verbs", FLEET, 1)
    shutil.rmtree(project / "overlays/production/apps")
    (project / ".gitignore").write_text(".rollspec/\n")
    git = ("git", "-C", str(project))
    subprocess.run((*git, "init", "-q"), check=True)
    for key, value in WHO.items():
        subprocess.run((*git, "config", key, value), check=True)
    once((*ROLLSPEC, "-C", str(project), "render"))
    subprocess.run((*git, "add", "-A"), check=True)
    subprocess.run((*git, "commit", "-q", "-m", "Start"), check=True)
    for verb, words in VERBS.items():
        sample = once((*ROLLSPEC, "-C", str(project), verb, *words, "--commit"))
        yield Result(verb, FLEET, 1, sample, 1)
    shutil.rmtree(project)
