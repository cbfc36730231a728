"""What `make engines` leaves in the cache, also when it was killed before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import install


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(install, "cache", lambda: tmp_path)
    return tmp_path


def filled(folder: Path) -> Path:
    """A folder that cannot be written to, as Go makes those of its modules."""
    inner = folder / "mod" / "example.com@v1"
    inner.mkdir(parents=True)
    (inner / "a.go").touch()
    inner.chmod(0o555)
    return folder


def test_what_only_a_build_needs_goes(cache: Path) -> None:
    filled(cache / "go")
    (cache / "etcd-0123456789").mkdir()
    install.trim()
    assert [path.name for path in cache.iterdir()] == ["etcd-0123456789"]


def test_a_run_that_was_killed_while_it_removed_is_finished_by_the_next(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(cache / "go")
    with monkeypatch.context() as killed:
        killed.setattr(install, "delete", stop)
        with pytest.raises(KeyboardInterrupt):
            install.trim()
    assert not (cache / "go").exists()  # no half of it is taken for the whole
    install.trim()
    assert list(cache.iterdir()) == []


def stop(folder: Path) -> None:
    raise KeyboardInterrupt
