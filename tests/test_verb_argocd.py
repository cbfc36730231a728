"""A verb leaves Argo CD's objects as a whole render would write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run

CASES = ("argocd-application", "argocd-application-set")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("to", ["RollingUpdate", "BlueGreen"])
def test_a_switch_leaves_nothing_for_render_to_do(case: str, to: str, tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok" / case, tmp_path / "p", leave=frozenset(("expected",)))
    spec = project / "apps/web.yaml"  # headers would keep it from leaving router istio
    spec.write_text("".join(line for line in spec.read_text().splitlines(True) if "canaryHeaders" not in line))
    assert run(project, "render").code == 0
    for words in (("release", "web", "v2", "--weight", "20"), ("abort", "web"), ("switch", "web", "--to", to)):
        outcome = run(project, *words)
        assert outcome.code == 0, outcome.err
        assert run(project, "render", "--check").err == "", words
