"""The rules over patches: each overlay of fixtures/patch-rules beside one app by Istio gives its findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import lay_out, run
from tests.support.page_rules import PATCH_RULES
from tests.support.rules import PATCH_FIXTURES

APP = """\
apiVersion: rollspec/v1
kind: App
metadata: {name: web}
spec:
  image: ghcr.io/acme/web
  tag: 1.0.0
  ports: [{name: http, port: 80, targetPort: 8080}]
  readinessProbe: {httpGet: {path: /ready, port: http}}
  strategy: {type: Canary, router: istio}
"""


ISTIO = "{type: Canary, router: istio}"  # a comment `# strategy: ...` in a fixture gives the app another one


@pytest.mark.parametrize(
    "path", sorted(PATCH_FIXTURES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_an_overlay_gives_exactly_its_findings(path: Path, tmp_path: Path) -> None:
    (tmp_path / "case/apps").mkdir(parents=True)
    (tmp_path / "case/overlays/production").mkdir(parents=True)
    text = path.read_text()
    strategy = next((line[12:] for line in text.splitlines() if line.startswith("# strategy: ")), ISTIO)
    app = APP.replace(ISTIO, strategy)
    udp = "[{name: dns, port: 80, targetPort: 8080, protocol: UDP}, " if path.parent.name == "patch-loses-port" else "["
    (tmp_path / "case/apps/web.yaml").write_text(app.replace("ports: [", f"ports: {udp}"))
    (tmp_path / "case/overlays/production/overlay.yaml").write_text(text)
    lines = [line[2:] for line in text.splitlines() if line.startswith(("# error: ", "# warning: ", "# note: "))]
    said = run(lay_out(tmp_path / "case", tmp_path / "p"), "validate").err.splitlines()[:-1]
    assert len(said) == len(lines)
    for line, found in zip(lines, said, strict=True):
        severity, pointer, message = line.split(": ", 2)
        assert found.endswith(f" {path.parent.name}: {message} ({pointer})"), found
        assert ("warning: " in found, "note: " in found) == (severity == "warning", severity == "note")


def test_a_manifest_that_a_patch_renames_is_compared_too(tmp_path: Path) -> None:
    (tmp_path / "case/apps").mkdir(parents=True)
    (tmp_path / "case/overlays/production").mkdir(parents=True)
    (tmp_path / "case/apps/web.yaml").write_text(
        f"{APP}  patches:\n    - target: {{kind: Rollout}}\n      patch:\n"
        "        - {op: replace, path: /metadata/name, value: other}\n"
        "        - {op: replace, path: /spec/strategy/canary/steps/0/setWeight, value: 50}\n"
    )
    (tmp_path / "case/overlays/production/overlay.yaml").write_text(
        "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec: {namespace: shop}\n"
    )
    said = run(lay_out(tmp_path / "case", tmp_path / "p"), "validate").err
    assert "release-contradicted: steps is [{setWeight: 50}] here, and the spec gives [{setWeight: 100}]" in said


def test_every_rule_over_patches_has_fixtures() -> None:
    assert {folder.name for folder in PATCH_FIXTURES.iterdir()} == {*PATCH_RULES}


PATCHED = """\
apiVersion: rollspec/v1
kind: Overlay
metadata: {name: production}
spec:
  namespace: shop
  patches:
    - target: {kind: Rollout}
      patch: [{op: replace, path: /spec/strategy/canary/steps, value: [{setWeight: 100}]}]
"""
STATES = {
    "canary: {tag: 1.1.0, weight: 20}": False,
    "canary: {tag: 1.1.0, weight: 50, from: 20}": False,
    "canary: {tag: 1.1.0, weight: 20, from: 50}": True,
    "canary: {tag: 1.1.0, weight: 20}\n  paused: true": True,
    "previous: {tag: 0.9.0, weight: 50}\n  aborted: {tag: 1.1.0}": True,
    "previous: {tag: 0.9.0, weight: 50}": False,
    "previous: {tag: 1.1.0, weight: 50, undone: true}": True,
}


def test_a_patch_that_an_abort_makes_idle_does_not_stop_it(tmp_path: Path) -> None:
    assert validated("aborted: {tag: 1.1.0}", tmp_path) == (0, "")


@pytest.mark.parametrize("state", STATES, ids=list(STATES))
def test_a_patch_does_not_stop_what_takes_traffic_from_a_new_version(state: str, tmp_path: Path) -> None:
    code, said = validated(state, tmp_path)
    assert "release-contradicted: steps " in said
    assert ("note: release-contradicted" in said) == STATES[state]
    assert code == (0 if STATES[state] else 1), said


def validated(state: str, folder: Path) -> tuple[int, str]:
    """The exit code and what `validate --strict` says of the app in that state, with the steps patched."""
    (folder / "case/apps").mkdir(parents=True)
    (folder / "case/overlays/production/apps").mkdir(parents=True)
    (folder / "case/apps/web.yaml").write_text(APP)
    (folder / "case/overlays/production/overlay.yaml").write_text(PATCHED)
    partial = f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\nspec:\n  {state}\n"
    (folder / "case/overlays/production/apps/web.yaml").write_text(partial)
    done = run(lay_out(folder / "case", folder / "p"), "validate", "--strict")
    return done.code, done.err
