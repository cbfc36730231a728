"""A list or a text, made twice as long, takes about twice the work: nothing grows with the square of its length."""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import yaml

from tests.support.attacks import APP
from tests.support.cases import OVERLAY, PROJECT, ROOT, Outcome, run
from tests.support.lines_run import lines_run
from tests.support.pattern_texts import Used, beginnings, used
from tests.support.repository import init, save
from tests.support.spec_lists import Maker, SpecList, schema, spec_lists

FEW = int(os.environ.get("DOUBLING", "0"))  # 0: the lists below alone, and few entries
MOST = 2.3  # times the work for twice the entries
SIZE = 4000  # characters of a text for one pattern
SHORT = 0.004  # seconds for it that say nothing: work that grows with the square takes some 50 ms
LIMITS = {"go_time._PART": 64, "rules.syntax._TOKENS": 1024}  # characters that their functions take
OURS = str(ROOT / "renderer")
HTTP = "  ports: [{name: http, port: 80}]\n"
FILES = {"Project": "rollspec.yaml", "Overlay": "overlays/production/overlay.yaml", "App": "apps/web.yaml"}
TEXTS = {"Project": PROJECT, "Overlay": OVERLAY, "App": APP}
Texts = dict[str, str]  # by the kind of file


def lines(form: str, indent: int = 2) -> Callable[[int], str]:
    """As many lines of a form, indented."""
    return lambda count: "".join(" " * indent + form.replace("#", str(number)) + "\n" for number in range(count))


def under(head: str, form: str, indent: int = 4) -> Callable[[int], str]:
    """A field and the lines of its list or mapping."""
    return lambda count: head + "\n" + lines(form, indent)(count)


