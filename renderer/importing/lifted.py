"""An app that is lifted from the objects of its workload: its spec so far, and what became of each object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from renderer.importing.source import SourceObject

SERVICES_FIELD = "`services`"  # the field of a Service besides the app's own
JOBS_FIELD = "`jobs`"
Field = tuple[SourceObject, str]  # an object, and the field of the spec that says what it says


@dataclass(frozen=True, slots=True)
class Lifted:
    """An app: its spec, the objects that became fields of it, and those that go along as they are."""

    name: str
    namespace: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    fields: tuple[Field, ...]
    extras: tuple[SourceObject, ...]
    notes: tuple[str, ...]
    main: int = 0  # which container of the source is the app's

    @property
    def objects(self) -> tuple[SourceObject, ...]:
        """All objects of the app."""
        return (*(each for each, _ in self.fields), *self.extras)

    def plus(self, spec: Mapping[str, Any], fields: Iterable[Field] = (), notes: Iterable[str] = ()) -> Lifted:
        """The app with further fields of its spec, the objects that became these, and notes about them."""
        return replace(self, spec={**self.spec, **spec}, fields=(*self.fields, *fields), notes=(*self.notes, *notes))

    def without(self, key: str) -> Lifted:
        """The app without a field of its spec."""
        return replace(self, spec={name: value for name, value in self.spec.items() if name != key})

    def has(self, found: SourceObject) -> bool:
        """Whether the object became a field already."""
        return any(each is found for each, _ in self.fields)
