"""Projects with something wrong in them, whatever it is: every command tells it or goes on; none ends as a defect."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.cases import cases, lay_out, run
from tests.support.repository import git, init, save

EXAMPLES = 100  # of each kind of case
DEFECT = 4
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**9, 1.5, "", "x", "1", "a/b", "../x", "{{ x }}", "http", "web", "production",
    [], {}, [None], [{}], ["a"], {"a": 1}, {"a": None}, {"name": "x"}, [{"name": "http"}],
)  # fmt: skip
KEYS = (
    "x", "name", "metadata", "spec", "extends", "apps", "defaults", "patches", "resources", "policy", "cluster",
    "argocd", "canary", "preview", "previous", "aborted", "migration", "paused", "autoscaling", "istio", "steps",
)  # fmt: skip
VERB = ("--env", "production", "--dry-run")
COMMANDS = (
    ("render", "--check"),
    ("render", "--stdout"),
    ("plan", "--base", "HEAD"),
    ("validate", "--base", "HEAD"),
    ("status",),
    ("history", "web"),
    ("fmt", "--check"),
    ("release", "web", "9.9.9", *VERB),
    ("weight", "web", "33", *VERB),
    ("promote", "web", *VERB),
    ("abort", "web", *VERB),
    ("retry", "web", *VERB),
    ("undo", "web", *VERB),
    ("restart", "web", *VERB),
    ("switch", "web", "--to", "Canary", "--router", "istio", *VERB),
    ("switch", "web", "--to", "BlueGreen", *VERB),
    ("switch", "web", "--continue", *VERB),
)


@pytest.mark.parametrize("kind", ["ok", "err"])
def test_what_is_wrong_is_told_and_is_no_defect(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        lay_out(data.draw(st.sampled_from(cases(kind))), folder, leave=frozenset(("problems.txt", "expected")))
        save(init(folder))
        for _ in range(data.draw(st.sampled_from((1, 1, 2, 4)))):
            _break_one(folder, data)
        if data.draw(st.booleans()):  # what was committed is broken, and the working tree mends it
            save(folder)
            git(folder, "checkout", "--quiet", "HEAD~1", "--", ".")
        commands = data.draw(st.lists(st.sampled_from(COMMANDS), min_size=4, max_size=4, unique=True))
        for command in (("validate",), *commands):
            outcome = run(folder, *command)
            assert outcome.code != DEFECT, (command, _changed(folder), outcome.err)

    check()


def _break_one(folder: Path, data: st.DataObject) -> None:
    """Take away, replace, rename or put elsewhere one value of one of the project's files."""
    file = data.draw(st.sampled_from(sorted(path for path in folder.rglob("*.yaml") if _is_ours(folder, path))))
    try:
        document = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    places = [*_places(document)]
    if not places:
        return
    holder, key = data.draw(st.sampled_from(places))
    match data.draw(st.sampled_from(("remove", "replace", "replace", "rename", "put another"))):
        case "remove":
            del holder[key]
        case "replace":
            holder[key] = copy.deepcopy(data.draw(st.sampled_from(VALUES)))
        case "rename" if isinstance(holder, dict):
            holder[data.draw(st.sampled_from(KEYS))] = holder.pop(key)
        case _:
            other, at = data.draw(st.sampled_from(places))
            holder[key] = copy.deepcopy(other[at])
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def _is_ours(folder: Path, path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(folder).parts


def _places(document: Any) -> Any:
    """Each mapping or list with each of its keys or indexes."""
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in list(keys):
        yield document, key
        yield from _places(document[key])


def _changed(folder: Path) -> str:
    return git(folder, "diff", "HEAD")
