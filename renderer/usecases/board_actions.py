"""The board's actions, by the verbs of the command line: what one would change, and its commit, perhaps pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from renderer.board.actions import Action, ShownPlan
from renderer.console import say
from renderer.failure import Failure
from renderer.git.read import find
from renderer.git.version import commit_ahead, current_branch, fast_forward, push_branch, remote_of
from renderer.plan.simulated import plan_with_timeline
from renderer.report.plan_details import plan_lines
from renderer.usecases import verbs
from renderer.usecases.compare import compare
from renderer.usecases.edited import Edited
from renderer.usecases.project import Opened, find_root
from renderer.usecases.release import release
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.revision import Given, View, asking_git, of_tree
from renderer.usecases.selection import Selection
from renderer.usecases.verb import VerbOptions
from renderer.usecases.verbs import SwitchOptions, UndoOptions


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a verb would change: the commit that was looked at, the exit code, and the plans."""

    head: str
    code: int
    plans: tuple[ShownPlan, ...] = ()


def preview_action(directory: str, action: Action) -> Previewed:
    """What the action would change; the diff is printed."""
    plans: list[ShownPlan] = []
    options = replace(
        _options(directory, action), dry_run=True, watch=lambda opened, edited: plans.extend(_plans(opened, edited))
    )
    code = _run(options, action)
    return Previewed(last_commit(directory), code, tuple(plans))


def commit_action(directory: str, action: Action, head: str, *, pushed: bool) -> int:
    """Carry the action out and commit it; the exit code. `head` is the commit that a person has looked at."""
    root = find_root(directory)
    with asking_git():
        remote = _up_to_date(root) if pushed else None
    if last_commit(directory) != head:
        raise Failure("the repository has a new commit since this was shown: look at the change again", 1)
    code = _run(replace(_options(directory, action), commit=True), action)
    if code or remote is None:
        return code
    branch = current_branch(root)
    with asking_git():
        if push_branch(root, remote, branch):
            say(f"rollspec: pushed to {branch} of {remote}")
            return 0
    say(
        f"rollspec: the commit is only on this machine: somebody else has pushed to {branch} of {remote} meanwhile. "
        f"Run `git pull --rebase`, then `git push`"
    )
    return 1


def last_commit(directory: str) -> str:
    """The commit of HEAD; empty if there is none."""
    return find(find_root(directory), "HEAD") or ""


def _up_to_date(root: str) -> str:
    """The remote to push to. Failure if it has commits that this branch lacks; they are taken over where Git can."""
    branch = current_branch(root)
    remote = remote_of(root, branch)
    tip = commit_ahead(root, remote, branch)
    if tip is None:
        return remote
    if fast_forward(root, tip):
        raise Failure(f"somebody else has pushed to {branch}; their commits are here now: look at the change again", 1)
    raise Failure(
        f"{branch} of {remote} has commits that are not here, and there are commits here that it lacks: run "
        "`git pull --rebase`, then look at the change again",
        1,
    )


def _options(directory: str, action: Action) -> VerbOptions:
    return VerbOptions(directory, (action.env,), break_glass=action.break_glass or None, now=datetime.now(UTC))


def _run(options: VerbOptions, action: Action) -> int:
    """The verb's own use case; the exit code."""
    apps = (action.app,)
    match action.verb:
        case "release":
            if not action.tag:
                raise Failure("say which tag to release", 2)
            return release(options, ReleaseOptions((f"{action.app}={action.tag}",), share=action.share))
        case "weight":
            return verbs.weight(options, apps, action.share or 0, None)
        case "promote":
            return verbs.promote(options, apps, None, None)
        case "retry":
            return verbs.retry(options, apps, action.share)
        case "undo":
            return verbs.undo(options, apps, UndoOptions(action.share, redo=action.mode == "--redo"))
        case "switch":
            mode = {"go_on": action.mode == "--continue", "take_back": action.mode == "--abort"}
            to = action.strategy or None
            return verbs.switch(options, action.app, SwitchOptions(to, action.router or None, **mode))
    simple = {"abort": verbs.abort, "restart": verbs.restart, "pause": verbs.pause, "resume": verbs.resume}
    return simple[action.verb](options, apps)


def _plans(opened: Opened, edited: Sequence[Edited]) -> list[ShownPlan]:
    """The plan of each app in each environment that the edits change, from the working tree to the edited specs."""
    old = of_tree(opened)
    found = []
    for each in edited:
        envs = {made.env: frozenset([each.app]) for made in each.made}
        compared = compare(old, _with_edit(old, opened, each), Selection(envs), make=plan_with_timeline)
        found += [ShownPlan(plan.env, plan.app, plan_lines(plan), plan.timeline) for plan in compared.plans]
    return found


def _with_edit(tree: View, opened: Opened, edited: Edited) -> View:
    """The working tree with one edit more."""
    texts, problems = opened.texts(edited.app)
    texts = {path: text for path, text in texts.items() if path != edited.file}
    texts |= {edited.file: edited.text} if edited.text is not None else {}
    return View("the edit", tree.setup, tree.apps, tree.data, Given({edited.app: texts}, problems))
