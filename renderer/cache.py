"""What earlier runs left on disk: the inputs and outputs of each app, and how their files looked to the system.

One SQLite file in a folder of its own that Git ignores. It is safe to delete, and safe with several runs at once:
whatever is wrong with the file (locked, damaged, read-only, of somebody else's making) means that nothing is known.
Each row is signed (see `cache_key`), so a file that somebody else made says nothing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from hashlib import blake2b
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from renderer import __version__
from renderer.layout import CACHE_FOLDER
from renderer.lazy import regex
from renderer.resources import schemas_folder
from renderer.tree import Stamp, stamp_of

if TYPE_CHECKING:
    from sqlite3 import Connection

Found = TypeVar("Found")
Folder = Mapping[str, Stamp]  # names and stamps of the files directly in a folder

_FILE = "cache-4.sqlite"  # another number where the tables change
_TABLES = """
PRAGMA trusted_schema = OFF;
PRAGMA synchronous = OFF;
PRAGMA journal_mode = MEMORY;
CREATE TABLE IF NOT EXISTS rendered (
  env TEXT, app TEXT, stamps TEXT, inputs TEXT, outputs TEXT, extra TEXT, problems TEXT, seal TEXT,
  PRIMARY KEY (env, app)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (env TEXT, app TEXT, inputs TEXT, facts TEXT, seal TEXT, PRIMARY KEY (env, app));
CREATE TABLE IF NOT EXISTS clean (env TEXT PRIMARY KEY, view TEXT) WITHOUT ROWID;
"""
SEALED = ".sealed"  # ends the name of a file with a signed text, as NAMED knows
NAMED = regex(rb"\.(?:sqlite|sealed)\0")  # the ends of our names in Git's index, in every version of its format
_JOURNALS = ("-journal", "-wal", "-shm")  # what SQLite reads next to its file
_RESTAMP = "UPDATE rendered SET stamps = ?, seal = ? WHERE env = ? AND app = ? AND inputs = ? AND outputs = ?"
_WAIT = 2.0  # seconds for another run to finish its transaction, which takes a tenth of that
_COARSE = 50_000_000  # ns: clocks of file systems tick every 1 to 10 ms
_WHOLE_SECONDS = 2_000_000_000  # ns: some file systems count seconds, or two
# Another version of these could judge or write otherwise, and one that is installed later could judge at all.
_LIBRARIES = ("yaml", "jsonschema_rs", "jsonschema", "jinja2", "promql_parser", "cronsim")


class Record(NamedTuple):
    """One app in one environment, whose rendered files were up to date when the record was made.

    `stamps`: its files as the system showed them, empty where they were too young to tell by that; `inputs`, `outputs`:
    digests of their contents; `extra`: input files other than spec and partials, a line each; `problems`: its warnings
    (JSON, empty where there are none); `facts`: what matters to other apps (JSON).
    """

    env: str
    app: str
    stamps: str
    inputs: str
    outputs: str
    extra: str
    problems: str
    facts: str = ""


class Cache:
    """The records of one project under one key. Errors of its file are never raised."""

    def __init__(self, root: str, key: str, secret: bytes) -> None:
        """`key`: what decides what a run does, apart from the apps' files; `secret` signs."""
        self._folder = os.path.join(root, CACHE_FOLDER)
        self._secret = blake2b(key.encode(), key=secret).digest()
        self.key = self._secret.hex()  # goes into what is signed, never into the file

    def records(self, env: str) -> dict[str, Record]:
        """What is known of each app in the environment, without the facts."""
        sql = "SELECT env, app, stamps, inputs, outputs, extra, problems, seal FROM rendered WHERE env = ?"
        return {row[1]: Record(*row[:-1]) for row in self._all(sql, env) if self._seal(row[:-1]) == row[-1]}

    def facts(self, env: str) -> dict[str, tuple[str, str]]:
        """By app: the digest of the inputs, and the facts about the app with these inputs."""
        sql = "SELECT env, app, inputs, facts, seal FROM facts WHERE env = ?"
        return {row[1]: (row[2], row[3]) for row in self._all(sql, env) if self._seal(row[:-1]) == row[-1]}

    def clean(self, env: str) -> str:
        """The digest of the apps that were last checked together without a finding; empty for none."""
        sql = "SELECT view FROM clean WHERE env = ?"
        found = self._ask(lambda connection: connection.execute(sql, (env,)).fetchone(), None)
        return str(found[0]) if found else ""

    def store(
        self,
        rows: Sequence[Record],
        confirmed: Iterable[Record],
        views: Mapping[str, str],
        gone: Sequence[tuple[str, str]],
    ) -> None:
        """Add records, new stamps of `confirmed` ones, and what was checked together; forget `gone`."""

        def put(connection: Connection) -> None:
            connection.executemany("DELETE FROM rendered WHERE env = ? AND app = ?", gone)
            connection.executemany("DELETE FROM facts WHERE env = ? AND app = ?", gone)
            made = ((*row[:-1], self._seal(row[:-1])) for row in rows)
            connection.executemany("INSERT OR REPLACE INTO rendered VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made)
            facts = ((row.env, row.app, row.inputs, row.facts) for row in rows)
            signed = ((*fact, self._seal(fact)) for fact in facts)
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", signed)
            again = ((row.stamps, self._seal(row[:-1]), row.env, row.app, row.inputs, row.outputs) for row in confirmed)
            connection.executemany(_RESTAMP, again)
            connection.executemany("INSERT OR REPLACE INTO clean VALUES (?, ?)", views.items())

        if made(self._folder):
            self._ask(put, None, make=True)

    def _seal(self, fields: Sequence[object]) -> str:
        """The signature of a row; a damaged file may hold other values than texts."""
        return blake2b(repr(fields).encode(errors="surrogateescape"), key=self._secret, digest_size=16).hexdigest()

    def _all(self, sql: str, env: str) -> list[tuple[str, ...]]:
        def ask(connection: Connection) -> list[tuple[str, ...]]:
            return connection.execute(sql, (env,)).fetchall()

        return self._ask(ask, [])

    def _ask(self, question: Callable[[Connection], Found], default: Found, *, make: bool = False) -> Found:
        """The answer, in one transaction; the default where there is no database. A damaged one is removed."""
        file = os.path.join(self._folder, _FILE)
        if os.path.islink(self._folder) or os.path.islink(file) or not (make or os.path.exists(file)):
            return default
        import sqlite3  # only where something may be known

        _remove_journals(file)
        try:
            with closing(sqlite3.connect(file, timeout=_WAIT)) as connection:
                connection.executescript(_TABLES)
                if not _is_ours(connection):
                    raise sqlite3.DatabaseError("not made by this program")
                with connection:
                    return question(connection)
        except sqlite3.OperationalError:  # locked, read-only, no space: the next run may do better
            return default
        except sqlite3.DatabaseError:
            with suppress(OSError):
                os.unlink(file)
            return default


def _remove_journals(file: str) -> None:
    """Remove them: we write none on disk, and one that somebody committed could make SQLite delete any file."""
    for ending in _JOURNALS:
        with suppress(OSError):
            os.unlink(file + ending)


def _is_ours(connection: Connection) -> bool:
    """Whether it has only our tables: a view or a trigger that somebody committed could run forever."""
    import sqlite3

    question = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(_TABLES)
        return fresh.execute(question).fetchall() == connection.execute(question).fetchall()


def digest(texts: Mapping[str, bytes]) -> str:
    """Of names and contents, whatever their order."""
    parts: list[bytes] = []
    for name in sorted(texts):
        parts += (b"%s\0%d\0" % (name.encode("utf-8", "surrogateescape"), len(texts[name])), texts[name])
    return blake2b(b"".join(parts), digest_size=16).hexdigest()


@cache  # what is edited while the program runs, it does not run
def program() -> str:
    """A digest of everything that decides what the program does: its code, the schemas, its libraries, Python.

    Of files the stamps, as of a project's: what is edited gets another.
    """
    paths = [
        os.path.dirname(os.path.abspath(__file__)),
        schemas_folder(),
        *(spec.origin for name in _LIBRARIES if (spec := PathFinder.find_spec(name)) and spec.origin),
    ]
    stamps = {path: _stamps_below(path) for path in paths}
    return digest({"": f"{__version__} {sys.version} {stamps}".encode()})


def _stamps_below(path: str) -> dict[str, Stamp]:
    """The stamps of source files, without those that Python writes by itself."""
    if os.path.isfile(path):
        return {path: stamp_of(os.stat(path))}
    found = sorted(walk(path, without="__pycache__").items())
    return {f"{folder}/{name}": files[name] for folder, files in found for name in sorted(files)}


def walk(root: str, without: str = "") -> dict[str, dict[str, Stamp]]:
    """Every folder beneath `root` (relative to it, with `/`, empty for the root) with the stamps of its files.

    Folders named `without` are left out. Symbolic links count as files, by their own stamps. Empty where there is no
    root. Raises OSError.
    """
    found: dict[str, dict[str, Stamp]] = {}
    pending = [""] if os.path.isdir(root) else []
    while pending:
        path = pending.pop()
        files = found[path] = {}
        prefix = f"{path}/" if path else ""
        try:
            entries = os.scandir(f"{root}/{path}")
        except FileNotFoundError:  # of another run, which has just renamed it
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != without:
                        pending.append(prefix + entry.name)
                else:
                    files[entry.name] = stamp_of(entry.stat(follow_symlinks=False))
    return found


def stamps_text(inputs: Folder, outputs: Folder) -> str:
    """Both as a text, which is equal if all names and stamps are equal."""
    return f"{sorted(inputs.items())}{sorted(outputs.items())}"


def shows(stamps: str, inputs: Folder) -> bool:
    """Whether such a text has these inputs, with any outputs."""
    return stamps.startswith(f"{sorted(inputs.items())}[")


def settled(stamps: Iterable[Stamp], now: int) -> bool:
    """Whether files with these stamps, seen at `now` (ns), cannot change any more without another stamp.

    What changes twice within one tick of the file system's clock shows the same time.
    """
    return all(stamp[0] < now - (_COARSE if stamp[0] % 1_000_000_000 else _WHOLE_SECONDS) for stamp in stamps)


def clock() -> int:
    """The time to compare stamps with, in ns."""
    return time.time_ns()


def made(folder: str) -> bool:
    """Create the folder, with a file that makes Git ignore it; whether it exists now."""
    if os.path.isdir(folder):
        return True
    try:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, ".gitignore"), "w", encoding="utf-8") as file:
            file.write("*\n")
    except OSError:
        return False
    return True
