"""Going back from the present, the commit that brought an app's release state as it stands now."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.history.releases import Commit
from renderer.history.state import Files, Parsed, Standing, State, Unreadable, state_at
from renderer.layout import Layout

Row = tuple[str, str]  # environment, app


class Search:
    """Takes commits newest first; `found` fills with the answers, `open` has the rows that are still without one."""

    def __init__(self, layout: Layout, files: Files, wanted: Mapping[Row, Standing]) -> None:
        """`files` are the present ones: the specs and partials of the wanted apps, and every overlay."""
        self.found: dict[Row, Commit] = {}
        self.open = dict(wanted)
        self._mended: dict[Row, Commit] = {}  # of rows that could not be read, the commit that made them readable
        self._layout = layout
        self._files: dict[str, Parsed] = dict(files)
        self._apps = {layout.app(app): app for _, app in wanted}
        self._partials = {f"apps/{app}.yaml": app for _, app in wanted}

    def wants(self, path: str) -> bool:
        """Whether the file may have a part in one of the states."""
        return self._about(path) is not None

    def back(self, commit: Commit, before: Mapping[str, Parsed | None]) -> None:
        """One commit further; `before` is what the wanted files that it touched were before it (None: not there).

        Files that could not be read say nothing: the search goes on.
        """
        for path, data in before.items():
            if data is None:
                self._files.pop(path, None)
            else:
                self._files[path] = data
        abouts = {self._about(path) for path in before}
        for env, app in [row for row in self.open if "" in abouts or row[1] in abouts]:
            self._judge((env, app), commit, state_at(self._files, self._layout, env, app))

    def _judge(self, row: Row, commit: Commit, before: State | Unreadable | None) -> None:
        if isinstance(before, Unreadable):
            self._mended.setdefault(row, commit)
        elif _standing(before) == self.open[row]:
            self._mended.pop(row, None)
        else:
            self.found[row] = self._mended.pop(row, commit)
            del self.open[row]

    def _about(self, path: str) -> str | None:
        """The app that the file is about, "" for all of them, None for none that is wanted."""
        if path in self._apps:
            return self._apps[path]
        overlay, _, rest = path.removeprefix(f"{self._layout.overlays}/").partition("/")
        if not path.startswith(f"{self._layout.overlays}/") or not overlay:
            return None
        return "" if rest == "overlay.yaml" else self._partials.get(rest)


def _standing(state: State | None) -> Standing | None:
    return None if state is None else state.standing
