"""The form of an `anyOf` or `oneOf` that was meant: by type, by a value that only one form has, or by the fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from renderer.schema.checker import RefusedValue
from renderer.schema.fields import near
from renderer.schema.tree import Tree, allowed
from renderer.schema.values import Node


@dataclass(frozen=True)
class Form:
    """One form, with its references resolved, and what it refuses of the value."""

    schema: Node
    refusals: tuple[RefusedValue, ...]

    @property
    def lacks(self) -> list[str]:
        """The missing fields, if nothing else is wrong with the value."""
        if any(each.keyword != "required" or each.relative for each in self.refusals):
            return []
        return [field for each in self.refusals for field in each.value if field not in each.instance]

    @property
    def denied(self) -> dict[str, list[Any]]:
        """Fields whose value says that this form is not meant, and the values that would say that it is."""
        fixed = (each for each in self.refusals if each.keyword in ("const", "enum") and len(each.relative) == 1)
        return {str(each.relative[0]): allowed(each.schema) for each in fixed}


def forms_of(refusal: RefusedValue, tree: Tree) -> list[Form]:
    """The forms of a refused `anyOf` or `oneOf`; none if it was refused because several fit."""
    found: dict[int, list[RefusedValue]] = {}
    for each in refusal.within:
        found.setdefault(each.form, []).append(each)
    return [Form(tree.resolve(refusal.value[form]), tuple(refusals)) for form, refusals in sorted(found.items())]


def lacking(forms: Sequence[Form]) -> list[str]:
    """The fields of which one must be given, if every form lacks fields and nothing else is wrong."""
    missing = [form.lacks for form in forms]
    return list(dict.fromkeys(field for each in missing for field in each)) if all(missing) else []


def telling(forms: Sequence[Form]) -> tuple[str, list[Any]] | None:
    """The field that distinguishes the forms, and its allowed values, if its value fits none of them."""
    for field in forms[0].denied:
        if all(field in form.denied for form in forms):
            values = [value for form in forms for value in form.denied[field]]
            return field, list(dict.fromkeys(values))
    return None


def meant(forms: Sequence[Form], value: Any, tree: Tree) -> Form:
    """The likeliest form: no value speaks against it, it knows the most fields, refuses the least, and comes first."""
    return min(forms, key=lambda form: (len(form.denied), -_known(form, value, tree), len(form.refusals)))


def _known(form: Form, value: Any, tree: Tree) -> float:
    """How many of the value's fields the form has; a field with a similar name counts half."""
    if not isinstance(value, dict):
        return 0
    fields = tree.fields(form.schema)
    return sum(1 if key in fields else 0.5 if near(key, fields) else 0 for key in value)
