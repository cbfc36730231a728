"""A real Prometheus for a scenario; and one that always answers the same: 100 under `/good`, 10 under `/bad`."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .lock import program

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


def metrics_port(port: int) -> int:
    """Where the load generator serves the counters that the Prometheus at `port` scrapes."""
    return port + 400


def command(folder: Path, port: int, scrape: str) -> list[str]:
    """The command line of a Prometheus that scrapes a scenario's load generator; writes its configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.json"
    targets = [{"targets": [f"127.0.0.1:{metrics_port(port)}"]}]
    job = {"job_name": "istio", "static_configs": targets}
    config.write_text(json.dumps({"global": {"scrape_interval": scrape}, "scrape_configs": [job]}))
    return [
        str(program("prometheus", "prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
