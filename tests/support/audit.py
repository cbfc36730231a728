"""What a run does to the machine: the processes, addresses and files that Python's audit hook sees."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.cases import ROOT

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
CODE = ("os.system", "os.exec", "os.spawn", "os.posix_spawn", "ctypes.dlopen", "pty.spawn")


@dataclass
class _Hook:
    """The one hook of this process: Python keeps it as long as the process, so a test turns it on and off."""

    folder: str | None = None
    found: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder and (why := _forbidden(event, arguments, self.folder)):
            self.found.append(why)


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """What the code inside does that is not on the lists above; `folder` is the one where it may open files."""
    hook = _hook()
    hook.folder, hook.found = str(folder), []
    try:
        yield hook.found
    finally:
        hook.folder = None


@cache
def _hook() -> _Hook:
    hook = _Hook()
    sys.addaudithook(hook)
    return hook


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
