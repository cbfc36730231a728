"""README.zh-CN.md: its text is written by people, its code is that of README.md."""

from __future__ import annotations

import re

from tests.support.cases import ROOT

_CODE = re.compile(r"^```\w+\n.*?^```$", re.MULTILINE | re.DOTALL)


def page() -> str:
    """The page with each block of code as README.md has it."""
    code = iter(_CODE.findall((ROOT / "README.md").read_text()))
    return _CODE.sub(lambda found: next(code, found[0]), (ROOT / "README.zh-CN.md").read_text())
