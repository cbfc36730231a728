"""Three versions of a spec merged field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.edit import new_document
from renderer.edit.merging import merge_texts
from renderer.facts import release_state
from renderer.yamlio import load

BASE = """\
spec:
  tag: 1.4.2 # the one that serves
  replicas: 4
  env: {LOG: info}
"""


def changed(**lines: str) -> str:
    """The base with other lines, by the key that they begin with; empty removes the line."""
    found = []
    for line in BASE.splitlines(keepends=True):
        key = line.strip().partition(":")[0]
        found.append(f"  {lines[key]}\n" if lines.get(key) else "" if key in lines else line)
    return "".join([*found, *(f"  {text}\n" for key, text in lines.items() if f"  {key}:" not in BASE)])


CASES = {
    "another field each": (changed(tag="tag: 1.5.0 # new"), changed(replicas="replicas: 6"), "replicas: 6"),
    "neighbouring lines": (changed(replicas="replicas: 6"), changed(env="env: {LOG: debug}"), "env: {LOG: debug}"),
    "the same change": (changed(tag="tag: 1.5.0"), changed(tag="tag: 1.5.0"), "tag: 1.5.0"),
    "another key of a mapping each": (
        changed(env="env: {LOG: info, A: a}"),
        changed(env="env: {LOG: info, B: b}"),
        "env: {LOG: info, A: a, B: b}",
    ),
    "a field that both add": (
        changed(probes="probes: {a: 1}"),
        changed(probes="probes: {b: 2}"),
        "probes: {a: 1, b: 2}",
    ),
    "a field that both remove": (changed(env=""), changed(env="", replicas="replicas: 1"), "replicas: 1"),
    "a release and another field": (
        changed(canary="canary: {tag: 1.5.0, weight: 20}"),
        changed(replicas="replicas: 8"),
        "replicas: 8",
    ),
    "the same release": (
        changed(canary="canary: {tag: 1.5.0, weight: 20}"),
        changed(canary="canary: {tag: 1.5.0, weight: 20}", replicas="replicas: 8"),
        "replicas: 8",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_fits_together(name: str) -> None:
    ours, theirs, line = CASES[name]
    merged = merge_texts(BASE, ours, theirs, release_state())
    assert merged.conflicts == ()
    assert f"  {line}\n" in (merged.text or "")
    assert merge_texts(BASE, theirs, ours, release_state()).conflicts == ()


CONFLICTS = {
    "two tags": (changed(tag="tag: 1.5.0"), changed(tag="tag: 1.6.0"), "/spec/tag"),
    "two canaries": (
        changed(canary="canary: {tag: 1.5.0, weight: 20}"),
        changed(canary="canary: {tag: 1.6.0, weight: 20}"),
        "/spec/canary",
    ),
    "a bump and a canary": (
        changed(tag="tag: 1.5.0"),
        changed(canary="canary: {tag: 1.6.0, weight: 20}"),
        "/spec/canary",
    ),
    "a pause and a canary": (changed(paused="paused: true"), changed(canary="canary: {tag: 1.6.0}"), "/spec/canary"),
    "a removed field": (changed(replicas=""), changed(replicas="replicas: 6"), "/spec/replicas"),
    "another type": (changed(env="env: {LOG: debug}"), changed(env="env: [a]"), "/spec/env"),
    "true is not 1": (changed(replicas="replicas: 1"), changed(replicas="replicas: true"), "/spec/replicas"),
    "a text that is not a spec": ("<<<<<<<\n", changed(tag="tag: 1.5.0"), ""),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_does_not(name: str) -> None:
    ours, theirs, pointer = CONFLICTS[name]
    found = merge_texts(BASE, ours, theirs, release_state())
    assert (found.text, found.conflicts) == (None, (pointer,))
    assert merge_texts(BASE, theirs, ours, release_state()).text is None


WORDS = {
    "two tags": "one and other both changed `tag`, each in another way",
    "a bump and a canary": "one changed the release (`tag`), and so did other (`canary`)",
    "a removed field": "one and other both changed `replicas`, each in another way",
    "a text that is not a spec": "one and other both changed the file, each in another way",
}


@pytest.mark.parametrize("name", WORDS)
def test_what_each_side_did(name: str) -> None:
    ours, theirs, pointer = CONFLICTS[name]
    assert merge_texts(BASE, ours, theirs, release_state()).what(pointer, "one", "other") == WORDS[name]


def test_comments_of_ours_stay() -> None:
    merged = merge_texts(BASE, BASE, changed(replicas="replicas: 6"), release_state()).text
    assert merged == BASE.replace("replicas: 4", "replicas: 6")


VALUES = st.recursive(
    st.sampled_from(["a", "b", 1, True]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4).map(lambda spec: {"spec": spec})


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_a_merge_has_every_change_of_both(
    base: dict[str, object], ours: dict[str, object], theirs: dict[str, object]
) -> None:
    texts = [new_document(side) for side in (base, ours, theirs)]
    merged, turned = merge_texts(*texts), merge_texts(texts[0], texts[2], texts[1])
    if base == ours:
        assert merged.text is not None
    if merged.text is None or turned.text is None:
        return
    one, other = (load(text.encode(), "")[0] for text in (merged.text, turned.text))
    assert one == other
