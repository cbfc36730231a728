"""The packages of an extra, for those who installed rollspec without it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires


def install(extra: str) -> str:
    """The command that installs what an extra adds, from the package index; rollspec itself may come from elsewhere."""
    try:
        needed = requires("rollspec") or []
    except PackageNotFoundError:  # run from its sources
        needed = []
    packages = [each.partition(";")[0].strip() for each in needed if f"extra == '{extra}'" in each.replace('"', "'")]
    named = " ".join(f"'{each}'" for each in packages) or f"'.[{extra}]'"
    return f"python3 -m pip install {named}"
