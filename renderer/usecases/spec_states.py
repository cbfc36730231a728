"""The specs of the working tree as far as a release state needs them; those that an earlier run read are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from renderer.history import Files, Parsed, State, States, Unreadable, parse, trimmed
from renderer.layout import Layout
from renderer.problem import errors
from renderer.progress import Progress, no_progress
from renderer.tree import reader
from renderer.usecases.known_files import KnownFiles, known_files
from renderer.usecases.project import AppTexts, Opened
from renderer.workers import SMALL, Tick, Work, processes, reports

_NAME = "states"  # of what is kept


class SpecStates:
    """The release states of the working tree; `files` are its trimmed specs, partial apps and overlays by path."""

    def __init__(self, files: Files, layout: Layout, unread: Mapping[str, str]) -> None:
        """`unread` says why an app's files could not be read."""
        self.files = files
        self._unread = unread
        self._states = States(files, layout)

    def of(self, env: str, app: str) -> State | Unreadable | None:
        """The state of an app in an environment; None if the environment does not have the app."""
        return Unreadable(self._unread[app]) if app in self._unread else self._states.of(env, app)


class _Read(NamedTuple):
    """The files of one app. `is_whole`: they name no further files, whose absence would be a problem."""

    app: str
    files: Files
    problem: str
    is_whole: bool


def spec_states(opened: Opened, apps: Sequence[str], shown: Progress = no_progress) -> SpecStates:
    """What decides the release states of these apps; several processes share those that are read."""
    known = _known(opened) if len(apps) >= SMALL else None
    files: dict[str, Parsed] = dict(overlay_states(opened))
    files |= known.found if known else {}
    wanted = [app for app in apps if opened.layout.app(app) not in files or _has_other(opened, app, files)]
    with shown("reading apps", len(wanted)) as watch:
        read = [each for report in reports(wanted, _Reading(opened), processes(), watch) for each in report]
    for each in read:
        files |= each.files
    if known:
        known.keep(_lasting(read))
    return SpecStates(files, opened.layout, {each.app: each.problem for each in read if each.problem})


@dataclass(frozen=True, slots=True)
class _Reading(Work[str, list[_Read]]):
    """Reads the files of apps."""

    seconds: ClassVar[float] = 0.00015

    opened: Opened

    def __call__(self, items: Sequence[str], tick: Tick) -> list[_Read]:
        found: list[_Read] = []
        with reader(self.opened.root) as read_some:
            for app in items:
                found.append(_read(app, self.opened.texts(app, read_some)))
                tick()
        return found


def overlay_states(opened: Opened) -> Files:
    """The trimmed overlays by path."""
    chains = (each.chain for each in opened.setup.environments.values())
    return {document.file: trimmed(document.data) for chain in chains for document in chain}


def _known(opened: Opened) -> KnownFiles | None:
    """What is known of the app specs and partial apps. Always of all of them: what is not asked for is forgotten."""
    specs = [*map(opened.layout.app, opened.apps), *sorted(opened.partials)]
    return known_files(opened.root, opened.layout, _NAME, specs)


def _has_other(opened: Opened, app: str, files: Files) -> bool:
    """Whether the app has a partial app that is not among these files."""
    partials = (opened.layout.partial(env, app) for env in opened.setup.overlays)
    return any(file in opened.partials and file not in files for file in partials)


def _read(app: str, texts: AppTexts) -> _Read:
    found, problems = texts
    files = {file: trimmed(parse(text, file)) for file, text in found.items()}
    wrong = errors(problems)
    return _Read(app, files, str(problems[0]) if wrong else "", not problems and not _names_files(found))


def _names_files(texts: Mapping[str, bytes]) -> bool:
    return any(b"extraResources" in text for text in texts.values())


def _lasting(read: Sequence[_Read]) -> dict[str, Any]:
    """The specs that may be kept: JSON gives back the same data."""
    specs = {file: data for each in read if each.is_whole for file, data in each.files.items()}
    return {
        file: data
        for file, data in specs.items()
        if not isinstance(data, Unreadable) and json.loads(json.dumps(data)) == data
    }
