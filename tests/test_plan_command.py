"""`plan` and `validate --base` in a Git repository: what they read, compare, refuse, and how they end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from renderer.plan import AppPlan, ChangedPath, Effect, Plan
from renderer.problem import Problem
from renderer.report.plan import plan_text
from renderer.yamlio import dump
from tests.support.cases import OVERLAY, PROJECT, Outcome, run

_AUTHOR = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
WEB = {
    "image": "ghcr.io/acme/web",
    "tag": "1.4.2",
    "replicas": 4,
    "ports": [{"name": "http", "port": 80}],
    "readinessProbe": {"tcpSocket": {"port": "http"}},
}
OTHER = {**WEB, "image": "ghcr.io/acme/other"}
ISTIO = {"strategy": {"type": "Canary", "router": "istio"}}
CANARY = {"canary": {"tag": "1.5.0", "weight": 20}}
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: blue}\n"
RAISED = {"canary": {"tag": "1.5.0", "weight": 50}}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *_AUTHOR, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _put(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def _app(folder: Path, name: str, data: Mapping[str, Any], env: str = "") -> None:
    path = f"overlays/{env}/apps/{name}.yaml" if env else f"apps/{name}.yaml"
    document: dict[str, Any] = {
        "apiVersion": "rollspec/v1",
        "kind": "App",
        "metadata": {"name": name},
        "spec": dict(data),
    }
    _put(folder, path, dump(document))


def _commit(folder: Path, message: str = "a change") -> str:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", message)
    return _git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose two apps are committed on main."""
    folder = tmp_path / "repository"
    _put(folder, "rollspec.yaml", PROJECT)
    _put(folder, "overlays/production/overlay.yaml", OVERLAY)
    _app(folder, "web", {**WEB, **ISTIO})
    _app(folder, "other", OTHER)
    _git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    _commit(folder)
    return folder


def _plan(folder: Path, *arguments: str) -> list[tuple[str, str, str]]:
    outcome = run(folder, "plan", "--format", "json", *arguments)
    assert outcome.code == 0, outcome.err
    return [(app["env"], app["app"], app["class"]) for app in json.loads(outcome.out)["apps"]]


@pytest.mark.parametrize(
    ("command", "broken"),
    [
        (("plan",), "apps/web.yaml"),
        (("plan",), "overlays/production/overlay.yaml"),
        (("status",), "overlays/production/overlay.yaml"),
        (("history", "web"), "rollspec.yaml"),
    ],
)
def test_problems_are_json_where_json_is_asked_for(project: Path, command: tuple[str, ...], broken: str) -> None:
    with (project / broken).open("a") as file:
        file.write("  nonsense: 1\n")
    if command[0] == "history":  # it reads what is committed
        _commit(project)
    outcome = run(project, *command, "--format", "json")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out == run(project, "validate", "--format", "json").out
    assert [each["file"] for each in json.loads(outcome.out)["problems"]] == [broken]
    assert run(project, *command).err == run(project, "validate").err


def test_resources_outside_the_overlays_are_read_from_both_sides(project: Path) -> None:
    _put(project, "overlays/production/overlay.yaml", OVERLAY + "  resources: [../../shared/settings.yaml]\n")
    _put(project, "shared/settings.yaml", SETTINGS)
    _commit(project)
    _put(project, "shared/settings.yaml", SETTINGS.replace("blue", "green"))
    assert [each[:2] for each in _plan(project, "--base", "HEAD")] == [("production", "_resources")]
    now = _commit(project)
    assert [each[:2] for each in _plan(project, "--base", f"{now}^", "--head", now)] == [("production", "_resources")]


def test_without_a_change_nothing_happens(project: Path) -> None:
    outcome = run(project, "plan")
    assert outcome == Outcome(0, outcome.out, "")
    assert "nothing happens" in outcome.out
    assert json.loads(run(project, "plan", "--format", "json").out)["class"] == "nothing"


def test_the_working_tree_is_compared_with_where_it_left_main(project: Path) -> None:
    _git(project, "switch", "--quiet", "--create", "work")
    _app(project, "web", CANARY, "production")
    _commit(project)
    _git(project, "switch", "--quiet", "main")
    _app(project, "other", {**OTHER, "replicas": 9})
    _commit(project)
    _git(project, "switch", "--quiet", "work")
    assert _plan(project) == [("production", "web", "canary-start")]
    assert _plan(project, "--base", "main") == [("production", "web", "canary-start"), ("production", "other", "scale")]


