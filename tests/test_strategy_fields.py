"""A strategy's fields: the schema's facts, what it accepts, what is rendered and what a switch keeps agree."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.facts import copied
from renderer.release.switches import fields_for, switch
from renderer.render import render
from renderer.spec import app_of
from tests.support.plans import Spec, spec
from tests.support.schema_cases import SCHEMAS

# A value of each field that is not what stands there without it; a new field needs one.
SAMPLES: dict[str, Any] = {
    "maxSurge": 3,
    "maxUnavailable": 1,
    "minReadySeconds": 7,
    "progressDeadlineSeconds": 500,
    "progressDeadlineAbort": True,
    "revisionHistoryLimit": 3,
    "rollbackWindow": {"revisions": 2},
    "analysisRunHistory": {"successfulRunHistoryLimit": 2},
    "steps": [{"setWeight": 10}, {"pause": {}}],
    "autoPromotionEnabled": True,
    "analysis": {"templates": [{"templateName": "errors"}]},
    "prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]},
    "postPromotionAnalysis": {"templates": [{"templateName": "smoke"}]},
    "minPodsPerReplicaSet": 2,
    "initialWeight": 20,
    "scaleDownDelaySeconds": 60,
    "scaleDownDelayRevisionLimit": 2,
    "abortScaleDownDelaySeconds": 60,
    "dynamicStableScale": True,
    "previewReplicaCount": 1,
    "antiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}},
    "stableService": "web-stable",
    "canaryService": "web-canary",
    "previewService": "web-next",
    "stableMetadata": {"labels": {"role": "old"}},
    "canaryMetadata": {"labels": {"role": "new"}},
    "activeMetadata": {"labels": {"role": "old"}},
    "previewMetadata": {"labels": {"role": "new"}},
    "trafficRouting": {"istio": {"virtualService": {"name": "routes", "routes": ["primary"]}}},
}
NEEDS = {"autoPromotionEnabled": ("steps",)}
STATES: dict[str, tuple[Spec, ...]] = {
    "BlueGreen": ({}, {"preview": {"tag": "1.5.0"}}),
    "Canary": ({}, {"canary": {"tag": "1.5.0", "weight": 20}}),
}
ROUTES: tuple[Spec, ...] = (
    {"type": "RollingUpdate"},
    {"type": "Recreate"},
    {"type": "BlueGreen"},
    {"type": "Canary", "router": "replica"},
    {"type": "Canary", "router": "istio"},
)
routes = pytest.mark.parametrize("route", ROUTES, ids=["-".join(route.values()) for route in ROUTES])


def test_every_field_has_a_sample() -> None:
    properties = SCHEMAS.bundle("App")["definitions"]["Strategy"]["properties"]
    assert properties.keys() == {"type", "router", *SAMPLES}


@routes
def test_what_the_schema_takes_is_rendered(route: Spec) -> None:
    unseen = [field for field in sorted(allowed(route)) if not shows(route, field)]
    assert unseen == ["initialWeight"]  # verbs alone read it


def test_what_is_rendered_by_name_is_in_the_schema() -> None:
    of_both, blue_green, canary = (copied("Strategy", to) for to in ("workload", "blueGreen", "canary"))
    assert {*of_both, *blue_green} <= allowed({"type": "BlueGreen"})
    assert {*of_both, *canary} <= allowed({"type": "Canary", "router": "istio"})


@routes
def test_what_the_schema_takes_outlives_a_switch(route: Spec) -> None:
    assert fields_for(route["type"], routed=route.get("router") != "replica") - {"type", "router"} == allowed(route)


def test_a_switch_to_the_replica_router_drops_what_needs_routing() -> None:
    everything = {"type": "Canary", "router": "istio", **{field: SAMPLES[field] for field in allowed(ROUTES[-1])}}
    wanted = switch(spec(strategy=everything), "Canary", "replica")
    assert isinstance(wanted, dict)
    assert wanted["strategy"].keys() - {"type", "router"} == allowed({"type": "Canary", "router": "replica"})


def test_only_a_canary_has_a_router() -> None:
    types = ("RollingUpdate", "Recreate", "BlueGreen", "Canary")
    assert [each for each in types if "router" in fields_for(each)] == ["Canary"]


def allowed(route: Spec) -> set[str]:
    """The fields that the schema of App takes with this type and router."""
    return {field for field in SAMPLES if SCHEMAS.valid("App", document({**route, **sample(field)}))}


def shows(route: Spec, field: str) -> bool:
    """Whether the field changes a manifest, with a version in flight or without."""
    others = {name: SAMPLES[name] for name in NEEDS.get(field, ())}
    return any(
        manifests({**route, **others}, state) != manifests({**route, **sample(field)}, state)
        for state in STATES.get(route["type"], ({},))
    )


def sample(field: str) -> Spec:
    return {name: SAMPLES[name] for name in (*NEEDS.get(field, ()), field)}


def document(strategy: Spec) -> Spec:
    return {"apiVersion": "rollspec/v1", "kind": "App", "metadata": {"name": "web"}, "spec": spec(strategy=strategy)}


def manifests(strategy: Spec, state: Spec) -> list[Any]:
    app = app_of("web", "production", spec(strategy=strategy, **state), namespace="shop")
    return [each.data for each in render(app)]
