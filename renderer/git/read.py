"""Reads revisions: their ids, and what is in them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from renderer.git.run import (
    MANY,
    PARTIAL,
    GitError,
    asking,
    fields,
    literal,
    reading,
    stream,
    text,
)
from renderer.lazy import regex
from renderer.yamlio import MAX_MANIFESTS

_MAIN = ("remotes/origin/HEAD", "remotes/origin/main", "remotes/origin/master", "heads/main", "heads/master")
_MANY = 500  # most paths on a command line; for more, the whole tree is listed
_BRANCH = regex(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")  # names that a shell takes as they are
_ID = regex(r"[0-9a-f]{7,64}")
_WHOLE_ID = regex(r"[0-9a-f]{40}|[0-9a-f]{64}")
TOP = ("rev-parse", "--show-toplevel")
_SMALL = 1 << 20  # bytes of objects that are read before their sizes are known
FILES = ("100644", "100755")  # modes of plain files
_PLAIN = tuple(f"{mode} blob " for mode in FILES)  # before the id of a plain file in a listing of a tree
_ABOUT = len(_PLAIN[0])


class TreeEntry(NamedTuple):
    """A file of a revision; mode 100644, 100755, 120000 (a symbolic link) or 160000 (a submodule)."""

    mode: str
    oid: str


def top_folder(path: str) -> str:
    """The top folder of the repository that `path` is in. Raises GitError no-git, no-repository."""
    return text(reading(path, TOP)).removesuffix("\n")


def git_path(root: str, name: str) -> str:
    """The absolute path of a file or folder of the repository, such as `index` or `hooks`.

    What git says may begin with `..`, which it means for the real folder.
    """
    return os.path.join(
        os.path.realpath(root), text(reading(root, ["rev-parse", "--git-path", name])).removesuffix("\n")
    )


def remotes(root: str) -> list[str]:
    """The URLs of the remotes. Raises GitError no-git."""
    said = asking(root, ["config", "--get-regexp", r"^remote\..*\.url$"])
    return [line.partition(" ")[2] for line in text(said or b"").splitlines()]


def resolve(root: str, revision: str) -> str:
    """The id of a commit. Raises GitError no-such-revision, also for the HEAD of a branch without commits."""
    found = find(root, revision)
    if found is None and revision.startswith("HEAD") and find(root, "HEAD") is None:
        raise GitError("there is no commit yet: commit the project first", "no-such-revision")
    if found is None:
        raise GitError(f"there is no revision {revision!r} here{_cure(root, revision)}", "no-such-revision")
    return found


def _cure(root: str, revision: str) -> str:
    """How to get a revision that the clone does not have: the branch by its name, or the older commits."""
    branch = revision.removeprefix("refs/")
    remotes = text(reading(root, ["remote"])).splitlines()
    remote = next((each for each in remotes if branch.removeprefix("remotes/").startswith(f"{each}/")), None)
    if remote:
        name = branch.removeprefix("remotes/").removeprefix(f"{remote}/")
        if _BRANCH.fullmatch(name):
            return f": `git fetch {remote} +refs/heads/{name}:refs/remotes/{remote}/{name}` brings that branch"
    if not is_shallow(root):
        return ""
    if remotes and _BRANCH.fullmatch(branch) and not _ID.fullmatch(branch) and not branch.startswith("HEAD"):
        name = branch.removeprefix("heads/")
        return f": the clone is shallow; after `git fetch {remotes[0]} {name}` that branch or tag is FETCH_HEAD"
    return ": the clone is shallow, `git fetch --unshallow` brings the older commits"


def find(root: str, revision: str) -> str | None:
    """The id of a commit, or None."""
    question = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    said = asking(root, question)
    return None if said is None else text(said).strip()


def is_id(revision: str) -> bool:
    """Whether a revision is written as a whole id."""
    return bool(_WHOLE_ID.fullmatch(revision))


def commit_id(root: str, revision: str) -> str:
    """As `resolve`, but a whole id is not looked up: the next question to git about it shows whether it is here."""
    return revision if is_id(revision) else resolve(root, revision)


@contextmanager
def about_commits(root: str, *revisions: str) -> Iterator[list[str]]:
    """Names of commits that git knows or refuses at once; if one of them is not here, the error says what brings it."""
    known = [each if each == "HEAD" else commit_id(root, each) for each in revisions]
    try:
        yield known
    except GitError:
        for revision in revisions:
            resolve(root, revision)
        raise


def last_commit(root: str) -> str | None:
    """The id of the commit of HEAD; None for a branch without commits. Raises GitError where it cannot be read."""
    found = find(root, "HEAD")
    return None if found is None and is_unborn(root) else found or resolve(root, "HEAD")


def is_unborn(root: str) -> bool:
    """Whether the branch has no commit yet. A branch whose commit cannot be read is not unborn."""
    return asking(root, ["rev-parse", "--verify", "--quiet", "HEAD"]) is None


def merge_base(root: str, head: str = "HEAD") -> str:
    """The id of the commit at which `head` left the main branch: origin/HEAD, or main or master, there or here."""
    tip = resolve(root, head)
    main = next((found for name in _MAIN if (found := find(root, f"refs/{name}"))), None)
    if main is None:
        raise GitError(
            "there is no main branch here (neither origin's nor a local main or master): name a revision",
            "no-such-revision",
        )
    said = asking(root, ["merge-base", main, tip])
    if said is None:
        message = f"{head} and the main branch have no commit in common: fetch more of the history, or name a revision"
        raise GitError(message, "no-such-revision")
    return text(said).split()[0]


def merge_base_of(root: str, one: str, other: str) -> str | None:
    """The best commit that two commits have in common, or None."""
    said = asking(root, ["merge-base", one, other])
    return None if said is None else text(said).split()[0]


def commits_between(root: str, base: str, head: str) -> int:
    """How many commits `head` has that `base` has not."""
    return int(reading(root, ["rev-list", "--count", f"{base}..{head}"]))


def has_many_commits(root: str, head: str, many: int) -> bool:
    """Whether the first-parent line of a commit has more than so many commits."""
    return bool(reading(root, ["rev-list", "--first-parent", f"--skip={many}", "--max-count=1", head]))


def first_parents(root: str, base: str, head: str) -> list[str] | None:
    """The commits after `base` on the first-parent line of `head`, oldest first; None if `base` is not on that line."""
    start, tip = commit_id(root, base), commit_id(root, head)
    if start == tip:
        return []
    span = ["--first-parent", "--reverse", "--parents", f"{start}..{tip}"]
    lines = [line.split() for line in text(reading(root, ["rev-list", *span])).splitlines()]
    return [line[0] for line in lines] if lines and lines[0][1:2] == [start] else None


def upstream_name(root: str) -> str:
    """The name of the branch that the current one follows, such as `origin/main`. Raises GitError where none is set."""
    return text(reading(root, ["rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}"])).strip()


def is_shallow(root: str) -> bool:
    """Whether the repository has only the newest part of its history."""
    return reading(root, ["rev-parse", "--is-shallow-repository"]).strip() == b"true"


def list_tree(root: str, revision: str, prefix: str = "") -> dict[str, TreeEntry]:
    """Every file of a revision beneath a folder, by path, sorted; symbolic links and submodules show by their mode."""
    return _tree(root, revision, [prefix] if prefix else [])


def list_trees(root: str, revision: str, paths: Sequence[str], folder: str = "") -> dict[str, TreeEntry]:
    """Every file of a revision at or beneath these paths; `folder` holds all of them, in case they are many."""
    if len(paths) <= _MANY:
        return _tree(root, revision, paths) if paths else {}
    some = frozenset(paths)
    found = _tree(root, revision, [folder] if folder else [])
    return {path: entry for path, entry in found.items() if not some.isdisjoint(upwards(path))}


def entries_at(root: str, commit: str, folders: Sequence[str]) -> dict[str, TreeEntry]:
    """What a revision has at these paths and at each folder above them; a folder's own entry, not its files."""
    paths = {path for folder in folders for path in upwards(folder)}
    return _entries(reading(root, ["ls-tree", "-z", commit, "--", *literal(sorted(paths))]))


