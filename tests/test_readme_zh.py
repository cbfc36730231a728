"""README.zh-CN.md keeps in step with README.md: the same sections, code, links and claims, in the same order."""

from __future__ import annotations

import re

import pytest

from tests.engines.evidence import MARK
from tests.support.cases import ROOT

ENGLISH, CHINESE = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))


def sections(text: str) -> list[str]:
    return re.split(r"^## .*$", text, flags=re.MULTILINE)


def test_it_has_the_same_sections() -> None:
    assert len(sections(CHINESE)) == len(sections(ENGLISH))


@pytest.mark.parametrize(
    "what",
    [
        r"^```\w+\n.*?^```$",  # code
        r"^(?:-|\|) ",  # items and rows
        r"\]\((docs/[^)]+)\)",  # links to pages
        MARK.pattern,  # claims
    ],
)
def test_each_section_has_the_same(what: str) -> None:
    for number, (english, chinese) in enumerate(zip(sections(ENGLISH), sections(CHINESE), strict=True)):
        found = re.findall(what, english, re.MULTILINE | re.DOTALL), re.findall(what, chinese, re.MULTILINE | re.DOTALL)
        assert found[0] == found[1], number


def test_no_section_is_left_in_english() -> None:
    for text in sections(CHINESE):
        prose = re.sub(r"^```.*?^```$|`[^`]*`|\([^)]*\)|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)
        assert len(re.findall(r"[\u4e00-\u9fff]", prose)) > len(re.findall(r"[A-Za-z]{3,}", prose))
