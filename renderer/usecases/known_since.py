"""`since`, when an earlier run has searched the same history: only the commits after that run are searched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from renderer.git import GitError, read_commits
from renderer.history import ASPECTS, Key, LiveCommit, Standing
from renderer.layout import Layout
from renderer.sealed import Sealed
from renderer.usecases.known_history import counts, is_kept
from renderer.usecases.past import commit_of
from renderer.usecases.since import Here, Since, since
from renderer.usecases.trust import sealed

_NAME = "since"  # of what is kept
_LONG = 200  # commits; what a shorter search found is not worth a file


class _Memory(NamedTuple):
    """What a run found at a commit: by key, the part of the standing, and the id of the commit that brought it."""

    head: str
    answers: dict[str, tuple[str, str]]


def known_since(
    root: str, head: str, layout: Layout, wanted: Mapping[Key, Standing], here: Here, *, is_whole: bool
) -> Since:
    """As `since`, by what an earlier run kept. `is_whole`: these are all keys of the project, so the next may, too."""
    kept = sealed(root, layout, _NAME)
    if kept is None:
        return since(root, head, layout, wanted, here)
    memory = _read(kept)
    found = _from_memory(root, head, layout, wanted, here, memory) or since(root, head, layout, wanted, here)
    if is_whole and found.searched > (0 if memory.head == head else _LONG) and is_kept(root):
        _write(kept, head, wanted, found)
    return found


def _read(kept: Sealed) -> _Memory:
    text = kept.read()
    head, answers = json.loads(text) if text else ("", {})
    return _Memory(head, {key: (part, sha) for key, (part, sha) in answers.items()})


def _write(kept: Sealed, head: str, wanted: Mapping[Key, Standing], found: Since) -> None:
    answers = {_text(key): (_part(key, wanted[key]), commit.sha) for key, commit in found.found.items()}
    kept.write(json.dumps((head, answers)))


def _from_memory(
    root: str, head: str, layout: Layout, wanted: Mapping[Key, Standing], here: Here, memory: _Memory
) -> Since | None:
    """The commits, from a search that ends where the memory begins; None if it says nothing about this history."""
    if not counts(root, head, memory.head):
        return None
    try:
        new = since(root, head, layout, wanted, here, until=memory.head)
        open_keys = new.committed - new.found.keys()
        known = {key: memory.answers.get(_text(key)) for key in open_keys}
        shas = {key: each[1] for key, each in known.items() if each and each[0] == _part(key, wanted[key])}
        commits = {commit.sha: commit_of(commit) for commit in read_commits(root, sorted({*shas.values()}))}
        old: dict[Key, LiveCommit] = {key: commits[sha] for key, sha in shas.items()}
        rest = {key: wanted[key] for key in open_keys if key not in old}
        more = since(root, head, layout, rest, here)
    except GitError:  # somebody removed them
        return None
    found = {**new.found, **old, **more.found}
    return Since(found, new.committed, {}, more.complete, new.searched + more.searched)


def _text(key: Key) -> str:
    return "\0".join(key)


def _part(key: Key, standing: Standing) -> str:
    return repr(ASPECTS[key[2]](standing))
