"""The lab's own network, process and mount namespaces: the kernel ends and removes all that was started in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .lock import cache, missing

INSIDE = "ROLLSPEC_LAB_INSIDE"
RUN = cache() / "run"  # a tmpfs inside the sandbox, an empty folder outside


def reason_against(needed: list[str]) -> str | None:
    """Why the lab cannot run here with these engines, as a sentence for its user; None when it can."""
    if sys.platform != "linux":
        return "the lab needs Linux: it runs in network and process namespaces"
    if os.geteuid() != 0:
        return "the lab needs root: it makes network and process namespaces"
    for tool in ("unshare", "ip", "mount", "git"):
        if not shutil.which(tool):
            return f"the lab needs `{tool}`"
    if absent := sorted({*missing()} & {*needed}):
        return f"these engines are not built, run `make engines`: {', '.join(absent)}"
    return None


def enter(arguments: list[str]) -> int:
    """Run this program again, with the same arguments, inside; returns its exit code.

    The process is the first one of a process namespace: when it ends, or this one does, the kernel kills all others of
    that namespace, and the network, the mounts and the files in RUN go with the last of them.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    flags = ["--net", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--mount"]
    environment = {**os.environ, INSIDE: "1"}
    inside = subprocess.Popen(["unshare", *flags, sys.executable, "-m", "tests.engines", *arguments], env=environment)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: inside.kill())
    return inside.wait()


def inside() -> bool:
    """Whether this process runs in the sandbox."""
    return INSIDE in os.environ


def prepare() -> None:
    """Inside: loopback up, every address of the pods' network answered by this machine, a tmpfs for all files."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # the first process ends, so the kernel ends all others
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "10.42.0.0/16", "dev", "lo")
    run("mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", str(RUN))


def run(*command: str, stdin: str | None = None, cwd: Path | None = None) -> str:
    """Run a command and return what it prints; RuntimeError with its words when it fails."""
    done = subprocess.run(command, input=stdin, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
