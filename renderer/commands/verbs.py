"""The verbs of a release: their options and help, and one call of each use case."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.completing import complete_app, complete_env
from renderer.commands.options import DURATION, ROUTER, STRATEGY, app_argument
from renderer.usecases import verbs
from renderer.usecases.release import release as release_versions
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.verb import VerbOptions
from renderer.usecases.verbs import SwitchOptions


class _Percent(click.IntRange):
    """A whole number of percent, also as `20%`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if _is_share(str(value)):
            return int(str(value).removesuffix("%"))
        order = ""
        if isinstance(param, click.Argument):
            given = ctx.params.get("apps") if ctx else None
            shares = [word for word in given or () if _is_share(word)]
            apps = [word for word in given or () if not _is_share(word)]
            meant = " ".join([*apps, str(value), *shares]) if len(shares) == 1 else "APP 20"
            order = f"; the apps come first: `rollspec weight {meant}`"
        return self.fail(f"{value!r} is not a whole number of percent from 0 to 100{order}", param, ctx)


def _is_share(text: str) -> bool:
    number = text.removesuffix("%")
    return number.isascii() and number.isdecimal() and len(number) < 4 and int(number) in range(101)


WEIGHT = _Percent(0, 100)


class _Reason(click.ParamType[str]):
    """Why a freeze is passed, in words: neither blank nor an option that took the place of a reason left out."""

    name = "reason"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is; a usage error if it says nothing."""
        text = str(value)
        if not text.strip() or text.startswith("-"):
            self.fail(f"{text!r} is not a reason: say in words why the freeze must be passed", param, ctx)
        return text


def _common(function: Callable[..., int]) -> Callable[..., int]:
    """The options of every verb, passed to `function` as one value."""

    @click.option(
        "--env",
        "-e",
        "envs",
        metavar="ENV",
        multiple=True,
        shell_complete=complete_env,
        help="The environment; required if there are several (repeat for more: one commit for all).",
    )
    @click.option("--dry-run", "-n", is_flag=True, help="Show what would change, and change nothing.")
    @click.option(
        "--commit",
        is_flag=True,
        help="Commit the spec and the files rendered from it; without it, they are only written.",
    )
    @click.option("--message", "-m", help="With --commit: its message, instead of the default.")
    @click.option("--no-verify", is_flag=True, help="With --commit: without Git's pre-commit and commit-msg hooks.")
    @click.option(
        "--break-glass", metavar="REASON", type=_Reason(), help="Pass a freeze of the environment; the commit says why."
    )
    @click.pass_obj
    @functools.wraps(function)
    def run(directory: str, /, **given: Any) -> int:
        common = {
            name: given.pop(name) for name in ("envs", "dry_run", "commit", "message", "no_verify", "break_glass")
        }
        return function(VerbOptions(directory, now=datetime.now(UTC), **common), **given)

    return run


def _apps(function: Callable[..., int]) -> Callable[..., int]:
    """APP... or --all; neither or both is a usage error."""

    @click.argument("apps", nargs=-1, metavar="APP...", shell_complete=complete_app)
    @click.option("--all", "every", is_flag=True, help="All apps of the environment whose state the verb fits.")
    @click.option("--keep-going", is_flag=True, help="Change the other apps even if one fails.")
    @functools.wraps(function)
    def run(options: VerbOptions, apps: tuple[str, ...], **given: Any) -> int:
        chosen = replace(options, every=given.pop("every"), keep_going=given.pop("keep_going"))
        if bool(apps) == chosen.every:
            raise click.UsageError("Name the apps, or give --all.")
        return function(chosen, apps, **given)

    return run


_WORDS = "APP [TAG] | APP=TAG... | APP... | --from-env ENV | --from-edits | --train"


@click.command("release")
@click.argument("words", nargs=-1, metavar=_WORDS, shell_complete=complete_app)
@click.option("--weight", "-w", "share", type=WEIGHT, help="The canary's first share, in percent of the traffic.")
@click.option("--version", "label", help="The label `version` of its pods (default: the tag).")
@click.option(
    "--set", "sets", multiple=True, metavar="FIELD=VALUE", help="Configuration of this version: env.KEY=VALUE."
)
@click.option("--unset", "unsets", multiple=True, metavar="FIELD", help="Configuration to remove for this version.")
@click.option(
    "--adopt",
    is_flag=True,
    help="For an imported app: give pods of this version the labels, and the pause before a stop, that rollspec adds.",
)
@click.option(
    "--from-env",
    metavar="ENV",
    shell_complete=complete_env,
    help="Release the version that is stable in ENV; without APP, of each app whose versions differ.",
)
@click.option("--skip", is_flag=True, help="Skip earlier environments of the order of promotion.")
@click.option("--train", is_flag=True, help="Release all versions that are due here, by the order of promotion.")
@click.option(
    "--soak",
    type=DURATION,
    metavar="TIME",
    help="With --train: only versions that have been stable in the previous environment for this long, such as 1d.",
)
@click.option("--replace", is_flag=True, help="Release even while another release is in flight.")
@click.option(
    "--hotfix",
    is_flag=True,
    help="While another release is in flight: abort it and start this one, in two commits. If it is aborted already, "
    "one commit starts this one. `retry` brings back what was aborted.",
)
@click.option(
    "--redo",
    is_flag=True,
    help="With --from-env, --from-edits, --train: also versions that were aborted or undone here.",
)
@click.option(
    "--from-edits",
    is_flag=True,
    help="Release each edit of a stable tag or image since --base; without --env, in every environment.",
)
@click.option(
    "--base",
    metavar="REF",
    help="With --from-edits: edits since here (default: where this branch left the main branch).",
)
@click.option("--keep-going", is_flag=True, help="Release the other apps even if one fails.")
@_common
def release(options: VerbOptions, words: tuple[str, ...], keep_going: bool, **own: Any) -> int:
    """Start the release of a tag: a canary, a preview, or at once, depending on the app's strategy.

    \b
    rollspec release reviews 1.5.0 --weight 20
    rollspec release reviews --set env.LOG_LEVEL=debug --weight 20     the same tag, other configuration
    rollspec release reviews=1.5.0 ratings=2.1.0 --weight 20           several apps, one commit
    rollspec release reviews ratings --from-env staging --weight 20    what is stable in staging
    rollspec release --from-env staging --weight 20                    all apps that have another tag there
    rollspec release --from-edits --base origin/main                   what a bot wrote into `tag`, as canaries
    rollspec release --train --soak 1d --env production                what is due, by the order of promotion

    With `promotion` in rollspec.yaml, an app without a tag gets the version that is stable in the previous environment.
    A tag that is not stable there is refused without --skip.
    """
    if not words and own["from_env"] is None and not own["from_edits"] and not own["train"]:
        raise click.UsageError(f"Missing argument '{_WORDS}'.")
    return release_versions(replace(options, keep_going=keep_going), ReleaseOptions(words, **own))


@click.command("weight")
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
@_apps
@click.argument("share", type=WEIGHT)
def weight(options: VerbOptions, apps: tuple[str, ...], share: int, live: str | None) -> int:
    """Change the canary's SHARE of the traffic, up or down.

    The change starts from the weight of the last commit. If the cluster does not have that commit yet, name the live
    revision with --live; otherwise the change starts from a weight that the canary never had.
    """
    return verbs.weight(options, apps, share, live)


@click.command("promote")
@click.option("--at", "at", type=WEIGHT, help="The weight that a ladder has reached, if it is not the last one.")
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
@_apps
def promote(options: VerbOptions, apps: tuple[str, ...], at: int | None, live: str | None) -> int:
    """Make the canary or preview the stable version.

    The promotion starts from the weight of the last commit, and for a ladder from its last weight. If the cluster gets
    a change of the weight and the promotion together, or if the promotion was made by hand, name the revision that the
    cluster has with --live.
    """
    return verbs.promote(options, apps, at, live)


@click.command("abort")
@_common
@_apps
def abort(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Stop the release: the stable version serves all requests, with its present pods."""
    return verbs.abort(options, apps)


