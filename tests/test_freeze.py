"""Freeze windows: open and shut by cron, duration and time zone; which verbs pass; what is not a window."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.freeze import Window, frozen, window_faults, windows_of
from tests.support.past import WEB, Repository

WEEKEND = Window("0 18 * * 5", timedelta(hours=62), "Europe/Berlin", "weekend")


@pytest.fixture
def _no_zones_of_the_system() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_no_zones_of_the_system")
def test_zones_are_known_where_the_system_has_none() -> None:
    entry = {"schedule": "0 18 * * 5", "duration": "62h"}
    assert window_faults([{**entry, "timeZone": zone} for zone in ("UTC", "Europe/Berlin")]) == []


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-03-06T16:59:59+00:00", None),  # Friday 17:59:59 in Berlin
        ("2026-03-06T17:00:00+00:00", "2026-03-09T08:00:00+01:00"),
        ("2026-03-08T03:00:00+00:00", "2026-03-09T08:00:00+01:00"),
        ("2026-03-09T06:59:59+00:00", "2026-03-09T08:00:00+01:00"),
        ("2026-03-09T07:00:00+00:00", None),  # it ends at that moment
        ("2026-03-28T12:00:00+00:00", "2026-03-30T08:00:00+02:00"),  # the clocks change in this window
    ],
)
def test_a_window_is_open_from_its_schedule_for_its_duration(now: str, ends: str | None) -> None:
    assert WEEKEND.closes(at(now)) == (at(ends) if ends else None)


def test_an_older_opening_counts_where_the_next_one_is_less_than_a_minute_away() -> None:
    now = at("2026-03-06T17:59:30+00:00")
    assert Window("0 18 * * *", timedelta(days=2)).closes(now) == at("2026-03-07T18:00+00:00")
    assert Window("* * * * *", timedelta(days=1)).closes(now) == at("2026-03-07T17:59+00:00")


def test_the_window_that_ends_last_holds_a_verb_back_and_rescues_pass() -> None:
    longer = Window("0 0 1 3 *", timedelta(days=31), description="end of quarter", verbs=("abort",))
    now = at("2026-03-07T12:00:00+00:00")
    found = frozen([WEEKEND, longer], "release", now)
    assert found
    assert found[0] == longer
    assert frozen([WEEKEND], "abort", now) is None
    assert frozen([WEEKEND], "undo", now) is None
    undo = frozen([WEEKEND, longer], "undo", now)
    assert undo
    assert undo[0] == longer


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.integers(1, 100))
def test_a_window_that_is_open_ends_within_its_duration(now: datetime, hours: int) -> None:
    window = Window("30 2 * * *", timedelta(hours=hours), "America/New_York")
    here = now.replace(tzinfo=UTC)
    ends = window.closes(here)
    assert ends is None or here < ends.astimezone(UTC) <= here + timedelta(hours=hours + 1)  # an hour of summer time
    if hours > 26:
        assert ends


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ({"schedule": "0 25 * * *", "duration": "1h"}, "/0/schedule"),
        ({"schedule": "nightly", "duration": "1h"}, "/0/schedule"),
        ({"schedule": "0 0 3 * * 5", "duration": "1h"}, "/0/schedule"),  # with seconds
        ({"schedule": "0 1 * * *", "duration": "1 hour"}, "/0/duration"),
        ({"schedule": "0 1 * * *", "duration": "0h"}, "/0/duration"),
        ({"schedule": "0 1 * * *", "duration": "9999999d"}, "/0/duration"),
        ({"schedule": "0 1 * * *", "duration": "999999w" * 200}, "/0/duration"),
        ({"schedule": "0 1 * * *", "duration": "1" * 60_000}, "/0/duration"),
        ({"schedule": "0 1 * * *", "duration": "१h"}, "/0/duration"),
        ({"schedule": "9" * 5000 + " * * * *", "duration": "1h"}, "/0/schedule"),
        ({"schedule": "0 1 * * *", "duration": "1h", "timeZone": "Berlin"}, "/0/timeZone"),
        ({"schedule": "0 1 * * *", "duration": "1h", "timeZone": "../../etc/passwd"}, "/0/timeZone"),
    ],
)
def test_what_is_not_a_window_is_named_by_its_field(entry: dict[str, Any], pointer: str) -> None:
    assert [where for where, _ in window_faults([entry])] == [pointer]
    assert windows_of({"freeze": [entry]}) == ()


def test_a_window_of_an_overlay_has_defaults() -> None:
    entry = {"schedule": "0 18 * * 5", "duration": "2d14h"}
    assert window_faults([entry]) == []
    assert windows_of({"freeze": [entry]}) == (Window("0 18 * * 5", timedelta(hours=62)),)


FREEZE = '  freeze:\n    - {schedule: "0 0 * * *", duration: 24h, description: the audit}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An environment that is frozen at every time."""
    made = Repository(tmp_path / "repository")
    made.overlay("production", FREEZE)
    made.rendered()
    made.git("branch", "start")
    return made


