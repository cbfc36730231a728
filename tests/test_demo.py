"""The demo plays to its end, and shows a plan for each of its commits; its recording shows what commands say now."""

from __future__ import annotations

import html
import re

import pytest

from tests import demo, recording
from tests.support.cases import ROOT


def test_it_plays_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    demo.main()
    said = capfd.readouterr().out
    for title, words in demo.STORY:
        assert f"=== {title}\n\n$ rollspec {words} --commit\ncommitted " in said
    assert said.count("$ rollspec plan --base HEAD~1\n") == len(demo.STORY)
    assert "Start with two apps" in said.splitlines()[-1]
    assert max(map(len, said.splitlines())) <= 140


def test_the_recording_shows_what_the_commands_say_now() -> None:
    """But for the names of commits, which change with each byte of the rendered files. `make docs` records again."""
    shown, made = (ROOT / "docs/demo.svg").read_text(), recording.made()
    assert _without_commits(shown) == _without_commits(made)
    assert 'class="typed"' in made


def test_the_recording_fits_its_picture() -> None:
    lines = re.findall(r">([^<>]*)</text>", (ROOT / "docs/demo.svg").read_text())
    assert max(len(html.unescape(line)) for line in lines) <= recording.COLUMNS


def _without_commits(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{7,12}\b", "COMMIT", text)
