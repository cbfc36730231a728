"""Which apps and environments a command is about, and which others it must read too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from renderer.failure import Failure
from renderer.layout import PROJECT_FILE, Layout
from renderer.overlay import Environment
from renderer.pipeline.fleet import ARGOCD
from renderer.pipeline.setup import resource_path
from renderer.problem import that_exist


class Selection(NamedTuple):
    """Apps by environment. `whole` are the environments that are meant with all apps and what these share."""

    apps: Mapping[str, frozenset[str]] = {}
    whole: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """The apps, in any of the environments."""
        return sorted(frozenset().union(*self.apps.values()))

    @property
    def envs(self) -> list[str]:
        """The names of the environments, sorted."""
        return sorted(self.apps)

    def __or__(self, other: Selection) -> Selection:
        """Both."""
        none: frozenset[str] = frozenset()
        apps = {env: self.apps.get(env, none) | other.apps.get(env, none) for env in {*self.apps, *other.apps}}
        return Selection(apps, self.whole | other.whole)

    def folders(self, layout: Layout) -> list[str]:
        """The folders of the rendered files of these apps; of a whole environment, the output folder."""
        if self.whole:
            return [layout.output]
        return [layout.manifests(env, app) for env in self.envs for app in sorted(self.apps[env])]

    def envs_of(self, app: str) -> list[str]:
        """The environments in which this app is meant."""
        return [env for env in self.envs if app in self.apps[env]]


def asked(apps: Sequence[str], envs: Sequence[str], *, whole: bool) -> Selection:
    """Each of the apps in each of the environments."""
    names = frozenset(apps)
    return Selection(dict.fromkeys(envs, names), frozenset(envs) if whole else frozenset())


def touched(
    layout: Layout, environments: Mapping[str, Environment], apps: Iterable[str], paths: Iterable[str]
) -> tuple[Selection, list[str]]:
    """The apps and environments of the files, and the paths that belong to none.

    An app spec: the app in every environment. A partial app: the app in that environment and in those that extend it.
    An overlay, other files in its folder, or in its `resources`: all apps of those environments. The project file, a
    template, a file of a deleted app or environment: everything. A rendered file: its app and environment.
    """
    known = frozenset(apps)
    found: dict[str, set[str]] = {}
    whole: set[str] = set()
    unknown: list[str] = []
    for path in paths:
        hits = list(_hits(layout, environments, known, path))
        for env, app in hits:
            found.setdefault(env, set()).update(known if app is None else {app})
            whole |= {env} if app is None else set()
        if not hits:
            unknown.append(path)
    return Selection({env: frozenset(names) for env, names in found.items()}, frozenset(whole)), unknown


def _hits(
    layout: Layout, environments: Mapping[str, Environment], apps: frozenset[str], path: str
) -> Iterator[tuple[str, str | None]]:
    """The environments and the app (None: all apps) that one path is about."""
    folder, _, name = path.rpartition("/")
    app = name.removesuffix(".yaml")
    if path == PROJECT_FILE or below(path, layout.templates):
        yield from ((env, None) for env in environments)
    elif folder == layout.apps and name.endswith(".yaml"):
        yield from ((env, app if app in apps else None) for env in environments)
    elif below(path, layout.overlays):
        overlay, _, within = path.removeprefix(f"{layout.overlays}/").partition("/")
        is_partial, is_shared = path == layout.partial(overlay, app), within and not below(within, "apps")
        for each in environments.values():
            is_of_it = overlay in each.names
            if is_of_it and is_partial:
                yield each.name, (app if app in apps else None)
            elif (is_of_it and is_shared) or _takes_along(each, path):
                yield each.name, None
    elif below(path, layout.output):
        yield from _rendered(layout, environments, apps, path)
    else:
        yield from ((each.name, None) for each in environments.values() if _takes_along(each, path))


def _takes_along(environment: Environment, path: str) -> bool:
    """Whether it is among the `resources` of the environment."""
    return any(resource_path(entry) == path for entry in environment.resources)


def _rendered(
    layout: Layout, environments: Mapping[str, Environment], apps: frozenset[str], path: str
) -> Iterator[tuple[str, str | None]]:
    first, *rest = path.removeprefix(f"{layout.output}/").split("/")
    env = rest[0].partition(".")[0] if first == ARGOCD and rest else first
    if env not in environments:
        yield from ((each, None) for each in environments)
    else:
        yield env, (rest[0] if first == env and len(rest) > 1 and rest[0] in apps else None)


def below(path: str, folder: str) -> bool:
    """Whether a path is inside a folder."""
    return path.startswith(f"{folder}/")


def chosen(wanted: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    """The given names, or all; an unknown one is a usage failure that says what was probably meant."""
    there = frozenset(known)
    for name in wanted:
        if name not in there:
            from difflib import get_close_matches  # imported here: only a wrong name needs it

            near = get_close_matches(name, known, 1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; {that_exist(known)}"
            raise Failure(f"there is no {what} `{name}`{hint if len(known) <= 20 or near else ''}", 2)
    return sorted(set(wanted)) if wanted else sorted(known)


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """`i/n`, counted from 1 (`2/4`): the second of four shards; None for no sharding."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise Failure(f"--shard needs I/N with I from 1 to N, such as 2/4, not {text}", 2)
    return number, count


def in_shard(apps: Sequence[str], shard: tuple[int, int] | None) -> list[str]:
    """Every n-th of the apps in the order of their names: the same on each machine, and every app in one shard."""
    return list(apps) if shard is None else list(apps)[shard[0] - 1 :: shard[1]]
