"""How an editor finds the schema of a spec: a line at the top of the file, and schemas in a folder or at an address."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass

from renderer.console import out
from renderer.failure import Failure
from renderer.layout import PROJECT_FILE, Layout, holds
from renderer.lazy import regex
from renderer.problem import printable
from renderer.tree import read, write_all
from renderer.usecases.fmt import specs
from renderer.usecases.schema import schema_text

SCHEMA_FILES = {
    "app.schema.json": ("App", False),
    "partial-app.schema.json": ("App", True),
    "overlay.schema.json": ("Overlay", False),
    "partial-overlay.schema.json": ("Overlay", True),
    "project.schema.json": ("Project", False),
}
_LINE = "# yaml-language-server: $schema="
_BYTE_ORDER_MARK = "\ufeff"
_EXTENDS = regex(r"^ +extends:|[{,] *extends:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SchemaSource:
    """Where the schema files are: a web address, or a folder of the project. Failure for anything else."""

    base: str

    def __post_init__(self) -> None:
        if not self.base.strip("/") or any(letter.isspace() or not letter.isprintable() for letter in self.base):
            raise Failure("--editor needs an address (https://...) or a folder of the project, such as .schemas", 2)
        if not self.is_address and (os.path.isabs(self.base) or ".." in self.base.split("/")):
            raise Failure(f"--editor {printable(self.base)}: the folder must be inside the project", 2)

    @property
    def is_address(self) -> bool:
        """Whether editors load the schemas from the web."""
        return self.base.startswith(("https://", "http://"))

    def line(self, path: str, text: str, layout: Layout) -> str:
        """The line that names the schema of the spec at this path."""
        name = _schema_file(path, text, layout)
        if self.is_address:
            return f"{_LINE}{self.base.rstrip('/')}/{name}\n"
        found = os.path.relpath(os.path.join(self.base, name), os.path.dirname(path) or os.curdir)
        return f"{_LINE}{found if found.startswith('.') else f'./{found}'}\n"

    def files(self, layout: Layout) -> dict[str, str]:
        """The schema files to write into the project, by path; none if editors load them from the web."""
        if self.is_address:
            return {}
        folder = os.path.normpath(self.base)
        for own in (*layout.source_folders, layout.output):
            if holds(own, folder):
                raise Failure(f"--editor {printable(self.base)}: {own}/ is for other files; name another folder", 2)
        return {
            os.path.join(folder, name): schema_text(kind, partial=part) for name, (kind, part) in SCHEMA_FILES.items()
        }


def with_line(source: SchemaSource, path: str, text: str, layout: Layout) -> str:
    """The spec with the line at its top, unless it already has one."""
    if _LINE.split("=")[0] in text:
        return text
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    return mark + source.line(path, text, layout) + text.removeprefix(mark)


def missing_schemas(root: str, source: SchemaSource, layout: Layout) -> dict[str, bytes]:
    """The schemas that the project does not have yet, by path."""
    files = source.files(layout)
    return {path: text.encode() for path, text in files.items() if not os.path.exists(os.path.join(root, path))}


def set_up_editor(root: str, source: SchemaSource, layout: Layout) -> int:
    """Write the schemas of a project, and the line into each spec that has none; the exit code."""
    files = {path: text.encode() for path, text in source.files(layout).items()}
    texts, _ = read(root, specs(root, layout))
    changed = dict(_changed(source, texts, layout))
    write_all(root, {**files, **changed}, mark=None)
    for path in (*files, *changed):
        out(f"wrote {printable(path)}")
    if not changed:
        out("every spec already names its schema")
    return 0


def _changed(source: SchemaSource, texts: dict[str, bytes], layout: Layout) -> Iterator[tuple[str, bytes]]:
    for path, content in texts.items():
        try:
            text = content.decode()
        except UnicodeDecodeError:  # `validate` says so
            continue
        new = with_line(source, path, text, layout)
        if new != text:
            yield path, new.encode()


def _schema_file(path: str, text: str, layout: Layout) -> str:
    if path == PROJECT_FILE:
        return "project.schema.json"
    if not holds(layout.overlays, path):
        return "app.schema.json"
    if layout.is_partial(path):
        return "partial-app.schema.json"
    return "partial-overlay.schema.json" if _EXTENDS.search(text) else "overlay.schema.json"
