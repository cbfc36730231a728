"""Reads the files that ship with the program: `schemas/` in a checkout, `renderer/_schemas/` in a wheel."""

from __future__ import annotations

import os.path

_HERE = os.path.dirname(os.path.abspath(__file__))
_FOLDERS = (os.path.join(_HERE, "_schemas"), os.path.join(os.path.dirname(_HERE), "schemas"))


def schemas_folder() -> str:
    """The folder that holds `rollspec/` and the sets; the wheel's copy where there is one."""
    return next((folder for folder in _FOLDERS if os.path.isdir(os.path.join(folder, "rollspec"))), _FOLDERS[0])


def read_schema(path: str) -> bytes | None:
    """The file at `path` (relative to `schemas/`, with `/`); None if it does not exist or is outside of `schemas/`."""
    parts = path.split("/")
    if not all(parts) or ".." in parts or "\0" in path:
        return None
    try:
        with open(os.path.join(schemas_folder(), *parts), "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
