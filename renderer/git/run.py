"""Runs git with a fixed environment, without a shell or a prompt; each of its errors becomes a GitError."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Literal

from renderer.failure import Failure
from renderer.lazy import regex
from renderer.problem import printable

FailureReason = Literal["no-git", "no-repository", "no-such-revision", "no-object", "locked", "hook", "other"]

# When we only read, a repository's own configuration must not start programs or change git's answers.
_SETTINGS = (
    "core.fsmonitor=false",
    "color.ui=false",
    "log.showSignature=false",
    "log.follow=false",
    "log.showRoot=true",
    "log.diffMerges=separate",
    "diff.noprefix=false",
    "diff.relative=false",
)
# A folder of the project may look like a bare repository; git would then use the configuration in it.
_GIT = ("git", "-c", "safe.bareRepository=explicit")
_READING = ("--no-pager", *(part for setting in _SETTINGS for part in ("-c", setting)))

# The variables of git that we keep: who commits, which configuration is read, where objects are stored (a hook on a
# server stores new ones elsewhere). The others, set by a hook or a wrapper, would point git at another folder or index.
_KEPT = (
    *("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG", "GIT_CEILING_", "GIT_DISCOVERY_", "GIT_EXEC_PATH", "GIT_SSH"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
)

# Parts of git's messages (LC_ALL=C), and what they mean.
_MEANINGS: tuple[tuple[str, FailureReason], ...] = (
    ("not a git repository", "no-repository"),
    ("must be run in a work tree", "no-repository"),
    ("safe.bareRepository", "no-repository"),
    ("cannot change to", "no-repository"),
    ("aborted by hook", "hook"),
    (".lock': File exists", "locked"),
    ("cannot lock ref", "locked"),
    ("Another git process", "locked"),
    ("from promisor remote", "no-object"),
    ("bad revision", "no-such-revision"),
    ("Not a valid object name", "no-such-revision"),
    ("unknown revision", "no-such-revision"),
    ("bad object", "no-such-revision"),
)
_AT_ONCE = 512  # bytes that a pipe takes at once wherever git runs: POSIX
MANY = 100  # paths on a command line of git
_DEPTH = 2  # names of a folder: `rendered/production`
PARTIAL = "this clone is partial and lacks what is asked for: `git fetch --refetch --no-filter` fetches everything"
LOCKED = "another git process is running in this repository; try again when it has finished"


class GitError(Failure):
    """Git is not installed, or failed. `message` may have several lines when a hook wrote it."""

    def __init__(self, message: str, reason: FailureReason = "other") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason

    @property
    def is_absent(self) -> bool:
        """Whether there is no repository, or no git to ask; otherwise there is something that could not be read."""
        return self.reason in ("no-git", "no-repository")


def reading(root: str, arguments: Sequence[str], stdin: bytes = b"", **variables: str) -> bytes:
    """The output of a git command that only reads."""
    return check(attempt(root, [*_READING, *arguments], {**_quiet(), **variables}, stdin))


def reading_each(root: str, questions: Sequence[Sequence[str]], **variables: str) -> list[bytes]:
    """The outputs of several git commands that only read; they run side by side."""
    environment = {**_quiet(), **variables}
    with ExitStack() as running:
        started = [running.enter_context(_started(root, [*_READING, *each], environment)) for each in questions]
        return [check(_ended(process, b"")) for process in started]


def asking(root: str, arguments: Sequence[str], **variables: str) -> bytes | None:
    """The output of a git command that only reads; None if it exits with 1, which means "no"."""
    done = attempt(root, [*_READING, *arguments], {**_quiet(), **variables})
    return None if done.returncode == 1 else check(done)


def attempt_reading(root: str, arguments: Sequence[str], stdin: bytes) -> bytes:
    """The output of a git command that only reads; its exit code 1 means that it found nothing."""
    done = attempt(root, [*_READING, *arguments], _quiet(), stdin)
    return b"" if done.returncode == 1 else check(done)


def stream(root: str, arguments: Sequence[str], stdin: bytes = b"") -> Iterator[bytes]:
    """The output of a git command that only reads, piece by piece; git is killed when the caller stops reading."""
    with _started(root, [*_READING, *arguments], _quiet(), signal.SIGKILL) as process:
        errors = []
        for pipe, piece in _pieces(process, stdin):
            if pipe is process.stdout:
                yield piece
            else:
                errors.append(piece)
    if process.returncode:
        raise refusal(text(b"".join(errors)))


def _pieces(process: subprocess.Popen[bytes], stdin: bytes) -> Iterator[tuple[IO[bytes], bytes]]:
    """What the process writes and where, as it comes, while `stdin` is written to it."""
    given, out, err = process.stdin, process.stdout, process.stderr
    assert given and out and err  # noqa: S101, PT018  (`_started` asks for all three)
    rest = memoryview(stdin)
    with selectors.DefaultSelector() as watch:
        watch.register(given, selectors.EVENT_WRITE)
        watch.register(out, selectors.EVENT_READ)
        watch.register(err, selectors.EVENT_READ)
        while watch.get_map():
            for key, _ in watch.select():
                if key.fileobj is given:
                    with suppress(BrokenPipeError):  # it has ended, and says why
                        rest = rest[os.write(key.fd, rest[:_AT_ONCE]) :]
                        if rest:
                            continue
                    watch.unregister(given)
                    given.close()
                elif piece := os.read(key.fd, 1 << 16):
                    yield (out if key.fileobj is out else err), piece
                else:
                    watch.unregister(key.fileobj)


def committing(
    root: str, arguments: Sequence[str], stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a git command that may start the user's hooks: in the user's language, but with git's messages in English."""
    everything = os.environ.get("LC_ALL")
    language = {"LANG": everything, "LC_CTYPE": everything, "LC_ALL": ""} if everything else {}
    variables = {**language, "LC_MESSAGES": "C", "LANGUAGE": "", **variables}
    return attempt(root, ["--no-pager", *arguments], _environment(**variables), stdin)