def test_two_revisions(project: Path) -> None:
    base = _git(project, "rev-parse", "HEAD")
    _app(project, "web", CANARY, "production")
    middle = _commit(project)
    _app(project, "web", RAISED, "production")
    assert _plan(project, "--base", base, "--head", middle) == [("production", "web", "canary-start")]
    assert _plan(project, "--base", middle) == [("production", "web", "canary-step")]
    assert _plan(project, "--base", middle, "--head", base) == [("production", "web", "abort")]


def test_what_git_does_not_know_yet_counts(project: Path) -> None:
    _app(project, "new", {**WEB, "image": "ghcr.io/acme/new"})
    assert _plan(project) == [("production", "new", "create")]


def test_an_app_that_goes(project: Path) -> None:
    (project / "apps/other.yaml").unlink()
    assert _plan(project) == [("production", "other", "disruptive")]


def test_an_overlay_is_about_all_its_apps_and_those_that_extend_it(project: Path) -> None:
    extending = OVERLAY.replace("production", "eu").replace("spec:\n", "spec:\n  extends: production\n")
    _put(project, "overlays/eu/overlay.yaml", extending.replace("namespace: shop", "namespace: eu"))
    base = _commit(project)
    _put(project, "overlays/production/overlay.yaml", f"{OVERLAY}  labels: {{team: shop}}\n")
    found = _plan(project, "--base", base)
    assert found == [(env, app, "metadata") for env in ("eu", "production") for app in ("other", "web")]
    assert _plan(project, "--base", base, "--env", "eu", "--app", "web") == [("eu", "web", "metadata")]


def test_a_template_of_the_project_is_about_every_app(project: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ app.name }}-note\ndata:\n  a: b\n"
    _put(project, "templates/note.yaml.j2", text)
    assert _plan(project) == [("production", app, "create") for app in ("other", "web")]


def test_a_manifest_that_an_app_takes_along(project: Path) -> None:
    _app(project, "web", {**WEB, **ISTIO, "extraResources": ["../extra/map.yaml"]})
    _put(project, "extra/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata: {a: b}\n")
    base = _commit(project)
    _put(project, "extra/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata: {a: c}\n")
    assert _plan(project, "--base", base) == [("production", "web", "replace")]


def test_other_folders_on_each_side(project: Path) -> None:
    base = _git(project, "rev-parse", "HEAD")
    (project / "apps").rename(project / "services")
    _put(project, "rollspec.yaml", f"{PROJECT}  apps: services\n")
    assert _plan(project, "--base", base) == []
    _app(project, "web", CANARY, "production")
    assert _plan(project, "--base", base) == [("production", "web", "canary-start")]


def test_a_project_below_the_top_of_the_repository(tmp_path: Path) -> None:
    folder = tmp_path / "deploy"
    _put(folder, "rollspec.yaml", PROJECT)
    _put(folder, "overlays/production/overlay.yaml", OVERLAY)
    _app(folder, "web", {**WEB, **ISTIO})
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    _commit(tmp_path)
    _app(folder, "web", CANARY, "production")
    assert _plan(folder) == [("production", "web", "canary-start")]
    _commit(tmp_path)
    assert _plan(folder, "--base", "HEAD~1", "--head", "HEAD") == [("production", "web", "canary-start")]


def test_a_base_without_a_project_makes_everything_new(tmp_path: Path) -> None:
    _put(tmp_path, "README.md", "hello\n")
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    _commit(tmp_path)
    _put(tmp_path, "rollspec.yaml", PROJECT)
    _put(tmp_path, "overlays/production/overlay.yaml", OVERLAY)
    _app(tmp_path, "web", WEB)
    assert _plan(tmp_path) == [("production", "web", "create")]


@pytest.mark.parametrize(("limit", "code"), [("canary-step", 0), ("canary-start", 1), ("scale", 1), ("disruptive", 0)])
def test_fail_on_a_class_or_a_harsher_one(project: Path, limit: str, code: int) -> None:
    _app(project, "web", CANARY, "production")
    outcome = run(project, "plan", "--fail-on", limit)
    assert outcome.code == code
    assert "canary-start" in outcome.out


