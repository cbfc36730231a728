"""Files that look like an overlay, a partial app or a template, and are in a folder where nothing reads them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from renderer.layout import DATA_FILES, TEMPLATE, Layout, holds
from renderer.lazy import regex
from renderer.problem import Problem

_API = regex(rb"^apiVersion:[ \t]*[\"']?(rollspec/)?", re.MULTILINE)  # with a group: a file of ours
_BESIDE = 2  # parts of the path of a file next to an overlay, in the folder of overlays
_PARTIAL = 3  # and of a partial app


def misplaced(
    layout: Layout,
    shared: Mapping[str, bytes],
    partials: Iterable[str],
    apps: Collection[str],
    taken: Collection[str | None],
) -> list[Problem]:
    """A problem for each, so that a mistyped name does not go unnoticed.

    `shared` are the texts of all files in the folders of overlays and templates without the `partials`; `taken` are
    those that an overlay names in `resources`. A file that says that it is an object of Kubernetes is not meant.
    """
    found = []
    for file, text in shared.items():
        if holds(layout.templates, file):
            if file.endswith((*DATA_FILES, ".j2")) and not file.endswith(TEMPLATE):
                message = f"not read: a template must be named {layout.templates}/<name>{TEMPLATE}"
                found.append(Problem(file, 0, 0, "template-file", message))
        elif file not in taken and _is_meant(file.removeprefix(f"{layout.overlays}/").split("/"), text, apps):
            message = f"not read: rename it to {layout.overlay('<environment>')}"
            message += f", or to {layout.partial('<environment>', '<app>')} if it is a partial app"
            found.append(Problem(file, 0, 0, "overlay-file", message))
    return found + _without_overlay(layout, shared, partials)


def _is_meant(parts: list[str], text: bytes, apps: Collection[str]) -> bool:
    """Whether a file in the folder of overlays is probably meant to be an overlay or a partial app, but is not."""
    stem, dot, ending = parts[-1].rpartition(".")
    if dot + ending not in DATA_FILES or (len(parts) == _BESIDE and parts[1] == "overlay.yaml"):
        return False
    api = _API.search(text)
    if api:
        return bool(api[1])
    is_beside, is_below = len(parts) <= _BESIDE, len(parts) > _PARTIAL and parts[1] == "apps"
    return stem == "overlay" or (is_beside and stem in apps) or is_below


def _without_overlay(layout: Layout, shared: Mapping[str, bytes], partials: Iterable[str]) -> list[Problem]:
    """The first partial app of each folder that has no overlay."""
    first: dict[str, str] = {}
    for file in partials:
        if file.endswith(DATA_FILES):
            first.setdefault(layout.overlay(file.split("/")[-3]), file)
    return [
        Problem(file, 0, 0, "overlay-file", f"not read: there is no {overlay}; add it, or move the file")
        for overlay, file in first.items()
        if overlay not in shared
    ]
