"""Commits on branches that nobody has checked out: some folders of their tree replaced, the others kept.

Nothing here touches a working tree or the user's index. A branch is moved only from the commit that was read, so two
publishers at once cannot lose each other's commits.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from renderer.failure import Failure
from renderer.git.read import find, list_tree
from renderer.git.run import GitError, asking, check, committing, fields, reading, text
from renderer.problem import printable

_FILE = "100644"
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")


def branch_name(root: str, name: str) -> str:
    """The name, if it is valid for a branch. Raises Failure."""
    if name.startswith("-") or committing(root, ["check-ref-format", "--branch", name]).returncode:
        raise Failure(f"`{printable(name)}` is not a valid name of a branch", 2)
    return name


def tip(root: str, branch: str) -> str | None:
    """The id of the last commit of a branch of this repository, or None."""
    said = asking(root, ["rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}"])
    return None if said is None else text(said).strip()


def is_checked_out(root: str, branch: str) -> bool:
    """Whether a working tree of this repository has the branch."""
    said = text(reading(root, ["worktree", "list", "--porcelain", "-z"]))
    return f"branch refs/heads/{branch}\0" in said


def fetched_tip(root: str, remote: str, branch: str) -> str | None:
    """Fetch a branch of the remote; its last commit, or None if there is no such branch."""
    said = text(check(committing(root, ["ls-remote", "--heads", "--", remote, f"refs/heads/{branch}"])))
    if not said.strip():
        return None
    check(committing(root, [*_FETCH, "--", remote, f"refs/heads/{branch}"]))
    return said.split()[0]


def is_newer(root: str, remote: str, commit: str, than: str) -> bool:
    """Whether `commit` follows `than`; it is fetched if it is missing. False if it cannot be had."""
    if find(root, commit) is None:
        committing(root, [*_FETCH, "--", remote, commit])
    if commit == than or find(root, commit) is None:
        return False
    return asking(root, ["merge-base", "--is-ancestor", than, commit]) is not None


def content(root: str, commit: str, path: str) -> bytes | None:
    """What a file holds in a commit; None if there is none, or a folder of that name."""
    said = asking(root, ["rev-parse", "--verify", "--quiet", f"{commit}:{path}"])
    oid = None if said is None else text(said).strip()
    if oid is None or text(reading(root, ["cat-file", "-t", oid])).strip() != "blob":
        return None
    return reading(root, ["cat-file", "blob", oid])


def fetch_notes(root: str, remote: str, ref: str) -> None:
    """Replace the local notes by those of the remote, if it has any."""
    said = text(check(committing(root, ["ls-remote", "--", remote, ref])))
    if said.strip():
        check(
            committing(root, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, f"+{ref}:{ref}"])
        )


def store(root: str, paths: Sequence[str]) -> list[str]:
    """Store the contents of these files (absolute paths) as objects; their ids."""
    wrong = [path for path in paths if "\n" in path]
    if wrong:
        raise GitError(f"{wrong[0]!r}: a path with a line break cannot be published")
    listed = os.fsencode("".join(f"{path}\n" for path in paths))
    done = committing(root, ["hash-object", "-w", "--no-filters", "--stdin-paths"], listed)
    return text(check(done)).split()


def store_text(root: str, content: bytes) -> str:
    """Store this content as an object; its id."""
    return text(check(committing(root, ["hash-object", "-w", "--no-filters", "--stdin"], content))).strip()


def files_below(root: str, commit: str | None, folders: Iterable[str]) -> dict[str, str]:
    """The files of a commit at or below these paths, and the ids of their contents."""
    if commit is None:
        return {}
    wanted = tuple(folders)
    tree = list_tree(root, commit)
    return {
        path: entry.oid
        for path, entry in tree.items()
        if any(path == folder or path.startswith(f"{folder}/") for folder in wanted)
    }


def tree_with(root: str, parent: str | None, removed: Iterable[str], files: Mapping[str, str]) -> str:
    """The id of a tree: that of the commit `parent` without the `removed` files, and with `files` (path -> id)."""
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        index = os.path.join(folder, "index")
        check(committing(root, ["read-tree", parent or "--empty"], GIT_INDEX_FILE=index))
        lines = [f"0 {'0' * 40}\t{path}\0" for path in removed]
        lines += [f"{_FILE} {oid}\t{path}\0" for path, oid in files.items()]
        check(
            committing(root, ["update-index", "-z", "--index-info"], os.fsencode("".join(lines)), GIT_INDEX_FILE=index)
        )
        return text(check(committing(root, ["write-tree"], GIT_INDEX_FILE=index))).strip()


def commit_of_tree(root: str, tree: str, parent: str | None, message: str) -> str:
    """The id of a new commit; signed where the user's configuration says so. No branch points at the commit yet."""
    signs = text(asking(root, ["config", "--type=bool", "--get", "commit.gpgSign"]) or b"").strip() == "true"
    arguments = ["commit-tree", *(["-S"] if signs else []), *(["-p", parent] if parent else []), "-F", "-", tree]
    return text(check(committing(root, arguments, message.encode()))).strip()


def name_in_the_way(root: str, remote: str | None, branch: str) -> str | None:
    """A branch of the repository, or of the remote, whose name is a folder of this one's, or the other way round."""
    if remote is None:
        names = text(reading(root, ["for-each-ref", "--format=%(refname)", "refs/heads"])).split()
    else:
        names = text(check(committing(root, ["ls-remote", "--heads", "--", remote]))).split()[1::2]
    short = [name.removeprefix("refs/heads/") for name in names]
    return next((each for each in short if each.startswith(f"{branch}/") or branch.startswith(f"{each}/")), None)


def move(root: str, branch: str, commit: str, before: str | None) -> None:
    """Move a branch from `before` (None: it is new). Raises GitError if it is elsewhere by now."""
    old = before or "0" * len(commit)
    check(committing(root, ["update-ref", "-m", "rollspec: publish", f"refs/heads/{branch}", commit, old]))


def note(root: str, ref: str, commit: str, content: str) -> bool:
    """Write a note of a commit; whether that changed it."""
    said = asking(root, ["notes", f"--ref={ref}", "show", commit])
    if said is not None and text(said).strip() == content:
        return False
    check(committing(root, ["notes", f"--ref={ref}", "add", "--force", f"--message={content}", commit]))
    return True


def push(root: str, remote: str, updates: Mapping[str, str]) -> bool:
    """Push all of these (ref -> commit), or none; False if the remote has new commits."""
    pairs = [f"{commit}:{ref}" for ref, commit in updates.items()]
    done = committing(root, ["push", "--quiet", "--atomic", "--porcelain", "--", remote, *pairs])
    said = text(done.stdout + done.stderr)
    if done.returncode and any(word in said for word in ("[rejected]", "fetch first", "cannot lock ref", "stale info")):
        return False
    check(done)
    return True


class About(NamedTuple):
    """The metadata of a commit; `author` is `NAME <ADDRESS>`, `date` the author's, in ISO 8601."""

    author: str
    date: str
    subject: str
    body: str


def about(root: str, commit: str) -> About:
    """The metadata of a commit."""
    shape = "--format=%an <%ae>%x00%aI%x00%s%x00%b%x00"
    author, date, subject, body = fields(reading(root, ["show", "-s", "-z", shape, commit]))[:4]
    return About(author, date, subject, body.strip())
