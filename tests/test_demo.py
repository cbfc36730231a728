"""The demo plays to its end, and shows a plan for each of its commits."""

from __future__ import annotations

import pytest

from tests import demo


def test_it_plays_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    demo.main()
    said = capfd.readouterr().out
    for title, words in demo.STORY:
        assert f"=== {title}\n\n$ rollspec {words} --commit\ncommitted " in said
    assert said.count("$ rollspec plan --base HEAD~1\n") == len(demo.STORY)
    assert "Start with two apps" in said.splitlines()[-1]
    assert max(map(len, said.splitlines())) <= 140
