"""The proof of an import by itself: what is lost, what restarts, and specs that do not render."""

from __future__ import annotations

from typing import Any

from renderer.importing.built import built
from renderer.importing.mend import patches
from renderer.importing.proof import compared, rendered_objects
from renderer.importing.source import SourceObject
from tests.test_import_round_trip import opened_project

NOTHING: frozenset[str] = frozenset()


def deployment(image: str, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "web", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": template, **spec},
    }


def test_a_workload_with_another_template_restarts_its_pods() -> None:
    source = SourceObject("web.yaml", deployment("ghcr.io/acme/web:1.0.0", replicas=3), {})
    rendered = deployment("ghcr.io/acme/web:1.0.1", replicas=3)
    seen = compared("production", "web", source, rendered_objects({source.identity: rendered}), NOTHING)
    assert (seen.verdict, seen.pods) == ("rolls", 3)
    assert [each.pointer for each in seen.differences] == ["/spec/template/spec/containers/0/image"]


def test_what_is_not_rendered_is_lost_and_no_patch_is_written_for_it() -> None:
    source = SourceObject("web.yaml", deployment("ghcr.io/acme/web:1.0.0", paused=True), {})
    rendered = {source.identity: deployment("ghcr.io/acme/web:1.0.0")}
    assert compared("production", "web", source, rendered_objects(rendered), NOTHING).verdict == "lost"
    assert compared("production", "web", source, rendered_objects({}), NOTHING).verdict == "lost"
    assert patches([source], rendered, autoscaled=False) == [
        {"target": {"kind": "Workload"}, "patch": {"spec": {"paused": True}}}
    ]
    assert patches([source], {}, autoscaled=False) == []


def test_what_is_rendered_and_not_in_the_source_is_removed_in_the_same_patch() -> None:
    source = SourceObject("web.yaml", deployment("ghcr.io/acme/web:1.0.0", finalizers=["a.io/x"]), {})
    rendered = {source.identity: deployment("ghcr.io/acme/web:1.0.0", paused=True)}
    (patch,) = patches([source], rendered, autoscaled=False)
    assert patch["patch"] == [
        {"op": "add", "path": "/spec/finalizers", "value": ["a.io/x"]},
        {"op": "remove", "path": "/spec/paused"},
    ]


def test_a_spec_that_does_not_render_has_its_problems_in_every_environment() -> None:
    setup, _ = opened_project()
    text = "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\nspec: {image: ghcr.io/acme/web}\n"
    for more in ("  tags: 1.0.0\n", "", "    - a\n"):
        ((rendered, objects),) = built("web", {"apps/web.yaml": (text + more).encode()}, setup)
        assert (rendered.env, objects, bool(rendered.problems)) == ("production", {}, True)
