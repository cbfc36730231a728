"""Rules over monitors of the Prometheus operator, which select Services, or pods, by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from renderer.lazy import regex
from renderer.manifest import Manifest, Object
from renderer.plain import escape, mapping, mappings, written
from renderer.rules.finding import Finding, Scene, labels_of
from renderer.rules.index import Located, Pod, listed_ports, selects
from renderer.rules.mesh import ports_of, spec_of
from renderer.rules.rollouts import blue_green_of
from renderer.rules.selectors import LABELS, may_select, own_services_with, selector_of, services_labelled
from renderer.rules.services import pods_behind

_ENDPOINTS = {"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"}  # the field, by kind
KINDS = tuple(_ENDPOINTS)
ALERTS = "PrometheusRule"
_OF_CRD = regex(r"0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?")
_DURATION = regex(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (86_400_000, 3_600_000, 60_000, 1000, 1)  # milliseconds, by group
_WITHOUT = "{key: app.kubernetes.io/component, operator: NotIn, values: [preview]}"


def monitor_preview(scene: Scene) -> Iterator[Finding]:
    """A ServiceMonitor that selects the preview Service of a BlueGreen too.

    Why: Between releases both Services have the same pods. Prometheus then scrapes each pod twice, and sums over the
    pods are twice too high.
    Fix: add `{key: app.kubernetes.io/component, operator: NotIn, values: [preview]}` to the `matchExpressions` of its
    selector. The preview Service has this label at render level 2.
    Source: Prometheus operator (one target for each endpoint of each Service that the selector finds).
    """
    for rollout in scene.of("Rollout"):
        named = blue_green_of(rollout) or {}
        services = [
            scene.find("Service", rollout.namespace, named.get(field, ""))
            for field in ("activeService", "previewService")
        ]
        active, preview = services
        if active is None or preview is None or active is preview:
            continue
        for monitor in may_select(scene, "ServiceMonitor", labels_of(active)):
            if all(_finds(monitor, each) for each in (active, preview)):
                level = " (with `renderLevel: 2`)" if scene.level == 1 else ""
                message = (
                    f"ServiceMonitor {monitor.name} selects this Service too, so between releases each pod is scraped "
                    f"twice: add {_WITHOUT} to the matchExpressions of its selector{level}"
                )
                yield Finding("monitor-preview", message, "/metadata/labels", preview, "warning")


def _finds(monitor: Manifest, service: Manifest) -> bool:
    return _reaches(monitor, service.namespace) and _selects(monitor, labels_of(service))


def _reaches(monitor: Manifest, namespace: str) -> bool:
    """Whether the monitor looks into the namespace."""
    namespaces = mapping(mapping(monitor.data.get("spec")).get("namespaceSelector"))
    named = namespaces.get("matchNames")
    there = named if named and isinstance(named, list) else [monitor.namespace]
    return bool(namespaces.get("any")) or "" in there or namespace in there


def _selects(monitor: Manifest, labels: dict[str, str]) -> bool:
    return selects(selector_of(monitor), labels)


def monitor_ports(scene: Scene) -> Iterator[Finding]:
    """An endpoint of a ServiceMonitor or a PodMonitor whose port has no such name where it is looked for.

    A monitor is looked at if a label of its selector is one by which the Service, or the workload, finds its pods, so
    that they are surely meant: one for many apps may name a port that only some of them have. A PodMonitor is reported
    if it names the port of a Service, or a number: another name may be that of a container which is added in the
    cluster. Monitors among the environment's `resources` count too.

    Why: The operator keeps only targets whose port has that name: Prometheus scrapes nothing here, and checks and
    alerts that read these metrics have no data.
    Fix: write the name of the port: in a ServiceMonitor that of the Service, in a PodMonitor that of the container.
    Source: Prometheus operator (`Endpoint.port`: "name of the Service port"; `PodMetricsEndpoint.port`: "name of the
    pod port").
    """
    services = [service for service in scene.of("Service") if ports_of(service)]
    for monitor in may_select(scene, "ServiceMonitor", *map(labels_of, services)):
        near = services_labelled(scene, _wanted(monitor))
        own = [each for each in near if ports_of(each) and _finds(monitor, each) and _is_meant(monitor, each)]
        names = _names(own)
        missing = [each for each in _ports(monitor) if each[1] not in names] if own else []
        elsewhere = _names(each for each in scene.all_of("Service") if _finds(monitor, each)) if missing else set()
        for pointer, port in missing:
            if port not in elsewhere:
                has = [str(each["name"]) for each in ports_of(own[0]) if each.get("name")]
                message = (
                    f"the Service {own[0].name} has no port named {port} (it has {', '.join(has) or 'none with a name'}"
                    "): Prometheus scrapes nothing here"
                )
                yield Finding("monitor-ports", f"{message}{_instead(own[0], port, has)}", pointer, monitor, "warning")
    for pod in scene.index.workloads:
        for monitor in may_select(scene, "PodMonitor", pod.labels):
            found_by = mapping(mapping(spec_of(pod.manifest).get("selector")).get(LABELS))
            if _reaches(monitor, pod.namespace) and _selects(monitor, pod.labels) and _asks_for(monitor, found_by):
                yield from _of_pods(scene, monitor, pod)


def monitor_timeout(scene: Scene) -> Iterator[Finding]:
    """An endpoint of a ServiceMonitor or a PodMonitor that waits for an answer for longer than its interval.

    An endpoint without an `interval` has that of the Prometheus, which is not looked at.

    Why: The operator refuses the whole monitor: Prometheus scrapes nothing, and checks and alerts have no data.
    Fix: give a `scrapeTimeout` of at most the `interval`.
    Source: Prometheus operator (`scrapeTimeout "30s" greater than scrapeInterval "10s"`).
    """
    for kind in KINDS:
        for monitor in scene.of(kind):
            for pointer, endpoint in _endpoints(monitor):
                interval, timeout = (_milliseconds(endpoint.get(key)) for key in ("interval", "scrapeTimeout"))
                if interval and timeout and timeout > interval:
                    message = (
                        f"the scrapeTimeout {endpoint['scrapeTimeout']} is above the interval {endpoint['interval']}, "
                        "so the operator refuses the monitor: write one of at most the interval"
                    )
                    yield Finding("monitor-timeout", message, f"{pointer}/scrapeTimeout", monitor, "warning")


def prometheus_values(scene: Scene) -> Iterator[Finding]:
    """A duration of a monitor or a PrometheusRule that is none, or a label of a PrometheusRule that is not text.

    Why: The API server refuses the object: Prometheus does not scrape the app, or has none of the alerts.
    Fix: write whole numbers with units, the largest first: `30s`, `1m30s`. Write quotes around a label that is a
    number, `true` or `false`.
    Source: the CRDs of the Prometheus operator (`should match '^(0|(([0-9]+)y)?(([0-9]+)w)?...`, `must be of type
    string`).
    """
    for kind in KINDS:
        for monitor in scene.of(kind):
            for pointer, endpoint in _endpoints(monitor):
                for field in ("interval", "scrapeTimeout"):
                    yield from _duration(monitor, f"{pointer}/{field}", endpoint.get(field))
    for manifest in scene.of(ALERTS):
        for number, group in enumerate(mappings(mapping(manifest.data.get("spec")).get("groups"))):
            above = f"/spec/groups/{number}"
            yield from _duration(manifest, f"{above}/interval", group.get("interval"))
            for index, each in enumerate(mappings(group.get("rules"))):
                for field in ("for", "keep_firing_for"):
                    yield from _duration(manifest, f"{above}/rules/{index}/{field}", each.get(field))
                for field in ("labels", "annotations"):
                    for key, value in mapping(each.get(field)).items():
                        if isinstance(value, (bool, int, float)):
                            text = written(value)
                            message = f'{key} of the {field} is text, and {text} is not: write {key}: "{text}"'
                            pointer = f"{above}/rules/{index}/{field}/{escape(key)}"
                            yield Finding("prometheus-values", message, pointer, manifest)


def _duration(manifest: Manifest, pointer: str, value: object) -> Iterator[Finding]:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and not _OF_CRD.fullmatch(value)):
        example = f"{value}s" if str(value).isdecimal() else "30s or 1m30s"
        message = f"{value!r} is not a duration of Prometheus: write whole numbers with units, such as {example}"
        yield Finding("prometheus-values", message, pointer, manifest)


def _milliseconds(duration: object) -> int | None:
    """A duration of Prometheus, such as `1m30s`, in whole units; None where it is none, or has a larger unit."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) and duration else None
    if found is None:
        return None
    return sum(int(count or 0) * unit for count, unit in zip(found.groups(), _UNITS, strict=True))


def _of_pods(scene: Scene, monitor: Manifest, pod: Pod) -> Iterator[Finding]:
    names = [str(port["name"]) for port in listed_ports(pod) if port.get("name")]
    near = own_services_with(scene, pod.labels)
    for pointer, name in _ports(monitor):
        behind = [each for each in near if any(pod is one for one in pods_behind(scene, each))]
        of_service = [each for each in behind for port in ports_of(each) if port.get("name") == name]
        if name in names or not (of_service or name.isdecimal()):
            continue
        what = f" ({name} is a port of Service {of_service[0].name})" if of_service else ""
        message = (
            f"the pods of {pod.kind} {pod.manifest.name} have no port named {name}{what}: Prometheus scrapes nothing "
            f"here; write {' or '.join(names) or 'the name of a port of a container, and give it one'}"
        )
        yield Finding("monitor-ports", message, pointer, monitor, "warning")


def _names(services: Iterable[Manifest]) -> set[str]:
    return {port.get("name", "") for service in services for port in ports_of(service)}


def _instead(service: Manifest, port: str, names: Sequence[str]) -> str:
    numbered = [str(each["name"]) for each in ports_of(service) if each.get("name") and str(each.get("port")) == port]
    wanted = numbered or names
    return f"; write {' or '.join(wanted)}" if wanted else "; give the port a name"


def _ports(monitor: Manifest) -> Iterator[tuple[str, str]]:
    """Pointers and names of the ports that a monitor asks for, but not their numbers."""
    for pointer, endpoint in _endpoints(monitor):
        port = endpoint.get("port")
        if isinstance(port, str) and port:
            yield f"{pointer}/port", port


def _endpoints(monitor: Manifest) -> Iterator[Located]:
    field = _ENDPOINTS[monitor.kind]
    for index, endpoint in enumerate(mappings(mapping(monitor.data.get("spec")).get(field))):
        yield f"/spec/{field}/{index}", endpoint


def _is_meant(monitor: Manifest, service: Manifest) -> bool:
    """Whether the monitor asks for the Service's name, or for a label by which the Service finds its pods."""
    own = mapping(spec_of(service).get("selector"))
    return service.name in _wanted(monitor).values() or _asks_for(monitor, own)


def _asks_for(monitor: Manifest, own: Object) -> bool:
    """Whether the monitor asks for one of these labels, by which pods are found, so that it is not for other apps."""
    return any(own.get(key) == value for key, value in _wanted(monitor).items())


def _wanted(monitor: Manifest) -> Object:
    return selector_of(monitor).get(LABELS) or {}