def attempt(
    root: str, arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run git once, whatever its exit code. If we are interrupted, git is terminated, and removes its locks."""
    with _started(root, arguments, environment) as process:
        return _ended(process, stdin)


@contextmanager
def _started(
    root: str, arguments: Sequence[str], environment: Mapping[str, str], stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    command, pipe = [*_GIT, "-C", root, *arguments], subprocess.PIPE
    try:
        # `close_fds`: only what was made inheritable on purpose is passed on, which is the lock on the index.
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, close_fds=False)
    except OSError as error:
        raise _no_git(error) from None
    with process:
        try:
            yield process
        except BaseException:
            process.send_signal(stop)
            raise


def _ended(process: subprocess.Popen[bytes], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    out, err = process.communicate(stdin)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def check(done: subprocess.CompletedProcess[bytes]) -> bytes:
    """The output of a finished run. Raises GitError if it failed."""
    if done.returncode:
        raise refusal(text(done.stderr))
    return done.stdout


_FOREIGN = regex(
    r"detected dubious ownership in repository at '(.+)'|unsafe repository \('(.+)' is owned by someone else\)"
)
_LOCK = regex(r"Unable to create '(.+\.lock)': File exists")
_NO_IDENTITY = regex(r"(Author|Committer) identity unknown|empty ident name|Please tell me who you are")


def refusal(said: str) -> GitError:
    """What git wrote to stderr, as an error."""
    reason: FailureReason = next((reason for part, reason in _MEANINGS if part in said), "other")
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in said.splitlines() if line.strip()]
    if reason == "locked":
        lock = _LOCK.search(said)
        return locked_by(lock[1]) if lock else GitError(LOCKED, reason)
    if reason == "no-object":
        return GitError(PARTIAL, reason)
    if "safe.bareRepository" in said:
        return GitError(
            "this folder looks like a bare Git repository, which is not read: remove its `HEAD`, `objects` and `refs`",
            reason,
        )
    foreign = _FOREIGN.search(said)
    if foreign:
        top = shlex.quote(printable(foreign[1] or foreign[2]))
        message = (
            f"{top} belongs to another user, so Git does not read it: if you trust what is in it, "
            f"`git config --global --add safe.directory {top}`, then again"
        )
        return GitError(message, reason)
    if _NO_IDENTITY.search(said):
        message = (
            "git does not know who commits: `git config user.name NAME` and `git config user.email ADDRESS`, then again"
        )
        return GitError(message, reason)
    if reason == "no-repository":
        why = "this is not a Git repository (or git cannot find its top folder)"
        return GitError(f"{why}: run this in a clone, or make one with `git init`", reason)
    return GitError("git: " + (lines[0] if lines else "it failed without a message"), reason)


def locked_by(lock: str) -> GitError:
    """The error for a lock file that exists: a git process holds it, or a killed one left it."""
    return GitError(f"{LOCKED} (if there is none, remove {printable(lock)})", "locked")


def literal(paths: Sequence[str]) -> list[str]:
    """Paths as arguments for git, in which every character is literal."""
    return [f":(literal){path}" for path in paths]


def in_folders(folders: Sequence[str]) -> list[str]:
    """Folders as arguments for git. With the slash, and of one folder, git looks only at that part of its index."""
    return literal([f"{folder}/" for folder in folders])


def covering(paths: Collection[str]) -> list[str]:
    """The paths; of many, folders that hold them. Git compares each file of its index with each path on its line."""
    if len(paths) <= MANY:
        return sorted(paths)
    return sorted({"/".join(path.split("/")[:-1][:_DEPTH]) or path for path in paths})


def named(paths: Sequence[str]) -> list[str]:
    """Paths as arguments for git, in which only `*` is special: it matches any one name."""
    return [":(glob)" + re.sub(r"[?[\\]", r"\\\g<0>", path) for path in paths]


def text(said: bytes) -> str:
    """Git's output as text; bytes of a file name that are not UTF-8 become surrogates."""
    return os.fsdecode(said)


def fields(said: bytes) -> list[str]:
    """Git's NUL-terminated output as a list."""
    return text(said).split("\0")[:-1]


def _no_git(error: OSError) -> GitError:
    if isinstance(error, FileNotFoundError):
        return GitError("git is not installed, or not on the PATH", "no-git")
    return GitError(f"git cannot be run: {(error.strerror or str(error)).lower()}", "no-git")


def _quiet() -> dict[str, str]:
    """For reading: git takes no locks and fetches nothing (each git refuses the protocol `none`)."""
    return _environment(LC_ALL="C", GIT_OPTIONAL_LOCKS="0", GIT_NO_LAZY_FETCH="1", GIT_ALLOW_PROTOCOL="none")


def _environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "GIT_EDITOR": "true", **variables}
