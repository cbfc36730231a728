"""A Jinja2 environment for templates of people we do not trust: no code, no clock, no files, bounded work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import isfinite
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import do_batch, sync_do_slice
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from renderer.yamlio import dump, plain_or_quoted

MAX_STEPS = 100_000  # loop rounds of one rendering
MAX_TEXT = 1_000_000  # characters and items that one value or one rendering may have
MAX_WORK = 5_000_000  # characters and items that all values one rendering makes or compares may have together
MAX_DEPTH = 64  # lists and mappings inside each other
AGAIN_SECONDS = 0.5  # of processor time: Python loses what is raised in a callback, so the limit strikes again
MAX_SECONDS = 5  # of processor time for one rendering: the last resort, for what the counts above do not see
_FILTERS = (
    "abs", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby",
    "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "reverse", "round", "select", "selectattr", "slice", "sort", "string", "sum", "title",
    "trim", "truncate", "unique", "upper",
)  # fmt: skip
# No format, ljust, center, zfill, join, replace, ...: they make any amount of text at once.
_METHODS = frozenset(
    "startswith endswith strip lstrip rstrip lower upper removeprefix removesuffix split rsplit splitlines "
    "partition rpartition isdigit isalpha isalnum".split()
)
# Tests that look through whole values; the others ask what a value is.
_LOOKING = "!= < <= == > >= eq equalto ge greaterthan gt le lessthan lower lt ne upper".split()
_BLOCKS = (nodes.AssignBlock, nodes.FilterBlock, nodes.CallBlock, nodes.Block)  # they gather text that is not counted
_MAKERS = (nodes.Add, nodes.List, nodes.Dict, nodes.Tuple, nodes.Call, nodes.Filter)


class NotForTemplatesError(SecurityError):
    """A part of a template that these templates may not have, and its line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Refusal(BaseException):
    """A template asks for too much work. Not an Exception: Jinja catches those in some places, and continues."""


