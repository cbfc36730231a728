"""The only user of jsonschema: all that it refuses in a document, where jsonschema-rs judges the single values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from jsonschema_rs import Draft7Validator as Decider
from jsonschema_rs import RegexOptions

from renderer.schema.values import Node, Tokens


@dataclass(frozen=True)
class RefusedValue:
    """One keyword that refuses one value.

    `tokens` leads to the value from the document, `relative` from the value that the holder refuses. `schema` is the
    node that has the keyword, and `value` is what the keyword says there. `within` is what the schemas inside the
    keyword (anyOf, oneOf, if, propertyNames) refuse, each with the `form` of an anyOf or oneOf that it belongs to.
    """

    keyword: str
    value: Any
    instance: Any
    schema: Node
    tokens: Tokens
    relative: Tokens = ()
    form: int = 0
    within: tuple[RefusedValue, ...] = ()


class Checker:
    """One self-contained schema that reports everything it refuses."""

    def __init__(self, schema: Node) -> None:
        self._compiled: dict[tuple[str, str], Decider] = {}
        self._validator = self._made(schema)

    def refusals(self, data: Any) -> Iterator[RefusedValue]:
        """What the schema refuses in `data`; may raise RecursionError if it is nested hundreds of levels deep."""
        return map(_refusal, self._validator.iter_errors(data))

    def fits(self, node: Any, value: Any) -> bool:
        """Whether a value is valid by one node of the schema."""
        return bool(self._validator.evolve(schema=node).is_valid(value))

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern is found in the text, in linear time."""
        return self._decide("pattern", pattern, text)

    def _decide(self, keyword: str, value: str, text: str) -> bool:
        if (keyword, value) not in self._compiled:
            options = RegexOptions()
            self._compiled[keyword, value] = Decider({keyword: value}, validate_formats=True, pattern_options=options)
        return self._compiled[keyword, value].is_valid(text)

    def _made(self, schema: Node) -> Validator:
        keywords: dict[str, Callable[..., Iterator[ValidationError]]] = {
            "pattern": lambda _validator, pattern, text, _schema: self._text("pattern", pattern, text),
            "format": lambda _validator, name, text, _schema: self._text("format", name, text),
            "propertyNames": _property_names,
            "if": _if,
        }
        types = Draft7Validator.TYPE_CHECKER.redefine("number", _is_number).redefine("integer", _is_integer)
        made: Validator = extend(Draft7Validator, keywords, type_checker=types)(schema)  # type: ignore[no-untyped-call]
        return made

    def _text(self, keyword: str, value: str, text: Any) -> Iterator[ValidationError]:
        if isinstance(text, str) and not self._decide(keyword, value, text):
            yield ValidationError("")


def _refusal(error: ValidationError) -> RefusedValue:
    path = list(error.relative_schema_path)
    return RefusedValue(
        keyword=str(error.validator),
        value=error.validator_value,
        instance=error.instance,
        schema=dict(error.schema) if isinstance(error.schema, dict) else {},
        tokens=tuple(error.absolute_path),
        relative=tuple(error.relative_path),
        form=path[0] if path and isinstance(path[0], int) else 0,
        within=tuple(_refusal(each) for each in error.context or ()),
    )


def _property_names(validator: Any, names: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """One error per key, with the key as its instance and what is wrong with it as its context."""
    for key in instance if isinstance(instance, dict) else ():
        if errors := list(validator.descend(key, names)):
            yield ValidationError("", instance=key, context=errors)


def _if(validator: Any, condition: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """One error, with the errors of the applying branch as its context, so that the message can name the condition."""
    branch = "then" if validator.evolve(schema=condition).is_valid(instance) else "else"
    if branch in schema and (errors := list(validator.descend(instance, schema[branch], schema_path=branch))):
        yield ValidationError("", context=errors)


def _is_number(_checker: Any, value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(_checker: Any, value: Any) -> bool:
    return _is_number(_checker, value) and (isinstance(value, int) or value.is_integer())
