"""A Prometheus that always answers the same, for analysis runs: 100 under `/good`, 10 under `/bad`."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = ("127.0.0.1", 9099)


class Handler(BaseHTTPRequestHandler):
    """Answers every query with one sample."""

    def do_POST(self) -> None:
        """The query that Argo Rollouts sends."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        """One sample."""
        value = "100" if self.path.startswith("/good") else "10"
        result = [{"metric": {}, "value": [0, value]}]
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def start() -> None:
    """Serve until the process ends."""
    threading.Thread(target=ThreadingHTTPServer(ADDRESS, Handler).serve_forever, daemon=True).start()
