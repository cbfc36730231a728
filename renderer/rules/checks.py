"""Rules over the built-in checks that a spec asks for, for a canary or for a promotion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from renderer.checks import ANALYSES, LEVEL_2, Checks, checks_of, duration, is_of_checks
from renderer.go_time import whole_seconds
from renderer.plain import lookup
from renderer.protocols import HTTP
from renderer.release import steps_of
from renderer.rules.finding import Finding, Scene, of_level
from renderer.rules.index import Pod
from renderer.rules.mesh import protocol_of, spec_of
from renderer.spec import App, Canary

if TYPE_CHECKING:
    from renderer.rules.specs import SpecScene

_STRATEGY = "/spec/strategy"
_AT = f"{_STRATEGY}/analysis"
_INJECT = "sidecar.istio.io/inject"
_NAMESPACE = "istio-injection"
_OFF = ("false", "disabled")
_IN_WINDOWS = frozenset(("successRate", "latency", "compare", "cpu"))
_APP_LABELS = ("app.kubernetes.io/name", "app")
_DESTINATION_APP = re.compile(r'destination_app=~?"([^"]*)"')
_QUALIFIED = "app.kubernetes.io/version"


def analysis_level(scene: SpecScene) -> Iterator[Finding]:
    """A built-in check at render level 1, or a field of `analysis` that needs level 2.

    Why: The built-in checks of level 1 pass without data, and a canary whose every request fails gives them no data.
    Fix: set `renderLevel: 2` in `rollspec.yaml`. The AnalysisTemplates get other queries and conditions.
    Source: a rule of rollspec.
    """
    app = scene.app
    fields = app.strategy.fields.get("analysis") or {}
    if app.level > 1:
        return
    for field, checks in _checks(app):
        if field != "analysis":
            for name in checks.fields:
                message = f"`{name}` needs `renderLevel: 2` in rollspec.yaml"
                yield Finding("analysis-level", message, f"{_STRATEGY}/{field}/{name}")
    for name in sorted(LEVEL_2 & fields.keys()):
        message = f"`{name}` needs `renderLevel: 2` in rollspec.yaml"
        yield Finding("analysis-level", message, f"{_AT}/{name}")
    if checks_of(app.strategy):
        message = "the built-in checks pass without data, and where every request fails"
        yield of_level("analysis-level", message)


def analysis_window(scene: SpecScene) -> Iterator[Finding]:
    """A window of the built-in checks that is shorter than two scrape intervals, or a patience shorter than the window.

    Why: Prometheus needs two samples to work out how much a counter grew, so no query would ever have an answer. The
    usual charts scrape every 15 s, 30 s or 1 m; where the spec does not say it, 1 m is assumed.
    Fix: raise `window`, or give `scrapeInterval` in the overlay's `analysis`.
    Source: Prometheus (`increase` over a range with fewer than two samples).
    """
    for field, checks in _measured(scene.app):
        if not checks.fields.keys() & _IN_WINDOWS:
            continue
        if checks.window < 2 * checks.scrape_interval:
            given = duration(checks.window)
            message = (
                f"a window of {given} is shorter than two scrape intervals of {duration(checks.scrape_interval)}: "
                "raise `window`, or give `scrapeInterval` where Prometheus scrapes more often"
            )
            yield Finding("analysis-window", message, f"{_STRATEGY}/{field}/window")
        if checks.patience < checks.window + checks.interval:
            message = (
                f"a `patience` of {duration(checks.patience)} is over before the first window could be judged twice"
            )
            yield Finding("analysis-window", message, f"{_STRATEGY}/{field}/patience")


def analysis_count(scene: SpecScene) -> Iterator[Finding]:
    """A `failureLimit` that is not below the `count` of a promotion's checks.

    Why: The checks are made `count` times. They can fail at most as often, so with a `failureLimit` of `count` or more
    they pass whatever they measure.
    Fix: lower `failureLimit`, or raise `count`.
    Source: Argo Rollouts (`count must be >= failureLimit`).
    """
    for field, checks in _checks(scene.app):
        if checks.times is not None and checks.measured_for and checks.failure_limit >= checks.times:
            message = f"{checks.times} checks cannot fail more than {checks.failure_limit} times: lower `failureLimit`"
            yield Finding("analysis-count", message, f"{_STRATEGY}/{field}/failureLimit")


def analysis_percent(scene: SpecScene) -> Iterator[Finding]:
    """A `successRate` of at most 1, which is a percentage.

    Why: `successRate: 0.99` means 0.99 %: the check passes while 99 of 100 requests fail.
    Fix: write the percentage: `successRate: 99`.
    Source: rollspec.
    """
    for field, checks in _checks(scene.app):
        rate = checks.fields.get("successRate")
        if isinstance(rate, int | float) and 0 < rate <= 1:
            message = f"at {rate:g} % nearly every request may fail; for {rate:.0%} write {rate * 100:g}"
            yield Finding("analysis-percent", message, f"{_STRATEGY}/{field}/successRate", severity="warning")


def analysis_port(scene: SpecScene) -> Iterator[Finding]:
    """A `web` check that names a port which the app does not have.

    Why: The request would have no address.
    Fix: give the name of a port in `ports`.
    Source: rollspec.
    """
    for field, checks in _checks(scene.app):
        port = checks.fields.get("web", {}).get("port")
        names = [each.name for each in scene.app.ports]
        if port is not None and port not in names:
            message = f"there is no port {port}; the ports are {', '.join(names) or 'none'}"
            yield Finding("analysis-port", message, f"{_STRATEGY}/{field}/web/port")


def analysis_requests(scene: Scene) -> Iterator[Finding]:
    """A built-in check of `cpu` or `memory` for pods that request none, as far as the tree shows it.

    Why: The check is a percentage of the request. Without one it never has an answer, and aborts or pauses each
    release after `patience`. This is a note: a LimitRange or an admission webhook may add requests.
    Fix: add the request to `resources`, or remove the check.
    Source: kube-state-metrics (`kube_pod_container_resource_requests`).
    """
    asked = {
        name
        for template in scene.of("AnalysisTemplate")
        if is_of_checks(template)
        for name in ("cpu", "memory")
        if f'resource=\\"{name}\\"' in json.dumps(template.data.get("spec"))
    }
    for pod in scene.index.workloads if asked else ():
        containers = lookup(pod.manifest.data, f"{pod.pointer}/spec/containers") or []
        resources = [each.get("resources") or {} for each in containers] if pod.kind == "Rollout" else []
        given = {name for each in resources for field in ("requests", "limits") for name in each.get(field) or {}}
        for name in sorted(asked - given) if resources else ():
            message = f"the analysis measures {name} as a percentage of its request, and no container requests {name}"
            yield Finding("analysis-requests", message, f"{pod.pointer}/spec", pod.manifest, "note")


def analysis_starting_step(scene: SpecScene) -> Iterator[Finding]:
    """A `startingStep` of an analysis that the step list never reaches.

    Why: The analysis never starts, and nothing watches the canary. A canary with a weight rests in the pause at the end
    of its step list.
    Fix: leave `startingStep` out, or give a step that is reached.
    Source: Argo Rollouts (`BeforeStartingStep`).
    """
    app = scene.app
    start = (app.strategy.fields.get("analysis") or {}).get("startingStep", 0)
    if not start:
        return
    steps = app.strategy.fields.get("steps")
    if steps is not None:
        last, what = len(steps) - 1, f"the ladder's last step is {len(steps) - 1}"
    else:
        last = _rests_at(app)
        what = f"a canary with a weight rests in step {last}"
    if start > last:
        message = (
            f"the analysis starts at step {start}, and {what}: it would never start; "
            "leave `startingStep` out, or name an earlier step"
        )
        yield Finding("analysis-starting-step", message, f"{_AT}/startingStep")


def _rests_at(app: App) -> int:
    """The step in which a canary of this app rests, by the list that is compiled for it."""
    canary = app.canary or Canary(app.stable, 20, None)
    steps = steps_of(app._replace(canary=canary))
    return next((number for number, step in enumerate(steps) if step.get("pause") == {}), len(steps) - 1)


def analysis_reporter(scene: Scene) -> Iterator[Finding]:
    """A built-in check that nothing in the cluster can answer.

    Why: The checks read what Istio's proxies report. Where injection is off for the pods, or for their Namespace in the
    tree, no proxy reports with `reporter="destination"`. For a port that is neither HTTP nor gRPC, Istio counts no
    requests. Where the pods have a label `app.kubernetes.io/version`, newer proxies report it in place of `version`,
    and the canary cannot be distinguished from the stable version. The checks ask for the labels
    `app.kubernetes.io/name` and `app` as the spec has them: where a patch changes one, a proxy may report another app
    (a warning). The rule assumes that what Git does not say is right, such as injection that is on for the whole
    cluster.
    Fix: set `reporter: source` where only the callers are in the mesh, or `waypoint` in ambient mode. In any other
    case, remove the checks. Set labels in `podMetadata`, not by a patch.
    Source: Istio (`istio_requests_total`).
    """
    queries = [str(template.data.get("spec")) for template in scene.of("AnalysisTemplate") if is_of_checks(template)]
    queries = [query for query in queries if "istio_request" in query]
    by_destination = any('reporter="destination"' in query for query in queries)
    is_without_requests = bool(queries) and _is_without_requests(scene)
    for pod in scene.index.workloads if queries else ():
        if pod.kind != "Rollout":
            continue
        reason = _injection_off(scene, pod) if by_destination else ""
        if reason:
            message = (
                f"no proxy runs in the pods ({reason}), and the built-in checks ask what it reports; "
                "set `reporter: source`, or remove the checks"
            )
            yield Finding("analysis-reporter", message, f"{pod.pointer}/metadata", pod.manifest)
        if "version" in pod.labels and _QUALIFIED in pod.labels:
            message = (
                f"the label {_QUALIFIED} is the same for each version, and newer proxies report it as the version; "
                "remove it"
            )
            yield Finding("analysis-reporter", message, f"{pod.pointer}/metadata/labels", pod.manifest)
        reported = {pod.labels[name] for name in _APP_LABELS if name in pod.labels}
        for other in sorted(reported - _asked_for(queries)) if by_destination else ():
            message = (
                f"a proxy may report the pods as {other}, which the built-in checks do not ask for; "
                "set the label in `podMetadata`, not by a patch"
            )
            yield Finding("analysis-reporter", message, f"{pod.pointer}/metadata/labels", pod.manifest, "warning")
        if is_without_requests:
            message = "no port is HTTP or gRPC, and Istio counts requests for those alone; remove the built-in checks"
            yield Finding("analysis-reporter", message, f"{pod.pointer}/spec", pod.manifest)


def _injection_off(scene: Scene, pod: Pod) -> str:
    """What switches the injection of the proxy off, as far as the tree shows it; empty where nothing does."""
    metadata = lookup(pod.manifest.data, f"{pod.pointer}/metadata") or {}
    for field in ("labels", "annotations"):
        if str((metadata.get(field) or {}).get(_INJECT, "")).lower() in _OFF:
            return f"{_INJECT} is off"
    namespace = scene.find("Namespace", "", pod.namespace)
    labels = (namespace.data.get("metadata") or {}).get("labels") or {} if namespace else {}
    return f"{_NAMESPACE} is off for the namespace" if labels.get(_NAMESPACE) in _OFF else ""


def _asked_for(queries: Sequence[str]) -> set[str]:
    """The apps that the queries ask for, as they are written there."""
    found = {value for query in queries for value in _DESTINATION_APP.findall(query)}
    return {each.replace("\\", "") for value in found for each in value.split("|")}


def _is_without_requests(scene: Scene) -> bool:
    """Whether every port of every Service is said to be something else than HTTP or gRPC."""
    ports = [port for service in scene.of("Service") for port in spec_of(service).get("ports") or ()]
    protocols = [protocol_of(port) for port in ports]
    return bool(protocols) and all(protocol is not None and protocol not in HTTP for protocol in protocols)


def analysis_time(scene: SpecScene) -> Iterator[Finding]:
    """A ladder that ends before its analysis could fail.

    Why: The release reaches 100 % before the built-in checks have failed often enough to abort it. Only the pauses are
    counted. This is a note: how long pods take to be Ready is not known here.
    Fix: make the pauses longer, or `initialDelay`, `interval` or `failureLimit` smaller.
    Source: a rule of rollspec.
    """
    checks, app = dict(_measured(scene.app)).get("analysis"), scene.app
    steps = app.strategy.fields.get("steps") or ()
    pauses = [step["pause"] for step in steps if "pause" in step]
    if checks is None or not pauses or any("duration" not in (pause or {}) for pause in pauses):
        return
    whole = sum(_length(pause["duration"]) for pause in pauses)
    if whole < checks.earliest_abort:
        message = (
            f"the pauses of the ladder last {duration(whole)}, and the analysis can fail after "
            f"{duration(checks.earliest_abort)} at the earliest; "
            "make the pauses longer, or `interval` or `failureLimit` smaller"
        )
        yield Finding("analysis-time", message, f"{_AT}", severity="note")


def _length(length: object) -> int:
    return length if isinstance(length, int) else whole_seconds(f"{length}s" if str(length).isdigit() else str(length))


def analysis_required(scene: SpecScene) -> Iterator[Finding]:
    """A ladder that ends by itself without an analysis, where the overlay's policy requires one.

    Why: Nothing watches the release, and nobody promotes it.
    Fix: add `analysis`, or let the ladder end in a pause.
    Source: the overlay's `policy: {analysis: required}`.
    """
    strategy = scene.app.strategy
    if scene.policy.get("analysis") == "required" and strategy.ends_by_itself and not strategy.fields.get("analysis"):
        message = "nothing watches this ladder, which ends by itself: add `analysis`, as the overlay's policy asks"
        yield Finding("analysis-required", message, "/spec/strategy/autoPromotionEnabled", policy="analysis")


def _checks(app: App) -> Iterator[tuple[str, Checks]]:
    """The built-in checks by the field of the strategy that asks for them."""
    for field in ANALYSES if app.strategy.is_rollout else ():
        checks = checks_of(app.strategy, field)
        if checks and (app.strategy.type == "Canary") == (field == "analysis"):
            yield field, checks


def _measured(app: App) -> Iterator[tuple[str, Checks]]:
    """The same at level 2, which has windows of their own."""
    return _checks(app) if app.level > 1 else iter(())
