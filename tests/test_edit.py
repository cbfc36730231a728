"""Edits of spec texts: only the lines that an operation is about change, in every style that people write."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.edit import EditError, Operation, Remove, Rename, Set, edit, formatted, new_document
from renderer.yamlio import load
from tests.support.cases import cases
from tests.support.edit_cases import ORDER, before, expected, operations
from tests.support.spec_texts import random_data, random_spec, render

COMMENT = re.compile(r"# (?:note|a: b|it is|\[|- x) \d+")


@pytest.mark.parametrize("case", cases("edit"), ids=lambda case: case.name)
def test_a_case_has_the_outcome_it_promises(case: Path) -> None:
    for name, text in expected(case).items():
        assert (case / name).read_bytes().decode() == text, f"{case.name}/{name}"


@pytest.mark.parametrize("case", cases("edit"), ids=lambda case: case.name)
def test_a_case_is_whole(case: Path) -> None:
    files = {path.name for path in case.iterdir()}
    assert files >= {"before.yaml", "expected.txt", "formatted.yaml"}
    assert files <= {"before.yaml", "expected.txt", "formatted.yaml", "operations.yaml"}


def test_the_cases_are_many_and_mostly_succeed() -> None:
    outcomes = [
        re.findall(r"^== .*\n(refused)?", (case / "expected.txt").read_text(), re.MULTILINE) for case in cases("edit")
    ]
    refused = [outcome for case in outcomes for outcome in case if outcome]
    assert len(outcomes) >= 30
    assert len(refused) < sum(map(len, outcomes)) / 3
    assert all(operations(case) for case in cases("edit"))


class TestPromises:
    TEXT = before(next(case for case in cases("edit") if case.name == "comments-everywhere"))

    def test_does_not_touch_what_is_there_already(self) -> None:
        assert (
            edit(self.TEXT, [Set("/spec/tag", "1.4.2"), Set("/spec/canary", {"tag": "1.5.0", "weight": 20})])
            == self.TEXT
        )
        assert edit(self.TEXT, []) == self.TEXT

    def test_a_text_before_what_is_removed_stays_the_same(self) -> None:
        assert edit("a: |\n  x\nb: 1", [Remove("/b")]) == "a: |\n  x\n"
        assert edit("s:\n  a: |+\n    x\n  b: 1", [Remove("/s/b")]) == "s:\n  a: |+\n    x\n"

    def test_spaces_that_would_become_a_part_of_a_text_make_it_a_quoted_one(self) -> None:
        assert edit("a: |\n  x\n\nb:\n  c: |\n    y\n    ", [Remove("/b")]) == 'a: "x\\n"'

    @pytest.mark.parametrize(
        ("text", "after"),
        [
            ("s:\n  a: 1\r\n  b: 2\n", "s:\n  a: 1\r\n  b: 2\n  c:\n    d: 3\n"),
            ("s:\r\n  a: 1\n  b: 2\r\n", "s:\r\n  a: 1\n  b: 2\r\n  c:\r\n    d: 3\r\n"),
            ("s:\n  a: 1\n  b: 2 # c\n   # d\r\n", "s:\n  a: 1\n  b: 2 # c\n   # d\r\n  c:\r\n    d: 3\r\n"),
            ("s:\n  a: 1\r\n  b: 2", "s:\n  a: 1\r\n  b: 2\n  c:\n    d: 3"),
            ("s: {\n  a: 1,\r\n  b: 2,\n}\r\n", "s: {\n  a: 1,\r\n  b: 2,\n  c: {d: 3},\n}\r\n"),
            ("s: {\r\n  a: 1,\r\n  b: 2\n}\n", "s: {\r\n  a: 1,\r\n  b: 2,\n  c: {d: 3}\n}\n"),
        ],
    )
    def test_a_line_more_has_the_break_of_the_line_above_which_keeps_its_own(self, text: str, after: str) -> None:
        assert edit(text, [Set("/s/c", {"d": 3})]) == after

    def test_does_not_reformat(self) -> None:
        after = edit(self.TEXT, [Set("/spec/canary/weight", 50)])
        assert after == self.TEXT.replace("weight: 20  # percent", "weight: 50  # percent")

    def test_the_order_of_operations_does_not_matter_to_the_lines(self) -> None:
        one = edit(self.TEXT, [Remove("/spec/canary"), Set("/spec/aborted", {"tag": "2"})])
        assert one == edit(self.TEXT, [Set("/spec/aborted", {"tag": "2"}), Remove("/spec/canary")])
        assert edit(self.TEXT, [Remove("/spec/canary"), Set("/spec/canary/tag", "1.5.0")]).count("# its version") == 1

    def test_an_integer_is_no_float_and_no_text(self) -> None:
        assert (
            edit("a: 1\nb: 1\nc: 1\n", [Set("/a", 1.0), Set("/b", "1"), Set("/c", True)]) == 'a: 1.0\nb: "1"\nc: true\n'
        )

    def test_read_only_mappings_and_tuples_are_data_too(self) -> None:
        assert edit("a: 1\n", [Set("/b", ({"c": ()},))]) == "a: 1\nb:\n  - c: []\n"

    @pytest.mark.parametrize(
        ("text", "operation", "message"),
        [
            ("a: [1\n", Set("/a", 1), "lacks"),
            ("", Set("/a", 1), "empty"),
            ("- a\n", Set("/0", 1), "a spec must be a mapping"),
            ("a: 1\n", Set("", [1]), "a spec must be a mapping"),
            ("a: 1\n", Set("/b", object()), "not plain data"),
            ("a: 1\n", Set("/b", float("nan")), "nan is not a number"),
            ("a: 1\n", Set("/b", "\ud800"), "by hand"),
            ("a: [1]\n", Set("/a/2", 1), "no item 2"),
            ("a: [1]\n", Remove("/a/-"), "no item -"),
            ("a: [1]\n", Remove("/a/01"), "no item 01"),
            ("a: 1\n", Rename("/b", "c"), "there is nothing"),
            ("a: [1]\n", Rename("/a/0", "c"), "there is nothing"),
            ("a: 1\nb: 1\n", Rename("/a", "b"), "a key b already"),
            ("a: \ud800\n", Set("/a", 1), "Unicode"),
        ],
    )
    def test_what_cannot_be_edited_is_an_error(self, text: str, operation: Operation, message: str) -> None:
        with pytest.raises(EditError, match=message):
            edit(text, [operation])


class TestNewDocument:
    def test_as_fmt_has_it(self) -> None:
        data: dict[str, Any] = {
            "apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "checkout"},
            "spec": {"canary": {"tag": "1.10", "weight": 20}, "ports": [{"name": "http", "port": 80}], "args": [],
                     "files": {"/etc/app.toml": "a = 1\n"}},
        }  # fmt: skip
        text = new_document(data)
        assert text == (
            "apiVersion: rollspec/v1\nkind: App\nmetadata:\n  name: checkout\nspec:\n  canary:\n    tag: \"1.10\"\n"
            "    weight: 20\n  ports:\n    - name: http\n      port: 80\n  args: []\n  files:\n    /etc/app.toml: |\n"
            "      a = 1\n"
        )  # fmt: skip
        assert formatted(text) == text

    @settings(deadline=None)
    @given(st.randoms(use_true_random=True))
    def test_holds_any_data(self, random: Random) -> None:
        data = {"a": random_data(random), "b": random_data(random)}
        assert load(new_document(data).encode(), "") == (data, [])

    def test_the_first_edit_of_a_new_file(self) -> None:
        head = new_document({"kind": "App", "spec": {}})
        assert edit(head, [Set("/spec/tag", "1.0.0"), Set("/spec/replicas", 2)]) == (
            "kind: App\nspec:\n  tag: 1.0.0\n  replicas: 2\n"
        )


class TestFormatted:
    @settings(deadline=None, max_examples=100)
    @given(st.randoms(use_true_random=True), st.booleans())
    def test_keeps_the_data_and_every_comment_and_is_stable(self, random: Random, real: bool) -> None:
        data = random_spec(random) if real else {"a": random_data(random), "b": random_data(random)}
        text = render(data, random)
        once = formatted(text, ORDER)
        assert load(once.encode(), "")[0] == data
        assert sorted(COMMENT.findall(once)) == sorted(COMMENT.findall(text))
        assert formatted(once, ORDER) == once
        assert len(once.splitlines()) - once.count("\n") == 0

    def test_fields_stand_in_the_documented_order_with_their_comments(self) -> None:
        text = "spec:\n  other: 1\n  # about env\n  env: {}\n\n  # about tag\n  tag: 1  # here\nkind: App\n"
        assert formatted(text, ORDER) == (
            "kind: App\nspec:\n  # about tag\n  tag: 1  # here\n  # about env\n  env: {}\n  other: 1\n"
        )

    def test_an_order_for_any_part_of_a_pointer(self) -> None:
        text = "spec:\n  ports:\n    - {port: 80, name: a}\n    - port: 81\n      name: b\n  env: {port: 1, name: 2}\n"
        assert formatted(text, ORDER) == (
            "spec:\n  ports:\n    - {name: a, port: 80}\n    - name: b\n      port: 81\n  env: {port: 1, name: 2}\n"
        )

    def test_comments_above_the_first_line_stay_there(self) -> None:
        assert formatted("# licence\nkind: App\napiVersion: v1\n", ORDER) == "# licence\napiVersion: v1\nkind: App\n"

    def test_what_is_no_spec_is_an_error(self) -> None:
        with pytest.raises(EditError):
            formatted("a: [\n")
