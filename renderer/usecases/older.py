"""Whether a release goes back to an older version: Git says which of two versions came first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from renderer.git import GitError, resolve
from renderer.history import Parsed, State, environments_of, state_at
from renderer.spec import short_digests
from renderer.usecases.elsewhere import spec_in
from renderer.usecases.known_past import known_past
from renderer.usecases.project import Opened

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)", re.ASCII).fullmatch
_ASKED = 20  # apps about which Git is asked; each takes some 30 ms


def older_versions(opened: Opened, env: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Of the tags by app, what to say about those that are older than the stable version in this environment."""
    found = {}
    for app, tag in tags.items():
        spec = spec_in(opened, app, env)
        here = str(spec["tag"])
        known = len(tags) <= _ASKED
        if tag != here and (
            (spec.get("previous") or {}).get("tag") == tag or _is_older(opened, app, tag, here, ask=known)
        ):
            found[app] = f"{short_digests(tag)} is older than {short_digests(here)}"
    return found


def _is_older(opened: Opened, app: str, one: str, other: str, *, ask: bool) -> bool:
    """By the commits in which each came first, in any environment; else by their numbers."""
    first = _first_commits(opened, app, {one, other}) if ask else {}
    before, after = first.get(one), first.get(other)
    if before is not None and after is not None and before != after:
        return before < after
    numbers, others = _numbers(one), _numbers(other)
    return bool(numbers and others) and numbers < others


def _numbers(tag: str) -> tuple[int, ...]:
    """The numbers of a tag such as `1.4.2`; empty for another tag. A digest does not count."""
    found = _NUMBERS(tag.partition("@")[0])
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _first_commits(opened: Opened, app: str, tags: Collection[str]) -> dict[str, int]:
    """The number of the commit with which each tag came first, as stable or in flight."""
    found: dict[str, int] = {}
    files: dict[str, Parsed] = {}
    try:
        past = known_past(opened.root, opened.layout, app, resolve(opened.root, "HEAD"))
    except GitError:
        return {}
    envs = environments_of(past, opened.layout)
    for number, revision in enumerate(past):
        for path, data in revision.files.items():
            if data is None:
                files.pop(path, None)
            else:
                files[path] = data
        for state in (state_at(files, opened.layout, env, app) for env in envs):
            if isinstance(state, State):
                flight = state.standing.flight
                for tag in (state.standing.stable.tag, flight.name.tag if flight else ""):
                    if tag in tags:
                        found.setdefault(tag, number)
        if len(found) == len(tags):
            break
    return found
