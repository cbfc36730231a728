"""The verbs on the command line, in real Git repositories: what is written, what is committed, what is left alone."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from renderer.failure import Failure
from renderer.tree import write_all
from renderer.usecases.words import parse_overrides
from tests.support.cases import ROOT, Outcome, run
from tests.support.past import WEB, Repository

APP = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: {name}
spec:
  image: ghcr.io/acme/{name}   # the image
  tag: 1.4.2
  replicas: 4
  ports:
    - {{name: http, port: 80, targetPort: 8080}}
  env: {{LOG: info}}
  readinessProbe: {{tcpSocket: {{port: http}}}}
  strategy: {{type: Canary, router: istio}}
"""
OVERLAY = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata:\n  name: {name}\nspec:\n  namespace: {name}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two apps in staging and production, rendered and committed."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project = tmp_path / "repository"
    files = {"rollspec.yaml": "apiVersion: rollspec/v1\nkind: Project\nspec:\n  renderLevel: 1\n"}
    files |= {f"apps/{name}.yaml": APP.format(name=name) for name in ("web", "api")}
    files |= {f"overlays/{env}/overlay.yaml": OVERLAY.format(name=env) for env in ("staging", "production")}
    for path, text in files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    assert run(project, "render").code == 0
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "begin")
    return project


def git(project: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True, text=True).stdout


def verb(project: Path, *words: str, env: str = "production") -> Outcome:
    return run(project, *words, "--env", env)


@pytest.mark.parametrize("option", ["--message=why", "--no-verify"])
@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_what_is_about_the_commit_needs_one(repository: Path, option: str, dry_run: list[str]) -> None:
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", option, *dry_run)
    name = option.partition("=")[0]
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"rollspec: {name} is about the commit: it needs --commit\n"
    assert git(repository, "status", "--porcelain", "--untracked-files=no") == ""
    again = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--message=why", "--dry-run", "--commit")
    assert again.code == 0


def test_commit_holds_the_spec_and_what_is_rendered_and_nothing_else(repository: Path) -> None:
    (repository / "notes.txt").write_text("staged\n")
    git(repository, "add", "notes.txt")
    (repository / "apps/api.yaml").write_text(APP.format(name="api") + "  # changed besides\n")
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert (outcome.code, outcome.err) == (0, "")
    assert git(repository, "show", "--name-only", "--format=%s%n%b", "HEAD").splitlines() == [
        "deploy(production): release web 1.5.0 at 20 %",
        "web in production: 1.4.2 stable -> 1.4.2 stable, canary 1.5.0 at 20 %",
        "",
        "Rollspec-App: web",
        "Rollspec-Env: production",
        "Rollspec-Verb: release",
        "",
        "",
        "overlays/production/apps/web.yaml",
        "rendered/production/web/rollout.yaml",
    ]
    assert git(repository, "status", "--porcelain").splitlines() == [" M apps/api.yaml", "A  notes.txt"]


def test_files_that_are_not_ours_stay_out_of_the_commit(repository: Path) -> None:
    notes = repository / "rendered/production/web/notes.yaml"
    notes.write_text("a: b\n")
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit").code == 0
    assert "notes.yaml" not in git(repository, "show", "--name-only", "--format=", "HEAD")
    assert notes.read_text() == "a: b\n"


def test_a_file_in_the_way_that_is_not_ours_stops_a_verb(repository: Path) -> None:
    rollout = repository / "rendered/production/web/rollout.yaml"
    rollout.write_text(rollout.read_text().partition("\n")[2])
    before = git(repository, "rev-parse", "HEAD")
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert outcome.code == 1
    assert "rendered/production/web/rollout.yaml: rollspec did not write this file" in outcome.err
    assert git(repository, "rev-parse", "HEAD") == before
    assert not (repository / "overlays/production/apps/web.yaml").exists()


