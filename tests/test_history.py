"""`rollspec history` in real Git repositories: by the specs before and after each commit, whatever its message says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.past import WEB, Repository
from tests.support.repository import IDENTITY, git

CANARY = "  canary: {{tag: {tag}, weight: {weight}}}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One app in one environment, committed."""
    made = Repository(tmp_path / "repository")
    made.commit("begin")
    return made


def story(repository: Repository, *arguments: str, env: str = "production") -> list[dict[str, Any]]:
    """The entries of one environment, oldest first, without the one that the app is new."""
    data = repository.data("history", "web", *arguments)
    entries = next(each["entries"] for each in data["environments"] if each["env"] == env)
    return [entry for entry in reversed(entries) if entry["kind"] != "added"]


def told(repository: Repository, **options: str) -> list[str]:
    """Kind, version, weights and end of each entry in one line."""
    return [
        " ".join(
            [
                entry["kind"],
                entry["version"]["tag"] if entry["version"] else "-",
                *(str(each["weight"]) for each in entry["weights"]),
                entry["end"] or "",
            ]
        ).rstrip()
        for entry in story(repository, **options)
    ]


def canary(repository: Repository, tag: str, weight: int, message: str = "by hand") -> None:
    repository.partial(CANARY.format(tag=tag, weight=weight))
    repository.commit(message)