def test_a_base_that_cannot_be_read_has_unknown_effects(project: Path) -> None:
    _put(project, "overlays/production/overlay.yaml", OVERLAY.replace("namespace", "namespaec"))
    broken = _commit(project)
    _put(project, "overlays/production/overlay.yaml", OVERLAY)
    outcome = run(project, "plan", "--base", "HEAD", "--format", "json")
    assert outcome.code == 0
    assert outcome.err.startswith(f"rollspec: warning: the project at {broken} cannot be read")
    apps = json.loads(outcome.out)["apps"]
    assert [(app["app"], app["class"]) for app in apps] == [("other", "disruptive"), ("web", "disruptive")]
    assert apps[0]["reason"].startswith("the old version cannot be rendered")


def test_a_head_that_does_not_render_has_problems_and_no_plan(project: Path) -> None:
    _app(project, "web", {"canary": {"tag": "1.5.0", "weight": 120}}, "production")
    outcome = run(project, "plan")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "overlays/production/apps/web.yaml" in outcome.err


def test_no_such_revision_is_could_not_look(project: Path) -> None:
    outcome = run(project, "plan", "--base", "nowhere")
    assert outcome.code == 3
    assert "nowhere" in outcome.err


def test_outside_a_repository(tmp_path: Path) -> None:
    _put(tmp_path, "rollspec.yaml", PROJECT)
    _put(tmp_path, "overlays/production/overlay.yaml", OVERLAY)
    assert run(tmp_path, "plan").code == 3


def test_an_unknown_app_is_a_usage_failure(project: Path) -> None:
    outcome = run(project, "plan", "--app", "wob")
    assert outcome.code == 2
    assert "did you mean `web`" in outcome.err


def test_only_what_changed_is_read(project: Path) -> None:
    """An app that nobody touched may be broken: the plan does not look at it."""
    _put(project, "apps/other.yaml", "not: [a spec\n")
    base = _commit(project)
    _app(project, "web", CANARY, "production")
    assert _plan(project, "--base", base) == [("production", "web", "canary-start")]


def test_validate_judges_the_change_too(project: Path) -> None:
    _app(project, "web", CANARY, "production")
    base = _commit(project)
    assert run(project, "validate", "--base", base).code == 0
    _app(project, "web", RAISED, "production")
    assert run(project, "validate").code == 0
    outcome = run(project, "validate", "--base", base)
    assert outcome.code == 1
    assert "overlays/production/apps/web.yaml:8:13: weight-without-from: " in outcome.err
    assert f"`rollspec weight web 50 --env production --live {base}` writes it" in outcome.err
    assert run(project, "validate", "--base", base, "--app", "other").code == 0
    assert "weight-without-from" in run(project, "plan", "--base", base).out


def test_before_the_first_commit_there_is_no_change_to_judge(tmp_path: Path) -> None:
    _put(tmp_path, "rollspec.yaml", PROJECT)
    _put(tmp_path, "overlays/production/overlay.yaml", OVERLAY)
    _app(tmp_path, "web", WEB)
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert run(tmp_path, "validate", "--base", "HEAD").code == 0
    assert run(tmp_path, "validate", "--base", "nowhere").code == 3


def test_the_verb_that_a_problem_names_mends_it(project: Path) -> None:
    _app(project, "web", CANARY, "production")
    base = _commit(project)
    _app(project, "web", RAISED, "production")
    assert run(project, "weight", "web", "50", "--env", "production", "--live", base).code == 0
    assert run(project, "validate", "--base", base).code == 0
    assert _plan(project, "--base", base) == [("production", "web", "canary-step")]


def test_a_reverted_promote_is_named_as_such(project: Path) -> None:
    _app(project, "web", CANARY, "production")
    _commit(project)
    assert run(project, "promote", "web").code == 0
    promoted = _commit(project, "promote")
    _git(project, "revert", "--no-edit", promoted)
    outcome = run(project, "validate", "--base", promoted)
    assert outcome.code == 1
    assert "reverted-promote" in outcome.err
    assert "`rollspec undo web --env production`" in outcome.err


def test_markdown_is_a_comment_with_folded_details(project: Path) -> None:
    _app(project, "web", {**RAISED, "env": {"A": "a|b <script> `x` ``y``"}}, "production")
    outcome = run(project, "plan", "--format", "markdown")
    lines = outcome.out.splitlines()
    assert lines[0] == "### rollspec plan: canary-start"
    assert lines[4].startswith("| **canary-start** | production | web | canary 1.5.0 starts at 50 % |")
    assert outcome.out.count("<details>") == outcome.out.count("</details>") == 1
    fence = next(number for number, line in enumerate(lines) if line.startswith("```"))
    assert "<script>" not in "".join(lines[:fence])


