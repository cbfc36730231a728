"""A small project in a Git repository whose commits have fixed authors and dates."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.support.cases import Outcome, run
from tests.support.repository import environment, git, init

HEAD = "apiVersion: rollspec/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n"
PROJECT = "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n"
WEB = """\
  image: ghcr.io/acme/web
  tag: 1.4.2
  replicas: 4
  ports:
    - {name: http, port: 80, targetPort: 8080}
  env: {LOG: info}
  strategy: {type: Canary, router: istio}
  readinessProbe: {tcpSocket: {port: http}}
"""


_BY_CLOCK = re.compile(r'"(now|age|unchanged)": .*')  # lines of JSON


def without_clock(said: str) -> str:
    """The JSON of `status` or `history` without what the clock says."""
    return _BY_CLOCK.sub("", said)


class Repository:
    """`clock` counts the hours since 2026-01-01T00:00:00Z at which the next commit is made.

    The project is in a folder `inside` the repository, by default in its top folder.
    """

    def __init__(self, folder: Path, *, start: dict[str, str] | None = None, inside: str = "") -> None:
        self.folder = init(folder) / inside
        self.clock = 0
        self.write("rollspec.yaml", PROJECT)
        self.overlay("production")
        self.app("web", WEB)
        for path, text in (start or {}).items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        """One file."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def app(self, name: str, spec: str) -> None:
        """An app spec."""
        self.write(f"apps/{name}.yaml", HEAD.format(kind="App", name=name) + spec)

    def overlay(self, env: str, spec: str = "") -> None:
        """An environment."""
        self.write(
            f"overlays/{env}/overlay.yaml", HEAD.format(kind="Overlay", name=env) + f"  namespace: {env}\n{spec}"
        )

    def partial(self, spec: str, env: str = "production", app: str = "web") -> None:
        """The partial app of an environment; empty text removes it."""
        path = f"overlays/{env}/apps/{app}.yaml"
        if spec:
            self.write(path, HEAD.format(kind="App", name=app) + spec)
        else:
            (self.folder / path).unlink()

    def git(self, *arguments: str, author: str = "A Team") -> str:
        """Git with a date of its own: the clock's hour."""
        date = f"{1_767_225_600 + self.clock * 3600} +0530"
        who = {"NAME": author, "EMAIL": f"{author.lower()}@example.com", "DATE": date}
        variables = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        return git(self.folder, *arguments, env=environment(**variables))

    def commit(self, message: str = "edit", *, author: str = "A Team", hours: int = 1) -> str:
        """Commit everything, then let time pass; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", message, author=author)
        self.clock += hours
        return self.git("rev-parse", "HEAD").strip()

    def rendered(self, message: str = "begin") -> str:
        """Render, and commit everything; the commit's id."""
        done = self.run("render")
        assert done.code == 0, done.err
        return self.commit(message)

    def verb(self, *words: str, author: str = "A Team", hours: int = 1, env: str = "production") -> None:
        """A verb of the program, and its commit with the message that it gives."""
        done = self.run(*words, "--env", env)
        assert done.code == 0, done.err
        trailers = f"Rollspec-App: {words[1]}\nRollspec-Env: {env}\nRollspec-Verb: {words[0]}"
        self.commit(f"deploy({env}): {' '.join(words)}\n\n{trailers}", author=author, hours=hours)

    def run(self, *arguments: str) -> Outcome:
        """The program."""
        return run(self.folder, *arguments)

    def text(self, *arguments: str) -> str:
        """What the program says; its refusal is an error of the test."""
        done = self.run(*arguments)
        assert done.code == 0, done.err
        return done.out

    def data(self, *arguments: str) -> Any:
        """The same as data."""
        return json.loads(self.text(*arguments, "--format", "json"))
