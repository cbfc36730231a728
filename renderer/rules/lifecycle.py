"""Rules about a container's life: probes, hooks, init containers, the time to end."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.syntax import is_digits

PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
GRACE = 30  # the default of terminationGracePeriodSeconds


def probe_handler(scene: Scene) -> Iterator[Finding]:
    """A probe that does not have exactly one of `exec`, `httpGet`, `tcpSocket` and `grpc`.

    Why: The API server refuses the pod template.
    Fix: keep one. A strategic merge patch that adds another handler must remove the first: `httpGet: null`, or `$patch:
    replace`.
    Source: API server (`must specify a handler type`, `may not specify more than 1 handler type`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for name in PROBES:
                if name in container:
                    probe = container[name] or {}
                    has = [handler for handler in _HANDLERS if handler in probe]
                    if len(has) != 1:
                        message = f"a probe needs exactly one of exec, httpGet, tcpSocket and grpc; {_listed(has)}"
                        yield Finding("probe-handler", message, f"{pointer}/{name}", pod.manifest)


def _listed(has: list[str]) -> str:
    return f"this one has {' and '.join(has)}" if has else "this one has none"


def probe_port(scene: Scene) -> Iterator[Finding]:
    """A probe or hook with the name of a port that its container does not have, or a number above 65535.

    Why: The API server accepts it, but the kubelet fails every probe: the pod never becomes Ready, or is restarted
    again and again.
    Fix: use the `name` of one of the container's ports, or the number.
    Source: kubelet (`couldn't find port`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for name in PROBES:
                if name in container:
                    yield from _handler_port(pod, f"{pointer}/{name}", container[name] or {}, container)
            for name, hook in (container.get("lifecycle") or {}).items():
                if isinstance(hook, dict):
                    yield from _handler_port(pod, f"{pointer}/lifecycle/{name}", hook, container)


def _handler_port(pod: Pod, pointer: str, handlers: Object, container: Object) -> Iterator[Finding]:
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if kind not in handlers:
            continue
        port = (handlers[kind] or {}).get("port")
        if isinstance(port, str):
            names = [p["name"] for p in container.get("ports") or () if p.get("name")]
            if port not in names:
                has = "a number has no quotes" if is_digits(port) else f"it has {', '.join(names) or 'none'}"
                message = f"the container {container.get('name')} has no port named {port} ({has})"
                yield Finding("probe-port", message, f"{pointer}/{kind}/port", pod.manifest)
        elif port is not None and not 0 < port < 65536:
            yield Finding(
                "probe-port", f"port {port} is not between 1 and 65535", f"{pointer}/{kind}/port", pod.manifest
            )
        elif port is not None and _is_undeclared(pod, port):
            message = f"no container of the pod declares port {port}: if none listens there, the probe always fails"
            yield Finding("probe-port", message, f"{pointer}/{kind}/port", pod.manifest, "note")


def _is_undeclared(pod: Pod, port: int) -> bool:
    """Whether the containers, which share one network, declare ports, and not this one."""
    declared = {each.get("containerPort") for _, container in pod.every for each in container.get("ports") or ()}
    return bool(declared) and port not in declared


def probe_thresholds(scene: Scene) -> Iterator[Finding]:
    """A liveness or startup probe whose `successThreshold` is not 1, or a readiness probe with its own grace period.

    Why: The API server refuses the pod template.
    Fix: leave the field out.
    Source: API server (`must be 1`; `terminationGracePeriodSeconds must not be set for readinessProbes`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for name in ("livenessProbe", "startupProbe"):
                if name in container and (container[name] or {}).get("successThreshold", 1) != 1:
                    message = f"successThreshold of a {name} must be 1"
                    yield Finding("probe-thresholds", message, f"{pointer}/{name}/successThreshold", pod.manifest)
            if "readinessProbe" in container and "terminationGracePeriodSeconds" in (container["readinessProbe"] or {}):
                message = "a readinessProbe takes no terminationGracePeriodSeconds: it never ends a container"
                grace = f"{pointer}/readinessProbe/terminationGracePeriodSeconds"
                yield Finding("probe-thresholds", message, grace, pod.manifest)


def init_containers(scene: Scene) -> Iterator[Finding]:
    """An init container with probes or hooks that is not a sidecar.

    Why: The API server refuses it: an init container ends before the other containers start, so nothing can probe it.
    Fix: add `restartPolicy: Always`, which makes it a sidecar, or remove the fields.
    Source: API server (`may not be set for init containers without restartPolicy=Always`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.inits:
            if container.get("restartPolicy") == "Always":
                continue
            for name in (*PROBES, "lifecycle"):
                if name in container:
                    message = f"the init container {container.get('name')} is not a sidecar: it takes no {name}"
                    yield Finding("init-containers", message, f"{pointer}/{name}", pod.manifest)


def hook_handler(scene: Scene) -> Iterator[Finding]:
    """A `postStart` or `preStop` hook that does not have exactly one of `exec`, `httpGet`, `tcpSocket` and `sleep`.

    Why: The API server refuses the pod template.
    Fix: keep one.
    Source: API server (`must specify a handler type`, `may not specify more than 1 handler type`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            if "lifecycle" not in container:
                continue
            for name in ("postStart", "preStop"):
                hook = (container["lifecycle"] or {}).get(name)
                if hook is None:
                    continue
                has = [handler for handler in _HOOKS if handler in hook]
                if len(has) != 1:
                    message = f"a hook needs exactly one of exec, httpGet, tcpSocket and sleep; {_listed(has)}"
                    yield Finding("hook-handler", message, f"{pointer}/lifecycle/{name}", pod.manifest)


def grace_period(scene: Scene) -> Iterator[Finding]:
    """A `preStop` hook that sleeps as long as the pod's grace period, or longer; a `postStart` hook that sleeps longer.

    `terminationGracePeriodSeconds` is 30 if it is not given. A `sleep` hook that is longer is an error, because the API
    server refuses it; an equal one, and an `exec` of `sleep`, are warnings.

    Why: The kubelet kills the container when the grace period ends, so the container has no time to finish its requests
    after the hook.
    Fix: set `terminationGracePeriodSeconds` to the sleep plus the time that the program needs.
    Source: API server (`must be non-negative and less than terminationGracePeriodSeconds`), kubelet.
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            hooks = (container.get("lifecycle") or {}) if "lifecycle" in container else {}
            grace = pod.spec.get("terminationGracePeriodSeconds", GRACE)
            first = ((hooks.get("postStart") or {}).get("sleep") or {}).get("seconds", 0)
            if first > grace:
                message = f"postStart sleeps {first} s: at most terminationGracePeriodSeconds, which is {grace}"
                yield Finding("grace-period", message, f"{pointer}/lifecycle/postStart", pod.manifest)
            hook = hooks.get("preStop")
            if not hook:
                continue
            native = (hook.get("sleep") or {}).get("seconds")
            seconds = native if native is not None else _slept((hook.get("exec") or {}).get("command") or [])
            if seconds is not None and seconds >= grace:
                message = (
                    f"preStop sleeps {seconds} s, and the pod has {grace} s to end: no time is left to finish "
                    "requests; raise terminationGracePeriodSeconds, or sleep less"
                )
                severity: Severity = "error" if native is not None and seconds > grace else "warning"
                yield Finding("grace-period", message, f"{pointer}/lifecycle/preStop", pod.manifest, severity)


def _slept(command: list[str]) -> int | None:
    """The seconds of `sleep 15`, `["sh", "-c", "sleep 15"]` and the like; None for anything else."""
    words = " ".join(command).replace(";", " ").replace("&&", " ").split()
    for number, word in enumerate(words[:-1]):
        if word.rpartition("/")[2] == "sleep":
            seconds = words[number + 1].removesuffix("s")
            return int(seconds) if is_digits(seconds) else None
    return None
