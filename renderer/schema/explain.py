"""Explains refusals: all faults of a document by one schema, sorted, without those that only follow from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from renderer.plain import pointer_of
from renderer.schema.checker import Checker
from renderer.schema.faults import faults
from renderer.schema.leaves import Scene
from renderer.schema.tree import Tree
from renderer.schema.values import Fault, Node, Tokens, in_order

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_BASIC = ("wrong-type", "null-value")
_EXPLAINED = 300  # faults of one document; further ones are only counted


class Explainer:
    """One self-contained schema, and its validator of jsonschema-rs, which decides."""

    def __init__(self, schema: Node, decider: Draft7Validator) -> None:
        self._decider = decider
        self._scene = Scene(Tree(schema), Checker(schema))

    def explain(self, data: Any) -> list[Fault]:
        """Every fault of `data`, sorted by pointer; none if it is valid."""
        return [] if self._decider.is_valid(data) else in_order(self._found(data)) or [self._unexplained(data)]

    def explain_partial(self, data: Any, kept: Any) -> list[Fault]:
        """The faults of a file that is merged with others; the schema must be the relaxed one.

        `kept` is `data` without the nulls of its mappings; an unknown field is wrong even if its value is null.
        """
        unknown = {fault for fault in self._found(data) if fault.rule == "unknown-field"}
        others = {fault for fault in self.explain(kept) if fault.rule != "unknown-field"}
        return in_order(unknown | others)

    def _found(self, data: Any) -> set[Fault]:
        try:
            refusals = sorted(self._scene.checker.refusals(data), key=lambda each: pointer_of(each.tokens))
            found: set[Fault] = set()
            for refusal in refusals:
                enough = len(found) >= _EXPLAINED
                found |= {_brief(refusal.tokens)} if enough else set(faults(refusal, self._scene))
        except RecursionError:
            return {Fault("", "conflict", "nested too deeply to be explained")}
        return _plainest(found)

    def _unexplained(self, data: Any) -> Fault:
        """For a refusal that only jsonschema-rs makes: never seen, but it must not pass silently."""
        return _brief(tuple(next((error.instance_path for error in self._decider.iter_errors(data)), [])))


def _brief(tokens: Tokens) -> Fault:
    return Fault(pointer_of(tokens), "conflict", "this does not fit the schema")


def _plainest(found: set[Fault]) -> set[Fault]:
    """Leaves out faults that follow from another fault of the same value: its type, its lack, or one form of text."""
    ordered = in_order(found)
    basic = {fault.pointer: fault for fault in reversed(ordered) if fault.rule in _BASIC}
    forms = {fault.pointer: fault for fault in reversed(ordered) if fault.rule == "bad-format"}
    kept = (forms[fault.pointer] if fault.rule == "bad-format" else fault for fault in ordered)
    return {basic.get(fault.pointer, fault) for fault in kept}
