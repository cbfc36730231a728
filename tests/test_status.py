"""`rollspec status` in real Git repositories: what the working tree says, and the commit that brought it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.protocols import Validator

from renderer.report.status import AppStatus, StatusReport, status_text
from renderer.usecases import since as command
from tests.support.cases import run
from tests.support.past import PROJECT, WEB, Repository
from tests.support.repository import environment, git

CANARY = "  canary: {{tag: {tag}, weight: {weight}}}\n"
START = "2026-01-01T00:00:00Z"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One app in one environment, committed."""
    made = Repository(tmp_path / "repository")
    made.commit("begin")
    return made


def row(repository: Repository, *arguments: str, env: str = "production", app: str = "web") -> dict[str, Any]:
    data = repository.data("status", *arguments)
    found: dict[str, Any] = next(each for each in data["apps"] if (each["env"], each["app"]) == (env, app))
    return found


def since(repository: Repository, **options: str) -> str | None:
    """When the present state came; None where nobody can tell."""
    found = row(repository, **options)["since"]
    return found["time"] if found else None


def test_text_shows_what_runs_where(repository: Repository) -> None:
    repository.app("api", "  image: ghcr.io/acme/api\n  tag: 2.0.0\n  version: green\n")
    repository.overlay("staging")
    repository.commit("more")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit(author="Bob")
    repository.partial("  paused: true\n  aborted: {tag: 2.1.0}\n", app="api")
    assert repository.text("status", "--at", "2026-01-14T05:00Z") == (
        "ENVIRONMENT  APP  STRATEGY         STABLE         IN FLIGHT              SINCE                     AGE\n"
        "production   api  RollingUpdate    2.0.0 (green)  paused, 2.1.0 aborted  not committed\n"
        "production   web  Canary by istio  1.4.2          canary 1.5.0 at 20 %   2026-01-01T02:00:00Z Bob  13 d 3 h\n"
        "staging      api  RollingUpdate    2.0.0 (green)\n"
        "staging      web  Canary by istio  1.4.2\n"
        "\n"
        "2 apps in 2 environments: 2 in flight, paused or switching.\n"
        "The working tree differs from HEAD: overlays/production/apps/api.yaml.\n"
    )


