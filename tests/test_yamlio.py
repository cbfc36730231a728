"""The YAML reader and writer: every fixture, round trips, hostile input, limits."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from renderer.problem import Problem
from renderer.yamlio import (
    RULES,
    Data,
    Position,
    dump,
    guard,
    load,
    load_all,
    manifests,
    plain_or_quoted,
    positions,
    strict,
)
from renderer.yamlio import events as library
from tests.support.yaml_data import DATA, TEXT, malformed

FIXTURES = Path(__file__).parent.parent / "fixtures" / "yaml"
REFUSED_WITHOUT_LIBYAML = {"flow", "tabs-between"}  # `"a":1` in flow style; a tab between key and value


def cases(folder: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted((FIXTURES / folder).glob("*.yaml"))]


def expected(path: Path) -> str:
    return path.with_suffix(".expected").read_text("utf-8")


def shown(problems: list[Problem]) -> str:
    return "".join(f"{problem}\n" for problem in problems)


@pytest.mark.parametrize("path", cases("err"))
def test_refuses_a_spec(path: Path) -> None:
    data, problems = load(path.read_bytes(), path.name)
    assert data is None
    assert shown(problems) == expected(path)


@pytest.mark.parametrize("path", cases("ok"))
def test_reads_a_spec(path: Path) -> None:
    data, problems = load(path.read_bytes(), path.name)
    assert problems == []
    assert data == json.loads(path.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("path", cases("manifests/err"))
def test_refuses_manifests(path: Path) -> None:
    data, problems = load_all(path.read_bytes(), path.name)
    assert data == []
    assert shown(problems) == expected(path)


@pytest.mark.parametrize("path", cases("manifests/ok"))
def test_reads_manifests(path: Path) -> None:
    data, problems = load_all(path.read_bytes(), path.name)
    assert problems == []
    assert data == json.loads(path.with_suffix(".json").read_text("utf-8"))


def test_no_fixture_is_orphaned() -> None:
    for path in FIXTURES.rglob("*.*"):
        if path.name in ("strings.json", ".gitattributes"):
            continue
        assert path.with_suffix(".yaml").exists(), path
        assert path.with_suffix(".expected" if path.parent.name == "err" else ".json").exists(), path


def test_every_rule_has_a_fixture_and_every_problem_a_rule() -> None:
    said = "".join(expected(path.values[0]) for folder in ("err", "manifests/err") for path in cases(folder))
    used = {word.rstrip(":") for word in said.split() if word.startswith("yaml-") and word.endswith(":")}
    assert used == set(RULES)


@pytest.mark.parametrize("path", [*cases("ok"), *cases("err")])
def test_the_parser_without_libyaml_agrees(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_libyaml = load(path.read_bytes(), path.name)
    monkeypatch.setattr(library, "EventParser", library.PythonParser)
    data, problems = load(path.read_bytes(), path.name)
    if path.stem in REFUSED_WITHOUT_LIBYAML:
        assert {problem.rule for problem in problems} == {"yaml-syntax"}
        return
    assert data == with_libyaml[0]
    assert {problem.rule for problem in problems} == {problem.rule for problem in with_libyaml[1]}


@settings(deadline=None)
@given(DATA)
def test_reads_back_what_it_wrote(data: Data) -> None:
    text = dump(data)
    assert text.endswith("\n")
    assert load(text.encode(), "a.yaml") == (data, [])
    assert dump(data) == text


@settings(deadline=None)
@given(DATA)
def test_reads_back_what_it_wrote_as_a_manifest(data: Data) -> None:
    documents = [] if data is None else [data]
    assert load_all(dump(data).encode(), "a.yaml") == (documents, [])


@settings(deadline=None)
@given(TEXT)
def test_a_scalar_can_be_spliced_into_block_and_flow_style(text: str) -> None:
    written = plain_or_quoted(text)
    assert "\n" not in written
    assert load(f"a: {written}\nb:\r\n- {written} # x\r\n".encode(), "a.yaml") == ({"a": text, "b": [text]}, [])
    assert load(f"{{a: {written}, b: [{written}]}}\n".encode(), "a.yaml") == ({"a": text, "b": [text]}, [])


def test_a_surrogate_is_escaped_and_not_a_crash() -> None:
    assert plain_or_quoted("a\udcff") == '"a\\udcff"'


@settings(deadline=None)
@given(malformed())
def test_any_bytes_give_data_or_problems(text: bytes) -> None:
    data, problems = load(text, "a.yaml")
    assert bool(problems) <= (data is None)
    documents, more = load_all(text, "a.yaml")
    assert not (documents and more)
    places = positions(text)
    for problem in problems + more:
        assert problem.rule in RULES
        assert "\n" not in str(problem)
    if data is not None:
        assert load(dump(data).encode(), "a.yaml") == (data, [])
        assert places.keys() == pointers(data, "")


def pointers(data: Data, at: str) -> set[str]:
    """Every pointer of the data, worked out without the reader."""
    if isinstance(data, dict):
        below = {k.replace("~", "~0").replace("/", "~1"): v for k, v in data.items()}
    elif isinstance(data, list):
        below = {str(n): v for n, v in enumerate(data)}
    else:
        return {at}
    return {at}.union(*(pointers(value, f"{at}/{name}") for name, value in below.items()))


SPEC = b"""\
# a spec
kind: App
"spec":
  ports:
  - name: http
    port: 80
  -   {name: "gr\xc3\xbcn", a/b~: 1}
  empty:
  files: |
    text
