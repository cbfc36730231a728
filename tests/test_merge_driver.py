"""Git merges specs by field with our driver: in real merges, rebases and cherry-picks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from renderer.edit import Remove, Set, edit
from renderer.usecases.merge_driver import _DRIVER
from renderer.yamlio import load
from tests.support.cases import run
from tests.support.past import HEAD, PROJECT, WEB, Repository
from tests.support.repository import environment, git

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
WAYS = ("merge", "rebase", "cherry-pick")
PARTIAL, SPEC, API = "overlays/production/apps/web.yaml", "apps/web.yaml", "apps/api.yaml"


class Edit(NamedTuple):
    """One edit of a spec; None removes the field."""

    file: str
    pointer: str
    value: Any


EDITS = [
    *(Edit(PARTIAL, "/spec/replicas", count) for count in (5, 6)),
    *(Edit(PARTIAL, "/spec/canary", {"tag": tag, "weight": 20}) for tag in ("1.5.0", "1.6.0")),
    *(Edit(PARTIAL, f"/spec/env/{name}", "x") for name in ("A", "B")),
    *(Edit(SPEC, f"/spec/env/{name}", "debug") for name in ("LOG", "NEW")),
    Edit(SPEC, "/spec/tag", "1.4.3"),
    Edit(SPEC, "/spec/podMetadata", {"annotations": {"a": "b"}}),
    Edit(SPEC, "/spec/env", None),
    *(Edit(API, "/spec/tag", tag) for tag in ("2.1.0", "2.2.0")),
    Edit(API, "/spec/replicas", 3),
]


def project(folder: Path) -> Repository:
    """Two apps that are rendered, in a clone that merges by field."""
    made = Repository(folder, start={"rollspec.yaml": PROJECT.replace("renderLevel: 1", "renderLevel: 2")})
    made.app("web", WEB)
    made.app("api", "  image: ghcr.io/acme/api\n  tag: 2.0.0\n  replicas: 2\n  ports: [{name: http, port: 80}]\n")
    made.write(PARTIAL, HEAD.format(kind="App", name="web") + "  replicas: 4\n")
    assert made.run("init", "--merge-driver").code == 0
    made.rendered()
    return made


def applied(text: str, edits: Sequence[Edit], file: str) -> str:
    """The text of a file after its edits; a removal of what is gone changes nothing."""
    for each in edits:
        if each.file == file:
            data: Any = load(text.encode(), "")[0]
            if each.value is not None or each.pointer.rpartition("/")[2] in data["spec"]:
                text = edit(text, [Remove(each.pointer) if each.value is None else Set(each.pointer, each.value)])
    return text


class IdleError(Exception):
    """The edits of a side do not render by themselves, or change nothing."""


def commit(repository: Repository, edits: Sequence[Edit], message: str) -> None:
    for file in {each.file for each in edits}:
        repository.write(file, applied((repository.folder / file).read_text(), edits, file))
    done = repository.run("render")
    assert done.code in (0, 1), done
    if done.code or not repository.git("status", "--porcelain"):
        raise IdleError
    repository.commit(message)


def asked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Git with rollspec on the PATH."""
    env = environment(PATH=PATH, GIT_EDITOR="true")
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def brought(repository: Repository, way: str) -> bool:
    """Bring the branch and main together; whether no spec has a conflict. Rendered files are rendered again."""
    words = {"merge": ["merge", "--no-edit", "feature"], "rebase": ["rebase", "feature"]}
    asked(repository.folder, *words.get(way, ["cherry-pick", "feature"]))
    unmerged = repository.git("diff", "--name-only", "--diff-filter=U").split()
    if any(not path.startswith("rendered/") for path in unmerged):
        return False
    done = run(repository.folder, "render")
    assert done.code in (0, 1), done
    if done.code == 1:
        return False  # the specs do not fit together, and it says so
    repository.git("add", "--all")
    if unmerged:
        assert asked(repository.folder, way, "--continue").returncode == 0
    return True


SIDES = st.lists(st.sampled_from(EDITS), min_size=1, max_size=2)


