"""`validate --base` judges a change and the specs: what it made for the one it does not make again for the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from renderer.usecases import validate
from renderer.usecases.project import AppTexts, Opened
from tests.bench.projects import ENVS, generate, name_of
from tests.support.cases import Outcome, run
from tests.support.repository import init, save
from tests.test_near import STEPS

APPS = 8
WAYS = [(), ("--cached",), ("--env", ENVS[0]), ("--app", name_of(0)), ("--env", ENVS[1], "--app", name_of(1))]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Rendered and committed."""
    made = generate(tmp_path / "project", APPS, 2)
    init(made)
    run(made, "render")
    save(made)
    return made


@pytest.mark.parametrize("name", sorted(STEPS))
def test_it_says_the_same_as_if_each_app_were_rendered_again(
    name: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for app in (0, 1):
        STEPS[name](project, app)

    def each() -> list[Outcome]:
        return [run(project, "validate", "--base", "HEAD", *words) for words in WAYS]

    found = each()
    monkeypatch.setattr(validate, "_whole", lambda *_: {})
    assert each() == found


def test_an_app_that_changed_is_rendered_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    STEPS["another tag"](project, 1)
    seen: list[str] = []
    plain = Opened.texts

    def noted(opened: Opened, app: str, *more: Any) -> AppTexts:
        seen.append(app)
        return plain(opened, app, *more)

    monkeypatch.setattr(Opened, "texts", noted)
    assert run(project, "validate", "--base", "HEAD").code == 0
    assert sorted(seen) == sorted(map(name_of, range(APPS)))
