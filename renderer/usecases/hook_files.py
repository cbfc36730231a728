"""Files of Git's hooks: in the checkout, where a branch can have links, or in a folder of the user's own."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from renderer.problem import printable
from renderer.tree import lay_out, read

_GIT = ".git"  # no branch can have a file of this name


@dataclass(frozen=True, slots=True)
class HookFile:
    """A file that is reached from `root` without following a link."""

    root: str
    path: str

    @property
    def file(self) -> str:
        """The file as it is shown."""
        return os.path.join(self.root, self.path)


def hook_file(top: str, folder: str, name: str) -> HookFile:
    """The hook of this name in a folder of the checkout whose top folder is given, or in a folder elsewhere.

    In the checkout, every folder on the way counts as the branch's. `.git` and folders elsewhere are the user's own,
    and may be links.
    """
    inside = _inside(top, folder)
    if inside is None or inside[:1] == [_GIT]:
        return HookFile(folder, name)
    return HookFile(top, "/".join([*inside, name]))


def read_hook(hook: HookFile) -> tuple[str | None, str]:
    """The text of the hook, None if there is none; and why it is not read, if something else is there."""
    if not os.path.lexists(hook.file):
        return None, ""
    files, problems = read(hook.root, [hook.path])
    for each in problems:
        return "", f"{printable(each.file)}: {each.message.partition(':')[0]}"
    return files[hook.path].decode(errors="replace"), ""


def create_hook(hook: HookFile, text: str, *, runs: bool = True) -> None:
    """Write a hook that is not there yet; with `runs`, as a program. TreeError for a link in the way."""
    os.makedirs(hook.root, exist_ok=True)
    lay_out(hook.root, {hook.path: text.encode()}, {}, mode=0o777 if runs else 0o666)


def _inside(top: str, folder: str) -> list[str] | None:
    """The parts of the folder's path below the top folder, which may have another name there; None if it is not."""
    parts = folder.split(os.sep)
    for number in range(1, len(parts) + 1):
        with suppress(OSError):
            if os.path.samefile(os.sep.join(parts[:number]) or os.sep, top):
                return parts[number:]
    return None
