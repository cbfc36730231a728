"""`rollspec new APP`: an app spec from flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from renderer.console import out, say
from renderer.failure import Failure
from renderer.pipeline import build_app
from renderer.problem import printable
from renderer.scaffold import app_text
from renderer.spec import NAME, strategy_of
from renderer.tree import write_all
from renderer.usecases.editor import SchemaSource, missing_schemas, with_line
from renderer.usecases.project import Refused, open_project
from renderer.usecases.shown import show_problems


@dataclass(frozen=True, slots=True)
class NewApp:
    """The app that is asked for on the command line."""

    app: str
    image: str
    tag: str
    ports: tuple[str, ...] = ()
    strategy: str = "RollingUpdate"
    router: str | None = None
    editor: str | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.app):
            raise Failure(
                "an app's name must be at most 53 lower-case letters, digits or `-`, and begin with a letter", 2
            )
        strategy = strategy_of(self.strategy_block)
        if (strategy.type == "BlueGreen" or strategy.is_routed) and not self.ports:
            raise Failure(f"{strategy} needs a port: --port http=80:8080", 2)

    @property
    def strategy_block(self) -> dict[str, Any]:
        """The field `strategy` of its spec; empty where the default is enough."""
        found: dict[str, Any] = {} if self.strategy == "RollingUpdate" else {"type": self.strategy}
        return {**found, "router": self.router} if self.router else found


def new_app(directory: str, wanted: NewApp) -> int:
    """Write the spec of a new app; the exit code."""
    try:
        opened = open_project(directory)
    except Refused as refused:
        return int(show_problems(refused.problems, "text"))
    if wanted.app in opened.apps:
        raise Failure(f"there is an app `{wanted.app}` already: {opened.layout.app(wanted.app)}", 2)
    file = opened.layout.app(wanted.app)
    schemas: dict[str, bytes] = {}
    text = app_text(wanted.app, wanted.image, wanted.tag, [_port(port) for port in wanted.ports], wanted.strategy_block)
    if wanted.editor is not None:
        source = SchemaSource(wanted.editor)
        text = with_line(source, file, text, opened.layout)
        schemas = missing_schemas(opened.root, source, opened.layout)
    rendered = build_app(wanted.app, {file: text.encode()}, opened.setup, list(opened.setup.environments))
    if show_problems([problem for each in rendered for problem in each.problems], "text"):
        say(f"rollspec: {file} was not created")
        return 2
    write_all(opened.root, {**schemas, file: text.encode()}, mark=None)
    for path in schemas:
        out(f"created {printable(path)}")
    out(f"created {file}; check it with `rollspec validate`")
    return 0


def _port(text: str) -> dict[str, Any]:
    name, _, numbers = text.rpartition("=")
    port, _, target = numbers.partition(":")
    if not port.isdecimal() or (target and not target.isdecimal()):
        raise Failure(f"--port needs NAME=PORT or NAME=PORT:TARGET, such as http=80:8080, not {text}", 2)
    entry: dict[str, Any] = {"name": name or "http", "port": int(port)}
    if target:
        entry["targetPort"] = int(target)
    return entry
