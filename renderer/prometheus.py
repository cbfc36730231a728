"""Asks a Prometheus, and changes nothing there: the only module that speaks HTTP."""

from __future__ import annotations

import http.client
import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from renderer.failure import Failure
from renderer.problem import printable

_LONGEST = 64 * 2**20  # bytes of an answer
_PATIENCE = 60  # seconds
MOST_POINTS = 11_000  # of one series, by Prometheus' own limit


Labels = tuple[tuple[str, str], ...]  # of a series, in the order of their names


def query_range(address: str, query: str, start: float, end: float, step: float) -> dict[int, list[float]]:
    """The query's answers by the number of the step; a step without an answer is not in it.

    Raises Failure where Prometheus cannot be asked, or refuses the query.
    """
    found: dict[int, list[float]] = {}
    for _, answers in _in_range(address, query, start, end, step):
        for time, value in answers:
            found.setdefault(round((time - start) / step), []).append(value)
    return {number: values for number, values in sorted(found.items()) if not all(map(math.isnan, values))}


def query_now(address: str, query: str) -> dict[Labels, float]:
    """The query's answers now, by the labels of the series; what is not a number is not in it. Raises Failure."""
    found = _asked(f"{address.rstrip('/')}/api/v1/query", {"query": query})
    return {labels: value for labels, answers in found for _, value in answers if math.isfinite(value)}


def query_series(address: str, query: str, start: float, end: float, step: float) -> dict[Labels, dict[int, float]]:
    """The query's answers by the labels of the series and the number of the step. Raises Failure."""
    return {
        labels: {round((time - start) / step): value for time, value in answers if math.isfinite(value)}
        for labels, answers in _in_range(address, query, start, end, step)
    }


_Series = tuple[Labels, list[tuple[float, float]]]  # its times and values


def _in_range(address: str, query: str, start: float, end: float, step: float) -> list[_Series]:
    form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
    return _asked(f"{address.rstrip('/')}/api/v1/query_range", form)


def _asked(url: str, form: dict[str, str]) -> list[_Series]:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise Failure(f"{url}: the address of a Prometheus begins with http:// or https://", 2)
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=_PATIENCE) as answer:  # noqa: S310 - the scheme is checked
            text = answer.read(_LONGEST)
    except urllib.error.HTTPError as error:
        why = f"{error.code} {error.read(500).decode(errors='replace')}"
        raise Failure(f"{printable(url)}: {printable(why)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"{printable(url)}: {printable(str(error))}") from error
    try:
        return [_series(each) for each in json.loads(text)["data"]["result"]]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(f"{printable(url)}: this is not an answer of a Prometheus") from error


def _series(data: Mapping[str, Any]) -> _Series:
    labels = sorted((str(name), str(value)) for name, value in data["metric"].items())
    answers = data["values"] if "values" in data else [data["value"]]
    return tuple(labels), [(float(time), float(value)) for time, value in answers]