def test_the_result_is_one_of_the_two_orders_or_a_conflict(tmp_path_factory: pytest.TempPathFactory) -> None:
    compared: list[bool] = []

    # Each example runs some forty programs, so a failing one is not made smaller.
    @settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(ours=SIDES, theirs=SIDES, way=st.sampled_from(WAYS))
    def merges(ours: list[Edit], theirs: list[Edit], way: str) -> None:
        compared.append(_is_merged_in_an_order(tmp_path_factory.mktemp("merge"), ours, theirs, way))

    merges()
    assert compared.count(True) >= 3, compared  # the others are conflicts, or edits that change nothing


def _is_merged_in_an_order(folder: Path, ours: list[Edit], theirs: list[Edit], way: str) -> bool:
    """Whether the sides merge, which must be to what one of the two orders of their edits makes."""
    repository = project(folder / "repository")
    base = {file: (repository.folder / file).read_text() for file in (PARTIAL, SPEC, API)}
    try:
        for branch, edits in (("main", ours), ("feature", theirs)):
            repository.git("checkout", "--quiet", *(["-b", branch, "main"] if branch == "feature" else [branch]))
            if branch == "feature":
                repository.git("reset", "--quiet", "--hard", "main~1")
            commit(repository, edits, branch)
    except IdleError:
        return False
    repository.git("checkout", "--quiet", "main")
    if not brought(repository, way):
        return False
    found = {file: (repository.folder / file).read_text() for file in base}
    orders = [
        {file: applied(applied(text, first, file), second, file) for file, text in base.items()}
        for first, second in ((ours, theirs), (theirs, ours))
    ]
    datas = [{file: load(text.encode(), "")[0] for file, text in order.items()} for order in (found, *orders)]
    assert datas[0] in datas[1:]
    assert run(repository.folder, "render", "--check").code == 0
    return True


@pytest.mark.parametrize("way", WAYS)
def test_each_side_another_field(tmp_path: Path, way: str) -> None:
    repository = project(tmp_path / "repository")
    repository.git("checkout", "--quiet", "-b", "feature")
    commit(repository, [Edit(SPEC, "/spec/env/LOG", "debug"), Edit(PARTIAL, "/spec/replicas", 6)], "feature")
    repository.git("checkout", "--quiet", "main")
    commit(repository, [Edit(PARTIAL, "/spec/canary", {"tag": "1.5.0", "weight": 20}), EDITS[7]], "main")
    assert brought(repository, way)
    assert "replicas: 6" in (repository.folder / PARTIAL).read_text()
    assert "1.5.0" in (repository.folder / PARTIAL).read_text()
    assert run(repository.folder, "render", "--check").code == 0


@pytest.mark.parametrize("way", WAYS)
def test_two_releases_stay_a_conflict(tmp_path: Path, way: str) -> None:
    """The lines fit together: a bump of the stable tag, and a canary."""
    repository = project(tmp_path / "repository")
    repository.write(
        PARTIAL, HEAD.format(kind="App", name="web") + "  tag: 1.4.2\n  replicas: 4\n  env:\n    A: a\n    B: b\n"
    )
    assert repository.run("render").code == 0
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "feature")
    commit(repository, [Edit(PARTIAL, "/spec/tag", "1.4.3")], "feature")
    repository.git("checkout", "--quiet", "main")
    commit(repository, [Edit(PARTIAL, "/spec/canary", {"tag": "1.5.0", "weight": 20})], "main")
    assert not brought(repository, way)
    text = (repository.folder / PARTIAL).read_text()
    assert (text.startswith("<<<<<<<"), "1.4.3" in text, "1.5.0" in text) == (True, True, True)
    done = run(repository.folder, "validate")
    assert (done.code, "conflict markers of Git" in done.err) == (1, True)


def test_without_rollspec_a_name_of_a_file_is_no_command_of_the_shell(tmp_path: Path) -> None:
    """`echo` of some shells reads escapes: a name could hold the digits of a terminal's language."""
    driver = _DRIVER.replace("%O %A %B %P", "%O %A %B '{}'").replace("%P", "'{}'")
    files = [tmp_path / name for name in "oab"]
    for file in files:
        file.write_text("a: 1\n")
    for name, value in zip(("%O", "%A", "%B"), map(str, files), strict=True):
        driver = driver.replace(name, value)
    command = ["sh", "-c", driver.replace("{}", r"apps/\0033[31m.yaml")]
    done = subprocess.run(command, capture_output=True, env={"PATH": "/usr/bin:/bin"}, check=False)
    assert (done.returncode, b"\x1b" in done.stderr, b"exit code 127" in done.stderr) == (1, False, True)


