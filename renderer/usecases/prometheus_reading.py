"""What one environment's Prometheus says of its versions, asked again and again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from renderer.failure import Failure
from renderer.live.model import Source, SourceState
from renderer.live.queries import Query
from renderer.live.statistics import LENGTH, STEP, Statistics, now, with_series
from renderer.problem import printable
from renderer.prometheus import query_now, query_series

_SERIES = 30.0  # seconds between two questions for the last 30 minutes


@dataclass(slots=True)
class SourceReading:
    """A source as it changes; `good` in Unix seconds."""

    state: SourceState = SourceState.STARTING
    reason: str = ""
    good: float | None = None

    def value(self) -> Source:
        """The source now."""
        good = None if self.good is None else datetime.fromtimestamp(self.good, UTC)
        return Source(self.state, self.reason, good)


class PrometheusReading:
    """The numbers of all apps now, and the last 30 minutes of those apps that somebody is shown.

    The numbers are one question a query for all apps. The last 30 minutes cost Prometheus 60 times as much for each
    app, so nothing asks for them where nobody looks.
    """

    def __init__(self, address: str, namespaces: Collection[str], queries: Sequence[Query]) -> None:
        self.source = SourceReading()
        self.statistics: Statistics = {}
        self._address, self._namespaces, self._queries = address, frozenset(namespaces), queries
        self._series: Mapping[str, Any] = {}
        self._of: frozenset[str] = frozenset()  # the apps that the series are about
        self._end = 0.0

    def ask(self, time: float, shown: frozenset[str]) -> None:
        """Ask at this time, with the last 30 minutes of the apps `shown`; a failure becomes the source's state."""
        try:
            numbers = now({each.name: query_now(self._address, each.of(self._namespaces)) for each in self._queries})
            if not shown:
                self._series, self._of = {}, shown
            elif shown - self._of or time - self._end >= _SERIES:
                self._series, self._of, self._end = self._past(time, shown), shown, time
            self.statistics = with_series(numbers, self._series, datetime.fromtimestamp(self._end, UTC))
            self.source = SourceReading(SourceState.READ, "", time)
        except Failure as failure:
            self.source = SourceReading(SourceState.LOST, str(failure), self.source.good)
        except Exception:  # of an answer that nobody thought of: the next question may have a better one
            reason = f"{printable(self._address)}: what it answers cannot be read"
            self.source = SourceReading(SourceState.LOST, reason, self.source.good)

    def _past(self, end: float, shown: frozenset[str]) -> Mapping[str, Any]:
        texts = {each.name: each.of(self._namespaces, apps=shown) for each in self._queries}
        return {name: query_series(self._address, text, end - LENGTH, end, STEP) for name, text in texts.items()}