def test_a_full_disk_leaves_all_as_it_was(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def once(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:  # the specs are written, the manifests are not
            raise Failure("no space left on device")
        return write_all(*args, **kwargs)

    monkeypatch.setattr("renderer.usecases.verb.write_all", once)
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20")
    assert outcome.code == 3
    assert git(repository, "status", "--porcelain") == ""


def test_a_partial_app_file_that_has_come_back_to_nothing_goes(repository: Path) -> None:
    assert verb(repository, "pause", "web").code == 0
    assert verb(repository, "resume", "web").code == 0
    assert git(repository, "status", "--porcelain") == ""


def test_a_verb_waits_for_another_and_sees_what_it_did(repository: Path) -> None:
    """Without the wait it would now and then write over what it has not seen."""
    words = [sys.executable, "-m", "renderer", "-C", str(repository), "release", "web", "1.6.0", "--weight", "5"]
    with (repository / "rollspec.yaml").open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        waiting = subprocess.Popen([*words, "--env", "production"], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        folder = repository / "overlays/production/apps"
        folder.mkdir()
        spec = "spec: {canary: {tag: 1.5.0, weight: 20}}\n"
        (folder / "web.yaml").write_text(f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\n{spec}")
    _, err = waiting.communicate()
    assert (waiting.returncode, "a canary (1.5.0) is in flight" in err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("web", "--set", "args=1", "--set", "args.x=2"),
        ("web", "1.5.0", "--from-env", "staging"),
        ("web=1.5.0", "web=1.6.0"),
    ],
)
def test_what_contradicts_itself_is_refused(repository: Path, words: tuple[str, ...]) -> None:
    assert verb(repository, "release", *words, "--weight", "20").code == 2


def test_a_canary_that_the_live_revision_does_not_have_starts_from_nothing(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "weight", "web", "50", "--commit")
    assert verb(repository, "weight", "web", "80", "--live", "HEAD~2").code == 0
    text = (repository / "overlays/production/apps/web.yaml").read_text()
    assert ("weight: 80" in text, "from:" in text) == (True, False)
    assert run(repository, "validate", "--base", "HEAD~2").code == 0


def test_a_promotion_begins_at_the_weight_that_is_live(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "weight", "web", "60", "--commit")
    assert verb(repository, "promote", "web", "--live", "HEAD~1", "--commit").code == 0
    assert "weight: 20" in (repository / "overlays/production/apps/web.yaml").read_text()
    assert run(repository, "validate", "--base", "HEAD~2").code == 0
    outcome = run(repository, "plan", "--base", "HEAD~2")
    assert ("20 % -> 100 %" in outcome.out, "flag" in outcome.out) == (True, False)


def test_a_promotion_of_what_is_not_live_begins_at_nothing(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert verb(repository, "promote", "web", "--live", "HEAD~1").code == 0
    rollout = (repository / "rendered/production/web/rollout.yaml").read_text()
    assert [line.split()[-1] for line in rollout.splitlines() if "setWeight" in line] == ["100"]


def test_a_promotion_by_hand_is_mended_with_the_live_revision(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    file = repository / "overlays/production/apps/web.yaml"
    head = file.read_text().partition("spec:")[0]
    file.write_text(f"{head}spec:\n  tag: 1.5.0\n  previous: {{tag: 1.4.2}}\n")
    assert "promote-weight" in run(repository, "validate", "--base", "HEAD").err
    assert verb(repository, "promote", "web", "--live", "HEAD").code == 0
    assert run(repository, "validate", "--base", "HEAD").code == 0
    assert "weight: 20" in file.read_text()
    assert "is already 20" in verb(repository, "promote", "web", "--live", "HEAD").err
    assert "not the canary of the live revision" in verb(repository, "promote", "web", "--live", "HEAD~1").err


def test_a_promotion_does_not_continue_a_ladder_that_waits_in_a_pause(repository: Path) -> None:
    spec = repository / "apps/web.yaml"
    text = spec.read_text().replace("tag: 1.4.2\n", "tag: 1.4.2\n  canary: {tag: 1.5.0}\n")
    steps = "[{setWeight: 10}, {pause: PAUSE}, {setWeight: 50}, {pause: {duration: 10}}, {setWeight: 100}]"
    for pause, waits in (("{}", True), ("{duration: 5m}", False)):
        ladder = f"router: istio, autoPromotionEnabled: true, steps: {steps.replace('PAUSE', pause)}"
        spec.write_text(text.replace("router: istio", ladder))
        outcome = verb(repository, "promote", "web", "--dry-run")
        assert outcome.code == 0, outcome.err
        assert ("waits at 10 % in a pause without a duration" in outcome.err) == waits, outcome.err
        assert ("continues to its end by itself" in outcome.err) != waits
        assert ("ladder-end: the ladder waits here, at 10 %" in run(repository, "validate").err) == waits


def test_a_ladder_is_promoted_at_one_of_its_weights(repository: Path) -> None:
    app = repository / "apps/web.yaml"
    steps = "steps: [{setWeight: 10}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {}}]"
    app.write_text(app.read_text().replace("router: istio", f"router: istio, {steps}"))
    verb(repository, "release", "web", "1.5.0")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a ladder")
    assert "the ladder's weights are 10, 50" in verb(repository, "promote", "web", "--at", "30").err
    assert verb(repository, "promote", "web", "--at", "10").code == 0
    assert run(repository, "validate", "--base", "HEAD").err == ""


def test_a_pin_of_the_environment_stays_with_its_comment(repository: Path) -> None:
    file = repository / "overlays/production/apps/web.yaml"
    file.parent.mkdir()
    before = "apiVersion: rollspec/v1\nkind: App\nmetadata:\n  name: web\nspec:\n  tag: 1.4.2 # keep\n"
    file.write_text(before)
    verb(repository, "release", "web", "1.5.0", "--weight", "20")
    verb(repository, "promote", "web")
    verb(repository, "undo", "web")
    assert file.read_text().startswith(before)


def test_a_policy_that_wants_a_canary_stops_a_release_at_once(repository: Path) -> None:
    overlay = repository / "overlays/production/overlay.yaml"
    overlay.write_text(f"{overlay.read_text()}  policy: {{templateChanges: canary}}\n")
    app = repository / "apps/web.yaml"
    app.write_text(app.read_text().replace("type: Canary, router: istio", "type: RollingUpdate"))
    outcome = verb(repository, "release", "web", "1.5.0")
    assert (outcome.code, "the policy requires a canary" in outcome.err) == (1, True)


def test_a_weight_is_for_the_canaries_among_several_apps(repository: Path) -> None:
    app = repository / "apps/web.yaml"
    app.write_text(app.read_text().replace("type: Canary, router: istio", "type: RollingUpdate"))
    outcome = verb(repository, "release", "web=1.5.0", "api=2.0.0", "--weight", "20")
    assert (outcome.code, "canary 2.0.0 at 20 %" in outcome.out) == (0, True)
    outcome = verb(repository, "release", "web", "1.6.0", "--weight", "20")
    message = "strategy RollingUpdate has no canary, so 20 % would be 100 % at once: leave --weight out to do that"
    assert (outcome.code, message in outcome.err) == (1, True)


def test_an_abort_and_a_retry_keep_the_comments_of_the_canary(repository: Path) -> None:
    file = repository / "overlays/production/apps/web.yaml"
    verb(repository, "release", "web", "1.5.0", "--weight", "20")
    before = file.read_text().replace("weight: 20", "weight: 20  # for a week\n    # more on Monday")
    file.write_text(before)
    assert verb(repository, "abort", "web").code == 0
    assert file.read_text() == before.replace("canary:", "aborted:")
    assert verb(repository, "retry", "web").code == 0
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("fields", "words", "said"),
    [
        ("strategy: {type: Canary, router: replica}\n  replicas: 1", ("restart", "web"), "the only pod ends before"),
        ("strategy: {type: BlueGreen, router: null}\n  replicas: 1", ("restart", "web"), "the only pod ends before"),
        ("strategy: {type: Canary, router: istio}\n  replicas: 4\n  canary: {tag: 2, weight: 25}",
         ("restart", "web"), "its share reaches no pod"),
        ("strategy: {type: Canary, router: istio}\n  replicas: 4\n  canary: {tag: 2, weight: 26}",
         ("restart", "web"), ""),
        ("strategy: {type: Canary, router: replica}\n  replicas: 4\n  canary: {tag: 2, weight: 25}",
         ("restart", "web"), "the stable version has its share"),
        ("strategy: {type: RollingUpdate, router: null}\n  replicas: 1", ("restart", "web"), ""),
        ("strategy: {type: Canary, router: istio, steps: [{setWeight: 20}, {pause: {}}]}\n  canary: {tag: 2}",
         ("promote", "web"), "at its last weight, 20 %"),
        ("strategy: {type: Canary, router: istio, steps: [{setWeight: 20}, {pause: {}}]}\n  canary: {tag: 2}",
         ("promote", "web", "--at", "20"), ""),
        ("strategy: {type: Canary, router: istio, steps: [{setWeight: 100}], autoPromotionEnabled: true}\n"
         "  canary: {tag: 2}", ("promote", "web"), "continues to its end by itself"),
        ("strategy: {type: Canary, router: replica}\n  service: {sessionAffinity: ClientIP}",
         ("release", "web", "2.0.0", "--weight", "25"), "a share of clients"),
        ("strategy: {type: Canary, router: istio}\n  service: {clusterIP: None}",
         ("release", "web", "2.0.0", "--weight", "25"), "the Service is headless"),
        ("strategy: {type: Canary, router: istio}",
         ("release", "web", "2.0.0", "--weight", "25"), ""),
    ],
)  # fmt: skip
def test_what_git_cannot_know_is_said_beside(repository: Path, fields: str, words: tuple[str, ...], said: str) -> None:
    file = repository / "overlays/production/apps/web.yaml"
    file.parent.mkdir()
    fields = fields.replace("tag: 2", 'tag: "2"')
    file.write_text(f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\nspec:\n  {fields}\n")
    assert run(repository, "render").code == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "live")
    outcome = verb(repository, *words)
    assert outcome.code == 0, outcome.err
    assert said in outcome.err if said else outcome.err == ""


def test_an_old_argo_rollouts_wants_time_before_a_retry_of_a_preview(repository: Path) -> None:
    project = repository / "rollspec.yaml"
    project.write_text(project.read_text() + '  versions: {argoRollouts: "1.9"}\n')
    file = repository / "overlays/production/apps/web.yaml"
    file.parent.mkdir()
    state = "strategy: {type: BlueGreen, router: null}, aborted: {tag: 1.5.0}"
    file.write_text(f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\nspec: {{{state}}}\n")
    assert "less than 30 s ago" in verb(repository, "retry", "web").err


def test_a_commit_names_the_version_of_each_app(repository: Path) -> None:
    verb(repository, "release", "web=1.5.0", "api=2.1.0", "--weight", "20", "--commit")
    verb(repository, "promote", "web", "api", "--commit")
    verb(repository, "undo", "web", "--commit")
    assert git(repository, "log", "--format=%s", "-3").splitlines() == [
        "deploy(production): undo web to 1.4.2",
        "deploy(production): promote web 1.5.0, api 2.1.0",
        "deploy(production): release web 1.5.0 at 20 %, api 2.1.0 at 20 %",
    ]


@pytest.mark.parametrize(
    "spec", ["metadata: {x: web}\nspec: {}", "metadata: {name: web}\nspec: text", "metadata: {name: api}\nspec: {}"]
)
def test_a_spec_that_is_none_is_told_and_no_more(repository: Path, spec: str) -> None:
    (repository / "apps/web.yaml").write_text(f"apiVersion: rollspec/v1\nkind: App\n{spec}\n")
    outcome = verb(repository, "release", "web", "1.5.0")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("apps/web.yaml:")


def test_a_head_that_cannot_be_read_passes_no_gate(repository: Path) -> None:
    for folder in (repository / ".git/objects").glob("??"):
        shutil.rmtree(folder)
    for words in (("validate", "--base", "HEAD"), ("validate", "--hook", str(repository / "apps/web.yaml")), ("plan",)):
        assert run(repository, *words).code == 3, words


def test_what_is_set_must_be_text(repository: Path) -> None:
    outcome = verb(repository, "release", "web", "2", "--weight", "1", "--set", "image=\udcff")
    assert (outcome.code, outcome.out) == (2, "")


def test_of_several_apps_each_says_why_it_is_refused(repository: Path) -> None:
    outcome = verb(repository, "promote", "web", "api")
    assert (outcome.code, outcome.out) == (1, "")
    assert [line.partition(":")[2].split()[0] for line in outcome.err.splitlines()] == ["web", "api"]


def test_a_release_of_several_says_which_have_no_canary(repository: Path) -> None:
    api = repository / "apps/api.yaml"
    api.write_text(api.read_text().replace("{type: Canary, router: istio}", "{type: RollingUpdate}"))
    assert run(repository, "render").code == 0
    git(repository, "commit", "--quiet", "--all", "--message", "api rolls")
    outcome = verb(repository, "release", "web=1.5.0", "api=2.1.0", "--weight", "20", "--commit")
    assert "release web 1.5.0 at 20 %, api 2.1.0\n" in outcome.out
    why = "--weight is ignored: strategy RollingUpdate has no canary, the new version replaces it at once"
    assert outcome.err == f"rollspec: api in production: {why}\n"


def test_a_wrong_spec_is_told_at_its_line(repository: Path) -> None:
    web = repository / "apps/web.yaml"
    web.write_text(web.read_text().replace("replicas: 4", "replicas: four"))
    assert verb(repository, "release", "web", "2.0.0", "--weight", "20").err.startswith(
        "apps/web.yaml:8:13: bad-format: "
    )


def test_a_weight_from_another_revision_is_refused_like_any(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    outcome = verb(repository, "weight", "web", "20", "--live", "HEAD~1")
    assert (outcome.code, "the canary's weight is already 20" in outcome.err) == (1, True)


def test_bootstrap_leaves_what_argo_cd_applies_alone(repository: Path) -> None:
    assert run(repository, "render", "--bootstrap").code == 2
    assert run(repository, "render", "--bootstrap", "--stdout").code == 0


def test_undo_to_what_is_stable_already_is_refused(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "promote", "web", "--commit")
    outcome = verb(repository, "undo", "web", "--to", "HEAD")
    assert (outcome.code, "1.5.0 is already the stable version" in outcome.err) == (1, True)


def test_a_verb_commits_nothing_before_the_project_is_committed(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert run(tmp_path, "init", "--app", "web", "--image", "acme/web", "--tag", "1.0.0").code == 0
    assert run(tmp_path, "render").code == 0
    outcome = run(tmp_path, "release", "web", "2.0.0", "--commit")
    assert (outcome.code, "commit the project first" in outcome.err) == (1, True)


def test_a_changed_weight_is_a_small_diff(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "weight", "web", "50", "--commit")
    verb(repository, "weight", "web", "60", "--commit")
    changed = git(repository, "show", "--format=", "--numstat", "HEAD", "--", "overlays").split()
    assert changed == ["2", "2", "overlays/production/apps/web.yaml"]


def test_several_apps_go_out_in_one_commit(repository: Path) -> None:
    outcome = verb(repository, "release", "web=1.5.0", "api=2.0.0", "--weight", "10", "--commit")
    assert outcome.code == 0, outcome.err
    assert "Rollspec-App: web\nRollspec-App: api" in git(repository, "log", "-1", "--format=%b")
    assert len(git(repository, "log", "--oneline").splitlines()) == 2


def test_from_env_takes_tag_and_version_and_says_what_else_differs(repository: Path) -> None:
    partial = repository / "overlays/staging/apps/web.yaml"
    partial.parent.mkdir()
    head = "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec:\n"
    partial.write_text(head + "  tag: 1.9.0\n  version: v9\n  env: {LOG: debug}\n")
    outcome = verb(repository, "release", "web", "--from-env", "staging", "--weight", "20")
    assert outcome.code == 0, outcome.err
    assert (
        outcome.err
        == "rollspec: web in production: staging has other configuration too, which stays as it is: env.LOG\n"
    )
    text = (repository / "overlays/production/apps/web.yaml").read_text()
    assert "tag: 1.9.0" in text
    assert "version: v9" in text


def test_from_env_passes_over_what_is_stable_already(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", env="staging")
    verb(repository, "promote", "web", env="staging")
    outcome = verb(repository, "release", "web", "api", "--from-env", "staging", "--weight", "20")
    assert (outcome.code, "rollspec: api in production: 1.4.2 is stable already" in outcome.err) == (0, True)
    assert "api" not in outcome.out
    assert verb(repository, "release", "api", "web", "--from-env", "production", "--weight", "20").code == 1


@pytest.mark.parametrize(("tag", "old"), [("1.5.0", "1.4.2"), ("nightly-7", "nightly-5")])
def test_from_env_says_that_a_version_is_older(repository: Path, tag: str, old: str) -> None:
    """In the second case the environment has never had the older version, but Git has seen both."""
    if old != "1.4.2":
        verb(repository, "release", "web", old, "--weight", "20", "--commit", env="staging")
        verb(repository, "promote", "web", "--commit", env="staging")
    for words in (("release", "web", tag, "--weight", "20"), ("promote", "web")):
        assert verb(repository, *words, "--commit").code == 0
    outcome = verb(repository, "release", "web", "--from-env", "staging", "--weight", "20", "--redo", "--commit")
    assert f"canary {old} at 20 % ({old} is older than {tag})" in outcome.out
    assert f"({old} is older than {tag})" in git(repository, "log", "-1", "--format=%B")


def test_from_env_says_nothing_of_a_newer_version(repository: Path) -> None:
    """Git has seen it later, although its number is lower."""
    for words in (("release", "web", "1.3.9", "--weight", "20"), ("promote", "web")):
        assert verb(repository, *words, "--commit", env="staging").code == 0
    assert "older" not in verb(repository, "release", "web", "--from-env", "staging", "--weight", "20").out


def test_from_env_alone_takes_every_app_that_differs(repository: Path) -> None:
    assert verb(repository, "release", "--from-env", "staging", "--weight", "20").code == 1  # nothing to release
    verb(repository, "release", "web", "1.5.0", "--weight", "20", env="staging")
    verb(repository, "promote", "web", env="staging")
    outcome = verb(repository, "release", "--from-env", "staging", "--weight", "20")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "web in production: 1.4.2 stable -> 1.4.2 stable, canary 1.5.0 at 20 %\n"
    outcome = verb(repository, "release", "--from-env", "staging", "--weight", "20")
    assert (outcome.code, outcome.err) == (
        1,
        "rollspec: web in production: 1.5.0 is in flight already\nrollspec: nothing to release in production\n",
    )
    for option in ("--version=v5", "--set=env.LOG=debug"):
        assert verb(repository, "release", "--from-env", "staging", "--weight", "20", option).code == 2


def test_from_env_alone_takes_no_other_label_for_another_version(repository: Path) -> None:
    partial = repository / "overlays/production/apps/api.yaml"
    partial.parent.mkdir(exist_ok=True)
    partial.write_text("apiVersion: rollspec/v1\nkind: App\nmetadata: {name: api}\nspec: {version: v1}\n")
    verb(repository, "release", "web", "1.5.0", "--weight", "20", env="staging")
    verb(repository, "promote", "web", env="staging")
    outcome = verb(repository, "release", "--from-env", "staging", "--weight", "20")
    assert (outcome.code, outcome.out.count("\n")) == (0, 1)


def test_from_env_tells_every_problem_where_it_is(repository: Path) -> None:
    for app in ("api", "web"):
        path = repository / f"apps/{app}.yaml"
        path.write_text(path.read_text().replace("tag: 1.4.2", "tag: [1]"))
    outcome = verb(repository, "release", "--from-env", "staging", "--weight", "20")
    assert [line.split(":")[0] for line in outcome.err.splitlines()[:2]] == ["apps/api.yaml", "apps/web.yaml"]
    (repository / "apps/api.yaml").unlink()
    (repository / "apps/api.yaml").symlink_to("web.yaml")
    outcome = verb(repository, "release", "api", "--from-env", "staging", "--weight", "20")
    assert (outcome.code, outcome.err.startswith("apps/api.yaml")) == (1, True)


def test_release_of_nothing_is_a_wrong_command(repository: Path) -> None:
    outcome = verb(repository, "release", "--weight", "20")
    assert (
        outcome.code,
        "Missing argument 'APP [TAG] | APP=TAG... | APP... | --from-env ENV | --from-edits | --train'" in outcome.err,
    ) == (
        2,
        True,
    )


def test_undo_takes_another_configuration_of_the_same_tag_as_a_canary(repository: Path) -> None:
    app = repository / "apps/web.yaml"
    app.write_text(app.read_text().replace("LOG: info", "LOG: trace"))
    assert run(repository, "render").code == 0
    git(repository, "commit", "-qam", "trace")
    outcome = verb(repository, "undo", "web", "--to", "HEAD~1", "--weight", "10")
    assert (outcome.code, outcome.err) == (0, "")
    assert "LOG: info" in (repository / "overlays/production/apps/web.yaml").read_text()


def test_dry_run_shows_the_diff_and_changes_nothing(repository: Path) -> None:
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--dry-run")
    assert outcome.code == 0
    assert "+    tag: 1.5.0" in outcome.out
    assert "+++ b/rendered/production/web/rollout.yaml" in outcome.out
    assert git(repository, "status", "--porcelain") == ""


def test_an_environment_must_be_named_where_there_are_several(repository: Path) -> None:
    outcome = run(repository, "release", "web", "1.5.0", "--weight", "20")
    said = "rollspec: which environment? The project has several: add --env production|staging\n"
    assert (outcome.code, outcome.err) == (2, said)


def test_a_hook_that_fails_leaves_nothing_half_done(repository: Path) -> None:
    hook = repository / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no thanks >&2\nexit 1\n")
    hook.chmod(0o755)
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert outcome.code == 3
    assert "(`--no-verify` commits without pre-commit and commit-msg): " in outcome.err
    assert "no thanks" in outcome.err
    assert git(repository, "status", "--porcelain") == ""
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit", "--no-verify").code == 0


def test_a_hook_that_no_option_skips_is_no_reason_to_name_the_option(repository: Path) -> None:
    hook = repository / ".git/hooks/prepare-commit-msg"
    hook.write_text("#!/bin/sh\necho no thanks >&2\nexit 1\n")
    hook.chmod(0o755)
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit", "--no-verify")
    assert outcome.code == 3
    assert outcome.err.startswith("rollspec: nothing was changed: ")
    assert "no thanks" in outcome.err
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("file", "edit"),
    [
        ("apps/web.yaml", ("replicas: 4", "replicas: 5")),
        ("overlays/production/overlay.yaml", ("namespace: production", "namespace: shop")),
        ("rollspec.yaml", ("renderLevel: 1", "renderLevel: 2")),
    ],
)
def test_a_commit_is_refused_while_its_own_specs_are_not_committed(
    repository: Path, file: str, edit: tuple[str, str]
) -> None:
    """It would hold manifests of a spec that it does not hold, or a weight that was never live."""
    path = repository / file
    path.write_text(path.read_text().replace(*edit))
    edited, words = path.read_text(), ("release", "web", "1.5.0", "--weight", "20")
    outcome = verb(repository, *words, "--commit")
    assert outcome.code == 1
    aside = (
        f"`git stash push -- {file}` puts the edit aside; then run this again, and `git stash pop` brings the edit back"
    )
    message = f"changed since the last commit: {aside}; or commit it first, "
    assert outcome.err == f"rollspec: {file}: {message}or leave out --commit and commit it all\n"
    assert git(repository, "status", "--porcelain") == f" M {file}\n"
    assert verb(repository, *words, "--dry-run").code == 0
    git(repository, "stash", "push", "--quiet", "--", file)
    assert verb(repository, *words, "--commit").code == 0
    git(repository, "stash", "pop", "--quiet")
    assert (path.read_text(), git(repository, "status", "--porcelain")) == (edited, f" M {file}\n")


@pytest.mark.parametrize("file", ["apps/web.yaml", "overlays/production/overlay.yaml", "rollspec.yaml"])
@pytest.mark.parametrize("comment", ["# by hand\n", "\n# by hand: {tag: 9.9.9}\n"])
def test_comments_that_are_not_committed_stay_so(repository: Path, file: str, comment: str) -> None:
    """They change no manifest, so an abort need not wait for them."""
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit").code == 0
    path = repository / file
    path.write_text(path.read_text().replace("spec:\n", f"spec: # why\n{comment}"))
    edited = path.read_text()
    outcome = verb(repository, "abort", "web", "--commit")
    assert outcome.code == 0, outcome.err
    assert (path.read_text(), git(repository, "status", "--porcelain")) == (edited, f" M {file}\n")
    assert run(repository, "render", "--check").code == 0


def test_an_edit_of_another_environment_stops_nothing(repository: Path) -> None:
    """Unless the environment of the verb, or one that extends it, is made of that overlay."""
    path = repository / "overlays/staging/overlay.yaml"
    path.write_text(path.read_text().replace("namespace: staging", "namespace: stage"))
    words = ("--weight", "20", "--commit")
    assert verb(repository, "release", "web", "1.5.0", *words).code == 0
    assert git(repository, "status", "--porcelain") == " M overlays/staging/overlay.yaml\n"
    assert "stage" not in git(repository, "show", "HEAD")
    git(repository, "checkout", "--quiet", ".")
    own = repository / "overlays/production/overlay.yaml"
    own.write_text(own.read_text().replace("namespace: production", "namespace: production\n  extends: staging"))
    assert run(repository, "render").code == 0
    git(repository, "commit", "--quiet", "--all", "--message", "extend")
    path.write_text(path.read_text() + "  defaults: {replicas: 7}\n")
    said = verb(repository, "weight", "web", "50", "--commit")
    assert (said.code, "overlays/staging/overlay.yaml: changed since the last commit" in said.err) == (1, True), said


def test_comments_of_the_file_that_a_verb_writes_are_put_aside_by_hand(repository: Path) -> None:
    """The commit would have them."""
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit").code == 0
    path = repository / "overlays/production/apps/web.yaml"
    path.write_text("# watching it\n" + path.read_text())
    outcome = verb(repository, "abort", "web", "--commit")
    assert (outcome.code, "`git stash push -- overlays/production/apps/web.yaml` puts the edit" in outcome.err) == (
        1,
        True,
    )
    git(repository, "stash", "push", "--quiet", "--", "overlays/production/apps/web.yaml")
    assert verb(repository, "abort", "web", "--commit").code == 0
    git(repository, "stash", "pop", "--quiet")
    assert path.read_text().startswith("# watching it\n")


def test_a_shared_file_that_is_half_edited_says_how_to_abort_without_the_edit(repository: Path) -> None:
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit").code == 0
    path = repository / "overlays/staging/overlay.yaml"
    path.write_text(path.read_text() + "  policy: {\n")
    outcome = verb(repository, "abort", "web", "--commit")
    assert (outcome.code, "`git stash push -- overlays/staging/overlay.yaml` puts" in outcome.err) == (1, True), outcome
    outcome = verb(repository, "abort", "web")
    assert (outcome.code, "stash" in outcome.err) == (1, False), outcome
    git(repository, "stash", "push", "--quiet", "--", "overlays/staging/overlay.yaml")
    assert verb(repository, "abort", "web", "--commit").code == 0


def test_what_puts_an_edit_aside_is_for_the_folder_that_one_is_in(repository: Path) -> None:
    path = repository / "apps/web.yaml"
    path.write_text(path.read_text().replace("replicas: 4", "replicas: 5"))
    outcome = verb(repository / "overlays", "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert "rollspec: apps/web.yaml: changed" in outcome.err
    assert "`git stash push -- ../apps/web.yaml` puts the edit aside" in outcome.err


def test_another_order_of_fields_is_an_edit(repository: Path) -> None:
    """The order of `env`, for example, is that of the rendered list."""
    path = repository / "apps/web.yaml"
    path.write_text(path.read_text().replace("{LOG: info}", "{LOG: info, A: b}"))
    save = ("commit", "--quiet", "--all", "--message", "more")
    assert run(repository, "render").code == 0
    git(repository, *save)
    path.write_text(path.read_text().replace("{LOG: info, A: b}", "{A: b, LOG: info}"))
    outcome = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert (outcome.code, "apps/web.yaml: changed since the last commit" in outcome.err) == (1, True)


def test_a_commit_on_no_branch_is_said_to_be_one(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--detach")
    done = verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert (done.code, "HEAD is detached" in done.err) == (0, True)


def test_an_edit_of_a_formatted_file_is_formatted(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "promote", "web", "--commit")
    assert run(repository, "fmt", "--check").code == 0


def test_works_in_a_worktree_with_a_detached_head(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--detach", "-q", str(tmp_path / "other"))
    outcome = verb(tmp_path / "other", "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert outcome.code == 0, outcome.err
    assert git(repository, "status", "--porcelain") == ""


def test_live_revision_gives_the_weight_to_start_from(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    live = git(repository, "rev-parse", "HEAD").strip()
    verb(repository, "weight", "web", "60", "--commit")
    assert verb(repository, "weight", "web", "70", "--live", live).code == 0
    assert "from: 20" in (repository / "overlays/production/apps/web.yaml").read_text()


def test_a_weight_that_was_not_committed_was_never_live(repository: Path) -> None:
    """Twice without a commit is one change for the cluster, and back again is none."""
    file = repository / "overlays/production/apps/web.yaml"
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    assert verb(repository, "weight", "web", "60").code == 0
    assert verb(repository, "weight", "web", "40").code == 0
    assert ("weight: 40" in file.read_text(), "from: 20" in file.read_text()) == (True, True)
    assert run(repository, "validate", "--base", "HEAD").code == 0
    assert "the canary's weight is already 40" in verb(repository, "weight", "web", "40").err
    assert verb(repository, "weight", "web", "20").code == 0
    assert git(repository, "status", "--porcelain") == ""


def test_a_weight_by_hand_gets_where_it_came_from(repository: Path) -> None:
    file = repository / "overlays/production/apps/web.yaml"
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    file.write_text(file.read_text().replace("weight: 20", "weight: 50"))
    assert run(repository, "validate", "--base", "HEAD").code == 1
    assert verb(repository, "weight", "web", "50").code == 0
    assert run(repository, "validate", "--base", "HEAD").code == 0


def test_a_release_that_was_not_committed_starts_from_nothing(repository: Path) -> None:
    file = repository / "overlays/production/apps/web.yaml"
    verb(repository, "release", "web", "1.5.0", "--weight", "20")
    assert verb(repository, "weight", "web", "60").code == 0
    assert ("weight: 60" in file.read_text(), "from:" in file.read_text()) == (True, False)
    assert run(repository, "validate", "--base", "HEAD").code == 0


def test_a_promotion_begins_at_the_weight_of_the_last_commit(repository: Path) -> None:
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    verb(repository, "weight", "web", "60")
    assert verb(repository, "promote", "web").code == 0
    assert "weight: 20" in (repository / "overlays/production/apps/web.yaml").read_text()
    assert run(repository, "validate", "--base", "HEAD").code == 0


def _committed_at_20(repository: Path) -> Path:
    """The file of a canary at 20 %, committed."""
    verb(repository, "release", "web", "1.5.0", "--weight", "20", "--commit")
    return repository / "overlays/production/apps/web.yaml"


def test_a_last_commit_that_cannot_be_read_gives_no_weight(repository: Path) -> None:
    """The cluster is taken to have what the spec says."""
    file = _committed_at_20(repository)
    good = file.read_text()
    file.write_text(good.replace("weight: 20", "weight: 120"))
    git(repository, "commit", "-q", "-a", "-m", "broken")
    file.write_text(good)
    outcome = verb(repository, "weight", "web", "60")
    assert (outcome.code, "from: 20" in file.read_text()) == (0, True)
    assert "the spec of web at the last commit has problems: overlays/production/apps/web.yaml:" in outcome.err
    assert outcome.err.endswith("rollspec assumes that the cluster has what the spec says\n")


@pytest.mark.parametrize("how", ["no repository", "no commit", "another's repository", "a new folder"])
def test_without_a_last_commit_of_the_project_the_spec_is_live(repository: Path, tmp_path: Path, how: str) -> None:
    file = _committed_at_20(repository)
    if how == "no commit":
        git(repository, "checkout", "-q", "--orphan", "fresh")
    elif how == "a new folder":
        (repository / "overlays/production").rename(repository / "overlays/live")
        overlay = repository / "overlays/live/overlay.yaml"
        overlay.write_text(overlay.read_text().replace("production", "live"))
        file = repository / "overlays/live/apps/web.yaml"
    else:
        shutil.rmtree(repository / ".git")
    if how == "another's repository":
        git(repository, "init", "-q")
        git(repository, "commit", "-q", "--allow-empty", "-m", "nothing of it")
    outcome = verb(repository, "weight", "web", "60", env=file.parts[-3])
    assert (outcome.code, outcome.err, "from: 20" in file.read_text()) == (0, "", True)


def test_the_live_canary_is_known_by_what_it_is_not_by_how_it_is_written(repository: Path) -> None:
    app = repository / "apps/web.yaml"
    app.write_text(app.read_text().replace("LOG: info", "LOG: info, PORT: 9090"))
    git(repository, "commit", "-q", "-a", "-m", "a number")
    file = _committed_at_20(repository)
    app.write_text(app.read_text().replace("9090", "'9090'"))
    assert verb(repository, "weight", "web", "60").code == 0
    assert "from: 20" in file.read_text()


def test_a_promotion_that_is_taken_back_can_be_made_again(repository: Path) -> None:
    _committed_at_20(repository)
    verb(repository, "promote", "web", "--commit")
    git(repository, "revert", "--no-commit", "HEAD")
    assert verb(repository, "promote", "web").code == 0
    assert git(repository, "diff", "HEAD") == ""


def test_a_ladder_that_is_not_live_rests_nowhere(repository: Path) -> None:
    app = repository / "apps/web.yaml"
    steps = "steps: [{setWeight: 10}, {pause: {}}, {setWeight: 50}, {pause: {}}]"
    app.write_text(app.read_text().replace("router: istio", f"router: istio, {steps}"))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a ladder")
    verb(repository, "release", "web", "1.5.0")
    outcome = verb(repository, "promote", "web")
    assert (outcome.code, outcome.err) == (0, "")
    assert "weight: 0" in (repository / "overlays/production/apps/web.yaml").read_text()


def test_a_verb_that_leaves_the_words_of_the_state_says_what_it_does(repository: Path) -> None:
    """`1.4.2 stable -> 1.4.2 stable` would look as if nothing happened."""
    restarted = verb(repository, "restart", "web", "--commit").out
    assert restarted.endswith("\nweb in production: 1.4.2 stable; its pods restart\n"), restarted
    _committed_at_20(repository)
    started_again = "web in production: 1.4.2 stable, canary 1.5.0 at 20 %; the canary starts again\n"
    assert verb(repository, "retry", "web").out == started_again


def test_a_weight_takes_no_retry_back(repository: Path) -> None:
    file = _committed_at_20(repository)
    assert verb(repository, "retry", "web").code == 0
    assert "the canary's weight is already 20" in verb(repository, "weight", "web", "20").err
    assert "from: 20" in file.read_text()


def test_undo_to_a_revision_takes_tag_and_configuration(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD").strip()
    rollout = repository / "rendered/production/web/rollout.yaml"
    before = rollout.read_text()
    verb(
        repository,
        "release",
        "web",
        "1.5.0",
        "--weight",
        "20",
        "--set",
        "env.LOG=trace",
        "--set",
        "env.NEW=1",
        "--commit",
    )
    verb(repository, "promote", "web", "--commit")
    verb(repository, "release", "web", "1.6.0", "--weight", "20", "--commit")
    verb(repository, "promote", "web", "--commit")
    outcome = verb(repository, "undo", "web", "--to", first)
    assert outcome.code == 0, outcome.err
    assert rollout.read_text() == before


def test_promote_folds_configuration_and_undo_takes_it_out(repository: Path) -> None:
    verb(repository, "release", "web", "--set", "env.LOG=trace", "--weight", "20", "--commit")
    verb(repository, "promote", "web", "--commit")
    text = (repository / "overlays/production/apps/web.yaml").read_text()
    assert "LOG: trace" in text
    verb(repository, "undo", "web", "--commit")
    assert "value: info" in (repository / "rendered/production/web/rollout.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("promote", "web"), "nothing is in flight to promote"),
        (("weight", "web", "30"), "there is no canary: `release"),
        (("weight", "wbe", "30"), "did you mean `web`?"),
        (("release", "web", "1.4.2", "-w", "20"), "1.4.2 is already the stable version"),
        (("release", "web", "1.5.0"), "give the canary's first share"),
        (("release", "web", "--set", "envv.A=1", "-w", "20"), "`envv` is not a field of a version"),
        (("undo", "web", "--to", "nowhere"), "nowhere"),
        (("switch", "web"), "give either --to"),
        (("resume", "web"), "is not paused"),
        (("promote", "web", "--at", "20", "--live", "HEAD"), "either --at or --live"),
        (("release", "web", "--unset", "env.LOGG", "-w", "20"), "there is no env.LOGG to remove"),
        (("release", "web", "--set", "env.LOG=info", "-w", "20"), "env.LOG already has this value"),
    ],
)
def test_a_verb_that_does_not_fit_explains_itself(repository: Path, words: tuple[str, ...], message: str) -> None:
    outcome = verb(repository, *words)
    assert outcome.code in (1, 2, 3)
    assert message in outcome.err
    assert git(repository, "status", "--porcelain") == ""


def test_the_version_in_flight_is_not_released_again(repository: Path) -> None:
    """To abort it first, as for another version, would be wrong."""
    assert verb(repository, "release", "web", "1.5.0", "-w", "20").code == 0
    outcome = verb(repository, "release", "web", "1.5.0", "-w", "50")
    said = "1.5.0 is already the canary in flight: `weight` changes its share, `promote` or `abort` ends it"
    assert (outcome.code, said in outcome.err) == (1, True), outcome
    assert "a canary (1.5.0) is in flight: `abort` it" in verb(repository, "release", "web", "1.6.0", "-w", "20").err
    again = verb(repository, "release", "web", "1.5.0", "--set", "env.LOG=debug", "-w", "20")
    assert "a canary (1.5.0) is in flight: `abort` it" in again.err


def test_a_position_in_a_file_that_the_verb_would_write_is_said_to_be_one(repository: Path) -> None:
    outcome = verb(repository, "release", "web", "1.5.0", "-w", "20", "--set", "env=debug")
    file = "overlays/production/apps/web.yaml"
    assert f"{file}:10:12: wrong-type" in outcome.err
    assert outcome.err.endswith(f"rollspec: the lines of {file} are those that the verb would write\n")
    assert not (repository / file).exists()


@pytest.mark.parametrize("text", ["web #2", "#2", "[a, b] # c", "[a, # b\n c]", "'a' # b"])
def test_no_part_of_a_set_value_is_lost_as_a_comment(text: str) -> None:
    with pytest.raises(Failure, match=r"in YAML, ` #` starts a comment, which would be lost: quote the value"):
        parse_overrides((f"workingDir={text}",), ())


def test_a_number_sign_that_is_no_comment_stays() -> None:
    sets = ("workingDir=a#b", "command=['#', \"a #b\", c#]", "env.A=b # c", "files./etc/a=# b")
    assert parse_overrides(sets, ()) == {
        "workingDir": "a#b",
        "command": ["#", "a #b", "c#"],
        "env": {"A": "b # c"},
        "files": {"/etc/a": "# b"},
    }


def test_a_set_value_is_one_value() -> None:
    with pytest.raises(Failure, match="not a value"):
        parse_overrides(("workingDir=a\nimage: b",), ())


@pytest.fixture
def extended(repository: Path) -> Path:
    """The repository with an environment that extends production."""
    (repository / "overlays/eu").mkdir()
    (repository / "overlays/eu/overlay.yaml").write_text(
        OVERLAY.format(name="eu").replace("spec:\n", "spec:\n  extends: production\n")
    )
    assert run(repository, "render").code == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "eu")
    return repository


def test_a_release_stays_in_its_environment(extended: Path) -> None:
    rollout = extended / "rendered/eu/web/rollout.yaml"
    before = rollout.read_text()
    assert verb(extended, "release", "web", "1.5.0", "--weight", "20", "--commit").code == 0
    assert verb(extended, "release", "web", "1.6.0", "--weight", "5", "--commit", env="eu").code == 0
    assert verb(extended, "abort", "web", "--commit", env="eu").code == 0
    assert verb(extended, "promote", "web", "--commit").code == 0
    assert rollout.read_text() == before
    assert "1.5.0" not in run(extended, "status", "--env", "eu").out
    assert run(extended, "validate").code == 0


def test_configuration_that_a_promotion_hands_down_is_told(extended: Path) -> None:
    verb(extended, "release", "web", "--set", "env.LOG=trace", "--weight", "20", "--commit")
    assert "eu: manifests change too" in verb(extended, "promote", "web").out
    assert "value: trace" in (extended / "rendered/eu/web/rollout.yaml").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_verb_that_is_stopped_leaves_nothing_half_done(repository: Path, number: signal.Signals) -> None:
    hook, began = repository / ".git/hooks/pre-commit", repository / ".git/began"
    os.mkfifo(began)
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho > '{began}'\nexec sleep 600\n")
    hook.chmod(0o755)
    before = git(repository, "rev-parse", "HEAD")
    words = ["release", "web", "1.5.0", "--weight", "20", "--env", "production", "--commit"]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL); from renderer.cli import main; main()"  # not those of `nohup`
    )
    command = [sys.executable, "-c", code, "-C", str(repository), *words]
    listening = os.open(began, os.O_RDWR | os.O_NONBLOCK)
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert select.select([listening], [], [], 60)[0], "the hook does not begin"
        process.send_signal(number)
        process.communicate()
        os.killpg(process.pid, signal.SIGKILL)  # the hook's own sleep
    os.close(listening)
    assert process.returncode == 128 + number
    assert git(repository, "rev-parse", "HEAD") == before
    assert git(repository, "status", "--porcelain") == ""
    assert [path.name for path in (repository / ".git").glob("*index*")] == ["index"]


def test_a_note_about_many_apps_is_one_line(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    names = [f"app-{number:02}" for number in range(23)]
    for name in names:
        repository.app(name, WEB.replace("web", name).replace("type: Canary, router: istio", "type: RollingUpdate"))
    repository.rendered()
    outcome = repository.run("release", *(f"{name}=1.5.0" for name in names), "--weight", "20")
    (line,) = [line for line in outcome.err.splitlines() if "--weight is ignored" in line]
    assert line.startswith(f"rollspec: {', '.join(names[:20])}, 3 more in production: --weight is ignored: ")


def test_a_retry_gives_an_aborted_canary_no_more_than_it_had(repository: Path) -> None:
    assert verb(repository, "release", "web", "1.5.0", "--weight", "20").code == 0
    assert verb(repository, "abort", "web").code == 0
    outcome = verb(repository, "retry", "web", "--weight", "60")
    assert (outcome.code, "`retry` starts with at most the canary's weight, 20: then `weight 60`" in outcome.err) == (
        1,
        True,
    )
    assert verb(repository, "retry", "web", "--weight", "10").code == 0


def test_an_undo_names_what_it_removes_with_a_mapping_that_the_version_before_did_not_have(repository: Path) -> None:
    assert (
        verb(repository, "release", "web", "--set", 'podMetadata={"annotations": {"a": "b"}}', "--weight", "20").code
        == 0
    )
    assert verb(repository, "promote", "web").code == 0
    outcome = verb(repository, "undo", "web")
    why = "`podMetadata` is removed with all that it has (annotations): the version before had none"
    assert (outcome.code, why in outcome.err) == (0, True), outcome.err


@pytest.mark.parametrize(("label", "is_named"), [("1.4.2", True), ("2024.1", False)])
def test_a_label_with_the_old_version_is_named(repository: Path, label: str, is_named: bool) -> None:
    """As an import takes it over from a chart: every later release would leave it."""
    file = repository / "overlays/production/apps/web.yaml"
    file.parent.mkdir()
    labels = f'podMetadata: {{labels: {{app.kubernetes.io/version: "{label}"}}}}'
    file.write_text(f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\nspec:\n  {labels}\n")
    said = verb(repository, "release", "web", "2.0.0", "--weight", "25", "--dry-run").err
    assert ("the pods of 2.0.0 keep the label app.kubernetes.io/version: 1.4.2" in said) is is_named, said
    assert ("after the promotion, remove the label from the spec" in said) is is_named, said
    outcome = verb(repository, "release", "web", "--set", "env.A=b", "--weight", "25", "--dry-run")
    assert (outcome.code, "keep the label" in outcome.err) == (0, False), outcome
