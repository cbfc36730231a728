"""`rollspec fmt`: formats specs; comments and data stay the same."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self

from renderer.console import out, say
from renderer.edit import EditError, FieldOrder, Order, formatted_as_read
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.lazy import regex
from renderer.pipeline.setup import read_project
from renderer.problem import Problem, printable
from renderer.progress import progress
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas
from renderer.tree import listing, read, write_all
from renderer.usecases.known_files import known_files
from renderer.usecases.project import find_root
from renderer.usecases.shown import Shown
from renderer.workers import Tick, Work, processes, reports
from renderer.yamlio import Data, load

_KINDS = ("App", "Overlay", "Project")
_SAYS_SO = regex(rb"^apiVersion: *['\"]?rollspec/", re.MULTILINE)  # in a file that cannot be read
_ANY = ("additionalProperties", "items")


def format_specs(directory: str, paths: Sequence[str], *, check: bool, cached: bool = False) -> int:
    """Format, or check, the specs that `paths` name from `directory` (none: all of its project); the exit code.

    `cached`: a file that an earlier such run found formatted, and that looks as it did then, is not read.
    """
    wanted = _wanted(directory, paths) if paths else {find_root(directory): [""]}
    shown = Shown("text", is_strict=False, start=directory if paths else None)
    return max(_format(root, below, shown, check=check, cached=cached) for root, below in wanted.items())


def _format(root: str, below: Sequence[str], shown: Shown, *, check: bool, cached: bool) -> int:
    """The exit code for one project's files, and specs in folders, by their paths from the root ("" is the root)."""
    texts, problems = read(root, [PROJECT_FILE])
    project, found = read_project(texts.get(PROJECT_FILE, b""), Schemas(Versions(), read_schema))
    if project is None:
        return int(shown.problems(problems or found, root))
    layout = project.layout
    all_specs = specs(root, layout)
    named = {path for path in below if not os.path.isdir(os.path.join(root, path))}
    files = named.union(spec for spec in all_specs for path in below if not path or holds(path, spec))
    known = known_files(root, layout, "formatted", all_specs) if cached else None
    texts, problems = read(root, known.others(files) if known else files)
    work = _Formatting(layout, frozenset(all_specs))
    with progress("formatting", len(texts)) as watch:
        done = {each.file: each for found in reports([*texts.items()], work, processes(), watch) for each in found}
    for file in texts:
        if not done[file].is_spec:
            say(f"rollspec: {printable(shown.path(file, root))}: not an App, Overlay or Project; not changed")
    problems += [problem for file in texts for problem in done[file].problems]
    changed = {file: new for file in texts if (new := done[file].new) is not None}
    wrong = shown.problems(problems, root)
    if known:
        known.keep({file: True for file, each in done.items() if each == _Formatted(file)})
    if not check:
        write_all(root, changed, mark=None)
    for file in changed:
        (say if check else out)(f"{'would format' if check else 'formatted'} {printable(shown.path(file, root))}")
    return int(wrong or (check and bool(changed)))


class _Formatted(NamedTuple):
    """What became of a file: its new text, None where it stays as it is; or what is wrong with it."""

    file: str
    new: bytes | None = None
    problems: tuple[Problem, ...] = ()
    is_spec: bool = True


@dataclass(frozen=True, slots=True)
class _Formatting(Work[tuple[str, bytes], list[_Formatted]]):
    """Formats files, each given with its text. `specs` are the paths of specs."""

    seconds: ClassVar[float] = 0.0002

    layout: Layout
    specs: frozenset[str]

    def __call__(self, items: Sequence[tuple[str, bytes]], tick: Tick) -> list[_Formatted]:
        found = []
        for file, text in items:
            found.append(_formatted(file, text, self.layout, is_spec=file in self.specs))
            tick()
        return found

    def part(self, items: Sequence[tuple[str, bytes]]) -> Self:
        return replace(self, specs=self.specs.intersection(file for file, _ in items))


