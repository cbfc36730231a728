"""Mutants of the fixtures: a project with something wrong in one or two of its files, made from a number alone."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from renderer.project import Versions
from renderer.schema import Schemas
from renderer.schema.store import Read
from tests.support.cases import Outcome, cases, lay_out, run
from tests.support.repository import init, save

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C, where there is one
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
VERB = ("--env", "production", "--dry-run")
COMMANDS = (
    ("validate", "--format", "json"),
    ("render", "--check"),
    ("render", "--stdout"),
    ("fmt", "--check"),
)
WITH_GIT = (
    ("plan", "--base", "HEAD"),
    ("plan", "--into", "HEAD"),
    ("validate", "--base", "HEAD"),
    ("status",),
    ("doctor",),
    ("history", "web"),
    ("release", "web", "9.9.9", *VERB),
    ("release", "web", "9.9.9", "--weight", "10", "--replace", *VERB),
    ("weight", "web", "33", *VERB),
    ("promote", "web", *VERB),
    ("abort", "web", *VERB),
    ("retry", "web", *VERB),
    ("undo", "web", *VERB),
    ("pause", "web", *VERB),
    ("resume", "web", *VERB),
    ("restart", "web", *VERB),
    ("switch", "web", "--to", "Canary", "--router", "istio", *VERB),
    ("switch", "web", "--to", "BlueGreen", *VERB),
    ("switch", "web", "--continue", *VERB),
)
# Exit 3 says that we could not look; nothing in a file of a project may be the reason.
EXPECTED = {
    **dict.fromkeys(("validate", "render", "fmt", "plan", "status", "doctor"), (0, 1)),
    "history": (0, 1, 2),
}
PIECE = 100  # mutants that a process plays in one go
WHOLE_FILE = frozenset(
    ("overlay-file", "template-file", "overlay-app", "app-file", "yaml-empty")
)  # rules about a file that should not be there
REST = (0, 1, 2)  # of a verb: 2 where the app or its state is not what the verb is for
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**9, 2**63, 1.5, -0.0, 1e308, "", "x", "1", "true", "null", "~", "a/b", "../x",
    "/etc/passwd", ".git",
    "{{ x }}", "{% if %}", "$(X)", "http", "web", "production", "\u202e", "\x1b[31m", "a\nb", "::error::x", "é" * 64,
    "x" * 70000,
    "9" * 5000, "(((a{1000}){1000}){1000})", "2026-13-45T99:99:99Z", "99999h", "-5s", "1e9Gi", "sha256:" + "g" * 64,
    "%", "100%", "-1%",
    [], {}, [None], [{}], [[]], ["a"], {"a": 1}, {"a": None}, {"": ""}, {"name": "x"}, [{"name": "http"}],
    {"$patch": "delete"},
    [{"op": {}}], ["x"] * 300, {f"k{number}": number for number in range(300)},
)  # fmt: skip
BYTES = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\t", b"\x1b", b"\x85", "\u2028".encode(), b"&a ", b"*a",
    b"!!python/object:os.system ",
    b"<<: ", b"---\n", b"...\n", b"%YAML 1.1\n", b"? ", b"- ", b": ", b"{", b"}", b"[", b"]", b"'", b'"', b"|", b">",
    b"#", b"@", b"`",
    b"<<<<<<< HEAD\n", b"{{", b"}}", b"{%", b"0x1f", b"1_000", b".inf", b".nan", b"yes", b"0777", b"\n" * 50,
    b"[" * 3000, b"- " * 3000,
    b"? " * 3000, b"{a: " * 3000, b"a:\n " * 500, b"x" * 100000, b"\xed\xa0\x80", b"\xf0\x9f\x98\x80",
    b"!<tag:x,2000:y> ", b"\\u0000",
)  # fmt: skip


@dataclass
class Figures:
    """What a run of mutants showed; all but the first two must stay 0 or empty."""

    mutants: int = 0
    commands: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Take in the figures of another run."""
        self.mutants += other.mutants
        self.commands += other.commands
        self.wrong += other.wrong
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count

    def __str__(self) -> str:
        codes = ", ".join(f"exit {code}: {count:,}" for code, count in sorted(self.codes.items()))
        return f"{self.mutants:,} mutants, {self.commands:,} commands ({codes}); {len(self.wrong)} wrong"


