"""What is asked of a Prometheus, which may be any address that a project names, and what of its answer is shown."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from renderer import prometheus
from renderer.failure import Failure
from renderer.live.model import SourceState
from renderer.live.queries import QUERIES
from renderer.prometheus import query_now, query_range, query_series
from renderer.usecases import prometheus_reading
from renderer.usecases.prometheus_reading import PrometheusReading

NOTHING = '{"data": {"result": []}}'


def _request(stream: BinaryIO) -> str:
    """Read a whole request, since a connection that is closed with a rest is reset; its first line."""
    first = stream.readline().decode().strip()
    length = 0
    for line in iter(stream.readline, b"\r\n"):
        if not line:
            break
        name, _, value = line.decode().partition(":")
        length = int(value) if name.lower() == "content-length" else length
    stream.read(length)
    return first


@contextmanager
def server(answer: Callable[[socket.socket], object]) -> Iterator[tuple[str, list[str]]]:
    """An address whose connections are answered so, and the first line of each request."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as stream:
                    first = _request(stream)
                    if not first:  # `stop`
                        return
                    heard.append(first)
                    try:
                        answer(connection)
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = listening.getsockname()
        try:
            yield f"http://127.0.0.1:{address[1]}", heard
        finally:
            if thread.is_alive():
                socket.create_connection(address).close()
            thread.join(10)


def says(status: str, body: str, *headers: str) -> Callable[[socket.socket], object]:
    lines = [f"HTTP/1.0 {status}", *headers, "", body]
    return lambda connection: connection.sendall("\r\n".join(lines).encode())


def of_result(*values: tuple[object, object]) -> str:
    return json.dumps({"data": {"result": [{"metric": {"version": "v1"}, "values": values}]}})


@pytest.mark.parametrize("end", ["/-/quit?x=", "/-/quit#", "/?", "/#"])
def test_an_address_that_asks_for_something_else_is_not_asked(end: str) -> None:
    with server(says("200 OK", NOTHING)) as (address, heard):
        with pytest.raises(Failure, match=r"`\?`, `#`") as raised:
            query_now(f"{address}{end}", "up")
        assert (raised.value.code, heard) == (2, [])


def test_an_address_with_a_password_is_not_shown() -> None:
    with pytest.raises(Failure) as raised:
        query_now("http://user:hunter2@prometheus:9090", "up")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with server(says("200 OK", NOTHING)) as (other, heard_there):
        with server(says(f"{status} Moved", "", f"Location: {other}/-/quit")) as (address, heard):
            with pytest.raises(Failure, match=f"{status}: a redirect"):
                query_now(address, "up")
            assert heard == ["POST /api/v1/query HTTP/1.1"]
        assert heard_there == []


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (
            "400 s3cret",
            '{"status": "error", "errorType": "bad_data", "error": "bad \\u001b[31m"}',
            r"400: bad \x1b[31m",
        ),
        ("422 s3cret", json.dumps({"status": "error", "error": "a" * 5000}), "422: " + "a" * 500),
        ("500 s3cret", "s3cret", "500"),
        ("403 s3cret", '{"message": "s3cret"}', "403"),
        ("403 s3cret", '{"error": "s3cret"}', "403"),
        ("403 s3cret", '{"status": "error", "error": {"a": "s3cret"}}', "403"),
        ("404 s3cret", '["s3cret"]', "404"),
        ("404 s3cret", "[" * 60_000, "404"),
        ("200 OK", "s3cret", "this is not an answer of a Prometheus"),
    ],
)
def test_of_an_error_only_the_status_and_the_words_of_prometheus_are_shown(status: str, body: str, shown: str) -> None:
    with server(says(status, body)) as (address, _):
        with pytest.raises(Failure) as raised:
            query_now(address, "up")
        assert str(raised.value) == f"{address}/api/v1/query: {shown}"


@pytest.mark.parametrize(
    "banner", ["SSH-2.0-s3cret\r\n", "HTTP/1.0 s3cret\r\n\r\n", "HTTP/1.0 999999 s3cret\r\n\r\n", ""]
)
def test_what_another_service_says_is_not_shown(banner: str) -> None:
    with server(lambda connection: connection.sendall(banner.encode())) as (address, _):
        with pytest.raises(Failure) as raised:
            query_now(address, "up")
        assert "s3cret" not in str(raised.value)


ADDRESSES = [
    "http://[",
    "http://[x]:1",
    "http://" + "a" * 70,
    "http://127.0.0.1:99999",
    "http://x:y",
    "http://127.0.0.1/\xe9",
]


@pytest.mark.parametrize("address", [*ADDRESSES, "http://", "http://\x00", "http://a b"])
def test_an_address_that_is_none_is_a_failure_and_no_fault_of_ours(address: str) -> None:
    with pytest.raises(Failure, match="http"):
        query_now(address, "up")
    reading = PrometheusReading(address, ["shop"], QUERIES)
    reading.ask(1000.0, frozenset())
    assert (reading.source.state, bool(reading.source.reason)) == (SourceState.LOST, True)


@pytest.mark.parametrize("time", [float("inf"), float("-inf"), float("nan"), 1e308, -1e308, 10_000.0])
def test_a_sample_of_another_time_is_left_out(time: float) -> None:
    with server(says("200 OK", of_result((time, "1"), (60, "2")))) as (address, _):
        assert query_range(address, "up", 0, 120, 0.5) == {120: [2.0]}
        assert query_series(address, "up", 0, 120, 0.5) == {(("version", "v1"),): {120: 2.0}}


def test_a_number_without_end_is_no_answer() -> None:
    with (
        server(says("200 OK", '{"data": {"result": [{"metric": {}, "value": [1' + "0" * 400 + ', "1"]}]}}')) as (
            address,
            _,
        ),
        pytest.raises(Failure, match="this is not an answer of a Prometheus"),
    ):
        query_now(address, "up")


@pytest.mark.parametrize("start", ["", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 500 No\r\n\r\n"])
def test_an_answer_that_comes_a_byte_at_a_time_has_an_end(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "_PATIENCE", 0.3)

    def drip(connection: socket.socket) -> None:
        connection.sendall(start.encode())
        for _ in range(60):
            time.sleep(0.05)
            connection.sendall(b"x")

    began = time.monotonic()
    with server(drip) as (address, _):
        with pytest.raises(Failure, match="no whole answer in"):
            query_now(address, "up")
        assert time.monotonic() - began < 2


def test_whatever_an_answer_does_the_source_is_lost_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("s3cret")

    reading = PrometheusReading("http://127.0.0.1:1", ["shop"], QUERIES)
    monkeypatch.setattr(prometheus_reading, "query_now", broken)
    reading.ask(1000.0, frozenset())
    assert reading.source.state is SourceState.LOST
    assert "cannot be read" in reading.source.reason
    assert "s3cret" not in reading.source.reason
