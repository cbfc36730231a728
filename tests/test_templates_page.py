"""docs/templates.md says what is: its templates render what it shows, and its lists are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

from renderer.pipeline.setup import LONGEST_TEMPLATE
from renderer.render import sandbox, templates
from renderer.spec import app_of
from tests.support.cases import ROOT, lay_out, run
from tests.support.pages import named_files, shows, without_header
from tests.support.plans import spec

PAGE = (ROOT / "docs/templates.md").read_text()


def laid_out(folder: Path) -> tuple[Path, dict[str, list[str]]]:
    """The page's files as a project; and the rendered files that it shows."""
    shown: dict[str, list[str]] = {}
    for path, text in named_files(PAGE).items():
        if path.startswith("rendered/"):
            shown[path] = text.splitlines()[1:]
        else:
            (folder / "case" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "case" / path).write_text(text)
    return lay_out(folder / "case", folder / "project"), shown


def test_the_templates_render_what_is_shown(tmp_path: Path) -> None:
    project, shown = laid_out(tmp_path)
    assert run(project, "render").err == ""
    assert len(shown) == 2
    for path, lines in shown.items():
        assert shows(lines, without_header((project / path).read_text())), path


def test_an_app_without_ports_gets_neither(tmp_path: Path) -> None:
    project, _ = laid_out(tmp_path)
    app = project / "apps/web.yaml"
    app.write_text(app.read_text().partition("  ports:")[0] + "  ports: []\n")
    assert run(project, "render").err == ""
    assert [path.name for path in (project / "rendered/production/web").iterdir()] == ["deployment.yaml"]


def test_what_a_template_sees_is_listed() -> None:
    context = templates._context(app_of("web", "production", spec(), namespace="shop"), ())
    about = context["app"]
    assert isinstance(about, dict)
    table = PAGE.partition("## What a template can read\n\n")[2].partition("\n\n")[0]
    seen = [
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([a-z.]+)`", row)
    ]
    assert sorted(seen) == sorted([*(f"app.{name}" for name in about), *(context.keys() - {"app"})])


def test_filters_and_limits_are_those_of_the_sandbox() -> None:
    listed = re.findall(r"`(\w+)`", PAGE.partition("these filters:")[2].partition(", and two of rollspec")[0])
    assert tuple(listed) == sandbox._FILTERS
    for limit in (sandbox.MAX_STEPS, sandbox.MAX_TEXT, sandbox.MAX_WORK, LONGEST_TEMPLATE):
        assert f"{limit:,}" in PAGE