def play(numbers: range, folder: Path, *, git_every: int = 4) -> Figures:
    """Make the mutants, run commands on each, and say what must not be.

    One project for each fixture is laid out in `folder`,
    and put back after each mutant. Every `git_every`th mutant is,
    run through a command that reads Git, too.
    """
    figures = Figures()
    _share_schemas()
    for number in numbers:
        random = Random(number)
        case = random.choice(_cases(random.choice(("ok", "ok", "err"))))
        project = folder / f"{case.parent.name}-{case.name}"
        if not project.exists():
            lay_out(case, project, leave=frozenset(("expected", "problems.txt", "warnings.txt")))
            save(init(project))
        _play_one(number, random, project, figures, with_git=number % git_every == 0)
    return figures


@cache
def _share_schemas() -> None:
    """Let all runs of this process use the same compiled schemas, which took a quarter of the time."""
    compiled: dict[tuple[str, ...], dict[str, Any]] = {}
    make = Schemas.__init__

    def share(self: Schemas, versions: Versions, read: Read) -> None:
        make(self, versions, read)
        self.__dict__ = compiled.setdefault(tuple(versions.folders.values()), self.__dict__)

    Schemas.__init__ = share  # type: ignore[method-assign]  # on purpose: for this process


def _play_one(number: int, random: Random, project: Path, figures: Figures, *, with_git: bool) -> None:
    changed = _mutate(project, random)
    before = _state(project)
    chosen = [COMMANDS[0], *random.sample(COMMANDS[1:], 1)]
    chosen += [random.choice(WITH_GIT)] if with_git else []
    committed = _head(project)
    if with_git and random.random() < 0.3:  # what was committed is broken, and the working tree mends it
        _commit_and_mend(project, changed)
        before, chosen = _state(project), [random.choice(WITH_GIT), WITH_GIT[0]]
    for command in chosen:
        outcome = run(project, *command)
        figures.commands += 1
        figures.codes[str(outcome.code)] = figures.codes.get(str(outcome.code), 0) + 1
        wrong = _wrong(command, outcome)
        if _state(project) != before:
            wrong.append("a file was written")
        figures.wrong += [f"mutant {number} ({project.name}): {' '.join(command)}: {each}" for each in wrong]
    figures.mutants += 1
    if _state(project) != before:  # start from a clean copy
        shutil.rmtree(project)
    else:
        for path, content in (changed | committed).items():
            path.write_bytes(content)


def _commit_and_mend(project: Path, changed: Mapping[Path, bytes]) -> None:
    save(project)
    for path, content in changed.items():
        path.write_bytes(content)


def _head(project: Path) -> dict[Path, bytes]:
    """The files of Git that a commit changes, apart from the objects that it adds."""
    branch = (project / ".git/HEAD").read_text().removeprefix("ref: ").strip()
    return {path: path.read_bytes() for path in (project / ".git" / branch, project / ".git/index")}


def _wrong(command: tuple[str, ...], outcome: Outcome) -> list[str]:
    found = []
    if outcome.code not in EXPECTED.get(command[0], REST):
        found.append(f"exit {outcome.code}: {outcome.err[-600:]}")
    if "Traceback" in outcome.err:
        found.append("a traceback")
    if command[1:] == ("--format", "json") and outcome.code == 1:
        problems = json.loads(outcome.out)
        problems = problems["problems"] if isinstance(problems, dict) else problems
        found += [
            f"without a position: {each}" for each in problems if not each["line"] and each["rule"] not in WHOLE_FILE
        ]
    return found


@cache
def _cases(kind: str) -> list[Path]:
    """The fixtures of a kind that are projects of plain files."""
    return [case for case in cases(kind) if not any(path.is_symlink() for path in case.rglob("*"))]


def _state(project: Path) -> dict[str, bytes]:
    found = {}
    for folder, folders, files in os.walk(project):
        folders[:] = [name for name in folders if name not in (".git", ".rollspec")]
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[path] = file.read()
    return dict(sorted(found.items(), key=lambda item: item[0].split(os.sep)))  # a mutant's number gives its files


