"""The objects of one namespace as they change, by the app that they belong to."""

from __future__ import annotations

from collections.abc import Iterable

from renderer.live.objects import AppObjects, Object, app_of, trimmed


class Store:
    """Holds what was read, with a number for each app that grows with every change of its objects."""

    def __init__(self) -> None:
        self._apps: dict[str, dict[str, dict[str, Object]]] = {}
        self._app_of: dict[tuple[str, str], str] = {}  # kind and name -> app
        self._numbers: dict[str, int] = {}

    def replace(self, kind: str, objects: Iterable[Object]) -> None:
        """All objects of a kind, read again: those that are not there any more are removed."""
        found = {str(data["metadata"]["name"]): data for data in objects}
        for known, name in [key for key in self._app_of if key[0] == kind]:
            if name not in found:
                self.remove(known, name)
        for data in found.values():
            self.put(kind, data)

    def put(self, kind: str, data: Object) -> None:
        """A new object, or an object that changed."""
        kept = trimmed(kind, data)
        name, app = str(kept["metadata"]["name"]), app_of(kind, kept)
        if self._app_of.get((kind, name), app) != app:
            self.remove(kind, name)
        kinds = self._apps.setdefault(app, {}).setdefault(kind, {})
        if kinds.get(name) != kept:
            kinds[name] = kept
            self._numbers[app] = self.number(app) + 1
        self._app_of[kind, name] = app

    def remove(self, kind: str, name: str) -> None:
        """An object that is gone."""
        app = self._app_of.pop((kind, name), None)
        if app is not None:
            self._apps[app][kind].pop(name, None)
            self._numbers[app] = self.number(app) + 1

    def objects(self, app: str) -> AppObjects:
        """The objects of an app, by kind and name."""
        return self._apps.get(app, {})

    def all(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        return [data for kinds in self._apps.values() for data in kinds.get(kind, {}).values()]

    def number(self, app: str) -> int:
        """How often the app's objects have changed."""
        return self._numbers.get(app, 0)
