"""What people read has no character that a terminal obeys and no line that a CI obeys: names may be hostile."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from renderer.plan import AppPlan, ChangedPath, Effect, Plan
from renderer.problem import Problem, printable
from renderer.report.diff import diff_text
from renderer.report.plan import plan_text
from renderer.report.problems import problems_text
from renderer.tree import TreeError
from tests.support.cases import lay_out, run

EVIL = "a\n::error::\x1b[2Jb\x9b\u202e"
SHOWN = r"a\n::error::\x1b[2Jb\x9b\u202e"
BEGINNING = SHOWN[3:].replace("::", r":\x3a", 1)  # where a line begins with it
APP = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: web
spec:
  image: example.com/web
  tag: "1"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "case/apps").mkdir(parents=True)
    (tmp_path / "case/apps/web.yaml").write_text(APP)
    return lay_out(tmp_path / "case", tmp_path / "p")


def is_harmless(text: str) -> bool:
    """Whether every line is ours and printable."""
    return not any(line.startswith("::") or printable(line) != line for line in text.split("\n"))


def test_the_helper() -> None:
    assert printable(EVIL) == SHOWN
    assert printable("grün 😀 \udcff") == r"grün 😀 \udcff"


def test_files_left_alone(project: Path) -> None:
    assert run(project, "render").code == 0
    folder = project / "rendered/production/web"
    (folder / f"{EVIL}.yaml").write_text("# mine\n")
    for outcome in (run(project, "render"), run(project, "render", "--check")):
        assert "not changed, because rollspec did not write it (" in outcome.err
        assert f"{SHOWN}.yaml" in outcome.err
        assert is_harmless(outcome.err)


def test_json_takes_a_file_name_that_is_not_utf8(project: Path) -> None:
    odd = os.fsencode(project / "apps") + b"/\xff.yml"
    with open(odd, "wb") as file:
        file.write(b"a: b\n")
    outcome = run(project, "validate", "--format", "json")
    assert [each["file"] for each in json.loads(outcome.out)["problems"]] == ["apps/\udcff.yml"]
    assert outcome.out.encode()


def test_files_that_are_new_changed_or_removed(project: Path) -> None:
    assert run(project, "render").code == 0
    folder = project / "rendered/production/web"
    (folder / "deployment.yaml").rename(folder / f"{EVIL}.yaml")
    outcome = run(project, "render", "--check")
    assert f"removed: production/web/{SHOWN}.yaml\n" in outcome.err.replace("rendered/", "")
    assert is_harmless(outcome.err)


def test_files_that_are_formatted(project: Path) -> None:
    (project / f"apps/{EVIL}.yaml").write_text(
        APP.replace("  tag", "  tag").replace("  image", "  image") + "  # end\n"
    )
    (project / f"apps/{EVIL}.yaml").write_text("kind: App\napiVersion: rollspec/v1\n")
    outcome = run(project, "fmt")
    assert outcome.out == f"formatted apps/{SHOWN}.yaml\n"


def test_paths_that_cannot_be_read() -> None:
    assert str(TreeError(EVIL, "no such file")) == f"{SHOWN}: no such file"


def test_paths_that_are_not_there(project: Path) -> None:
    outcome = run(project, "validate", EVIL)
    assert outcome.code == 2
    assert is_harmless(outcome.err)


def test_diffs() -> None:
    """The old content may be anybody's."""
    text = diff_text({EVIL: f"one\n{EVIL}\x0cx\ttab\r\n".encode()}, {EVIL: b"one\ntwo"}, colour=False)
    assert (
        text
        == f"""\
--- a/{SHOWN}
+++ b/{SHOWN}
@@ -1,3 +1,2 @@
 one
-a
-{BEGINNING}\\x0cx\ttab\\r
+two
\\ No newline at end of file
"""
    )


def test_plans() -> None:
    path = ChangedPath("App", f"/spec/env/{EVIL}", "template", "1", "2")
    problem = Problem(f"{EVIL}.yaml", 1, 1, "tag", EVIL)
    app = AppPlan(EVIL, EVIL, (Effect("replace", "new pods", (path,)),), problems=(problem,))
    for form in ("text", "markdown"):
        text = plan_text(Plan(EVIL, "head", (app,)), form)
        assert r"/spec/env/a\n::error::\x1b" in text
        assert is_harmless(text)


def test_annotations() -> None:
    problem = Problem(f"{EVIL}.yaml", 1, 1, "tag", f"{EVIL} 100%", f"/{EVIL}")
    (line,) = problems_text([problem], "github").splitlines()
    assert line.isprintable()
    assert line.endswith(f"::{SHOWN} 100%25 (/{SHOWN})")
