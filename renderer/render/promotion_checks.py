"""The built-in checks of a promotion that ask no Prometheus: a request to the new version, and a Job of its image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.checks import ANALYSES
from renderer.render.jobs import job_spec
from renderer.render.service import preview_name
from renderer.spec import App


def metrics(app: App, asked: Mapping[str, Any], field: str) -> dict[str, list[dict[str, Any]]]:
    """The metrics of `web` and `job`, by the name of their template; each is measured once."""
    found = {}
    if "web" in asked:
        found["web"] = [_web(app, asked["web"], field)]
    if "job" in asked:
        spec = job_spec(app, f"{ANALYSES[field]}promotion", {"backoffLimit": 0, **asked["job"]}, app.running)
        found["job"] = [{"name": "job", "count": 1, "provider": {"job": {"spec": spec}}}]
    return found


def url_of(app: App, fields: Mapping[str, Any], field: str) -> str:
    """Where a `web` check sends its request: the preview Service before a promotion, then the app's own."""
    service = preview_name(app) if field == "prePromotionAnalysis" else app.service_name
    numbers = {port.name: port.port for port in app.ports}
    number = numbers.get(fields.get("port", ""), app.ports[0].port if app.ports else 80)
    return f"http://{service}.{app.namespace}.svc.{app.cluster_domain}:{number}{fields.get('path', '/')}"


def _web(app: App, fields: Mapping[str, Any], field: str) -> dict[str, Any]:
    web: dict[str, Any] = {"url": url_of(app, fields, field)}
    if "headers" in fields:
        web["headers"] = [{"key": key, "value": value} for key, value in fields["headers"].items()]
    web |= {key: fields[key] for key in ("timeoutSeconds", "jsonPath") if key in fields}
    condition = {"successCondition": fields["successCondition"]} if "successCondition" in fields else {}
    return {"name": "web", "count": 1, **condition, "provider": {"web": web}}
