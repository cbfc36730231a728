"""Attacks as files: reads one, lays out its tree, and says what always has to hold of what a command prints."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.cases import OVERLAY, PROJECT, Outcome, run
from tests.support.repository import git, init, save

ATTACKS = Path(__file__).parent.parent / "attacks"
SECRET = "0utside-the-pr0ject"  # noqa: S105  (the text of a file that no command may read)
APP = """\
apiVersion: rollspec/v1
kind: App
metadata: {name: web}
spec:
  image: ghcr.io/acme/web
  tag: 1.0.0
  ports: [{name: http, port: 80}]
"""
DEFAULTS = {
    "rollspec.yaml": PROJECT,
    "overlays/production/overlay.yaml": OVERLAY,
    "apps/web.yaml": APP,
}
_EARLIER = 1_767_225_600_000_000_001  # ns: 2026-01-01
_REPEATED = re.compile(r"%(times|flat) ([0-9]+) (.*)")
_SECTION = re.compile(
    r"=== (?P<path>\S+)"
    r"(?: (?P<how>append|escaped|fifo|changed|committed|main|submodule|assumed|forged|(?:committed )?-> .*))?"
)


@dataclass
class Run:
    """One command and what has to be seen of it."""

    arguments: list[str]
    codes: tuple[int, ...] = ()
    says: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)


@dataclass
class Section:
    """One file of the tree: its text, or what it is instead of a file of text."""

    path: str
    how: str
    lines: list[str] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        """The bytes of the file, with repeated parts written out."""
        text = "".join(map(_repeated, self.lines))
        if self.how == "escaped":
            return text.removesuffix("\n").encode("latin-1").decode("unicode_escape").encode("latin-1")
        return text.encode("utf-8", "surrogateescape")


@dataclass
class Attack:
    """What it tries, the runs, and the tree."""

    what: str
    with_git: bool
    runs: list[Run]
    sections: list[Section]


def read(path: Path) -> Attack:
    """The attack in a file; see README.md beside the attacks."""
    attack = Attack("", False, [], [])
    for line in path.read_bytes().decode("utf-8", "surrogateescape").split("\n")[:-1]:
        if attack.sections or line.startswith("=== "):
            _tree_line(attack, line)
        elif line.startswith("$ "):
            attack.runs.append(Run(shlex.split(line[2:].encode().decode("unicode_escape"))))
        elif attack.runs:
            _expectation(attack.runs[-1], line)
        elif line == "with git":
            attack.with_git = True
        else:
            attack.what += line
    return attack


def lay_out(attack: Attack, folder: Path) -> Path:
    """The tree as a project inside `folder`, beside a file that no command may read; the project's folder."""
    (folder / "outside.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {SECRET}}}\n")
    project = folder / "project"
    given = {section.path for section in attack.sections if section.how not in ("append", "committed", "main")}
    for path, text in DEFAULTS.items():
        if path not in given:
            _write(project / path, text.encode())
    for section in attack.sections:
        if section.how.split(" ")[0] not in ("changed", "committed", "main", "submodule", "forged"):
            _lay_out(project, section)
    if attack.with_git:
        save(init(project))
        _main_goes_on(project, [section for section in attack.sections if section.how == "main"])
        _second_commit(project, attack.sections)
    for section in attack.sections:
        if section.how == "changed":
            _lay_out(project, section)
    _forge(project, [section for section in attack.sections if section.how == "forged"])
    return project


def _forge(project: Path, sections: list[Section]) -> None:
    """Rendered files that the cache of another user takes for up to date, made with this very program."""
    if not sections:
        return
    own, os.environ["XDG_STATE_HOME"] = os.environ["XDG_STATE_HOME"], str(project.parent / "a stranger")
    try:
        run(project, "render")
        for path in [path for path in project.rglob("*") if path.is_file() and ".rollspec" not in path.parts]:
            os.utime(path, ns=(_EARLIER, _EARLIER))  # old enough for a cache to go by the times of files
        run(project, "render")
        for section in sections:
            size = (project / section.path).stat().st_size
            _write(project / section.path, section.content + b"#" * (size - len(section.content)))  # seen by its size
            os.utime(project / section.path, ns=(_EARLIER, _EARLIER))
        assert run(project, "render", "--check", "--cached").code == 0, "who made the cache believes it"
    finally:
        os.environ["XDG_STATE_HOME"] = own


