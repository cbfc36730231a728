"""Asks a Prometheus over HTTP, and changes nothing there."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from renderer.failure import Failure
from renderer.problem import printable

_LONGEST = 64 * 2**20  # bytes of an answer
_LONGEST_ERROR = 2**16  # bytes of an answer with another status than 200
_LONGEST_REASON = 500  # characters
_PATIENCE = 60  # seconds for a whole answer
_NO_ANSWER = "this is not an answer of a Prometheus"
_NOT_IN_ADDRESS = frozenset("?#@")
MOST_POINTS = 11_000  # of one series, by Prometheus' own limit
# Without a handler of redirects or of errors: each status is an answer.
_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.UnknownHandler,
)


Labels = tuple[tuple[str, str], ...]  # of a series, in the order of their names


def query_range(address: str, query: str, start: float, end: float, step: float) -> dict[int, list[float]]:
    """The query's answers by the number of the step; a step without an answer is not in it.

    Raises Failure where Prometheus cannot be asked, or refuses the query.
    """
    found: dict[int, list[float]] = {}
    for _, answers in _in_range(address, query, start, end, step):
        for moment, value in answers:
            found.setdefault(round((moment - start) / step), []).append(value)
    return {number: values for number, values in sorted(found.items()) if not all(map(math.isnan, values))}


def query_now(address: str, query: str) -> dict[Labels, float]:
    """The query's answers now, by the labels of the series; what is not a number is not in it. Raises Failure."""
    found = _asked(address, "query", {"query": query})
    return {labels: value for labels, answers in found for _, value in answers if math.isfinite(value)}


def query_series(address: str, query: str, start: float, end: float, step: float) -> dict[Labels, dict[int, float]]:
    """The query's answers by the labels of the series and the number of the step. Raises Failure."""
    return {
        labels: {round((moment - start) / step): value for moment, value in answers if math.isfinite(value)}
        for labels, answers in _in_range(address, query, start, end, step)
    }


_Series = tuple[Labels, list[tuple[float, float]]]  # its times and values


def _in_range(address: str, query: str, start: float, end: float, step: float) -> list[_Series]:
    form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
    return [
        (labels, [(moment, value) for moment, value in answers if start - step < moment < end + step])
        for labels, answers in _asked(address, "query_range", form)
    ]


def _asked(address: str, path: str, form: dict[str, str]) -> list[_Series]:
    """What Prometheus says. The address may be a stranger's, and what is there another service: none of its words."""
    if not address.lower().startswith(("http://", "https://")):
        raise Failure(f"{printable(address)}: the address of a Prometheus begins with http:// or https://", 2)
    if not _NOT_IN_ADDRESS.isdisjoint(address):
        raise Failure("the address of a Prometheus (http://...) has no `?`, `#` or `@`: remove it", 2)
    url = f"{address.rstrip('/')}/api/v1/{path}"
    status, text = _in_time(url, urllib.parse.urlencode(form).encode())
    if status // 100 != 2:
        raise _failure(url, _refusal(status, text))
    try:
        return [_series(each) for each in json.loads(text)["data"]["result"]]
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _failure(url, _NO_ANSWER) from error


def _in_time(url: str, body: bytes) -> tuple[int, bytes]:
    """The status and the text of the answer. Failure where there is none, or where it is not there in time.

    The time is that of the whole answer, with the name of the host looked up. So a thread asks, and nobody waits for
    it when the time is over: a timeout of a socket begins again with each byte.
    """
    answer: Future[tuple[int, bytes]] = Future()

    def ask() -> None:
        try:
            answer.set_result(_post(url, body))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="question to Prometheus", daemon=True).start()
    try:
        return answer.result(_PATIENCE)
    except TimeoutError as error:
        raise _failure(url, f"no whole answer in {_PATIENCE} s") from error
    except OSError as error:
        raise _failure(url, str(error)) from error
    except (ValueError, OverflowError, http.client.InvalidURL) as error:
        raise _failure(url, "this is not an address that can be asked") from error
    except http.client.HTTPException as error:
        raise _failure(url, _NO_ANSWER) from error


def _post(url: str, body: bytes) -> tuple[int, bytes]:
    until = time.monotonic() + _PATIENCE
    opener = urllib.request.OpenerDirector()
    for each in _HANDLERS:
        opener.add_handler(each())
    with opener.open(url, body, timeout=_PATIENCE) as answer:
        left = _LONGEST if answer.status // 100 == 2 else _LONGEST_ERROR
        text = bytearray()
        while left > 0 and (piece := answer.read1(left)):
            if time.monotonic() > until:
                raise TimeoutError
            text += piece
            left -= len(piece)
        return answer.status, bytes(text)


def _refusal(status: int, text: bytes) -> str:
    """The status, and the error in Prometheus' own form."""
    if status // 100 == 3:
        return f"{status}: a redirect is not followed: write the address of Prometheus itself"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return str(status)
    error = data.get("error") if isinstance(data, dict) and data.get("status") == "error" else None
    return f"{status}: {error[:_LONGEST_REASON]}" if isinstance(error, str) else str(status)


def _failure(url: str, why: str) -> Failure:
    return Failure(f"{printable(url)}: {printable(why)}")


def _series(data: Mapping[str, Any]) -> _Series:
    labels = sorted((str(name), str(value)) for name, value in data["metric"].items())
    answers = data["values"] if "values" in data else [data["value"]]
    return tuple(labels), [(float(moment), float(value)) for moment, value in answers]
