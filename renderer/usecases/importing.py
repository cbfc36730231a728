"""`rollspec import`: reads sources, writes the specs that render them, and shows the proof."""

from __future__ import annotations

import json
import os.path
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.console import out, say
from renderer.edit import formatted
from renderer.failure import Failure
from renderer.importing.again import Merged, merged
from renderer.importing.digests import changes, tree
from renderer.importing.project import Imported, imported, refused
from renderer.importing.source import Source, read_source
from renderer.importing.target import Target
from renderer.layout import DATA_FILES, PROJECT_FILE, Layout
from renderer.lazy import regex
from renderer.manifest import WORKLOADS
from renderer.pipeline.setup import read_project
from renderer.problem import errors, printable
from renderer.project import Versions
from renderer.report.importing import import_json, import_text, left_out_lines
from renderer.resources import read_schema
from renderer.scaffold import project_text
from renderer.schema import Schemas
from renderer.tree import write_all
from renderer.usecases.fmt import field_order
from renderer.usecases.init import check_name
from renderer.usecases.project import Refused
from renderer.usecases.shown import show_problems

_CHART = "Chart.yaml"
_LOGGED = regex(r'"command failed" err="(.*)"')  # by kubectl
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What is asked for on the command line."""

    sources: tuple[str, ...]
    envs: tuple[str, ...] = ()
    dry_run: bool = False
    report: str | None = None
    accept_lost: bool = False
    accept_secrets: bool = False
    again: str | None = None

    def by_env(self) -> dict[str, tuple[str, ...]]:
        """The sources of each environment. Failure for a command line that does not say them."""
        pairs = [env.partition("=") for env in self.envs]
        paths: dict[str, tuple[str, ...]] = {env: (path,) for env, _, path in pairs if path}
        names = [env for env, _, path in pairs if not path]
        for name in (*paths, *names):
            check_name("environment", name)
        if paths and (names or self.sources):
            raise Failure("name the source of every environment, as `--env ENV=PATH`, or of none", 2)
        if paths:
            return paths
        if not self.sources:
            raise Failure("name what to import: a file, a folder, or `-` for stdin", 2)
        if len(names) > 1:
            raise Failure("several environments need a source each: --env ENV=PATH --env ENV=PATH", 2)
        return {names[0] if names else "production": self.sources}


def import_objects(directory: str, options: ImportOptions) -> int:
    """Import the sources into the project of the folder, which is made if there is none; the exit code."""
    _check_report(directory, options)
    sources = {env: read_source(_files(directory, paths)) for env, paths in options.by_env().items()}
    problems = [problem for source in sources.values() for problem in source.problems]
    if show_problems(problems, "text"):
        return 1
    if not any(source.objects for source in sources.values()):
        _say_left_out(sources)
        raise Failure("the source has no Kubernetes object", 1)
    if not options.envs:
        _refuse_several(next(iter(sources.values())))
    try:
        target = _target(directory, options)
    except Refused as error:
        return int(show_problems(error.problems, "text"))
    if options.again:
        _refuse_left_out(directory, options.again, target.project.layout, [*sources])
    if show_problems([each for source in sources.values() for each in refused(source, target.schemas)], "text"):
        return 1
    return _finish(directory, sources, imported(sources, target), options)


def _refuse_several(source: Source) -> None:
    """Failure where most workloads are in several namespaces: these are environments, and only one was imported."""
    namespaces: dict[tuple[str, str], set[str]] = {}
    for each in source.objects:
        if each.kind in WORKLOADS:
            namespaces.setdefault((each.kind, each.name), set()).add(each.namespace or "default")
    several = [(name, found) for (_, name), found in namespaces.items() if len(found) > 1]
    if 2 * len(several) > len(namespaces):
        name, found = several[0]
        there = printable(f"{name} is in the namespaces {', '.join(sorted(found))}")
        raise Failure(f"{there}: give each environment its own source, as `--env ENV=PATH --env ENV=PATH`", 2)


def _refuse_left_out(directory: str, report: str, layout: Layout, envs: Collection[str]) -> None:
    """Failure for an environment of the last import that has no source now: it would be removed."""
    written, _ = _last(directory, report)
    for file in written:
        env = file.removeprefix(f"{layout.overlays}/").removesuffix("/overlay.yaml")
        if file == layout.overlay(env) and env not in envs and os.path.lexists(os.path.join(directory, file)):
            raise Failure(
                f"{printable(report)} has the environment {env} too, and this import would remove it: give its source "
                f"as well, as `--env {env}=PATH`, or delete {layout.overlays}/{env} first",
                2,
            )


def _finish(directory: str, sources: Mapping[str, Source], made: Imported, options: ImportOptions) -> int:
    _say_left_out(sources)
    out(import_text(made), end="")
    lost = any(each.verdict == "lost" for each in made.compared) and not options.accept_lost
    if lost:
        if not options.again:
            _report(directory, options, made, {})
        show_problems(errors(made.problems), "text")
        say("rollspec: something is lost, so nothing was written: `--accept-lost` writes the files anyway")
        return 1
    files = dict(made.files)
    if options.again or os.path.lexists(os.path.join(directory, PROJECT_FILE)):
        del files[PROJECT_FILE]
    if options.again:
        base, digests = _last(directory, options.again)
        new = _merged(directory, base, files)
        for line in changes(digests, tree(made.compared)):
            out(printable(f"since the last import: {line}"))
    else:
        new = _new(directory, files, options)
    if not options.dry_run:
        encoded = {file: text.encode() for file, text in new.files.items()}
        write_all(directory, encoded, new.removed, mark=None)
    _report(directory, options, made, new.base)
    _say_written(new, options)
    faulty = show_problems(errors(made.problems), "text")
    if faulty:
        say("rollspec: `rollspec render` refuses the project until you repair these faults in the specs")
    return int(bool(faulty or new.conflicts))


def _say_left_out(sources: Mapping[str, Source]) -> None:
    for source in sources.values():
        for line in left_out_lines(source.left_out):
            say(printable(f"rollspec: left out: {line}"))


def _new(directory: str, files: Mapping[str, str], options: ImportOptions) -> Merged:
    """All the files, none of which may exist."""
    there = [file for file in files if os.path.lexists(os.path.join(directory, file))]
    if there and not options.dry_run:
        raise Failure(
            f"{printable(there[0])} exists already, and an import replaces no file: nothing was written. To import "
            "again, or one more environment, name the sources of all environments, and give `--again REPORT` "
            "(docs/import.md)",
            2,
        )
    return Merged(files, (), (), files)


def _last(directory: str, report: str) -> tuple[dict[str, str], Mapping[str, Any]]:
    """The files that the last import wrote, and the digests of what it read. Failure for another file."""
    failure = Failure(f"{printable(report)} is not the report of an import", 2)
    try:
        last = json.loads(_read(os.path.join(directory, report)))
        written, digests = last["written"], last.get("digests") or {"envs": {}}
        valid = all(isinstance(text, str) for text in written.values())
        valid = valid and all(isinstance(each["objects"], dict) for each in digests["envs"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise failure from None
    if not valid:
        raise failure
    return written, digests


def _merged(directory: str, base: dict[str, str], files: Mapping[str, str]) -> Merged:
    """The files with the edits made since the import that wrote `base`."""
    base.pop(PROJECT_FILE, None)  # it is the project's own from the start
    paths = {file: os.path.join(directory, file) for file in (*base, *files)}
    ours = {file: _read(path).decode(errors="replace") for file, path in paths.items() if os.path.isfile(path)}
    return merged(base, ours, files)


def _report(directory: str, options: ImportOptions, made: Imported, written: Mapping[str, str]) -> None:
    file = options.report or (None if options.dry_run else options.again)
    if file:
        folder, name = _folder_and_name(directory, file)
        write_all(folder, {name: import_json(made, written).encode()}, mark=None)


def _folder_and_name(directory: str, file: str) -> tuple[str, str]:
    """The folder below which the report is written, and its path there: the project, or another existing folder."""
    path = os.path.normpath(os.path.join(directory, file))
    inside = os.path.relpath(path, directory)
    return os.path.split(path) if inside.startswith(f"..{os.sep}") else (directory, inside)


def _check_report(directory: str, options: ImportOptions) -> None:
    """Failure where the report's folder is missing outside of the project, in which the import makes folders."""
    file = options.report
    folder = _folder_and_name(directory, file)[0] if file else directory
    if file and folder != directory and not os.path.isdir(folder or "."):
        raise Failure(f"--report {printable(file)}: there is no folder {printable(os.path.dirname(file))}", 2)


