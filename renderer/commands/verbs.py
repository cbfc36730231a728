"""The verbs of a release: options of the command line to one act on each app's effective spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from renderer.commands.completing import complete_app, complete_env
from renderer.commands.elsewhere import in_both, spec_at, stable_there
from renderer.commands.live import Live, live_canaries
from renderer.commands.options import app_argument, show_problems
from renderer.commands.project import Opened, Refused, find_root, open_project
from renderer.commands.selection import chosen
from renderer.commands.verb import Act, How, Spec, carry_out, environment_for
from renderer.commands.words import parse_overrides, parse_words
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE
from renderer.release import notes, switches, verbs
from renderer.release.fold import overrides_between
from renderer.release.verbs import Outcome, Refusal, in_flight
from renderer.spec import fields_of, strategy_of
from renderer.tree import alone

Options = dict[str, Any]
Acts = Callable[[Opened], Mapping[str, Act]]
Notes = Callable[[Opened, Spec, Spec], list[str]]  # of a spec before and after
WEIGHT = click.IntRange(0, 100)


def _only_one(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
    """A release is one environment's: of several, click alone would take the last."""
    if len(values) > 1:
        raise Failure(f"one environment at a time, not {' and '.join(values)}", 2)
    return values[0] if values else None


def _common(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every verb."""
    for option in (
        click.option(
            "--env",
            "-e",
            metavar="ENV",
            multiple=True,
            callback=_only_one,
            shell_complete=complete_env,
            help="The environment; needed when there are several.",
        ),
        click.option("--dry-run", "-n", is_flag=True, help="Show what would change, and change nothing."),
        click.option("--commit", "do_commit", is_flag=True, help="Commit the spec and what is rendered from it."),
        click.option("--message", "-m", help="With --commit: its message, instead of the default."),
        click.option("--no-verify", is_flag=True, help="With --commit: without Git's pre-commit and commit-msg hooks."),
        click.pass_obj,
    ):
        function = option(function)
    return function


def _run(
    directory: str, verb: str, options: Options, acts: Acts, detail: str = "", notes: Notes = lambda *_: []
) -> int:
    """`detail` ends the commit's subject; `notes` is what is to be said beside."""
    about_commit = {"--message": options["message"] is not None, "--no-verify": options["no_verify"]}
    for option, is_given in about_commit.items():
        if is_given and not options["do_commit"]:
            raise Failure(f"{option} is about the commit: it needs --commit", 2)
    if options["dry_run"]:
        return _do(directory, verb, options, acts, detail, notes)
    with alone(find_root(directory), PROJECT_FILE, _waiting):  # what another verb has done is seen, not written over
        return _do(directory, verb, options, acts, detail, notes)


def _waiting() -> None:
    click.echo("rollspec: another verb is at work here; this one begins with what it leaves", err=True)


def _do(directory: str, verb: str, options: Options, acts: Acts, detail: str, notes: Notes) -> int:
    try:
        opened = open_project(directory)
        environment = environment_for(opened, options["env"])
        found = acts(opened)
    except Refused as refused:
        return int(show_problems(refused.problems, "text"))
    how = How(
        verb,
        options["dry_run"],
        options["do_commit"],
        options["message"],
        not options["no_verify"],
        detail,
        partial(notes, opened),
    )
    chosen(list(found), opened.apps, "app")
    return carry_out(opened, environment, found, how)


def _same(apps: tuple[str, ...], act: Act) -> Acts:
    return lambda _: dict.fromkeys(apps, act)


_apps = click.argument("apps", nargs=-1, required=True, metavar="APP...", shell_complete=complete_app)


_WORDS = "APP [TAG] | APP=TAG... | APP... | --from-env ENV"


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
@click.option("--replace", is_flag=True, help="Also while another release is in flight.")
@_common
def release(
    directory: str,
    words: tuple[str, ...],
    share: int | None,
    label: str | None,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    from_env: str | None,
    replace: bool,
    **options: Any,
) -> int:
    """Start the release of a tag: a canary, a preview, or at once, as the app's strategy has it.

    \b
    rollspec release reviews 1.5.0 --weight 20
    rollspec release reviews --set env.LOG_LEVEL=debug --weight 20     the same tag, other configuration
    rollspec release reviews=1.5.0 ratings=2.1.0 --weight 20           several apps, one commit
    rollspec release reviews ratings --from-env staging --weight 20    what is stable in staging
    rollspec release --from-env staging --weight 20                    of all apps that have another tag there
    """
    if not words and from_env is None:
        raise click.UsageError(f"Missing argument '{_WORDS}'.")
    if not words and (label or sets or unsets):
        raise Failure("--version, --set and --unset are about the release of one app: name it", 2)
    overrides = parse_overrides(sets, unsets)

    def acts(opened: Opened) -> dict[str, Act]:
        policy = environment_for(opened, options["env"]).spec.get("policy") or {}
        tags = parse_words(words, opened.apps)
        asked = {app: (tag, label) for app, tag in tags.items()}
        if from_env is not None:
            asked = _from_env(opened, tags, from_env, options["env"], label)
        if not asked:
            raise Failure("nothing to release", 1)
        return {
            app: partial(
                _release,
                is_alone=len(tags) == 1,
                tag=tag,
                version=name,
                weight=share,
                overrides=overrides,
                replace=replace,
                must_canary=policy.get("templateChanges") == "canary",
            )
            for app, (tag, name) in asked.items()
        }

    return _run(directory, "release", options, acts, notes=lambda _, spec, after: notes.release(spec, share))


@click.command("weight")
@app_argument
@click.argument("share", type=WEIGHT)
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
def weight(directory: str, app: str, share: int, live: str | None, **options: Any) -> int:
    """Change the canary's SHARE of the traffic, up or down, without a dip.

    It starts from the weight of the last commit. Two commits that the cluster gets as one would start from a weight
    that it never had: name the revision that is live with --live.
    """

    def acts(opened: Opened) -> dict[str, Act]:
        return {app: partial(_weight, app, live_canaries(opened, [app], options["env"], live), share)}

    return _run(directory, "weight", options, acts, f"to {share} %")


@click.command("promote")
@_apps
@click.option("--at", "at", type=WEIGHT, help="The weight that a ladder has reached, if not its last.")
@click.option("--live", metavar="REF", help="The revision that the cluster has (default: the last commit).")
@_common
def promote(directory: str, apps: tuple[str, ...], at: int | None, live: str | None, **options: Any) -> int:
    """Make the canary or preview the stable version, without a dip.

    It begins at the weight of the last commit, and of a ladder at its last one: name the revision that the cluster has
    with --live, where a change of the weight and the promotion get there as one, or where the promotion was made by
    hand.
    """
    if at is not None and live is not None:
        raise Failure("give either --at or --live", 2)

    def acts(opened: Opened) -> dict[str, Act]:
        if at is not None:
            return {app: partial(verbs.promote, at=at) for app in apps}
        canaries = live_canaries(opened, apps, options["env"], live)
        return {app: partial(_promote, opened, app, options["env"], live, canaries) for app in apps}

    return _run(directory, "promote", options, acts, notes=lambda _, spec, after: notes.promote(spec, after, at))


@click.command("abort")
@_apps
@_common
def abort(directory: str, apps: tuple[str, ...], **options: Any) -> int:
    """Stop the release: the stable version serves alone, with the pods it has."""
    return _run(directory, "abort", options, _same(apps, verbs.abort))


@click.command("retry")
@_apps
@_common
def retry(directory: str, apps: tuple[str, ...], **options: Any) -> int:
    """Start again what `abort`, or the controller by itself, has stopped."""
    return _run(
        directory,
        "retry",
        options,
        _same(apps, verbs.retry),
        notes=lambda opened, spec, _: notes.retry(spec, opened.setup.project.versions.argo_rollouts),
    )


@click.command("undo")
@_apps
@click.option("--weight", "-w", "share", type=WEIGHT, help="As a canary with this share (default: at once).")
@click.option("--to", metavar="REF", help="Back to what was stable at this revision (default: the version before).")
@_common
def undo(directory: str, apps: tuple[str, ...], share: int | None, to: str | None, **options: Any) -> int:
    """Go back to the version before: its tag, and the configuration that its release had changed.

    What was edited since then stays; --to takes the whole configuration of a revision.
    """

    def acts(opened: Opened) -> dict[str, Act]:
        return {app: partial(_undo, opened, app, options["env"], to, share) for app in apps}

    return _run(directory, "undo", options, acts)


@click.command("restart")
@_apps
@_common
def restart(directory: str, apps: tuple[str, ...], **options: Any) -> int:
    """Replace the pods, one after the other, without another version.

    A Rollout deletes one pod at a time and takes no notice of maxUnavailable. The only pod of a canary: its share
    goes to no pod for a moment, then to the stable version until it is Ready again. `minPodsPerReplicaSet: 2` in the
    strategy (router istio) avoids that.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _run(
        directory,
        "restart",
        options,
        _same(apps, partial(verbs.restart, now=now)),
        notes=lambda _, spec, after: notes.restart(spec),
    )


@click.command("pause")
@_apps
@_common
def pause(directory: str, apps: tuple[str, ...], **options: Any) -> int:
    """Hold the controller: weights stay, a new pod template is not carried out."""
    return _run(directory, "pause", options, _same(apps, verbs.pause))


@click.command("resume")
@_apps
@_common
def resume(directory: str, apps: tuple[str, ...], **options: Any) -> int:
    """Let the controller go on."""
    return _run(directory, "resume", options, _same(apps, verbs.resume))


@click.command("switch")
@app_argument
@click.option("--to", type=click.Choice(("RollingUpdate", "Recreate", "BlueGreen", "Canary")), help="The strategy.")
@click.option("--router", type=click.Choice(("replica", "istio")), help="How a canary gets its share.")
@click.option("--continue", "go_on", is_flag=True, help="The next stage of a switch that is under way.")
@click.option("--stages/--one-commit", default=None, help="Default: one commit where Argo CD prunes last.")
@_common
def switch(
    directory: str, app: str, to: str | None, router: str | None, go_on: bool, stages: bool | None, **options: Any
) -> int:
    """Change the strategy or the router in the stages that lose no traffic.

    Each stage is a commit; go on when the one before is synced and Healthy, and 30 seconds after the last promotion.
    """
    if go_on == bool(to or router):
        raise Failure("give either --to (or --router), or --continue", 2)

    def acts(opened: Opened) -> dict[str, Act]:
        if go_on:
            return {app: switches.go_on}
        one_commit = opened.setup.project.argocd is not None if stages is None else not stages
        return {app: partial(_switch, to=to, router=router, one_commit=one_commit)}

    return _run(directory, "switch", options, acts, "--continue" if go_on else f"to {to or router}")


def _from_env(
    opened: Opened, tags: Mapping[str, str | None], source: str, target: str | None, label: str | None
) -> dict[str, tuple[str | None, str | None]]:
    """Tag and label by app as they are stable in `source`: of the apps that are named, else of all that differ."""
    for app, tag in tags.items():
        if tag is not None:
            raise Failure(f"{app}: the tag is either {tag} or the one that is stable in {source}", 2)
    found: dict[str, tuple[str | None, str | None]] = {}
    for app, there in stable_there(opened, [*tags] or in_both(opened, source, target), source, target, label).items():
        if not tags and there.has_tag:
            continue
        if (not tags and there.in_flight) or (len(tags) > 1 and there.is_stable):
            click.echo(f"{app}: {there.tag} is {'stable' if there.is_stable else 'in flight'} already", err=True)
            continue
        if there.different:
            kept = f"has other configuration too, which stays as it is: {', '.join(there.different)}"
            click.echo(f"{app}: {source} {kept}", err=True)
        found[app] = (there.tag, there.label)
    return found


def _release(spec: Mapping[str, Any], *, is_alone: bool, weight: int | None, **asked: Any) -> Outcome:
    """Of several apps the weight is for the canaries."""
    has_weight = is_alone or strategy_of(spec.get("strategy", {})).type == "Canary"
    return verbs.release(spec, weight=weight if has_weight else None, **asked)


def _weight(app: str, live: Live, share: int, spec: Spec) -> Outcome:
    return verbs.weight(spec, share, live=live(app, spec) if spec.get("canary") else None)


def _promote(opened: Opened, app: str, env: str | None, revision: str | None, live: Live, spec: Spec) -> Outcome:
    """A canary of which nothing is live starts from nothing; one that a revision has may be promoted by hand here."""
    if revision is not None and in_flight(spec) is None:
        return verbs.promoted(spec, spec_at(opened, app, env, revision))
    if not spec.get("canary"):
        return verbs.promote(spec)
    was = live(app, spec)
    return verbs.promote(spec, live=was.get("weight") if was else 0)


def _undo(
    opened: Opened, app: str, env: str | None, to: str | None, share: int | None, spec: Mapping[str, Any]
) -> Outcome:
    if to is None:
        return verbs.undo(spec, weight=share)
    then = spec_at(opened, app, env, to)
    state = {key: then[key] for key in ("tag", "version") if key in then}
    overrides = overrides_between(fields_of(spec, None), fields_of(then, None))
    return verbs.undo(spec, to={**state, **({"overrides": overrides} if overrides else {})}, weight=share)


def _switch(spec: Mapping[str, Any], to: str | None, router: str | None, one_commit: bool) -> Outcome:
    kind = to or "Canary"
    if router and kind != "Canary":
        return Refusal("--router is for strategy Canary")
    return switches.switch(spec, kind, router, one_commit=one_commit)
