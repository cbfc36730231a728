"""States of a project and its history that are rare, but that a user can meet: each gets a plain answer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from renderer.usecases.unfinished import _note
from tests.support.past import HEAD, PROJECT, WEB, Repository
from tests.test_from_edits import state


def test_a_plan_says_that_a_restart_waits_for_a_time_in_the_future(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    for mark, is_said in (("2999-01-01T00:00:00Z", True), ("2001-01-01T00:00:00Z", False)):
        repository.partial(f"  restartedAt: {mark}\n")
        assert ("nothing happens until" in repository.text("plan", "--base", "HEAD")) == is_said


def test_a_restart_at_a_time_that_no_calendar_has(tmp_path: Path) -> None:
    """The API server refuses the Rollout."""
    repository = Repository(tmp_path / "project")
    repository.rendered()
    for mark in ("2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z"):
        repository.partial(f"  restartedAt: {mark}\n")
        done = repository.run("validate")
        assert (done.code, "expected a time such as 2026-01-31T12:00:00Z" in done.err) == (1, True), done
    repository.partial("  restartedAt: 2025-02-29T00:00:00Z\n")  # no leap year
    assert "nothing happens until" not in repository.text("plan", "--base", "HEAD")


def test_what_was_aborted_in_an_environment_is_left_out_of_many(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.overlay("staging")
    repository.app("api", WEB.replace("web", "api"))
    for app in ("api", "web"):
        repository.partial("  tag: 1.5.0\n", env="staging", app=app)
    repository.partial("  aborted: {tag: 1.5.0}\n")
    repository.rendered()
    words = ("--from-env", "staging", "--env", "production", "--weight", "20")
    done = repository.run("release", "api", "web", *words)
    assert "rollspec: web in production: 1.5.0 was aborted here and is left out; --redo releases it again" in done.err
    assert state(repository, "production") == {"aborted": {"tag": "1.5.0"}}
    assert state(repository, "production", "api") == {"canary": {"tag": "1.5.0", "weight": 20}}
    done = repository.run("release", "web", *words)
    assert "rollspec: web in production: 1.5.0 was aborted here before" in done.err
    assert state(repository, "production") == {"canary": {"tag": "1.5.0", "weight": 20}}


def test_without_a_home_the_cache_has_no_key_and_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    repository = Repository(tmp_path / "project")
    repository.app("api", WEB.replace("web", "api"))
    repository.rendered()
    assert list((tmp_path / "home/.local/state/rollspec").iterdir())
    monkeypatch.delenv("HOME")
    done = repository.run("release", "web", "1.5.0", "--weight", "20")
    assert (done.code, done.out) == (0, "web in production: 1.4.2 stable -> 1.4.2 stable, canary 1.5.0 at 20 %\n"), done


def test_a_canary_that_is_not_committed_starts_from_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    repository.app("api", WEB.replace("web", "api"))
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n", app="api")
    repository.text("weight", "api", "50")
    assert state(repository, "production", "api") == {"canary": {"tag": "1.5.0", "weight": 50}}


def test_many_canaries_are_compared_with_the_last_commit_in_one_reading(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    apps = [f"app-{number:02}" for number in range(40)]
    for app in apps:
        repository.app(app, WEB.replace("web", app))
        repository.partial("  canary: {tag: 1.5.0, weight: 20}\n", app=app)
    repository.rendered()
    repository.text("weight", *apps, "50")
    assert state(repository, "production", "app-39") == {"canary": {"tag": "1.5.0", "weight": 50, "from": 20}}


def test_an_older_version_is_found_over_a_state_that_was_removed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.overlay("staging")
    repository.rendered()
    for text in ("  tag: nightly-b\n", "", "  tag: nightly-a\n"):
        repository.partial(text)
        repository.rendered(text.strip() or "removed")
    repository.partial("  tag: nightly-b\n", env="staging")
    words = ("--from-env", "staging", "--env", "production", "--weight", "20")
    assert "nightly-b is older than nightly-a" in repository.text("release", "web", *words)


def test_a_file_of_another_project_that_was_edited_by_hand_names_nothing(tmp_path: Path) -> None:
    argocd = "  repository: {url: https://git.example.com/shop.git, path: own}\n  argocd: {kind: Application}\n"
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT + argocd}, inside="own")
    repository.rendered()
    text = (repository.folder / "rendered/_argocd/production.yaml").read_text()
    other = repository.folder.parent / "other/rendered/_argocd/production.yaml"
    other.parent.mkdir(parents=True)
    other.write_text(text.partition("\n")[0] + "\nspec: {}\n")
    repository.git("add", "--all", "..")
    done = repository.run("validate")
    assert (done.code, "application-name" in done.err) == (0, False), done
    other.write_text(text)
    repository.git("add", "--all", "..")
    assert "application-name" in repository.run("validate").err


def test_a_commit_without_the_project_has_no_plan(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    (repository.folder / "rollspec.yaml").unlink()
    repository.commit("no project")
    repository.write("rollspec.yaml", PROJECT)
    done = repository.run("plan", "--base", "HEAD~1", "--head", "HEAD")
    said = (
        "rollspec: there is no project in HEAD, so there is nothing to compare: give --head a revision with a "
        "rollspec.yaml in this folder\n"
    )
    assert (done.code, done.err) == (3, said), done


def test_a_partial_app_with_another_ending_is_not_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.write("overlays/production/apps/web.yml", HEAD.format(kind="App", name="web") + "  replicas: 9\n")
    done = repository.run("validate")
    message = "overlays/production/apps/web.yml: app-file: not read: a partial app must be named <app>.yaml"
    assert (done.code, message in done.err) == (1, True), done


def test_an_app_that_cannot_be_read_has_no_commands_and_one_of_no_environment_no_row(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.overlay("production", "  apps: [web]\n")
    repository.app("api", WEB.replace("web", "api"))
    repository.commit("begin")
    repository.write("apps/web.yaml", "spec: [")
    done = repository.run("status", "--commands")
    assert "web" in done.out
    assert "api" not in done.out
    assert "rollspec " not in done.out


def test_an_attributes_file_that_leads_elsewhere_is_not_written(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    (repository.folder / ".gitattributes").symlink_to(tmp_path / "elsewhere")
    done = repository.run("init", "--merge-driver")
    assert (done.code, ".gitattributes" in done.err, (tmp_path / "elsewhere").exists()) == (1, True, False), done


def test_a_merge_of_what_is_no_text_is_a_conflict(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    files = [str(tmp_path / name) for name in ("base", "ours", "theirs")]
    for file in files:
        shutil.copy(repository.folder / "apps/web.yaml", file)
    Path(files[2]).write_bytes(b"spec: \xff\n")
    done = repository.run("merge-driver", *files, "apps/web.yaml")
    assert done.code == 1, done
    Path(files[2]).unlink()
    done = repository.run("merge-driver", *files, "apps/web.yaml")
    assert (done.code, "theirs: no such file or directory" in done.err) == (3, True), done


def test_a_note_that_a_killed_verb_did_not_finish_says_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    note = Path(_note(str(repository.folder)))
    note.write_text("{")
    repository.text("release", "web", "1.5.0", "--weight", "20", "--commit")
    assert not note.exists()


def test_more_overlays_than_may_extend_each_other(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    for number in range(17):
        extended = f"  extends: layer-{number + 1:02}\n" if number < 16 else ""
        repository.overlay(f"layer-{number:02}", extended)
    assert "more than 16 overlays, each of which extends the next" in repository.run("validate").err


def test_a_project_without_an_environment(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    shutil.rmtree(repository.folder / "overlays")
    done = repository.run("validate")
    assert (done.code, "create overlays/production/overlay.yaml (kind Overlay)" in done.err) == (1, True), done


def test_what_one_application_for_the_environment_cannot_do_for_an_app(tmp_path: Path) -> None:
    argocd = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: Application}\n"
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT + argocd})
    late = "metadata: {name: %s, annotations: {argocd.argoproj.io/sync-wave: '5'}}\n"
    repository.write("extra/late.yaml", "apiVersion: v1\nkind: ServiceAccount\n" + late % "late")
    repository.write("overlays/production/shared.yaml", "apiVersion: v1\nkind: ServiceAccount\n" + late % "shared")
    repository.overlay("production", "  resources: [shared.yaml]\n")
    api = WEB.replace("web", "api") + "  extraResources: [../extra/late.yaml]\n  argocd: {labels: {team: a}}\n"
    repository.app("api", api)
    said = repository.run("validate").err
    waits = "sync-waves: it waits for Rollout web of app web while that is paused"
    assert f"apps/api.yaml:1:1: warning: {waits}" in said
    assert "overlays/production/overlay.yaml:1:1: warning: sync-waves: it waits for Rollout api of app api" in said
    lines = (repository.folder / "apps/api.yaml").read_text().splitlines()
    line = lines.index("  argocd: {labels: {team: a}}") + 1
    unread = f"apps/api.yaml:{line}:11: warning: application-metadata: `argocd` is about the app's own Application"
    assert said.count("application-metadata") == 1, said
    assert unread in said


MUCH = "  resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}\n"


def test_a_patch_that_mends_what_a_template_makes_wrong(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.write(
        "templates/service.yaml.j2", '{{ manifests["service.yaml"] | to_yaml | replace("port: 80", "port: a") }}\n'
    )
    patch = "{op: replace, path: /spec/ports/0/port, value: 80}"
    repository.app("web", WEB + MUCH + f"  patches:\n    - target: {{kind: Service}}\n      patch: [{patch}]\n")
    said = repository.run("validate").err
    assert "the request of memory (2Gi) is more than its limit (1Gi)" in said
    assert said.endswith("rollspec: 1 error\n")


def test_a_file_of_a_broken_project_that_is_not_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.write("rollspec.yaml", "kind: Project\n")
    done = repository.run("validate", str(repository.folder / "apps/none.yaml"))
    assert (done.code, "rollspec.yaml:" in done.err) == (1, True), done


def test_a_push_is_judged_from_where_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "project")
    start = repository.rendered()
    repository.partial("  tag: 1.5.0\n")
    repository.rendered("no canary")
    monkeypatch.setenv("PRE_COMMIT", "1")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", start)
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")
    file = str(repository.folder / "overlays/production/apps/web.yaml")
    assert "1.5.0 replaces 1.4.2 without a canary" in repository.run("validate", "--hook", file).err


def test_all_that_may_restart_does(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.app("api", WEB.replace("web", "api"))
    repository.partial("  paused: true\n", app="api")
    repository.rendered()
    repository.text("restart", "--all")
    assert "restartedAt" in state(repository, "production")
    assert state(repository, "production", "api") == {"paused": True}


def test_a_rendered_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    file = repository.folder / "rendered/production/web/rollout.yaml"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    done = repository.run("release", "web", "1.5.0", "--weight", "20")
    assert (done.code != 0, "rollout.yaml" in done.err) == (True, True), done
    assert state(repository, "production") == {}


def test_a_hook_looks_at_the_objects_of_argo_cd_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT", "1")  # pre-commit sets it
    argocd = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: Application}\n"
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT + argocd})
    repository.app("api", WEB.replace("web", "api"))
    repository.partial("  replicas: 5\n")
    assert repository.run("render").code == 0
    repository.git("add", "apps", "overlays", "rollspec.yaml", "rendered/production")
    repository.git("commit", "--quiet", "--message", "without the Application")
    done = repository.run("render", "--hook", str(repository.folder / "overlays/production/apps/web.yaml"))
    assert (done.code, "rendered/_argocd/production.yaml" in done.err) == (1, True), done


def test_a_quota_adds_up_what_the_workloads_of_one_app_need(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: team}\nspec: {hard: {pods: 11, services: 1}}\n"
    repository.write("overlays/production/quota.yaml", quota)
    repository.overlay("production", "  resources: [quota.yaml]\n")
    pod = "{metadata: {labels: {app: worker}}, spec: {containers: [{name: worker, image: 'ghcr.io/acme/w:1'}]}}"
    spec = f"{{replicas: 4, selector: {{matchLabels: {{app: worker}}}}, template: {pod}}}"
    repository.write(
        "extra/w.yaml", f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: worker}}\nspec: {spec}\n"
    )
    repository.app("web", WEB + "  extraResources: [../extra/w.yaml]\n")
    repository.app("api", WEB.replace("web", "api"))
    said = repository.run("validate").err
    assert "need at least 12 pods (api 4 pods, web 8 pods), and ResourceQuota team allows 11" in said
    repository.write("overlays/production/quota.yaml", quota.replace("pods: 11", "pods: 3"))
    said = repository.run("validate").err
    assert "4 pods, and ResourceQuota team allows 3" in said
    assert "together" not in said


def test_a_promotion_of_what_git_does_not_know_has_no_age(tmp_path: Path) -> None:
    repository = Repository(
        tmp_path / "project", start={"rollspec.yaml": PROJECT.replace("renderLevel: 1", "renderLevel: 2")}
    )
    watched = WEB.replace("router: istio}", "router: istio, analysis: {successRate: 99}}")
    repository.app("web", watched)
    repository.app("api", watched.replace("web", "api"))
    canary = "  canary: {tag: 1.5.0, weight: 20}\n"
    repository.partial(canary)
    promoted = ("promote", "web", "--env", "production", "--dry-run")
    done = repository.run(*promoted)
    assert (done.code, "measured nothing" in done.err) == (0, False), done
    repository.partial("")
    repository.rendered()
    repository.partial(canary)
    done = repository.run(*promoted)
    assert (done.code, "measured nothing" in done.err) == (0, False), done
    repository.rendered("canary")
    assert repository.run("promote", "web").code == 0
    repository.partial("  replicas: 5\n", app="api")
    assert "measured nothing" not in repository.text("plan", "--base", "HEAD")


def test_an_object_of_argo_cd_that_would_lose_an_app_is_not_written(tmp_path: Path) -> None:
    argocd = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: Application}\n"
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT + argocd})
    rolling = WEB.replace("  strategy: {type: Canary, router: istio}\n", "")
    repository.app("web", rolling)
    repository.app("api", rolling.replace("web", "api"))
    repository.rendered()
    repository.app("api", rolling.replace("web", "api").replace("  tag: 1.4.2\n", ""))
    done = repository.run("switch", "web", "--to", "Canary", "--router", "istio")
    assert (done.code, "Argo CD's object has this app too: correct its spec first" in done.err) == (1, True), done
    assert state(repository, "production") == {}


def test_without_git_nothing_is_said_of_a_rollback_window(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.app("web", WEB.replace("router: istio}", "router: istio, rollbackWindow: {revisions: 3}}"))
    (repository.folder / ".git").rename(tmp_path / "unused")
    done = repository.run("release", "web", "1.5.0", "--weight", "20")
    assert (done.code, done.err) == (0, ""), done


def test_a_last_commit_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    repository.rendered()
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.folder / f".git/objects/{tree[:2]}/{tree[2:]}").unlink()
    done = repository.run("weight", "web", "50")
    assert (done.code, "rollspec: " in done.err) == (0, True), done
    assert state(repository, "production") == {"canary": {"tag": "1.5.0", "weight": 50, "from": 20}}


def test_a_branch_that_stays_locked_is_not_published(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.rendered()
    lock = repository.folder / ".git/refs/heads/env/production.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    done = repository.run("publish", "--branch", "env/{env}")
    assert done.code != 0, done
    assert repository.git("branch", "--list", "env/*") == ""


def test_a_match_for_nobody_leaves_the_own_host_alone(tmp_path: Path) -> None:
    """Without hosts and gateways, `http.match` has no requests that it could be about."""
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT.replace("vel: 1", "vel: 2")})
    repository.app("web", WEB + "  istio: {http: {match: [{uri: {prefix: /web}}], timeout: 5s}}\n")
    assert "`match` applies to no host and no gateway" in repository.run("validate").err
    repository.rendered()
    text = (repository.folder / "rendered/production/web/virtual-service.yaml").read_text()
    assert [line for line in text.splitlines() if "name: " in line or "match" in line][-1:] == ["  - name: own.http"]


def test_a_schedule_that_no_cron_reads_is_not_compared_with_argo_cd(tmp_path: Path) -> None:
    argocd = "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: Application, project: shop}\n"
    repository = Repository(tmp_path / "project", start={"rollspec.yaml": PROJECT + argocd})
    freeze = "  argocd: {project: shop, syncWindows: true}\n  freeze:\n    - {schedule: 10 12 * 5, duration: 1h}\n"
    repository.overlay("production", freeze)
    said = repository.run("validate").err
    assert "'10 12 * 5' is not a cron schedule of five fields" in said
    assert said.endswith("rollspec: 1 error\n")