def _say_written(new: Merged, options: ImportOptions) -> None:
    for file in sorted(new.files):
        done = "write" if options.again else "create"
        out(f"{f'would {done}' if options.dry_run else 'wrote' if options.again else 'created'} {printable(file)}")
    for file in new.removed:
        out(f"{'would remove' if options.dry_run else 'removed'} {printable(file)}")
    for file, pointer in new.conflicts:
        what = f"{pointer} of {file}" if pointer else file
        say(printable(f"rollspec: {what} was edited, and the source changed too: it stays as it is; merge it by hand"))


def _target(directory: str, options: ImportOptions) -> Target:
    """The project of the folder, or a new one. Raises Refused for a project file with problems."""
    schemas, path = Schemas(Versions(), read_schema), os.path.join(directory, PROJECT_FILE)
    text = _read(path) if os.path.lexists(path) else project_text().encode()
    project, problems = read_project(text, schemas)
    if project is None:
        raise Refused(problems)
    app = field_order("App")
    defaults = {f"/spec/defaults{path[5:]}": fields for path, fields in app.items() if path.startswith("/spec")}
    orders = {"App": app, "Overlay": {**field_order("Overlay"), **defaults}}
    schemas = Schemas(project.versions, read_schema)
    return Target(
        text.decode(),
        project,
        schemas,
        lambda kind, text: formatted(text, orders[kind]),
        secrets=options.accept_secrets,
    )


