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
    check,
    committing,
    covering,
    fields,
    reading,
    reading_each,
    refusal,
    text,
)
from renderer.git.under_way import GIT_DIR, under_way_in
from renderer.problem import printable

_FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")
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

    Other staged files stay staged. An ignored file is committed, too: the caller leaves it out. The user's hooks run,
    with these `variables`, but with `verify` False not pre-commit and commit-msg. Raises GitError: `hook` when a hook
    fails (the message is its output) or puts other files into the commit, `locked` when another git process is running,
    `other` when nothing differs, during a merge, ... Then there is no commit, and the index is as it was.
    """
    if not message.strip():
        raise GitError("a commit needs a message")
    with _own_index(root) as index:
        before = find(root, "HEAD")
        files, is_more_staged = _staged(root, paths, index, before)
        remains.index_first(index.removesuffix(remains.OWN))
        arguments = ["commit", "--quiet", "--cleanup=whitespace", f"--message={_text(message, trailers)}"]
        arguments += [] if verify else ["--no-verify"]
        specs = b""
        if is_more_staged:
            arguments += ["--only", *_FROM_STDIN]  # twice as slow in a large repository: git makes another index
            specs = _pathspecs(_only(root, files, index))
        with _taken_back(root, before):
            done = committing(root, arguments, specs, GIT_INDEX_FILE=index, **variables)
            if not done.returncode:
                made = _made(root, before)
                _after_hooks(root, files, made, index)
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


def _staged(root: str, paths: Collection[str], index: str, before: str | None) -> tuple[list[str], bool]:
    """Let the index have these files as they are on disk.

    Those that differ from the last commit now, relative to the top folder; and whether a commit of the index might have
    more than these.
    """
    given = os.fsencode("".join(f"{path}\0" for path in sorted(paths)))
    update = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"]
    check(committing(root, update, given, GIT_INDEX_FILE=index))
    staged = ["diff-index", "--cached", "-z", "--name-only", "--no-renames", _ALL, before or ""]
    every = ["ls-files", "-z", "--full-name", "--", ":(top)"]  # before the first commit
    places = ["rev-parse", "--show-prefix", GIT_DIR]
    said, found = reading_each(root, [places, staged if before else every], GIT_INDEX_FILE=index)
    above, folder = text(said).removesuffix("\n").split("\n", 1)
    wanted, differing = {f"{above}{path}" for path in paths}, {*fields(found)}
    if differing.isdisjoint(wanted):
        raise GitError("there is nothing to commit: the files are the same as in the last commit")
    return sorted(differing & wanted), not differing <= wanted or under_way_in(folder) is not None


def _only(root: str, files: Sequence[str], index: str) -> list[str]:
    """The pathspecs by which git finds just these files among all that differ, staged or not."""
    specs = covering(files)
    if len(files) <= MANY:
        return specs
    question = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--"]
    differing = fields(reading(root, [*question, *_top(specs)], GIT_INDEX_FILE=index))
    return specs if {entry[3:] for entry in differing} <= {*files} else [*files]


def _top(paths: Sequence[str]) -> list[str]:
    """Pathspecs of paths relative to the top folder."""
    return [f":(top,literal){path}" for path in paths]


def _pathspecs(paths: Sequence[str]) -> bytes:
    return os.fsencode("".join(f"{spec}\0" for spec in _top(paths)))


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


def _after_hooks(root: str, files: Sequence[str], made: str, index: str) -> None:
    """Raise GitError if a hook put other files into the commit; where it changed one of ours, the index follows."""
    options = ["-z", "--name-only", "--no-renames", _ALL]
    of_commit = ["diff-tree", "-r", "--root", "--no-commit-id", *options, made]
    of_index = ["diff-index", "--cached", *options, "HEAD"]
    committed, differing = map(fields, reading_each(root, [of_commit, of_index], GIT_INDEX_FILE=index))
    more = sorted({*committed} - {*files})
    if more:
        raise GitError(f"a hook put {', '.join(map(printable, more))} into the commit, so it was taken back", "hook")
    if not {*files}.isdisjoint(differing):
        check(committing(root, ["reset", "--quiet", *_FROM_STDIN], _pathspecs(files), GIT_INDEX_FILE=index))
