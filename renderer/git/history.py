"""Commits, newest first, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from renderer.git.read import find
from renderer.git.run import literal, stream, text

_FIELDS = ("%H", "%P", "%aN", "%aE", "%cd", "%s", "%(trailers:only,unfold,separator=%x1f)")


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

    def trailer(self, name: str) -> str | None:
        """The value of the last trailer of that name (letter case does not count), or None."""
        return next((value for key, value in reversed(self.trailers) if key.lower() == name.lower()), None)


def log(root: str, paths: Sequence[str] = (), revision: str = "HEAD") -> Iterator[Commit]:
    """The commits that changed any of the paths (files or folders; none: all), newest first, as git finds them.

    None for a branch without commits. Raises GitError no-such-revision, no-repository.
    """
    start = find(root, revision)
    if start is None:
        return
    question = ["log", "-z", f"--format=tformat:{'%x00'.join(_FIELDS)}", "--date=raw", "--encoding=UTF-8"]
    values: list[str] = []
    for value in _values(stream(root, [*question, start, "--", *literal(paths)])):
        values.append(value)
        if len(values) == len(_FIELDS):
            yield _commit(*values)
            values = []


def _values(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\0")
        yield from map(text, whole)


def _commit(sha: str, parents: str, author: str, email: str, time: str, subject: str, trailers: str) -> Commit:
    pairs = (line.partition(":") for line in trailers.split("\x1f") if line)
    known = tuple((key.strip(), value.strip()) for key, _, value in pairs)
    return Commit(sha, tuple(parents.split()), author, email, _time(time), subject, known)


def _time(raw: str) -> datetime:
    """Of `1700000000 +0530`."""
    seconds, _, zone = raw.partition(" ")
    minutes = int(zone[-4:-2]) * 60 + int(zone[-2:])
    offset = timedelta(minutes=-minutes if zone.startswith("-") else minutes)
    known = timezone(offset) if abs(offset) < timedelta(days=1) else UTC
    return datetime.fromtimestamp(int(seconds), known)
