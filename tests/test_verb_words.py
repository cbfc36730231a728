"""What the verbs say in rarer states: why they refuse, and their additional lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import OVERLAY, run

APP = """\
apiVersion: rollspec/v1
kind: App
metadata: {name: web}
spec:
  image: ghcr.io/acme/web
  tag: 1.4.2
  readinessProbe: {exec: {command: [ready]}}
"""
PORTS = "ports: [{name: http, port: 80, targetPort: 8080}]"
ROLLING = (PORTS, "replicas: 4")
ISTIO = (PORTS, "replicas: 4", "strategy: {type: Canary, router: istio}")
REPLICA = (PORTS, "replicas: 4", "strategy: {type: Canary}")
WINDOW = (PORTS, "replicas: 4", "previous: {tag: 1.4.1}")
IN_WINDOW = "strategy: {type: Canary, router: istio, rollbackWindow: {revisions: 3}}"
DYNAMIC = "strategy: {type: Canary, router: istio, dynamicStableScale: true}"
SWITCH = (*ISTIO, "migration: {from: {type: RollingUpdate}}", "paused: true")
CASES = {
    "release beside an autoscaler": (
        (PORTS, "replicas: 4", "autoscaling: {minReplicas: 5, maxReplicas: 9, cpu: 70}"),
        "release web 1.5.0",
        "`replicas` is still next to `autoscaling`, and pods could be lost: remove `replicas` and sync first",
    ),
    "release of the previous version": (
        (*WINDOW, IN_WINDOW),
        "release web 1.4.1 --weight 20",
        "`undo` without --weight",
    ),
    "undo as a canary": ((*WINDOW, IN_WINDOW), "undo web --weight 20", "leave --weight out, so that Git says the same"),
    "release of a digest": (
        (*ROLLING, "tag: 1.4.2@sha256:" + 64 * "a"),
        "release web 1.4.2@sha256:" + 64 * "a",
        f"{12 * 'a'} is already the stable version",
    ),
    "release without a share": (REPLICA, "release web 1.5.0 --weight 0", "0 %"),
    "weight below 100": (
        (PORTS, "replicas: 4", DYNAMIC, "canary: {tag: 1.5.0, weight: 100}"),
        "weight web 50",
        "with dynamicStableScale no stable pod is left at 100 %",
    ),
    "retry without a share": (
        (*REPLICA, "canary: {tag: 1.5.0, weight: 25}"),
        "retry web --weight 0",
        "0 %",
    ),
    "retry at once": ((*ROLLING, "aborted: {tag: 1.5.0}"), "retry web", "starts every release at once"),
    "switch goes on": (SWITCH, "switch web --continue", "may have no pod yet: `resume` first"),
    "switch taken back": (SWITCH, "switch web --abort", "may have no pod yet: `resume` first"),
    "switch without a port": (
        ("replicas: 4",),
        "switch web --to BlueGreen",
        "BlueGreen needs a port: add one to `ports` first",
    ),
    "switch of external replicas": (
        (PORTS, "replicas: external"),
        "switch web --to Canary",
        "its scaler still names the old one: give `replicas` a number for the switch",
    ),
    "switch with a router": (ROLLING, "switch web --to BlueGreen --router istio", "--router is for strategy Canary"),
    "redo and to": (ROLLING, "undo web --redo --to HEAD", "give either --redo or --to"),
}
NOTES = {
    "share of clients": (
        (*ISTIO, "service: {sessionAffinity: ClientIP}"),
        "release web 1.5.0 --weight 20",
        "requests of the mesh do not use the Service's sessionAffinity: the share is a share of requests",
    ),
    "weight lowered at level 2": ((*ISTIO, "canary: {tag: 1.5.0, weight: 50}"), "weight web 20", ""),
    "weight lowered to nothing": (
        (PORTS, "replicas: 4", DYNAMIC, "canary: {tag: 1.5.0, weight: 50}"),
        "weight web 0",
        "if the controller has aborted this canary (Degraded), it gets 50 % of the traffic again before 0 %",
    ),
    "switch of a worker": (("replicas: 4", "ports: []"), "switch web --to Canary", ""),
    "switch by a stage": (
        (*ISTIO, "migration: {to: {type: BlueGreen}, after: {type: Canary, router: istio}}"),
        "switch web --continue",
        "sync the previous stage first: if the promotion of 1.4.2 has not finished",
    ),
    "promotion of a preview with an analysis": (
        (*ROLLING, "strategy: {type: BlueGreen, postPromotionAnalysis: {successRate: 99}}", "preview: {tag: 1.5.0}"),
        "promote web",
        "if the controller has aborted this preview (Degraded), it does not promote it",
    ),
    "restart of an autoscaled pod": (
        (PORTS, "autoscaling: {minReplicas: 1, maxReplicas: 3, cpu: 70}", "resources: {requests: {cpu: 1}}", ISTIO[2]),
        "restart web",
        "requests fail in between: set `autoscaling.minReplicas: 2` first",
    ),
    "restart in a ladder": (
        (*ROLLING, f"{ISTIO[2][:-1]}, steps: [{{setWeight: 10}}, {{pause: {{}}}}]}}", "canary: {tag: 1.5.0}"),
        "restart web",
        "a canary of one pod: its share reaches no pod for a moment",
    ),
}


def project(folder: Path, lines: tuple[str, ...], level: int = 1) -> Path:
    """A project of one app with these lines."""
    for path, text in {
        "rollspec.yaml": f"apiVersion: rollspec/v1\nkind: Project\nspec: {{renderLevel: {level}}}\n",
        "overlays/production/overlay.yaml": OVERLAY,
        "apps/web.yaml": APP,
        "overlays/production/apps/web.yaml": "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec:\n"
        + "".join(f"  {line}\n" for line in lines),
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_a_verb_refuses(case: str, tmp_path: Path) -> None:
    lines, command, words = CASES[case]
    done = run(project(tmp_path, lines), *command.split(), "--dry-run")
    assert (done.code != 0, words in done.err) == (True, True), done


@pytest.mark.parametrize("case", NOTES)
def test_a_verb_adds_a_line(case: str, tmp_path: Path) -> None:
    lines, command, words = NOTES[case]
    done = run(project(tmp_path, lines, level=2), *command.split(), "--dry-run")
    assert (done.code, words in done.err, words or done.err) == (0, True, words), done


def test_a_canary_that_goes_dark_keeps_one_pod_where_the_stable_scale_is_dynamic(tmp_path: Path) -> None:
    lines = (PORTS, "replicas: 4", DYNAMIC, "canary: {tag: 1.5.0, weight: 0, from: 50}")
    done = run(project(tmp_path, lines), "render", "--stdout")
    assert "- setWeight: 50\n      - setCanaryScale:\n          replicas: 1\n      - setWeight: 0\n" in done.out
