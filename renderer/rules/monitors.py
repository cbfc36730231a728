"""The rule over ServiceMonitors of the Prometheus operator, which select Services by their labels."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import mapping
from renderer.rules.finding import Finding, Scene, namespace_of
from renderer.rules.index import selects
from renderer.rules.rollouts import blue_green_of

_WITHOUT = "{key: app.kubernetes.io/component, operator: NotIn, values: [preview]}"


def monitor_preview(scene: Scene) -> Iterator[Finding]:
    """A ServiceMonitor that selects the preview Service of a BlueGreen too.

    Why: Between releases both Services have the same pods. Prometheus then scrapes each pod twice, and sums over the
    pods are twice too high.
    Fix: add `{key: app.kubernetes.io/component, operator: NotIn, values: [preview]}` to the `matchExpressions` of its
    selector. The preview Service has this label at render level 2.
    Source: Prometheus operator (one target for each endpoint of each Service that the selector finds).
    """
    monitors = scene.all_of("ServiceMonitor")
    for rollout in scene.of("Rollout") if monitors else ():
        named = blue_green_of(rollout) or {}
        services = [
            scene.find("Service", namespace_of(rollout), named.get(field, ""))
            for field in ("activeService", "previewService")
        ]
        active, preview = services
        if active is None or preview is None or active is preview:
            continue
        for monitor in monitors:
            if all(_finds(monitor, each) for each in (active, preview)):
                level = " (with `renderLevel: 2`)" if scene.level == 1 else ""
                message = (
                    f"ServiceMonitor {monitor.name} selects this Service too, so between releases each pod is scraped "
                    f"twice: add {_WITHOUT} to the matchExpressions of its selector{level}"
                )
                yield Finding("monitor-preview", message, "/metadata/labels", preview, "warning")


def _finds(monitor: Manifest, service: Manifest) -> bool:
    spec = mapping(monitor.data.get("spec"))
    namespaces, selector = mapping(spec.get("namespaceSelector")), mapping(spec.get("selector"))
    named = namespaces.get("matchNames")
    there = named if named and isinstance(named, list) else [namespace_of(monitor)]
    is_near = bool(namespaces.get("any")) or "" in there or namespace_of(service) in there
    return (
        is_near
        and _is_selector(selector)
        and selects(selector, (service.data.get("metadata") or {}).get("labels") or {})
    )


def _is_selector(selector: Object) -> bool:
    """Whether it has the form of a label selector: no schema has checked it."""
    labels, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    return (
        isinstance(labels, dict)
        and all(isinstance(value, str) for value in labels.values())
        and isinstance(expressions, list)
        and all(
            isinstance(each, dict) and isinstance(each.get("key"), str) and isinstance(each.get("values") or [], list)
            for each in expressions
        )
    )
