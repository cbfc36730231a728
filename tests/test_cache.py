"""What is remembered of earlier runs changes how long a run takes, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from importlib.machinery import PathFinder
from pathlib import Path
from stat import ST_INO, ST_MTIME, ST_SIZE
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from renderer import cache
from renderer.cache_key import _make, signing_key
from renderer.layout import CACHE_FOLDER, HEADER
from renderer.rules import Claim, could_clash, fleet
from renderer.sealed import Sealed
from tests.bench.projects import ENVS, generate, name_of
from tests.support.cases import FIXTURES, ROOT, Outcome, cases, lay_out, run, snapshot
from tests.support.past import WEB, Repository
from tests.support.repository import git
from tests.support.stamps import settable
from tests.test_imports import ROWS, _modules

APPS, OUTPUT = 5, "rendered"
ARGO_CD = "  repository: {url: https://git.example.com/a.git, revision: main}\n  argocd: {kind: Application}\n"
KINDS = {path.name: kind for kind in ("ok", "err") for path in cases(kind)}


OF_THE_CACHED = ROWS[[*(row[0] for row in ROWS)].index("pipeline") :]  # what works out what the cache keeps


def test_each_library_that_decides_is_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name for row in OF_THE_CACHED for name in row}
    files = [file for file in (ROOT / "renderer").rglob("*.py") if _part(file) in names]
    imported = {name.partition(".")[0] for file in files for name in [*_modules(file), *_named(file)]}
    foreign = imported - sys.stdlib_module_names - {"renderer"}
    assert set(cache._LIBRARIES) == foreign
    program = cache.program.__wrapped__  # each time anew
    known = program()
    for name in foreign:
        with monkeypatch.context() as absent:
            absent.setattr(cache, "PathFinder", _Without(name))
            assert program() != known, f"{name} is installed later"


def _part(file: Path) -> str:
    return file.relative_to(ROOT / "renderer").parts[0].removesuffix(".py")


def _named(file: Path) -> list[str]:
    """The modules that a file imports by a text."""
    return re.findall(r"import_module\(\"(\w+)", file.read_text())


class _Without:
    """The finder of modules, for which one is not installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str) -> Any:
        return None if name == self.name else PathFinder.find_spec(name)


def outputs(project: Path) -> dict[str, str]:
    return snapshot(project / OUTPUT)


def both(cached: Path, plain: Path, *arguments: str) -> Outcome:
    """The outcome of the same run with and without what is remembered; everything about it is equal."""
    ours = run(cached, "render", "--jobs", "1", *arguments)
    theirs = run(plain, "render", "--jobs", "1", "--no-cache", *arguments)
    assert ours == theirs
    assert outputs(cached) == outputs(plain)
    return ours


