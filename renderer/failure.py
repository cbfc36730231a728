"""What ends a command early: raised anywhere at the edge, turned into text and an exit code in one place (cli)."""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - it is an outcome, not always an error
    """We could not look, or were asked for what cannot be; `code` is the exit code (3: could not look, 2: usage)."""

    def __init__(self, message: str, code: int = 3) -> None:
        super().__init__(message)
        self.code = code
