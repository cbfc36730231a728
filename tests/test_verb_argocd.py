"""A verb, or a render of one app, leaves Argo CD's objects as a whole render would write them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.cases import FIXTURES, lay_out, probed, run

CASES = ("argocd-application", "argocd-application-set")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("to", ["RollingUpdate", "BlueGreen"])
def test_a_switch_leaves_nothing_for_render_to_do(case: str, to: str, tmp_path: Path) -> None:
    project = probed(lay_out(FIXTURES / "ok" / case, tmp_path / "p", leave=frozenset(("expected",))))
    spec = project / "apps/web.yaml"  # headers would keep it from leaving router istio
    spec.write_text("".join(line for line in spec.read_text().splitlines(True) if "canaryHeaders" not in line))
    assert run(project, "render").code == 0
    verbs = [("release", "web", "v2", "--weight", "20"), ("abort", "web"), ("switch", "web", "--to", to)]
    if to == "BlueGreen":  # by way of a Canary by replicas
        verbs.append(("switch", "web", "--continue"))
    for words in verbs:
        outcome = run(project, *words)
        assert outcome.code == 0, outcome.err
        assert run(project, "render", "--check").err == "", words


@pytest.mark.parametrize("case", CASES)
def test_a_new_app_by_itself_is_named_too(case: str, tmp_path: Path) -> None:
    project = probed(lay_out(FIXTURES / "ok" / case, tmp_path / "p", leave=frozenset(("expected",))))
    assert run(project, "render").code == 0
    spec = (project / "apps/web.yaml").read_text()
    (project / "apps/new.yaml").write_text(spec.replace("name: web", "name: new"))
    (project / "apps/broken.yaml").write_text("spec: 1\n")
    assert run(project, "render", "apps/new.yaml").code == 0
    (project / "apps/broken.yaml").unlink()
    assert run(project, "render", "--check").err == ""


@pytest.mark.parametrize("case", CASES)
def test_a_broken_spec_of_another_app_does_not_remove_that_app(case: str, tmp_path: Path) -> None:
    """Argo CD's object lists every app, and what it does not list is deleted."""
    project = probed(lay_out(FIXTURES / "ok" / case, tmp_path / "p", leave=frozenset(("expected",))))
    other = project / "apps/other.yaml"
    other.write_text((project / "apps/web.yaml").read_text().replace("name: web", "name: other"))
    assert run(project, "render").code == 0
    before = (project / "rendered/_argocd/production.yaml").read_text()
    other.write_text("spec: 1\n")
    outcome = run(project, "render", "--app", "web")
    assert (outcome.code, outcome.err.split(":")[0]) == (1, "apps/other.yaml")
    release = run(project, "release", "web", "v2", "--weight", "20")
    assert release.code == 0, "a release changes nothing that the object says"
    assert (project / "rendered/_argocd/production.yaml").read_text() == before


def test_only_the_application_of_one_app_takes_its_objects_along() -> None:
    one, many = (
        yaml.safe_load((FIXTURES / "ok" / case / "expected/_argocd/production.yaml").read_text())
        for case in ("argocd-application", "argocd-application-set")
    )
    assert "finalizers" not in {**one["metadata"], **many["metadata"]}
    assert many["spec"]["template"]["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]


@pytest.mark.parametrize("case", CASES)
def test_verbs_say_what_an_application_does_not_do_by_itself(case: str, tmp_path: Path) -> None:
    project = probed(lay_out(FIXTURES / "ok" / case, tmp_path / "p", leave=frozenset(("expected",))))
    overlay = project / "overlays/production/overlay.yaml"
    document = yaml.safe_load(overlay.read_text())
    spec = project / "apps/web.yaml"
    spec.write_text("".join(line for line in spec.read_text().splitlines(True) if "canaryHeaders" not in line))
    assert run(project, "render").code == 0
    for automated, said in (
        (False, "after the push, `argocd app sync production"),
        ({"prune": False}, "Argo CD does not prune here: the objects of rendered/production/web/"),
    ):
        document["spec"]["argocd"] = {"syncPolicy": {"automated": automated}}
        overlay.write_text(yaml.safe_dump(document))
        outcome = run(project, "switch", "web", "--to", "RollingUpdate", "--one-commit", "--dry-run")
        assert outcome.code == 0, outcome.err
        assert said in outcome.err
    document["spec"].pop("argocd")
    overlay.write_text(yaml.safe_dump(document))
    assert run(project, "switch", "web", "--to", "RollingUpdate", "--dry-run").err == ""