LISTS: dict[str, Callable[[int], str]] = {
    "ports": under("  ports:", "- {name: p#, port: 1#}"),
    "env": under("  env:", "N#: x"),
    "args": under("  args:", "- a#"),
    "files": under("  files:", "/etc/f#: x"),
    "volumes": under("  pod:\n    volumes:", "- {name: v#, emptyDir: {}}"),
    "volumeMounts": under("  volumeMounts:", "- {name: v#, mountPath: /m#}"),
    "containers": under("  pod:\n    containers:", "- {name: c#, image: a}"),
    "labels": under("  podMetadata:\n    labels:", "l#: x", 6),
    "hosts": under("  istio:\n    gateways: [mesh]\n    hosts:", "- h#.example.com"),
    "metrics": under(
        "  autoscaling:\n    maxReplicas: 9\n    metrics:",
        "- {type: External, external: {metric: {name: m#}, target: {type: Value, value: 1}}}",
    ),
    "patches": under(
        "  patches:", '- {target: {kind: Workload}, patch: [{op: add, path: /metadata/labels/l#, value: "1"}]}'
    ),
    "operations": under(
        "  patches:\n  - target: {kind: Workload}\n    patch:", '- {op: add, path: /metadata/labels/l#, value: "1"}'
    ),
    "steps": lambda count: under(
        "  strategy:\n    type: Canary\n    steps:", "- setWeight: 5\n    - pause: {duration: 1#}"
    )(count // 2),  # two a line, and at most 4,000
    "overrides": under("  previous:\n    tag: old\n    overrides:\n      env:", "N#: x", 8),
    "unknown fields": lines("x#: 1"),
}


@pytest.fixture(scope="module", autouse=True)
def _read_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the first run of a process alone reads: schemas, and what is made of them."""
    work(tmp_path_factory.mktemp("first") / "project", TEXTS)


@pytest.mark.parametrize("each", ["for two in found: pass", "[two for two in found]", "any(not two for two in found)"])
def test_work_that_grows_with_the_square_is_seen(each: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = compile(f"def pairs(found):\n for one in found:\n  {each}", f"{OURS}/pairs.py", "exec")
    pairs: dict[str, Callable[[range], None]] = {}
    exec(code, pairs)  # noqa: S102 - code of this file
    monkeypatch.setattr(sys.modules[__name__], "run", lambda folder, *_: _squared(folder, pairs["pairs"]))
    assert ratio(lambda count: {**TEXTS, "App": APP + lines("x#: 1")(count)}, 150, tmp_path) > MOST


def _squared(folder: Path, pairs: Callable[[range], None]) -> Outcome:
    """What a command does that looks at each pair of lines."""
    pairs(range(1, len((folder / FILES["App"]).read_text().splitlines())))
    return Outcome(0, "", "")


@pytest.mark.parametrize("name", LISTS)
def test_twice_the_entries_take_about_twice_the_work(name: str, tmp_path: Path) -> None:
    def texts(count: int) -> Texts:
        return {**TEXTS, "App": (APP.replace(HTTP, "") if name == "ports" else APP) + LISTS[name](count)}

    assert ratio(texts, FEW or 150, tmp_path) <= MOST


@pytest.mark.parametrize("each", [*used()], ids=str)
def test_a_pattern_takes_about_twice_the_time_for_twice_the_text(each: Used) -> None:
    """Of a text that begins, again and again, like what the pattern looks for: a file may be hostile."""
    size, short = (LIMITS[each.name], 25 * SHORT) if each.name in LIMITS else (2 * SIZE, SHORT)
    for start in beginnings(each.pattern):
        for first, again in (("", start), (start, start[-1])):
            for end in ("", "!", "\n!"):
                text = (first + again * size)[:size]
                half, whole = seconds(each, text[: size // 2] + end), seconds(each, text + end)
                assert whole < max(short, 3 * half), f"{start!r}, {end!r}: {half:.3f} s, {whole:.3f} s"


@pytest.mark.parametrize("pattern", [r"a(?=.*b)", r"(\r\n?|\n)+(?=#)", r"x.*y", r"[0-9]+s", r"k: (?:!\S*\s+)*S"])
def test_a_pattern_whose_time_grows_with_the_square_is_seen(pattern: str) -> None:
    with pytest.raises(AssertionError, match=r"s, .* s"):
        test_a_pattern_takes_about_twice_the_time_for_twice_the_text(Used("x", re.compile(pattern), "search"))


def seconds(each: Used, text: str) -> float:
    """The processor's time for the text: the best of three, if it is not short at once."""
    given = text.encode("latin-1", "replace") if isinstance(each.pattern.pattern, bytes) else text
    call = partial(getattr(each.pattern, each.method), *([given[:0]] if each.method == "sub" else []), given)
    found = []
    for _ in range(3):
        before = process_time()
        deque(call() if each.method == "finditer" else [call()], maxlen=0)
        found.append(process_time() - before)
        if found[-1] < SHORT:
            break
    return min(found)


@pytest.mark.skipif(not FEW, reason="`make doubling` takes every list of the schemas")
@pytest.mark.parametrize("found", [*spec_lists()] if FEW else [None], ids=str)
def test_twice_the_entries_of_any_list_take_about_twice_the_work(found: SpecList, tmp_path: Path) -> None:
    maker = Maker(schema(found.kind))

    def texts(count: int) -> Texts:
        spec = maker.spec(found, count)
        return {**TEXTS, found.kind: yaml.safe_dump(_merged(yaml.safe_load(TEXTS[found.kind]), spec), sort_keys=False)}

    assert ratio(texts, FEW, tmp_path) <= MOST


def ratio(texts: Callable[[int], Texts], few: int, folder: Path) -> float:
    """How many times the work the second doubling adds that the first one added: 2 where work grows with the entries.

    What a run does without any entry is so not counted. A text that was looked at before takes fewer lines: each was.
    """
    work(folder / "first", texts(2 * few))
    half, one, two = (work(folder / str(count), texts(count)) for count in (few // 2, few, 2 * few))
    found = (two - one) / max(one - half, few)  # at least a line for each entry
    print(f"{found:.2f} times: {half:,} {one:,} {two:,} lines")
    return found


def work(folder: Path, texts: Texts) -> int:
    """The lines that rollspec runs in its own modules for a change of the app in such a project."""
    init(folder)
    for kind, path in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(texts[kind])
    save(folder)
    (folder / FILES["App"]).write_text(texts["App"].replace("1.0.0", "1.0.1"))
    outcome, count = lines_run(partial(run, folder, "validate", "--base", "HEAD"), OURS)
    assert outcome.code in (0, 1), outcome.err
    return count


def _merged(base: Any, more: Any) -> Any:
    """`base` with the fields of `more`."""
    if not isinstance(base, dict) or not isinstance(more, dict):
        return more
    return {**base, **{key: _merged(base.get(key), value) for key, value in more.items()}}
