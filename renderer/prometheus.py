"""Asks a Prometheus, and changes nothing there: the only module that speaks HTTP."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from renderer.failure import Failure

_LONGEST = 64 * 2**20  # bytes of an answer
_PATIENCE = 60  # seconds
MOST_POINTS = 11_000  # of one series, by Prometheus' own limit


def query_range(address: str, query: str, start: float, end: float, step: float) -> dict[int, list[float]]:
    """The query's answers by the number of the step; a step without an answer is not in it.

    Raises Failure where Prometheus cannot be asked, or refuses the query.
    """
    form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
    data = _asked(f"{address.rstrip('/')}/api/v1/query_range", form)
    found: dict[int, list[float]] = {}
    for series in data.get("result", ()):
        for time, value in series.get("values", ()):
            found.setdefault(round((float(time) - start) / step), []).append(float(value))
    return {number: values for number, values in sorted(found.items()) if not all(map(math.isnan, values))}


Labels = tuple[tuple[str, str], ...]  # of a series, in the order of their names


def query_now(address: str, query: str) -> dict[Labels, float]:
    """The query's answers now, by the labels of the series; what is not a number is not in it. Raises Failure."""
    data = _asked(f"{address.rstrip('/')}/api/v1/query", {"query": query})
    answers = {_labels(series): float(series.get("value", (0, "nan"))[1]) for series in data.get("result", ())}
    return {labels: value for labels, value in answers.items() if math.isfinite(value)}


def query_series(address: str, query: str, start: float, end: float, step: float) -> dict[Labels, dict[int, float]]:
    """The query's answers by the labels of the series and the number of the step. Raises Failure."""
    form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
    data = _asked(f"{address.rstrip('/')}/api/v1/query_range", form)
    return {
        _labels(series): {
            round((float(time) - start) / step): float(value)
            for time, value in series.get("values", ())
            if math.isfinite(float(value))
        }
        for series in data.get("result", ())
    }


def _labels(series: Mapping[str, Any]) -> Labels:
    return tuple(sorted((str(name), str(value)) for name, value in series.get("metric", {}).items()))


def _asked(url: str, form: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise Failure(f"{url}: the address of a Prometheus begins with http:// or https://", 2)
    body = urllib.parse.urlencode(form).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=_PATIENCE) as answer:  # noqa: S310 - the scheme is checked
            text = answer.read(_LONGEST)
        data = json.loads(text)["data"]
    except urllib.error.HTTPError as error:
        raise Failure(f"{url}: {error.code} {error.read(500).decode(errors='replace')}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{url}: {error}") from error
    return data if isinstance(data, dict) else {}
