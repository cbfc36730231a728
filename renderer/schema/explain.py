"""Explains a refusal: all faults of a document by one schema, sorted, the consequences of others left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from renderer.schema.checker import Checker
from renderer.schema.faults import faults
from renderer.schema.leaves import Scene
from renderer.schema.tree import Tree
from renderer.schema.values import Fault, Node, in_order, pointer

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_BASIC = ("wrong-type", "null-value")


def explain(schema: Node, decider: Draft7Validator, data: Any) -> list[Fault]:
    """Every fault of `data` by a self-contained schema, by which `decider` has refused it; sorted by pointer."""
    found = in_order(_plainest(_faults_of(_scene(schema), data)))
    return found or [_unexplained(decider, data)]


def explain_partial(schema: Node, decider: Draft7Validator, data: Any, kept: Any) -> list[Fault]:
    """The faults of a file that is merged with others, by the relaxed schema and `decider` for it.

    `kept` is `data` without the nulls of its mappings; a field that does not exist is wrong with null, too.
    """
    scene = _scene(schema)
    found = {fault for fault in _faults_of(scene, data) if fault.rule == "unknown-field"}
    if not decider.is_valid(kept):
        found |= {fault for fault in _faults_of(scene, kept) if fault.rule != "unknown-field"}
    return in_order(_plainest(found))


def _scene(schema: Node) -> Scene:
    return Scene(Tree(schema), Checker(schema))


def _faults_of(scene: Scene, data: Any) -> set[Fault]:
    try:
        return {fault for refusal in scene.checker.refusals(data) for fault in faults(refusal, scene)}
    except RecursionError:
        return {Fault("", "conflict", "nested too deep to be explained")}


def _plainest(found: set[Fault]) -> set[Fault]:
    """Where a value has the wrong type or is missing, that alone: the rest follows from it."""
    basic = {fault.pointer: fault for fault in in_order(found) if fault.rule in _BASIC}
    return {basic.get(fault.pointer, fault) for fault in found}


def _unexplained(decider: Draft7Validator, data: Any) -> Fault:
    """For a refusal that jsonschema does not share: never seen, and still no reason to say nothing."""
    place = next((error.instance_path for error in decider.iter_errors(data)), [])
    return Fault(pointer(tuple(place)), "conflict", "this does not fit the schema")
