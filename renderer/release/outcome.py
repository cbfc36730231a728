"""What a verb gives: fields of the spec to write, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Spec = Mapping[str, Any]
Wanted = dict[str, Any]  # fields of the effective spec and their new values; ABSENT removes a field


class Refusal(NamedTuple):
    """Why a verb does not fit the state, and which one does."""

    message: str


Outcome = Wanted | Refusal