def _comment(reason: str, message: str = "", env: str = "production") -> tuple[str, str, str]:
    """What a plan's comment makes of the text: in a row, in a line, in the head of what is folded."""
    problems = (Problem("a.yaml", 1, 1, "tag", message),) if message else ()
    app = AppPlan("web", env, (Effect("replace", reason),), problems=problems, remarks=("what is folded",))
    lines = plan_text(Plan("base", "head", (app,)), "markdown").splitlines()
    (warning,) = [line for line in lines if line.startswith("- error **tag**, ")] or [""]
    (summary,) = [line for line in lines if line.startswith("<details>")]
    return lines[4].split("| web | ")[1].removesuffix(" |"), warning.partition(": ")[2], summary


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("the tag `1.5` <b>", r"the tag `1.5` \<b>"),
        ("a `` b ` c", r"a \`\` b \` c"),
        (
            "https://evil.example/a www.evil.example GH-12 ##[error]a",
            r"https:&#8203;//evil.example/a www&#8203;.evil.example GH&#8203;-12 \#\\x23\[error\]a",
        ),
        ("``` <img src=x> @org/team `", r"\`\`\` \<img src=x> @&#8203;org/team \`"),
        ("`a` ``<b>` c", r"`a` \`\`\<b>\` c"),
        ("`a``b`", r"\`a\`\`b\`"),
        (r"\`a` \<b>", r"\\`a` \\\<b>"),
        ("&lt;img&gt; &#64;org", r"\&lt;img\&gt; \&\#64;org"),
        ("![x](http://x) *a* _b_ ~c~", r"!\[x\](http:&#8203;//x) \*a\* \_b\_ \~c\~"),
        ("a\n\n<b>", r"a\\n\\n\<b>"),
    ],
)
def test_a_comment_shows_text_as_it_is(text: str, line: str) -> None:
    assert _comment(text, text)[:2] == (line, line)


def test_a_bar_ends_no_cell_of_a_comment() -> None:
    row, line, _ = _comment("a|b `c|d`", "a|b `c|d`")
    assert row == r"a\|b `c\|d`"
    assert line == r"a\|b `c|d`"


def test_the_head_of_what_is_folded_is_html() -> None:
    """A line that begins with a tag is not read as Markdown: a backslash escapes nothing there."""
    assert "<summary>web in &lt;img src=x&gt;@&#8203;org: replace</summary>" in _comment("x", env="<img src=x>@org")[2]


def test_a_comment_stays_short_enough() -> None:
    path = ChangedPath("App", "/spec/env/A", "template", "x" * 48, "y" * 48)
    apps = tuple(
        AppPlan(f"app-{number}", "production", (Effect("replace", f"reason {number}", (path,) * 9),))
        for number in range(400)
    )
    text = plan_text(Plan("base", "head", apps), "markdown")
    assert 30_000 < len(text) < 65_536
    assert "This comment is too long to show everything" in text
    assert text.count("<details>") == text.count("</details>")


