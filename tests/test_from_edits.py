"""Edits of stable versions that become releases, several environments in one commit, and verbs with --all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.release.edits import Meant, from_edit
from renderer.workers import SMALL
from renderer.yamlio import load
from tests.support.past import WEB, Repository

ENVS = ("dev", "production", "staging")
CANARY = "strategy: {type: Canary, router: istio}"
STRATEGIES = (
    CANARY,
    "strategy: {type: Canary, initialWeight: 5}",
    "strategy: {type: Canary, steps: [{setWeight: 20}, {pause: {}}]}",
    "strategy: {type: BlueGreen}",
    "strategy: {type: RollingUpdate}",
    "strategy: {type: Recreate}",
)


def spec_of(strategy: str, tag: str = "1.4.2") -> str:
    return WEB.replace(CANARY, strategy).replace("1.4.2", tag)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One app in three environments, rendered and committed on main."""
    return made(tmp_path, {"web": CANARY})


def made(folder: Path, apps: dict[str, str]) -> Repository:
    found = Repository(folder / "repository")
    for env in ENVS:
        found.overlay(env)
    for app, strategy in apps.items():
        found.app(app, spec_of(strategy))
    assert found.run("render").code == 0
    found.commit("begin")
    found.git("branch", "--force", "start")
    return found


def test_it_says_what_was_live_before_the_edit(tmp_path: Path) -> None:
    """And not that the version of the edit was stable, which no cluster ever had."""
    repository = made(tmp_path, {"web": CANARY, "worker": "strategy: {type: RollingUpdate}"})
    for app in ("web", "worker"):
        file = repository.folder / f"apps/{app}.yaml"
        file.write_text(file.read_text().replace("1.4.2", "1.5.0"))
    repository.commit("bot")
    lines = release(repository, "--env", "production", "--commit").splitlines()[1:]
    assert lines == [
        "web in production: 1.4.2 stable -> 1.4.2 stable, canary 1.5.0 at 20 %",
        "worker in production: 1.4.2 stable -> 1.5.0 stable",
    ]
    assert repository.git("log", "-1", "--format=%b").splitlines()[: len(lines)] == lines


def state(repository: Repository, env: str, app: str = "web") -> dict[str, Any]:
    file = repository.folder / f"overlays/{env}/apps/{app}.yaml"
    return loaded(file.read_text())["spec"] if file.exists() else {}


def loaded(text: str) -> dict[str, Any]:
    data, problems = load(text.encode(), "x")
    assert isinstance(data, dict)
    assert not problems
    return data


def release(repository: Repository, *words: str) -> str:
    return repository.text("release", "--from-edits", "--base", "start", "--weight", "20", *words)


def classes(repository: Repository) -> dict[tuple[str, str], str]:
    plan = repository.data("plan", "--base", "start")
    return {(each["env"], each["app"]): each["class"] for each in plan["apps"]}


def test_a_bump_becomes_a_canary_in_every_environment(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY, "1.5.0"))
    repository.commit("bot: bump")
    release(repository)
    for env in ENVS:
        assert state(repository, env) == {"tag": "1.4.2", "canary": {"tag": "1.5.0", "weight": 20}}
    assert set(classes(repository).values()) == {"canary-start"}
    assert "tag: 1.5.0" in (repository.folder / "apps/web.yaml").read_text()


def test_one_commit_holds_everything_and_twice_is_once(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY, "1.5.0"))
    repository.commit("bot: bump")
    assert release(repository, "--commit").startswith("committed")
    assert repository.git("status", "--porcelain") == ""
    head = repository.git("rev-parse", "HEAD")
    assert release(repository, "--commit") == "nothing to release\n"
    assert repository.git("rev-parse", "HEAD") == head
    assert repository.run("render", "--check").code == 0


def test_many_apps_are_read_by_several_processes(tmp_path: Path) -> None:
    names = [f"app-{number:02}" for number in range(SMALL + 2)]
    repository = made(tmp_path, dict.fromkeys(names, CANARY))
    repository.partial("  aborted: {tag: 1.5.0}\n", app=names[0])
    repository.partial("  aborted: {tag: 1.3.0}\n", app=names[1])
    repository.commit("aborted")
    repository.git("branch", "--force", "start")
    for name in names:
        repository.app(name, spec_of(CANARY, "1.5.0"))
    done = repository.run("release", "--from-edits", "--base", "start", "--weight", "20", "--env", "production")
    assert done.code == 0
    assert f"{names[0]} in production: 1.5.0 is not released" in done.err
    for name in names[1:]:
        assert state(repository, "production", name) == {"tag": "1.4.2", "canary": {"tag": "1.5.0", "weight": 20}}


