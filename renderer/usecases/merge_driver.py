"""`rollspec merge-driver`, which Git calls to merge a spec, and `rollspec init --merge-driver`, which installs it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from renderer.console import out, say
from renderer.edit.merging import merge_texts
from renderer.facts import release_state
from renderer.failure import Failure
from renderer.git import GitError, top_folder
from renderer.git.driver import hooks_folder, merged_lines, set_driver
from renderer.layout import Layout
from renderer.plain import equal
from renderer.problem import printable
from renderer.tree import read, write_all
from renderer.usecases.hook_files import HookFile, create_hook, hook_file, read_hook
from renderer.usecases.project import find_root
from renderer.usecases.repository import subfolder
from renderer.usecases.revision import asking_git
from renderer.yamlio import load

ATTRIBUTES = ".gitattributes"
# Without rollspec, or if it fails, lines are merged; whether two releases fit together then, only a person can say.
_DRIVER = (
    "rollspec merge-driver %O %A %B %P; code=$?; test $code -le 1 && exit $code; "
    "git merge-file -q -L ours -L base -L theirs %A %O %B; "
    "echo rollspec merge-driver: exit code $code, so git merged the lines of this spec: "
    "see that the releases of both sides fit together, then git add it >&2; exit 1"
)
_HOOK = """\
#!/bin/sh
# Written by `rollspec init --merge-driver`: a merge takes our rendered files, and this makes them right.
{render}
changed=$(git status --short -- {output})
test -z "$changed" || echo "$changed
rollspec: commit these rendered files: the merge had those of one side"
"""


def merge_driver(base: str, ours: str, theirs: str, path: str) -> int:
    """Merge the spec at `path` into the file `ours`, as Git asks its drivers; 1 leaves a conflict in it."""
    old, own, other = (_text(file) for file in (base, ours, theirs))
    with asking_git():
        lines = merged_lines(ours, base, theirs)
    # What two sides made of a release must not be mixed: a merge takes these fields together.
    found = merge_texts(old, own, other, (*release_state(), "image", "strategy"))
    if found.text is None:
        _write(ours, lines.text if lines.has_conflict else _marked(own, other))
        found_out = "; ".join(found.what(pointer, "ours", "theirs") for pointer in found.conflicts)
        say(f"rollspec: {printable(path)}: {printable(found_out)}")
        return 1
    by_lines = not lines.has_conflict and equal(_data(lines.text), _data(found.text))
    _write(ours, lines.text if by_lines else found.text)
    return 0


def set_up_merge_driver(directory: str, layout: Layout | None = None) -> int:
    """Make this clone merge specs by field, and the project's `.gitattributes` ask for it; the exit code."""
    root = find_root(directory)
    folders = layout or Layout()
    with asking_git():
        set_driver(root, "rollspec", _DRIVER)
        set_driver(root, "rollspec-rendered", "true")
        top, hooks, inside = top_folder(root), hooks_folder(root), subfolder(root)
    _add_attributes(root, folders)
    output = shlex.quote(f"{inside}/{folders.output}" if inside else folders.output)
    for name in ("post-merge", "post-rewrite"):
        _add_hook(hook_file(top, hooks, name), _HOOK.format(render=_command_line(inside, "render"), output=output))
    out("this clone merges specs by field; each clone is set up by `rollspec init --merge-driver` of its own")
    return 0


def attribute_lines(layout: Layout) -> Iterator[str]:
    """The lines of `.gitattributes` that choose the drivers."""
    yield f"{layout.apps}/*.yaml merge=rollspec"
    yield f"{layout.overlays}/**/*.yaml merge=rollspec"
    yield f"{layout.output}/** merge=rollspec-rendered"


def _add_attributes(root: str, layout: Layout) -> None:
    there = os.path.lexists(os.path.join(root, ATTRIBUTES))
    files, problems = read(root, [ATTRIBUTES] if there else [])
    if problems:
        raise Failure(str(problems[0]), 1)
    text = files.get(ATTRIBUTES, b"").decode(errors="surrogateescape")
    missing = [line for line in attribute_lines(layout) if line not in text.splitlines()]
    if not missing:
        return
    text += "" if not text or text.endswith("\n") else "\n"
    text += "".join(f"{line}\n" for line in missing)
    write_all(root, {ATTRIBUTES: text.encode(errors="surrogateescape")}, mark=None)
    out(f"{'changed' if there else 'created'} {ATTRIBUTES}: commit it")


def _add_hook(hook: HookFile, text: str) -> None:
    """A hook that renders again after a merge; an existing hook is the user's and does not change."""
    known, why = read_hook(hook)
    if why:
        out(f"not changed: {hook.file} ({why}): see that it runs `rollspec render`")
    elif known is None:
        create_hook(hook, text)
        out(f"created {hook.file}")
    elif known != text:
        out(f"not changed: {hook.file}: add `rollspec render` to it")


def _marked(ours: str, theirs: str) -> str:
    """Both texts between the marks of a conflict: the lines fit together, and the fields do not."""
    ours, theirs = (text if text.endswith("\n") or not text else f"{text}\n" for text in (ours, theirs))
    return f"<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", newline="") as opened:
            return opened.read()
    except UnicodeDecodeError:
        return "\0"  # not a spec: a conflict
    except OSError as error:
        raise GitError(f"{printable(file)}: {(error.strerror or str(error)).lower()}") from error


def _write(file: str, text: str) -> None:
    with open(file, "w", encoding="utf-8", newline="") as opened:
        opened.write(text)


def _data(text: str) -> object:
    return load(text.encode(), "")[0]


def _command_line(inside: str, command: str) -> str:
    """The line of a hook that runs a command for the project: Git starts hooks in the top folder of the checkout."""
    return f"rollspec -C {shlex.quote(inside)} {command}" if inside else f"rollspec {command}"
