"""Compiles as much of one schema as the documents of a run need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from renderer.schema.bundle import Definition
from renderer.schema.part import names_in, part
from renderer.schema.values import Node

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

# A part compiles in less time than the whole, which a run over one app notices. Later parts know more names.
# Where documents differ, or are many, the whole is cheaper: it needs no look at the names in a document.
_PARTS = 3
OURS = 500  # documents whose names take as long to look at as a part saves: of App, nine tenths of 13 ms
MANIFESTS = 50  # the same of manifests: about 1 ms

Source = Callable[[], tuple[Node, Definition]]


class Judge:
    """The validators of one schema: `whole` gives all of it, and `source` what parts are made of.

    After so many documents (`few`) it compiles the whole.
    """

    def __init__(self, whole: Callable[[], Node | str], source: Source, few: int = OURS) -> None:
        self._schema, self._source, self._few = whole, source, few
        self._whole: Draft7Validator | None = None
        self._part: tuple[frozenset[str], Draft7Validator | None] = (frozenset(), None)
        self._parts = self._documents = 0

    def whole(self) -> Draft7Validator:
        """The validator of the whole schema."""
        if self._whole is None:
            self._whole = _compile(self._schema())
        return self._whole

    def of(self, document: Any) -> Draft7Validator:
        """A validator that finds in this document the errors that the whole schema finds."""
        self._documents += 1
        if self._whole is not None or self._documents > self._few:
            return self.whole()
        names, validator = self._part
        needed = names_in(document)
        if validator is not None and needed <= names:
            return validator
        if self._parts == _PARTS:
            return self.whole()
        self._parts += 1
        names |= needed
        validator = _compile(part(*self._source(), names))
        self._part = names, validator
        return validator


def _compile(schema: Node | str) -> Draft7Validator:
    from jsonschema_rs import Draft7Validator, RegexOptions

    # Patterns in linear time, for any document; formats are checked, as kubeconform does for draft-07.
    return Draft7Validator(schema, validate_formats=True, pattern_options=RegexOptions())