def test_only_the_environments_named(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY, "1.5.0"))
    release(repository, "--env", "dev", "--env", "staging")
    assert "canary" in state(repository, "dev")
    assert state(repository, "production") == {}


def test_a_version_that_was_aborted_is_left_out_and_named(repository: Repository) -> None:
    repository.partial("  aborted: {tag: 1.5.0}\n")
    repository.commit("aborted")
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.5.0"))
    done = repository.run("release", "--from-edits", "--base", "start", "--weight", "20")
    assert done.code == 0
    assert "web in production: 1.5.0 is not released, it was aborted here before; --redo web releases it" in done.err
    assert state(repository, "production") == {"tag": "1.4.2", "aborted": {"tag": "1.5.0"}}
    assert "canary" in state(repository, "dev")


def test_redo_takes_a_version_in_that_was_aborted(repository: Repository) -> None:
    repository.partial("  aborted: {tag: 1.5.0}\n")
    repository.commit("aborted")
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.5.0"))
    release(repository, "--redo", "web")
    assert state(repository, "production") == {"tag": "1.4.2", "canary": {"tag": "1.5.0", "weight": 20}}


def test_a_bump_under_a_canary_is_pinned_and_named(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.6.0"))
    done = repository.run("release", "--from-edits", "--base", "start", "--weight", "20", "--env", "production")
    assert done.code == 0
    assert "1.6.0 is not released, a canary is in flight" in done.err
    assert state(repository, "production") == {"canary": {"tag": "1.5.0", "weight": 20}, "tag": "1.4.2"}


def test_what_is_not_released_is_not_said_to_be(repository: Repository) -> None:
    """A bump under a canary pins the stable version: nothing starts again, and the commit names no release of it."""
    repository.verb("release", "web", "1.5.0", "--weight", "20", "--env", "production")
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.6.0"))
    repository.commit("bot: bump")
    said = release(repository, "--commit", "--env", "production").splitlines()
    assert said[0].partition(": ")[2] == "deploy(production): keep web 1.4.2"
    assert said[1] == "web in production: 1.4.2 stable, canary 1.5.0 at 20 %; no version changes"
    said = release(repository, "--commit").splitlines()
    assert said[0].partition(": ")[2] == "deploy(dev, staging): release web 1.6.0 at 20 %"


def test_a_bump_of_a_paused_app_is_pinned_and_named(repository: Repository) -> None:
    repository.partial("  paused: true\n")
    repository.commit("paused")
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.5.0"))
    done = repository.run("release", "--from-edits", "--base", "start", "--weight", "20", "--env", "production")
    assert "1.5.0 is not released, the app is paused" in done.err
    assert state(repository, "production") == {"paused": True, "tag": "1.4.2"}


def test_the_next_bump_applies_on_top_once_the_first_is_promoted(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY, "1.5.0"))
    repository.commit("bot: bump")
    release(repository, "--commit")
    for env in ENVS:
        repository.verb("promote", "web", env=env)
        assert state(repository, env)["tag"] == "1.5.0"  # still pinned, as the edit found it
    repository.git("branch", "--force", "start")
    repository.app("web", spec_of(CANARY, "1.6.0"))
    release(repository)
    assert {state(repository, env)["canary"]["tag"] for env in ENVS} == {"1.6.0"}


@pytest.mark.parametrize("verb", ["promote", "undo", "abort"])
def test_what_a_verb_made_of_the_stable_version_is_not_an_edit(repository: Repository, verb: str) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    if verb == "undo":
        repository.verb("promote", "web")
    repository.git("branch", "--force", "start")
    repository.verb(verb, "web")
    assert release(repository) == "nothing to release\n"


def test_a_bump_after_a_promotion_since_the_base_starts_on_top_of_it(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.git("branch", "--force", "start")
    repository.verb("promote", "web")
    file = repository.folder / "overlays/production/apps/web.yaml"
    file.write_text(file.read_text().replace("tag: 1.5.0", "tag: 1.6.0"))
    repository.commit("bot: bump")
    release(repository)
    assert state(repository, "production")["tag"] == "1.5.0"
    assert state(repository, "production")["canary"] == {"tag": "1.6.0", "weight": 20}


def test_a_bump_that_was_released_after_the_base_stays_released(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY, "1.5.0"))
    repository.commit("bot: bump")
    release(repository, "--commit")
    assert repository.run("release", "--from-edits", "--base", "HEAD~1", "--weight", "20").out == "nothing to release\n"
    repository.verb("abort", "web")
    assert repository.run("release", "--from-edits", "--base", "HEAD~2", "--weight", "20").out == "nothing to release\n"