def checked(cached: Path, plain: Path, *arguments: str) -> None:
    """The commands that only check say the same with and without what is remembered, before anything is rendered."""
    for command in (("validate", "--jobs", "1", *arguments), ("fmt", "--check")):
        assert run(cached, *command, "--cached") == run(plain, *command)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The same project twice; the first has been rendered twice, so that much is remembered."""
    cached, plain = (generate(tmp_path / name, APPS, 2) for name in ("cached", "plain"))
    both(cached, plain)
    both(cached, plain)
    return cached, plain


@pytest.mark.parametrize("name", sorted(KINDS))
def test_cached_runs_of_a_case_are_plain_runs(name: str, tmp_path: Path) -> None:
    leave = frozenset(("expected", "warnings.txt", "problems.txt"))
    cached, plain = (lay_out(FIXTURES / KINDS[name] / name, tmp_path / which, leave=leave) for which in "ab")
    for _ in range(2):
        both(cached, plain)
    checked(cached, plain)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def edit(path: Path, old: str, new: str) -> None:
    if path.is_file():
        path.write_text(path.read_text().replace(old, new))


def clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def folder_of(project: Path, app: int) -> Path:
    return project / OUTPUT / ENVS[0] / name_of(app)


def spec_of(project: Path, app: int) -> Path:
    return project / "apps" / f"{name_of(app)}.yaml"


EDITS: dict[str, Callable[[Path, int], None]] = {
    "touch": lambda p, n: spec_of(p, n).touch() if spec_of(p, n).exists() else None,
    "another tag": lambda p, n: edit(spec_of(p, n), "tag: 1.", "tag: 2."),
    "same size": lambda p, n: edit(spec_of(p, n), "periodSeconds: 5", "periodSeconds: 6"),
    "wrong": lambda p, n: edit(spec_of(p, n), "  tag:", "  tagg:"),
    "untidy": lambda p, n: edit(spec_of(p, n), "{name: http, port: 80,", "{port: 80, name: http,"),
    "right again": lambda p, n: edit(spec_of(p, n), "  tagg:", "  tag:"),
    "one host twice": lambda p, n: edit(
        spec_of(p, n // 4 * 4), f"[{name_of(n // 4 * 4)}.example.com]", "[one.example.com]"
    ),
    "one app less": lambda p, n: clear(spec_of(p, n)),
    "one app more": lambda p, n: write(
        p / "apps/more.yaml",
        "apiVersion: rollspec/v1\nkind: App\nmetadata:\n  name: more\nspec:\n  image: x/more\n  tag: v1\n",
    ),
    "a partial": lambda p, n: write(
        p / f"overlays/{ENVS[1]}/apps/{name_of(n)}.yaml",
        f"apiVersion: rollspec/v1\nkind: App\nmetadata:\n  name: {name_of(n)}\nspec:\n  tag: v9\n",
    ),
    "no partial": lambda p, n: clear(p / f"overlays/{ENVS[0]}/apps/{name_of(n)}.yaml"),
    "overlay": lambda p, n: edit(p / f"overlays/{ENVS[0]}/overlay.yaml", "replicas: 4", f"replicas: {n + 5}"),
    "idle patch": lambda p, n: edit(p / f"overlays/{ENVS[0]}/overlay.yaml", "kind: Workload", "kind: Ingress"),
    "some apps": lambda p, n: edit(
        p / f"overlays/{ENVS[1]}/overlay.yaml", "  defaults:", f"  apps: [{name_of(n)}]\n  defaults:"
    ),
    "argo cd": lambda p, n: edit(p / "rollspec.yaml", "renderLevel: 1\n", f"renderLevel: 1\n{ARGO_CD}"),
    "output edited": lambda p, n: edit(folder_of(p, n) / "service.yaml", "kind: Service", "kind: Serviced"),
    "output edited, same size": lambda p, n: edit(folder_of(p, n) / "service.yaml", "kind: Service", "kind: service"),
    "output gone": lambda p, n: clear(folder_of(p, n) / "service.yaml"),
    "folder gone": lambda p, n: clear(folder_of(p, n)),
    "output not ours": lambda p, n: write(folder_of(p, n) / "service.yaml", "kind: Mine\n"),
    "left over": lambda p, n: write(folder_of(p, n) / "old.yaml", f"{HEADER}apps/x.yaml\n"),
    "left over below": lambda p, n: write(folder_of(p, n) / "deep/old.yaml", f"{HEADER}apps/x.yaml\n"),
    "left over of no app": lambda p, n: write(p / OUTPUT / ENVS[0] / "gone/old.yaml", f"{HEADER}apps/x.yaml\n"),
    "no output at all": lambda p, n: clear(p / OUTPUT),
    "nothing remembered": lambda p, n: clear(p / CACHE_FOLDER),
}
IDLE = {"touch", "right again", "nothing remembered"}  # they change no text of a new project
CHANGES = st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, APPS - 1)), min_size=1, max_size=3)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(st.tuples(CHANGES, st.sampled_from([(), ("--env", ENVS[0]), ("--strict",)])), max_size=4))
def test_cached_runs_are_plain_runs_after_any_edits(
    steps: list[tuple[list[tuple[str, int]], tuple[str, ...]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = tmp_path_factory.mktemp("edits")
    cached, plain = (generate(here / name, APPS, 2) for name in ("cached", "plain"))
    both(cached, plain)
    for changes, arguments in steps:
        for name, app in changes:
            EDITS[name](cached, app)
            EDITS[name](plain, app)
        checked(cached, plain, *arguments)
        both(cached, plain, *arguments)


@pytest.mark.parametrize("name", sorted(EDITS))
def test_cached_runs_are_plain_runs_after_each_edit(name: str, pair: tuple[Path, Path]) -> None:
    cached, plain = pair
    before = snapshot(plain)
    for project in pair:
        EDITS[name](project, 0)
    assert (snapshot(plain) == before) == (name in IDLE), "an edit that changes nothing shows nothing"
    checked(cached, plain)
    both(cached, plain)
    both(cached, plain)
    checked(cached, plain)


def test_what_is_remembered_of_others_clashes_too(pair: tuple[Path, Path]) -> None:
    for app in (0, 4):
        for project in pair:
            EDITS["one host twice"](project, app)
        outcome = both(*pair)
    assert "host-once" in outcome.err
    assert outcome.code == 1


def test_environments_rendered_one_by_one_are_judged_together_later(tmp_path: Path) -> None:
    case = FIXTURES / "err" / "two-environments-one-namespace"
    cached, plain = (lay_out(case, tmp_path / which, leave=frozenset(("problems.txt",))) for which in "ab")
    for env in ("production", "staging"):
        assert both(cached, plain, "--env", env).code == 0
    assert both(cached, plain).code == 1


def test_a_run_in_which_nothing_changed_makes_nothing(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    run(pair[0], "fmt")
    old(pair[0], monkeypatch)
    run(pair[0], "render")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an app was read")

    assert run(pair[0], "fmt", "--check", "--cached").code == 0
    monkeypatch.setattr("renderer.usecases.project.Opened.texts", refuse)
    monkeypatch.setattr("renderer.usecases.fmt.formatted_as_read", refuse)
    assert run(pair[0], "render").out.startswith("0 written")
    assert run(pair[0], "render", "--check", "--cached").code == 0
    assert run(pair[0], "validate", "--cached").code == 0
    assert run(pair[0], "fmt", "--check", "--cached").code == 0
    for command in (("validate", "--jobs", "1"), ("fmt", "--check")):
        assert run(pair[0], *command).code > 1, "without the option it trusts nothing"


def test_validate_remembers_inputs_only(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the output folder has is nothing to it."""
    old(pair[0], monkeypatch)
    run(pair[0], "render")
    clear(pair[0] / OUTPUT)
    monkeypatch.delattr("renderer.usecases.project.Opened.texts")
    assert run(pair[0], "validate", "--cached").code == 0