class Budget:
    """The work that one rendering may still do: loop rounds, and the sizes of the values it makes and compares."""

    def __init__(self) -> None:
        self.left = MAX_STEPS
        self.work = MAX_WORK

    def spend(self) -> None:
        """Use up one step; refuse if none is left."""
        self.left -= 1
        if self.left < 0:
            raise _Refusal(f"the template takes more than {MAX_STEPS} steps")

    def over(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items; each uses up one step."""
        for item in items:
            self.spend()
            yield item

    def weighed(self, value: Any) -> Any:
        """The value (an iterator as a list), after its size is charged to the budget."""
        if not isinstance(value, Iterator):
            self.pay(value)
            return value
        items, room = [], MAX_TEXT
        for item in value:
            room -= self.pay(item, room)
            items.append(item)
        return items

    def searched(self, value: Any) -> Any:
        """What `in` searches, charged to the budget: a mapping is asked once, all else is compared part by part."""
        return value if isinstance(value, dict) else self.weighed(value)

    def pay(self, value: Any, room: int = MAX_TEXT) -> int:
        """Charge the value's size and return it; refuse more than `room`, and more than is left."""
        size = _size(value, room)
        self.work -= size
        if self.work < 0:
            raise _Refusal(f"the template makes or compares values of more than {MAX_WORK} characters and items")
        return size


class Weighing(NodeTransformer):
    """Makes the budget weigh each value that an expression makes or compares, before anything else is done with it."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """The node, or the filter `weighed` around it."""
        super().generic_visit(node, *args, **kwargs)
        if isinstance(node, nodes.Concat):
            return _filter("concat", _filter("weighed", nodes.List(node.nodes, lineno=node.lineno)))
        if isinstance(node, nodes.Compare):
            node.expr = _filter("weighed", node.expr)
            for operand in node.ops:
                operand.expr = _filter("searched" if operand.op in ("in", "notin") else "weighed", operand.expr)
        if isinstance(node, nodes.Filter) and node.node is not None:
            node.node = _filter("weighed", node.node)
        made = isinstance(node, _MAKERS) or (isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice))
        made = made and getattr(node, "ctx", "load") == "load"
        return _filter("weighed", node) if made else node


def _filter(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _size(value: Any, room: int) -> int:
    """The number of characters and items; shared parts count each time. Refuses more than `room`, and all but data."""
    size, pending = 0, [(value, 0)]
    while pending:
        one, depth = pending.pop()
        size += 1
        if isinstance(one, (str, range)):
            size += len(one)
        elif isinstance(one, int):
            size += one.bit_length() // 8
        elif isinstance(one, (dict, list, tuple)):
            size += len(one)
            parts = one.items() if isinstance(one, dict) else one
            pending += ((part, depth + 1) for part in parts) if size <= room else ()
        else:
            _check_data(one)
        if size > room or depth > 2 * MAX_DEPTH:  # a mapping's items are one level more
            raise _Refusal(f"the template makes a value of more than {MAX_TEXT} characters or {MAX_DEPTH} levels")
    return size


def _check_data(value: Any) -> None:
    """Refuse functions, loops and other Python objects: their text holds a memory address, which always differs."""
    if not isinstance(value, (str, int, float, dict, list, tuple, range, Undefined, type(None))):
        raise _Refusal(f"a {type(value).__name__} is not a value for a manifest: use text, numbers, lists and mappings")


def _output(value: Any) -> Any:
    """What `{{ }}` may write."""
    if isinstance(value, range):
        raise _Refusal("a range is not a value for a manifest: write `range(...)|list`, or a loop")
    _check_data(value)
    return value


class _Generator(CodeGenerator):
    """Compiles without evaluating constants: no budget counts at that time, and Jinja would try a refused one again."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if isinstance(node, nodes.TemplateData):
            return super()._output_child_to_const(node, frame, finalize)
        raise nodes.Impossible


class Sandbox(ImmutableSandboxedEnvironment):
    """Keys of mappings before methods; operators and loops counted against a budget."""

    intercepted_binops = frozenset(("*", "**", "%", "/", "//"))
    code_generator_class = _Generator

    def __init__(self, budget: Budget) -> None:
        self._pay = budget.pay
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,
            finalize=_output,
        )
        self.globals = {"range": self._range, "dict": dict}
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"bounded": budget.over, "weighed": budget.weighed, "searched": budget.searched}
        self.filters["concat"] = _concat
        self.tests |= {name: _paid(self.tests[name], budget.weighed, budget.weighed) for name in _LOOKING}
        self.tests |= {name: _of_numbers(self.tests[name]) for name in ("divisibleby", "even", "odd")}
        self.tests["in"] = _paid(self.tests["in"], budget.weighed, budget.searched)
        self.filters |= {"batch": _batch, "join": _join, "replace": _replace, "round": _round}
        self.filters |= {"slice": _slice, "sum": _sum}
        self.filters["indent"] = _indent
        self.filters["quote"] = lambda value: plain_or_quoted(str(value))
        self.filters["to_yaml"] = lambda value: dump(value).rstrip("\n")

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`spec.items` is the key `items`, never the method."""
        if isinstance(obj, dict):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Repetition, powers and formats could make any amount of text or digits."""
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "**" or not numbers or abs(left) > MAX_TEXT or abs(right) > MAX_TEXT:
            raise _Refusal(f"`{operator}` is for small numbers only")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for other in tree.find_all((nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)):
            raise NotForTemplatesError("a template is complete in itself: no include, import or extends", other.lineno)
        recursive = (loop for loop in tree.find_all(nodes.For) if loop.recursive)
        for part in (*tree.find_all(nodes.Macro), *recursive):
            raise NotForTemplatesError("macros and recursive loops are not for these templates", part.lineno)
        for block in tree.find_all(_BLOCKS):
            raise NotForTemplatesError("no blocks of text as values: write `{% set name = ... %}`", block.lineno)
        for number in tree.find_all(nodes.Const):
            if isinstance(number.value, float) and not isfinite(number.value):
                raise NotForTemplatesError("this number is too large", number.lineno)
        Weighing().visit(tree)
        for loop in tree.find_all(nodes.For):
            loop.iter = _filter("bounded", loop.iter)
        return tree

    def is_safe_callable(self, obj: Any) -> bool:
        """`range`, `dict`, what belongs to a loop, and methods of texts that make no more than there is."""
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "this")
        if obj in (self._range, dict) or isinstance(owner, LoopContext):
            return True
        if isinstance(owner, str) and name in _METHODS:
            return True
        raise SecurityError(f"`{name}` is not for these templates")  # Jinja2's own message has a memory address in it

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Charge the text that a method looks through, and the arguments of the method."""
        owner = getattr(obj, "__self__", None)
        for value in (owner if isinstance(owner, str) else "", *args):
            self._pay(value)
        return super().call(context, obj, *args, **kwargs)

    @staticmethod
    def _range(*bounds: int) -> range:
        found = range(*bounds)
        if len(found) > MAX_STEPS:
            raise _Refusal(f"a range of more than {MAX_STEPS}")
        return found


def render_text(source: str, context: dict[str, Any]) -> str:
    """The template's text; raises jinja2.TemplateError, or what its own operators raise (TypeError, ...)."""
    sandbox = Sandbox(Budget())
    try:
        with _limited():
            return _rendered(sandbox, source, context)
    except _Refusal:
        try:
            sandbox.handle_exception(source)  # with the lines of the template in the traceback
        except _Refusal as refused:
            raise SecurityError(str(refused)).with_traceback(refused.__traceback__) from None