@pytest.mark.parametrize(("found", "code"), [("", "127"), ("#!/bin/sh\nexit 4\n", "4")])
@pytest.mark.parametrize("fit", [True, False])
def test_without_rollspec_both_sides_are_in_the_file_and_it_stays_a_conflict(
    tmp_path: Path, found: str, code: str, *, fit: bool
) -> None:
    """A graphical client often has another PATH: lines alone cannot say that two releases do not fit together."""
    repository = project(tmp_path / "repository")
    text = HEAD.format(kind="App", name="web") + "  tag: 1.4.2\n  replicas: 4\n  env:\n    A: a\n    B: b\n"
    repository.write(PARTIAL, text)
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.write(PARTIAL, text.replace("1.4.2", "1.4.3"))
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write(PARTIAL, text.replace("B: b", "B: c") if fit else text.replace("1.4.2", "1.4.4"))
    repository.commit()
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("git", "sh"):
        (programs / program).symlink_to(str(shutil.which(program)))
    if found:
        (programs / "rollspec").write_text(found)
        (programs / "rollspec").chmod(0o755)
    command = ["git", "-C", str(repository.folder), "merge", "--no-edit", "feature"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(PATH=str(programs)), check=False)
    assert (done.returncode, f"exit code {code}, so git merged the lines of this spec" in done.stderr) == (1, True), (
        done
    )
    merged = (repository.folder / PARTIAL).read_text()
    if fit:
        assert merged == text.replace("1.4.2", "1.4.3").replace("B: b", "B: c")
    else:
        conflict = "<<<<<<< ours\n  tag: 1.4.4\n=======\n  tag: 1.4.3\n>>>>>>> theirs\n"
        assert merged == text.replace("  tag: 1.4.2\n", conflict)
    assert repository.git("diff", "--name-only", "--diff-filter=U").split() == [PARTIAL]


def test_it_is_set_up_once_and_keeps_what_is_there(tmp_path: Path) -> None:
    repository = project(tmp_path / "repository")
    attributes = repository.folder / ".gitattributes"
    assert "apps/*.yaml merge=rollspec\n" in attributes.read_text()
    attributes.write_text("*.png binary\n" + attributes.read_text().replace("apps/*.yaml merge=rollspec\n", ""))
    hook = repository.folder / ".git/hooks/post-merge"
    hook.write_text("#!/bin/sh\necho mine\n")
    done = repository.run("init", "--merge-driver")
    assert (done.code, hook.read_text()) == (0, "#!/bin/sh\necho mine\n")
    assert "add `rollspec render` to it" in done.out
    assert attributes.read_text().splitlines()[0] == "*.png binary"
    assert "apps/*.yaml merge=rollspec" in attributes.read_text().splitlines()
    before = attributes.read_text()
    assert repository.run("init", "--merge-driver").code == 0
    assert attributes.read_text() == before
    assert git(repository.folder, "config", "merge.rollspec.driver").startswith("rollspec merge-driver %O %A %B %P; ")


def test_the_hook_renders_the_checkout_that_was_merged(tmp_path: Path) -> None:
    """One folder of hooks serves every worktree; the folder's name is one word of the shell."""
    inside = "it's $(touch evil)"
    made = Repository(tmp_path / "repository", inside=inside)
    assert made.run("init", "--merge-driver").code == 0
    made.rendered()
    made.git("branch", "topic")
    made.app("web", WEB.replace("LOG: info", "LOG: debug"))
    made.commit("the rendered file is missing")
    tree = tmp_path / "tree"
    made.git("worktree", "add", "--quiet", str(tree), "topic")
    command = ["git", "-C", str(tree), "merge", "--quiet", "--no-edit", "main"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment(PATH=PATH))
    assert "rollspec: commit these rendered files" in done.stdout + done.stderr
    rendered = f"{inside}/rendered/production/web/rollout.yaml"
    assert "debug" in (tree / rendered).read_text()
    assert "debug" not in (tmp_path / "repository" / rendered).read_text()
    assert not list(tmp_path.rglob("evil"))