def test_an_edit_of_the_image_is_a_release_too() -> None:
    was = loaded(spec_of(CANARY))
    found = from_edit(was, {**was, "image": "ghcr.io/acme/new"}, weight=20)
    assert isinstance(found, Meant)
    assert found.wanted["image"] == "ghcr.io/acme/web"
    assert found.wanted["canary"]["overrides"] == {"image": "ghcr.io/acme/new"}


def test_what_was_not_edited_is_nothing_to_release(repository: Repository) -> None:
    repository.app("web", spec_of(CANARY) + "  podMetadata: {annotations: {a: b}}\n")
    assert release(repository) == "nothing to release\n"


APPS = st.dictionaries(
    st.sampled_from(["api", "web", "shop"]), st.tuples(st.sampled_from(STRATEGIES), st.booleans()), min_size=1
)


def has_flight(strategy: str) -> bool:
    """Whether a new version runs next to the stable one."""
    return "Canary" in strategy or "BlueGreen" in strategy


@settings(max_examples=6, deadline=None)
@given(APPS)
def test_no_mixture_of_strategies_replaces_a_canary_at_once(apps: dict[str, tuple[str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = made(Path(folder), {"web": CANARY, **{app: strategy for app, (strategy, _) in apps.items()}})
        for app, (strategy, is_bumped) in apps.items():
            repository.app(app, spec_of(strategy, "1.5.0" if is_bumped else "1.4.2"))
        first = release(repository)
        found = classes(repository)
        for (_, app), each in found.items():
            wanted = ("canary-start", "preview-start") if has_flight(apps[app][0]) else ("replace", "disruptive")
            assert each in wanted
        assert {app for _, app in found} == {app for app, (_, is_bumped) in apps.items() if is_bumped}
        assert (first == "nothing to release\n") == (not found)
        assert release(repository) == "nothing to release\n"
        if any(is_bumped for _, is_bumped in apps.values()):
            next_bump_applies(repository, apps)


def next_bump_applies(repository: Repository, apps: dict[str, tuple[str, bool]]) -> None:
    """The bot's next bump while canaries are in flight: they stay, and no stable version changes under them."""
    bump(repository, apps, "1.6.0")
    release(repository)
    for (_, app), each in classes(repository).items():
        assert not has_flight(apps[app][0]) or each == "nothing"
    assert release(repository) == "nothing to release\n"
    promoted = {app for app, (strategy, is_bumped) in apps.items() if is_bumped and has_flight(strategy)}
    if promoted:
        promote(repository)
        bump(repository, apps, "1.7.0")
        said = repository.run("release", "--from-edits", "--base", "start", "--weight", "20").err
        assert all(
            f"{app} in dev: 1.7.0 is not released, because dev has a version of its own" in said for app in promoted
        )
        release(repository, *[word for app in promoted for word in ("--redo", app)])
        for env in ENVS:
            assert all(flight(state(repository, env, app)) == "1.7.0" for app in promoted)


def bump(repository: Repository, apps: dict[str, tuple[str, bool]], tag: str) -> None:
    """The bot's edit of the apps that it bumps, after what is committed first."""
    if repository.git("status", "--porcelain"):
        repository.commit("before the bump")
    repository.git("branch", "--force", "start")
    for app, (strategy, is_bumped) in apps.items():
        repository.app(app, spec_of(strategy, tag if is_bumped else "1.4.2"))


def promote(repository: Repository) -> None:
    """Everything that is in flight."""
    repository.text("promote", "--all", *[word for env in ENVS for word in ("--env", env)])


def flight(spec: dict[str, Any]) -> str:
    """The tag of the canary or preview."""
    return str((spec.get("canary") or spec["preview"])["tag"])


@settings(max_examples=4, deadline=None)
@given(APPS)
def test_a_bump_after_the_promotion_starts_the_next_release_on_top(apps: dict[str, tuple[str, bool]]) -> None:
    apps = {app: (strategy, True) for app, (strategy, _) in apps.items() if has_flight(strategy)}
    if not apps:
        return
    with tempfile.TemporaryDirectory() as folder:
        repository = made(Path(folder), {app: strategy for app, (strategy, _) in apps.items()})
        for was, tag in (("1.4.2", "1.5.0"), ("1.5.0", "1.6.0")):
            bump(repository, apps, tag)
            release(repository)
            assert set(classes(repository).values()) <= {"canary-start", "preview-start"}
            for env in ENVS:
                found = [state(repository, env, app) for app in apps]
                assert all(spec["tag"] == was and flight(spec) == tag for spec in found)
            assert release(repository) == "nothing to release\n"
            repository.commit("releases")
            promote(repository)


def test_a_train_of_mixed_strategies_is_one_commit(tmp_path: Path) -> None:
    ladder = STRATEGIES[2]
    repository = made(tmp_path, {"web": CANARY, "ads": ladder, "api": STRATEGIES[4], "shop": STRATEGIES[1]})
    words = ["release", "web=1.5.0", "ads=1.5.0", "api=1.5.0", "shop=1.5.0", "--env", "dev", "--weight", "50"]
    done = repository.run(*words)
    assert done.code == 0
    assert "ads in dev: --weight is ignored: the ladder in strategy.steps gives the shares" in done.err
    assert "api in dev: --weight is ignored: strategy RollingUpdate has no canary" in done.err
    assert state(repository, "dev", "shop")["canary"]["weight"] == 50
    assert repository.run("release", "shop", "1.6.0", "--env", "staging").code == 0
    assert state(repository, "staging", "shop")["canary"]["weight"] == 5


def test_a_verb_for_all_that_it_fits_in_several_environments(tmp_path: Path) -> None:
    repository = made(tmp_path, {"web": CANARY, "api": CANARY, "shop": STRATEGIES[4]})
    for env in ("dev", "staging"):
        repository.verb("release", "web", "1.5.0", "--weight", "20", env=env)
    repository.verb("release", "api", "2.0.0", "--weight", "20", env="dev")
    text = repository.text("abort", "--all", "--env", "dev", "--env", "staging", "--env", "production", "--commit")
    assert text.startswith("committed")
    assert "canary" not in state(repository, "dev") | state(repository, "staging") | state(repository, "dev", "api")
    assert repository.git("log", "-1", "--format=%s").strip() == "deploy(dev, staging): abort api 2.0.0, web 1.5.0"
    done = repository.run("abort", "--all", "--env", "dev")
    assert (done.code, done.err) == (1, "rollspec: nothing to abort in dev\n")


def test_one_that_fails_stops_all_but_for_keep_going(repository: Repository) -> None:
    repository.app("api", spec_of(CANARY))
    assert repository.run("render").code == 0
    repository.commit("api")
    repository.verb("release", "web", "1.5.0", "--weight", "20", env="dev")
    words = ["weight", "web", "api", "50", "--env", "dev"]
    assert repository.run(*words).code == 1
    assert state(repository, "dev")["canary"]["weight"] == 20
    done = repository.run(*words, "--keep-going")
    assert done.code == 1
    assert "api in dev: there is no canary" in done.err
    assert state(repository, "dev")["canary"]["weight"] == 50


def test_all_names_an_app_that_cannot_be_read_and_an_abort_goes_on(repository: Repository) -> None:
    repository.app("api", spec_of(CANARY))
    repository.rendered("api")
    repository.verb("release", "web", "1.5.0", "--weight", "20", env="dev")
    (repository.folder / "apps/api.yaml").write_text("spec: [\n")
    done = repository.run("abort", "--all", "--env", "dev", "--commit")
    assert (done.code, "apps/api.yaml: changed since the last commit: `git stash push" in done.err) == (1, True)
    repository.commit("broken")
    for verb in ("pause", "abort"):
        done = repository.run(verb, "--all", "--env", "dev", "--commit")
        assert (done.code, "apps/api.yaml:2:1: yaml-syntax: " in done.err) == (1, True), done.err
        assert ("nothing was changed" in done.err) == (verb == "pause")
        assert ("canary" in state(repository, "dev")) == (verb == "pause")


def test_a_release_that_fails_stops_all_but_for_keep_going(repository: Repository) -> None:
    repository.app("api", spec_of(CANARY))
    assert repository.run("render").code == 0
    repository.commit("api")
    repository.verb("release", "web", "1.5.0", "--weight", "20", env="dev")
    words = ["release", "web=1.6.0", "api=1.6.0", "--weight", "20", "--env", "dev"]
    done = repository.run(*words)
    assert (done.code, "nothing was changed; --keep-going changes the other apps all the same" in done.err) == (1, True)
    assert repository.run(*words, "--keep-going", "--commit").code == 1
    assert state(repository, "dev", "api")["canary"]["tag"] == "1.6.0"


def test_a_switch_names_no_option_that_it_lacks(repository: Repository) -> None:
    repository.partial("  paused: true\n", env="dev")
    done = repository.run("switch", "web", "--to", "BlueGreen", *(f"--env={env}" for env in ENVS))
    assert (done.code, "rollspec: nothing was changed\n" in done.err) == (1, True), done
