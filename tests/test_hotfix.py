"""A hotfix while another release is in flight: two commits, and the canary comes back by retry."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from renderer.release.outcome import Refusal
from renderer.release.verbs import hotfix, promote, retry
from renderer.usecases.effective import Spec
from renderer.usecases.hotfix import same_command
from renderer.usecases.release_options import ReleaseOptions
from renderer.usecases.verb import VerbOptions
from tests.support.past import Repository
from tests.support.verb_table import STATES, spec_in_state
from tests.test_from_edits import state

CANARY = {"tag": "1.5.0", "weight": 20, "overrides": {"env": {"LOG": "debug"}}}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A canary with a configuration of its own, rendered and committed."""
    made = Repository(tmp_path / "repository")
    made.rendered()
    made.text("release", "web", "1.5.0", "--weight", "20", "--set", "env.LOG=debug", "--commit")
    return made


def start(repository: Repository, *words: str) -> tuple[int, str]:
    done = repository.run("release", "web", "1.4.3", "--hotfix", "--weight", "50", *words)
    return done.code, done.out + done.err


def classes(repository: Repository, base: str, head: str) -> list[str]:
    return [each["class"] for each in repository.data("plan", "--base", base, "--head", head)["apps"]]


def test_a_hotfix_is_two_commits_that_the_plan_tells_apart(repository: Repository) -> None:
    code, said = start(repository, "--commit")
    assert code == 0, said
    assert "let the cluster get the two commits one after the other: `git push origin HEAD~1:BRANCH`" in said
    subjects = repository.git("log", "-2", "--format=%s").splitlines()
    assert subjects == [
        "deploy(production): release web 1.4.3 at 50 % as a hotfix",
        "deploy(production): abort web 1.5.0 for a hotfix",
    ]
    assert classes(repository, "HEAD~2", "HEAD~1") == ["abort"]
    assert classes(repository, "HEAD~1", "HEAD") == ["canary-start"]
    assert state(repository, "production") == {"canary": {"tag": "1.4.3", "weight": 50}, "aborted": CANARY}
    assert repository.run("validate", "--base", "HEAD~1").code == 0


def test_the_canary_comes_back_with_its_configuration(repository: Repository) -> None:
    assert start(repository, "--commit")[0] == 0
    repository.text("promote", "web", "--commit")
    assert state(repository, "production")["aborted"] == CANARY
    repository.text("retry", "web", "--commit")
    assert state(repository, "production")["canary"] == CANARY
    assert "aborted" not in state(repository, "production")
    assert repository.run("render", "--check").code == 0


def test_a_dry_run_shows_both_and_changes_nothing(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD")
    code, said = start(repository, "--dry-run")
    assert code == 0
    assert "+    tag: 1.4.3" in said
    assert "+  aborted:" in said
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("rev-parse", "HEAD") == head


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "--hotfix commits the abort before the release: give --commit, or --dry-run"),
        (("--commit", "--replace"), 2, "--hotfix takes APP TAG"),
        (("--commit", "--version", "1.4.2"), 1, "the stable version has the label `1.4.2` too"),
    ],
)
def test_what_cannot_start_aborts_nothing(
    repository: Repository, words: tuple[str, ...], code: int, message: str
) -> None:
    head = repository.git("rev-parse", "HEAD")
    found = start(repository, *words)
    assert (found[0], message in found[1]) == (code, True), found
    assert repository.git("rev-parse", "HEAD") == head
    assert state(repository, "production") == {"canary": CANARY}


def test_a_hotfix_needs_its_tag(repository: Repository) -> None:
    done = repository.run("release", "web", "--hotfix", "--weight", "50", "--commit")
    assert (done.code, "web: --hotfix needs the tag: web=TAG" in done.err) == (2, True), done.err
    done = repository.run("release", "web", "no tag", "--hotfix", "--weight", "50", "--commit")
    assert (done.code, "/spec/canary/tag" in done.err) == (1, True), done.err
    assert state(repository, "production") == {"canary": CANARY}


def test_the_version_in_flight_is_not_its_own_hotfix(repository: Repository) -> None:
    assert start(repository, "--commit")[0] == 0
    code, said = start(repository, "--commit")
    assert (code, "1.4.3 is already the canary in flight: `weight` changes its share" in said) == (1, True), said


def test_a_freeze_holds_back_the_whole_hotfix(repository: Repository) -> None:
    repository.overlay("production", '  freeze: [{schedule: "* * * * *", duration: 1d}]\n')
    repository.commit("freeze")
    code, said = start(repository, "--commit")
    assert (code, "production is frozen until" in said) == (1, True)
    assert state(repository, "production") == {"canary": CANARY}
    assert start(repository, "--commit", "--break-glass", "the shop is down")[0] == 0


HOOK = "#!/bin/sh\n[ ! -e .git/stop ] || { echo 'no second one'; exit 1; }\n: > .git/stop\n"  # stops the second commit


