"""The order of promotion: its names, the environment before, and trains of what is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.promotion import in_order, order_faults, skipped, stage_of, stages_before, stages_of, with_next
from tests.support.cases import run
from tests.support.past import PROJECT, WEB, Repository
from tests.support.repository import git
from tests.test_from_edits import state
from tests.test_status import schema

STAGES = stages_of(["dev", "staging", ["eu", "us"]])
ENVS = ("dev", "staging", "eu", "us")
ORDER = "  promotion: [dev, staging, [eu, us]]\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Two apps in an order of promotion, rendered and committed; `web` is stable at 1.4.2 everywhere."""
    made = Repository(tmp_path / "repository")
    made.write("rollspec.yaml", PROJECT + ORDER)
    (made.folder / "overlays/production/overlay.yaml").unlink()
    for env in ENVS:
        made.overlay(env)
    made.app("api", WEB.replace("web", "api"))
    made.rendered()
    return made


def stable(repository: Repository, tag: str, env: str, app: str = "web", hours: int = 1) -> None:
    """A version that is stable in an environment, by a commit of its own."""
    repository.partial(f"  tag: {tag}\n", env=env, app=app)
    assert repository.run("render").code == 0
    repository.commit(f"{app} {tag} in {env}", hours=hours)


def refused(repository: Repository, *words: str, code: int = 1) -> str:
    done = repository.run(*words)
    assert done.code == code, done.out + done.err
    return done.err


def test_the_order_as_values() -> None:
    assert STAGES == (("dev",), ("staging",), ("eu", "us"))
    assert [stage_of(STAGES, env) for env in ("dev", "us", "x")] == [0, 2, None]
    assert stages_before(STAGES, "us") == (("staging",), ("dev",))
    assert skipped(STAGES, "dev", "eu") == ("staging",)
    assert skipped(STAGES, "eu", "us") == skipped(STAGES, "us", "dev") == skipped(STAGES, "x", "us") == ()
    assert in_order(STAGES, ["x", "us", "staging", "a", "eu", "dev"]) == ["dev", "staging", "eu", "us", "a", "x"]
    assert dict(order_faults(stages_of(["a", ["b", "a"], "c"]), {"a", "b"})) == {
        "/1/1": "`a` is listed twice: a version passes through it once",
        "/2": "there is no environment `c`; there are a, b",
    }


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(6, 12)), max_size=6, unique_by=lambda pair: pair[1]))
def test_an_environment_that_is_added_comes_right_after_another(pairs: list[tuple[int, int]]) -> None:
    stages = stages_of(["0", ["1", "2"], "3"])
    for after, env in pairs:
        if stage_of(stages, str(after)) is None and stage_of(stages, str(env)) is not None:
            continue
        stages = with_next(stages, str(after), str(env))
        numbers = [stage_of(stages, str(each)) for each in (after, env)]
        assert numbers[0] is not None
        assert numbers[1] == numbers[0] + 1
    assert not list(order_faults(stages, {str(number) for number in range(13)}))


def test_a_name_that_is_no_environment_is_shown_in_its_line(repository: Repository) -> None:
    repository.write("rollspec.yaml", PROJECT + "  promotion: [dev, stagging]\n")
    message = "rollspec.yaml:5:20: promotion: there is no environment `stagging`; there are dev, eu, staging, us"
    assert message in refused(repository, "validate")


def test_a_cluster_of_no_environment_is_shown_in_its_line(repository: Repository) -> None:
    repository.write("rollspec.yaml", PROJECT + "  clusters:\n    stagging: {context: test}\n")
    message = "rollspec.yaml:6:15: clusters: there is no environment `stagging`; there are dev, eu, staging, us"
    assert message in refused(repository, "validate")


