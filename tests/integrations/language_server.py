"""The YAML language server over stdio: what an editor shows for a spec."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integrations.programs import npm


class Server:
    """One session; the server's own questions are answered with its settings."""

    def __init__(self, process: subprocess.Popen[bytes], settings: dict[str, Any]) -> None:
        self.process, self.settings, self.number = process, settings, 0
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}

    def send(self, message: dict[str, Any]) -> None:
        """One message of the protocol."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """The next message; a question of the server is answered."""
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            items = message.get("params", {}).get("items", [])
            self.send({"id": message["id"], "result": [self.settings.get(item.get("section")) for item in items]})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def ask(self, method: str, **params: Any) -> Any:
        """A question, and its answer."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method: str, **params: Any) -> None:
        """Something that has no answer."""
        self.send({"method": method, "params": params})

    def open(self, path: Path) -> list[dict[str, Any]]:
        """Open a file; the problems that the editor would underline."""
        uri = path.as_uri()
        self.diagnostics.pop(uri, None)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": path.read_text()}
        self.notify("textDocument/didOpen", textDocument=document)
        while uri not in self.diagnostics:
            self.read()
        return self.diagnostics[uri]

    def hover(self, path: Path, line: int, character: int) -> str:
        """What the editor says of the word there (both count from 0)."""
        found = self.ask("textDocument/hover", **_there(path, line, character))
        contents = (found or {}).get("contents", "")
        return str(contents["value"] if isinstance(contents, dict) else contents)

    def completion(self, path: Path, line: int, character: int) -> list[str]:
        """What may be typed there."""
        found = self.ask("textDocument/completion", **_there(path, line, character))
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found)]


def _there(path: Path, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}


@contextmanager
def language_server(folder: Path, schemas: dict[str, str]) -> Iterator[Server]:
    """A server for the folder; `schemas` are those of `.vscode/settings.json`, by their paths."""
    program = npm("yaml-language-server") / ".bin/yaml-language-server"
    settings = {"yaml": {"schemas": schemas, "validate": True, "hover": True, "completion": True}}
    settings["yaml"]["schemaStore"] = {"enable": False, "url": ""}  # nothing from the network
    pipe = subprocess.PIPE
    with subprocess.Popen([str(program), "--stdio"], cwd=folder, stdin=pipe, stdout=pipe) as process:
        server = Server(process, settings)
        try:
            uri = folder.as_uri()
            capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
            folders = [{"uri": uri, "name": "project"}]
            server.ask("initialize", processId=None, rootUri=uri, workspaceFolders=folders, capabilities=capabilities)
            server.notify("initialized")
            server.notify("workspace/didChangeConfiguration", settings=settings)
            yield server
        finally:
            process.kill()