def test_where_only_the_abort_is_committed_it_says_what_to_type(repository: Repository) -> None:
    hook = repository.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    code, said = start(repository, "--commit", "--message", "the shop's down")
    assert code == 3, said
    stopped = "rollspec: the abort is committed, but not the hotfix: when you have fixed what stopped it, "
    folder = quote(str(repository.folder))
    command = f"rollspec -C {folder} release web 1.4.3 --hotfix --weight 50 --commit --message 'the shop"
    assert f"{stopped}`{command}" in said
    assert "makes only the second commit" in said
    assert "rollspec: nothing else was changed (`--no-verify` commits without" in said
    assert "nothing was changed" not in said
    assert repository.git("log", "-1", "--format=%s") == "the shop's down\n"
    assert (state(repository, "production"), repository.git("status", "--porcelain")) == ({"aborted": CANARY}, "")
    hook.unlink()
    code, again = start(repository, "--commit")
    assert (code, "what was in flight is aborted already: if the cluster does not have that yet" in again) == (0, True)
    assert repository.git("log", "-2", "--format=%s").splitlines() == [
        "deploy(production): release web 1.4.3 at 50 % as a hotfix",
        "the shop's down",
    ]
    assert state(repository, "production") == {"canary": {"tag": "1.4.3", "weight": 50}, "aborted": CANARY}
    repository.text("promote", "web", "--commit")
    repository.text("retry", "web", "--commit")
    assert state(repository, "production")["canary"] == CANARY


def test_after_an_abort_it_makes_one_commit(repository: Repository) -> None:
    repository.text("abort", "web", "--commit")
    head = repository.git("rev-parse", "HEAD")
    code, said = start(repository, "--dry-run")
    assert (code, "+  canary:" in said, repository.git("rev-parse", "HEAD")) == (0, True, head), said
    assert start(repository, "--commit")[0] == 0
    assert repository.git("rev-parse", "HEAD~1") == head
    assert state(repository, "production") == {"canary": {"tag": "1.4.3", "weight": 50}, "aborted": CANARY}


def test_of_two_apps_only_the_one_in_flight_is_aborted(repository: Repository) -> None:
    repository.write("apps/api.yaml", (repository.folder / "apps/web.yaml").read_text().replace("web", "api"))
    repository.text("render")
    repository.commit("another app")
    repository.text("release", "api", "1.5.0", "--weight", "20", "--commit")
    repository.text("abort", "web", "--commit")
    done = repository.run("release", "web=1.4.3", "api=1.4.3", "--hotfix", "--weight", "50", "--commit")
    assert done.code == 0, done.err
    assert repository.git("log", "-2", "--format=%s").splitlines() == [
        "deploy(production): release web 1.4.3 at 50 %, api 1.4.3 at 50 % as a hotfix",
        "deploy(production): abort api 1.5.0 for a hotfix",
    ]
    assert "aborted" in state(repository, "production")


@pytest.mark.parametrize("name", [name for name in STATES if name.endswith("-aborted")])
def test_what_was_aborted_is_not_its_own_hotfix(name: str) -> None:
    spec = spec_in_state(name)
    first, second = hotfix(spec, "1.4.3", weight=50)
    assert first == {}
    after = applied(spec, second)
    assert ((after.get("canary") or after["preview"])["tag"], after["aborted"]) == ("1.4.3", spec["aborted"])
    assert hotfix(spec, "1.5.0", weight=50)[1] == Refusal(
        "1.5.0 is the version that was aborted: `retry` starts it again"
    )


def test_the_command_for_the_hotfix_alone_has_the_options_that_were_given() -> None:
    options = VerbOptions(
        "a b", envs=("staging", "prod"), keep_going=True, break_glass="down", commit=True, no_verify=True
    )
    wanted = ReleaseOptions(("web=1.4.3", "api=2"), 0, skip=True, hotfix=True)
    assert same_command(options, wanted) == (
        "rollspec -C 'a b' release web=1.4.3 api=2 --hotfix --weight 0 --skip --env staging --env prod --keep-going "
        "--commit --no-verify --break-glass down"
    )
    labelled = ReleaseOptions(("web", "1.4.3"), label="fix", hotfix=True)
    assert same_command(VerbOptions("."), labelled) == "rollspec release web 1.4.3 --hotfix --version fix --commit"


def test_without_a_release_in_flight_it_says_so(repository: Repository) -> None:
    repository.text("promote", "web", "--commit")
    said = start(repository, "--commit")[1]
    assert "--hotfix is for an app with a release in flight, or an aborted one: `release APP 1.4.3 --weight 50`" in said


@pytest.mark.parametrize("name", [name for name in STATES if {"canary", "preview"} & STATES[name].keys()])
def test_from_every_state_in_flight(name: str) -> None:
    spec = spec_in_state(name)
    first, second = hotfix(spec, "1.4.3", weight=50)
    if isinstance(first, Refusal) or isinstance(second, Refusal):
        assert "migration" in spec
        return
    after = applied(applied(spec, first), second)
    flight = after.get("canary") or after["preview"]
    assert flight["tag"] == "1.4.3"
    stable = applied(after, promote(after))
    by_itself = spec["strategy"].get("autoPromotionEnabled")
    assert ("aborted" in stable) != bool(by_itself)
    if not by_itself:
        again = applied(stable, retry(stable))
        assert (again.get("canary") or again["preview"])["tag"] == "1.5.0"


def applied(spec: Spec, outcome: Any) -> dict[str, Any]:
    from renderer.release.fold import ABSENT

    assert not isinstance(outcome, Refusal), outcome
    return {key: value for key, value in {**spec, **outcome}.items() if value is not ABSENT}
