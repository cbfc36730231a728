"""Pods that a Service sends requests to, and how it knows that they can answer."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import WORKLOADS, Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Located, Pod


def no_readiness_probe(scene: Scene) -> Iterator[Finding]:
    """A Service sends requests to pods in which no container has a readiness probe, or whether they are Ready or not.

    It is a note, and with `probes: required` in the overlay's policy an error. Without that policy, a startup probe is
    enough too. A Service that selects pods before they are Ready (`publishNotReadyAddresses`) is a note by itself, if
    it is not headless: peers that look for each other use a headless one.

    Why: Kubernetes considers such a pod Ready as soon as its process runs. Each release then sends requests to pods
    that cannot answer yet, and continues even if the new version never starts to serve.
    Fix: add `readinessProbe: {httpGet: {path: /healthz, port: http}}`, with a path that the app answers when it is
    ready. For other protocols use `tcpSocket` or `grpc`.
    Source: Kubernetes (pod lifecycle, readiness); kube-score `pod-probes`; `policy.probes` of the overlay.
    """
    is_required = scene.policy.get("probes") == "required"
    for pod in scene.index.workloads:
        if not pod.containers or _is_probed(pod, is_required=is_required):
            continue
        served = next((service for service in scene.of("Service") if _sends(service, pod)), None)
        if served is None:
            continue
        pointer, container = _serving(pod, served)
        message = f"Service {served.name} sends requests here, and no container has a readinessProbe"
        if is_required:
            yield Finding("no-readiness-probe", message, pointer, pod.manifest, policy="probes")
        else:
            effect = f"each pod counts as Ready as soon as the process of {container.get('name')} runs"
            yield Finding("no-readiness-probe", f"{message}: {effect}", pointer, pod.manifest, "note")
    yield from _too_early(scene)


def _too_early(scene: Scene) -> Iterator[Finding]:
    """Services that pass requests to the pods of a release before they are Ready."""
    for service in scene.of("Service"):
        spec = service.data.get("spec") or {}
        if not spec.get("publishNotReadyAddresses") or spec.get("clusterIP") == "None":
            continue
        if any(pod.kind in WORKLOADS and _selects(service, pod) for pod in scene.index.workloads):
            message = (
                "with publishNotReadyAddresses the Service sends requests to pods that are not Ready, in each release: "
                "remove it, or give peers a headless Service of their own"
            )
            yield Finding("no-readiness-probe", message, "/spec/publishNotReadyAddresses", service, "note")


def _sends(service: Manifest, pod: Pod) -> bool:
    return not (service.data.get("spec") or {}).get("publishNotReadyAddresses") and _selects(service, pod)


def _selects(service: Manifest, pod: Pod) -> bool:
    selector: dict[str, str] = (service.data.get("spec") or {}).get("selector") or {}
    return bool(selector) and service.namespace in ("", pod.namespace) and selector.items() <= pod.labels.items()


def _is_probed(pod: Pod, *, is_required: bool) -> bool:
    """Whether some container that runs as long as the pod says when it is ready."""
    probes = ("readinessProbe",) if is_required else ("readinessProbe", "startupProbe")
    lasting = [container for _, container in pod.containers]
    lasting += [container for _, container in pod.inits if container.get("restartPolicy") == "Always"]
    return any(container.get(probe) for container in lasting for probe in probes)


def _serving(pod: Pod, service: Manifest) -> Located:
    """The container that a port of the Service targets, as far as that can be seen; else the first."""
    targets = [port.get("targetPort", port.get("port")) for port in (service.data.get("spec") or {}).get("ports") or ()]
    return next((located for located in pod.every if _listens(located[1], targets)), pod.containers[0])


def _listens(container: Object, targets: list[object]) -> bool:
    return any(
        port.get("name") in targets or port.get("containerPort") in targets for port in container.get("ports") or ()
    )
