"""How much work a call is, without a clock: the lines that it runs in some modules of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


def lines_run(call: Callable[[], Result], within: str) -> tuple[Result, int]:
    """What the call returns, and the lines that it runs in modules whose path begins so; imports do not count.

    Each round of a loop and of a comprehension counts as a line at least. Lines are cheaper to count than instructions,
    and grow as they do.
    """
    count = 0

    def line(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def called(frame: FrameType, event: str, arg: Any) -> Any:
        is_ours = frame.f_code.co_filename.startswith(within) and frame.f_code.co_name != "<module>"
        return line if is_ours else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        result = call()
    finally:
        sys.settrace(before)
    return result, count
