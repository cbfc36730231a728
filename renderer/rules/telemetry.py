"""The rule over Istio's Telemetry that takes away what an analysis measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.lazy import regex
from renderer.manifest import Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.analysis import run_templates, uses_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod, selects
from renderer.rules.mesh import spec_of
from renderer.rules.selectors import may_select, selector_of

_PROVIDER = "prometheus"  # the built-in one; what another name stands for is written in the mesh's configuration
_METRICS = {  # as Telemetry names them
    "istio_requests_total": "REQUEST_COUNT",
    "istio_request_duration_milliseconds": "REQUEST_DURATION",
    "istio_request_bytes": "REQUEST_SIZE",
    "istio_response_bytes": "RESPONSE_SIZE",
}
_SUFFIXES = ("_bucket", "_sum", "_count")
_OF_SERVERS = ("SERVER", "CLIENT_AND_SERVER")
_SERIES = regex(r'\b(istio_[a-z_]+)\s*\{((?:"(?:[^"\\]|\\.)*"|[^{}"])*)\}')
_LABEL = regex(r'(?<![a-z_])([a-z_]+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')


class _Override(NamedTuple):
    """One entry of `overrides` that is about what servers report, and its Telemetry."""

    telemetry: Manifest
    pointer: str
    metric: str
    is_off: bool | None  # None where it does not say
    tags: Object  # the operation by label


def analysis_telemetry(scene: Scene) -> Iterator[Finding]:
    """A Telemetry that switches off a metric of the Rollout's pods, or removes a label, which its analysis asks for.

    The rule looks at queries with `reporter="destination"`, and at the provider `prometheus`. A Telemetry counts if it
    selects the pods, or has no selector and is in their namespace, also among the environment's `resources`. One that
    selects the pods can switch on again what one of the namespace switches off.

    Why: The query has no answer any more, or one that is always good. The analysis then aborts or pauses each release,
    or lets each one pass.
    Fix: remove that entry of `overrides`, or give it to other pods by a `selector`.
    Source: Istio (`MetricsOverrides`: `disabled`, `tagOverrides`).
    """
    for pod in scene.index.workloads:
        if pod.kind != "Rollout":
            continue
        overrides = [*_overrides(may_select(scene, "Telemetry", pod.labels, within=[pod.namespace]), pod)]
        if not overrides:
            continue
        told: set[tuple[str, str]] = set()
        for metric, labels in _asked(scene, pod.manifest):
            for pointer, telemetry, message in _taken(overrides, metric, labels):
                if (pointer, message) not in told:
                    told.add((pointer, message))
                    yield Finding("analysis-telemetry", message, pointer, telemetry, "warning")


def _overrides(telemetries: list[Manifest], pod: Pod) -> Iterator[_Override]:
    """Those that apply to the pods: first those of the namespace, which those of the pods come after."""
    near = [each for each in telemetries if each.namespace in ("", pod.namespace)]
    whole = [
        each for each in near if not {"selector", "targetRefs", "targetRef"} & mapping(each.data.get("spec")).keys()
    ]
    own = [each for each in near if selects(selector_of(each), pod.labels)]
    for telemetry in (*whole, *own):
        for number, metrics in enumerate(mappings(mapping(telemetry.data.get("spec")).get("metrics"))):
            providers = [each.get("name") for each in mappings(metrics.get("providers"))]
            if providers and _PROVIDER not in providers:
                continue
            for index, each in enumerate(mappings(metrics.get("overrides"))):
                match = mapping(each.get("match"))
                if match.get("mode", "CLIENT_AND_SERVER") in _OF_SERVERS:
                    pointer = f"/spec/metrics/{number}/overrides/{index}"
                    metric = str(match.get("metric") or match.get("customMetric") or "ALL_METRICS")
                    is_off = each.get("disabled")
                    yield _Override(
                        telemetry,
                        pointer,
                        metric,
                        is_off if isinstance(is_off, bool) else None,
                        mapping(each.get("tagOverrides")),
                    )


def _asked(scene: Scene, rollout: Manifest) -> Iterator[tuple[str, list[str]]]:
    """Each metric that servers report and that an analysis of the Rollout reads, with the labels it asks for."""
    for use in uses_of(rollout):
        for template in run_templates(scene, use.refs, rollout.namespace):
            for metric in spec_of(template).get("metrics") or ():
                query = ((metric.get("provider") or {}).get("prometheus") or {}).get("query")
                for name, matchers in _SERIES.findall(str(query or "")):
                    labels = dict(_LABEL.findall(matchers))
                    if labels.get("reporter") == "destination":
                        yield name, [*labels]


def _taken(overrides: list[_Override], name: str, labels: list[str]) -> Iterator[tuple[str, Manifest, str]]:
    """What the overrides take away of a metric: the last one that says something of it counts."""
    base = next((name.removesuffix(each) for each in _SUFFIXES if name.endswith(each)), name)
    own = [each for each in overrides if each.metric in ("ALL_METRICS", _METRICS.get(base), base)]
    switched = [each for each in own if each.is_off is not None]
    if switched and switched[-1].is_off:
        last = switched[-1]
        message = (
            f"this switches off {base} for these pods, and the analysis asks for it: it has nothing to judge by; "
            "remove this override"
        )
        yield f"{last.pointer}/disabled", last.telemetry, message
        return
    for label in labels:
        changing = [each for each in own if label in each.tags]
        last_tag = mapping(changing[-1].tags[label]) if changing else {}
        if last_tag.get("operation") == "REMOVE":
            message = (
                f"this removes the label {label} of {base} for these pods, and the analysis asks for it: it cannot "
                "judge by it any more; remove this override"
            )
            yield f"{changing[-1].pointer}/tagOverrides/{label}", changing[-1].telemetry, message