def _main_goes_on(project: Path, sections: list[Section]) -> None:
    """A commit of main that the branch of the pull request, which is checked out, does not have."""
    if sections:
        for section in sections:
            _lay_out(project, section)
        save(project)
        git(project, "checkout", "--quiet", "-b", "theirs", "HEAD~1")


def _second_commit(project: Path, sections: list[Section]) -> None:
    """What the pull request commits, and what the index says of files."""
    tip = git(project, "rev-parse", "HEAD").strip()
    for section in sections:
        if section.how.startswith("committed"):
            _lay_out(project, section)
            git(project, "add", "--force", section.path)
        elif section.how == "submodule":
            (project / section.path).mkdir(parents=True, exist_ok=True)
            git(project, "update-index", "--add", "--cacheinfo", f"160000,{tip},{section.path}")
        elif section.how == "assumed":
            git(project, "update-index", "--assume-unchanged", section.path)
    if any(section.how.startswith(("committed", "submodule")) for section in sections):
        git(project, "commit", "--quiet", "--no-verify", "--message", "a stranger's")


def faults(run: Run, outcome: Outcome) -> list[str]:
    """What is wrong with what a command gave: by the attack's own words, and by what holds for every attack."""
    printed = outcome.out + outcome.err
    found = [f"it does not say {text!r}" for text in run.says if text not in printed]
    found += [f"it says {text!r}" for text in (*run.never, SECRET, "Traceback") if text in printed]
    if outcome.code not in run.codes:
        found.append(f"exit {outcome.code}, not {run.codes}")
    found += [f"a line begins with {line[:20]!r}" for line in printed.split("\n") if line.lstrip().startswith("::")]
    found += ["it says '##['"] * ("##[" in printed)
    found += [f"it prints {each!r}" for each in sorted(set(printed)) if _is_obeyed(each)]
    return found


def state(folder: Path) -> dict[str, str]:
    """Every path below a folder but Git's and the cache's own, with what is there."""
    found = {}
    for directory, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in (".git", ".rollspec")]
        for name in (*names, *files):
            path = Path(directory, name)
            link = path.is_symlink() or not path.is_file()
            found[str(path)] = str(path.lstat().st_mode) if link else path.read_bytes().hex()
    return found


def index(project: Path) -> str:
    """What Git's index and branch hold."""
    return git(project, "ls-files", "--stage") + git(project, "rev-parse", "HEAD")


def _is_obeyed(character: str) -> bool:
    """Whether a terminal or a reader obeys the character, or does not see it."""
    return character != "\n" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _tree_line(attack: Attack, line: str) -> None:
    found = _SECTION.fullmatch(line)
    if found:
        attack.sections.append(Section(found["path"], found["how"] or ""))
    else:
        attack.sections[-1].lines.append(line + "\n")


def _expectation(run: Run, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "exit":
        run.codes = tuple(map(int, rest.split()))
    elif word in ("says", "never"):
        getattr(run, word).append(rest)
    else:
        raise ValueError(f"not a line of an attack: {line}")


def _repeated(line: str) -> str:
    found = _REPEATED.fullmatch(line.removesuffix("\n"))
    if not found:
        return line
    end = "\n" if found[1] == "times" else ""
    return "".join(found[3].replace("{n}", str(number)) + end for number in range(int(found[2])))


def _lay_out(project: Path, section: Section) -> None:
    path = project / section.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if "-> " in section.how:
        path.symlink_to(section.how.partition("-> ")[2])
    elif section.how == "fifo":
        os.mkfifo(path)
    elif section.how == "append":
        _write(path, (path.read_bytes() if path.exists() else DEFAULTS[section.path].encode()) + section.content)
    else:
        _write(path, section.content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
