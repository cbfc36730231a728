"""Finds the commit that made an app's release state what it is now, by going back from the present."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.history.releases import Commit
from renderer.history.state import Files, Parsed, Standing, State, Unreadable, state_at
from renderer.layout import Layout

AppKey = tuple[str, str]  # environment, app


class Search:
    """Takes commits newest first; `found` has the answers, `open` the apps that have none yet."""

    def __init__(self, layout: Layout, files: Files, wanted: Mapping[AppKey, Standing]) -> None:
        """`files` are those of the present: the specs and partial apps of the wanted apps, and every overlay."""
        self.found: dict[AppKey, Commit] = {}
        self.open = dict(wanted)
        self._mended: dict[
            AppKey, Commit
        ] = {}  # of apps that could not be read before: the commit that made them readable
        self._layout = layout
        self._files: dict[str, Parsed] = dict(files)
        self._apps = {layout.app(app): app for _, app in wanted}
        self._partials = {f"apps/{app}.yaml": app for _, app in wanted}

    def wants(self, path: str) -> bool:
        """Whether the file may be part of one of the states."""
        return self._about(path) is not None

    def back(self, commit: Commit, before: Mapping[str, Parsed | None]) -> None:
        """Go back one commit; `before` has the wanted files that it touched as they were before it (None: absent).

        A commit before which the files could not be read is skipped.
        """
        for path, data in before.items():
            if data is None:
                self._files.pop(path, None)
            else:
                self._files[path] = data
        abouts = {self._about(path) for path in before}
        for env, app in [row for row in self.open if "" in abouts or row[1] in abouts]:
            self._judge((env, app), commit, state_at(self._files, self._layout, env, app))

    def _judge(self, row: AppKey, commit: Commit, before: State | Unreadable | None) -> None:
        if isinstance(before, Unreadable):
            self._mended.setdefault(row, commit)
        elif _standing(before) == self.open[row]:
            self._mended.pop(row, None)
        else:
            self.found[row] = self._mended.pop(row, commit)
            del self.open[row]

    def _about(self, path: str) -> str | None:
        """The app that the file belongs to, "" for all of them, None for none that is wanted."""
        if path in self._apps:
            return self._apps[path]
        overlay, _, rest = path.removeprefix(f"{self._layout.overlays}/").partition("/")
        if not path.startswith(f"{self._layout.overlays}/") or not overlay:
            return None
        return "" if rest == "overlay.yaml" else self._partials.get(rest)


def _standing(state: State | None) -> Standing | None:
    return None if state is None else state.standing
