"""Which versions are due in which environments, by the order of promotion and by Git."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from renderer.console import out, say
from renderer.failure import Failure
from renderer.git import resolve
from renderer.history import Key, LiveCommit, Parsed, Standing, State, state_at
from renderer.history.due import Due, Placed, due
from renderer.layout import PROJECT_FILE
from renderer.promotion import in_order
from renderer.report.behind import Behind, behind_text, cannot_be_read, differ
from renderer.report.status import AppStatus
from renderer.usecases.elsewhere import source_environments
from renderer.usecases.known_past import known_past
from renderer.usecases.past import SHALLOW
from renderer.usecases.project import Opened, Refused
from renderer.usecases.revision import asking_git
from renderer.usecases.shown import show_stopping
from renderer.usecases.since import Since, since
from renderer.usecases.status import StatusOptions, read_rows, selected

NO_ORDER = (
    f"{PROJECT_FILE} names no order of promotion: write `promotion: [dev, staging, production]` under `spec`, with "
    "the names of your environments"
)


@dataclass(frozen=True, slots=True)
class DueOptions:
    """How to judge what is due: at which time, after how long a soak, and whether to repeat what was taken back."""

    now: datetime | None
    soak: timedelta | None = None
    redo: bool = False


class Found(NamedTuple):
    """What is due; and each app in each environment of the order, by app and environment, as it is at `head`."""

    due: list[Due]
    placed: dict[tuple[str, str], Placed]
    head: str
    complete: bool


def show_behind(options: StatusOptions) -> int:
    """Print which versions are due where; the exit code."""
    try:
        opened, environments, apps = selected(options)
    except Refused as refused:
        return int(show_stopping(refused.problems, options.form))
    found = read_due(opened, environments, apps, DueOptions(options.now))
    shown: dict[str, dict[str, Placed]] = {}
    for (app, env), placed in found.placed.items():
        shown.setdefault(app, {})[env] = placed
    listed = {app: shown[app] for app in sorted(shown) if options.apps or _is_listed(shown[app].values())}
    order = _ordered(opened)
    behind = Behind(order, listed, found.due, len(apps), found.head, options.now, found.complete)
    if not found.complete:
        say(SHALLOW)
    out(behind_text(behind, options.form), end="")
    return int(any(placed.standing is None for placed in found.placed.values()))


def _is_listed(placed: Collection[Placed]) -> bool:
    return differ(placed) or cannot_be_read(placed)


def read_due(opened: Opened, envs: Sequence[str], apps: Sequence[str], asked: DueOptions) -> Found:
    """What is due in these environments.

    Git is asked only about apps whose versions differ between environments.
    """
    if not opened.setup.project.promotion:
        raise Failure(NO_ORDER, 1)
    rows = read_rows(opened, _ordered(opened), apps)
    with asking_git():
        head = resolve(opened.root, "HEAD")
        known = since(opened.root, head, opened.layout, _wanted(rows))
    placed = {(row.app, row.env): _placed(row, known, asked.now) for row in rows}
    found = []
    for (app, env), here in placed.items():
        if env in envs:
            there = [placed[app, each] for each in source_environments(opened, app, env)]
            each = due(here, there, soak=asked.soak, redo=asked.redo)
            found += [_if_ahead(opened, head, here, each)] if each else []
    return Found(found, placed, head, known.complete)


def _ordered(opened: Opened) -> list[str]:
    stages = opened.setup.project.promotion
    return in_order(stages, (env for stage in stages for env in stage))


def _wanted(rows: Sequence[AppStatus]) -> Mapping[Key, Standing]:
    """The stable versions whose age matters: of the apps that do not have the same one everywhere."""
    tags: dict[str, set[str]] = {}
    for row in rows:
        tags.setdefault(row.app, set()).update([row.standing.stable.tag] if row.standing else [])
    return {(row.env, row.app, "stable"): row.standing for row in rows if row.standing and len(tags[row.app]) > 1}


def _placed(row: AppStatus, known: Since, now: datetime | None) -> Placed:
    commit: LiveCommit | None = known.found.get((row.env, row.app, "stable"))
    age = now - commit.time if commit and now else None
    back = known.order.get(commit.sha) if commit else None
    return Placed(row.env, row.app, row.standing, commit, back, age, row.problem or "", row.needs_weight, row.replaced)


def _if_ahead(opened: Opened, head: str, here: Placed, found: Due) -> Due:
    """A version that came here later, and was never stable in the environment before, did not pass through it."""
    if not found.may_be_ahead or found.held or here.standing is None:
        return found
    version = here.standing.stable
    if _was_stable(opened, head, found.source, here.app, version.tag):
        return found
    return replace(found, held=f"{version} is newer here, and was never stable in {found.source}")


def _was_stable(opened: Opened, head: str, env: str, app: str, tag: str) -> bool:
    files: dict[str, Parsed] = {}
    for revision in known_past(opened.root, opened.layout, app, head):
        for path, data in revision.files.items():
            if data is None:
                files.pop(path, None)
            else:
                files[path] = data
        state = state_at(files, opened.layout, env, app)
        if isinstance(state, State) and state.standing.stable.tag == tag:
            return True
    return False
