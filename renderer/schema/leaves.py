"""The messages of keywords about one value: its type, its form, its size, its fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from renderer.plain import pointer_of
from renderer.problem import plural
from renderer.schema import words
from renderer.schema.checker import Checker, RefusedValue
from renderer.schema.fields import extras, near, unknown_field
from renderer.schema.patterns import forbidden_words, format_words, pattern_words
from renderer.schema.tree import Tree, allowed
from renderer.schema.values import Fault, Node, Tokens


@dataclass(frozen=True)
class Scene:
    """What a message needs apart from the refusal: the whole schema, to look up fields and to judge values."""

    tree: Tree
    checker: Checker


_EXPLAINED = 200  # unknown fields of one mapping; each suggestion is computed from all the fields around it

Leaf = Callable[[RefusedValue, Scene], Iterator[Fault]]


def null(refusal: RefusedValue, scene: Scene) -> Fault:
    """A value is missing."""
    expected = scene.tree.expected(refusal.schema)
    write = f"write {expected}, " if expected else ""
    return Fault(pointer_of(refusal.tokens), "null-value", f"no value here; {write}or remove the line")


def wrong_type(value: Any, types: list[str], tokens: Tokens) -> Fault:
    """A value of another type than those expected."""
    return Fault(pointer_of(tokens), "wrong-type", words.type_fault(value, types, tokens))


def instead(value: Any, expected: str, tokens: Tokens, rule: str = "bad-format") -> Fault:
    """A scalar that is not what is expected."""
    number = isinstance(value, str) and "a number" in expected and value.isdecimal()
    hint = "; without quotes it is a number" if number else ""
    found = (
        f"other {words.found(value)}" if words.secret(tokens) and isinstance(value, str) else words.shown(value, tokens)
    )
    return Fault(pointer_of(tokens), rule, f"expected {expected}; found {found}{hint}")


def not_allowed(value: Any, options: list[Any], tokens: Tokens, expected: str = "") -> Fault:
    """A value that is not one of the options."""
    texts = [option for option in options if isinstance(option, str)]
    expected = expected or (words.name(options[0]) if len(options) == 1 else f"one of {words.listed(options)}")
    if (as_text := next((option for option in texts if _same_but_type(option, value)), None)) is not None:
        said = f"{words.shown(value, tokens)} is {words.found(value)} where text is expected"
        return Fault(pointer_of(tokens), "wrong-type", f"{said}: quote it: {words.scalar(as_text)}")
    if isinstance(value, (dict, list)):
        return Fault(pointer_of(tokens), "wrong-type", f"{words.found(value)} where {expected} is expected")
    is_word = isinstance(value, str) and any(map(str.isalpha, value))  # a number is not a misspelt other number
    alike = near(value, texts) if is_word and len(options) > 1 else None
    guess = f"; did you mean {words.name(alike)}?" if alike else ""
    return Fault(
        pointer_of(tokens), "not-allowed-value", f"expected {expected}; found {words.shown(value, tokens)}{guess}"
    )


def not_here(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    """A value that is not allowed here at all, or a keyword that we have no words for."""
    last = refusal.tokens[-1] if refusal.tokens else None
    what = words.name(last) if isinstance(last, str) else "this"
    yield Fault(pointer_of(refusal.tokens), "conflict", f"{what} is not allowed here")


def _same_but_type(option: str, value: Any) -> bool:
    if isinstance(value, bool):
        return option.lower() == words.scalar(value)
    try:
        return isinstance(value, int | float) and float(option) == value
    except ValueError:
        return False


def _type(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    types = [refusal.value] if isinstance(refusal.value, str) else list(refusal.value)
    fields = _fields_wanted(types, refusal, scene)
    mend = "" if fields else _items_wanted(types, refusal, scene)
    message = words.type_fault(refusal.instance, types, refusal.tokens, mend=mend) + fields
    if _lacks_unit(types, refusal, scene):
        number = words.scalar(refusal.instance)
        message = f"{number} is a number where a duration is expected: write {number}s"
    elif _is_percent(types, refusal, scene):
        message = f"{words.scalar(refusal.instance)} is a number where a percentage is expected, such as 20%"
    yield Fault(pointer_of(refusal.tokens), "wrong-type", message)


def _fields_wanted(types: list[str], refusal: RefusedValue, scene: Scene) -> str:
    """For a scalar in place of a mapping, or of a list of mappings: the fields that it needs.

    So too for a list of scalars in place of a mapping.
    """
    items, value = refusal.schema.get("items", {}), refusal.instance
    is_list = types == ["object"] and isinstance(value, list) and value and all(map(words.is_scalar, value))
    if not (words.is_scalar(value) or is_list) or types not in (["object"], ["array"]):
        return ""
    if types == ["array"] and scene.tree.takes_type_of(refusal.instance, items):
        return ""
    fields = scene.tree.fields(items if types == ["array"] else refusal.schema)
    whose = "the fields of an item" if types == ["array"] else "its fields"
    return f"; {whose}: {words.listed(fields)}" if fields else ""


def _items_wanted(types: list[str], refusal: RefusedValue, scene: Scene) -> str | None:
    """For a mapping in place of a list: how its items are written; None where nothing is known of them."""
    value, items = refusal.instance, refusal.schema.get("items", {})
    if types != ["array"] or not isinstance(value, dict) or not value or words.secret(refusal.tokens):
        return None
    fields = scene.tree.fields(items)
    if not fields:
        return 'write each item after "- ", without a key' if scene.tree.takes_type_of("", items) else None
    if not fields.keys().isdisjoint(value):
        return 'begin the item with "- "'
    if "name" not in fields:
        return f'begin each item with "- "; the fields of an item: {words.listed(fields)}'
    key = next(iter(value))
    others = words.listed([field for field in fields if field != "name"])
    return f"write `- name: {words.clean(words.shorten(str(key)))}` with its other fields: {others}"


def _lacks_unit(types: list[str], refusal: RefusedValue, scene: Scene) -> bool:
    """For a number: whether seconds would be valid, and neither the number in quotes nor any letter after it."""
    if types != ["string"] or words.type_of(refusal.instance) != "number" or words.secret(refusal.tokens):
        return False
    fits = [scene.checker.fits(refusal.schema, f"{words.scalar(refusal.instance)}{unit}") for unit in ("s", "", "x")]
    return fits == [True, False, False]


def _is_percent(types: list[str], refusal: RefusedValue, scene: Scene) -> bool:
    """For a number: whether a percentage would be valid, and the number in quotes would not."""
    if types != ["string"] or words.type_of(refusal.instance) != "number" or words.secret(refusal.tokens):
        return False
    return [scene.checker.fits(refusal.schema, text) for text in ("20%", "20", "20x")] == [True, False, False]


def _value(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    expected = refusal.schema.get("x-rollspec-expected", "")
    if refusal.schema.get("x-rollspec-newer") and type(refusal.instance) is int:
        highest = max(allowed(refusal.schema))
        if refusal.instance > highest:
            text = f"{refusal.instance} needs a newer rollspec; this one knows levels up to {highest}"
            yield Fault(pointer_of(refusal.tokens), "not-allowed-value", text)
            return
    yield not_allowed(refusal.instance, allowed(refusal.schema), refusal.tokens, expected)


def _pattern(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    expected = refusal.schema.get("x-rollspec-expected") or pattern_words(refusal.value, scene.checker.matches)
    number = "integer" in refusal.schema.get("type", ()) and "number" not in expected and "seconds" not in expected
    yield instead(refusal.instance, f"a number or {expected}" if number else expected, refusal.tokens)


def _format(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    expected = refusal.schema.get("x-rollspec-expected") or format_words(refusal.value)
    yield instead(refusal.instance, expected, refusal.tokens)


def _bound(words_for: str) -> Leaf:
    def leaf(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
        found = "this" if words.secret(refusal.tokens) else words.scalar(refusal.instance)
        bound = words_for.format(words.scalar(refusal.value))
        yield Fault(pointer_of(refusal.tokens), "out-of-range", f"{found} is {bound}")

    return leaf


def _short(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    found = len(refusal.instance)
    text = f"{plural(found, 'character')}; at least {refusal.value} are needed" if found else "the text is empty"
    yield Fault(pointer_of(refusal.tokens), "out-of-range", text)


def _long(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    text = f"{plural(len(refusal.instance), 'character')}; at most {refusal.value} are allowed"
    yield Fault(pointer_of(refusal.tokens), "out-of-range", text)


def _few(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    found = plural(len(refusal.instance), "item") if refusal.instance else "the list is empty"
    verb = "is" if refusal.value == 1 else "are"
    text = f"{found}; at least {plural(refusal.value, 'item')} {verb} needed"
    yield Fault(pointer_of(refusal.tokens), "too-few", text)


def _many(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    verb = "is" if refusal.value == 1 else "are"
    text = f"{plural(len(refusal.instance), 'item')}; at most {refusal.value} {verb} allowed"
    yield Fault(pointer_of(refusal.tokens), "too-many", text)


def _few_fields(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    free = [field for field in scene.tree.fields(refusal.schema) if field not in refusal.instance]
    what = "fields are missing here" if refusal.instance else "this is empty"
    choice = f"; give {'one of ' if len(free) > 1 else ''}{words.listed(free)}" if free else ""
    yield Fault(pointer_of(refusal.tokens), "too-few", what + choice)


def _many_fields(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    most = "one" if refusal.value == 1 else str(refusal.value)
    if refusal.value > words.MANY:
        text = f"{len(refusal.instance)} fields; at most {most} are allowed"
        yield Fault(pointer_of(refusal.tokens), "too-many", text)
        return
    yield Fault(pointer_of(refusal.tokens), "too-many", f"only {most} of {words.listed(refusal.instance)} may be given")


def _twice(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    first = {json.dumps(item, sort_keys=True): index for index, item in reversed([*enumerate(refusal.instance)])}
    texts = [json.dumps(item, sort_keys=True) for item in refusal.instance]
    index = next((index for index, text in enumerate(texts) if first[text] < index), 0)
    text = f"{words.shown(refusal.instance[index], refusal.tokens)} is twice in the list"
    yield Fault(pointer_of((*refusal.tokens, index)), "conflict", text)


def _unknown(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    keys = sorted(extras(refusal.instance, refusal.schema, scene.checker.matches))
    for number, key in enumerate(keys):
        message = f"unknown field {words.name(key)}"
        if number < _EXPLAINED:
            message = unknown_field(key, refusal.instance, refusal.schema, refusal.tokens, scene.tree)
        yield Fault(pointer_of((*refusal.tokens, key)), "unknown-field", message)


def _missing(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    closed = refusal.schema.get("additionalProperties") is False
    unknown = extras(refusal.instance, refusal.schema, scene.checker.matches) if closed else []
    for field in refusal.value:
        # A misspelt field is reported once, as an unknown field.
        if field not in refusal.instance and not near(field, unknown):
            yield Fault(pointer_of(refusal.tokens), "missing-field", f"{words.name(field)} is missing")


def _needs(refusal: RefusedValue, _scene: Scene) -> Iterator[Fault]:
    for field, needed in refusal.value.items():
        for other in needed if field in refusal.instance and isinstance(needed, list) else ():
            if other not in refusal.instance:
                yield Fault(pointer_of(refusal.tokens), "conflict", f"{words.name(field)} needs {words.name(other)}")


def _not(refusal: RefusedValue, scene: Scene) -> Iterator[Fault]:
    refused = scene.tree.resolve(refusal.value)
    if expected := forbidden_words(refused):
        yield instead(refusal.instance, expected, refusal.tokens)
    elif fields := _fields_refused(refused, refusal.instance, scene):
        one = f"{words.name(fields[0])} is not allowed here"
        text = one if len(fields) == 1 else f"only one of {words.listed(fields)} may be given"
        yield Fault(pointer_of(refusal.tokens), "conflict", text)
    elif allowed(refused):
        text = f"{words.shown(refusal.instance, refusal.tokens)} is not allowed here"
        yield Fault(pointer_of(refusal.tokens), "not-allowed-value", text)
    else:
        yield from not_here(refusal, scene)


def _fields_refused(refused: Node, value: Any, scene: Scene) -> list[str]:
    """The fields whose presence `not` forbids: `{required: [...]}`, alone or as forms of an `anyOf`."""
    if not isinstance(value, dict):
        return []
    forms = [refused, *map(scene.tree.resolve, refused.get("anyOf", ()))]
    named = [form["required"] for form in forms if "required" in form]
    return [field for fields in named for field in fields if all(each in value for each in fields)]


LEAVES: dict[str, Leaf] = {
    "type": _type,
    "enum": _value,
    "const": _value,
    "pattern": _pattern,
    "format": _format,
    "minimum": _bound("less than {}"),
    "maximum": _bound("more than {}"),
    "exclusiveMinimum": _bound("not more than {}"),
    "exclusiveMaximum": _bound("not less than {}"),
    "multipleOf": _bound("not a multiple of {}"),
    "minLength": _short,
    "maxLength": _long,
    "minItems": _few,
    "maxItems": _many,
    "uniqueItems": _twice,
    "minProperties": _few_fields,
    "maxProperties": _many_fields,
    "additionalProperties": _unknown,
    "required": _missing,
    "dependencies": _needs,
    "not": _not,
}