@pytest.mark.parametrize(
    "options", [[], ["--check", "--no-cache"], ["--check", "--output", "x"], ["--check", "--bootstrap"]], ids=" ".join
)
def test_cached_where_it_says_nothing_is_refused(pair: tuple[Path, Path], options: list[str]) -> None:
    outcome = run(pair[0], "render", "--cached", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("rollspec: --cached ")


def test_one_changed_app_costs_one_app(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    old(pair[0], monkeypatch)
    run(pair[0], "render")
    read: list[str] = []
    texts = "renderer.usecases.project.Opened.texts"
    from renderer.usecases.project import Opened

    plain = Opened.texts
    monkeypatch.setattr(texts, lambda self, app, *more: read.append(app) or plain(self, app, *more))  # type: ignore[func-returns-value]
    EDITS["another tag"](pair[0], 1)
    assert run(pair[0], "render").out.startswith("2 written")
    assert read == [name_of(1)]


def old(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files as if written an hour ago, so that their stamps can be trusted."""
    settable(monkeypatch)
    for path in sorted(project.rglob("*")):
        if path.is_file() and CACHE_FOLDER not in path.parts:
            seconds = path.stat().st_mtime_ns // 1_000_000_000 - 3600
            os.utime(path, ns=(seconds * 1_000_000_000 + 1, seconds * 1_000_000_000 + 1))


@pytest.mark.parametrize("command", ["render", "validate --cached", "fmt --check --cached", "render --check --cached"])
def test_a_file_that_keeps_its_time_and_its_size_is_seen_to_change(
    command: str, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `tar`, `cp -p` and `touch -r` write it."""
    for module in ("recorded", "known_files"):  # an hour later, so that stamps count at once
        monkeypatch.setattr(f"renderer.usecases.{module}.clock", lambda: time.time_ns() + 3_600_000_000_000)
    run(pair[0], "fmt")
    for word in ("render", "validate --cached", "fmt --check --cached"):
        run(pair[0], *word.split())
    path = spec_of(pair[0], 0)
    before = path.stat()
    pattern, new = (r"tag: (\d)\.", r"tag:  \1") if "fmt" in command else (r"\n  tag: ", "\n  tga: ")
    path.write_text(re.sub(pattern, new, path.read_text()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert [after[key] for key in (ST_MTIME, ST_SIZE, ST_INO)] == [before[key] for key in (ST_MTIME, ST_SIZE, ST_INO)]
    assert run(pair[0], *command.split()).code == 1


def test_check_does_not_trust_what_is_remembered(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An output changed under the same stamp, as nothing but a clock that was set back can do."""
    old(pair[0], monkeypatch)
    run(pair[0], "render")
    path = folder_of(pair[0], 0) / "service.yaml"
    before = path.stat()
    with path.open("r+") as file:
        file.write("# Generated by rollspec from elsewhere"[:20])
        file.seek(before.st_size - 2)
        file.write("X")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(pair[0], "render", "--check", "--cached").code == 0
    assert run(pair[0], "render", "--check").code == 1


SEALED = [b"", b"{}", b"0" * 64 + b"{}", b"0" * 64 + b'{"apps/%s.yaml": [0, 0, 0]}' % name_of(0).encode()]


@pytest.mark.parametrize("damage", SEALED)
def test_a_sealed_text_that_somebody_else_wrote_says_nothing(
    damage: bytes, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for project in pair:
        run(project, "fmt")
        old(project, monkeypatch)
    run(pair[0], "fmt", "--check", "--cached")
    (path,) = (pair[0] / CACHE_FOLDER).glob("formatted*")
    EDITS["untidy"](pair[0], 0)
    EDITS["untidy"](pair[1], 0)
    status = spec_of(pair[0], 0).stat()
    stamp = [status.st_mtime_ns, status.st_size, status.st_ino]
    text = path.read_bytes()
    path.write_bytes(damage)
    checked(*pair)
    path.write_bytes(text[:64] + json.dumps({f"apps/{name_of(0)}.yaml": [stamp, True]}).encode())
    checked(*pair)
    path.unlink()
    path.symlink_to(pair[1] / CACHE_FOLDER / path.name)
    checked(*pair)


def test_a_sealed_text_counts_for_its_user_its_folder_and_its_name(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(root: Path, name: str = "a", key: str = "k") -> str:
        return Sealed(str(root), name, key, signing_key(str(root))).read()

    Sealed(str(pair[0]), "a", "k", signing_key(str(pair[0]))).write("text")
    assert (found(pair[0]), found(pair[0], key="other")) == ("text", "")
    (pair[0] / CACHE_FOLDER / "a.sealed").rename(pair[0] / CACHE_FOLDER / "b.sealed")
    assert found(pair[0], "b") == ""
    shutil.copytree(pair[0] / CACHE_FOLDER, pair[1] / CACHE_FOLDER, dirs_exist_ok=True)
    assert found(pair[1], "b") == ""
    (pair[0] / CACHE_FOLDER / "b.sealed").rename(pair[0] / CACHE_FOLDER / "a.sealed")
    assert found(pair[0]) == "text"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a stranger"))
    assert found(pair[0]) == ""


def stored(project: Path) -> list[Path]:
    """The files of the cache that hold records."""
    found = [*(project / CACHE_FOLDER).glob("*.sqlite")]
    assert found
    return found


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_cache_is_no_cache(damage: bytes, pair: tuple[Path, Path]) -> None:
    for path in stored(pair[0]):
        path.write_bytes(damage)
    EDITS["another tag"](pair[0], 1)
    EDITS["another tag"](pair[1], 1)
    both(*pair)
    both(*pair)


def test_nothing_is_stored_through_a_symbolic_link(pair: tuple[Path, Path], tmp_path: Path) -> None:
    clear(pair[0] / CACHE_FOLDER)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (pair[0] / CACHE_FOLDER).symlink_to(elsewhere)
    both(*pair)
    assert list(elsewhere.iterdir()) == []


def test_a_journal_that_somebody_committed_is_not_obeyed(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """SQLite removes the file that a journal left by a crash names as its super-journal."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    name, magic = str(victim).encode(), bytes.fromhex("d9d505f920a163d7")
    header = (magic + struct.pack(">5I", 0, 0, 1, 512, 4096)).ljust(512, b"\0")
    tail = struct.pack(">I", (1 << 30) // 4096 + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
    for path in stored(pair[0]):
        path.with_name(f"{path.name}-journal").write_bytes(header + tail)
    both(*pair)
    assert victim.read_text() == "precious"


def test_a_view_that_somebody_committed_is_not_asked(pair: tuple[Path, Path]) -> None:
    fields = ", ".join(f"x AS {name}" for name in (*cache.Record._fields, "key"))
    for path in stored(pair[0]):
        path.unlink()
        with closing(sqlite3.connect(path)) as connection:
            endless = "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c)"
            connection.execute(f"CREATE VIEW rendered AS {endless} SELECT {fields} FROM c")  # noqa: S608
            connection.commit()
    both(*pair)


def test_a_cache_that_another_user_made_is_not_believed(
    pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that comes with a stranger's tree, made with this very program, for this very path."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a stranger"))
    clear(pair[0] / CACHE_FOLDER)
    run(pair[0], "render")
    old(pair[0], monkeypatch)
    run(pair[0], "render")
    path = folder_of(pair[0], 0) / "service.yaml"
    before = path.stat()
    path.write_text(path.read_text().replace("80", "81"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(pair[0], "render", "--check", "--cached").code == 0, "who made it believes it"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "the user"))
    assert run(pair[0], "render", "--check", "--cached").code == 1
    run(pair[0], "render")
    assert outputs(pair[0]) == outputs(pair[1])


def test_a_cache_that_was_moved_with_its_project_is_not_believed(pair: tuple[Path, Path], tmp_path: Path) -> None:
    pair[0].rename(tmp_path / "elsewhere")
    assert " 0 of 5 apps unchanged" in run(tmp_path / "elsewhere", "render", "-v").err.replace("(", "( ")


NO_HOME = {"XDG_STATE_HOME": "", "HOME": ""}


@pytest.mark.parametrize("variables", [NO_HOME, {"XDG_STATE_HOME": "state", "HOME": "home"}])
def test_where_there_can_be_no_key_there_is_no_cache(
    variables: dict[str, str], pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clear(pair[0] / CACHE_FOLDER)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert "no cache: HOME is not set" in run(pair[0], "render", "--verbose").err
    both(*pair)
    assert not list((pair[0] / CACHE_FOLDER).glob("*.sqlite"))


def test_a_key_that_the_project_brings_is_not_used(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(pair[0] / ".local/state"))
    assert "no cache: the user's state folder is inside the project" in run(pair[0], "render", "-v").err
    assert not (pair[0] / ".local").exists()


def test_the_key_is_the_users_own(pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run(pair[0], "render")
    (key,) = (tmp_path / "state/rollspec").iterdir()
    assert (key.stat().st_mode & 0o777, key.stat().st_size) == (0o600, 32)
    key.chmod(0o644)
    assert "is not a key that only this user can read" in run(pair[0], "render", "-v").err
    key.unlink()
    key.symlink_to("/etc/passwd")
    assert "no cache: no key in the user's state folder" in run(pair[0], "render", "-v").err


def test_a_cache_that_git_tracks_is_not_used(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    assert repository.run("render").err == ""
    repository.git("add", "-f", CACHE_FOLDER)
    told = repository.run("render")
    assert told.err == "rollspec: .rollspec/ is not used, because Git tracks it: run `git rm -r --cached .rollspec`\n"
    assert told.code == 0
    repository.git("rm", "-r", "-q", "--cached", CACHE_FOLDER)
    assert repository.run("render").err == ""


def test_claims_that_another_run_replaced_meanwhile_are_found_again(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look at the records and at the claims; nothing that was rendered is thrown away for it."""
    for project in pair:
        EDITS["one host twice"](project, 0)
    both(*pair)
    monkeypatch.setattr(cache.Cache, "facts", lambda *_: {})
    for project in pair:
        EDITS["one host twice"](project, 4)
    assert both(*pair).code == 1


def test_git_ignores_the_cache(pair: tuple[Path, Path]) -> None:
    assert (pair[0] / CACHE_FOLDER / ".gitignore").read_text() == "*\n"


def test_two_runs_at_once(pair: tuple[Path, Path]) -> None:
    for project in pair:
        for app in range(APPS):
            EDITS["another tag"](project, app)
    command = [sys.executable, "-m", "renderer", "-C", str(pair[0]), "render"]
    runs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(3)]
    assert [each.communicate() and each.returncode for each in runs] == [0, 0, 0]
    run(pair[1], "render", "--no-cache")
    assert outputs(pair[0]) == outputs(pair[1])
    assert run(pair[0], "render").out.startswith("0 written")


def test_a_stamp_is_trusted_only_when_its_tick_is_over() -> None:
    tick = 1_000_000_000_000_000_001
    assert not cache.settled([(tick, 1, 1)], tick + 1_000_000)
    assert cache.settled([(tick, 1, 1)], tick + 100_000_000)
    assert not cache.settled([(tick - 1, 1, 1)], tick + 1_000_000_000), "a file system that counts seconds"


APP_CLAIMS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["object-once", "host-once"]), st.sampled_from("abc")),
        st.sampled_from(
            [
                ("object-once", "Service a in n|"),
                ("host-once", "a.n.svc in the mesh|"),
                ("host-once", "*.n.svc in the mesh|"),
                ("destination-rule-once", "a.n.svc|n"),
                ("destination-rule-once", "*.n.svc|n"),
                ("destination-rule-once", "*|m"),
                ("claim-access", "n/a"),
                ("claim-mounted", "n/a"),
                ("claim-of-one-pod", "n/a"),
            ]
        ),
        st.tuples(
            st.sampled_from(["pods", "workloads-overlap"]),
            st.sets(st.sampled_from(["a=1", "b=1", "c=1"]), min_size=1).map(
                lambda found: "\n".join(["ns", *sorted(found)])
            ),
        ),
    ),
    max_size=4,
)


@given(st.dictionaries(st.sampled_from("vwxyz"), APP_CLAIMS))
def test_claims_that_could_not_clash_with_what_is_new_can_be_left_out(found: dict[str, list[tuple[str, str]]]) -> None:
    claimed = [(app, Claim(*pair, app, "f", str(n))) for app, pairs in found.items() for n, pair in enumerate(pairs)]
    old = [each for each in claimed if each[0] != "v"]
    assume(not fleet(old))
    counts = could_clash(claim for app, claim in claimed if app == "v")
    assert fleet(claimed) == fleet([each for each in claimed if each[0] == "v" or counts(*each[1][:2])])


def test_a_cache_that_another_run_holds_is_not_waited_for(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderer.cache._WAIT", 0)
    (file,) = (pair[0] / CACHE_FOLDER).glob("*.sqlite")
    EDITS["another tag"](pair[0], 0)
    EDITS["another tag"](pair[1], 0)
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN EXCLUSIVE")
        both(*pair)


@pytest.mark.parametrize("in_the_way", ["a file", "a folder of the text", "a link"])
def test_where_nothing_can_be_kept_all_is_made(in_the_way: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    folder = repository.folder / CACHE_FOLDER
    if in_the_way == "a file":
        folder.write_text("")
    elif in_the_way == "a link":
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        (folder / "names.sealed").mkdir(parents=True)
    sealed = Sealed(str(repository.folder), "names", "k", signing_key(str(repository.folder)))
    sealed.write("text")
    assert sealed.read() == ""
    assert repository.run("render").code == 0
    assert not (tmp_path / "elsewhere").exists()


def test_of_two_runs_that_make_the_key_one_makes_it(tmp_path: Path) -> None:
    file = tmp_path / "state/key"
    keys = set()
    for _ in range(2):
        _make(str(file.parent), str(file))
        keys.add(file.read_bytes())
    assert (len(keys), list(file.parent.iterdir())) == (1, [file])


def test_the_cache_of_a_worktree_may_be_tracked_too(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.rendered()
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"))
    assert run(tmp_path / "tree", "render").err == ""
    git(tmp_path / "tree", "add", "-f", CACHE_FOLDER)
    assert "because Git tracks it" in run(tmp_path / "tree", "render").err
    (repository.folder / ".git/HEAD").write_text("nothing")
    (repository.folder / ".git/objects").rename(tmp_path / "objects")  # what is signed is believed all the same
    assert run(tmp_path / "tree", "render").err == ""


def test_the_cache_in_the_shared_part_of_a_split_index_may_be_tracked_too(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.rendered()
    repository.git("add", "-f", CACHE_FOLDER)
    repository.git("update-index", "--split-index")
    assert "because Git tracks it" in repository.run("render").err


def test_what_comes_back_for_an_app_that_is_not_there_is_removed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.app("api", WEB.replace("web", "api"))
    repository.overlay("staging", "  apps: [api]\n")
    for _ in range(2):
        assert repository.run("render").code == 0
    left = repository.folder / OUTPUT / "staging/web"
    shutil.copytree(repository.folder / OUTPUT / "production/web", left)
    assert repository.run("render").code == 0
    assert not left.exists()


def test_a_resource_of_an_app_that_is_gone_is_seen(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write("extra/account.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n")
    repository.app("web", WEB + "  extraResources: [../extra/account.yaml]\n")
    for _ in range(2):
        assert repository.run("render").code == 0
    (repository.folder / "extra/account.yaml").unlink()
    done = repository.run("render")
    assert (done.code, "extra/account.yaml" in done.err) == (1, True), done


def test_a_folder_that_cannot_be_looked_through_is_no_reason_to_stop(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: str) -> None:
        raise PermissionError(13, "Permission denied", root)

    monkeypatch.setattr(cache, "walk", refuse)
    EDITS["another tag"](pair[0], 0)
    EDITS["another tag"](pair[1], 0)
    both(*pair)


def test_a_folder_that_another_run_renames_meanwhile_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "production/web").mkdir(parents=True)
    (tmp_path / "production/web/service.yaml").write_text("")
    (tmp_path / "production/.rollspec-7-0.tmp").mkdir()
    look = os.scandir

    def later(path: str) -> Any:
        if path.endswith(".tmp"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return look(path)

    monkeypatch.setattr(os, "scandir", later)
    assert [folder for folder, files in cache.walk(str(tmp_path)).items() if files] == ["production/web"]


def test_a_plain_manifest_of_an_app_that_git_ignores_by_now_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    project = repository.folder
    write(project / "extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n")
    repository.app("web", WEB + "  extraResources: [../extra.yaml]\n")
    for _ in range(3):
        time.sleep(0.1)  # so that stamps count
        assert run(project, "render").code == 0
    write(project / ".gitignore", "extra.yaml\n")
    plain = run(project, "validate")
    assert (plain.code, "is ignored by Git (.gitignore:1" in plain.err) == (1, True), plain
    assert run(project, "validate", "--cached") == plain
    assert run(project, "render").err == plain.err