def folders_in(root: str, commit: str, folder: str) -> dict[str, TreeEntry]:
    """The folders and submodules of a revision at or beneath a folder."""
    return _entries(reading(root, ["ls-tree", "-r", "-d", "-z", commit, "--", *literal([folder])]))


def upwards(path: str) -> Iterator[str]:
    """The path, and each folder above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _tree(root: str, revision: str, paths: Sequence[str]) -> dict[str, TreeEntry]:
    with about_commits(root, revision) as (commit,):
        return _entries(_listed(root, commit, paths))


def ids_and_others(root: str, commit: str, paths: Sequence[str]) -> tuple[dict[str, str], dict[str, TreeEntry]]:
    """What a commit has at or beneath these paths: the ids of plain files, and the entries of all others, by path."""
    ids: dict[str, str] = {}
    others: dict[str, TreeEntry] = {}
    with about_commits(root, commit) as (known,):
        for line in fields(_listed(root, known, paths)):
            about, _, path = line.partition("\t")
            if about.startswith(_PLAIN):  # most are
                ids[path] = about[_ABOUT:]
            else:
                others[path] = _entry(about)
    return ids, others


def _listed(root: str, commit: str, paths: Sequence[str]) -> bytes:
    return reading(root, ["ls-tree", "-r", "-z", commit, "--", *literal(paths)])


def _entries(said: bytes) -> dict[str, TreeEntry]:
    entries = {}
    for line in fields(said):
        about, _, path = line.partition("\t")
        entries[path] = _entry(about)
    return entries


def _entry(about: str) -> TreeEntry:
    """Parses `<mode> <type> <oid>`."""
    mode, _, oid = about.split(" ")
    return TreeEntry(mode, oid)


def blob_id(content: bytes, length: int = 40) -> str:
    """The id that git gives to a file with this content, in a repository whose ids are of this length."""
    make = hashlib.sha256 if length == 64 else hashlib.sha1
    return make(b"blob %d\0" % len(content) + content).hexdigest()


def read_many(root: str, revision: str, paths: Collection[str]) -> dict[str, bytes | None]:
    """The content of each path in a revision; None where there is no plain file (a symbolic link, for example)."""
    entries = _tree(root, revision, sorted(paths) if len(paths) <= _MANY else [])
    oids = {path: entries[path].oid for path in paths if path in entries and entries[path].mode in FILES}
    contents = read_blobs(root, set(oids.values()))
    return {path: contents[oids[path]] if path in oids else None for path in sorted(paths)}


def read_blobs(root: str, oids: Collection[str]) -> dict[str, bytes]:
    """Contents by object id. Unless they are small, a process of its own asks for their sizes first.

    An object of more than MAX_MANIFESTS bytes is not read; it is replaced by a text too long for any reader.
    """
    if (small := _small_blobs(root, sorted(oids))) is not None:
        return small
    sizes = _sizes(root, sorted(oids))
    wanted = [oid for oid, size in sizes.items() if size <= MAX_MANIFESTS]
    found = dict(zip(wanted, _contents(_about(root, "--batch", wanted)), strict=True))
    large = sizes.keys() - found.keys()
    return found | dict.fromkeys(large, bytes(MAX_MANIFESTS + 1)) if large else found


def _small_blobs(root: str, oids: Sequence[str]) -> dict[str, bytes] | None:
    """The contents, if these are few objects and small together."""
    if len(oids) > MANY:
        return None
    said = b""
    for piece in stream(root, ["cat-file", "--batch"], _lines(oids)) if oids else ():
        said += piece
        if len(said) > _SMALL:
            return None
    return dict(zip(oids, _contents(said), strict=True))


def _sizes(root: str, oids: Sequence[str]) -> dict[str, int]:
    lines = text(_about(root, "--batch-check", oids)).splitlines()
    return {oid: _size(line) for oid, line in zip(oids, lines, strict=True)}


def _about(root: str, question: str, oids: Sequence[str]) -> bytes:
    """The output of one of the forms of `cat-file --batch`."""
    return reading(root, ["cat-file", question], _lines(oids)) if oids else b""


def _lines(oids: Sequence[str]) -> bytes:
    return "".join(f"{oid}\n" for oid in oids).encode()


def _size(line: str) -> int:
    """Parses `<oid> blob <size>`."""
    about = line.split()
    if len(about) != 3:
        raise GitError(PARTIAL, "no-object")
    return int(about[2])


def _contents(said: bytes) -> Iterator[bytes]:
    """Of `<oid> blob <size>\\n<content>\\n`, one after the other."""
    start = 0
    while start < len(said):
        end = said.index(b"\n", start)
        size = _size(text(said[start:end]))
        yield said[end + 1 : end + 1 + size]
        start = end + size + 2
