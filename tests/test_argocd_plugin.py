"""rollspec as a config management plugin: the example's own command, in a folder as Argo CD's sidecar has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.cases import ROOT, run
from tests.support.pages import blocks, shows
from tests.support.past import HEAD, PROJECT, WEB
from tests.support.repository import git, init, save

PAGE = ROOT / "docs/argocd-plugin.md"
OBJECT = "rendered/_argocd/production.yaml"
EXAMPLES = ROOT / "docs/examples/argocd-plugin"
PLUGIN = yaml.safe_load((EXAMPLES / "plugin.yaml").read_text())["spec"]
ARGO_CD = """\
  repository: {url: https://git.example.com/shop.git, revision: main}
  argocd: {kind: Application, plugin: rollspec}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project with two environments and two apps, without a repository."""
    root = tmp_path / "source"
    texts = {"rollspec.yaml": PROJECT + ARGO_CD}
    for env in ("dev", "production"):
        texts[f"overlays/{env}/overlay.yaml"] = HEAD.format(kind="Overlay", name=env) + f"  namespace: {env}\n"
    for app in ("api", "web"):
        texts[f"apps/{app}.yaml"] = HEAD.format(kind="App", name=app) + WEB
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def generate(source: Path, given: str | None = None, **parameters: str) -> subprocess.CompletedProcess[str]:
    """The plugin's own command; it must not write anything. `given` are all parameters, as JSON, if not these."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    env = {"PATH": path, **coverage, **{f"PARAM_{name.upper()}": value for name, value in parameters.items()}}
    listed = [{"name": name, "string": value} for name, value in parameters.items()]
    env["ARGOCD_APP_PARAMETERS"] = json.dumps(listed) if given is None else given
    before = sorted(source.rglob("*"))
    command = PLUGIN["generate"]["command"]
    done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)
    assert sorted(source.rglob("*")) == before
    assert done.stdout or done.returncode, "an empty answer makes Argo CD delete everything"
    return done


def objects(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    assert done.returncode == 0, done.stderr
    return sorted((each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(done.stdout) if each)


def test_it_prints_what_render_writes_without_the_applications(source: Path) -> None:
    found = objects(generate(source, environment="production"))
    assert ("Rollout", "api") in found
    assert ("Rollout", "web") in found
    assert not any(kind == "Application" for kind, _ in found)
    assert run(source, "render").code == 0
    written = [yaml.safe_load(path.read_text()) for path in (source / "rendered/production").rglob("*.yaml")]
    assert found == sorted((each["kind"], each["metadata"]["name"]) for each in written)


def test_the_parameters_choose_the_environment_and_the_app(source: Path) -> None:
    names = {parameter["name"] for parameter in PLUGIN["parameters"]["static"]}
    assert names == {"environment", "app"}
    found = objects(generate(source, environment="production", app="web"))
    assert {name for _, name in found} == {"web"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "the plugin's parameter `environment` is missing: give it one of dev, production"),
        ({"environment": "test"}, "there is no environment `test`"),
        ({"environment": "dev", "app": "nope"}, "there is no app `nope`"),
    ],
)
def test_wrong_parameters(source: Path, parameters: dict[str, str], said: str) -> None:
    done = generate(source, **parameters)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("more", "parameters", "said"),
    [
        ({"name": "apps", "string": "web"}, {}, "the plugin has no parameter `apps`: it has `environment` and `app`"),
        ({"name": "app", "array": ["web"]}, {"app_0": "web"}, "the plugin's parameter `app` is not a text"),
        ({"name": "app", "map": {"a": "web"}}, {"app_a": "web"}, "the plugin's parameter `app` is not a text"),
        ({"name": "app", "string": ""}, {"app": ""}, "the plugin's parameter `app` is empty"),
        (None, {}, "the plugin has no parameter `None`"),
    ],
)
def test_parameters_that_would_be_overlooked_are_refused(
    source: Path, more: object, parameters: dict[str, str], said: str
) -> None:
    """The Application would get all apps, which other Applications have too."""
    given = json.dumps([{"name": "environment", "string": "dev"}, more])
    done = generate(source, given, environment="dev", **parameters)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, ""), done.stderr


@pytest.mark.parametrize(
    "given", ["", "null", "[]", "no JSON", "[" * 100_000, '[{"name": "Environment", "string": "dev"}]']
)
def test_what_argo_cd_says_of_all_parameters_may_be_missing(source: Path, given: str) -> None:
    assert generate(source, given, environment="dev").returncode == 0


