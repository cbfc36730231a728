"""What ends a command early: raised anywhere at the edge; one function says its text and its exit code (`end_of`)."""

from __future__ import annotations

from typing import NamedTuple

from renderer import __version__

_COULD_NOT_LOOK, BUG = 3, 4
SIGNALS = 128  # and the number of the signal that stopped a command


class Failure(Exception):  # noqa: N818 - it is an outcome, not always an error
    """What ends a command; `code` is its exit code.

    3: we could not look; 2: wrong usage; 1: the files, or the state of a release, do not allow it.
    """

    def __init__(self, message: str, code: int = 3) -> None:
        super().__init__(message)
        self.code = code


class End(NamedTuple):
    """The exit code of a command that an exception ended, and the text for people."""

    code: int
    text: str


def end_of(error: Exception) -> End:
    """What an exception means: a failure, an error of the system, or a bug. The text may quote files."""
    if isinstance(error, Failure):
        return End(error.code, f"rollspec: {error}")
    if isinstance(error, OSError):  # reading or writing our own output, or a file, failed
        return End(_COULD_NOT_LOOK, f"rollspec: {error.filename or 'output'}: {error.strerror or error}")
    return End(BUG, _bug(error))


def _bug(error: Exception) -> str:
    """The traceback, and what to do with it."""
    import platform
    import traceback

    version = f"rollspec {__version__}, Python {platform.python_version()}, {platform.system()}"
    lines = "".join(traceback.format_exception(error))
    return f"{lines}\nrollspec: this is a bug in rollspec. Please report it with the lines above ({version})."