def _files(directory: str, sources: Sequence[str]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The lines of the files of the sources, by the names that messages use; sorted in each folder."""
    for source in sources:
        path = os.path.join(directory, source)
        if source == "-":
            yield "stdin", sys.stdin.buffer
        elif os.path.isdir(path):
            if any(os.path.isfile(os.path.join(path, name)) for name in _KUSTOMIZATIONS):
                yield source, _kustomize(path, source).splitlines(keepends=True)
                continue
            for file in _in_folder(path, source):
                yield os.path.relpath(file, directory), _lines(file)
        else:
            yield source, _lines(path)


def _in_folder(path: str, source: str) -> list[str]:
    """The files of a folder of plain manifests. Failure for a folder that something must build first."""
    found, built = [], []
    for folder, folders, names in os.walk(path):
        _say_hidden(folder, source, path, folders)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        name = os.path.normpath(os.path.join(source, os.path.relpath(folder, path)))
        if _CHART in names:
            shown = printable(name)
            raise Failure(f"{shown} is a Helm chart: import what `helm template NAME {shown}` prints", 2)
        built += [name] if any(each in names for each in _KUSTOMIZATIONS) else []
        files = (os.path.join(folder, each) for each in sorted(names) if each.endswith(DATA_FILES))
        found += [file for file in files if os.path.isfile(file)]
    if built:
        several = ", ".join(map(printable, built))
        raise Failure(f"kustomize must build {several}: name the folder of each environment, as `--env ENV=FOLDER`", 2)
    return found


def _say_hidden(folder: str, source: str, path: str, folders: Sequence[str]) -> None:
    """Name the hidden folders that are not read, such as `.github`; nobody looks for manifests in `.git`."""
    for each in sorted(each for each in folders if each.startswith(".") and each != ".git"):
        name = os.path.normpath(os.path.join(source, os.path.relpath(os.path.join(folder, each), path)))
        say(f"rollspec: left out: {printable(name)}: its name begins with a dot; give it as a source to import it")


def _lines(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from file
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> Failure:
    return Failure(f"cannot read {printable(path)}: {error.strerror}", 3)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _unreadable(path, error) from None


def _kustomize(folder: str, name: str) -> bytes:
    """What the kustomization of a folder builds; messages call it `name`."""
    for program, *words in (("kubectl", "kustomize"), ("kustomize", "build")):
        found = shutil.which(program)
        if found is None:
            continue
        done = subprocess.run([found, *words, folder], capture_output=True, check=False)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            raise Failure(f"{program} cannot build {printable(name)}: {printable(_said(lines[-1], folder, name))}", 1)
        return done.stdout
    raise Failure(f"{printable(name)} has a kustomization: install kubectl or kustomize to build it", 3)


def _said(line: str, folder: str, name: str) -> str:
    """What kubectl or kustomize said, without the head of its log, and with the folder by its `name`."""
    logged = _LOGGED.search(line)
    said = logged.group(1).replace('\\"', '"') if logged else line.removeprefix("Error: ")
    return said.replace(os.path.realpath(folder), name)