def test_json_has_everything(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20", "--set", "env.LOG=debug")
    data = repository.data("status", "--at", "2026-01-01T03:00Z")
    assert (data["format"], data["head"]) == (1, repository.git("rev-parse", "HEAD").strip())
    assert data["differs"] == []
    found = data["apps"][0]
    assert found["since"].pop("sha") == data["head"]
    assert {**found.pop("started"), "sha": None} == {**found["since"], "sha": None}
    assert found == {
        "env": "production",
        "app": "web",
        "strategy": "Canary",
        "router": "istio",
        "stable": {"tag": "1.4.2", "version": "1.4.2"},
        "flight": {"kind": "canary", "tag": "1.5.0", "version": "1.5.0", "weight": 20, "overrides": True},
        "paused": False,
        "stage": None,
        "aborted": None,
        "undone": None,
        "states": ["canary"],
        "ladder": [],
        "age": 7200,
        "unchanged": 7200,
        "commands": [],
        "watched": [],
        "since": {
            "time": "2026-01-01T01:00:00Z",
            "author": "A Team",
            "subject": "deploy(production): release web 1.5.0 --weight 20 --set env.LOG=debug",
            "breakGlass": None,
            "verb": "release",
            "merged": [],
        },
        "committed": True,
        "problem": None,
    }


def schema(kind: str) -> Validator:
    """What `rollspec schema` prints, as a check."""
    data = json.loads(run(Path(), "schema", kind).out)
    Draft7Validator.check_schema(data)
    return Draft7Validator(data)


LADDER = "strategy: {type: Canary, steps: [{setWeight: 5}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {}}]}"


def busy(repository: Repository) -> None:
    """Apps in many states: a canary that was raised, ladders, a version that was undone, a spec that cannot be read."""
    repository.verb("release", "web", "1.5.0", "--weight", "20", hours=48)
    repository.verb("weight", "web", "50", hours=3)
    repository.app("api", WEB.replace("strategy: {type: Canary, router: istio}", LADDER))
    repository.partial("  canary: {tag: 1.5.0}\n", app="api")
    repository.app("old", WEB)
    repository.partial("  previous: {tag: 1.5.0, undone: true}\n", app="old")
    repository.app("new", WEB + "  namespace: elsewhere\n")
    repository.commit()
    repository.partial("  paused: true\n", app="new")


AT = ("--at", "2026-01-04T06:00Z")


def test_json_has_the_shape_that_its_schema_says(repository: Repository) -> None:
    busy(repository)
    check = schema("Status")
    for words in ((), ("--commands",), ("--older-than", "1d"), ("--app", "old")):
        done = run(repository.folder, "status", "--format", "json", *words)
        check.validate(json.loads(done.out))
    repository.app("bad", "  image: [")
    states = [each["states"] for each in json.loads(run(repository.folder, "status", "--format", "json").out)["apps"]]
    assert states == [["canary"], [], ["paused"], ["undone"], ["canary"]]


def test_a_canary_has_the_age_of_its_start_and_of_its_last_change(repository: Repository) -> None:
    busy(repository)
    lines = repository.text("status", *AT).splitlines()
    assert [line.rpartition("  ")[2] for line in lines if "web" in line] == ["3 d 5 h, changed 1 d 5 h ago"]
    assert "canary 1.5.0 on the ladder 5 % for 10m -> 50 % until it is promoted" in lines[1]
    assert "1.5.0 undone" in lines[3]


def test_older_than_shows_and_fails_for_what_is_in_flight_too_long(repository: Repository) -> None:
    busy(repository)
    done = run(repository.folder, "status", *AT, "--older-than", "3d")
    assert (done.code, done.out.count("production  ")) == (1, 1)
    assert "web" in done.out
    done = run(repository.folder, "status", *AT, "--older-than", "4d")
    assert (done.code, done.out) == (0, "0 apps in 0 environments: none in flight, paused or switching.\n" + DIFFERS)


DIFFERS = "The working tree differs from HEAD: overlays/production/apps/new.yaml.\n"


def test_commands_are_those_of_the_state(repository: Repository) -> None:
    busy(repository)
    repository.overlay("staging")
    text = repository.text("status", *AT, "--commands", "--env", "production")
    assert (
        "    rollspec promote web --env production --commit\n"
        "    rollspec abort web --env production --commit\n"
        "    rollspec pause web --env production --commit\n"
        "    rollspec restart web --env production --commit\n"
        "    kubectl argo rollouts get rollout web --namespace production\n"
    ) in text
    assert "    kubectl argo rollouts get rollout new --namespace elsewhere\n" in text


def test_a_version_that_is_released_again_is_no_longer_undone(repository: Repository) -> None:
    """Its start is not an undo either, also where no verb made the commit."""
    repository.rendered("render")
    for words in (("release", "web", "1.5.0", "--weight", "20"), ("promote", "web"), ("undo", "web")):
        repository.verb(*words)
    assert "1.5.0 undone" in repository.text("status")
    repository.text("release", "web", "1.5.0", "--weight", "20", "--env", "production")
    repository.commit("by hand")
    assert "canary 1.5.0 at 20 %  " in repository.text("status")
    assert "(undo)" not in repository.text("history", "web")


def test_markdown_is_a_table(repository: Repository) -> None:
    busy(repository)
    lines = repository.text("status", *AT, "--format", "markdown").splitlines()
    assert lines[0] == "| ENVIRONMENT | APP | STRATEGY | STABLE | IN FLIGHT | SINCE | AGE |"
    assert lines[1] == "| --- | --- | --- | --- | --- | --- | --- |"
    assert lines[5].startswith("| production | web | Canary by istio | 1.4.2 | canary 1.5.0 at 50 % |")


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_name_of_a_file_that_cannot_be_read_is_printable(repository: Repository, form: str) -> None:
    repository.write("apps/a\n::error::x\u202e.yaml", "a: [")
    said = repository.run("status", "--format", form).out
    assert "unreadable" in said
    assert "\n::error" not in said
    assert "\u202e" not in said


def test_markdown_has_the_commands_of_each_app_and_what_watches_it() -> None:
    row = AppStatus("production", "web", None, commands=("rollspec promote web",), watched=("success rate >= 99",))
    text = status_text(StatusReport(None, [row]), "markdown")
    assert "\nweb in production, watched success rate >= 99\n\nweb in production:\n\n```sh\nrollspec promote" in text


def test_a_terminal_shows_what_is_unreadable_in_red() -> None:
    rows = [AppStatus("production", "api", None, "apps/api.yaml:1:1: yaml")]
    text = status_text(StatusReport(None, rows), "text", colour=True)
    assert re.search(r"^\x1b\[31mproduction +api +unreadable", text, re.MULTILINE)


def test_environments_come_in_the_order_of_promotion(repository: Repository) -> None:
    repository.overlay("zoo")
    repository.write("rollspec.yaml", PROJECT + "  promotion: [zoo, production]\n")
    assert [each["env"] for each in repository.data("status")["apps"]] == ["zoo", "production"]


def test_since_is_the_commit_that_brought_the_state_not_the_last_that_touched_it(repository: Repository) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit()
    repository.partial(CANARY.format(tag="1.5.0", weight=20) + "  replicas: 7\n")
    repository.commit("more pods")
    repository.overlay("production", "  labels: {a: b}\n")
    repository.commit("a label")
    assert since(repository) == "2026-01-01T01:00:00Z"


def test_since_goes_over_what_could_not_be_read(repository: Repository) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit()
    repository.write("overlays/production/apps/web.yaml", "spec: [")
    repository.commit("oops")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit("mended")
    assert since(repository) == "2026-01-01T01:00:00Z"


def test_since_of_a_merge_is_the_merge(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit(hours=10)
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge side", "side")
    assert since(repository) == "2026-01-01T11:00:00Z"


def test_since_of_what_an_overlay_brings(repository: Repository) -> None:
    repository.overlay("eu", "  extends: production\n")
    repository.commit("eu")
    repository.partial(CANARY.format(tag="1.5.0", weight=20), env="eu")
    repository.commit("eu")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit("production, and not eu")
    assert since(repository, env="eu") == "2026-01-01T02:00:00Z"
    repository.overlay("us", "  extends: production\n")
    repository.commit("us comes, without the canary of production")
    assert row(repository, env="us")["flight"] is None


def test_apps_at_rest_are_looked_up_when_they_are_named(repository: Repository) -> None:
    assert row(repository)["committed"] is None
    assert since(repository) is None
    assert row(repository, "--app", "web")["since"]["time"] == START


def test_many_apps_are_looked_up_in_one_pass(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_BATCH", 2)
    for number in range(command._FEW + 1):
        repository.app(f"app-{number}", WEB + CANARY.format(tag="1.5.0", weight=20))
        if number % 7 == 0:
            repository.commit(hours=1)
    repository.app("web", WEB.replace("1.4.2", "1.4.3"))  # nothing of it is in flight, so nobody asks since when
    repository.commit()
    apps = repository.data("status")["apps"]
    times = {each["app"]: each["since"]["time"] for each in apps if each["since"]}
    assert len(times) == command._FEW + 1
    assert [times[f"app-{number}"][11:13] for number in (0, 1, 7, 8, 20)] == ["01", "02", "02", "03", "04"]


def test_a_shallow_clone_says_that_a_state_may_be_older(repository: Repository, tmp_path: Path) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.commit()
    repository.write("notes.txt", "later\n")
    repository.commit()
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository.folder}", "clone")
    clone = Repository.__new__(Repository)
    clone.folder = tmp_path / "clone"
    assert "the clone is shallow" in clone.run("status").err
    done = clone.run("status", "--older-than", "99999d")
    assert (done.code, "the clone is shallow" in done.err, done.out) == (3, True, "")
    assert clone.data("status")["complete"] is False
    assert repository.data("status")["complete"] is True


def test_the_working_tree_counts_and_says_so(repository: Repository) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    found = row(repository)
    assert (found["flight"]["weight"], found["since"], found["committed"]) == (20, None, False)
    assert repository.data("status")["differs"] == ["overlays/production/apps/web.yaml"]
    repository.commit()
    repository.partial(CANARY.format(tag="1.5.0", weight=20) + "  replicas: 7\n")
    found = row(repository)
    assert (found["since"]["time"], found["committed"]) == ("2026-01-01T01:00:00Z", True)


def test_what_git_ignores_is_not_committed(repository: Repository) -> None:
    repository.write(".gitignore", "overlays/production/apps/\n")
    repository.commit("ignore the partial apps")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    assert (row(repository)["committed"], row(repository)["since"]) == (False, None)


def test_a_switch_shows_its_stage(repository: Repository) -> None:
    repository.verb("switch", "web", "--to", "RollingUpdate", "--stages")
    found = row(repository)
    assert (found["strategy"], found["router"], found["stage"]) == ("RollingUpdate", None, "from Canary by istio")
    assert "switching (from Canary by istio)" in repository.text("status")


def test_an_app_that_cannot_be_read_does_not_hide_the_others(repository: Repository) -> None:
    repository.app("api", "  image: x\n  tag: 1.10\n")
    done = repository.run("status")
    assert done.code == 1
    assert re.search(r"production +api +unreadable", done.out)
    assert re.search(r"production +web +Canary by istio", done.out)
    apps = json.loads(repository.run("status", "--format", "json").out)["apps"]
    assert [each["problem"] and each["problem"][:30] for each in apps] == ["apps/api.yaml:7:8: yaml-scalar", None]


def test_only_what_is_asked_for(repository: Repository) -> None:
    repository.overlay("staging")
    repository.app("api", WEB)
    apps = repository.data("status", "--env", "staging", "--app", "api")["apps"]
    assert [(each["env"], each["app"]) for each in apps] == [("staging", "api")]
    done = repository.run("status", "--env", "stagin")
    assert (done.code, done.err) == (2, "rollspec: there is no environment `stagin`; did you mean `staging`?\n")


def test_an_environment_without_the_app_has_no_row(repository: Repository) -> None:
    repository.overlay("base", "  apps: []\n")
    repository.overlay("staging", "  extends: base\n")
    assert [each["env"] for each in repository.data("status")["apps"]] == ["production"]
    repository.overlay("staging", "  extends: base\n  apps: null\n")
    repository.partial(CANARY.format(tag="1.5.0", weight=20), env="staging")
    repository.commit("all apps in staging")
    assert [each["env"] for each in repository.data("status")["apps"]] == ["production", "staging"]
    assert since(repository, env="staging") == "2026-01-01T01:00:00Z"


@pytest.mark.parametrize("broken", ["no commit", "no git"])
def test_without_history_the_specs_still_say_what_runs(tmp_path: Path, broken: str) -> None:
    repository = Repository(tmp_path / "repository")
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    if broken == "no git":
        (repository.folder / ".git").rename(tmp_path / "unused")
    done = repository.run("status")
    assert done.code == 0
    assert "canary 1.5.0 at 20 %" in done.out
    assert done.err.startswith("rollspec: Git cannot say since when: ")


def test_the_project_may_be_wrong(repository: Repository) -> None:
    repository.write("overlays/production/overlay.yaml", "spec: [")
    done = repository.run("status")
    assert (done.code, done.out) == (1, "")
    assert "overlays/production/overlay.yaml" in done.err


def test_the_time_zone_of_the_machine_does_not_count(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    before = repository.text("status", "--app", "web")
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LC_ALL", environment().get("LC_ALL", "de_DE.UTF-8"))
    assert repository.text("status", "--app", "web") == before
