"""A Jinja2 environment for templates of people we do not trust: no code, no clock, no files, bounded work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from renderer.yamlio import dump, plain_or_quoted

MAX_STEPS = 100_000  # loop rounds and macro calls of one rendering
MAX_TEXT = 1_000_000  # characters that one operation or one rendering may make
_FILTERS = (
    "abs", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby",
    "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "reverse", "round", "select", "selectattr", "slice", "sort", "string", "sum", "title",
    "trim", "truncate", "unique", "upper",
)  # fmt: skip


class Budget:
    """The work that one rendering may still do."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self) -> None:
        """Take one step off; SecurityError where none is left."""
        self.left -= 1
        if self.left < 0:
            raise SecurityError(f"the template takes more than {MAX_STEPS} steps")

    def over(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each for a step."""
        for item in items:
            self.spend()
            yield item


class Sandbox(ImmutableSandboxedEnvironment):
    """Keys of mappings before methods; operators and loops counted against a budget."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self, budget: Budget) -> None:
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        self.globals = {"range": self._range, "dict": dict}
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters["bounded"] = budget.over
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
            raise SecurityError(f"`{operator}` is for small numbers only")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "bounded", [], [], None, None)
        if any(tree.find_all((nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends))):
            raise SecurityError("a template stands alone: no include, import or extends")
        if any(loop.recursive for loop in tree.find_all(nodes.For)) or any(tree.find_all(nodes.Macro)):
            raise SecurityError("macros and recursive loops are not for these templates")
        return tree

    @staticmethod
    def _range(*bounds: int) -> range:
        found = range(*bounds)
        if len(found) > MAX_STEPS:
            raise SecurityError(f"a range of more than {MAX_STEPS}")
        return found


def render_text(source: str, context: dict[str, Any]) -> str:
    """The template's text; raises jinja2.TemplateError, or what its own operators raise (TypeError, ...)."""
    budget = Budget()
    parts, size = [], 0
    for part in Sandbox(budget).from_string(source).generate(context):
        size += len(part)
        if size > MAX_TEXT:
            raise SecurityError(f"the template makes more than {MAX_TEXT} characters")
        parts.append(part)
    return "".join(parts)


def _indent(text: str, width: int = 2, first: bool = False) -> str:
    if not 0 <= width <= 100:
        raise SecurityError("indent by at most 100")
    lines = text.splitlines(keepends=True)
    return "".join(
        line if (number == 0 and not first) or not line.strip() else " " * width + line
        for number, line in enumerate(lines)
    )
