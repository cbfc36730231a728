"""The Pod Security Standards, as an overlay's policy asks for them: of every pod that the objects of an app make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from renderer.manifest import Object
from renderer.plain import mapping
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.templates_within import pods_within, unseen
from renderer.rules.workflows import is_workflow

_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
        *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_VOLUMES = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"),
    "secret",
)
_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
_SYSCTLS = frozenset(
    (
        *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
        *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports"),
        *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
        *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    )
)
_SYSCTLS_OF_1_37 = frozenset(("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"))
_PROFILES = ("RuntimeDefault", "Localhost")
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MESH_VOLUMES = "sidecar.istio.io/userVolume"  # JSON: volumes by name, which Istio adds to the pod


class _View(NamedTuple):
    """One pod, and what its standard depends on."""

    pod: Pod
    pointer: str  # the pointer of the pod's spec
    spec: Object
    context: Object  # the pod's security context
    containers: list[tuple[str, Object, Object]]  # pointer, container and its security context
    kubernetes: tuple[int, int]

    @property
    def is_windows(self) -> bool:
        """Fields of Linux must not be set then, so none is asked for."""
        return bool(mapping(self.spec.get("os")).get("name") == "windows")

    @property
    def has_user_namespace(self) -> bool:
        """Root in the container is then not root on the node; the standards of 1.35 know that."""
        return self.spec.get("hostUsers") is False and self.kubernetes >= (1, 35)


_Found = Iterator[tuple[str, str]]  # a pointer, and what is wrong there
_Check = Callable[[_View], _Found]


def pod_security(scene: Scene) -> Iterator[Finding]:
    """A pod that breaks the Pod Security Standard of the overlay's policy.

    The rule looks at every pod that an object of the app makes, at its init containers and sidecars, and also at jobs
    of an AnalysisTemplate and at templates of Argo Workflows, and at the volumes that an annotation
    `sidecar.istio.io/userVolume` adds. It applies the standard of the Kubernetes version in
    `versions`. Windows pods need none of the fields that only Linux has. Where an object may make pods that rollspec
    cannot see, a note says so; for the texts of a workflow that change pods or make objects it is a warning.

    Why: Such a pod can take over its node (`baseline`), or has more rights than an app needs (`restricted`). Where the
    namespace enforces the standard, the API server refuses the pod and the release hangs.
    Fix: correct the field that the message names. For `restricted`, `rollspec new` writes a security context that
    passes. An app that needs more belongs in an environment with another policy.
    Source: `policy.podSecurity` of the overlay; Kubernetes (Pod Security Standards, `k8s.io/pod-security-admission`).
    """
    level = scene.policy.get("podSecurity")
    checks = _LEVELS.get(str(level), ())
    for pod in pods_within(scene) if checks else ():
        view = _view(pod, scene.kubernetes)
        reported: set[tuple[str, str]] = set()
        for check in checks:
            for pointer, message in check(view):
                if (pointer, message) not in reported:
                    reported.add((pointer, message))
                    text = f"podSecurity `{level}`: {message}"
                    yield Finding("pod-security", text, pointer, pod.manifest, policy="podSecurity")
    for manifest, pointer, what in unseen(scene) if checks else ():
        severity: Severity = "warning" if is_workflow(manifest) else "note"
        text = f"podSecurity `{level}` is not checked for {what}"
        yield Finding("pod-security", text, pointer, manifest, severity, policy="podSecurity")


def _view(pod: Pod, kubernetes: tuple[int, int]) -> _View:
    containers = [(pointer, container, mapping(container.get("securityContext"))) for pointer, container in pod.every]
    return _View(
        pod, f"{pod.pointer}{pod.inside}", pod.spec, mapping(pod.spec.get("securityContext")), containers, kubernetes
    )


def _host_namespaces(view: _View) -> _Found:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if view.spec.get(name):
            yield f"{view.pointer}/{name}", f"{name} must not be true"


def _host_process(view: _View) -> _Found:
    for pointer, context in _contexts(view):
        if mapping(context.get("windowsOptions")).get("hostProcess"):
            yield f"{pointer}/windowsOptions/hostProcess", "hostProcess must not be true"


def _privileged(view: _View) -> _Found:
    for pointer, _, context in view.containers:
        if context.get("privileged"):
            yield f"{pointer}/securityContext/privileged", "privileged must not be true"


def _capabilities(view: _View) -> _Found:
    for pointer, _, context in view.containers:
        for number, name in _numbered(mapping(context.get("capabilities")).get("add"), str):
            if name not in _CAPABILITIES:
                yield f"{pointer}/securityContext/capabilities/add/{number}", f"the capability {name} must not be added"


def _host_paths(view: _View) -> _Found:
    for number, volume in _numbered(view.spec.get("volumes")):
        if volume.get("hostPath") is not None:
            message = f"the volume {volume.get('name')} must not be a hostPath"
            yield f"{view.pointer}/volumes/{number}/hostPath", message


def _mesh_volumes(view: _View) -> _Found:
    text = view.pod.annotations.get(_MESH_VOLUMES)
    try:
        volumes = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return  # Istio refuses the pod
    for name, volume in mapping(volumes).items():
        # Istio reads the fields with Go's encoding/json, for which letter case does not count.
        if any(key.lower() == "hostpath" and value is not None for key, value in mapping(volume).items()):
            message = f"the volume {name} of the annotation {_MESH_VOLUMES} must not be a hostPath"
            yield _template(view), message


def _host_ports(view: _View) -> _Found:
    for pointer, container, _ in view.containers:
        for number, port in _numbered(container.get("ports")):
            if port.get("hostPort"):
                yield f"{pointer}/ports/{number}/hostPort", "hostPort must not be set"


def _host_of_probes(view: _View) -> _Found:
    for pointer, container, _ in view.containers:
        lifecycle = mapping(container.get("lifecycle"))
        handlers = [(name, container.get(name)) for name in _PROBES]
        handlers += [(f"lifecycle/{name}", lifecycle.get(name)) for name in ("postStart", "preStop")]
        for name, handler in handlers:
            for kind in ("httpGet", "tcpSocket"):
                if mapping(mapping(handler).get(kind)).get("host"):
                    yield f"{pointer}/{name}/{kind}/host", "a probe or hook must not name a host: it asks its own pod"


def _app_armor(view: _View) -> _Found:
    for pointer, context in _contexts(view):
        profile = mapping(context.get("appArmorProfile")).get("type", _PROFILES[0])
        if profile not in _PROFILES:
            yield f"{pointer}/appArmorProfile/type", f"the AppArmor profile must not be {profile}"
    for key, value in view.pod.annotations.items():
        is_good = not value or value == "runtime/default" or str(value).startswith("localhost/")
        if key.startswith(_APP_ARMOR) and not is_good:
            yield _template(view), f"the annotation {key} must not be {value}"


def _selinux(view: _View) -> _Found:
    for pointer, context in _contexts(view):
        options = mapping(context.get("seLinuxOptions"))
        if str(options.get("type", "")) not in _SELINUX_TYPES:
            yield f"{pointer}/seLinuxOptions/type", f"the SELinux type must not be {options['type']}"
        for name in ("user", "role"):
            if options.get(name):
                yield f"{pointer}/seLinuxOptions/{name}", f"the SELinux {name} must not be set"


def _proc_mount(view: _View) -> _Found:
    return iter(()) if view.has_user_namespace else _any_proc_mount(view)


def _any_proc_mount(view: _View) -> _Found:
    for pointer, _, context in view.containers:
        if context.get("procMount", "Default") != "Default":
            yield f"{pointer}/securityContext/procMount", f"procMount must not be {context['procMount']}"


def _seccomp(view: _View) -> _Found:
    for pointer, context in _contexts(view):
        profile = mapping(context.get("seccompProfile")).get("type", _PROFILES[0])
        if profile not in _PROFILES:
            yield f"{pointer}/seccompProfile/type", f"the seccomp profile must not be {profile}"


def _sysctls(view: _View) -> _Found:
    allowed = _SYSCTLS | _SYSCTLS_OF_1_37 if view.kubernetes >= (1, 37) else _SYSCTLS
    for number, sysctl in _numbered(view.context.get("sysctls")):
        if str(sysctl.get("name")) not in allowed:
            yield f"{view.pointer}/securityContext/sysctls/{number}", f"the sysctl {sysctl.get('name')} must not be set"


def _volumes(view: _View) -> _Found:
    for number, volume in _numbered(view.spec.get("volumes")):
        kind = next((key for key, value in volume.items() if key != "name" and value is not None), "emptyDir")
        if kind not in _VOLUMES:
            message = f"the volume {volume.get('name')} must not be {kind}; allowed are {', '.join(_VOLUMES)}"
            yield f"{view.pointer}/volumes/{number}", message


def _escalation(view: _View) -> _Found:
    for pointer, _, context in view.containers:
        if context.get("allowPrivilegeEscalation") is not False and not view.is_windows:
            yield f"{pointer}/securityContext", "add `allowPrivilegeEscalation: false`"


def _non_root(view: _View) -> _Found:
    if view.has_user_namespace:
        return
    around = view.context.get("runAsNonRoot")
    if around is False:
        yield f"{view.pointer}/securityContext/runAsNonRoot", "runAsNonRoot must not be false"
    for pointer, _, context in view.containers:
        own = context.get("runAsNonRoot")
        if own is False:
            yield f"{pointer}/securityContext/runAsNonRoot", "runAsNonRoot must not be false"
        elif own is None and around is None:
            yield f"{pointer}/securityContext", "add `runAsNonRoot: true`, here or in the pod's security context"


def _not_user_0(view: _View) -> _Found:
    if view.has_user_namespace:
        return
    for pointer, context in _contexts(view):
        if context.get("runAsUser") == 0:
            yield f"{pointer}/runAsUser", "runAsUser must not be 0"


def _has_seccomp(view: _View) -> _Found:
    if view.is_windows or view.context.get("seccompProfile"):
        return
    for pointer, _, context in view.containers:
        if not context.get("seccompProfile"):
            advice = "add `seccompProfile: {type: RuntimeDefault}`, here or in the pod's security context"
            yield f"{pointer}/securityContext", advice


def _drops_all(view: _View) -> _Found:
    for pointer, _, context in [] if view.is_windows else view.containers:
        capabilities = mapping(context.get("capabilities"))
        if not any(name == "ALL" for _, name in _numbered(capabilities.get("drop"), str)):
            yield f"{pointer}/securityContext", "add `capabilities: {drop: [ALL]}`"
        for number, name in _numbered(capabilities.get("add"), str):
            if name != "NET_BIND_SERVICE":
                yield f"{pointer}/securityContext/capabilities/add/{number}", f"the capability {name} must not be added"


def _numbered(value: Any, kind: type = dict) -> Iterator[tuple[int, Any]]:
    """The items of a list that are mappings (or of another type), with their numbers."""
    for number, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, kind):
            yield number, item


def _contexts(view: _View) -> Iterator[tuple[str, Object]]:
    """The security contexts of the pod and of its containers."""
    yield f"{view.pointer}/securityContext", view.context
    for pointer, _, context in view.containers:
        yield f"{pointer}/securityContext", context


def _template(view: _View) -> str:
    return f"{view.pod.pointer}/metadata/annotations"


_BASELINE: tuple[_Check, ...] = (
    *(_host_namespaces, _host_process, _privileged, _capabilities, _host_paths, _host_ports, _host_of_probes),
    *(_app_armor, _selinux, _proc_mount, _seccomp, _sysctls, _mesh_volumes),
)
_RESTRICTED: tuple[_Check, ...] = (
    *(check for check in _BASELINE if check not in (_capabilities, _host_paths)),
    *(_any_proc_mount, _volumes, _escalation, _non_root, _not_user_0, _has_seccomp, _drops_all),
)
_LEVELS: dict[str, tuple[_Check, ...]] = {"baseline": _BASELINE, "restricted": _RESTRICTED}
