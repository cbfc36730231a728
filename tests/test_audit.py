"""What rollspec does to the machine while it reads attacks: processes, addresses and files are on a short list."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.attacks import ATTACKS, lay_out, read
from tests.support.cases import ROOT, run

PROGRAMS = frozenset(("git",))
# Places outside the project that a run reads: Python, the program with its schemas, and what the system says of itself.
READ = (
    str(ROOT),
    sys.prefix,
    sys.base_prefix,
    sysconfig.get_path("stdlib"),
    "/proc/",
    "/sys/fs/cgroup",
    "/dev/null",
    "/etc/",
)
TEMPORARY = "rollspec-"  # how folders begin that a run makes for itself
NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request")
CODE = ("os.system", "os.exec", "os.spawn", "ctypes.dlopen", "pty.spawn")


@pytest.mark.parametrize("kind", sorted(path.name for path in ATTACKS.iterdir() if path.is_dir()))
def test_no_attack_starts_a_program_reaches_an_address_or_opens_a_file_elsewhere(kind: str, tmp_path: Path) -> None:
    """In a process of its own, since an audit hook stays as long as the process."""
    child = os.fork()
    if not child:
        os._exit(_watched(kind, tmp_path))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = (tmp_path / "found").read_text() if (tmp_path / "found").exists() else ""
    assert (status, found) == (0, "")


def _watched(kind: str, folder: Path) -> int:
    found: list[str] = []
    watching = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and (why := _forbidden(event, arguments, str(folder))):
            found.append(why)

    attacks = [(file, read(file)) for file in sorted((ATTACKS / kind).glob("*.attack"))[::3]]  # every third one
    projects = []
    for number, (_, attack) in enumerate(attacks):
        (folder / str(number)).mkdir()
        projects.append(lay_out(attack, folder / str(number)))
    sys.addaudithook(hook)
    for (file, attack), project in zip(attacks, projects, strict=True):
        for each in attack.runs:
            before = len(found)
            watching = True
            run(project, *each.arguments)
            watching = False
            found[before:] = [f"{file.stem}: {why}" for why in found[before:]]
    (folder / "found").write_text("\n".join(sorted(set(found))))
    return 0


def _forbidden(event: str, arguments: tuple[Any, ...], folder: str) -> str | None:
    """Why an event may not be; None where it may."""
    if event in NETWORK or event in CODE:
        return f"{event} {arguments!r}"
    if event == "subprocess.Popen":
        return None if os.path.basename(os.fsdecode(arguments[0])) in PROGRAMS else f"starts {arguments[0]!r}"
    if event == "open" and isinstance(arguments[0], str | bytes):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        inside = path.startswith(folder) or not os.path.isabs(os.fsdecode(arguments[0]))  # below an open folder
        is_ours = path.startswith((f"{tempfile.gettempdir()}/{TEMPORARY}", f"{os.environ['XDG_STATE_HOME']}/rollspec/"))
        # A temporary file without a name: nothing else can open a folder to write.
        unnamed = path == tempfile.gettempdir() and arguments[2] & os.O_ACCMODE != os.O_RDONLY
        return None if inside or is_ours or unnamed or path.startswith(READ) else f"opens {path}"
    return None
