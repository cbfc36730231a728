"""What a run is about: which apps in which environments, and the folder that stands for the project's output."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from typing import NamedTuple

from renderer.tree import listing
from renderer.usecases.project import Opened
from renderer.usecases.selection import Selection, asked, chosen, in_shard, parse_shard


class Job(NamedTuple):
    """What to render into the folder `target`, which may be one of the user's own (`is_elsewhere`)."""

    selection: Selection
    stable_only: bool = False
    target: str = ""
    shard: tuple[int, int] | None = None  # these are the apps of one shard; other runs render the others
    is_elsewhere: bool = False
    is_written: bool = True  # else nobody needs the text of the manifests

    @property
    def apps(self) -> list[str]:
        """The apps of the selection."""
        return self.selection.names

    @property
    def is_whole(self) -> bool:
        """Whether it is about all apps of its environments."""
        return self.selection.whole == frozenset(self.selection.envs)

    @property
    def shared(self) -> frozenset[str]:
        """The environments whose shared files are rendered too: of the shards the first does that."""
        first = self.shard is not None and self.shard[0] == 1
        return self.selection.whole | (frozenset(self.selection.envs) if first else frozenset())

    def existing(self, prefix: str) -> frozenset[str]:
        """The files in the target, by path below `prefix`.

        Elsewhere, only those of these apps: others may write there.
        """
        if not os.path.isdir(self.target):
            return frozenset()
        folders = [f"{env}/{app}" for env in self.selection.envs for app in sorted(self.selection.apps[env])]
        folders = [""] if self.shared and not self.is_elsewhere else folders
        return frozenset(f"{prefix}/{file}" for folder in folders for file in listing(self.target, folder))


def select(opened: Opened, apps: Sequence[str], envs: Sequence[str], shard: str | None = None) -> Selection:
    """What the options ask for."""
    part = parse_shard(shard)
    chosen_apps = in_shard(chosen(apps, opened.apps, "app"), part)
    chosen_envs = chosen(envs, list(opened.setup.environments), "environment")
    return asked(chosen_apps, chosen_envs, whole=not apps and part is None)
