"""Which files that nothing reads are named as problems: those that look like ours, and no others."""

from __future__ import annotations

import pytest

from renderer.layout import Layout
from renderer.usecases.misplaced import misplaced

OURS, THEIRS, PLAIN = (
    b'kind: App\napiVersion: "rollspec/v1"\n',
    b"apiVersion: apps/v1\nkind: Deployment\n",
    b"- op: test\n",
)
# path -> text -> whether it is named
TABLE: dict[str, dict[bytes, bool]] = {
    "overlays/production/overlay.yaml": {OURS: False, PLAIN: False},
    "overlays/foo/overlay.yml": {OURS: True, PLAIN: True, THEIRS: False},
    "overlays/foo/overlay.json": {PLAIN: True},
    "overlays/overlay.yaml": {OURS: True, PLAIN: True},
    "overlays/eu/production/overlay.yaml": {OURS: True, PLAIN: True, THEIRS: False},
    "overlays/production.yaml": {OURS: True, PLAIN: False},
    "overlays/web.yaml": {PLAIN: True},
    "overlays/production/web.yaml": {OURS: True, PLAIN: True, THEIRS: False},
    "overlays/production/web.yml": {PLAIN: True},
    "overlays/production/other.yaml": {OURS: True, PLAIN: False, THEIRS: False},
    "overlays/production/web.md": {OURS: False},
    "overlays/production/taken.yaml": {OURS: False, PLAIN: False},
    "overlays/production/patches/web.yaml": {PLAIN: False, THEIRS: False},
    "overlays/production/kustomization.yaml": {PLAIN: False},
    "overlays/production/apps/t/web.yaml": {OURS: True, PLAIN: True, THEIRS: False},
    "overlays/production/apps/t/README.md": {PLAIN: False},
    "overlays/.gitkeep": {b"": False},
    "templates/net.yaml.j2": {PLAIN: False},
    "templates/team/net.yaml.j2": {PLAIN: False},
    "templates/net.yaml": {PLAIN: True, THEIRS: True},
    "templates/net.yml.j2": {PLAIN: True},
    "templates/README.md": {PLAIN: False},
    "templates/.gitkeep": {b"": False},
}


@pytest.mark.parametrize("path", TABLE)
def test_a_file_is_named_where_it_looks_like_ours(path: str) -> None:
    for text, is_named in TABLE[path].items():
        problems = misplaced(Layout(), {path: text}, [], {"web"}, {"overlays/production/taken.yaml", None})
        assert [problem.file for problem in problems] == ([path] if is_named else []), text


def test_partial_apps_without_an_overlay_are_named_once() -> None:
    partials = ["overlays/dev/apps/web.yaml", "overlays/qa/apps/README.md"]
    partials += [f"overlays/qa/apps/web{number}.yaml" for number in range(3)]
    problems = misplaced(Layout(), {"overlays/dev/overlay.yaml": OURS}, partials, {"web"}, ())
    assert [(problem.file, problem.message) for problem in problems] == [
        ("overlays/qa/apps/web0.yaml", "not read: there is no overlays/qa/overlay.yaml; add it, or move the file")
    ]