_HEADERS = {"x-a": "1", "x-b": "2"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"env": {"FLAG": 1}}, {"env": {"FLAG": True}}),
        ({"files": {"/a": "1", "/b": "2"}}, {"files": {"/b": "2", "/a": "1"}}),
        (
            {"canary": {**CANARY["canary"], "overrides": {"env": {"A": "1", "B": "2"}}}},
            {"canary": {**CANARY["canary"], "overrides": {"env": {"B": "2", "A": "1"}}}},
        ),
        ({"istio": {"canaryHeaders": _HEADERS}}, {"istio": {"canaryHeaders": dict(reversed(_HEADERS.items()))}}),
    ],
    ids=["a number and a boolean", "files", "overrides", "headers"],
)
def test_what_changes_a_manifest_is_something(project: Path, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Values that Python takes for equal, and mappings that become lists."""
    _app(project, "web", {**WEB, **ISTIO, **CANARY, **before})
    assert run(project, "render").code == 0
    _commit(project)
    _app(project, "web", {**WEB, **ISTIO, **CANARY, **after})
    assert run(project, "render").out.startswith("1 written"), "the manifests differ"
    assert _plan(project, "--base", "HEAD") != []


def test_a_higher_render_level_names_the_apps_that_restart(project: Path) -> None:
    _put(project, "rollspec.yaml", PROJECT.replace("renderLevel: 1", "renderLevel: 2"))
    assert "renderLevel 1 -> 2: this commit restarts no app." in run(project, "plan", "--base", "HEAD").out
    _app(project, "other", {**OTHER, "env": {"LOG": "debug"}})
    for form in ("text", "markdown"):
        text = run(project, "plan", "--base", "HEAD", "--format", form).out
        assert "renderLevel 1 -&gt; 2: this commit restarts other in production." in text.replace("-> 2", "-&gt; 2")
    data = json.loads(run(project, "plan", "--base", "HEAD", "--format", "json").out)
    assert data["renderLevel"] == {"before": 1, "after": 2}


PAUSED = {"paused": True}
REPLICA = {"strategy": {"type": "Canary", "router": "replica"}}
BLUE_GREEN = {"strategy": {"type": "BlueGreen"}}
SCALED = {
    "replicas": None,
    "resources": {"requests": {"cpu": "100m"}},
    "autoscaling": {"minReplicas": 3, "maxReplicas": 6, "cpu": 70},
}


@pytest.mark.parametrize(
    ("before", "meanwhile", "class_", "pods", "is_noted"),
    [
        (REPLICA, {"replicas": 8}, "scale", (4, 8), True),
        (ISTIO, {"replicas": 8}, "scale", (4, 8), True),
        (ISTIO, {"tag": "1.5.0"}, "replace", (4, 0), True),
        (ISTIO, CANARY, "canary-start", (4, 4), True),
        ({**ISTIO, **CANARY}, {"tag": "1.5.0", "canary": None}, "promote", (4, 0), True),
        ({}, {"tag": "1.5.0"}, "replace", (4, 0), True),
        ({}, {"replicas": 8}, "hold", (8, 8), False),  # the controller of a Deployment scales while it is paused
        (ISTIO, {"service": {"annotations": {"a": "b"}}}, "hold", (4, 4), False),  # it had its effect at once
        (BLUE_GREEN, {"replicas": 8}, "hold", (8, 8), False),
        ({**ISTIO, **SCALED}, {"tag": "1.5.0"}, "replace", (3, 0), True),
    ],
)
def test_what_was_changed_in_a_pause_happens_when_it_ends(
    project: Path, before: dict[str, Any], meanwhile: dict[str, Any], class_: str, pods: tuple[int, int], is_noted: bool
) -> None:
    first, changed = (
        {key: value for key, value in {**WEB, **before, **some}.items() if value is not None}
        for some in ({}, meanwhile)
    )
    for data in (first, {**first, **PAUSED}, {**changed, **PAUSED}):
        _app(project, "web", data)
        _put(project, "note.txt", str(data))
        _commit(project)
    _app(project, "web", changed)
    plan = json.loads(run(project, "plan", "--format", "json").out)["apps"][0]
    stable = next(track for track in plan["timeline"]["tracks"] if track["version"] == "1.4.2")
    assert (plan["class"], stable["pods_before"], stable["pods_after"]) == (class_, *pods)
    assert any("while it was paused" in remark for remark in plan["remarks"]) == is_noted


def test_a_weight_of_before_the_pause_is_the_one_that_is_assumed(project: Path) -> None:
    now = {**WEB, **ISTIO, "canary": {"tag": "1.5.0", "weight": 50, "from": 20}}
    for data in ({**WEB, **ISTIO, **CANARY}, {**WEB, **ISTIO, **CANARY, **PAUSED}, {**now, **PAUSED}):
        _app(project, "web", data)
        _commit(project)
    _app(project, "web", now)
    plan = json.loads(run(project, "plan", "--format", "json").out)["apps"][0]
    canary = next(track for track in plan["timeline"]["tracks"] if track["version"] == "1.5.0")
    assert (plan["class"], canary["before"], canary["after"]) == ("canary-step", 20.0, 50.0)
    assert any("1.5.0 has 20 %" in remark for remark in plan["remarks"])


def test_a_pause_whose_start_is_not_known_is_said_to_be(project: Path) -> None:
    _git(project, "checkout", "--quiet", "--orphan", "cut")
    _app(project, "web", {**WEB, **ISTIO, **PAUSED})
    _commit(project)
    _app(project, "web", {**WEB, **ISTIO})
    plan = json.loads(run(project, "plan", "--base", "HEAD", "--format", "json").out)["apps"][0]
    assert plan["remarks"] == ["what was changed while it was paused happens now too, and these numbers leave it out"]
