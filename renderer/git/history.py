"""Commits, newest first, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from renderer.git.read import FILES, find, is_id
from renderer.git.run import literal, named, stream, text

_FIELDS = ("%H", "%P", "%aN", "%aE", "%cd", "%s", "%b", "%(trailers:only,unfold,separator=%x1f)")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `time` is the committer's, in the committer's time zone; `parents` are ids."""

    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: datetime
    subject: str
    trailers: tuple[tuple[str, str], ...]
    body: str = ""

    def line(self, name: str) -> str | None:
        """The value of the last line `name: value` of the message; a squashed merge has trailers in its middle."""
        start = f"{name}:".lower()
        if start not in self.body.lower():
            return None
        lines = (line.strip().removeprefix("* ") for line in reversed(self.body.splitlines()))
        return next((line[len(start) :].strip() for line in lines if line.lower().startswith(start)), None)

    def trailer(self, name: str) -> str | None:
        """The value of the last trailer of that name (letter case does not count), or None."""
        return next((value for key, value in reversed(self.trailers) if key.lower() == name.lower()), None)


class Touch(NamedTuple):
    """A file that a commit changed; the ids of its contents before and after, None where it was not a plain file."""

    path: str
    before: str | None
    after: str | None


_AT_ONCE = 500  # commits that one process is asked for by name
_LATEST = 253_402_128_000  # 9999-12-30: the last date of a datetime; a commit may name a later one
_LOG = ("log", "-z", f"--format=tformat:{'%x00'.join(_FIELDS)}", "--date=raw", "--encoding=UTF-8")
_RAW = ("--first-parent", "-m", "--raw", "--no-renames", "--no-abbrev", "--relative")


def log(
    root: str, paths: Sequence[str] = (), revision: str = "HEAD", *, without: str | None = None
) -> Iterator[Commit]:
    """The commits that changed any of the paths (files or folders; none: all), newest first, as git finds them.

    `without` is the id of a commit that is left out with all its ancestors. A branch without commits yields nothing.
    Raises GitError no-such-revision, no-repository.
    """
    start = revision if is_id(revision) else find(root, revision)
    if start is None:
        return
    left_out = [f"^{without}"] if without else []
    yield from _commits(stream(root, [*_LOG, start, *left_out, "--", *literal(paths)]))


def log_files(
    root: str, paths: Sequence[str], revision: str = "HEAD", *, without: str | None = None
) -> Iterator[tuple[Commit, tuple[Touch, ...]]]:
    """The first-parent line of a revision, newest first: the commits that changed any of the paths, and which.

    A merge shows what it brought to the branch it was made on. `*` in a path matches any one name. `without` is the id
    of a commit that is left out with all its ancestors. A branch without commits yields nothing. Raises GitError
    no-such-revision, no-repository.
    """
    start = revision if is_id(revision) else find(root, revision)
    if start is not None:
        yield from _with_touches(root, [start, *([f"^{without}"] if without else [])], paths)


def read_commits(root: str, shas: Sequence[str]) -> Iterator[Commit]:
    """These commits, by their ids. Raises GitError no-such-revision, no-repository."""
    for start in range(0, len(shas), _AT_ONCE):
        some = ["--no-walk=unsorted", *shas[start : start + _AT_ONCE]]
        yield from _commits(stream(root, [*_LOG, *some, "--"]))


def commits_of(root: str, shas: Sequence[str], paths: Sequence[str]) -> Iterator[tuple[str, tuple[Touch, ...]]]:
    """The files under the paths that each of these commits changed against its first parent; by commit id."""
    for start in range(0, len(shas), _AT_ONCE):
        some = ["--no-walk=unsorted", *shas[start : start + _AT_ONCE]]
        yield from ((commit.sha, touches) for commit, touches in _with_touches(root, some, paths))


def _with_touches(
    root: str, commits: Sequence[str], paths: Sequence[str]
) -> Iterator[tuple[Commit, tuple[Touch, ...]]]:
    commit: Commit | None = None
    touched: list[Touch] = []
    values = _values(stream(root, [*_LOG, *_RAW, *commits, "--", *named(paths)]))
    for value in values:
        about = value.removeprefix("\n")
        if about.startswith(":"):
            touched.append(_touch(about, next(values)))
            continue
        if commit:
            yield commit, tuple(touched)
        commit, touched = _commit([value, *(next(values) for _ in _FIELDS[1:])]), []
    if commit:
        yield commit, tuple(touched)


def _touch(about: str, path: str) -> Touch:
    """The ids in `:<mode> <mode> <oid> <oid> M`."""
    before, after, old, new, _ = about[1:].split(" ")
    return Touch(path, old if before in FILES else None, new if after in FILES else None)


def _values(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\0")
        yield from map(text, whole)


def _commits(pieces: Iterator[bytes]) -> Iterator[Commit]:
    values = _values(pieces)
    for first in values:
        yield _commit([first, *(next(values) for _ in _FIELDS[1:])])


def _commit(values: Sequence[str]) -> Commit:
    sha, parents, author, email, time, subject, body, trailers = values
    pairs = (line.partition(":") for line in trailers.split("\x1f") if line)
    known = tuple((key.strip(), value.strip()) for key, _, value in pairs)
    return Commit(sha, tuple(parents.split()), author, email, _time(time), subject, known, body)


def _time(raw: str) -> datetime:
    """The time `1700000000 +0530`; 1970 for a commit without a time, as git itself reads it."""
    seconds, _, zone = (raw or "0 +0000").partition(" ")
    minutes = int(zone[-4:-2]) * 60 + int(zone[-2:])
    offset = timedelta(minutes=-minutes if zone.startswith("-") else minutes)
    known = timezone(offset) if abs(offset) < timedelta(days=1) else UTC
    return datetime.fromtimestamp(min(max(int(seconds), 0), _LATEST), known)
