"""Plain English: no text that people read has a habit of tests/support/prose.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import ROOT
from tests.support.prose import HABITS, files, findings


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_it_is_plain_english(path: Path) -> None:
    found = list(findings(path))
    assert not found, "\n" + "\n".join(found)


def test_a_habit_is_found_where_people_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.prose.ROOT", tmp_path)
    written = {
        "page.md": "one\n\nThis wants that; `it wants` and\n```text\nthis wants\n```\ndo not count.\n",
        "code.py": 'def f():\n    """It wants."""\n    # it wants\n    return f"it {f} wants", "wants"\n',
        "fixtures/scenarios/one.yaml": 'title: it wants\nallow: {requests: {most: 1, reason: "it wants"}}\n',
        "app.json": '{"properties": {"wants": {"description": "It wants."}}}',
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    lines = {name: [found.split(":")[1] for found in findings(tmp_path / name)] for name in written}
    assert lines == {
        "page.md": ["3"],
        "code.py": ["2", "4", "3"],
        "fixtures/scenarios/one.yaml": ["2"],
        "app.json": ["1"],
    }


def test_the_list_of_habits_is_short() -> None:
    assert len(HABITS) <= 40
