"""What Git says that should run: the workloads of each app as rendered from the last commit."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from renderer.git import GitError, resolve
from renderer.live.objects import Object
from renderer.manifest import WORKLOADS
from renderer.pipeline import is_in
from renderer.pipeline.assembly import assemble
from renderer.pipeline.evaluation import evaluate, read_app
from renderer.usecases.project import Opened, Refused
from renderer.usecases.revision import View, of_revision, of_tree


@dataclass(frozen=True, slots=True)
class Expected:
    """One app in one environment: its namespace and its rendered workloads, by kind."""

    namespace: str
    workloads: Mapping[str, Object]


class InGit:
    """Evaluates the specs of the last commit, and again only what a new commit changed."""

    def __init__(self, opened: Opened, envs: Sequence[str]) -> None:
        self._opened, self._envs = opened, tuple(envs)
        self._lock = threading.Lock()
        self._commit: str | None = None
        self._read: dict[str, tuple[object, dict[str, Expected]]] = {}  # by app: what it came from, and by environment
        self._shared: object = None
        self.refresh(first=True)

    def refresh(self, *, first: bool = False) -> bool:
        """Read the last commit if it is a new one; whether it is. Without Git, the working tree is read once."""
        with self._lock:
            commit = self._head()
            if not first and commit == self._commit:
                return False
            try:
                view = of_revision(self._opened.root, commit) if commit else None
            except (GitError, Refused):
                view = None
            if view is None and not first:
                return False
            self._commit = commit
            self._evaluate(view or of_tree(self._opened))
            return True

    def expected(self, env: str) -> dict[str, Expected]:
        """The apps of an environment."""
        return {app: by_env[env] for app, (_, by_env) in self._read.items() if env in by_env}

    def namespaces(self, env: str) -> frozenset[str]:
        """The namespaces of an environment's apps."""
        return frozenset(each.namespace for each in self.expected(env).values())

    def _head(self) -> str | None:
        try:
            return resolve(self._opened.root, "HEAD")
        except GitError:
            return None

    def _evaluate(self, view: View) -> None:
        texts, _ = view.texts(sorted(view.apps))
        shared = dict(view.setup.texts)
        known = self._read if shared == self._shared else {}
        made = {}
        for app, own in texts.items():
            old = known.get(app)
            made[app] = old if old and old[0] == own else (own, self._app(view, app, own))
        self._read, self._shared = made, shared

    def _app(self, view: View, app: str, texts: Mapping[str, bytes]) -> dict[str, Expected]:
        found: dict[str, Expected] = {}
        document, _ = read_app(app, texts, view.setup)
        if document is None:
            return {}
        for env in self._envs:
            environment = view.setup.environments.get(env)
            if environment is None or not is_in(environment, app):
                continue
            evaluated, _ = evaluate(document, environment, texts, view.setup)
            if evaluated is None:
                continue
            whole = assemble(evaluated, evaluated.app, environment, texts, view.setup)
            workloads = {
                each.kind: each.data for each in whole.manifests if each.kind in WORKLOADS and each.name == app
            }
            found[env] = Expected(evaluated.app.namespace, workloads)
        return found