def _rendered(sandbox: Sandbox, source: str, context: dict[str, Any]) -> str:
    parts, size = [], 0
    template = sandbox.template_class.from_code(sandbox, _compiled(source), sandbox.make_globals(None))
    for part in template.generate(context):
        size += len(part)
        if size > MAX_TEXT:
            raise _Refusal(f"the template makes more than {MAX_TEXT} characters")
        parts.append(part)
    return "".join(parts)


@lru_cache(maxsize=64)  # a project renders each of its templates for every app
def _compiled(source: str) -> CodeType:
    return Sandbox(Budget()).compile(source)


@contextmanager
def _limited() -> Iterator[None]:
    """Refuse what takes more than MAX_SECONDS of processor time, where the system can interrupt this thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, MAX_SECONDS, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _too_long(*_: object) -> None:
    raise _Refusal(f"the template takes more than {MAX_SECONDS} s")


def _paid(test: Any, first: Callable[[Any], Any], more: Callable[[Any], Any]) -> Callable[..., Any]:
    """The test, of values that are charged to the budget."""
    return lambda value, *others: test(first(value), *map(more, others))


def _of_numbers(test: Any) -> Callable[..., Any]:
    """The test of numbers only: `%` with a text on its left formats."""

    def of_numbers(*values: Any) -> Any:
        if any(isinstance(value, str) for value in values):
            raise _Refusal("odd, even and divisibleby are for numbers only")
        return test(*values)

    return of_numbers


def _concat(parts: list[Any]) -> str:
    return "".join(map(str, parts))


def _join(value: Iterable[Any], d: str = "") -> str:
    parts = [str(part) for part in value]
    _check_size(len(parts) * len(d))
    return d.join(parts)


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    _check_size(text.count(old) * len(new))
    return text.replace(old, new)


def _sum(value: Iterable[Any]) -> Any:
    """Of numbers: a sum of lists would copy them again and again."""
    return sum(value)


def _round(value: float, precision: int = 0) -> float:
    if not -15 <= precision <= 15:
        raise _Refusal("round to at most 15 digits")
    return round(value, precision)


def _batch(value: Iterable[Any], linecount: int, fill_with: Any = None) -> Iterator[list[Any]]:
    _check_size(linecount)
    return do_batch(value, linecount, fill_with)


def _slice(value: Iterable[Any], slices: int, fill_with: Any = None) -> Iterator[list[Any]]:
    _check_size(slices)
    return sync_do_slice([*value], slices, fill_with)


def _check_size(size: int) -> None:
    if size > MAX_TEXT:
        raise _Refusal(f"the template makes a value of more than {MAX_TEXT} characters or items")


def _indent(text: str, width: int = 2, first: bool = False) -> str:
    if not 0 <= width <= 100:
        raise _Refusal("indent by at most 100")
    lines = text.splitlines(keepends=True)
    return "".join(
        line if (number == 0 and not first) or not line.strip() else " " * width + line
        for number, line in enumerate(lines)
    )
