"""`make minor`: a version that no registry has leaves the project as it was. Adding a real one needs a registry."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from schemas.make import add
from schemas.make.sources import ChangedError


def test_a_version_that_is_not_there_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = {}
    for name in ("LOCK", "PROJECT", "_DEFAULTS"):
        copies[name] = tmp_path / name
        shutil.copy(getattr(add, name), copies[name])
        monkeypatch.setattr(add, name, copies[name])
    before = {name: path.read_bytes() for name, path in copies.items()}

    def make(_: list[str]) -> None:
        assert {name: path.read_bytes() for name, path in copies.items()} != before
        raise ChangedError("not there")

    monkeypatch.setattr(add, "make", make)
    with pytest.raises(ChangedError, match="not there"):
        add.main("istio", "9.9.9")
    assert {name: path.read_bytes() for name, path in copies.items()} == before


@pytest.mark.parametrize(("name", "version"), [("envoy", "1.0.0"), ("istio", "1.32"), ("", "")])
def test_what_is_not_a_version_is_refused(name: str, version: str) -> None:
    with pytest.raises(ChangedError, match=r"NAME is one of|VERSION is a version"):
        add.main(name, version)