def _mutate(project: Path, random: Random) -> dict[Path, bytes]:
    """Change some files; what they held before."""
    files = [path for path in map(Path, _state(project)) if path.suffix in (".yaml", ".j2")]
    before = {path: path.read_bytes() for path in random.sample(files, min(len(files), random.choice((1, 1, 2, 4))))}
    for path, content in before.items():
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            change = random.choice((_bytes, _structure, _structure, _structure, _deep))
            try:
                content = change(content, random)
            except RecursionError:  # an earlier change made it too deep to be copied
                content = _bytes(content, random)
        path.write_bytes(content)
    return before


def _bytes(content: bytes, random: Random) -> bytes:
    """Put something in, take something out, twice a piece, or the end cut off."""
    at = random.randrange(len(content) + 1)
    end = min(len(content), at + random.choice((1, 2, 5, 40)))
    match random.randrange(5):
        case 0:
            return content[:at] + random.choice(BYTES) + content[at:]
        case 1:
            return content[:at] + content[end:]
        case 2:
            return content[:end] + content[at:]
        case 3:
            return content[:at]
        case _:
            return content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


def _structure(content: bytes, random: Random) -> bytes:
    """Take away, replace, rename or put elsewhere one value."""
    try:
        document = yaml.load(content, _LOADER)  # noqa: S506  # a safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return _bytes(content, random)
    values = [*_values(document)]
    if not values:
        return _dumped(random.choice(VALUES))
    holder, key = random.choice(values)
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            new = random.choice(values)[1]
            holder[str(new)] = holder.pop(key)
        case 2:
            other, of = random.choice(values)
            holder[key] = copy.deepcopy(other[of])
        case 3 if isinstance(holder, dict):
            holder[random.choice(_KEYS)] = copy.deepcopy(random.choice(VALUES))
        case _:
            holder[key] = copy.deepcopy(random.choice(VALUES))
    return _dumped(document)


_KEYS = (
    "name", "metadata", "spec", "kind", "extends", "apps", "defaults", "patches", "resources", "extraResources",
    "policy", "cluster",
    "argocd", "canary", "preview", "previous", "aborted", "migration", "paused", "autoscaling", "istio", "steps",
    "overrides", "files",
    "env", "pod", "namespace", "labels", "annotations", "selector", "strategy", "from", "weight", "tag", "version",
    "restartedAt",
    "external", "replicas", "ports", "service", "readinessProbe", "target", "patch", "op", "path", "x", "", "a/b",
    "a~b",
)  # fmt: skip


def _deep(content: bytes, random: Random) -> bytes:
    """Put a value many levels deep, or make it huge."""
    lines = content.split(b"\n")
    at = random.randrange(len(lines))
    depth = random.choice((60, 70, 500, 5000))
    found = re.match(rb"( *(?:- )?[A-Za-z./_-]+: ?)", lines[at])
    if found:
        form = random.choice(
            (b"[" * depth + b"]" * depth, b"{a: " * depth + b"1" + b"}" * depth, b"x" * depth * 20, b"9" * depth)
        )
        lines[at] = found[0] + form
    return b"\n".join(lines)


def _values(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each mapping or list with each of its keys or indexes."""
    keys = document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in list(keys):
        yield document, key
        yield from _values(document[key])


def _dumped(document: Any) -> bytes:
    try:
        text: str = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
        return text.encode("utf-8", "surrogateescape")
    except (yaml.YAMLError, RecursionError):
        return b""


def main(count: int, first: int) -> int:
    """Play many mutants on all processors, and print the figures; 1 if anything is wrong."""
    figures = Figures()
    last = first + count
    pieces = [range(start, min(start + PIECE, last)) for start in range(first, last, PIECE)]
    with ProcessPoolExecutor() as pool:
        for piece, found in zip(pieces, pool.map(_piece, pieces), strict=True):
            figures.add(found)
            for wrong in found.wrong:
                print(wrong, flush=True)
            if piece.stop % 1000 == 0:
                print(f"{figures}; continue with FIRST={piece.stop} N={last - piece.stop}", flush=True)
    print(figures)
    return 1 if figures.wrong else 0


def _piece(numbers: range) -> Figures:
    return play(numbers, Path(_folder().name), git_every=2)


@cache
def _folder() -> TemporaryDirectory[str]:
    """The projects of this process, which stay from one piece to the next."""
    return TemporaryDirectory()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
