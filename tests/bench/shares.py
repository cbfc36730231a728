"""Where the time of a run goes: the steps of the pipeline, each timed inside one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from unittest.mock import patch

# The step, and the functions that it consists of, by the name under which their caller knows them.
STEPS = {
    "read": ("renderer.commands.project.read", "renderer.commands.project.listing", "renderer.commands.render.listing"),
    "load": ("renderer.build.setup.load", "renderer.build.setup.load_all"),
    "merge": ("renderer.build.effective", "renderer.build._idle", "renderer.build._app"),
    "check the spec": ("renderer.build._check_schema", "renderer.build.check_spec"),
    "render": ("renderer.build.render", "renderer.build._with_templates"),
    "patch": ("renderer.build.apply",),
    "check the output": ("renderer.build._check_manifests",),
    "to text": ("renderer.build.to_files",),
    "claims": ("renderer.build.claims", "renderer.commands.render.judge"),
    "write": ("renderer.commands.render._put",),
}


class Clock:
    """Process CPU seconds by step; a step inside another counts for the inner one."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time added to the step."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.process_time() - start
                self.spent[step] = self.spent.get(step, 0.0) + whole - self._inner.pop()
                self._inner[-1] += whole

        return run


def shares(arguments: list[str]) -> dict[str, float]:
    """CPU seconds of each step of one run of the command line in this process; `other` is all the rest."""
    from renderer.cli import run

    clock = Clock()
    patches = []
    for step, names in STEPS.items():
        for name in names:
            module, _, attribute = name.rpartition(".")
            target = __import__(module, fromlist=[attribute])
            patches.append(patch(name, clock.timed(step, getattr(target, attribute))))
    for each in patches:
        each.start()
    try:
        code = clock.timed("other", run)(arguments)
    finally:
        for each in patches:
            each.stop()
    if code:
        raise SystemExit(f"the run ended with {code}")
    return {step: clock.spent.get(step, 0.0) for step in [*STEPS, "other"]}
