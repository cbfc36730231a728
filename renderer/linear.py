"""Regular expressions of a file, which may be hostile: matched in time that grows with the text alone."""

from __future__ import annotations

from functools import lru_cache

_SIZE = 1 << 20  # bytes of a compiled pattern: `.{1,1900}` would need two million


class Pattern:
    """A regular expression that must match a whole text, in linear time like Go's.

    Raises ValueError for a pattern that it does not support.
    """

    def __init__(self, text: str) -> None:
        from jsonschema_rs import Draft7Validator, RegexOptions, ValidationError  # most commands match no pattern

        options = RegexOptions(size_limit=_SIZE, dfa_size_limit=_SIZE)
        try:
            validator = Draft7Validator({"pattern": f"^(?:{text})$"}, pattern_options=options)
        except ValidationError as error:
            raise ValueError(f"not a pattern of this engine: {text!r}") from error
        self._is_valid = lru_cache(maxsize=256)(validator.is_valid)  # the objects of all apps are of a few kinds

    def fits(self, value: str) -> bool:
        """Whether the whole value matches."""
        return self._is_valid(value)
