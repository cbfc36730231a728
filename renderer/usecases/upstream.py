"""What the branch's upstream, as it was last fetched, has that the branch lacks."""

from __future__ import annotations

from collections.abc import Collection

from renderer.git import GitError, log_files, resolve, upstream_name
from renderer.layout import Layout
from renderer.problem import printable, some_of
from renderer.progress import counted

_FEW = 20  # apps that are asked for by their paths; beyond, git is asked for whole folders


def lacks(root: str, layout: Layout, apps: Collection[str]) -> str:
    """Which commits about these apps the upstream has and the branch lacks; empty without Git, an upstream, or any.

    Git fetches nothing for this.
    """
    try:
        upstream = upstream_name(root)
        few = [path for app in apps for path in (layout.app(app), layout.partial("*", app))]
        paths = few if len(apps) <= _FEW else layout.spec_folders
        log = log_files(root, paths, upstream, without=resolve(root, "HEAD"))
        commits = [{_name(touch.path) for touch in touches} for _, touches in log]
    except GitError:
        return ""
    wanted = frozenset(apps)
    missing = [names for names in commits if not names.isdisjoint(wanted)]
    about = sorted(wanted.intersection(frozenset[str]().union(*missing)))
    if not about:
        return ""
    return f"{printable(upstream)} has {counted(len(missing), 'commit')} about {some_of(about)} that this branch lacks"


def _name(path: str) -> str:
    """The app whose spec or partial app it is."""
    return path.rpartition("/")[2].removesuffix(".yaml")
