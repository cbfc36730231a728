"""Options that contradict each other, and values that cannot be meant, are refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run

REFUSED = {
    "render --stdout --check": "--stdout cannot be combined with --check or --output",
    "render --plugin": "--plugin needs --stdout",
    "render --plugin --stdout --env production": "--plugin takes the environment and the app from Argo CD's parameters",
    "render --staged --check --output made": "--staged cannot be combined with PATHS, --hook, --output or --cached",
    "render --shard 5/4": "--shard needs I/N with I from 1 to N, such as 2/4, not 5/4",
    "validate apps/web.yaml --env production": "PATHS cannot be combined with --env or --app",
    "status --behind --commands": "--behind cannot be combined with --commands or --older-than",
    "release --set LOG_LEVEL web": "--set needs FIELD=VALUE, such as env.LOG_LEVEL=debug, not LOG_LEVEL",
    "release web --base HEAD 1.0.0": "--base is for --from-edits",
    "release --from-edits --from-env staging": "--from-edits takes versions from edits",
    "restart": "Name the apps, or give --all.",
    "new Web --image ghcr.io/acme/web --tag 1.0.0": "an app's name must be at most 53 lower-case letters",
    "new api --image ghcr.io/acme/api --tag 1.0.0 --strategy BlueGreen": "BlueGreen needs a port: --port http=80:8080",
    "new api --image ghcr.io/acme/api --tag 1.0.0 --port http=80:web": "--port needs NAME=PORT or NAME=PORT:TARGET",
    "new api --image ghcr.io/acme/api --tag 1.0.0 --port http=80000": "apps/api.yaml was not created",
    "weight 20 web": "'web' is not a whole number of percent from 0 to 100; the apps come first: `rollspec weight",
    "release web 1.5.0 --weight 0.5": "'0.5' is not a whole number of percent from 0 to 100",
    "completion tcsh": "'tcsh' is not one of",
    "-- --unknown": "No such option '--unknown'",
}


@pytest.mark.parametrize("command", REFUSED)
def test_it_is_refused(command: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(["expected"]))
    before = sorted(project.rglob("*"))
    done = run(project, *command.split())
    assert (done.code, REFUSED[command] in done.err) == (2, True), done
    assert sorted(project.rglob("*")) == before


def test_no_app_is_created_in_a_project_that_cannot_be_read(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/rolling-update", tmp_path / "p", leave=frozenset(["expected"]))
    (project / "rollspec.yaml").write_text("kind: Project\n")
    done = run(project, "new", "api", "--image", "ghcr.io/acme/api", "--tag", "1.0.0")
    assert (done.code, "rollspec.yaml:" in done.err) == (1, True), done
