"""`init --editor` and `new --editor`: each spec begins with the line that names its schema, and the schema is there."""

from __future__ import annotations

import json
import os.path
from pathlib import Path

import jsonschema_rs
import pytest

from renderer.yamlio import load
from tests.support.cases import ROOT, run

LINE = "# yaml-language-server: $schema="
EXTENDING = (
    "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: eu}\nspec: {extends: production, namespace: null}\n"
)
PARTIAL = "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: hello}\nspec: {replicas: null}\n"


def schema_of(root: Path, path: str) -> Path:
    line = (root / path).read_text().splitlines()[0]
    assert line.startswith(LINE), path
    return Path(os.path.normpath((root / path).parent / line.removeprefix(LINE)))


def test_each_file_of_a_new_project_names_the_schema_that_it_fits(tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--editor", ".schemas").code == 0
    for path in ("rollspec.yaml", "apps/hello.yaml", "overlays/production/overlay.yaml"):
        schema = json.loads(schema_of(tmp_path, path).read_text())
        data, _ = load((tmp_path / path).read_bytes(), path)
        assert jsonschema_rs.validator_for(schema).is_valid(data), path
    assert run(tmp_path, "validate", "--strict").code == 0
    assert run(tmp_path, "fmt", "--check").code == 0


def test_a_project_gets_the_line_once_in_every_spec(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    files = {"overlays/eu/overlay.yaml": EXTENDING, "overlays/eu/apps/hello.yaml": PARTIAL}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    before = (tmp_path / "apps/hello.yaml").read_text()
    assert run(tmp_path, "init", "--editor", "./.schemas/").code == 0
    assert schema_of(tmp_path, "overlays/eu/overlay.yaml").name == "partial-overlay.schema.json"
    assert schema_of(tmp_path, "overlays/eu/apps/hello.yaml").name == "partial-app.schema.json"
    for path, text in files.items():
        schema = json.loads(schema_of(tmp_path, path).read_text())
        assert jsonschema_rs.validator_for(schema).is_valid(load(text.encode(), path)[0]), path
    once = (tmp_path / "apps/hello.yaml").read_text()
    assert once.split("\n", 1)[1] == before
    assert "every spec already names its schema" in run(tmp_path, "init", "--editor", ".schemas").out
    assert (tmp_path / "apps/hello.yaml").read_text() == once


def test_without_a_folder_the_schemas_are_written_into_the_usual_one(tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--editor", "--env", "staging").code == 0
    assert schema_of(tmp_path, "overlays/staging/overlay.yaml") == tmp_path / ".schemas/overlay.schema.json"
    assert schema_of(tmp_path, "apps/hello.yaml").exists()


def test_a_new_app_brings_the_schemas_that_the_project_lacks(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    assert run(tmp_path, "new", "web", "--image", "ghcr.io/acme/web", "--tag", "1.0.0", "--editor").code == 0
    schema = schema_of(tmp_path, "apps/web.yaml")
    assert schema.exists()
    schema.write_text("{}")
    assert run(tmp_path, "new", "api", "--image", "ghcr.io/acme/api", "--tag", "1.0.0", "--editor").code == 0
    assert schema.read_text() == "{}"


def test_an_address_writes_no_schema(tmp_path: Path) -> None:
    assert run(tmp_path, "init").code == 0
    address = "https://git.example.com/rollspec/raw/v0.1.0/schemas/rollspec/v1"
    command = ("new", "web", "--image", "ghcr.io/acme/web", "--tag", "1.0.0", "--port", "http=80:8080")
    assert run(tmp_path, *command, "--editor", address).code == 0
    assert (tmp_path / "apps/web.yaml").read_text().startswith(f"{LINE}{address}/app.schema.json\n")
    assert not list(tmp_path.rglob("*.schema.json"))
    assert (ROOT / "schemas/rollspec/v1/app.schema.json").exists()


@pytest.mark.parametrize("base", ["", "/", "/tmp/schemas", "../schemas", "a\nb", "apps", "rendered/schemas"])
def test_a_folder_that_is_not_for_schemas_is_refused(tmp_path: Path, base: str) -> None:
    assert run(tmp_path, "init").code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    outcome = run(tmp_path, "init", "--editor", base)
    assert outcome.code == 2
    assert "--editor" in outcome.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
