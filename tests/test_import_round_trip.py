"""What rollspec renders, imported again: the same objects, and the spec that they were rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from renderer.edit import formatted
from renderer.importing.defaults import VALUES, without_defaults
from renderer.importing.project import Imported, imported
from renderer.importing.source import read_source
from renderer.importing.target import Target
from renderer.pipeline import Rendered, build_app
from renderer.pipeline.setup import Setup, read_project, set_up
from renderer.problem import errors
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.scaffold import project_text
from renderer.schema import Schemas
from renderer.spec import version_label
from renderer.usecases.fmt import field_order
from renderer.yamlio import dump, load
from tests.support.cases import OVERLAY
from tests.support.specs import ROUTES, apps

EXAMPLES = 30  # for each strategy and router
EQUAL = 0.95  # of the specs, after what says nothing is left out
# Releases in flight, see tests/test_import.py; and what the overlay says.
_LEFT_OUT = ("canary", "preview", "previous", "aborted", "namespace")
# Fields that change no object while nothing is in flight, so that no import can find them.
_INVISIBLE = {
    "omitTag": "it changes only an image `latest`",
    "argocd": "it is about the Application",
    "containerDefaults": "its values are in the containers that have them",
}
_SAY_NOTHING = (
    ("type", "RollingUpdate"), ("router", "replica"), ("maxUnavailable", 0), ("minReadySeconds", 0),
    ("maxSurge", "25%"),
)  # fmt: skip
# Why a spec may come back with other fields than it had.
_NAMED = {
    "podMetadata": "a label that is written out may be a standard one too",
    "version": "a version label that no pod has is lost",
    "containerPorts": "they are written out where `ports` does not say them",
    "ports": "a target port is a name where `containerPorts` are written out",
}


@pytest.mark.parametrize(("kind", "router"), ROUTES)
def test_rendered_objects_come_back_as_the_spec_they_were_rendered_from(kind: str, router: str | None) -> None:
    setup, target = opened_project()
    seen: list[bool] = []

    @seed(20261129 + ROUTES.index((kind, router)))
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(apps(kind, router))
    def check(document: dict[str, Any]) -> None:
        spec = {key: value for key, value in document["spec"].items() if key not in _LEFT_OUT}
        document = {**document, "spec": spec}
        rendered = _build(document, setup)
        if errors(rendered.problems):
            return
        made = imported({"production": read_source(rendered.files.items())}, target)
        assert {each.verdict for each in made.compared} == {"identical"}, [each.differences for each in made.compared]
        found = _spec(made)
        again = _build(found, setup)
        assert _objects(again) == _objects(rendered)
        old, new = _said(document), _said(found)
        seen.append(old == new)
        assert old == new or {key for key in {**old, **new} if old.get(key) != new.get(key)} <= _NAMED.keys(), (
            old,
            new,
        )

    check()
    assert len(seen) >= 0.2 * EXAMPLES  # which examples come also depends on the modules that other tests have loaded
    assert sum(seen) >= EQUAL * len(seen), f"{sum(seen)} of {len(seen)}"


def test_a_job_that_takes_nothing_from_its_app_comes_back() -> None:
    """The name of a Job has the hash of what is written in it, also of a list without items."""
    setup, target = opened_project()
    spec = {"image": "ghcr.io/acme/web", "tag": "A", "jobs": {"seed": {"command": ["seed"], "envFrom": []}}}
    document = {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": {**spec, "ports": []}}
    rendered = _build(document, setup)
    found = _spec(imported({"production": read_source(rendered.files.items())}, target))
    assert found["spec"]["jobs"] == spec["jobs"]
    assert _objects(_build(found, setup)) == _objects(rendered)


def opened_project() -> tuple[Setup, Target]:
    """A project of one app in one environment, and the same as the target of an import."""
    schemas, text = Schemas(Versions(), read_schema), project_text()
    project, _ = read_project(text.encode(), schemas)
    assert project is not None
    files = {"overlays/production/overlay.yaml": OVERLAY.encode()}
    setup, problems = set_up(project, files, frozenset({"web"}), schemas)
    assert not problems
    orders = {kind: field_order(kind) for kind in ("App", "Overlay")}
    target = Target(text, project, schemas, lambda kind, text: formatted(text, orders[kind]), secrets=True)
    return setup, target


def _build(document: dict[str, Any], setup: Setup) -> Rendered:
    return build_app("web", {"apps/web.yaml": dump(document).encode()}, setup, ["production"])[0]


def _spec(made: Imported) -> dict[str, Any]:
    found: Any = load(made.files["apps/web.yaml"].encode(), "apps/web.yaml")[0]
    return dict(found)


def _objects(rendered: Rendered) -> dict[str, Any]:
    """The objects by file, as the API server would complete them."""
    found: dict[str, Any] = {path.rpartition("/")[2]: load(text, path)[0] for path, text in rendered.files.items()}
    return {file: without_defaults(data, data["kind"]) for file, data in found.items()}


def _said(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document's metadata and spec, without defaults and without what no object shows."""
    spec = {key: value for key, value in document["spec"].items() if key not in _INVISIBLE}
    strategy = spec.get("strategy", {})
    spec["strategy"] = {k: v for k, v in strategy.items() if (k, v) not in _SAY_NOTHING and k != "steps"}
    spec["ports"] = [
        {k: v for k, v in port.items() if k != "targetPort" or v != port["port"]} for port in spec["ports"]
    ]
    probes = {key: without_defaults(spec[key], "Probe") for key in spec if key.endswith("Probe")}
    spec |= {**probes, "pod": without_defaults(spec.get("pod", {}), "PodSpec")}
    defaults = {**VALUES["Container"], "replicas": 1, "version": version_label(spec["tag"])}
    defaults |= {"imagePullPolicy": "Always" if spec["tag"] == "latest" else "IfNotPresent"}
    spec = {key: value for key, value in spec.items() if key not in defaults or value != defaults[key]}
    if spec.get("autoscaling", {}).get("minReplicas") == 1:
        spec["autoscaling"] = {key: value for key, value in spec["autoscaling"].items() if key != "minReplicas"}
    return dict(_without_empty({**spec, "metadata": document["metadata"]}))


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    found = {key: _without_empty(each) for key, each in value.items()}
    return {key: each for key, each in found.items() if each not in ({}, []) or key == "standardLabels"}
