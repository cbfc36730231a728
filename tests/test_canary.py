"""A random word in every place of a project where a secret may be: no command prints it, in no format, in no error.

Only the manifests themselves have it (`render --stdout` and the files).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from renderer.cli import cli
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
VERB = "--env production --dry-run"
COMMANDS = [
    *("plan --base HEAD~1", "plan --base HEAD~1 --format markdown", "plan --base HEAD~1 --format json"),
    *("plan --base HEAD", "plan --base HEAD --format json", "plan --base HEAD --format markdown"),
    *("plan --into HEAD~1", "plan --into HEAD~1 --format markdown", "plan --base HEAD~1 --fail-on rules --verbose"),
    *("validate", "validate --format json", "validate --format github", "validate --strict --base HEAD~1"),
    *("validate --format sarif", "validate --format junit", "validate --verbose --strict", "validate --into HEAD~1"),
    *(
        "render --check",
        "render --check --verbose --format json",
        "render --check --format github",
        "render --check --cached",
    ),
    *(
        "render --check --format sarif",
        "render --check --format junit",
        "render --verbose",
        "publish --branch rendered",
    ),
    *("status", "status --format json", "status --format markdown", "status --behind", "status --commands"),
    *(
        "history web",
        "history web --format json",
        "board --single board.html --env production",
        "doctor",
        "fmt --check",
        "fmt",
    ),
    *(f"weight web 30 {VERB}", f"promote web {VERB}", f"abort web {VERB}", f"restart web {VERB}"),
    *(f"release web 3.0.0 --weight 10 --replace {VERB}", f"undo web {VERB}", f"pause web {VERB}", f"resume web {VERB}"),
    *(f"retry web {VERB}", f"switch web --to RollingUpdate {VERB}", f"release web --from-edits {VERB}"),
    *(
        "analysis check web --env production",
        "analysis test web data.yaml",
        "new other --image a/b --tag 1.0.0",
        "import extra --env staging --dry-run",
        "import extra --env staging --accept-secrets",
        "init --env eu",
    ),
    *("schema App", "completion bash", "merge-driver SPEC SPEC SPEC apps/web.yaml"),
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
        spec = str(self.repository.folder / "apps/web.yaml")
        done = self.repository.run(*command.replace("SPEC", spec).split())
        page = self.repository.folder / "board.html"
        shown = done.out + done.err + (page.read_text() if page.exists() else "")
        return [word for word in self.words if word in shown]


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    return Canaries(tmp_path_factory.mktemp("canaries") / "repository")


def test_the_manifests_have_the_words(canaries: Canaries) -> None:
    assert len(canaries.seen("render --stdout")) > 12


def test_every_command_and_format_is_tried() -> None:
    context = click.Context(cli)
    names = cli.list_commands(context)
    assert {command.split()[0] for command in COMMANDS} == set(names)
    for name in names:
        command = cli.get_command(context, name)
        assert command
        formats = [option.type for option in command.params if "--format" in option.opts]
        for choice in [choice for each in formats if isinstance(each, click.Choice) for choice in each.choices]:
            tried = [each for each in COMMANDS if each.startswith(name) and f"--format {choice}" in each]
            assert tried or choice == "text", f"{name} --format {choice}"  # text is the default


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_prints_one(canaries: Canaries, command: str) -> None:
    assert canaries.seen(command) == []


def test_no_verb_prints_one_of_an_app_without_a_canary(tmp_path: Path) -> None:
    canaries = Canaries(tmp_path / "repository")
    assert canaries.repository.run("abort", "web", "--env", "production").code == 0
    canaries.commit()
    for command in (
        f"release web 3.0.0 --weight 10 {VERB}",
        f"switch web --to RollingUpdate {VERB}",
        f"undo web {VERB}",
    ):
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
