"""A verb, run on the project as it is: the lock, the environments and apps that are asked for, and their acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from renderer.console import out, say
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE
from renderer.pipeline import is_in
from renderer.tree import locked
from renderer.usecases.edited import Act
from renderer.usecases.effective import environments_for
from renderer.usecases.project import Opened, Refused, find_root, open_project
from renderer.usecases.selection import chosen
from renderer.usecases.shown import show_problems
from renderer.usecases.uncommitted import say_how_to_put_aside
from renderer.usecases.unfinished import undo_unfinished
from renderer.usecases.verb import How, VerbOptions, carry_out
from renderer.usecases.words import refuse_misplaced

# What only --all needs is imported where it is used.
if TYPE_CHECKING:
    from renderer.report.status import AppStatus

Acts = Callable[[Opened, str], Mapping[str, Act]]  # by app, in an environment


class Ran(NamedTuple):
    """A verb that ran: its exit code, the project that it opened, and the environments and apps that it was about."""

    code: int
    opened: Opened | None = None
    apps: tuple[tuple[str, str], ...] = ()


def run(how: How, acts: Acts) -> Ran:
    """Carry out the acts in each environment that is asked for."""
    options = how.options
    if options.dry_run:
        return _run(how, acts)
    with locked(find_root(options.directory), PROJECT_FILE, _waiting):  # then it reads what the other wrote
        if options.commit:
            undo_unfinished(find_root(options.directory))
        return _run(how, acts)


def _waiting() -> None:
    say("rollspec: another rollspec command is running; waiting for it")


def _run(how: How, acts: Acts) -> Ran:
    options, verb = how.options, how.verb
    try:
        opened = open_project(options.directory)
        envs = tuple(sorted(opened.setup.environments)) if how.everywhere and not options.envs else options.envs
        found = {each.name: acts(opened, each.name) for each in environments_for(opened, envs)}
    except Refused as refused:
        code = int(show_problems(refused.problems, "text"))
        if options.commit:
            say_how_to_put_aside(find_root(options.directory), refused.problems, options.directory)
        return Ran(code)
    named = list(dict.fromkeys(app for some in found.values() for app in some))
    refuse_misplaced(verb, named, opened.apps, opened.setup.environments)
    chosen(named, opened.apps, "app")
    if not named and how.may_change_nothing:
        out(f"nothing to {verb}")
        return Ran(0)
    if not named and how.leads:
        return Ran(0)
    if not named:
        raise Failure(f"nothing to {verb} in {', '.join(found)}", 1)
    return Ran(carry_out(opened, found, how), opened, tuple((env, app) for env, some in found.items() for app in some))


def each(options: VerbOptions, verb: str, apps: Sequence[str], act: Act) -> Acts:
    """The same act for each app that is asked for."""
    return lambda opened, env: dict.fromkeys(selected(opened, env, apps, options, verb), act)


def selected(opened: Opened, env: str, apps: Sequence[str], options: VerbOptions, verb: str) -> list[str]:
    """The apps named, or with --all those of the environment whose state the verb fits, or nobody can read.

    What cannot be read may be in flight: left out, an `abort --all` would seem to have stopped everything.
    """
    if not options.every:
        return [*apps]
    from renderer.usecases.status import read_rows

    there = [app for app in opened.apps if is_in(opened.setup.environments[env], app)]
    return [row.app for row in read_rows(opened, [env], there) if row.standing is None or _FITS[verb](row)]


def _may_restart(row: AppStatus) -> bool:
    return row.standing is not None and not row.standing.paused


_FITS: dict[str, Callable[[AppStatus], object]] = {
    "weight": lambda row: row.standing and row.standing.flight and row.standing.flight.weight is not None,
    "promote": lambda row: row.standing and row.standing.flight,
    "abort": lambda row: row.standing and row.standing.flight,
    "retry": lambda row: row.standing and row.standing.aborted and not row.standing.flight,
    "undo": lambda row: row.has_previous and row.standing and not row.standing.flight,
    "restart": _may_restart,
    "pause": lambda row: row.standing and row.standing.flight and not row.standing.paused,
    "resume": lambda row: row.standing and row.standing.paused,
}
