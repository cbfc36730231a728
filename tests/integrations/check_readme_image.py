"""The image of the README's first app runs with the rights that `rollspec init` writes.

The test builds the program from the Go module of the image's version, and runs it as the rendered Deployment says: user
and group, no capabilities, and a read-only root file system that holds only this program. Then it sends the request of
the readiness probe. It applies neither the seccomp profile nor the memory limit: a container runtime does that.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integrations.programs import go_httpbin
from tests.support.cases import ROOT, run

INIT = re.findall(r"^\$ rollspec (init .+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
RUN = """
ip link set lo up
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
exec chroot --userspec="$2" --groups= "$1" /bin/go-httpbin
"""
WRITES = "import sys, pathlib; pathlib.Path(sys.argv[1], 'written').write_text('x')"
GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=1).status)"
SECONDS = 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make namespaces")
def test_the_first_image_of_the_readme_is_ready_with_the_rights_that_init_writes(tmp_path: Path) -> None:
    pod = _pod(tmp_path)
    container, rights = pod["containers"][0], pod["securityContext"]
    image, _, tag = container["image"].rpartition(":")
    assert image == "ghcr.io/mccutchen/go-httpbin"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    probe = container["readinessProbe"]["httpGet"]
    port = next(port["containerPort"] for port in container["ports"] if port["name"] == probe["port"])
    with _running(go_httpbin(tag), tmp_path / "root", f"{rights['runAsUser']}:{rights['runAsGroup']}") as process:
        assert _status(process, f"http://127.0.0.1:{port}{probe['path']}") == "200"
        status = Path(f"/proc/{process}/status").read_text()
        assert f"\nUid:\t{rights['runAsUser']}\t" in status
        assert "\nCapPrm:\t0000000000000000\n" in status
        assert "\nNoNewPrivs:\t1\n" in status
        root = f"/proc/{process}/root"
        written = subprocess.run([sys.executable, "-c", WRITES, root], capture_output=True, text=True, check=False)
        assert "Read-only file system" in written.stderr


def _pod(folder: Path) -> dict[str, Any]:
    """The pod of the app that the README's first command makes."""
    assert run(folder, *INIT[0].split()).code == 0
    assert run(folder, "render").code == 0
    deployment = yaml.safe_load((folder / "rendered/production/frontend/deployment.yaml").read_text())
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


@contextmanager
def _running(program: Path, root: Path, user: str) -> Iterator[int]:
    """The process of the program, alone in its file system and network."""
    (root / "bin").mkdir(parents=True)
    (root / "bin/go-httpbin").write_bytes(program.read_bytes())
    (root / "bin/go-httpbin").chmod(0o755)
    command = ["setpriv", "--no-new-privs", "unshare", "--net", "--mount", "sh", "-e", "-c", RUN, "sh", str(root), user]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _status(process: int, url: str) -> str:
    """The HTTP status of the URL in the network of the process, asked until it answers."""
    command = ["nsenter", "--net", f"--target={process}", sys.executable, "-c", GET, url]
    end = time.monotonic() + SECONDS
    while True:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        if asked.returncode == 0 or time.monotonic() > end:
            return asked.stdout.strip() or asked.stderr
        time.sleep(0.1)
