"""What the branch's upstream, as it was last fetched, has that the branch lacks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from renderer.console import say
from renderer.git import Commit, GitError, Touch, log_files, resolve, upstream_name
from renderer.layout import Layout
from renderer.problem import printable
from renderer.progress import counted

_FEW = 20  # apps that are asked for by their paths; beyond, git is asked for whole folders
_NAMED = 3


def say_behind(root: str, layout: Layout, edited: Collection[tuple[str, str]]) -> None:
    """Say which of the edited apps (by environment and app) the upstream changed since the branch left it.

    Nothing without Git or an upstream. Git fetches nothing for this.
    """
    try:
        name = upstream_name(root)
        missing = [*_missing(root, layout, edited, name)] if name else []
    except GitError:
        return
    touched = {touch.path for _, touches in missing for touch in touches}
    about = [app for app in dict.fromkeys(app for _, app in edited) if _is_about(layout, app, touched)]
    if about:
        more = f" and {len(about) - _NAMED} more" if len(about) > _NAMED else ""
        apps = f"{', '.join(map(printable, about[:_NAMED]))}{more}"
        say(
            f"rollspec: {printable(name)} has {counted(len(missing), 'commit')} about {apps} that this branch lacks, "
            "so this begins from an older state: `git pull --rebase` first"
        )


def _missing(
    root: str, layout: Layout, edited: Collection[tuple[str, str]], name: str
) -> Sequence[tuple[Commit, tuple[Touch, ...]]]:
    """The commits of the upstream that changed files of the apps."""
    apps = sorted({app for _, app in edited})
    few = [path for app in apps for path in (layout.app(app), layout.partial("*", app))]
    paths = few if len(apps) <= _FEW else [layout.apps, layout.overlays]
    return [*log_files(root, paths, name, without=resolve(root, "HEAD"))]


def _is_about(layout: Layout, app: str, paths: Collection[str]) -> bool:
    own = f"/apps/{app}.yaml"
    return layout.app(app) in paths or any(path.endswith(own) and path.startswith(layout.overlays) for path in paths)
