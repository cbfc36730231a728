"""The stream of changes to one open page: new versions of the files, and the parts of the clusters that changed."""

from __future__ import annotations

import json

from renderer.board.live import LivePart, live_parts, source_line
from renderer.board.page import alarm_text, live_texts
from renderer.live.model import AppKey, Live
from renderer.web.source import News


class Follower:
    """What an open page has been sent. `own` is the one app that it shows; None for the page of all apps."""

    def __init__(self, own: AppKey | None = None) -> None:
        self.own = own
        self._parts: dict[AppKey, LivePart] = {}
        self._sources: dict[str, str] = {}
        self._alarms = ""

    def news(self, live: Live) -> dict[str, dict[str, str]]:
        """The HTML of each app that has changed, and the state of each environment's sources that has.

        On the page of all apps, the alarms have one place, which `all` names.
        """
        parts = dict(live_parts(live, self.own))
        changed = [(key, part) for key, part in parts.items() if self._parts.get(key) != part]
        gone = {f"{env} {app}": "" for env, app in self._parts.keys() - parts.keys()}
        self._parts = parts
        sources = {env: _sources(live, env) for env in live.environments}
        told = {env: text for env, text in sources.items() if self._sources.get(env, "") != text}
        self._sources = sources
        alarms = "" if self.own else alarm_text(parts.values())
        rung = {"all": alarms} if alarms != self._alarms else {}
        self._alarms = alarms
        found = {"alarms": rung, "apps": gone | live_texts(changed, whole=self.own is not None), "sources": told}
        return {name: texts for name, texts in found.items() if texts}


def events_text(follower: Follower, change: News) -> str:
    """The events of a change, as lines of the stream; empty if the page shows it already."""
    events = [("files", change.version)] if change.version else []
    news = follower.news(change.live) if change.live else {}
    events += [("live", json.dumps(news))] if news else []
    return "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events)


def _sources(live: Live, env: str) -> str:
    found = live.environments[env]
    lines = (source_line(found.cluster, "The cluster", live.now), source_line(found.prometheus, "Prometheus", live.now))
    return ". ".join(filter(None, lines))
