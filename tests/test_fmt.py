"""`rollspec fmt` on the command line: what it changes, what it leaves alone, and that it has nothing to do twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.usecases.fmt import field_order
from tests.support.cases import ROOT, Outcome, lay_out, run

UNTIDY = """\
kind: App
apiVersion: rollspec/v1
metadata: {name: web}
spec:
    tag: "1.4.2"   # the stable one
    image: ghcr.io/acme/web


    ports:
    - {port: 80, name: http}
"""
TIDY = """\
apiVersion: rollspec/v1
kind: App
metadata: {name: web}
spec:
  image: ghcr.io/acme/web
  tag: "1.4.2"   # the stable one

  ports:
    - {name: http, port: 80}
"""


def project(folder: Path, text: str) -> Path:
    (folder / "case/apps").mkdir(parents=True)
    (folder / "case/apps/web.yaml").write_text(text)
    return lay_out(folder / "case", folder / "p")


def test_fields_stand_in_the_schemas_order_and_comments_stay(tmp_path: Path) -> None:
    root = project(tmp_path, UNTIDY)
    check = run(root, "fmt", "--check")
    assert (check.code, check.err) == (1, "would format apps/web.yaml\n")
    done = run(root, "fmt")
    assert (done.code, done.out) == (0, "formatted apps/web.yaml\n")
    assert (root / "apps/web.yaml").read_text() == TIDY
    assert run(root, "fmt").out == ""
    assert run(root, "fmt", "--check").code == 0


def test_only_the_files_named_are_looked_at(tmp_path: Path) -> None:
    root = project(tmp_path, UNTIDY)
    assert run(root, "fmt", "rollspec.yaml").out == ""
    assert run(root, "fmt", "apps/web.yaml").out == "formatted apps/web.yaml\n"
    assert run(root, "fmt", "../case/apps/web.yaml").code == 2


@pytest.mark.parametrize("path", ["p", "p/apps", "p/apps/", "p/apps/web.yaml", "p/docs/../apps"])
def test_paths_are_seen_from_where_one_is_as_validate_has_it(path: str, tmp_path: Path) -> None:
    """Also from above the project; of a folder the specs below it."""
    root = project(tmp_path, UNTIDY)
    (root / "values.yaml").write_text("a:   1\n")
    (root / "docs").mkdir()
    assert run(tmp_path, "fmt", path) == Outcome(0, "formatted p/apps/web.yaml\n", "")
    assert run(tmp_path, "fmt", "--check", path, "p/docs", "p/overlays/production").code == 0


def test_folders_below_are_seen_from_there(tmp_path: Path) -> None:
    root = project(tmp_path, UNTIDY)
    assert run(root, "fmt", "overlays").out == ""
    assert run(root / "overlays", "fmt", "production").out == ""
    assert run(root / "overlays", "fmt", "--check").err == "would format apps/web.yaml\n"
    assert run(root / "overlays", "fmt", ".").out == "formatted ../apps/web.yaml\n"
    assert run(root, "fmt", ".").out == ""


def test_files_of_several_projects_are_formatted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        project(tmp_path / name, UNTIDY)
    (tmp_path / "one/p/rollspec.yaml").write_text("a: 1\na: 2\n")
    outcome = run(tmp_path, "fmt", "two/p", "one/p/apps/web.yaml")
    assert (outcome.code, outcome.out) == (1, "formatted two/p/apps/web.yaml\n")
    assert outcome.err.startswith("one/p/rollspec.yaml:2:1: yaml-duplicate-key")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("case", "case is not in a project: no rollspec.yaml is in its folder or above it"),
        ("p/apps/no.yaml", "there is no file p/apps/no.yaml"),
    ],
)
def test_what_is_not_there_is_no_spec(path: str, said: str, tmp_path: Path) -> None:
    project(tmp_path, UNTIDY)
    assert run(tmp_path, "fmt", path) == Outcome(2, "", f"rollspec: {said}\n")


def test_a_file_that_is_no_spec_is_a_problem(tmp_path: Path) -> None:
    root = project(tmp_path, "a: 1\na: 2\n")
    outcome = run(root, "fmt")
    assert outcome.code == 1
    assert outcome.err.startswith("apps/web.yaml:2:1: yaml-duplicate-key: a is already a key of this mapping")


@pytest.mark.parametrize(
    "text",
    [
        "kind:   Deployment\napiVersion: apps/v1\n",
        "kind:   App\napiVersion: kappctrl.k14s.io/v1alpha1\n",
        "replicas:   2\n",
        "a: 1\n---\na: {{ .Values.a }}\n",
        "",
    ],
)
def test_a_file_that_is_no_spec_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    """As a hook it gets the names of all kinds of files."""
    root = project(tmp_path, UNTIDY)
    (root / "values.yaml").write_text(text)
    outcome = run(root, "fmt", "values.yaml", "apps/web.yaml")
    said = "rollspec: values.yaml: not an App, Overlay or Project; not changed\n"
    assert outcome == Outcome(0, "formatted apps/web.yaml\n", said)
    assert (root / "values.yaml").read_text() == text


def test_a_spec_somewhere_else_is_formatted_by_its_kind(tmp_path: Path) -> None:
    root = project(tmp_path, TIDY)
    (root / "old.yaml").write_text("kind: Overlay\napiVersion: rollspec/v1\nspec: {labels: {}, namespace: a}\n")
    assert run(root, "fmt", "old.yaml").code == 0
    tidy = "apiVersion: rollspec/v1\nkind: Overlay\nspec: {namespace: a, labels: {}}\n"
    assert (root / "old.yaml").read_text() == tidy
    (root / "old.yaml").write_text("kind: App\napiVersion: rollspec/v1\na: 1\na: 2\n")
    assert run(root, "fmt", "old.yaml").code == 1


def test_a_spec_without_a_kind_is_one_where_specs_lie(tmp_path: Path) -> None:
    root = project(tmp_path, "spec: {tag: a, image: b}\n")
    assert run(root, "fmt").out == "formatted apps/web.yaml\n"


def test_our_own_samples_are_formatted() -> None:
    outcome = run(ROOT, "fmt", "--check")
    assert (outcome.code, outcome.err) == (0, "")


def test_the_order_knows_every_kind() -> None:
    assert list(field_order("App")[""]) == ["apiVersion", "kind", "metadata", "spec"]
    assert list(field_order("App")["/spec"])[:4] == ["namespace", "image", "tag", "version"]
    assert list(field_order("App")["/spec/ports/*"])[:3] == ["name", "port", "targetPort"]
    assert "renderLevel" in field_order("Project")["/spec"]
    assert "patches" in field_order("Overlay")["/spec"]
