"""Finds the commits of the last changes of parts of apps' release states, going back from the present."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Literal

from renderer.history.releases import LiveCommit
from renderer.history.standing import Standing, State
from renderer.history.state import Files, Parsed, States, Unreadable
from renderer.layout import Layout

Aspect = Literal["standing", "stable", "flight", "paused"]
Key = tuple[str, str, Aspect]  # environment, app, and the part of its state
ASPECTS: dict[Aspect, Callable[[Standing], object]] = {
    "standing": lambda standing: standing,  # all of it: since its last change
    "stable": lambda standing: standing.stable,
    "flight": lambda standing: standing.flight and (standing.flight.role, standing.flight.name),  # since its start
    "paused": lambda standing: standing.paused,
}


class Search:
    """Takes commits newest first; `found` has the answers, `open` the keys that have none yet."""

    def __init__(self, layout: Layout, files: Files, wanted: Mapping[Key, Standing]) -> None:
        """`files` are those of the present: the specs and partial apps of the wanted apps, and every overlay."""
        self.found: dict[Key, LiveCommit] = {}
        self.order: dict[str, int] = {}  # how far back each found commit is, by id
        self.open = {key: ASPECTS[key[2]](standing) for key, standing in wanted.items()}
        self._mended: dict[Key, LiveCommit] = {}  # for apps that were unreadable: the commit that made them readable
        self._layout = layout
        self._files: dict[str, Parsed] = dict(files)
        self._apps = {layout.app(app): app for _, app, _ in wanted}
        self._partials = {f"apps/{app}.yaml": app for app in self._apps.values()}
        self._of_app: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for env, app, _ in wanted:
            self._of_app[app].add((env, app))

    def wants(self, path: str) -> bool:
        """Whether the file may be part of one of the states."""
        return self._about(path) is not None

    def back(self, commit: LiveCommit, before: Mapping[str, Parsed | None]) -> None:
        """Go back one commit; `before` has the content before it of the wanted files that it changed (None: absent).

        A commit before which the files could not be read is skipped.
        """
        for path, data in before.items():
            if data is None:
                self._files.pop(path, None)
            else:
                self._files[path] = data
        abouts = {self._about(path) for path in before}
        apps = self._of_app if "" in abouts else [app for app in abouts if app in self._of_app]
        self.order.setdefault(commit.sha, len(self.order))
        states = States(self._files, self._layout)
        for env, app in [row for each in apps for row in self._of_app[each]]:
            self._judge(env, app, commit, states)

    def _judge(self, env: str, app: str, commit: LiveCommit, states: States) -> None:
        keys = [key for aspect in ASPECTS if (key := (env, app, aspect)) in self.open]
        if not keys:
            self._of_app[app].discard((env, app))
            return
        before = states.of(env, app)
        for key in keys:
            if isinstance(before, Unreadable):
                self._mended.setdefault(key, commit)
            elif before is not None and _part(before, key[2]) == self.open[key]:
                self._mended.pop(key, None)
            else:
                self.found[key] = self._mended.pop(key, commit)
                del self.open[key]

    def _about(self, path: str) -> str | None:
        """The app that the file belongs to, "" for all of them, None for none that is wanted."""
        if path in self._apps:
            return self._apps[path]
        overlay, _, rest = path.removeprefix(f"{self._layout.overlays}/").partition("/")
        if not path.startswith(f"{self._layout.overlays}/") or not overlay:
            return None
        return "" if rest == "overlay.yaml" else self._partials.get(rest)


def _part(state: State, aspect: Aspect) -> object:
    return ASPECTS[aspect](state.standing)