def test_a_release_waits_and_a_rescue_passes(repository: Repository) -> None:
    words = ("release", "web", "1.5.0", "--weight", "20", "--commit")
    done = repository.run(*words)
    assert done.code == 1
    assert "production is frozen until" in done.err
    assert "(the audit): `release` must wait" in done.err
    assert repository.run(*words, "--break-glass", "the shop is down").code == 0
    assert "Rollspec-Break-Glass: the shop is down" in repository.git("log", "-1", "--format=%B")
    assert repository.run("weight", "web", "50").code == 1
    assert repository.run("abort", "web", "--commit").code == 0


def test_a_commit_breaks_the_glass_for_its_own_apps(repository: Repository) -> None:
    repository.app("api", WEB.replace("acme/web", "acme/api"))
    repository.rendered()
    repository.git("branch", "--force", "start")
    glass = ("--weight", "20", "--commit", "--break-glass", "the shop is down")
    assert repository.run("release", "web", "1.5.0", *glass).code == 0
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n", app="api")
    repository.rendered("by hand")
    judged = repository.run("validate", "--base", "start", "--at", "2026-03-07T09:00+01:00")
    assert judged.code == 1
    assert "note: freeze: " in judged.err
    assert "the change of web (canary-start) must wait; a commit breaks the glass" in judged.err
    assert "the change of api (canary-start) must wait (judged" in judged.err


def test_the_status_names_no_command_that_must_wait(repository: Repository) -> None:
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    (row,) = repository.data("status", "--app", "web", "--commands")["apps"]
    verbs = [line.split()[1] for line in row["commands"] if line.startswith("rollspec ")]
    assert "abort" in verbs
    assert not {"weight", "promote"} & {*verbs}


def test_a_change_is_judged_by_the_time_of_the_check(repository: Repository) -> None:
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    repository.commit("by hand")
    frozen_at = repository.run("validate", "--base", "start", "--at", "2026-03-07T09:00+01:00")
    assert frozen_at.code == 1
    assert (
        "overlays/production/overlay.yaml:7:3: freeze: production is frozen until 2026-03-08T00:00+00:00"
        in frozen_at.err
    )
    assert "the change of web (canary-start) must wait (judged at 2026-03-07T09:00:00+01:00)" in frozen_at.err


@pytest.mark.parametrize("freeze", ["", FREEZE.replace("24h", "1m")])
def test_a_freeze_that_the_change_takes_away_still_holds_it(repository: Repository, freeze: str) -> None:
    now = "2026-03-07T09:00+01:00"
    repository.overlay("production", freeze)
    repository.commit("no freeze")
    assert repository.run("validate", "--base", "start", "--at", now).code == 0  # no release in it
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    repository.commit("by hand")
    for option in ("--base", "--into"):
        done = repository.run("validate", option, "start", "--at", now)
        assert (done.code, done.err.count("freeze: production is frozen")) == (1, 1), done.err
        assert "which this change removes; first change the freeze alone" in done.err
    assert repository.data("plan", "--base", "start")["rules"][0]["pointer"] == "/spec/freeze"


@pytest.mark.parametrize("options", [(), ("--env", "production"), ("--each",)])
def test_an_app_that_is_deleted_waits(repository: Repository, options: tuple[str, ...]) -> None:
    repository.app("api", WEB)
    repository.rendered()
    repository.git("branch", "both")
    (repository.folder / "apps/api.yaml").unlink()
    repository.rendered()
    done = repository.run("validate", "--base", "both", *options)
    assert (done.code, "the change of api (disruptive) must wait" in done.err) == (1, True), done.err
    assert repository.run("validate", "--base", "both", "--app", "web").code == 0


