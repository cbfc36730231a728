"""A random word in every place of a project where a secret may be: no command prints it, in no format, in no error.

Only the manifests themselves have it (`render --stdout` and the files).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.past import Repository

APP = """\
  image: ghcr.io/acme/web
  tag: 1.4.2
  replicas: 4
  ports:
    - {{name: http, port: 80, targetPort: 8080}}
  strategy: {{type: Canary, router: istio}}
  env:
    DB_PASSWORD: {env}
    DATABASE_URL: postgres://shop:{url}@db/shop
  args: ["--api-token={arg}", "--client-secret", {flag}]
  podMetadata: {{annotations: {{example.com/webhook-token: {annotation}}}}}
  files:
    /etc/app/key.pem: |
      -----BEGIN PRIVATE KEY-----
      {file}
      -----END PRIVATE KEY-----
  extraResources: [../extra/db.yaml]
  patches:
    - target: {{kind: Secret, name: db}}
      patch:
        - {{op: add, path: /stringData/more, value: {operation}}}
    - patch:
        apiVersion: v1
        kind: Secret
        metadata: {{name: db}}
        stringData: {{merged: {strategic}}}
"""
MANIFEST = "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{a: {text}}}\ndata: {{b: {data}}}\n"
COMMANDS = [
    *("plan --base HEAD~1", "plan --base HEAD~1 --format markdown", "plan --base HEAD~1 --format json"),
    *("plan --base HEAD", "plan --base HEAD --format json", "plan --base HEAD --format markdown"),
    *("validate", "validate --format json", "validate --format github", "validate --strict --base HEAD~1"),
    *("render --check", "status", "status --format json", "history web", "history web --format json"),
    *("weight web 30 --dry-run", "promote web --dry-run", "abort web --dry-run", "restart web --dry-run"),
    *("release web 3.0.0 --weight 10 --dry-run", "undo web --dry-run", "fmt --check"),
]
FAILING = ["validate", "validate --format json", "plan --base HEAD", "abort web --dry-run", "render --check"]
NAMES = ("env", "url", "arg", "flag", "annotation", "file", "operation", "strategic")


class Canaries:
    """A project whose secrets are words of their own; `words` has all that were ever written."""

    def __init__(self, folder: Path) -> None:
        self.words: list[str] = []
        self.repository = Repository(folder)
        self.write()
        self.repository.partial("  canary: {tag: 2.0.0, weight: 20}\n")
        self.commit()
        self.write()
        self.commit()

    def word(self) -> str:
        """A word that nothing else has, and that no rule refuses as base64 or as a value."""
        self.words.append(f"kanari{secrets.token_hex(6)}")
        return self.words[-1]

    def encoded(self) -> str:
        """One more, as `data` of a Secret has it."""
        self.words.append(base64.b64encode(self.word().encode()).decode())
        return self.words[-1]

    def secret(self, name: str) -> str:
        """A Secret."""
        return MANIFEST.format(name=name, text=self.word(), data=self.encoded())

    def write(self) -> None:
        """The files, each with new words."""
        self.repository.app("web", APP.format(**{name: self.word() for name in NAMES}))
        self.repository.write("extra/db.yaml", self.secret("db"))
        self.repository.write("overlays/production/shared.yaml", self.secret("shared"))
        self.repository.overlay("production", "  resources: [shared.yaml]\n")
        self.repository.write("templates/made.yaml.j2", self.secret("made"))

    def commit(self) -> None:
        """What is written, with what it renders."""
        done = self.repository.run("render")
        assert done.code == 0, done.err
        self.repository.commit("change")

    def seen(self, command: str) -> list[str]:
        """The words that a command prints."""
        done = self.repository.run(*command.split())
        return [word for word in self.words if word in done.out + done.err]


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    return Canaries(tmp_path_factory.mktemp("canaries") / "repository")


def test_the_manifests_have_the_words(canaries: Canaries) -> None:
    assert len(canaries.seen("render --stdout")) > 12


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_one(canaries: Canaries, command: str) -> None:
    assert canaries.seen(command) == []


def test_no_command_prints_one_of_a_change_that_is_not_committed(canaries: Canaries) -> None:
    canaries.write()
    assert {command: words for command in COMMANDS if (words := canaries.seen(command))} == {}


def _edit(path: str, old: str, new: str) -> Callable[[Canaries], None]:
    def edit(canaries: Canaries) -> None:
        file = canaries.repository.folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new.replace("@@", canaries.word())))

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        _edit("extra/db.yaml", "stringData: {a", "stringData: {@@: [1], a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {&@@ x: b, a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {x: *@@, a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {x: !@@ y, a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {x: {@@: y}, a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {x: '@@, a"),
        _edit("extra/db.yaml", "stringData: {a", "stringData: {x: @@ @@: y: z, a"),
        _edit("extra/db.yaml", "stringData:", "stringData: @@ #"),
        _edit("extra/db.yaml", "data: {b: ", "data: {x: [@@], b: "),
        _edit("extra/db.yaml", "data: {b: ", "data: {x: '@@ not base64!', b: "),
        _edit("extra/db.yaml", "kind: Secret", "kind: Secret\nimmutable: @@"),
        _edit("extra/db.yaml", "kind: Secret", "kind: Secret\n@@: 1"),
        _edit("extra/db.yaml", "kind: Secret", "kind: Secret\n @@: 1"),
        _edit("overlays/production/shared.yaml", "stringData: {a", "stringData: {x: !@@ y, a"),
        _edit("overlays/production/shared.yaml", "stringData: {a", "stringData: {x: [@@], a"),
        _edit("templates/made.yaml.j2", "stringData: {a", "stringData: {x: [@@], a"),
        _edit("templates/made.yaml.j2", "stringData: {a", "stringData: {x: !@@ y, a"),
        _edit("templates/made.yaml.j2", "stringData: {a", "stringData: {x: {{ @@ }}, a"),
        _edit("apps/web.yaml", "path: /stringData/more, value: ", "path: /stringData/more, value: [@@], x: "),
        _edit(
            "apps/web.yaml",
            "op: add, path: /stringData/more, value",
            "op: test, path: /stringData/more, value: @@, x",
        ),
        _edit("apps/web.yaml", "stringData: {merged", "stringData: {x: [@@], merged"),
        _edit("apps/web.yaml", "stringData: {merged", "stringData: {x: !@@ y, merged"),
        _edit("apps/web.yaml", "DB_PASSWORD: ", "DB_PASSWORD: [@@]\n    X: "),
        _edit("apps/web.yaml", "DB_PASSWORD: ", "DB_PASSWORD: !@@ x\n    X: "),
    ],
)
def test_no_error_quotes_one(tmp_path: Path, edit: Callable[[Canaries], None]) -> None:
    canaries = Canaries(tmp_path / "repository")
    edit(canaries)
    assert {command: words for command in FAILING if (words := canaries.seen(command))} == {}