"""


def test_positions_of_keys_items_and_values() -> None:
    places = positions(SPEC)
    assert places == {
        "": (Position(2, 1), Position(2, 1)),
        "/kind": (Position(2, 1), Position(2, 7)),
        "/spec": (Position(3, 1), Position(4, 3)),
        "/spec/ports": (Position(4, 3), Position(5, 3)),
        "/spec/ports/0": (Position(5, 5), Position(5, 5)),
        "/spec/ports/0/name": (Position(5, 5), Position(5, 11)),
        "/spec/ports/0/port": (Position(6, 5), Position(6, 11)),
        "/spec/ports/1": (Position(7, 7), Position(7, 7)),
        "/spec/ports/1/name": (Position(7, 8), Position(7, 14)),
        "/spec/ports/1/a~1b~0": (Position(7, 22), Position(7, 28)),
        "/spec/empty": (Position(8, 3), Position(8, 9)),
        "/spec/files": (Position(9, 3), Position(9, 10)),
    }


def test_positions_repeat_no_key_for_each_value() -> None:
    """Counted in memory: 60 keys of 1,000 characters above 10,000 values would be 600 MB of pointers."""
    text = "".join("{? %s : " % ("k" * 1000) for _ in range(60)) + f"[{'a, ' * 10_000}]" + "}" * 60
    tracemalloc.start()
    places = positions(text.encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ("/" + "k" * 1000) * 60 + "/9999" in places
    assert peak < 20_000_000


def test_positions_count_documents_as_load_all_does() -> None:
    text = b"---\n---\na: 1\n---\n~\n---\nb: 2\n---\n"
    assert load_all(text, "a.yaml") == ([{"a": 1}, {"b": 2}], [])
    assert [list(positions(text, number)) for number in range(3)] == [["", "/a"], ["", "/b"], []]


def test_an_alias_is_a_copy() -> None:
    (data,), _ = load_all(b"a: &a {x: [1]}\nb: *a\n", "a.yaml")
    assert isinstance(data, dict)
    assert data["a"] == data["b"]
    assert data["a"] is not data["b"]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each parser gave."""
    counts: list[int] = []

    def counting(text: bytes) -> Callable[[], Any]:
        following = library.events(text)
        counts.append(0)

        def one() -> Any:
            counts[-1] += 1
            return following()

        return one

    monkeypatch.setattr(strict, "events", counting)
    monkeypatch.setattr(manifests, "events", counting)
    return counts


