"""Numbers of thousands of digits, which only a text can hold: no message quotes them in full."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from renderer.problem import Problem
from tests.support.cases import OVERLAY, PROJECT, run

LONG = "1" * 4000
APP = "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec:\n  image: ghcr.io/acme/web\n"
SPECS = {
    "a tag": f"  tag: v{LONG}\n",
    "a quantity": f'  tag: 1.0.0\n  resources: {{requests: {{memory: "{LONG}"}}}}\n',
    "a quantity with a unit": f"  tag: 1.0.0\n  resources: {{limits: {{cpu: {LONG}m}}}}\n",
    "a percentage": f'  tag: 1.0.0\n  disruptionBudget: {{maxUnavailable: "{LONG}%"}}\n',
    "a pause": (
        "  tag: 1.0.0\n  strategy:\n    type: Canary\n    router: replica\n    steps:\n"
        f"    - pause: {{duration: {LONG}s}}\n"
    ),
    "a time limit": f"  tag: 1.0.0\n  istio: {{http: {{timeout: {LONG}s}}}}\n  ports: [{{name: http, port: 80}}]\n",
    "a sync wave": f'  tag: 1.0.0\n  service: {{annotations: {{argocd.argoproj.io/sync-wave: "{LONG}"}}}}\n',
    "an image": f"  tag: 1.0.0\n  pod: {{initContainers: [{{name: a, image: 'localhost:{LONG}/web'}}]}}\n",
    "a number of YAML": f"  tag: 1.0.0\n  replicas: {LONG}\n",
}


@pytest.mark.parametrize("name", SPECS)
def test_no_output_quotes_a_long_number_in_full(name: str, tmp_path: Path) -> None:
    for path, text in (
        ("rollspec.yaml", PROJECT),
        ("overlays/production/overlay.yaml", OVERLAY),
        ("apps/web.yaml", APP + SPECS[name]),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for form in ("text", "json"):
        done = run(tmp_path, "validate", "--strict", "--format", form)
        assert done.code == 1, (done.out, done.err)
        assert not re.search(r"[0-9]{100}", done.out + done.err)


def test_a_message_has_the_first_digits_and_says_how_many_there_are() -> None:
    problem = Problem("a.yaml", 1, 1, "rule", f"the quantity {LONG}m is too large")
    assert problem.message == f"the quantity {'1' * 20}... (4000 digits)m is too large"


def test_a_digest_stays_whole() -> None:
    text = f"the image ghcr.io/acme/web@sha256:{'1' * 64} is not among those that the policy allows"
    assert Problem("a.yaml", 1, 1, "rule", text).message == text
