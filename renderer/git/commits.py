"""Commits exactly some files, whatever else is staged or changed; all of them, or nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType

from renderer.git import remains
from renderer.git.read import find
from renderer.git.run import (
    LOCKED,
    MANY,
    GitError,
    asking,
    check,
    committing,
    covering,
    fields,
    literal,
    reading,
    refusal,
    text,
)
from renderer.git.under_way import under_way
from renderer.problem import printable

_FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")
_AT_ONCE = 1000  # paths on one command line
_ALL = "--ignore-submodules=none"  # .gitmodules may ask git to overlook them


def commit(
    root: str,
    paths: Collection[str],
    message: str,
    trailers: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
    *,
    verify: bool = True,
) -> str:
    """Commit these files as the working tree has them (a missing one as removed) and nothing else; the commit's id.

    Other staged files stay staged; ignored files are left out. The user's hooks run, with these `variables`, but with
    `verify` False not pre-commit and commit-msg. Raises GitError: `hook` when a hook fails (the message is its output)
    or puts other files into the commit, `locked` when another git process is running, `other` when nothing differs,
    during a merge, ... Then there is no commit, and the index is as it was.
    """
    if not message.strip():
        raise GitError("a commit needs a message")
    with _own_index(root) as index:
        files, specs = _differing(root, paths, index)
        before = find(root, "HEAD")
        remains.index_first(index.removesuffix(remains.OWN))
        arguments = ["commit", "--quiet", "--cleanup=whitespace", f"--message={_text(message, trailers)}"]
        arguments += [] if verify else ["--no-verify"]
        if _is_more_staged(root, before, files, index):
            arguments += ["--only", *_FROM_STDIN]  # twice as slow in a large repository: git makes another index
        with _taken_back(root, before):
            done = committing(root, arguments, specs, GIT_INDEX_FILE=index, **variables)
            if not done.returncode:
                made = _made(root, before)
                _check_nothing_else(root, files, made)
                _follow_hooks(root, files, index)
        if done.returncode:
            raise _why(done.returncode, text(done.stdout + done.stderr).strip(), text(done.stderr))
    return made


def keep(root: str, content: bytes) -> str:
    """Write the content into Git's objects, outside of any commit; its id. `git gc` removes it after two weeks."""
    return text(check(committing(root, ["hash-object", "-w", "--stdin"], content))).strip()


@contextmanager
def _own_index(root: str) -> Iterator[str]:
    """The path of a copy of the index; what it holds in the end becomes the index, if nothing is raised.

    Meanwhile we hold the lock that every git process takes. The copy is in the same folder as the index, since a split
    index names its other part by a relative path.
    """
    index = remains.index_of(root)
    with remains.locked(root, index):
        try:
            with suppress(FileNotFoundError):  # no index yet
                remains.copy_index(index, index + remains.OWN)
            yield index + remains.OWN
            os.replace(index + remains.OWN, index)
        except BaseException as error:
            remains.put_back(index)
            if isinstance(error, OSError):
                raise GitError(f"the index cannot be written: {(error.strerror or str(error)).lower()}") from error
            raise


def _differing(root: str, paths: Collection[str], index: str) -> tuple[list[str], bytes]:
    """The paths that differ from the last commit, relative to the top folder; the index has them from now on.

    Also the pathspecs by which git finds just these.
    """
    question = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--"]
    said = fields(reading(root, [*question, *literal(covering(paths))], GIT_INDEX_FILE=index))
    differing = {entry[3:] for entry in said}
    if len(paths) <= MANY:
        found, specs = differing, sorted(differing)
    else:
        above = text(reading(root, ["rev-parse", "--show-prefix"])).removesuffix("\n")
        inside = {path for path in paths if f"{above}{path}" in differing}
        found = {f"{above}{path}" for path in inside}
        specs = [f"{above}{path}" for path in covering(inside)] if found == differing else sorted(found)
    if not found:
        raise GitError("there is nothing to commit: the files are the same as in the last commit")
    exact = ["--force"] if specs == sorted(found) else []  # tracked, although a line of .gitignore names them
    check(committing(root, ["add", "--all", *exact, *_FROM_STDIN], _pathspecs(specs), GIT_INDEX_FILE=index))
    return sorted(found), _pathspecs(specs)


def _is_more_staged(root: str, before: str | None, files: Sequence[str], index: str) -> bool:
    """Whether a commit of the index might have more than these files."""
    if before is None or under_way(root):
        return True
    question = ["diff-index", "--cached", "-z", "--name-only", "--no-renames", _ALL, before]
    return not {*fields(reading(root, question, GIT_INDEX_FILE=index))} <= {*files}


def _pathspecs(files: Sequence[str]) -> bytes:
    return os.fsencode("".join(f":(top,literal){path}\0" for path in files))


def _text(message: str, trailers: Sequence[tuple[str, str]]) -> str:
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers]
    return "\n".join([message.strip(), *([""] if lines else []), *lines]) + "\n"


def _why(code: int, everything: str, errors: str) -> GitError:
    if code == 1:  # git's own errors end with 128
        return GitError(f"a hook of Git stopped the commit: {everything or 'it said nothing'}", "hook")
    return refusal(errors)


def _made(root: str, before: str | None) -> str:
    """The commit that follows `before`; others may follow that one already."""
    span = f"{before}..HEAD" if before else "HEAD"
    commits = text(reading(root, ["rev-list", "--reverse", "--first-parent", span])).split()
    if not commits:
        raise GitError(LOCKED, "locked")
    return commits[0]


@contextmanager
def _taken_back(root: str, before: str | None) -> Iterator[None]:
    """Reset HEAD if anything is raised (Ctrl-C too): git may have made the commit by then."""
    try:
        yield
    except BaseException:
        with suppress(GitError):
            made = _made(root, before)
            old = ("HEAD", before) if before else ("-d", "HEAD")
            committing(root, ["update-ref", "-m", "rollspec: taken back", *old, made])
        raise


def _check_nothing_else(root: str, files: Sequence[str], made: str) -> None:
    """Raise GitError if a hook put other files into the commit."""
    question = ["diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only", "--no-renames", _ALL, made]
    more = sorted(set(fields(reading(root, question))) - set(files))
    if more:
        raise GitError(f"a hook put {', '.join(map(printable, more))} into the commit, so it was taken back", "hook")


def _follow_hooks(root: str, files: Sequence[str], index: str) -> None:
    """Update the index where a hook changed a file before it was committed."""
    for start in range(0, len(files), _AT_ONCE):
        some = [f":(top,literal){path}" for path in files[start : start + _AT_ONCE]]
        if asking(root, ["diff-index", "--cached", "--quiet", "HEAD", "--", *some], GIT_INDEX_FILE=index) is None:
            check(committing(root, ["reset", "--quiet", *_FROM_STDIN], _pathspecs(files), GIT_INDEX_FILE=index))
            return
