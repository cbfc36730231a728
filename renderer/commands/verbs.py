"""The verbs of a release: options of the command line to one act on each app's effective spec."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from renderer.commands.completing import complete_app, complete_env
from renderer.commands.options import DURATION, app_argument
from renderer.usecases import verbs
from renderer.usecases.promotion import ReleaseOptions
from renderer.usecases.verb import VerbOptions
from renderer.usecases.verbs import SwitchOptions

WEIGHT = click.IntRange(0, 100)


def _common(function: Callable[..., int]) -> Callable[..., int]:
    """The options of every verb, which come to `function` as one value."""

    @click.option(
        "--env",
        "-e",
        "envs",
        metavar="ENV",
        multiple=True,
        shell_complete=complete_env,
        help="The environment; needed when there are several (again for more: one commit for all).",
    )
    @click.option("--dry-run", "-n", is_flag=True, help="Show what would change, and change nothing.")
    @click.option("--commit", is_flag=True, help="Commit the spec and what is rendered from it.")
    @click.option("--message", "-m", help="With --commit: its message, instead of the default.")
    @click.option("--no-verify", is_flag=True, help="With --commit: without Git's pre-commit and commit-msg hooks.")
    @click.option("--break-glass", metavar="REASON", help="Pass a freeze of the environment; the commit says why.")
    @click.pass_obj
    @functools.wraps(function)
    def run(directory: str, /, **given: Any) -> int:
        common = {
            name: given.pop(name) for name in ("envs", "dry_run", "commit", "message", "no_verify", "break_glass")
        }
        return function(VerbOptions(directory, now=datetime.now(UTC), **common), **given)

    return run


def _apps(function: Callable[..., int]) -> Callable[..., int]:
    """APP... or --all; a mistake between the two is one of usage."""

    @click.argument("apps", nargs=-1, metavar="APP...", shell_complete=complete_app)
    @click.option("--all", "every", is_flag=True, help="All apps of the environment whose state the verb fits.")
    @click.option("--keep-going", is_flag=True, help="Change the other apps although one fails.")
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
@click.option("--weight", "-w", "share", type=WEIGHT, help="The canary's first share, percent of the traffic.")
@click.option("--version", "label", help="The label `version` of its pods (default: the tag).")
@click.option(
    "--set", "sets", multiple=True, metavar="FIELD=VALUE", help="Configuration of this version: env.KEY=VALUE."
)
@click.option("--unset", "unsets", multiple=True, metavar="FIELD", help="Configuration that this version has no more.")
@click.option(
    "--from-env",
    metavar="ENV",
    shell_complete=complete_env,
    help="Take the tag and version that are stable in ENV; without an APP, of all apps of both that differ.",
)
@click.option("--skip", is_flag=True, help="Skip environments that come before this one in the order of promotion.")
@click.option("--train", is_flag=True, help="Release all versions that are due here, by the order of promotion.")
@click.option(
    "--soak",
    type=DURATION,
    metavar="TIME",
    help="With --train: only versions that are stable in the environment before for this long, such as 1d.",
)
@click.option("--replace", is_flag=True, help="Also while another release is in flight.")
@click.option(
    "--redo",
    is_flag=True,
    help="With --from-env, --from-edits, --train: also versions that were aborted or undone here.",
)
@click.option(
    "--from-edits",
    is_flag=True,
    help="Make a release of each edit of a stable tag or image since --base, in every environment without --env.",
)
@click.option("--base", metavar="REF", help="With --from-edits: since when (default: where the work left main).")
@_common
def release(options: VerbOptions, words: tuple[str, ...], **own: Any) -> int:
    """Start the release of a tag: a canary, a preview, or at once, depending on the app's strategy.

    \b
    rollspec release reviews 1.5.0 --weight 20
    rollspec release reviews --set env.LOG_LEVEL=debug --weight 20     the same tag, other configuration
    rollspec release reviews=1.5.0 ratings=2.1.0 --weight 20           several apps, one commit
    rollspec release reviews ratings --from-env staging --weight 20    what is stable in staging
    rollspec release --from-env staging --weight 20                    of all apps that have another tag there
    rollspec release --from-edits --base origin/main                   what a bot wrote into `tag`, as canaries
    rollspec release --train --soak 1d --env production                what is due, by the order of promotion

    With `promotion` in rollspec.yaml, an app without a tag gets the version that is stable in the environment before. A
    tag that is not stable there is refused without --skip.
    """
    if not words and own["from_env"] is None and not own["from_edits"] and not own["train"]:
        raise click.UsageError(f"Missing argument '{_WORDS}'.")
    return verbs.release(options, ReleaseOptions(words, **own))


@click.command("weight")
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
@_apps
@click.argument("share", type=WEIGHT)
def weight(options: VerbOptions, apps: tuple[str, ...], share: int, live: str | None) -> int:
    """Change the canary's SHARE of the traffic, up or down, without a dip.

    It starts from the weight of the last commit. Two commits that the cluster gets as one would start from a weight
    that it never had: name the revision that is live with --live.
    """
    return verbs.weight(options, apps, share, live)


@click.command("promote")
@click.option("--at", "at", type=WEIGHT, help="The weight that a ladder has reached, if not its last.")
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
@_apps
def promote(options: VerbOptions, apps: tuple[str, ...], at: int | None, live: str | None) -> int:
    """Make the canary or preview the stable version, without a dip.

    It begins at the weight of the last commit, and of a ladder at its last one: name the revision that the cluster has
    with --live, where a change of the weight and the promotion get there as one, or where the promotion was made by
    hand.
    """
    return verbs.promote(options, apps, at, live)


@click.command("abort")
@_common
@_apps
def abort(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Stop the release: the stable version serves alone, with the pods it has."""
    return verbs.abort(options, apps)


