"""Which files differ: between revisions, the index and the disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

from renderer.git.index import in_conflict, own_index
from renderer.git.read import FILES, about_commits, find, last_commit, list_trees, upwards
from renderer.git.run import MANY, covering, fields, in_folders, literal, reading, reading_each, text

FileStatus = Literal["A", "M", "D"]


def renamed(root: str, commit: str, folder: str) -> dict[str, str]:
    """Files of a folder that a commit renamed, as its first parent has them: old path by new path."""
    options = ["-r", "-z", "--name-status", "--find-renames", "--diff-filter=R", "--relative"]
    parent = find(root, f"{commit}^1")
    if parent is None:
        return {}
    parts = fields(reading(root, ["diff-tree", *options, parent, commit, "--", *literal([folder])]))
    return dict(zip(parts[2::3], parts[1::3], strict=True))


def changed(root: str, base: str, head: str | None = None, paths: Sequence[str] = ()) -> list[tuple[FileStatus, str]]:
    """Files that differ from `base` to `head`, or to the working tree: status and path, sorted by path.

    An untracked file is "A", unless it is ignored; a renamed one is "D" and "A". In the working tree, files that Git
    itself overlooks (assume-unchanged, skip-worktree) count too, as far as they are on disk.
    """
    some, asked = frozenset(paths), covering(paths)
    options = ["-z", "--name-status", "--no-renames", "--relative", "--no-ext-diff", "--no-textconv"]
    if head is not None:
        with about_commits(root, base, head) as known:
            found = _statuses(reading(root, ["diff-tree", "-r", *options, *known, "--", *literal(asked)]))
    else:
        with about_commits(root, base) as (start,):
            on_disk, listed = reading_each(root, [_on_disk(start, asked), _every_file(asked)])
        found = _differing(root, on_disk)
        unknown, overlooked = _unknown_and_overlooked(listed)
        found |= {path: "M" if path in found else "A" for path in unknown}
        found |= _overlooked(root, start, overlooked)
    is_exact = len(paths) <= MANY
    return [(found[path], path) for path in sorted(found) if is_exact or not some.isdisjoint(upwards(path))]


def _on_disk(start: str, paths: Sequence[str]) -> list[str]:
    """What to ask git for the tracked files on disk that differ from a commit."""
    options = ["-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--relative", "--ignore-submodules=all"]
    return ["diff-index", *options, start, "--", *literal(paths)]


def _differing(root: str, said: bytes) -> dict[str, FileStatus]:
    """The files that git says differ on disk.

    `git diff` would write the index again to note that a file was only touched; `diff-index` names such a file too, so
    its content is compared here.
    """
    parts = fields(said)
    found: dict[str, FileStatus] = {}
    touched: dict[str, str] = {}  # the ids of their contents in the commit
    known: dict[str, FileStatus] = {"A": "A", "D": "D"}
    for about, path in zip(parts[::2], parts[1::2], strict=True):
        before, after, old, new, letter = about[1:].split(" ")
        found[path] = known.get(letter[0], "M")
        if found[path] == "M" and before == after and before in FILES and not new.strip("0"):
            touched[path] = old
    for path, oid in zip(touched, _hashed(root, [*touched]), strict=True):
        if touched[path] == oid:
            del found[path]
    return found


def _every_file(paths: Sequence[str]) -> list[str]:
    """What to ask git for the files that it tracks, with what it does about them, and for the untracked ones."""
    return ["ls-files", "-z", "-v", "--cached", "--others", "--exclude-standard", "--", *literal(paths)]


def _unknown_and_overlooked(said: bytes) -> tuple[list[str], dict[str, bool]]:
    """The untracked files, and those that git does not compare with the disk: whether the checkout may lack them."""
    unusual = [text(line) for line in said.split(b"\0") if line and not line.startswith(b"H")]  # of many, few
    unknown = [line[2:] for line in unusual if line[0] == "?"]
    return unknown, {line[2:]: line[0] in "Ss" for line in unusual if line[0] == "S" or line[0].islower()}


def _overlooked(root: str, start: str, paths: dict[str, bool]) -> dict[str, FileStatus]:
    """Which of these files differ from a commit. A sparse checkout leaves files out, which is not a difference."""
    if not paths:
        return {}
    there = [path for path in paths if os.path.isfile(os.path.join(root, path))]
    links = {path for path in there if os.path.islink(os.path.join(root, path))}
    files = [path for path in there if path not in links]
    absent = [path for path in paths if not os.path.lexists(os.path.join(root, path)) and not paths[path]]
    before = list_trees(root, start, [*there, *absent])
    found: dict[str, FileStatus] = {path: "D" for path in absent if path in before}
    ids = dict(zip(files, _hashed(root, files), strict=True))
    for path in there:
        if path not in before or before[path].oid != ids.get(path):  # a link is followed nowhere, so it has changed
            found[path] = "M" if path in before else "A"
    return found


def _hashed(root: str, paths: Sequence[str]) -> list[str]:
    """The ids that these files would have in git, after its filters and its conversion of line ends.

    Git takes the paths that it reads from its input as paths from the top folder. Each is quoted: git would read a name
    that begins with a quotation mark as a quoted one, of any file.
    """
    if not paths:
        return []
    above, to_top = text(reading(root, ["rev-parse", "--show-prefix", "--show-cdup"])).split("\n")[:2]
    asked = b"".join(_quoted(os.fsencode(f"{above}{path}")) for path in paths)
    return text(reading(os.path.join(root, to_top), ["hash-object", "--stdin-paths"], asked)).split()


def _quoted(path: bytes) -> bytes:
    """A line with the path as git quotes it (quote.c)."""
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b'"%s"\n' % escaped


def changed_in(root: str, base: str, head: str | None, folder: str, unstaged: Sequence[str] | None = None) -> list[str]:
    """Files of a folder that differ from `base` to `head` (None: the working tree), by what git knows of them.

    Of the working tree: what is staged, what git sees changed on disk, and what it does not track; of another
    repository there, the folder, which ends in `/`. `unstaged` are the folders in which the disk is looked at, None for
    all: git looks at each file there, which takes long where there are many.
    """
    options = ["-r", "-z", "--name-only", "--no-renames", "--relative", "--no-ext-diff"]
    if head is not None:
        return sorted(fields(reading(root, ["diff-tree", *options, base, head, "--", *literal([folder])])))
    looked = [folder] if unstaged is None or len(unstaged) > MANY else unstaged
    staged = ["diff-index", "--cached", *options, base, "--", *literal([folder])]
    if not looked:
        return sorted(fields(reading(root, staged)))
    unknown = ["ls-files", "-z", "--others", "--exclude-standard", "--", *in_folders(looked)]
    of_index, on_disk, others = reading_each(root, [staged, _on_disk(base, looked), unknown])
    return sorted({*fields(of_index), *_differing(root, on_disk), *fields(others)})


def staged_files(root: str) -> list[str]:
    """Files of the folder that the next commit would change since the last one, or take away.

    Raises GitError where one of them is in a merge conflict.
    """
    parent = last_commit(root)
    if parent is None:
        return sorted(fields(reading(root, ["ls-files", "-z"], b"", **own_index())))
    options = ["--cached", "-r", "-z", "--name-status", "--no-renames", "--relative", "--ignore-submodules=none"]
    said = fields(reading(root, ["diff-index", *options, parent, "--"], b"", **own_index()))
    found = dict(zip(said[1::2], said[::2], strict=True))
    conflict = next((path for path, letter in found.items() if letter == "U"), None)
    if conflict:
        raise in_conflict(conflict)
    return sorted(found)


def unlike_index(root: str, paths: Sequence[str]) -> list[str]:
    """Files at or beneath these paths of which the disk has not what the next commit would have.

    Changed, deleted, and unknown to git, also those that it ignores; and those that it does not compare with the disk.
    """
    asked = covering(paths)
    options = ["-z", "--raw", "--no-abbrev", "--relative", "--ignore-submodules=all"]
    compare = ["diff-files", *options, "--", *literal(asked)]
    every = ["ls-files", "-z", "-v", "--cached", "--others", "--", *literal(asked)]
    on_disk, listed = reading_each(root, [compare, every], **own_index())
    unknown, overlooked = _unknown_and_overlooked(listed)
    some = frozenset(paths)
    return sorted(
        path for path in {*_differing(root, on_disk), *unknown, *overlooked} if not some.isdisjoint(upwards(path))
    )


def _statuses(said: bytes) -> dict[str, FileStatus]:
    parts = fields(said)
    known: dict[str, FileStatus] = {"A": "A", "D": "D"}
    return {path: known.get(letter[0], "M") for letter, path in zip(parts[::2], parts[1::2], strict=True)}