@click.command("retry")
@click.option(
    "--weight", "-w", "share", type=WEIGHT, help="Start again from 0 %, with this share; at most the canary's."
)
@_common
@_apps
def retry(options: VerbOptions, apps: tuple[str, ...], share: int | None) -> int:
    """Start a release again after `abort`, or after the controller aborted it.

    Git does not know that the controller has aborted a canary; `kubectl argo rollouts get rollout` then says Degraded.
    At `renderLevel: 1`, or with `dynamicStableScale`, a lower `weight` would then first send the traffic of the old
    weight to the canary. `retry --weight` does not.
    """
    return verbs.retry(options, apps, share)


@click.command("undo")
@click.option("--weight", "-w", "share", type=WEIGHT, help="As a canary with this share (default: at once).")
@click.option("--to", metavar="REF", help="Go back to the stable version of this revision (default: the previous one).")
@click.option("--redo", is_flag=True, help="Make a version stable again after `undo` or `abort`.")
@_common
@_apps
def undo(options: VerbOptions, apps: tuple[str, ...], **own: Any) -> int:
    """Go back to the previous version: its tag, and the configuration that the release changed.

    Later edits stay. --to restores the whole configuration of a revision. A second `undo` does not restore the version
    that the first one removed; --redo does. With --all, each app with a previous version goes back, however old that
    is: look at --dry-run first.
    """
    return verbs.undo(options, apps, verbs.UndoOptions(**own))


@click.command("restart")
@_common
@_apps
def restart(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Replace the pods one by one, with the same version.

    A Rollout deletes one pod at a time and ignores maxUnavailable. If a canary has only one pod, its share reaches no
    pod for a moment, and then the stable version until the new pod is Ready. `minPodsPerReplicaSet: 2` in the strategy
    (router istio) avoids this.
    """
    return verbs.restart(options, apps)


@click.command("pause")
@_common
@_apps
def pause(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Make the controller wait: weights stay, and a new pod template is not rolled out."""
    return verbs.pause(options, apps)


@click.command("resume")
@_common
@_apps
def resume(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Let the controller continue."""
    return verbs.resume(options, apps)


@click.command("switch")
@app_argument
@click.option("--to", type=STRATEGY, help="The strategy.")
@click.option("--router", type=ROUTER, help="How a canary gets its share.")
@click.option("--continue", "go_on", is_flag=True, help="Continue with the next stage of a switch.")
@click.option("--abort", "take_back", is_flag=True, help="Go back to the previous strategy during a switch.")
@click.option("--stages/--one-commit", default=None, help="Default: one commit if Argo CD prunes last.")
@_common
def switch(options: VerbOptions, app: str, **own: Any) -> int:
    """Change the strategy or the router in stages that lose no traffic.

    Each stage is a commit. Continue once the previous stage is synced and the app is Healthy, and at least 30 seconds
    after the last promotion.
    """
    return verbs.switch(options, app, SwitchOptions(**own))