@click.command("retry")
@click.option("--weight", "-w", "share", type=WEIGHT, help="Start from nothing with this share, at most the canary's.")
@_common
@_apps
def retry(options: VerbOptions, apps: tuple[str, ...], share: int | None) -> int:
    """Start a release again that `abort` stopped, or that the controller aborted by itself.

    Git does not know that the controller has aborted a canary: `kubectl argo rollouts get rollout` says Degraded then.
    A lower `weight` would send the traffic of the old weight to it first. `retry --weight` does not.
    """
    return verbs.retry(options, apps, share)


@click.command("undo")
@click.option("--weight", "-w", "share", type=WEIGHT, help="As a canary with this share (default: at once).")
@click.option("--to", metavar="REF", help="Back to what was stable at this revision (default: the version before).")
@click.option("--redo", is_flag=True, help="Make a version stable again that `undo` or `abort` has taken back.")
@_common
@_apps
def undo(options: VerbOptions, apps: tuple[str, ...], **own: Any) -> int:
    """Go back to the version before: its tag, and the configuration that its release had changed.

    What was edited since then stays; --to takes the whole configuration of a revision. A second `undo` does not bring
    back what the first one took away: --redo does.
    """
    return verbs.undo(options, apps, verbs.UndoOptions(**own))


@click.command("restart")
@_common
@_apps
def restart(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Replace the pods, one after the other, without another version.

    A Rollout deletes one pod at a time and takes no notice of maxUnavailable. The only pod of a canary: its share
    goes to no pod for a moment, then to the stable version until it is Ready again. `minPodsPerReplicaSet: 2` in the
    strategy (router istio) avoids that.
    """
    return verbs.restart(options, apps)


@click.command("pause")
@_common
@_apps
def pause(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Hold the controller: weights stay, a new pod template is not carried out."""
    return verbs.pause(options, apps)


@click.command("resume")
@_common
@_apps
def resume(options: VerbOptions, apps: tuple[str, ...]) -> int:
    """Let the controller go on."""
    return verbs.resume(options, apps)


@click.command("switch")
@app_argument
@click.option("--to", type=click.Choice(("RollingUpdate", "Recreate", "BlueGreen", "Canary")), help="The strategy.")
@click.option("--router", type=click.Choice(("replica", "istio")), help="How a canary gets its share.")
@click.option("--continue", "go_on", is_flag=True, help="The next stage of a switch that is under way.")
@click.option("--abort", "take_back", is_flag=True, help="Go back to the strategy before, while a switch is under way.")
@click.option("--stages/--one-commit", default=None, help="Default: one commit where Argo CD prunes last.")
@_common
def switch(options: VerbOptions, app: str, **own: Any) -> int:
    """Change the strategy or the router in the stages that lose no traffic.

    Each stage is a commit. Continue when the previous one is synced and Healthy, and 30 seconds after the last
    promotion.
    """
    return verbs.switch(options, app, SwitchOptions(**own))
