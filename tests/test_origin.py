"""Fields of manifests lead to the fields of the spec that made them, and a problem has that position."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.manifest import Manifest
from renderer.plain import lookup
from renderer.render import render
from renderer.render.origin import origin
from renderer.spec import app_of

SPEC: dict[str, Any] = {
    "image": "ghcr.io/acme/web",
    "tag": "1.0.0",
    "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    "env": {"LOG": "info"},
    "strategy": {"type": "Canary", "router": "istio"},
    "istio": {
        "hosts": ["web.example.com"],
        "gateways": ["istio-system/public"],
        "http": {"timeout": "5s"},
        "trafficPolicy": {"connectionPool": {"http": {"maxRetries": 3}}},
        "exportTo": ["."],
    },
    "jobs": {
        "migrate": {
            "command": ["migrate"],
            "backoffLimit": 1,
            "pod": {"terminationGracePeriodSeconds": 60},
            "podMetadata": {"annotations": {"a": "b"}},
        },
        "report": {"command": ["report"], "schedule": "0 3 * * *"},
    },
}
FIELDS = [
    ("Rollout", "/metadata/labels/team", "/metadata/labels/team"),
    ("Rollout", "/spec/template/spec/containers/0/ports/0/containerPort", "/spec/ports/0/targetPort"),
    ("Rollout", "/spec/template/spec/containers/0/env/0/value", "/spec/env/LOG"),
    ("VirtualService", "/spec/hosts/1", "/spec/istio/hosts/0"),
    ("VirtualService", "/spec/gateways/1", "/spec/istio/gateways/0"),
    ("VirtualService", "/spec/http/0/timeout", "/spec/istio/http/timeout"),
    ("VirtualService", "/spec/exportTo/0", "/spec/istio/exportTo/0"),
    (
        "DestinationRule",
        "/spec/trafficPolicy/connectionPool/http/maxRetries",
        "/spec/istio/trafficPolicy/connectionPool/http/maxRetries",
    ),
    ("DestinationRule", "/spec/exportTo/0", "/spec/istio/exportTo/0"),
    ("Job", "/spec/template/spec/containers/0/command/0", "/spec/jobs/migrate/command"),
    ("Job", "/spec/template/metadata/annotations/a", "/spec/jobs/migrate/podMetadata/annotations/a"),
    (
        "Job",
        "/spec/template/spec/terminationGracePeriodSeconds",
        "/spec/jobs/migrate/pod/terminationGracePeriodSeconds",
    ),
    ("Job", "/spec/backoffLimit", "/spec/jobs/migrate/backoffLimit"),
    ("CronJob", "/spec/jobTemplate/spec/template/spec/containers/0/command/0", "/spec/jobs/report/command"),
    ("CronJob", "/spec/schedule", "/spec/jobs/report/schedule"),
]


@pytest.mark.parametrize(("kind", "pointer", "source"), FIELDS)
def test_a_field_leads_to_the_field_of_the_spec(kind: str, pointer: str, source: str) -> None:
    made = {each.kind: each for each in render(app_of("web", "production", SPEC, namespace="shop"))}
    assert origin(made[kind], pointer) == source
    if not pointer.startswith("/metadata"):
        assert lookup(made[kind].data, pointer) is not None
        assert lookup({"spec": SPEC}, source) is not None


def test_the_first_routes_are_those_that_the_spec_puts_first() -> None:
    route = {"name": "old", "match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}}
    spec = {**SPEC, "istio": {**SPEC["istio"], "routes": [route]}}
    made = next(
        each for each in render(app_of("web", "production", spec, namespace="shop")) if each.kind == "VirtualService"
    )
    for pointer, source in (
        ("/spec/http/0/redirect/uri", "/spec/istio/routes/0/redirect/uri"),
        ("/spec/http/1/timeout", "/spec/istio/http/timeout"),
    ):
        assert origin(made, pointer, routes=1) == source
        assert lookup({"spec": spec}, source) == lookup(made.data, pointer)


def test_a_job_that_was_written_by_hand_is_not_in_the_spec() -> None:
    job = Manifest("job.yaml", {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": {}})
    assert origin(job, "/spec/backoffLimit") == "/spec"
