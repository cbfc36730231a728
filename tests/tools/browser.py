"""A Chromium for the tests: the machine's own, or else the one in npm's `@sparticuz/chromium`; and axe-core.

Neither needs root. On a machine that has no browser and reaches no registry, the tests that need one say so, and are
skipped.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from tests.tools.cache import cache, once
from tests.tools.node import any_node, packages, packages_folder

CHROMIUM = "153.0.0"  # of npm @sparticuz/chromium, which carries the program itself
AXE = "4.14.1"  # of npm axe-core
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PACKAGE = "@sparticuz/chromium"
# Everything is compressed by Brotli, which Node.js reads and Python does not.
_UNPACK = """
const { brotliDecompressSync } = require("node:zlib"), { readFileSync, writeFileSync } = require("node:fs");
writeFileSync(process.argv[2], brotliDecompressSync(readFileSync(process.argv[1])));
"""


class Program(NamedTuple):
    """A browser, and the folder of the libraries that it brings; None: it uses those of the machine."""

    path: Path
    libraries: Path | None = None


def programs() -> list[Program]:
    """The browsers of this machine, in the order in which to try them."""
    own = [Program(Path(found)) for found in map(shutil.which, _NAMES) if found]
    pinned = _folder()
    return [*own, Program(pinned / "chromium", pinned / "al2023/lib")] if pinned.is_dir() else own


def axe() -> str | None:
    """The text of the script that checks whether everybody can use a page; None if it was not installed."""
    file = packages_folder("axe-core", AXE) / "node_modules/axe-core/axe.min.js"
    return file.read_text() if file.is_file() else None


def install() -> None:
    """What the machine lacks of both, into the user's cache. Where it cannot be had, a warning says so."""
    try:
        packages("axe-core", AXE)
        if not programs():
            once(_folder(), _chromium)
    except (OSError, subprocess.SubprocessError) as error:
        print(
            f"WARNING: npm gives no axe-core or no Chromium ({error}). The tests of the board that need them are "
            "SKIPPED. Install Chromium, or run `make tools` where npm's registry can be reached.",
            file=sys.stderr,
        )


def _folder() -> Path:
    return cache("tools", f"sparticuz+chromium-{CHROMIUM}")


def _chromium(target: Path) -> None:
    print(f"installing Chromium of {_PACKAGE} {CHROMIUM}", file=sys.stderr)
    packed = packages(_PACKAGE, CHROMIUM) / _PACKAGE / "bin"
    for file in sorted(packed.glob("*.br")):
        subprocess.run([any_node(), "-e", _UNPACK, file, target / file.stem], check=True)
    for file in sorted(target.glob("*.tar")):
        folder = target if file.stem == "swiftshader" else target / file.stem
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
        file.unlink()
    (target / "chromium").chmod(0o755)
