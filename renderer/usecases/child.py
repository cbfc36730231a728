"""Runs a use case in a process of its own, and hands back its result and what it printed.

A server needs this: a use case starts workers, and a verb restores its files on signals; both need a process without
other threads. The process also gives back its memory when it ends.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Generic, TypeVar

from renderer.failure import BUG, SIGNALS, end_of
from renderer.problem import printable
from renderer.report.problems import problems_text
from renderer.usecases.project import Refused
from renderer.workers import safe_path

Value = TypeVar("Value")
_STARTING = Lock()  # the environment, which a start changes for a moment, is that of all threads


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A result, or None after a failure; the exit code that a command has then; and the lines that were printed."""

    value: Value | None
    code: int
    said: tuple[str, ...]
    printed: str = ""  # what went to stdout


def in_child(
    function: Callable[..., Value], *arguments: Any, hear: Callable[[Any], None] | None = None
) -> Answer[Value]:
    """Call a function of a module with values that can be pickled, in a process of its own; waits for it.

    With `hear`, the function takes one argument more: a function for values that `hear` is called with in this process.
    """
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    with _STARTING, safe_path() as restore:
        process = context.Process(target=_serve, args=(there, restore, function, arguments, hear is not None))
        process.start()
    answer: Answer[Value] | None = None
    with here:
        there.close()
        with suppress(EOFError):
            while not isinstance(said := here.recv(), Answer):
                if hear:
                    hear(said)
            answer = said
        process.join()
    ended = process.exitcode or 0
    process.close()
    return answer or Answer(None, BUG, (_why_silent(ended),))


def _why_silent(code: int) -> str:
    """Why a process gave no answer; its code is -9 if signal 9 killed it, and 143 if a verb stopped on signal 15."""
    if code < 0:
        return "the process that did this was killed"
    stopped = f"was stopped by signal {code - SIGNALS}" if code > SIGNALS else f"ended with exit code {code}"
    return f"the process that did this {stopped} before it had an answer"


def _serve(
    pipe: Connection,
    restore: Callable[[], None],
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    is_heard: bool,
) -> None:
    restore()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, which waits for what is being written
    with pipe:
        pipe.send(answered(function, *arguments, *([pipe.send] if is_heard else [])))


def answered(function: Callable[..., Value], *arguments: Any) -> Answer[Value]:
    """Call a use case; an exception becomes lines and an exit code, as on the command line."""
    out, err = StringIO(), StringIO()
    value, code = None, 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            value = function(*arguments)
    except Refused as refused:
        code = 1
        err.write(problems_text(refused.problems, "text"))
    except Exception as error:
        code, text = end_of(error)
        err.write(f"{text}\n")
    lines = [printable(line.expandtabs()) for line in err.getvalue().splitlines()]
    return Answer(value, code, tuple(lines), out.getvalue())
