"""A text that is seen to be tidy is one that the layout leaves as it is, and most tidy specs are seen to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from renderer.edit.layout import FieldOrder, laid_out
from renderer.edit.tidy import is_tidy
from renderer.usecases.fmt import field_order
from renderer.yamlio import load
from tests.bench.projects import files as generated
from tests.support.cases import ROOT

ORDERS = [
    FieldOrder({}),
    FieldOrder({"": ["a", "b", "c"], "/a": ["b", "a"], "/*/*": ["c", "b", "a"], "/a/*": ["b", "a", "c"]}),
    *(FieldOrder(field_order(kind)) for kind in ("App", "Overlay", "Project")),
]
SMALL = (
    'a: 1\nb:\n  - x\n  - c: 2\n    d: "e"\nc: {a: [1, "}"], b: \'x\'}\n',
    "a: |\n  x\n   y\n\n  z\nb: # c\n  # d\n  c: 1\n\n# e\nd:\n  - {a: b}  # f\n  - [c]\n  - |\n    t\n",
    'b: >-\n  x\n# z\nc: "a # b"  # c\n',
)
PIECES = st.sampled_from(
    [
        *("a", "b: ", "c:", "- ", " ", "  ", "\n", "\n  ", "\n    ", "#", "# x", " # y", "{", "}", "[", "]", ", ", '"'),
        *("'", ":", "|", ">", "|-", "1", "null", "~", '"q"', "'s'", "\\", "\n\n", "&", "*", "!", "?", "%", "@", "---"),
        *("é", "\t", "\r\n", '"a b"', "it's", "- - ", "{}", "{ }", "-", "\u2028", "- # c\n", "\n- a: 1", "\n...\n"),
    ]
)


def specs() -> Iterator[tuple[str, str, FieldOrder]]:
    """The specs of all fixtures and of a generated project; with each, its canonical layout."""
    texts = [path.read_bytes() for path in sorted((ROOT / "fixtures").rglob("*.yaml")) if path.is_file()]
    texts += [text.encode() for text in generated(8, 1).values()]
    for written in dict.fromkeys(texts):
        data, problems = load(written, "")
        if problems or not isinstance(data, dict):
            continue
        order = ORDERS[{"Overlay": 3, "Project": 4}.get(str(data.get("kind")), 2)]
        text = written.decode()
        yield text, laid_out(text, order), order


SPECS = list(specs())
SHORT = [text for text, _, _ in SPECS if len(text) < 2000]


def check(text: str, order: FieldOrder) -> bool:
    """Whether it is seen to be tidy; then the layout must leave it as it is."""
    try:
        data, problems = load(text.encode(), "")
    except UnicodeEncodeError:
        return False
    if problems or not is_tidy(text, data, order):
        return False
    assert laid_out(text, order) == text
    return True


def test_every_text_of_the_fixtures() -> None:
    seen = 0
    for text, canonical, order in SPECS:
        if is_tidy(text, load(text.encode(), "")[0], order):
            assert text == canonical
        seen += is_tidy(canonical, load(canonical.encode(), "")[0], order)
    assert seen > 0.9 * len(SPECS) > 1000


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A text with one to four pieces put in, or in the place of a few characters."""
    text = draw(st.sampled_from(SMALL) | st.sampled_from(SHORT))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 4])))
        text = text[:start] + draw(PIECES | st.just("")) + text[end:]
    return text


@settings(max_examples=800, deadline=None)
@given(mutants(), st.sampled_from(ORDERS))
@example("a:\n  - # c\n    b: 1\n", ORDERS[0])
@example("a:\n  -  # c\n    b: 1\n", ORDERS[0])
@example("a:\n\n  b: 1\n", ORDERS[0])
@example("a: {b: '}'\n", ORDERS[0])
@example('a: "x\nb: y"\n', ORDERS[0])
@example("a: 1\n\n\nb: 2\n", ORDERS[0])
@example("a:\n- b\n", ORDERS[0])
@example("a: [ ]\n", ORDERS[0])
@example("a: |\n    x\n", ORDERS[0])
def test_every_mutant(text: str, order: FieldOrder) -> None:
    check(text, order)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map(lambda pieces: "".join(pieces) + "\n"), st.sampled_from(ORDERS))
def test_any_text(text: str, order: FieldOrder) -> None:
    check(text, order)


@pytest.mark.parametrize("text", SMALL)
def test_a_tidy_text_is_seen(text: str) -> None:
    assert check(laid_out(text, ORDERS[0]), ORDERS[0])
