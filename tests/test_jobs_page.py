"""docs/jobs.md: its example renders, and the Jobs run when the page says."""

from __future__ import annotations

import re

from renderer.manifest import Manifest
from renderer.render import render
from renderer.spec import App, app_of
from renderer.yamlio import load
from tests.support.cases import ROOT

TEXT = (ROOT / "docs/jobs.md").read_text()
SPEC = {"image": "ghcr.io/acme/web", "tag": "1.0.0", "ports": [{"name": "http", "port": 80}], "env": {"A": "1"}}


def _app(**more: object) -> App:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    jobs, _ = load(example.encode(), "example.yaml")
    assert isinstance(jobs, dict)
    spec = {**SPEC, "strategy": {"type": "Canary"}, **jobs, **more}
    return app_of("web", "production", spec, namespace="shop")._replace(level=2)


def _jobs(app: App) -> dict[str, Manifest]:
    return {each.name: each for each in render(app) if each.kind in ("Job", "CronJob")}


def _once(app: App) -> set[str]:
    return {name for name in _jobs(app) if name.startswith("web-migrate-")}


def test_a_job_that_runs_once_is_kept_until_its_version_is_gone() -> None:
    stable = _once(_app())
    flight = _once(_app(canary={"tag": "1.1.0", "weight": 20}))
    assert stable < flight
    assert flight == _once(_app(canary={"tag": "1.1.0", "weight": 50, "from": 20}))
    promoted = _once(_app(tag="1.1.0", previous={"tag": "1.0.0", "weight": 50}))
    assert promoted == flight - stable
    assert _once(_app(aborted={"tag": "1.1.0"})) == stable


def test_another_template_is_another_job_and_other_fields_are_not() -> None:
    assert _once(_app()).isdisjoint(_once(_app(env={"A": "2"})))
    assert _once(_app()) == _once(_app(replicas=9))


def test_each_job_follows_the_version_that_it_says() -> None:
    jobs = _jobs(_app(canary={"tag": "1.1.0", "weight": 20}))
    assert "web:1.1.0" in str(jobs["web-warm-up"].data)
    assert "web:1.0.0" in str(jobs["web-report"].data)


def test_no_service_of_the_app_selects_the_pods_of_a_job() -> None:
    app = _app()
    for job in _jobs(app).values():
        spec = job.data["spec"].get("jobTemplate", job.data)["spec"]
        assert not app.selector.items() <= spec["template"]["metadata"]["labels"].items()
