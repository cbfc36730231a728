"""The answers that the queries of an analysis would have given, as text or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from renderer.problem import printable
from renderer.report.as_json import as_json

FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True)
class Measured:
    """The verdicts on one metric, one every `step` seconds from `start` on."""

    env: str
    metric: str
    start: float
    step: int
    verdicts: tuple[str, ...]


def measured_text(found: Sequence[Measured], form: str) -> str:
    """All of them in one of FORMATS, with a final newline."""
    if form == "json":
        return as_json({"format": 1, "metrics": [_data(each) for each in found]})
    return "".join(f"{printable(line)}\n" for each in found for line in _lines(each))


def _data(each: Measured) -> dict[str, object]:
    counts = Counter(each.verdicts)
    spans = [{"verdict": verdict, "from": start, "to": end} for verdict, start, end in _spans(each)]
    return {"env": each.env, "metric": each.metric, "times": len(each.verdicts), "counts": counts, "others": spans}


def _lines(each: Measured) -> Iterator[str]:
    passed = each.verdicts.count("passed")
    yield f"{each.metric} in {each.env}: would have passed {passed} of {len(each.verdicts)} times"
    for verdict in sorted({*each.verdicts} - {"passed"}):
        times = [f"{start}-{end}" if start != end else start for other, start, end in _spans(each) if other == verdict]
        yield f"  {verdict} {each.verdicts.count(verdict)} times ({', '.join(times)})"


def _spans(each: Measured) -> Iterator[tuple[str, str, str]]:
    """Each run of measurements that did not pass: the verdict, and the times of the first and the last (UTC)."""
    for verdict, numbers in groupby(range(len(each.verdicts)), key=lambda number: each.verdicts[number]):
        some = [*numbers]
        if verdict != "passed":
            start, end = (_clock(each.start + number * each.step) for number in (some[0], some[-1]))
            yield verdict, start, end


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")
