"""`rollspec status --live`: what runs in the clusters, compared with what Git says."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from renderer.console import out, say
from renderer.live.model import Live, SourceState
from renderer.report.live import live_text
from renderer.usecases.live_reading import LiveReader, open_reader
from renderer.usecases.project import Refused
from renderer.usecases.shown import show_stopping
from renderer.usecases.status import StatusOptions, selected

_PATIENCE = 30.0  # seconds for the first reading
_CLEAR = "\033[H\033[J"
_EVERY = 5.0  # seconds after which ages are shown again, without a change


def show_live(options: StatusOptions, *, watch: bool) -> int:
    """Print what runs where, once or at every change; exit code 1 if a cluster or Prometheus could not be read."""
    try:
        opened, environments, apps = selected(options)
    except Refused as refused:
        return int(show_stopping(refused.problems, options.form))
    chosen = apps if options.apps else ()
    with_past = apps if options.form == "json" else ()  # a text does not show it
    with open_reader(opened, environments, looked_at=with_past) as reader:
        live = _first(reader)
        if watch:
            _follow(reader, live, options.form, chosen)
        else:
            out(live_text(live, options.form, chosen), end="")
    sources = [source for each in live.environments.values() for source in (each.cluster, each.prometheus)]
    return int(any(source.state in (SourceState.LOST, SourceState.STARTING) for source in sources))


def _first(reader: LiveReader) -> Live:
    """The first reading of all sources, or what is known when they take too long."""
    end = time.monotonic() + _PATIENCE
    live = reader.current()
    while time.monotonic() < end and any(
        source.state is SourceState.STARTING
        for each in live.environments.values()
        for source in (each.cluster, each.prometheus)
    ):
        if sys.stderr.isatty():
            say("\rreading the clusters ...", end="")
        live = reader.wait(live.number, 0.5)
    if sys.stderr.isatty():
        say("\r\033[K", end="")
    return live


def _follow(reader: LiveReader, live: Live, form: str, apps: Sequence[str]) -> None:
    """Print at every change until Ctrl-C; on a terminal in the same lines, and as JSON one document a line."""
    on_terminal = sys.stdout.isatty() and form == "text"
    try:
        while True:
            out((_CLEAR if on_terminal else "") + live_text(live, form, apps, on_one_line=True), end="")
            sys.stdout.flush()
            live = reader.wait(live.number, _EVERY)
    except KeyboardInterrupt:
        return
