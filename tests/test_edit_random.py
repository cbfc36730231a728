"""Edits of random specs in random styles: the data is exactly what was asked for, and only the lines meant change."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.edit import Remove, Set, edit
from renderer.edit.operations import applied
from renderer.yamlio import load
from renderer.yamlio.nodes import CollectionEntry, Node, line_end, line_start, tree
from tests.support.spec_texts import KEYS, random_data, random_scalar, random_spec, render

Operation = Set | Remove
COMMENT = re.compile(r"# (?:note|a: b|it is|\[|- x) \d+")


def escaped(name: str | int) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def paths(data: Any, pointer: str = "") -> list[tuple[str, Any]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [(pointer, data), *(each for name, value in pairs for each in paths(value, f"{pointer}/{escaped(name)}"))]


def random_operation(data: Any, random: Random) -> Operation:
    pointer, value = random.choice(paths(data)[1:] or [("", data)])
    kind = random.random()
    if pointer and kind < 0.3:
        return Remove(pointer)
    if pointer and kind < 0.6:
        return Set(pointer, random_scalar(random) if random.random() < 0.6 else random_data(random, 2))
    if isinstance(value, list):
        return Set(f"{pointer}/-", random_data(random, 2))
    if not isinstance(value, dict):
        pointer, value = "", data
    return Set(
        f"{pointer}/{escaped(random.choice(KEYS))}", random_scalar(random) if kind < 0.8 else random_data(random, 2)
    )


def meant(text: str, operation: Operation) -> tuple[int, int] | None:
    """The span of whole lines that an operation may change; None where it may only add."""
    found: list[tuple[Node, CollectionEntry | None]] = [(tree(text), None)]
    names = operation.pointer.split("/")[1:]
    for name in names:
        entry = next((each for each in found[-1][0].entries if escaped(each.name) == name), None)
        if entry is None:
            break
        found.append((entry.value, entry))
    added = len(found) <= len(names)
    if isinstance(operation, Remove) and len(found) > 1 and len(found[-2][0].entries) == 1:
        found.pop()  # its collection gets empty
    while any(node.style == "flow" for node, _ in found[:-1]):
        found.pop()
    node, entry = found[-1]
    if added and node.style == "block":
        return None
    if entry is None:
        return line_start(text, node.start), line_end(text, node.end)
    start, end = line_start(text, entry.start), end_with_comments(text, entry)
    following = [each.start for each in found[-2][0].entries if each.start > entry.start]
    if following and text[start : entry.start].strip():
        return len(text[: entry.start].rstrip(" ")), following[0]  # beside a dash: the next one moves up
    return start, end


def end_with_comments(text: str, entry: CollectionEntry) -> int:
    """The entry's last line, comments that are indented deeper than it included."""
    indent = entry.start - line_start(text, entry.start)
    end = at = line_end(text, entry.end)
    for line in re.split(r"(?<=\n)", text[at:])[1:]:
        at += len(line)
        content = line.strip()
        if content and not (content.startswith("#") and len(line) - len(line.lstrip(" ")) > indent):
            break
        end = line_end(text, text.index(content, end)) if content else end
    return end


def ends_in_open_text(text: str) -> bool:
    """A `|` block whose last line has no break: what follows it has to change its header."""
    node = tree(text)
    while node.entries and node.style == "block":
        node = node.entries[-1].value
    return node.style in ("|", ">") and not text.endswith("\n")


def common(one: str, other: str) -> int:
    """How many characters they begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def check(text: str, operation: Operation) -> str:
    """Edit, and hold the result against the operation; the new text."""
    data, _ = load(text.encode(), "")
    after = edit(text, [operation])
    again, problems = load(after.encode(), "")
    assert problems == []
    assert json.dumps(again) == json.dumps(applied(data, operation))
    if ends_in_open_text(text) or ends_in_open_text(after):
        return after
    span = meant(text, operation)
    if isinstance(operation, Remove) and re.search(r"/\d+\Z", operation.pointer):
        return after  # of several items that are the same any one may go
    if span is None:
        kept = common(text, after)
        assert text[kept:] == after[len(after) - len(text) + kept :], "a new key only adds lines"
        return after
    before, behind = text[: span[0]], text[span[1] :]
    if not behind.strip():  # a last line without a break takes the one before it along
        before, behind = before.rstrip("\r\n"), ""
    assert after.startswith(before)
    assert after.endswith(re.sub(r"\A\r?\n", "", behind))
    return after


def check_all(data: dict[str, Any], random: Random, count: int) -> None:
    text = render(data, random)
    for _ in range(count):
        operation = random_operation(data, random)
        wanted = applied(data, operation)
        if isinstance(wanted, dict):
            text, data = check(text, operation), wanted


@pytest.mark.parametrize("seed", range(200))
def test_specs_as_people_write_them(seed: int) -> None:
    random = Random(seed)
    check_all(random_spec(random), random, 8)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=True))
def test_any_data_in_any_style(random: Random) -> None:
    data = random_data(random)
    check_all(data if isinstance(data, dict) else {"a": data}, random, 3)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=True))
def test_several_operations_are_one_edit(random: Random) -> None:
    spec = random_spec(random)
    operations = []
    wanted: Any = spec
    for _ in range(4):
        operation = random_operation(wanted, random)
        after = applied(wanted, operation)
        if isinstance(after, dict):
            operations.append(operation)
            wanted = after
    text = edit(render(spec, random), operations)
    assert json.dumps(load(text.encode(), "")[0]) == json.dumps(wanted)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=True))
def test_what_is_added_and_taken_away_again_leaves_no_trace(random: Random) -> None:
    spec = random_spec(random)
    text = render(spec, random)
    value = random.choice([random_scalar(random), {"tag": "1.0", "weight": 20}])
    there = edit(text, [Set("/spec/previous", value)])
    back = edit(there, [Remove("/spec/previous")])
    assert back == text or ends_in_open_text(text) or (tree(text).style == "flow")


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=True))
def test_an_order_of_keys_is_kept_and_no_comment_is_lost(random: Random) -> None:
    spec = random_spec(random)
    text = render(spec, random)
    inner = spec["spec"]
    shuffled = {key: inner[key] for key in random.sample(list(inner), len(inner))}
    after = edit(text, [Set("/spec", shuffled)])
    again: Any = load(after.encode(), "")[0]
    assert list(again["spec"]) == list(shuffled)
    assert sorted(COMMENT.findall(text)) == sorted(COMMENT.findall(after))


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=True))
def test_where_line_breaks_differ_every_other_line_keeps_its_own(random: Random) -> None:
    text = re.sub("\r?\n", lambda _: random.choice(["\n", "\r\n"]), render(random_spec(random), random))
    operation = random_operation(load(text.encode(), "")[0], random)
    after = check(text, operation)
    if meant(text, operation) is None and text.endswith("\n") and not ends_in_open_text(text):
        old, new = (re.split(r"(?<=\n)", each) for each in (text, after))
        head = next(count for count, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
        assert new[len(new) - len(old) + head :] == old[head:], "a new key only adds lines"
