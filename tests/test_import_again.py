"""`import --again`: a second import keeps what people have edited since, and names what it cannot merge."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support import import_cases
from tests.support.cases import Outcome, run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that was imported from one Deployment and its Service."""
    folder = tmp_path / "project"
    assert import_cases.imported("plain", folder, "--report", "report.json").code == 0
    return folder


def _edit(folder: Path, glob: str, old: str, new: str) -> None:
    (file,) = [file for file in folder.glob(glob) if old in file.read_text()]
    file.write_text(file.read_text().replace(old, new))


def _again(folder: Path, *more: str) -> Outcome:
    return run(folder, "import", "source", "--again", "report.json", *more)


def _written(folder: Path) -> dict[str, str]:
    return {file: text for file, text in import_cases.made(folder).items() if file != "report.json"}


def _spec(folder: Path) -> str:
    return (folder / "apps/web.yaml").read_text()


def test_edits_of_both_sides_are_kept(project: Path) -> None:
    _edit(project, "apps/web.yaml", "replicas: 3", "replicas: 5  # for the sale")
    _edit(project, "source/*.yaml", ":1.4.2", ":1.4.3")
    outcome = _again(project)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "wrote apps/web.yaml")
    assert ("tag: 1.4.3" in _spec(project), "replicas: 5  # for the sale" in _spec(project)) == (True, True)


def test_what_the_source_did_not_change_is_left_alone(project: Path) -> None:
    _edit(project, "apps/web.yaml", "tag: 1.4.2", "tag: 1.5.0")
    before = _written(project)
    assert _again(project).code == 0
    assert _written(project) == before


def test_a_field_that_both_changed_stays_and_is_named_every_time(project: Path) -> None:
    _edit(project, "apps/web.yaml", "tag: 1.4.2", "tag: 1.5.0")
    _edit(project, "source/*.yaml", ":1.4.2", ":1.4.3")
    for _ in range(2):
        outcome = _again(project)
        assert (outcome.code, "/spec/tag of apps/web.yaml was edited" in outcome.err) == (1, True)
        assert "tag: 1.5.0" in _spec(project)


def test_an_object_that_is_gone_from_the_source_is_gone_from_the_project(project: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: alone}\ndata: {a: b}\n"
    (project / "source/more.yaml").write_text(text)
    assert "wrote overlays/production/resources/configmap-alone.yaml" in _again(project).out
    (project / "source/more.yaml").unlink()
    assert "removed overlays/production/resources/configmap-alone.yaml" in _again(project).out
    assert "configmap-alone" not in (project / "overlays/production/overlay.yaml").read_text()


def test_a_file_that_one_side_removed_and_the_other_changed_is_named(project: Path) -> None:
    (project / "apps/web.yaml").unlink()
    _edit(project, "source/*.yaml", ":1.4.2", ":1.4.3")
    outcome = _again(project)
    assert (outcome.code, "apps/web.yaml was edited, and the source changed too" in outcome.err) == (1, True)
    assert not (project / "apps/web.yaml").exists()


def test_a_dry_run_writes_nothing(project: Path) -> None:
    _edit(project, "source/*.yaml", ":1.4.2", ":1.4.3")
    before = import_cases.made(project)
    outcome = _again(project, "--dry-run")
    assert (outcome.code, "would write apps/web.yaml" in outcome.out) == (0, True)
    assert import_cases.made(project) == before


def test_it_says_which_objects_of_the_source_changed(project: Path) -> None:
    assert "since the last import" not in _again(project).out
    _edit(project, "source/*.yaml", ":1.4.2", ":1.4.3")
    (project / "source/more.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: alone}\ndata: {a: b}\n"
    )
    lines = [line for line in _again(project).out.splitlines() if line.startswith("since")]
    assert lines == [
        "since the last import: production: Deployment.apps shop/web changed",
        "since the last import: production: ConfigMap shop/alone is new",
    ]
    (project / "source/more.yaml").unlink()
    assert "since the last import: production: ConfigMap shop/alone is gone" in _again(project).out


def test_no_digest_betrays_a_secret(project: Path) -> None:
    """Two short passwords have the same digest, because none of them is in it."""
    seen = set()
    for password in ("aaaa", "bbbb"):
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: alone}}\nstringData: {{password: {password}}}\n"
        (project / "source/more.yaml").write_text(text)
        _again(project)
        seen.add(json.dumps(json.loads((project / "report.json").read_text())["digests"]))
    assert len(seen) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"written": {"a": 1}}', '{"written": {}, "digests": {"envs": {"a": {"objects": 1}}}}']
)
def test_another_file_is_no_report(project: Path, text: str) -> None:
    (project / "report.json").write_text(text)
    outcome = _again(project)
    assert (outcome.code, "is not the report of an import" in outcome.err) == (2, True)


def test_an_environment_that_is_left_out_is_not_removed(tmp_path: Path) -> None:
    for env in ("dev", "live"):
        import_cases.imported("plain", tmp_path / env)  # for its folder `source`
    project = tmp_path / "project"
    project.mkdir()
    sources = ("--env", f"dev={tmp_path}/dev/source", "--env", f"live={tmp_path}/live/source")
    assert run(project, "import", *sources, "--report", "report.json").code == 0
    before = _written(project)
    outcome = run(project, "import", *sources[:2], "--again", "report.json")
    said = "report.json has the environment live too, and this import would remove it: give its source as well"
    assert (outcome.code, said in outcome.err) == (2, True), outcome
    assert _written(project) == before
    shutil.rmtree(project / "overlays/live")
    assert run(project, "import", *sources[:2], "--again", "report.json").code == 0
