"""A server in place of a Git host's API, and the project whose pull request it is asked about."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.cases import run
from tests.support.repository import init, save

Answer = Callable[[BaseHTTPRequestHandler, Any], Any]  # the request and the data of its body -> the data to answer


@contextmanager
def served(answer: Answer, is_refused: Callable[[str], bool]) -> Iterator[str]:
    """The address of a server; a refusal of a path is 403."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            found = answer(self, body)
            self.send_response(403 if is_refused(self.path) else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815  (the names that http.server looks for)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def released(folder: Path) -> Path:
    """A project whose last commit releases at 20 %, as a pull request would be merged."""
    init(folder)
    new = ("--image", "ghcr.io/acme/checkout", "--tag", "1.4.2", "--port", "80:8080")
    assert run(folder, "init", "--env", "production").code == 0
    assert run(folder, "new", "checkout", *new, "--strategy", "Canary", "--router", "istio").code == 0
    assert run(folder, "render").code == 0
    save(folder, "start")
    assert run(folder, "release", "checkout", "1.5.0", "--weight", "20", "--commit").code == 0
    return folder
