"""Streams of manifests are read in pieces: nothing is lost between them, and no stream is too large."""

from __future__ import annotations

import codecs
import io
import json
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from renderer.importing.source import Source, read_source
from renderer.importing.stream import LARGE, pieces

ITEM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a{}\ndata:\n  text: |\n    ---\n    - one\n"
FILL = "  more: " + "x" * 1000 + "\n"
MADE = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod{0}\n  uid: u{0}\nspec:\n  more: " + "x" * 10_000 + "\n"


def _read(*lines: str) -> Source:
    return read_source([("stdin", "".join(lines).encode())])


def _item(text: str) -> str:
    first, *rest = text.splitlines(keepends=True)
    return f"- {first}" + "".join(f"  {line}" for line in rest)


def _list(count: int, more: str = FILL) -> Iterator[str]:
    yield "apiVersion: v1\nitems:\n"
    for number in range(count):
        yield _item(ITEM.format(number) + more)
    yield "kind: List\nmetadata:\n  resourceVersion: ''\n"


@pytest.mark.parametrize(
    "text",
    [
        "---\na: 1\n---\nb: 2\n",
        "%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n",
        "# one\n---\na: 1\n--- # two\nb: 2\n",
        "a: 1\n---\tb\n",
        "a: |\n  ---\n  b\n---\nc: '\n  ---'",
        "--- a\n--- b\n---\n---\nc",
        "",
    ],
)
def test_pieces_are_the_stream_and_the_lines_are_counted(text: str) -> None:
    found = [*pieces(text.encode().splitlines(keepends=True))]
    assert b"".join(piece.text for piece in found) == text.encode()
    lines = 0
    for piece in found:
        assert piece.line == lines
        lines += piece.text.count(b"\n")


def test_a_large_list_is_read_item_by_item() -> None:
    count = 3 * LARGE // len(FILL)
    text = [*_list(count), "---\n", *_list(2)]
    source = _read(*text)
    assert source.problems == ()
    assert source.left_out == ()
    assert [each.name for each in source.objects] == [f"a{number}" for number in range(count)]
    assert {each.data["data"]["text"] for each in source.objects} == {"---\n- one\n"}
    assert max(len(piece.text) for piece in pieces("".join(text).encode().splitlines(keepends=True))) < LARGE / 10


def test_a_large_list_in_json_is_read_item_by_item() -> None:
    items = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{number}"}, "data": {"text": "},\n]" * 500}}
        for number in range(3 * LARGE // 2000)
    ]
    text = json.dumps({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}, indent=4) + "\n"
    source = _read(text)
    assert source.problems == ()
    assert [each.data for each in source.objects] == items
    assert len([*pieces(text.encode().splitlines(keepends=True))]) == len(items)


def test_a_document_that_is_too_large_is_named_with_its_line() -> None:
    large = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  text: " + "x" * 11_000_000 + "\n"
    (problem,) = _read(ITEM.format(1), "---\n", large).problems
    assert (problem.rule, problem.line) == ("yaml-size", 9)


def test_items_may_stand_in_any_form_that_yaml_has() -> None:
    fill = (
        "# a comment\n\n"
        + _item(ITEM.format(7) + FILL)
        + "-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n"
    )
    text = "".join([*_list(2 * LARGE // len(FILL))]).replace("kind: List", fill + "kind: List")
    assert {"a7", "b"} <= {each.name for each in _read(text).objects}


def test_a_large_object_with_items_of_its_own_is_one_piece() -> None:
    text = "apiVersion: example.com/v1\nkind: Menu\nmetadata: {name: menu}\nitems:\n" + f"- {'x' * 999}\n" * 1200
    (found,) = _read(text).objects
    assert len(found.data["items"]) == 1200


def test_a_problem_names_the_line_of_the_stream() -> None:
    lines = "".join(_list(2 * LARGE // len(FILL))).splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if "name: a1999" in line or n == len(lines) - 20)
    lines[number] = "    name: [\n"
    (problem,) = _read(*lines).problems
    assert number + 1 <= problem.line <= number + 3
    (problem,) = _read("---\na: 1\n---\nb: [\n").problems
    assert problem.line >= 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_windows_saves_is_read(encoding: str, line_end: str) -> None:
    text = f"{ITEM.format('ü')}---\n{ITEM.format(2)}".replace("\n", line_end)
    source = read_source([("windows.yaml", text.encode(encoding))])
    assert (source.problems, [each.name for each in source.objects]) == ((), ["aü", "a2"])


def test_a_file_of_windows_may_come_behind_another_one() -> None:
    lines = f"{ITEM.format(1)}---\n\ufeff{ITEM.format(2)}\ufeff---\n{ITEM.format(3)}"
    source = _read(lines)
    assert (source.problems, [each.name for each in source.objects]) == ((), ["a1", "a2", "a3"])


def test_a_text_that_is_cut_off_in_utf_16_is_a_problem() -> None:
    source = read_source([("windows.yaml", ITEM.format(1).encode("utf-16")[:-1])])
    assert [each.rule for each in source.problems] == ["yaml-encoding"]


@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
@pytest.mark.parametrize("between", ["", "\n", "---\n"])
def test_documents_of_json_may_follow_each_other(indent: int | str | None, between: str) -> None:
    items: list[dict[str, object]] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{number}"}, "data": {"text": "}\n{"}}
        for number in range(3)
    ]
    documents: list[dict[str, object]] = [items[0], {"apiVersion": "v1", "kind": "List", "items": items[1:]}]
    source = _read(between.join(json.dumps(each, indent=indent) + "\n" for each in documents))
    assert (source.problems, [each.data for each in source.objects]) == ((), items)


def test_large_lists_of_json_may_follow_each_other() -> None:
    fill = {"text": "x" * 2000}
    items = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{number}"}, "data": fill}
        for number in range(2 * LARGE // 2000)
    ]
    half = len(items) // 2
    lists = [
        {"apiVersion": "v1", "items": part, "kind": "List", "metadata": {}} for part in (items[:half], items[half:])
    ]
    source = _read("".join(json.dumps(each, indent=4) + "\n" for each in lists))
    assert (source.problems, [each.data for each in source.objects]) == ((), items)


def test_a_mapping_in_braces_is_one_document() -> None:
    source = _read("{apiVersion: v1, kind: ConfigMap, metadata: {name: a},\ndata: {text: b}\n,\n}\n")
    assert (source.problems, [each.name for each in source.objects]) == ((), ["a"])


def test_memory_does_not_grow_with_what_is_left_out() -> None:
    """Pods of a cluster: 30 times as many need no more memory than the list of their names."""

    def peak(count: int) -> int:
        lines = (line for number in range(count) for line in f"---\n{MADE.format(number)}".encode().splitlines(True))
        tracemalloc.start()
        source = read_source([("stdin", lines)])
        _, found = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(source.left_out) == count
        return found

    peak(1)
    assert peak(3000) < peak(100) + 3000 * 600


def test_bytes_of_a_line_break_within_characters_of_utf_16_take_no_longer() -> None:
    """Each byte of `\u0a0a` looks like the end of a line: such a text took time with the square of its length."""
    text = "# " + "\u0a0a" * 1_000_000 + "\nkind: ConfigMap\n"
    raw = codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    began = time.process_time()
    found = b"".join(piece.text for piece in pieces(io.BytesIO(raw)))
    assert found.decode() == text
    assert time.process_time() - began < 30
