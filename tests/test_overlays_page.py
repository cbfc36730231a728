"""docs/overlays.md says what is: its overlays render what it shows, and its list of release state is the program's."""

from __future__ import annotations

import json
import re
from pathlib import Path

from renderer.facts import not_inherited
from tests.support.cases import ROOT, lay_out, run
from tests.support.pages import named_files, shows, without_header
from tests.support.repository import init

PAGE = (ROOT / "docs/overlays.md").read_text()
FILES = named_files(PAGE)
APP = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: web
spec:
  image: ghcr.io/acme/web
  tag: 1.4.2
  ports: []
"""


def project(folder: Path, *, but: str = "none") -> Path:
    """The files of the page, but for those that begin with `but`."""
    (folder / "apps").mkdir(parents=True)
    (folder / "apps/web.yaml").write_text(APP)
    for path, text in FILES.items():
        if not path.startswith(("rendered/", but)):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return lay_out(folder, folder.with_name("laid-out"))


def test_what_is_inherited_is_rendered(tmp_path: Path) -> None:
    root = project(tmp_path / "case")
    assert run(root, "render").err == ""
    (path,) = [path for path in FILES if path.startswith("rendered/")]
    assert shows(FILES[path].splitlines()[1:], without_header((root / path).read_text()))
    assert "web:1.5.0" in (root / "rendered/production/web/deployment.yaml").read_text()


def test_a_release_gets_there_by_a_verb(tmp_path: Path) -> None:
    (words,) = re.findall(r"`rollspec (release .*?)`", PAGE)
    root = init(project(tmp_path / "case"))
    assert run(root, *words.split()).code == 0
    assert "web:1.5.0" in (root / "rendered/production-eu/web/deployment.yaml").read_text()


def test_a_base_renders_nothing_and_gives_what_it_has(tmp_path: Path) -> None:
    root = project(tmp_path / "case", but="overlays/production")
    assert run(root, "render").err == ""
    assert [path.name for path in (root / "rendered").iterdir()] == ["staging"]
    text = (root / "rendered/staging/web/deployment.yaml").read_text()
    assert "    team: shop\n" in text
    assert "  replicas: 3\n" in text


def test_each_field_of_an_overlay_is_listed() -> None:
    table = PAGE.partition("| field of the base |")[2].partition("\n\n")[0]
    rows = [row.partition(" | ")[0] for row in table.splitlines() if row.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    schema = json.loads((ROOT / "schemas/rollspec/overlay.json").read_text())
    assert listed == {*schema["properties"]["spec"]["properties"]} - {"extends", "abstract"}


def test_release_state_is_listed() -> None:
    (row,) = re.findall(r"^\| in that file: (.*?) \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == not_inherited()