def test_text_tells_a_release_from_start_to_end(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20", hours=2)
    repository.verb("weight", "web", "50", author="Bob", hours=49)
    repository.verb("promote", "web", author="Cleo")
    repository.verb("restart", "web")
    repository.verb("undo", "web")
    text = re.sub(r"\b[0-9a-f]{12}\b", "(commit)", repository.text("history", "web"))
    assert text == (
        "web in production\n"
        "  2026-01-03T06:00:00Z  (commit)  A Team  back to 1.4.2 from 1.5.0, in one step\n"
        "  2026-01-03T05:00:00Z  (commit)  A Team  restart of 1.5.0\n"
        "  canary 1.5.0 in place of 1.4.2: promoted after 2 d 3 h\n"
        "    2026-01-01T01:00:00Z  (commit)  A Team  starts at 20 %\n"
        "    2026-01-01T03:00:00Z  (commit)  Bob  20 % -> 50 %\n"
        "    2026-01-03T04:00:00Z  (commit)  Cleo  promoted\n"
        '  2026-01-01T00:00:00Z  (commit)  A Team  the app is new here, with 1.4.2  "begin"\n'
    )


def test_json_has_every_step_with_its_commit(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20", hours=2)
    repository.verb("weight", "web", "50", author="Bob", hours=3)
    repository.verb("abort", "web")
    data = repository.data("history", "web")
    assert (data["format"], data["app"], data["complete"]) == (1, "web", True)
    assert data["revision"] == repository.git("rev-parse", "HEAD").strip()
    entry = data["environments"][0]["entries"][0]
    assert entry | {"steps": []} == {
        "kind": "canary",
        "version": {"tag": "1.5.0", "version": "1.5.0"},
        "before": {"tag": "1.4.2", "version": "1.4.2"},
        "started": "2026-01-01T01:00:00Z",
        "ended": "2026-01-01T06:00:00Z",
        "end": "aborted",
        "seconds": 5 * 3600,
        "weights": [
            {"weight": 20, "since": "2026-01-01T01:00:00Z", "seconds": 2 * 3600},
            {"weight": 50, "since": "2026-01-01T03:00:00Z", "seconds": 3 * 3600},
        ],
        "steps": [],
    }
    step = entry["steps"][1]
    assert (step["kind"], step["weight"]) == ("weight", {"before": 20, "after": 50})
    assert step["commit"] | {"sha": ""} == {
        "sha": "",
        "time": "2026-01-01T03:00:00Z",
        "author": "Bob",
        "subject": "deploy(production): weight web 50",
        "breakGlass": None,
        "verb": "weight",
        "merged": [],
    }


def test_trailers_of_the_verbs_are_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in IDENTITY.items():
        monkeypatch.setenv(key, value)
    repository.app("api", WEB)
    repository.commit()
    words = ("release", "web=1.5.0", "api=2.0.0", "--weight", "20", "--env", "production", "--commit")
    assert repository.run(*words).code == 0
    for app in ("web", "api"):
        commit = repository.data("history", app)["environments"][0]["entries"][0]["steps"][0]["commit"]
        assert commit["verb"] == "release"


def test_every_verb_is_told_as_what_it_is(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.verb("retry", "web")
    repository.verb("pause", "web")
    repository.verb("resume", "web")
    repository.verb("abort", "web")
    repository.verb("retry", "web")
    repository.verb("release", "web", "1.6.0", "--weight", "5", "--replace")
    repository.verb("promote", "web")
    repository.verb("undo", "web", "--weight", "10")
    repository.verb("promote", "web")
    repository.verb("release", "web", "--set", "env.LOG=debug", "--weight", "10")
    repository.verb("promote", "web")
    repository.verb("switch", "web", "--to", "BlueGreen")
    repository.verb("switch", "web", "--continue")
    repository.verb("release", "web", "2.0.0")
    assert told(repository) == [
        "canary 1.5.0 20 aborted",
        "canary 1.5.0 20 replaced",
        "canary 1.6.0 5 promoted",
        "canary 1.4.2 10 promoted",
        "canary 1.4.2 10 promoted",
        "switch -",
        "switch -",
        "preview 2.0.0 in flight",
    ]
    kinds = [[step["kind"] for step in entry["steps"]] for entry in story(repository)]
    assert kinds[0] == ["start", "retry", "pause", "resume", "aborted"]
    details = [entry["steps"][0]["detail"] for entry in story(repository)]
    assert details[1:4] == ["retry", None, "undo"]
    assert details[5:7] == [
        "Canary by istio -> Canary by replica, switching (to BlueGreen)",
        "Canary by replica, switching (to BlueGreen) -> BlueGreen",
    ]


def test_edits_by_hand_without_a_trailer_come_out_the_same(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    canary(repository, "1.5.0", 40, "wip\n\nRollspec-App: web\nRollspec-Env: production\nRollspec-Verb: abort")
    repository.partial("  tag: 1.5.0\n")
    repository.commit("ship it")
    assert told(repository) == ["canary 1.5.0 20 40 promoted"]
    assert "20 % -> 40 %\n" in repository.text("history", "web")
    assert 'promoted  "ship it"\n' in repository.text("history", "web")


def test_a_canary_that_a_third_version_ends_is_replaced(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.partial("  tag: 1.6.0\n")
    repository.commit()
    assert told(repository) == ["canary 1.5.0 20 replaced", "direct 1.6.0"]


def test_a_change_of_configuration_is_told(repository: Repository) -> None:
    repository.partial("  env: {LOG: debug}\n")
    repository.commit()
    repository.partial("  env: {LOG: debug}\n  replicas: 9\n")
    repository.commit("more pods are no release")
    assert told(repository) == ["configuration 1.4.2"]


def test_a_squash_of_a_whole_release_is_one_step(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.verb("promote", "web")
    repository.verb("release", "web", "1.6.0", "--weight", "30")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--squash", "side")
    repository.commit("release 1.5.0 (#7)")
    assert told(repository) == ["direct 1.5.0", "canary 1.6.0 30 in flight"]


def test_promotion_and_next_release_in_one_commit(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.partial("  tag: 1.5.0\n" + CANARY.format(tag="1.6.0", weight=10))
    repository.commit()
    assert told(repository) == ["canary 1.5.0 20 promoted", "canary 1.6.0 10 in flight"]


def test_a_merged_branch_counts_when_it_is_merged(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.verb("release", "web", "1.5.0", "--weight", "20", author="Bob")
    repository.verb("weight", "web", "50", author="Cleo", hours=10)
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge side", "side")
    entry = story(repository)[-1]
    assert entry["started"] == "2026-01-01T12:00:00Z"
    assert [each["weight"] for each in entry["weights"]] == [50]
    commit = entry["steps"][0]["commit"]
    assert (commit["subject"], commit["author"], commit["verb"]) == ("merge side", "A Team", None)
    assert [(each["author"], each["verb"]) for each in commit["merged"]] == [("Cleo", "weight"), ("Bob", "release")]
    assert "Cleo, Bob, merged by A Team  starts at 50 %" in repository.text("history", "web")


def test_a_merge_that_changes_nothing_here_is_not_told(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.write("notes.txt", "side\n")
    repository.commit()
    repository.git("switch", "--quiet", "main")
    canary(repository, "1.5.0", 20)
    repository.git("merge", "--quiet", "--no-ff", "--message", "merge side", "side")
    assert [entry["steps"][0]["commit"]["subject"] for entry in story(repository)] == ["by hand"]


def test_a_reverted_promotion_opens_the_release_again(repository: Repository) -> None:
    repository.verb("release", "web", "1.5.0", "--weight", "20")
    repository.verb("promote", "web")
    repository.git("revert", "--no-edit", "HEAD")
    entries = story(repository)
    assert [(entry["kind"], entry["end"]) for entry in entries] == [("canary", "promoted"), ("canary", "in flight")]
    assert entries[1]["steps"][0]["kind"] == "reopened"
    assert entries[1]["before"]["tag"] == "1.4.2"


def test_a_reverted_release_is_aborted(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.git("revert", "--no-edit", "HEAD")
    assert told(repository) == ["canary 1.5.0 20 aborted"]
    repository.git("revert", "--no-edit", "HEAD")
    assert told(repository) == ["canary 1.5.0 20 aborted", "canary 1.5.0 20 in flight"]


def test_a_renamed_app_is_another_app_and_says_so(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.git("mv", "apps/web.yaml", "apps/shop.yaml")
    repository.git("mv", "overlays/production/apps/web.yaml", "overlays/production/apps/shop.yaml")
    for path in ("apps/shop.yaml", "overlays/production/apps/shop.yaml"):
        repository.write(path, (repository.folder / path).read_text().replace("name: web", "name: shop"))
    repository.commit("rename")
    assert told(repository) == ["canary 1.5.0 20 gone", "removed 1.4.2"]
    assert "the app is removed, with 1.4.2 (renamed to shop)" in repository.text("history", "web")
    text = repository.text("history", "shop")
    assert "the app is new here, with 1.4.2 (renamed from web)" in text
    assert "exists from the first commit at 20 %" in text


def test_a_deleted_app_keeps_its_history_and_may_come_back(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.partial("")
    (repository.folder / "apps/web.yaml").unlink()
    repository.commit("delete")
    assert told(repository) == ["canary 1.5.0 20 gone", "removed 1.4.2"]
    repository.git("revert", "--no-edit", "HEAD")
    assert told(repository)[2:] == ["canary 1.5.0 20 in flight"]


def test_a_release_is_of_its_environment_and_not_of_those_that_extend_it(repository: Repository) -> None:
    repository.overlay("production-eu", "  extends: production\n")
    repository.commit()
    canary(repository, "1.5.0", 20)
    repository.partial("  canary: {tag: 1.5.0, weight: 5}\n", env="production-eu")
    repository.commit()
    repository.partial("  tag: 1.5.0\n")
    repository.commit()
    assert told(repository) == ["canary 1.5.0 20 promoted"]
    assert told(repository, env="production-eu") == ["canary 1.5.0 5 in flight"]


def test_an_overlay_says_which_apps_it_has_and_how_they_go_out(repository: Repository) -> None:
    repository.app("api", "  image: ghcr.io/acme/api\n  tag: 1.0.0\n")
    repository.overlay("production", "  apps: [api]\n")
    repository.commit("without web")
    repository.overlay("production", "  apps: [api, web]\n")
    repository.commit("with web")
    assert told(repository) == ["removed 1.4.2"]
    assert len(story(repository)) == 1
    repository.overlay("production", "  defaults: {strategy: {type: Canary}}\n")
    repository.commit("another default")
    data = repository.data("history", "api")["environments"][0]["entries"]
    assert data[0]["steps"][0]["detail"] == "RollingUpdate -> Canary by replica"


@pytest.mark.parametrize(
    "broken",
    [
        "spec: [",
        "- a list\n",
        "spec: text\n",
        "spec: {canary: text}\n",
        "spec: {tag: 15}\n",
        "spec: {tag: null}\n",
        "a: &b 1\nc: *b\n",
        "spec: {strategy: [1]}\n",
        "\x00",
        "",
    ],
)
def test_specs_of_the_past_may_be_unreadable(repository: Repository, broken: str) -> None:
    canary(repository, "1.5.0", 20)
    repository.write("overlays/production/apps/web.yaml", broken)
    repository.commit("oops")
    canary(repository, "1.5.0", 50)
    assert told(repository) == ["canary 1.5.0 20 50 in flight", "unreadable -"]
    assert "unreadable: " in repository.text("history", "web")


@pytest.mark.parametrize(
    "broken",
    [
        "  extends: production\n",
        "  extends: nowhere\n",
        "  extends: [1]\n",
        "  defaults: 3\n",
        "  defaults: {canary: 3}\n",
    ],
)
def test_overlays_of_the_past_may_be_unreadable(repository: Repository, broken: str) -> None:
    repository.overlay("production", broken)
    repository.commit("oops")
    repository.overlay("production")
    canary(repository, "1.5.0", 50)
    assert told(repository) == ["unreadable -", "canary 1.5.0 50 in flight"]


def test_limit_takes_the_newest(repository: Repository) -> None:
    for tag in ("1.5.0", "1.6.0", "1.7.0"):
        repository.partial(f"  tag: {tag}\n")
        repository.commit()
    assert [entry["version"]["tag"] for entry in story(repository, "--limit", "2")] == ["1.6.0", "1.7.0"]
    assert repository.text("history", "web", "--limit", "2").endswith("  ... and 2 more\n")


def test_only_what_is_committed_counts(repository: Repository) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    assert story(repository) == []


def test_a_project_below_the_top_folder(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    below = Repository(tmp_path / "repository/deploy [a]")
    (below.folder / ".git").rename(tmp_path / "unused")
    repository.commit()
    below.clock = 5
    canary(below, "1.5.0", 20)
    assert told(below) == ["canary 1.5.0 20 in flight"]
    assert told(repository) == []


def test_a_shallow_clone_says_that_it_is(repository: Repository, tmp_path: Path) -> None:
    canary(repository, "1.5.0", 20)
    canary(repository, "1.5.0", 50)
    canary(repository, "1.5.0", 60)
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{repository.folder}", "clone")
    clone = Repository.__new__(Repository)
    clone.folder = tmp_path / "clone"
    done = clone.run("history", "web")
    assert done.code == 0
    assert "the clone is shallow" in done.err
    assert "exists from the first commit at 50 %" in done.out
    assert clone.data("history", "web")["complete"] is False


def test_words_of_others_do_not_reach_the_terminal_raw(repository: Repository) -> None:
    repository.partial(CANARY.format(tag="1.5.0", weight=20))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "evil \x1b[31m red", author="A\x1b[2Jnn")
    text = repository.text("history", "web")
    assert "\x1b" not in text
    assert r"evil \x1b[31m red" in text


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("wbe",), 2, "there is no app `wbe`; did you mean `web`?"),
        (("w*",), 2, "there is no app `w*`"),
        (("../web",), 2, "there is no app `../web`"),
        (("web", "--env", "prodution"), 2, "did you mean `production`?"),
        (("web", "--limit", "0"), 2, "--limit"),
    ],
)
def test_what_is_not_there_is_said(repository: Repository, words: tuple[str, ...], code: int, message: str) -> None:
    done = repository.run("history", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_without_commits_or_git_there_is_no_history(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    assert repository.run("history", "web").code == 3
    (repository.folder / ".git").rename(tmp_path / "unused")
    done = repository.run("history", "web")
    assert done.code == 3
    assert "not a Git repository" in done.err


def test_configuration_of_git_changes_nothing(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    before = repository.text("history", "web")
    for key, value in {
        "log.showRoot": "false",
        "log.diffMerges": "combined",
        "diff.renames": "copies",
        "log.date": "relative",
        "core.quotePath": "true",
        "color.ui": "always",
    }.items():
        repository.git("config", key, value)
    assert repository.text("history", "web") == before


def test_a_commit_may_have_any_date(repository: Repository) -> None:
    canary(repository, "1.5.0", 20)
    repository.partial(CANARY.format(tag="1.5.0", weight=40))
    repository.git("add", "--all")
    tree = repository.git("write-tree").strip()
    body = f"tree {tree}\nparent {repository.git('rev-parse', 'HEAD').strip()}\n"
    body += "author A <a@example.com> 99999999999999 +0000\ncommitter A <a@example.com> 99999999999999 +9999\n\nodd\n"
    repository.write("commit", body)
    made = repository.git("hash-object", "-t", "commit", "-w", "--literally", "commit").strip()
    repository.git("reset", "--quiet", "--hard", made)
    canary(repository, "1.5.0", 50)
    assert told(repository) == ["canary 1.5.0 20 40 50 in flight"]
