"""Files that are merged with others before they count: what is missing there, or null, is no fault yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator, ValidationError

_MISSING = frozenset({"required", "minProperties", "dependencies"})


def without_nulls(data: Any) -> Any:
    """`data` without the mapping keys whose value is null; lists are kept as they are, for they replace whole lists."""
    if not isinstance(data, dict):
        return data
    return {key: without_nulls(value) for key, value in data.items() if value is not None}


def only_missing(validator: Draft7Validator, data: Any, *, nulls: bool = False) -> bool:
    """Whether all that is wrong is that something is missing; with `nulls`, or that a value is null."""
    return all(_missing(error, nulls) for error in validator.iter_errors(data))


def says_missing(keyword: str) -> bool:
    """Whether a JSON Schema keyword is about fields that are not there."""
    return keyword in _MISSING


def _missing(error: ValidationError, nulls: bool) -> bool:
    if says_missing(error.kind.name) or (nulls and error.instance is None):
        return True
    forms: Iterable[list[ValidationError]] = getattr(error.kind, "context", ())
    return any(form and all(_missing(each, nulls) for each in form) for form in forms)
