"""What is measured of verbs over a whole fleet: each is one commit for all of its apps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Result, once
from tests.bench.ours import ROLLSPEC
from tests.bench.projects import ENVS, PARTIAL, name_of
from tests.bench.rows import commit, generate_ordered, git

FLEET = 1000  # apps
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


FROM_EDITS, HOTFIX, TRAIN = ("release --from-edits", "release --hotfix", "release --train")  # `switch` is for one app
SIZES = {**dict.fromkeys((*VERBS, FROM_EDITS, HOTFIX), 1), TRAIN: 2}  # environments, by verb


def verb_results(place: Path) -> Iterator[Result]:
    """Each verb once, in one commit: the second run would find another state."""
    project = _committed(place / "verbs", 1)
    for verb, words in VERBS.items():
        yield _result(project, verb, verb, *words)
    shutil.rmtree(project)
    project = _committed(place / "bumped", 1)
    for path in (project / "apps").iterdir():
        path.write_text(re.sub(r"\n  tag: .*", "\n  tag: 1.99.0", path.read_text()))
    _commit(project)
    yield _result(project, FROM_EDITS, "release", "--from-edits", "--base", "HEAD~1", "--weight", "10")
    flying = [f"{name_of(number)}=1.99.1" for number in range(FLEET) if number % 4 != 1]  # 1: RollingUpdate
    yield _result(project, HOTFIX, "release", *flying, "--weight", "10", "--hotfix")
    shutil.rmtree(project)
    project = _committed(place / "train", 2)
    folder = project / "overlays" / ENVS[1] / "apps"
    folder.mkdir()
    for number in range(FLEET):
        name = name_of(number)
        (folder / f"{name}.yaml").write_text(PARTIAL.format(name=name, spec="  tag: 1.99.0\n  version: v2\n"))
    _commit(project)
    yield _result(project, TRAIN, "release", "--train", "--env", ENVS[0], "--weight", "10")
    shutil.rmtree(project)


def _result(project: Path, name: str, *words: str) -> Result:
    return Result(name, FLEET, SIZES[name], once((*ROLLSPEC, "-C", str(project), *words, "--commit")), 1)


def _committed(folder: Path, envs: int) -> Path:
    """A rendered project with nothing in flight."""
    project = generate_ordered(folder, FLEET, envs)
    shutil.rmtree(project / "overlays" / ENVS[0] / "apps")
    once((*ROLLSPEC, "-C", str(project), "render"))
    commit(project)
    return project


def _commit(project: Path) -> None:
    once((*ROLLSPEC, "-C", str(project), "render"))
    git(project, "add", "-A")
    git(project, "commit", "--quiet", "-m", "Edit")