def test_an_environment_that_is_deleted_waits_by_its_own_freeze(repository: Repository) -> None:
    repository.overlay("staging")
    repository.rendered()
    repository.git("branch", "both")
    for env in ("staging", "production"):
        (repository.folder / f"overlays/{env}/overlay.yaml").unlink()
        repository.overlay("another")
        repository.rendered()
        done = repository.run("validate", "--base", "both")
        frozen_by = "the change of web (disruptive) must wait"
        assert (done.code, frozen_by in done.err) == ((1, True) if env == "production" else (0, False)), done.err
    assert "by the freeze of both, which this change removes; first change the freeze alone" in done.err


def test_resources_of_an_environment_wait(repository: Repository) -> None:
    def settings(text: str) -> None:
        object_ = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: {text}}}\n"
        repository.write("settings.yaml", object_)
        repository.rendered()

    repository.overlay("production", f"{FREEZE}  resources: [../../settings.yaml]\n")
    settings("before")
    repository.git("branch", "before")
    settings("after")
    for options in ((), ("--each",)):
        done = repository.run("validate", "--base", "before", *options)
        assert (done.code, "the change of the environment's resources (replace) must wait" in done.err) == (1, True)
    assert repository.run("validate", "--base", "before", "--app", "web").code == 0


def test_a_reason_in_a_commit_or_a_squashed_merge_makes_it_a_note(repository: Repository) -> None:
    repository.partial("  canary: {tag: 1.5.0, weight: 20}\n")
    repository.commit("Squashed (#12)\n\n* release web\n\nRollspec-Break-Glass: the shop is down")
    done = repository.run("validate", "--strict", "--base", "start")
    assert done.code == 0
    assert "note: freeze:" in done.err
    assert "a commit breaks the glass: the shop is down" in done.err


def test_a_wrong_window_is_an_error_at_its_field(repository: Repository) -> None:
    repository.overlay("production", FREEZE.replace("24h", "one day"))
    done = repository.run("validate")
    assert done.code == 1
    assert "freeze-window: 'one day' is not a duration" in done.err


def test_a_project_without_a_freeze_imports_no_cron_library(tmp_path: Path) -> None:
    made = Repository(tmp_path / "repository")
    code = "import sys; from renderer.cli import run; run(sys.argv[1:]); sys.exit('cronsim' in sys.modules)"
    command = [sys.executable, "-c", code, "-C", str(made.folder), "release", "web", "1.5.0", "--weight", "20"]
    assert subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parent.parent).returncode == 0


def test_a_verb_that_passes_names_the_sync_window_that_holds_it_back(repository: Repository) -> None:
    file = repository.folder / "rollspec.yaml"
    argocd = (
        "  repository: {url: https://git.example.com/shop.git}\n  argocd: {kind: ApplicationSet, namePrefix: shop-}\n"
    )
    file.write_text(file.read_text() + argocd)
    repository.overlay("production", "  argocd: {project: production, syncWindows: true}\n" + FREEZE)
    assert repository.run("render").code == 0
    repository.commit("sync windows")
    done = repository.run("release", "web", "1.5.0", "--weight", "20", "--commit", "--break-glass", "the shop is down")
    assert done.code == 0
    assert "rollspec: production is frozen until" in done.err
    assert (
        "(the audit), and Argo CD does not sync by itself until then: after the push, "
        "`argocd app sync shop-production-web`" in done.err
    )
    windows = repository.folder / "rendered/_argocd/production.project.yaml"
    assert "kind: AppProject" in windows.read_text()
    assert repository.run("render", "--env", "production", "--check").code == 0
    windows.unlink()
    assert repository.run("render", "--check").code == 1


def test_an_environment_without_sync_windows_is_not_told_of_them(repository: Repository) -> None:
    done = repository.run("release", "web", "1.5.0", "--weight", "20", "--break-glass", "the shop is down")
    assert done.code == 0
    assert "Argo CD" not in done.err
    assert "end the message of the commit with the line `Rollspec-Break-Glass: the shop is down`" in done.err


def test_a_time_without_a_change_to_judge_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    done = repository.run("validate", "--at", "2026-03-07T09:00+01:00")
    assert (done.code, "--at is the time by which freezes are judged" in done.err) == (2, True)
