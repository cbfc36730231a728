"""Turns a refusal into faults: by a table for keywords about one value, by what is inside for keywords with schemas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from renderer.plain import pointer_of
from renderer.schema import words
from renderer.schema.branches import Form, forms_of, lacking, meant, telling
from renderer.schema.checker import RefusedValue
from renderer.schema.conditions import because
from renderer.schema.fields import unknown_among
from renderer.schema.leaves import LEAVES, Leaf, Scene, instead, not_allowed, not_here, null, wrong_type
from renderer.schema.tree import allowed
from renderer.schema.values import Fault

_NULLABLE = frozenset({"type", "enum", "const", "anyOf", "oneOf"})
_OUT_OF_RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_RULES = {"pattern": "bad-format", "format": "bad-format", "const": "not-allowed-value", "enum": "not-allowed-value"}


def faults(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    """A refusal in words; it may be several faults."""
    message = refusal.schema.get("x-rollspec-message")
    if refusal.instance is None and refusal.keyword in _NULLABLE:
        yield null(refusal, scene)
    elif message and refusal.keyword != "type":
        yield Fault(pointer_of(refusal.tokens), _rule(refusal.keyword), str(message))
    else:
        yield from (_HOLDERS.get(refusal.keyword) or LEAVES.get(refusal.keyword, not_here))(refusal, scene)


def _rule(keyword: str) -> str:
    return "out-of-range" if keyword in _OUT_OF_RANGE else _RULES.get(keyword, "conflict")


def _forms(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    """No form fits: the faults by the form that was meant."""
    forms = forms_of(refusal, scene.tree)
    fitting = [form for form in forms if scene.tree.takes_type_of(refusal.instance, form.schema)]
    if not forms:
        yield _several(refusal, scene)
    elif isinstance(refusal.instance, (dict, list)) and fitting:
        yield from _structure(fitting, refusal, scene)
    else:
        yield from _scalar(fitting, refusal, scene)


def _structure(fitting: list[Form], refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    if len(fitting) > 1 and (fields := lacking(fitting)):
        yield Fault(pointer_of(refusal.tokens), "missing-field", f"one of {words.listed(fields)} is missing")
    elif len(fitting) > 1 and (clue := telling(fitting)):
        field, values = clue
        yield not_allowed(refusal.instance[field], values, (*refusal.tokens, field))
    else:
        for each in meant(fitting, refusal.instance, scene.tree).refusals:
            yield from faults(each, scene)


def _scalar(fitting: list[Form], refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    """A scalar, or a value whose type no form accepts."""
    own = refusal.schema.get("x-rollspec-expected")
    ranged = [each for form in fitting for each in form.refusals if each.keyword in _OUT_OF_RANGE]
    if len(fitting) == 1 and (ranged or not own):
        for each in fitting[0].refusals:
            yield from faults(each, scene)
    elif fitting:
        yield instead(refusal.instance, own or scene.tree.expected(refusal.schema), refusal.tokens)
    elif own and not isinstance(refusal.instance, (dict, list)):
        yield instead(refusal.instance, own, refusal.tokens, "wrong-type")
    else:
        yield wrong_type(refusal.instance, scene.tree.types(refusal.schema), refusal.tokens)


def _several(refusal: RefusedValue, scene: Scene) -> Fault:
    """More than one form of a `oneOf` fits."""
    forms = [scene.tree.resolve(form) for form in refusal.value if scene.checker.fits(form, refusal.instance)]
    given = refusal.instance if isinstance(refusal.instance, dict) else {}
    fields = dict.fromkeys(field for form in forms for field in form.get("required", ()) if field in given)
    several = "this fits several forms, but only one may be used"
    text = f"only one of {words.listed(fields)} may be given" if len(fields) > 1 else several
    return Fault(pointer_of(refusal.tokens), "conflict", text)


def _condition(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    """What `then` or `else` refuses; a field that another field makes necessary is named with that field."""
    reason = because(refusal.schema, refusal.instance)
    for each in refusal.within:
        if each.keyword == "required" and not each.relative and reason:
            lost = [words.name(field) for field in each.value if field not in each.instance]
            yield Fault(pointer_of(refusal.tokens), "conflict", f"{reason} needs {words.either(lost, last='and')}")
        else:
            yield from faults(each, scene)


def _keys(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    """A key of a mapping is refused: in the same words as a value."""
    key: Any = refusal.instance
    # `NAME=value` as a key of `env`: what follows the `=` may be a secret, in the pointer too.
    hidden = "=" in key and words.secret(refusal.tokens)
    said = key.partition("=")[0] + "=..." if hidden else key
    found = pointer_of(refusal.tokens if hidden else (*refusal.tokens, key))
    for each in refusal.within:
        if options := allowed(each.schema):
            yield Fault(found, "unknown-field", unknown_among(said, options))
        else:
            leaf = LEAVES.get(each.keyword, not_here)
            yield from (fault._replace(pointer=found) for fault in leaf(replace(each, instance=said, tokens=()), scene))


_HOLDERS: dict[str, Leaf] = {"anyOf": _forms, "oneOf": _forms, "if": _condition, "propertyNames": _keys}
