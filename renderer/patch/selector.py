"""Label selectors in the text form of Kubernetes: `app=web,tier!=db,track in (canary, stable),!legacy`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from renderer.lazy import regex

_PREFIX: Final = r"(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)"
_NAME: Final = r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]"
_KEY: Final = regex(rf"{_PREFIX}?{_NAME}")
_VALUE: Final = regex(rf"(?:{_NAME})?")
# Every repetition is possessive: it never gives back what it matched, so a hostile selector is scanned only once.
_REQUIREMENT: Final = regex(
    r"\s*+(?P<not>!)?\s*+(?P<key>[^\s=!(),<>]++)\s*+"
    r"(?:(?P<op>==|=|!=|<|>)\s*+(?P<value>[^\s=!(),<>]*+)|(?P<set>in|notin)\s*+\((?P<values>[^=!()<>]*+)\))?"
    r"\s*+(?P<end>,|$)"
)


class Requirement(NamedTuple):
    """One condition of a selector: `values` are those of the operator, `negated` for `!key`, `!=` and `notin`."""

    key: str
    operator: str  # exists, in, <, >
    values: frozenset[str]
    negated: bool

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return (value is not None) != self.negated
        if self.operator == "in":
            return (value in self.values) != self.negated
        if value is None or not _INTEGER.fullmatch(value):
            return False
        limit = int(min(self.values))
        return int(value) < limit if self.operator == "<" else int(value) > limit


_INTEGER: Final = regex(r"[+-]?[0-9]{1,18}")


@lru_cache(maxsize=256)
def parse_selector(text: str) -> tuple[Requirement, ...] | str:
    """The requirements, which must all be met, or a message about the text."""
    found: list[Requirement] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _REQUIREMENT.match(text, position)
        if match is None:
            return f"cannot read {text[position:]!r}: write key=value, key!=value, key in (a, b), key or !key"
        requirement = _requirement(match)
        if isinstance(requirement, str):
            return requirement
        found.append(requirement)
        position = match.end()
        if match["end"] and position == len(text):
            return "there is a comma at the end"
    return tuple(found)


def _requirement(match: re.Match[str]) -> Requirement | str:
    key, operator = match["key"], match["op"] or match["set"] or "exists"
    values = frozenset(_values(match))
    if match["not"] and operator != "exists":
        return f"!{key} cannot have {operator}"
    if not _KEY.fullmatch(key) or len(key.rpartition("/")[0]) > 253:
        return f"{key!r} is not a valid label key"
    for value in sorted(values):
        if not _VALUE.fullmatch(value):
            return f"{value!r} is not a valid label value"
        if operator in ("<", ">") and not _INTEGER.fullmatch(value):
            return f"{operator} needs an integer, not {value!r}"
    negated = bool(match["not"]) or operator in ("!=", "notin")
    return Requirement(key, operator if operator in ("exists", "<", ">") else "in", values, negated)


def _values(match: re.Match[str]) -> list[str]:
    if match["op"]:
        return [match["value"]]
    return [value.strip() for value in match["values"].split(",")] if match["set"] else []
