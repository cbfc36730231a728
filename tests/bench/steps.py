"""One run of rollspec in this process: `main` prints the processor seconds of its start and of each step as JSON."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Generator
from functools import partial
from importlib import import_module
from inspect import isgeneratorfunction
from typing import Any

# What a command imports besides modules of ours; the first to import a part of Python's library pays for it.
LIBRARIES = ("click", "yaml.events", "jsonschema_rs")
# The step, and the functions that it consists of, by the name under which their caller knows them.
STEPS = {
    "read": (
        "renderer.usecases.project.read",
        "renderer.usecases.project.listing",
        "renderer.usecases.project.Opened.texts",
        "renderer.usecases.job.listing",
    ),
    "recall": (
        "renderer.usecases.render.memory_of",
        "renderer.usecases.recorded.Recorded.existing",
        "renderer.usecases.recorded.Recorded.confirmed",
        "renderer.usecases.recorded.Recorded.recall",
    ),
    "git": (
        "renderer.usecases.plan.merge_base",
        "renderer.usecases.plan.resolve",
        "renderer.usecases.plan.before",
        "renderer.usecases.plan.about",
        "renderer.usecases.change.resolve",
        "renderer.usecases.change.before",
        "renderer.usecases.change.about",
        "renderer.usecases.change.before_and_differing",
    ),
    "refuse what is nested": ("renderer.usecases.project.refuse_nested",),
    "is it an ancestor": (
        "renderer.usecases.plan.not_an_ancestor",
        "renderer.usecases.validate._say_not_an_ancestor",
    ),
    "judge by the base": (
        "renderer.usecases.plan.rule_changes",
        "renderer.usecases.plan.judged_by_base",
        "renderer.usecases.change.judged_by_base",
    ),
    "rendered files": ("renderer.usecases.plan.output_files", "renderer.usecases.change.output_problems"),
    "freezes and owners": (
        "renderer.usecases.plan.breaks_glass",
        "renderer.usecases.plan.who_looks",
        "renderer.usecases.change.frozen_changes",
    ),
    "load": ("renderer.pipeline.setup.load", "renderer.pipeline.setup.load_all"),
    "merge": (
        "renderer.pipeline.evaluation.effective",
        "renderer.pipeline.evaluation._idle",
        "renderer.pipeline.evaluation._app",
    ),
    "check the spec": ("renderer.pipeline.evaluation._check_schema", "renderer.pipeline.evaluation.check_spec"),
    "render": ("renderer.pipeline.assembly.render", "renderer.pipeline.assembly._with_templates"),
    "patch": ("renderer.pipeline.assembly.apply",),
    "check the output": ("renderer.pipeline.checking",),
    "to text": ("renderer.pipeline.to_files",),
    "claims": (
        "renderer.pipeline.claims",
        "renderer.usecases.render.problems_across_apps",
        "renderer.usecases.validate.problems_across_apps",
    ),
    "plan and simulate": (
        "renderer.plan.simulated.with_simulation",
        "renderer.plan.without_simulation",
        "renderer.usecases.compare.plan_resources",
    ),
    "write": ("renderer.usecases.render.Output.put",),
    "remember": (
        "renderer.usecases.recorded.Recorded.drafts",
        "renderer.usecases.recorded.Recorded.written",
        "renderer.usecases.recorded.Recorded.keep",
    ),
}


def processor_seconds() -> float:
    """What this process and the programs that it started (Git) have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Clock:
    """Processor seconds by step; a step inside another counts for the inner one."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time added to the step."""
        if isgeneratorfunction(function):
            return lambda *args, **kwargs: self._stepwise(step, function(*args, **kwargs))

        def run(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            start = processor_seconds()
            try:
                return function(*args, **kwargs)
            finally:
                whole = processor_seconds() - start
                self.spent[step] = self.spent.get(step, 0.0) + whole - self._inner.pop()
                self._inner[-1] += whole

        return run

    def _stepwise(self, step: str, work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The generator; what others do between its stops does not count."""
        following = self.timed(step, partial(next, work))
        while True:
            try:
                stop = following()
            except StopIteration as end:
                return end.value
            yield stop

    def watch(self, step: str, name: str) -> None:
        """Time a function from now on; nothing where this run has not imported its module."""
        owner, _, attribute = name.rpartition(".")
        holder: Any = sys.modules.get(owner)
        if holder is None and (outer := sys.modules.get(owner.rpartition(".")[0])):
            holder = getattr(outer, owner.rpartition(".")[2], None)  # a class
        if holder is not None:
            setattr(holder, attribute, self.timed(step, getattr(holder, attribute)))


def main(arguments: list[str]) -> None:
    """Run the command line, and print the steps after what it prints itself; `other` is all the rest."""
    clock = Clock()
    clock.spent["start Python"] = processor_seconds()
    command = next((word for word in arguments if word in ("render", "validate", "plan")), "")
    for name in LIBRARIES if command else LIBRARIES[:1]:
        clock.timed(f"import {name.partition('.')[0]}", import_module)(name)
    clock.timed("import rollspec", _import)(command, changes="--base" in arguments)
    for step, names in STEPS.items():
        for name in names:
            clock.watch(step, name)
    code = clock.timed("other", import_module("renderer.cli").run)(arguments)
    if code not in (0, 1):  # 1: a plan that tells of problems is one too
        raise SystemExit(f"the run ended with {code}")
    import json

    start = [step for step in clock.spent if step not in STEPS and step != "other"]
    print(json.dumps({step: clock.spent[step] for step in (*start, *STEPS, "other") if step in clock.spent}))


def _import(command: str, *, changes: bool) -> None:
    import_module("renderer.cli")
    if command == "validate" and changes:
        import_module("renderer.usecases.change")
    if command == "plan":
        import_module("renderer.plan.simulated")
    if command:
        import_module(f"renderer.commands.{command}")