def test_an_environment_without_an_object_is_a_failure(source: Path) -> None:
    for path in (source / "apps").iterdir():
        path.unlink()
    done = generate(source, environment="production")
    assert done.returncode == 1
    assert "Argo CD would delete everything there" in done.stderr


def test_an_error_names_app_file_and_line(source: Path) -> None:
    spec = source / "apps/web.yaml"
    spec.write_text(spec.read_text().replace("targetPort: 8080", "targetPort: 808000"))
    done = generate(source, environment="production")
    assert done.returncode == 1
    assert "apps/web.yaml:" in done.stderr
    assert "/spec/ports/0/targetPort" in done.stderr


def test_the_page_shows_the_application(source: Path) -> None:
    page = (ROOT / "docs/argocd-plugin.md").read_text()
    assert run(source, "render").code == 0
    settings, application = blocks(page, "yaml")
    assert shows(settings.splitlines()[1:], (source / "rollspec.yaml").read_text())
    assert shows(application.splitlines()[1:], (source / "rendered/_argocd/production.yaml").read_text())


def test_a_plugin_has_one_application_and_no_branches(source: Path) -> None:
    project = source / "rollspec.yaml"
    text = project.read_text().replace("kind: Application,", "kind: ApplicationSet,")
    project.write_text(text + "  publish: {branch: 'environments/{env}'}\n")
    done = run(source, "validate")
    assert done.code == 1
    assert done.err.count("argocd-plugin") == 2


def test_the_sidecar_finds_the_program_and_the_plugin() -> None:
    patch = yaml.safe_load((EXAMPLES / "repo-server-patch.yaml").read_text())
    (sidecar,) = patch["spec"]["template"]["spec"]["containers"]
    assert sidecar["securityContext"]["runAsUser"] == 999
    assert "USER 999:999" in (ROOT / "Containerfile").read_text()
    assert "/rollspec/bin" in sidecar["env"][0]["value"]
    assert PLUGIN["discover"] == {"fileName": "./rollspec.yaml"}


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A repository as the page sets it up: Git ignores all rendered files but Argo CD's own objects."""
    root = init(tmp_path / "shop")
    assert (
        run(root, "init", "--env", "production", "--app", "web", "--image", "ghcr.io/acme/web", "--tag", "1.0.0").code
        == 0
    )
    (root / "rollspec.yaml").write_text((root / "rollspec.yaml").read_text() + ARGO_CD)
    (ignored,) = [text for text in blocks(PAGE.read_text(), "text") if "!/rendered/_argocd/" in text]
    (root / ".gitignore").write_text((root / ".gitignore").read_text() + ignored)
    done = run(root, "render")
    assert (done.code, done.err) == (0, "")
    save(root, "Start")
    assert [path for path in git(root, "ls-files").split() if path.startswith("rendered/")] == [OBJECT]
    return root


def test_verbs_commit_specs_and_argo_cds_objects_alone(committed: Path) -> None:
    assert run(committed, "release", "web", "1.1.0", "--commit").code == 0
    assert git(committed, "show", "--format=", "--name-only").split() == ["overlays/production/apps/web.yaml"]
    assert git(committed, "status", "--porcelain") == ""
    assert run(committed, "release", "web", "1.2.0", "--env", "production", "--commit").code == 0
    assert run(committed, "undo", "web", "--commit").code == 0
    assert run(committed, "plan", "--base", "HEAD~1").code == 0


def test_a_check_of_a_fresh_clone_looks_at_argo_cds_objects_alone(committed: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(committed), str(clone))
    for check in (("render", "--check"), ("render", "--check", "--staged")):
        assert run(clone, *check).code == 0, check
    (clone / OBJECT).unlink()
    assert run(clone, "render", "--check").code == 1
    git(clone, "rm", "--quiet", "--cached", OBJECT)
    assert run(clone, "render", "--check", "--staged").code == 1


def test_old_files_of_an_earlier_run_do_not_fail_a_check(committed: Path) -> None:
    spec = committed / "apps/web.yaml"
    spec.write_text(spec.read_text().replace("1.0.0", "1.1.0"))
    assert run(committed, "render", "--check").code == 0


def test_argo_cds_objects_must_be_committed(committed: Path) -> None:
    (committed / ".gitignore").write_text("/rendered/\n")
    git(committed, "rm", "--quiet", "--cached", OBJECT)
    done = run(committed, "render", "--check")
    assert done.code == 1
    assert f"{OBJECT}: Git ignores these rendered files" in done.err
