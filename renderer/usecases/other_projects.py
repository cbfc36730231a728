"""Applications of other projects in the same repository that have the names of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from renderer.argocd import application_name
from renderer.git import read_blobs
from renderer.git.index import tracked_like
from renderer.layout import HEADER
from renderer.pipeline import is_in
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.pipeline.fleet import ARGOCD, argocd_manifests
from renderer.pipeline.setup import Setup
from renderer.usecases.project import Opened
from renderer.yamlio.manifests import load_all

_OF_APP = "{{.app}}"
_Name = tuple[str, str, str]  # kind, namespace, name


class SameName(NamedTuple):
    """An object of Argo CD that we and another project in the repository render."""

    env: str
    kind: str
    name: str
    file: str

    @property
    def message(self) -> str:
        """What is wrong, and what to do."""
        return (
            f"the project that renders {self.file} in this repository also has an {self.kind} {self.name}: on one Argo "
            "CD, each would overwrite the other; give one of the two projects an `argocd.namePrefix`"
        )


def same_names(opened: Opened, inside: str) -> Iterator[SameName]:
    """The names that another project also uses, the first of each environment; `inside` is our folder in Git.

    Raises GitError.
    """
    own = f"{inside}/{opened.layout.output}/".removeprefix("/")
    found = tracked_like(opened.root, f"**/{ARGOCD}/*.yaml")
    others = {path: oid for path, oid in found.items() if not path.startswith(own)}
    if not others:
        return
    texts = read_blobs(opened.root, set(others.values()))
    taken = {name: path for path, oid in sorted(others.items()) for name in _rendered_names(texts[oid], path)}
    for env in sorted(opened.setup.environments) if taken else ():
        for name in _own_names(opened.setup, env, opened.apps):
            if name in taken:
                yield SameName(env, name[0], name[2], taken[name])
                break


def _rendered_names(text: bytes, path: str) -> Iterator[_Name]:
    """The names in a file that rollspec has rendered: of its object, and of the Applications that it makes."""
    documents, problems = load_all(text, path) if text.startswith(HEADER.encode()) else ((), ())
    for document in () if problems else documents:
        try:
            yield from _names(document)
        except (AttributeError, KeyError, TypeError):  # edited by hand
            continue


def _names(document: Any) -> Iterator[_Name]:
    kind, metadata = document["kind"], document["metadata"]
    yield kind, metadata["namespace"], metadata["name"]
    if kind == "ApplicationSet":
        template = document["spec"]["template"]["metadata"]["name"]
        for generator in document["spec"]["generators"]:
            for element in generator["list"]["elements"]:
                yield "Application", metadata["namespace"], template.replace(_OF_APP, element["app"])


def _own_names(setup: Setup, env: str, apps: Iterable[str]) -> Iterator[_Name]:
    for manifest in argocd_manifests(setup, env):
        yield manifest.kind, manifest.namespace, manifest.name
    argocd = setup.project.argocd
    if argocd and argocd.kind == "ApplicationSet":
        for app in (*sorted(app for app in apps if is_in(setup.environments[env], app)), RESOURCES):
            yield "Application", argocd.namespace, application_name(argocd, env, app)
