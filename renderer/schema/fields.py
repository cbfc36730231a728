"""What to say about an unknown field: what was probably meant, where it belongs, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from renderer.lazy import regex
from renderer.schema.patterns import Matches
from renderer.schema.tree import Tree
from renderer.schema.values import Node, Tokens
from renderer.schema.words import either, listed, name

_SAME = 1.0  # difflib's ratio of words that differ in case or `_` alone
_NEARLY = 0.8
_LIKE = 0.7
_LIKE_SHORT = 0.6  # `tga` and `tag`
_SHORT = 4
_PART = regex("[A-Z]?[^A-Z]+|[A-Z]+")  # a word of `minReplicas`
_LONGEST = 64  # longest word that is compared with others
_OTHER: dict[Tokens, str] = {("spec",): "metadata", ("metadata",): "spec"}  # the other half of a document
_MAX_CANDIDATES = 3  # if the field exists in more mappings than that, none of them is a probable one
_WHOLE = "pod"  # but if one of them is a whole PodSpec, the others have a field of the same name for a part of it
_OF_EVERY_APP = "defaults"  # of an overlay: any field of an app


def unknown_field(key: str, taken: Iterable[str], schema: Node, tokens: Tokens, tree: Tree) -> str:
    """The message for the field `key` of the mapping at `tokens`, which also has the fields `taken`."""
    fields = list(tree.fields(schema))
    if tokens and key == tokens[-1]:
        return f"`{key}` is inside `{key}`: move its fields one level up"
    elsewhere = _below(key, schema, tree, tokens) or _above(key, tokens, tree)
    if elsewhere and not near(key, fields, _SAME):
        return f"unknown field {name(key)} here; {elsewhere}"
    message = unknown_among(key, fields, frozenset(taken))
    is_of_overlay = tokens == ("spec",) and _OF_EVERY_APP in fields and "did you mean" not in message
    return f"{message}; a field of every app belongs under {name(_OF_EVERY_APP)}" if is_of_overlay else message


def unknown_among(key: str, fields: Iterable[str], taken: Collection[str] = ()) -> str:
    """The message for a field that is not one of `fields`; the mapping already has the fields `taken`."""
    known = list(fields)
    free = [field for field in known if field not in taken]
    if alike := near(key, known, _NEARLY) or _part(key, known) or near(key, known):
        there = ", which is already here" if alike in taken else ""
        return f"unknown field {name(key)}; did you mean {name(alike)}{there}?"
    allowed = f"allowed here: {listed(free)}" if free else "no further field is allowed here"
    return f"unknown field {name(key)}; {allowed}"


def near(word: str, options: Iterable[str], least: float | None = None) -> str | None:
    """The option that was probably meant; None if none is similar to the word."""
    if len(word) > _LONGEST:
        return None
    folded = {_fold(option): option for option in reversed(list(options))}
    cutoff = least or (_LIKE_SHORT if len(word) <= _SHORT else _LIKE)
    close = difflib.get_close_matches(_fold(word), list(folded), n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def _part(word: str, options: Collection[str]) -> str | None:
    """The longest option that begins the word (`env`, `environment`), or the only one that the word begins or ends."""
    folded, least = _fold(word), _SHORT - 1
    begun = [option for option in options if len(option) >= least and folded.startswith(_fold(option))]
    if begun:
        return max(begun, key=len)
    parts = {option: [_fold(part) for part in _PART.findall(option)] for option in options}
    found = [option for option, words in parts.items() if len(folded) >= least and folded in (words[0], words[-1])]
    return found[0] if len(found) == 1 else None


def extras(instance: dict[str, Any], schema: Node, matches: Matches) -> list[str]:
    """The keys that `additionalProperties: false` refuses."""
    patterns = schema.get("patternProperties", {})
    unknown = (key for key in instance if key not in schema.get("properties", {}))
    return [key for key in unknown if not any(matches(pattern, key) for pattern in patterns)]


def _below(key: str, schema: Node, tree: Tree, tokens: Tokens) -> str:
    """Where a mapping here has the field, or the metadata or the spec of the document."""
    other = _OTHER.get(tokens)
    if other and key in tree.fields(tree.at((other,))):
        return f"did you mean {name(f'{other}.{key}')}?"
    candidates = [f"{field}.{key}" for field, node in tree.fields(schema).items() if key in tree.fields(node)]
    if len(candidates) > _MAX_CANDIDATES:
        candidates = [each for each in candidates if each == f"{_WHOLE}.{key}"]
    return f"did you mean {either(map(name, candidates))}?" if candidates else ""


def _above(key: str, tokens: Tokens, tree: Tree) -> str:
    for up in range(1, len(tokens) + 1):
        if isinstance(tokens[-up], str) and key in tree.fields(tree.at(tokens[:-up])):
            return f"it belongs {'one level' if up == 1 else f'{up} levels'} up, next to {name(tokens[-up])}"
    return ""


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