def test_init_puts_an_environment_into_the_order(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    for env, after in (("canada", "production"), ("mexico", "production"), ("space", "canada")):
        made.text("init", "--env", env, "--after", after)
    assert made.text("status", "--format", "json")
    text = (made.folder / "rollspec.yaml").read_text()
    assert text.endswith("  promotion:\n    - production\n    - - canada\n      - mexico\n    - space\n")
    assert "there is no environment `moon`" in refused(made, "init", "--env", "mars", "--after", "moon", code=2)


def test_a_release_without_a_tag_takes_the_version_of_the_environment_before(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    stable(repository, "1.6.0", "dev")
    repository.text("release", "web", "--env", "eu", "--env", "us", "--weight", "20")
    assert state(repository, "eu") == state(repository, "us") == {"canary": {"tag": "1.5.0", "weight": 20}}


def test_a_release_that_skips_an_environment_needs_skip(repository: Repository) -> None:
    stable(repository, "1.5.0", "dev")
    words = ("release", "web", "--env", "eu", "--weight", "20", "--from-env", "dev")
    assert "from dev to eu a version passes through staging: --skip skips it" in refused(repository, *words)
    tag = ("release", "web", "1.5.0", "--env", "eu", "--weight", "20")
    message = "web: 1.5.0 is not stable in staging, which comes before eu: release it there first, or give --skip"
    assert message in refused(repository, *tag)
    repository.text(*tag, "--skip")
    assert state(repository, "eu") == {"canary": {"tag": "1.5.0", "weight": 20}}


def test_the_first_environment_and_those_outside_the_order_take_any_tag(repository: Repository) -> None:
    repository.overlay("sandbox")
    for env in ("dev", "sandbox"):
        repository.text("release", "web", "1.5.0", "--env", env, "--weight", "20")
        assert "give a tag" in refused(repository, "release", "api", "--env", env)


def test_environments_before_that_differ_must_be_chosen(repository: Repository) -> None:
    repository.write("rollspec.yaml", PROJECT + "  promotion: [dev, [eu, us], staging]\n")
    stable(repository, "1.5.0", "eu")
    message = "web: the environments before staging differ: eu has 1.5.0, us has 1.4.2; name one with --from-env"
    assert message in refused(repository, "release", "web", "--env", "staging", "--weight", "20")
    repository.text("release", "web", "--env", "staging", "--weight", "20", "--from-env", "eu")


def test_an_app_that_the_environment_before_lacks_takes_the_one_before_that(repository: Repository) -> None:
    repository.overlay("staging", "  apps: [api]\n")
    stable(repository, "1.5.0", "dev")
    repository.text("release", "web", "--env", "eu", "--weight", "20")
    assert state(repository, "eu") == {"canary": {"tag": "1.5.0", "weight": 20}}


def train(repository: Repository, *words: str, env: str = "eu") -> tuple[str, str]:
    """What a train prints and says."""
    done = repository.run("release", "--train", "--env", env, "--weight", "20", *words)
    assert done.code == 0, done.err
    return done.out, done.err


@pytest.mark.parametrize(("verb", "how"), [("undo", "undone"), ("abort", "aborted")])
def test_a_promotion_names_what_was_taken_back_before(repository: Repository, verb: str, how: str) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20", "--skip", env="staging")
    if verb == "undo":
        repository.verb("promote", "web", env="staging")
    assert repository.run("release", "web", "1.5.0", "--weight", "20", "--skip", "--env", "eu").code == 0
    repository.commit("canary in eu")
    repository.verb(verb, "web", env="staging")
    done = repository.run("promote", "web", "--env", "eu")
    said = f"rollspec: web in eu: 1.5.0 was {how} in staging, which comes before eu\n"
    assert (done.code, said in done.err) == (0, True), done


@pytest.mark.parametrize(("level", "is_named"), [("debug", True), ("info", False)])
def test_a_promotion_names_only_the_same_configuration(repository: Repository, level: str, is_named: bool) -> None:
    begin = ("release", "web", "1.5.0", "--weight", "20", "--skip", "--set", "env.LOG_LEVEL=debug")
    repository.verb(*begin, env="staging")
    assert repository.run(*begin[:-1], f"env.LOG_LEVEL={level}", "--env", "eu").code == 0
    repository.commit("canary in eu")
    repository.verb("abort", "web", env="staging")
    done = repository.run("promote", "web", "--env", "eu")
    assert (done.code, "1.5.0 was aborted in staging" in done.err) == (0, is_named), done


def test_a_promotion_says_that_it_cannot_read_the_environment_before(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20", "--skip", env="eu")
    repository.partial("  tag: [1.5.0]\n", env="staging")
    done = repository.run("promote", "web", "--env", "eu")
    assert (done.code, "its spec has errors in staging, so whether 1.5.0 was undone" in done.err) == (0, True), done


def test_a_train_is_one_commit_with_a_table(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    stable(repository, "2.0.0", "staging", app="api")
    assert train(repository, "--commit")[0].startswith("committed")
    subject, _, body = repository.git("log", "-1", "--format=%B").partition("\n\n")
    assert subject == "deploy(eu): release api 2.0.0 at 20 %, web 1.5.0 at 20 % by train"
    assert body.startswith(
        "APP  ENVIRONMENT  FROM   TO     STARTS\n"
        "api  eu           1.4.2  2.0.0  canary at 20 %\n"
        "web  eu           1.4.2  1.5.0  canary at 20 %\n"
    )
    assert train(repository, "--commit")[0] == "nothing to release\n"


def test_a_train_names_what_stays_behind(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    repository.partial("  aborted: {tag: 1.5.0}\n", env="eu")
    repository.commit("aborted")
    assert "web in eu: 1.5.0 stays behind: it was aborted here" in train(repository)[1]
    assert state(repository, "eu") == {"aborted": {"tag": "1.5.0"}}
    train(repository, "--redo")
    assert state(repository, "eu") == {"canary": {"tag": "1.5.0", "weight": 20}}


def test_a_train_leaves_a_hotfix_that_is_ahead(repository: Repository) -> None:
    stable(repository, "1.4.2", "staging")
    (repository.folder / "overlays/staging/apps/web.yaml").unlink()
    stable(repository, "1.4.3", "eu")
    out, err = train(repository)
    assert (out, "web in eu: 1.4.2 stays behind: 1.4.3 is newer here, and was never stable in staging" in err) == (
        "nothing to release\n",
        True,
    )
    stable(repository, "1.5.0", "staging")
    train(repository)
    assert state(repository, "eu") == {"tag": "1.4.3", "canary": {"tag": "1.5.0", "weight": 20}}


def test_a_hotfix_stays_ahead_when_its_app_is_renamed(repository: Repository) -> None:
    for verb in (("release", "web", "1.4.3", "--skip", "--weight", "20"), ("promote", "web")):
        repository.text(*verb, "--env", "eu", "--commit")
    for path in ("apps/web.yaml", *(f"overlays/{env}/apps/web.yaml" for env in ("staging", "eu"))):
        file = repository.folder / path
        if file.exists():
            file.with_name("shop.yaml").write_text(file.read_text().replace("name: web", "name: shop"))
            file.unlink()
    repository.rendered("rename web")
    out, err = train(repository)
    assert (out, "shop in eu: 1.4.2 stays behind: 1.4.3 is newer here, and was never stable in staging" in err) == (
        "nothing to release\n",
        True,
    )


def test_a_version_that_followed_late_is_not_ahead(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    stable(repository, "1.6.0", "staging")
    stable(repository, "1.5.0", "eu")
    train(repository)
    assert state(repository, "eu") == {"tag": "1.5.0", "canary": {"tag": "1.6.0", "weight": 20}}


def test_a_train_does_not_bring_back_what_was_undone_before(repository: Repository) -> None:
    stable(repository, "1.5.0", "eu")
    repository.partial("  tag: 1.4.2\n  previous: {tag: 1.5.0, undone: true}\n", env="staging")
    repository.commit("undone")
    assert "1.4.2 stays behind: 1.5.0 was undone in staging: `undo` it here too" in train(repository)[1]


def test_a_train_waits_for_versions_to_soak(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    stable(repository, "2.0.0", "staging", app="api", hours=30)
    stable(repository, "1.5.0", "staging", hours=1)
    at(repository, monkeypatch)
    assert (
        "web in eu: 1.5.0 stays behind: it is not stable in staging for long enough"
        in train(repository, "--soak", "1d")[1]
    )
    assert "canary" in state(repository, "eu", "api")
    assert state(repository, "eu") == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--train", "--env", "dev"), "no environment comes before dev in the order of promotion"),
        (("--train", "--env", "eu", "--skip"), "--train takes what is due"),
        (("web", "--env", "eu", "--soak", "1d"), "--soak is for --train"),
        (("--train", "--env", "eu", "--soak", "soon"), "'soon' is not a duration: write 3d, 12h or 1d12h"),
    ],
)
def test_mistakes_of_usage(repository: Repository, words: tuple[str, ...], message: str) -> None:
    assert message in refused(repository, "release", *words, code=2)


def test_without_an_order_there_is_no_train(repository: Repository) -> None:
    repository.write("rollspec.yaml", PROJECT)
    assert "rollspec.yaml names no order of promotion" in refused(repository, "release", "--train", "--env", "eu")


def test_behind_shows_where_versions_are_and_what_is_due(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging", hours=24)
    stable(repository, "1.6.0", "dev", hours=2)
    stable(repository, "1.5.0", "us")
    repository.partial("  canary: {tag: 1.6.0, weight: 5}\n  tag: 1.5.0\n", env="staging")
    assert repository.text("status", "--behind", "--at", "2026-01-02T04:00Z") == (
        "APP  dev        staging                             eu             us\n"
        "web  1.6.0 3 h  1.5.0 1 d 3 h, canary 1.6.0 at 5 %  1.4.2 1 d 4 h  1.5.0 1 h\n"
        "\n"
        "due: web 1.5.0 in eu: `rollspec release web --from-env staging --weight WEIGHT --env eu`\n"
        "held: web 1.6.0 in staging: canary 1.6.0 at 5 % is in flight\n"
        "\n"
        "1 of 2 apps does not have the same version everywhere.\n"
    )
    check = schema("Behind")
    for words in ((), ("--env", "us"), ("--app", "api")):
        check.validate(repository.data("status", "--behind", *words))
    assert "| web | 1.6.0 " in repository.text("status", "--behind", "--format", "markdown")


def test_behind_names_environments_that_get_the_same(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    text = repository.text("status", "--behind")
    command = "rollspec release web --from-env staging --weight WEIGHT --env eu --env us"
    assert f"due: web 1.5.0 in eu, us: `{command}`\n" in text
    repository.text(*command.replace("WEIGHT", "5").split()[1:])


def test_behind_names_no_weight_where_the_spec_gives_it(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    repository.partial("  strategy: {type: Canary, router: istio, initialWeight: 5}\n", env="eu")
    repository.partial("  strategy: {type: RollingUpdate}\n", env="us")
    text = repository.text("status", "--behind")
    assert "due: web 1.5.0 in eu, us: `rollspec release web --from-env staging --env eu --env us`\n" in text


def test_behind_says_what_holds_a_version_back(repository: Repository) -> None:
    stable(repository, "1.5.0", "staging")
    repository.overlay("us", "  apps: [web]\n")
    repository.partial("  tag: 1.4.1\n", env="dev", app="api")
    repository.partial("  paused: true\n", env="eu")
    repository.partial(
        "  strategy: {type: Canary, router: istio}\n  migration: {from: {type: RollingUpdate}}\n", env="us"
    )
    repository.partial("  tag: [\n", env="dev")
    done = repository.run("status", "--behind", "--at", "2026-01-01T02:00Z")
    assert (done.code, done.out.splitlines()[:3]) == (
        1,
        [
            "APP  dev         staging    eu         us",
            "api  1.4.1       1.4.2 2 h  1.4.2 2 h",
            "web  unreadable  1.5.0 1 h  1.4.2 2 h  1.4.2 2 h",
        ],
    )
    assert "unreadable: web in dev: overlays/dev/apps/web.yaml:7:1: yaml-syntax: " in done.out
    assert "held: web 1.5.0 in eu: the app is paused\nheld: web 1.5.0 in us: a switch is under way\n" in done.out
    repository.write("rollspec.yaml", PROJECT + "  promotion: [[dev, staging], [eu, us]]\n")
    assert "held: web 1.5.0 in eu: the spec in dev cannot be read\n" in repository.run("status", "--behind").out
    repository.write("overlays/eu/overlay.yaml", "spec: 1\n")
    assert "overlays/eu/overlay.yaml:1:7: wrong-type" in refused(repository, "status", "--behind")


def test_behind_says_of_an_app_that_nobody_can_read_why(repository: Repository) -> None:
    (repository.folder / "apps/api.yaml").write_text("spec: [\n")
    done = repository.run("status", "--behind")
    assert (done.code, "unreadable: api in dev, staging, eu, us: apps/api.yaml:2:1: " in done.out) == (1, True), (
        done.out
    )
    assert done.out.endswith("\n0 of 2 apps do not have the same version everywhere, 1 unreadable.\n")


def test_behind_does_not_say_of_a_named_app_that_it_differs(repository: Repository) -> None:
    out = repository.text("status", "--behind", "--app", "web")
    assert out.endswith("\n0 of 1 apps do not have the same version everywhere.\n")


def test_behind_in_a_shallow_clone_says_that_ages_may_be_more(repository: Repository, tmp_path: Path) -> None:
    repository.partial("  tag: 1.5.0\n", env="staging")
    (repository.folder / "apps/api.yaml").unlink()
    repository.commit()
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository.folder}", "clone")
    assert "shallow" in run(tmp_path / "clone", "status", "--behind").err
    for words, code in ((("--soak", "10000d"), 3), (("--soak", "1d"), 0), ((), 0)):
        done = run(tmp_path / "clone", "release", "--train", "--env", "eu", "--weight", "5", "--dry-run", *words)
        assert (done.code, "shallow" in done.err) == (code, code == 3), done


def test_behind_needs_an_order(repository: Repository) -> None:
    repository.write("rollspec.yaml", PROJECT)
    assert "rollspec.yaml names no order of promotion" in refused(repository, "status", "--behind")


def at(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs' clock is that of the repository."""
    from datetime import UTC, datetime, timedelta

    from renderer.commands import verbs

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=repository.clock)

    monkeypatch.setattr(verbs, "datetime", Clock)
