"""What the branch's upstream, as it was last fetched, has that the branch lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from renderer.git import GitError, log_files, resolve, upstream_name
from renderer.layout import Layout
from renderer.problem import printable, some_of
from renderer.progress import counted

_FEW = 20  # apps that are asked for by their paths; beyond, git is asked for whole folders


def lacks(root: str, layout: Layout, apps: Mapping[str, Collection[str]]) -> str:
    """Which commits about these apps the upstream has and the branch lacks; empty without Git, an upstream, or any.

    Each app comes with the environments whose partial apps count; none: all of them. Git fetches nothing for this.
    """
    try:
        upstream = upstream_name(root)
        few = [layout.partial(env, app) for app, envs in apps.items() for env in envs or ("*",)]
        few += map(layout.app, apps)
        paths = few if len(apps) <= _FEW else layout.spec_folders
        log = log_files(root, paths, upstream, without=resolve(root, "HEAD"))
        commits = [{_about(layout, touch.path, apps) for touch in touches} for _, touches in log]
    except GitError:
        return ""
    missing = [names for each in commits if (names := each - {""})]
    about = sorted(frozenset[str]().union(*missing))
    if not about:
        return ""
    return f"{printable(upstream)} has {counted(len(missing), 'commit')} about {some_of(about)} that this branch lacks"


def _about(layout: Layout, path: str, apps: Mapping[str, Collection[str]]) -> str:
    """The one of these apps whose spec the file is, or whose partial app in an environment that counts; else empty."""
    app = path.rpartition("/")[2].removesuffix(".yaml")
    envs = apps.get(app, ())
    is_its = app in apps and (not envs or path == layout.app(app) or path in {layout.partial(env, app) for env in envs})
    return app if is_its else ""
