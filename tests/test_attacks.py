"""Each file under tests/attacks is an attack that must fail; see the README there."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.attacks import ATTACKS, faults, index, lay_out, read, state
from tests.support.audit import watched
from tests.support.cases import run
from tests.support.stamps import settable

FILES = sorted(ATTACKS.rglob("*.attack"))
READING = frozenset(("validate", "plan", "status", "history", "schema", "board"))
PATIENCE = 300  # seconds after which a command hangs; each takes a fraction of one on an idle machine


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_attack_fails(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = read(file)
    if any(section.how == "forged" for section in attack.sections):
        settable(monkeypatch)
    project = lay_out(attack, tmp_path)
    before = state(tmp_path)
    committed = index(project) if attack.with_git else ""
    for each in attack.runs:
        with _patience(), watched(tmp_path) as forbidden:
            outcome = run(project, *each.arguments)
        assert forbidden == [], "a program was started, an address reached or a file opened elsewhere"
        assert faults(each, outcome) == [], outcome
        after = state(tmp_path)
        if each.arguments[0] in READING or "--check" in each.arguments or "--stdout" in each.arguments:
            assert after == before, "a command that only reads changed a file"
        outside = [path for path in after.keys() | before.keys() if not path.startswith(f"{project}/")]
        assert {path: after.get(path) for path in outside} == {path: before.get(path) for path in outside}
        before = after
    assert not attack.with_git or index(project) == committed


def test_each_attack_says_what_it_tries_and_what_must_be_seen() -> None:
    for file in FILES:
        attack = read(file)
        assert attack.what.endswith("."), file
        assert attack.runs, file
        assert all(each.codes for each in attack.runs), file


@contextmanager
def _patience() -> Iterator[None]:
    def hangs(*_: object) -> None:
        pytest.fail(f"the command takes more than {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
