"""Rules over security contexts that contradict themselves, and fields that the cluster does not know yet."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod

ISTIO_USER = 1337


def privilege_escalation(scene: Scene) -> Iterator[Finding]:
    """`allowPrivilegeEscalation: false` on a container that is privileged or has the capability SYS_ADMIN.

    Why: The API server refuses the pod template.
    Fix: remove one of the two.
    Source: API server (`cannot set allowPrivilegeEscalation to false and privileged to true`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            context = container.get("securityContext")
            if not context or context.get("allowPrivilegeEscalation") is not False:
                continue
            added = (context.get("capabilities") or {}).get("add") or ()
            has = "is privileged" if context.get("privileged") else ""
            has = has or ("has the capability SYS_ADMIN" if {"SYS_ADMIN", "CAP_SYS_ADMIN"} & set(added) else "")
            if has:
                message = f"allowPrivilegeEscalation is false, but the container {has}"
                yield Finding("privilege-escalation", message, pointer + "/securityContext", pod.manifest)


def run_as_root(scene: Scene) -> Iterator[Finding]:
    """`runAsNonRoot: true` together with `runAsUser: 0`.

    Why: The API server accepts it, but the kubelet does not start the container (`CreateContainerConfigError`), so the
    release hangs.
    Fix: use another user, or remove `runAsNonRoot`. A container's own field overrides the pod's.
    Source: kubelet (`container's runAsUser breaks non-root policy`).
    """
    for pod in scene.index.pods:
        around = pod.spec.get("securityContext") or {}
        for pointer, container in pod.every:
            context = container.get("securityContext") or {}
            user = context.get("runAsUser", around.get("runAsUser"))
            if user == 0 and context.get("runAsNonRoot", around.get("runAsNonRoot")):
                field = pointer + "/securityContext" if context else pod.pointer + "/spec/securityContext"
                message = (
                    f"runAsNonRoot is true and runAsUser is 0: the container {container.get('name')} would not start; "
                    "give another runAsUser"
                )
                yield Finding("run-as-root", message, field, pod.manifest)


def seccomp_profile(scene: Scene) -> Iterator[Finding]:
    """A seccomp or AppArmor profile of type Localhost without `localhostProfile`, or of another type with one.

    Why: The API server refuses the pod template.
    Fix: add the name of the profile, or remove it.
    Source: API server (`must be set when seccomp type is Localhost`, `can only be set when seccomp type is Localhost`).
    """
    for pod in scene.index.pods:
        for pointer, context in _contexts(pod):
            for key in ("seccompProfile", "appArmorProfile"):
                profile = context.get(key)
                if profile and (profile.get("type") == "Localhost") != bool(profile.get("localhostProfile")):
                    message = "localhostProfile is required for type Localhost, and not allowed for others"
                    yield Finding("seccomp-profile", message, f"{pointer}/securityContext/{key}", pod.manifest)


def _contexts(pod: Pod) -> Iterator[tuple[str, Object]]:
    if pod.spec.get("securityContext"):
        yield pod.pointer + "/spec", pod.spec["securityContext"]
    for pointer, container in pod.every:
        if container.get("securityContext"):
            yield pointer, container["securityContext"]


def istio_proxy_user(scene: Scene) -> Iterator[Finding]:
    """`runAsUser: 1337` in a mesh.

    Why: 1337 is the user of Istio's sidecar, whose traffic is not redirected. The container's traffic bypasses the
    mesh: no mTLS, no routes.
    Fix: use another user id.
    Source: `istioctl analyze` IST0144.
    """
    if not scene.index.mesh:
        return
    for pod in scene.index.pods:
        for pointer, context in _contexts(pod):
            if context.get("runAsUser") == ISTIO_USER:
                message = (
                    "user 1337 is the Istio proxy's: traffic of this container bypasses the mesh; "
                    "give another runAsUser"
                )
                yield Finding(
                    "istio-proxy-user", message, f"{pointer}/securityContext/runAsUser", pod.manifest, "warning"
                )
