"""Runs the board's web application; the only module that knows the server's library."""

from __future__ import annotations

from collections.abc import Callable
from socket import socket
from types import FrameType
from typing import Protocol

from uvicorn import Config, Server

from renderer.web.app import application
from renderer.web.guard import LOGIN
from renderer.web.sessions import Sessions
from renderer.web.source import Source

_PATIENCE = 3  # seconds for answers that are being sent when the server ends


class Closing(Source, Protocol):
    """A source whose streams end when it is closing."""

    is_closing: bool


def run_server(source: Closing, listener: socket, port: int, tell: Callable[[str], None]) -> int:
    """Serve until Ctrl-C; the exit code. `tell` prints the address."""

    def address(token: str) -> str:
        return f"http://127.0.0.1:{port}{LOGIN}?token={token}"

    sessions = Sessions(on_open=lambda token: tell(f"For another browser: {address(token)}"))
    config = Config(
        application(source, sessions, port),
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        ws="none",
        loop="asyncio",
        http="h11",
        timeout_graceful_shutdown=_PATIENCE,
    )
    tell(f"The board is at {address(sessions.token)}\nThe address works once. Ctrl-C ends the server.")
    server = _Ending(config, source)
    server.run(sockets=[listener])
    return 128 + server.ended_by if server.ended_by else 0


class _Ending(Server):
    """A server that ends its streams first: they would otherwise keep it waiting."""

    def __init__(self, config: Config, source: Closing) -> None:
        super().__init__(config)
        self.source = source
        self.ended_by = 0  # the signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C, or the end of the terminal; a second one does not wait for answers that are being sent."""
        self.source.is_closing = True
        self.force_exit = self.should_exit
        self.should_exit = True
        self.ended_by = sig
