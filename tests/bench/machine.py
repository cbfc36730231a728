"""What the numbers were measured on; nothing that names the machine."""

from __future__ import annotations

import os
import platform
import sysconfig
from pathlib import Path

from renderer.workers import processors


def description() -> str:
    """Processors, memory, kernel, Python, in a line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"{processors()} processors ({_model()}), {memory:.0f} GB of memory, "
        f"{platform.system()} {kernel}, Python {platform.python_version()} ({_build()})"
    )


def load() -> float:
    """How many processes wanted to run during the last minute, this one's own included."""
    return os.getloadavg()[0]


def _build() -> str:
    """Python's own programs run up to a fifth faster where it was built with a profile, as distributions do."""
    given = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    return "built with a profile" if "--enable-optimizations" in given else "built without --enable-optimizations"


def _model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
