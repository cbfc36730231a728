"""Git's history as data: commits with the specs that they changed, read by two processes of git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from renderer.freeze import TRAILER
from renderer.git import Commit, log, log_files, read_blobs
from renderer.history import LiveCommit, Parsed, Revision, parse

SHALLOW = "rollspec: the clone is shallow and lacks older commits: `git fetch --unshallow`"
_VERB, _APP, _ENV = "rollspec-verb", "rollspec-app", "rollspec-env"


def revisions(
    root: str,
    paths: Sequence[str],
    revision: str,
    *,
    only: Collection[str] | None = None,
    without: str | None = None,
) -> list[Revision]:
    """The commits of the first-parent line that changed any of the paths (`*`: any name), oldest first.

    With `only`, just these of the files under the paths count. `without` is the id of a commit that is left out with
    all its ancestors.
    """
    logged = log_files(root, paths, revision, without=without)
    if only is not None:
        logged = ((commit, tuple(touch for touch in touches if touch.path in only)) for commit, touches in logged)
    found = [(commit, touches) for commit, touches in logged if touches]
    parsed = parse_blobs(root, {touch.after: touch.path for _, touches in found for touch in touches})
    return [
        Revision(commit_of(commit), {touch.path: parsed.get(touch.after) for touch in touches})
        for commit, touches in reversed(found)
    ]


def parse_blobs(root: str, wanted: Mapping[str | None, str]) -> dict[str | None, Parsed]:
    """Specs by object id; `wanted` gives each id's path, for messages."""
    blobs = read_blobs(root, {oid for oid in wanted if oid})
    return {oid: parse(text, wanted[oid]) for oid, text in blobs.items()}


def commit_of(commit: Commit, merged: Iterable[Commit] = ()) -> LiveCommit:
    """One commit; a trailer names the app and environment that its verb was about."""
    return LiveCommit(
        commit.sha,
        commit.time,
        _text(commit.author),
        _text(commit.subject),
        _verbs(commit),
        len(commit.parents),
        tuple(commit_of(each) for each in merged),
        commit.line(TRAILER),
    )


def brought(root: str, commit: LiveCommit, paths: Sequence[str]) -> list[Commit]:
    """The commits that a merge brought to its branch, as far as they changed the paths."""
    return list(log(root, paths, commit.sha, without=f"{commit.sha}^1"))


def _text(text: str) -> str:
    """The text without bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _verbs(commit: Commit) -> dict[tuple[str, str], str]:
    values: dict[str, list[str]] = {}
    for key, value in commit.trailers:
        values.setdefault(key.lower(), []).append(value)
    verb = values.get(_VERB, [""])[-1]
    return {(env, app): verb for env in values.get(_ENV, []) for app in values.get(_APP, []) if verb}
