"""Pointers into plain data, and its equality."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from renderer.plain import below, equal, escape, pointer_of, tokens, unescape


def test_pointers_are_those_of_rfc_6901() -> None:
    assert pointer_of(["spec", "a/b", "m~n", "", 0]) == "/spec/a~1b/m~0n//0"
    assert pointer_of([]) == ""
    assert tokens("/spec/a~1b/m~0n//0") == ["spec", "a/b", "m~n", "", "0"]
    assert tokens("") == []
    assert below("/spec", "a/b") == "/spec/a~1b"
    assert unescape("~01") == "~1"  # not a slash: `~0` is read last


@given(st.lists(st.text(alphabet="~/01a")))
def test_a_way_comes_back(keys: list[str]) -> None:
    assert tokens(pointer_of(keys)) == keys
    assert [unescape(escape(key)) for key in keys] == keys


def test_true_is_not_one_at_any_depth() -> None:
    assert not equal(1, True)
    assert not equal([1], [True], as_numbers=True)
    assert not equal({"a": [{"b": 0}]}, {"a": [{"b": False}]})
    assert equal({"a": 1, "b": [None]}, {"b": [None], "a": 1})


def test_a_number_is_another_one_only_as_text() -> None:
    assert not equal({"a": [1.0]}, {"a": [1]})
    assert equal({"a": [1.0]}, {"a": [1]}, as_numbers=True)


def test_a_key_without_a_value_is_not_a_missing_one() -> None:
    assert not equal({"a": 1}, {"a": 1, "b": None})
    assert not equal([1], [1, 1])