@pytest.mark.parametrize("unit", [b"[", b"{", b"- ", b"{a: ", b"[a, ", b"? ", b"[\n"])
def test_a_text_of_brackets_is_refused_at_once(unit: bytes, counted: list[int]) -> None:
    """By what is not done, since a clock would tell little: no parser for too much text, few events for deep text."""
    assert [p.rule for p in load(unit * (5 << 20), "a.yaml")[1]] == ["yaml-size"]
    assert [p.rule for p in load_all(unit * (11 << 20), "a.yaml")[1]] == ["yaml-size"]
    assert counted == []
    text = unit * (guard.MAX_SPEC // len(unit))
    for problems in (load(text, "a.yaml")[1], load_all(text, "a.yaml")[1]):
        assert {p.rule for p in problems} - {"yaml-key"} == {"yaml-depth"}
    assert max(counted) <= 3 * guard.MAX_DEPTH


def test_many_tag_directives_are_refused_before_the_parser_compares_them(counted: list[int]) -> None:
    text = b"".join(b"%%TAG !a%d! b\n" % number for number in range(50_000)) + b"---\na: b\n"
    assert [p.rule for p in load(text, "a.yaml")[1]] == ["yaml-size"]
    assert [p.rule for p in load_all(text, "a.yaml")[1]] == ["yaml-size"]
    assert counted == []
    assert load(b"a: |\n" + b"  %TAG\n" * 100, "a.yaml")[1] == []


def test_the_largest_spec_that_is_read() -> None:
    text = b"a: b #".ljust(guard.MAX_SPEC, b"x")
    assert load(text, "a.yaml") == ({"a": "b"}, [])
    assert [p.rule for p in load(text + b"x", "a.yaml")[1]] == ["yaml-size"]


def test_an_alias_bomb_stops_before_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_NODES", 100)
    bomb = b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n"
    assert [p.rule for p in load_all(bomb, "a.yaml")[1]] == ["yaml-size"]


@pytest.mark.parametrize("anchored", ["%s", "[{a: %s}]", "{%s: 1}"])
def test_aliases_of_a_long_text_stop_before_they_are_written_out(anchored: str) -> None:
    """A text of 100 KB and 3,000 aliases, for one, would become 300 MB."""
    text = "a: &a " + anchored % ("x" * 1000) + "\nb: [" + "*a, " * 15_000 + "]\n"
    data, problems = load_all(text.encode(), "a.yaml")
    assert data == []
    message = f"aliases stand for more than {guard.MAX_COPIED} characters; copy a shorter text"
    assert [(problem.rule, problem.line, problem.message) for problem in problems] == [("yaml-size", 2, message)]


def test_aliases_of_short_texts_are_read() -> None:
    (data,), _ = load_all(b"a: &a text\nb: [" + b"*a, " * 15_000 + b"]\n", "a.yaml")
    assert data == {"a": "text", "b": ["text"] * 15_000}


def test_dump_is_what_kubectl_users_are_used_to() -> None:
    data: Data = {
        "metadata": {"name": "a", "labels": {}, "annotations": {"on": "yes"}},
        "items": [{"a": 1, "b": [[1, 2], [], {"c": None}]}, "x", []],
        "text": "one\n  two\n",
        "ends": "one\n\n",
        "open": "one\ntwo",
        "odd": "one \ntwo",
        "numbers": [True, 1, 1.5, 1e-5, 1e300, -0.0],
    }
    assert dump(data) == (
        'metadata:\n  name: a\n  labels: {}\n  annotations:\n    "on": "yes"\n'
        "items:\n- a: 1\n  b:\n  - - 1\n    - 2\n  - []\n  - c: null\n- x\n- []\n"
        'text: |\n  one\n    two\nends: |+\n  one\n\nopen: |-\n  one\n  two\nodd: "one \\ntwo"\n'
        "numbers:\n- true\n- 1\n- 1.5\n- 0.00001\n- 1.0e+300\n- -0.0\n"
    )
    scalars: list[Data] = ["a", "a\nb", "", None, {}, []]
    assert [dump(scalar) for scalar in scalars] == [
        "a\n",
        '"a\\nb"\n',
        '""\n',
        "null\n",
        "{}\n",
        "[]\n",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io/acme/checkout:1.4.2",
        "1.4.2",
        "100m",
        "128Mi",
        "25%",
        "1h30m",
        "/ready",
        "--port=8080",
        "-c",
        "app.kubernetes.io/name",
        "10.0.0.0/8",
        "sleep 5",
        "istio-system/public",
    ],
)
def test_what_people_write_without_quotes_stays_so(text: str) -> None:
    assert plain_or_quoted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "y",
        "No",
        "1.10",
        "0755",
        "0o7",
        "1e3",
        "12e45",
        "1:20",
        "1_000",
        "2001-01-01",
        ".5",
        "null",
        "~",
        "",
        "*",
        "a: b",
        "a #b",
        "é",
        "a,b",
    ],
)
def test_what_a_reader_may_misread_is_quoted(text: str) -> None:
    assert plain_or_quoted(text) == f'"{text}"'


def test_long_keys_are_read_back() -> None:
    data: Data = {"k" * 900: 1, "k" * 1024: {"a": 1}, "ä" * 1024: [1, {"\n" * 700: "x\ny"}], "\x00" * 500: "a\nb\n"}
    assert load(dump(data).encode(), "a.yaml") == (data, [])
    assert load(dump([data, [data]]).encode(), "a.yaml") == ([data, [data]], [])
    assert load_all(dump(data).encode(), "a.yaml") == ([data], [])


@pytest.mark.parametrize("key", ["%s", '"%s"'])
def test_too_long_a_key_is_refused_and_not_repeated(key: str) -> None:
    text = f"a:\n  b: 1\n  ? {key % ('k' * 1025)}\n  : [on, on]\n".encode()
    problem = Problem("a.yaml", 3, 5, "yaml-size", "this key has more than 1024 characters; shorten it", "/a")
    assert load(text, "a.yaml") == (None, [problem])
    assert load_all(text, "a.yaml") == ([], [problem])


def test_an_alias_of_a_long_text_is_no_key() -> None:
    _, problems = load_all(b"a: &a " + b"k" * 1025 + b"\n*a : 1\n", "a.yaml")
    assert [(problem.rule, problem.line) for problem in problems] == [("yaml-size", 2)]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_json_does_not_have_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="no text in JSON"):
        dump([number])


def test_what_is_no_plain_data_is_not_written() -> None:
    with pytest.raises(TypeError, match="set is not plain data"):
        dump([{1}])  # type: ignore[list-item]