def _formatted(file: str, text: bytes, layout: Layout, *, is_spec: bool) -> _Formatted:
    """`is_spec`: its path is that of a spec; another file counts as one by what it says."""
    data, faults = load(text, file)
    kind = _kind(data)
    if kind is None and not is_spec and not (faults and _SAYS_SO.search(text)):
        return _Formatted(file, is_spec=False)
    if faults:
        return _Formatted(file, problems=tuple(faults))
    try:
        new = formatted_as_read(text.decode(), data, _order(kind or _meant(file, layout))).encode()
    except EditError as error:
        return _Formatted(file, problems=(Problem(file, 0, 0, "fmt", str(error)),))
    return _Formatted(file, new if new != text else None)


def _wanted(directory: str, paths: Sequence[str]) -> dict[str, list[str]]:
    """The paths, given relative to `directory`, by their project and relative to its root."""
    from renderer.usecases.touched import projects  # git: a run over the whole project does not need it

    wanted: dict[str, list[str]] = {}
    for path in paths:
        if os.path.normpath(path) == os.curdir:
            wanted.setdefault(find_root(directory), []).append("")
            continue
        full = os.path.join(directory, path)
        is_folder = os.path.isdir(full)
        found = projects([os.path.join(full, PROJECT_FILE) if is_folder else full])
        if not found:
            raise Failure(f"{printable(path)} is not in a project: no {PROJECT_FILE} is in its folder or above it", 2)
        if not os.path.lexists(full):
            raise Failure(f"there is no file {printable(path)}", 2)
        for root, (file,) in found.items():
            wanted.setdefault(root, []).append(file.rpartition("/")[0] if is_folder else file)
    return wanted


@cache
def field_order(kind: str) -> Order:
    """The fields of each mapping of a kind in the order of its schema, by JSON pointer with `*` for any one part."""
    schema = json.loads(read_schema(f"rollspec/{kind.lower()}.json") or b"{}")
    return dict(_orders(schema, schema, ""))


@cache
def _order(kind: str) -> FieldOrder:
    """The same as one value for all files of the kind."""
    return FieldOrder(field_order(kind))


def _orders(schema: dict[str, Any], node: dict[str, Any], pointer: str) -> Iterator[tuple[str, Sequence[str]]]:
    node = _resolved(schema, node)
    properties = node.get("properties")
    if properties and pointer.count("/") < 8:
        yield pointer, list(properties)
        for name, below in properties.items():
            yield from _orders(schema, below, f"{pointer}/{name}")
    for key in _ANY:
        if isinstance(node.get(key), dict):
            yield from _orders(schema, node[key], f"{pointer}/*")


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node with our own definitions resolved; fields of Kubernetes keep the order in which they were written."""
    reference = node.get("$ref") or next((each.get("$ref") for each in node.get("allOf", ())), None)
    if isinstance(reference, str) and reference.startswith("#/definitions/"):
        found: dict[str, Any] = schema["definitions"][reference.rpartition("/")[2]]
        return found
    return node


def _kind(data: Data) -> str | None:
    """The kind of a spec; None for another file, such as a manifest or Helm values."""
    if not isinstance(data, dict) or not str(data.get("apiVersion")).startswith("rollspec/"):
        return None
    return next((kind for kind in _KINDS if kind == data.get("kind")), None)


def _meant(file: str, layout: Layout) -> str:
    """The kind that a spec at this path must have."""
    return "Overlay" if file.endswith("/overlay.yaml") and file.startswith(layout.overlays) else "App"


def specs(root: str, layout: Layout) -> list[str]:
    """The paths of all specs of the project, the project file first."""
    apps = [file for file in listing(root, layout.apps) if file.endswith(".yaml")]
    overlays = [
        file
        for file in listing(root, layout.overlays)
        if file.endswith("/overlay.yaml") or (file.endswith(".yaml") and file.split("/")[-2] == "apps")
    ]
    return [PROJECT_FILE, *apps, *overlays]
