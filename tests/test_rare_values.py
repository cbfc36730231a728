"""Values at the edges of what functions take: longest, empty, of another type."""

from __future__ import annotations

import io
import sys
from multiprocessing import Pipe
from typing import Any

import pytest

from renderer.edit import Set, edit
from renderer.failure import Failure
from renderer.masking import _patches_secret
from renderer.overlay import Document, Effective, Layer
from renderer.progress import progress
from renderer.rules.plain_secrets import is_random
from renderer.schema.branches import Form, _known
from renderer.schema.bundle import closed, parsed
from renderer.schema.conditions import because
from renderer.schema.store import _with_name
from renderer.schema.tree import Tree
from renderer.schema.words import type_of
from renderer.sync_windows import read_differently
from renderer.workers import _receive
from renderer.yamlio import dump, emit, load, load_all
from renderer.yamlio.kubectl import kubectl_plain


def test_a_patch_of_a_kind_that_may_be_a_secret() -> None:
    kinds: dict[object, bool] = {"Secret": True, "Sec.*": True, "ConfigMap": False, "[": True, 5: False}
    assert {kind: _patches_secret({"target": {"kind": kind}, "patch": "x"}) for kind in kinds} == kinds


def test_numbers_of_yaml() -> None:
    assert kubectl_plain("1" * 401) == "1" * 401
    assert [kubectl_plain(text) for text in ("0b11", "0o17", "017", "0x1f", "-12")] == [3, 15, 15, 31, -12]


def test_a_text_without_lines_is_replaced() -> None:
    assert edit("a: |\nb: 1\n", [Set("/a", "x")]) == "a: x\nb: 1\n"


def test_texts_are_written_the_same_when_too_many_were_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit, "_MOST_REMEMBERED", 1)
    data: dict[str, Any] = {"a": "yes", "b": "no", "c": "yes"}
    assert load(dump(data).encode(), "x") == (data, [])


def test_a_file_with_too_many_problems_is_not_read_to_its_end() -> None:
    _, problems = load_all(b"".join(b"a%d: !x 1\n" % number for number in range(200)), "x.yaml")
    assert (len(problems), problems[-1].rule) == (101, "yaml-size")
    assert problems[-1].message == "more than 100 problems; the rest of the file was not read"


def test_a_worker_that_ends_without_a_word() -> None:
    here, there = Pipe()
    there.close()
    with pytest.raises(Failure):
        _receive([here], lambda _: None)


def test_a_bar_shows_how_far_a_long_run_is_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("rendering", 400) as show:
        show(100)
        show(400)
    assert "rendering" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_schedules_that_argo_cd_reads_differently() -> None:
    assert (
        read_differently("0 3 * * 1-1/2")
        == "it does not go on after a range of one value with a step: write the value alone"
    )
    assert read_differently("0 3 * * 1-5") == ""


def test_schemas_of_any_value() -> None:
    values: tuple[Any, ...] = (None, True, 1.5, {}, [], "")
    endless: dict[str, Any] = {"$ref": "#/definitions/a"}
    tree = Tree({"definitions": {"a": endless}})
    assert (tree.resolve(endless), tree.resolve(True)) == ({}, {})
    assert _known(Form({}, ()), "a text", tree) == 0
    assert because({"then": {}}, {"a": 1}) == ""
    assert [type_of(value) for value in values] == [
        "null",
        "boolean",
        "number",
        "object",
        "array",
        "string",
    ]
    with pytest.raises(LookupError, match="no definition none"):
        closed(*parsed(b'{"$ref": "#/definitions/none"}', (), lambda _: b""))


def test_only_a_hook_may_have_its_name_made() -> None:
    hook = {"argocd.argoproj.io/hook": "Sync"}
    made = _with_name({"metadata": {"generateName": "a-", "annotations": hook}})
    assert made["metadata"]["name"] == "a-x"
    plain = {"metadata": {"generateName": "a-", "annotations": {"a": "b"}}}
    assert _with_name(plain) is plain


def test_what_no_file_gave_is_the_app_as_a_whole() -> None:
    app = Document("apps/web.yaml", {"metadata": {"name": "web"}, "spec": {}})
    assert Effective(app.data, (Layer(app, "App"),)).locate("/nothing/here") == ("apps/web.yaml", "")


def test_an_identifier_is_a_word_that_no_person_would_choose() -> None:
    assert is_random("3f2b8c1e-9d47-4a60-b5a2-7c1e0f9d8b34")
    assert not is_random("correct-horse")
