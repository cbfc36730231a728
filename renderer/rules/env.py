"""Rules over environment variables."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.lazy import regex
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.syntax import is_env_name, is_old_env_name

_USED = regex(r"\$\(([^()]*)\)")


def env_names(scene: Scene) -> Iterator[Finding]:
    """An environment variable whose name Kubernetes refuses.

    Why: The API server refuses the pod template.
    Fix: rename it. From Kubernetes 1.32 on, a name is printable ASCII without `=`. Before that, it has letters, digits,
    `-`, `_` and `.`, and does not start with a digit.
    Source: API server (`IsEnvVarName`, feature RelaxedEnvironmentVariableValidation).
    """
    accepts = is_env_name if scene.kubernetes >= (1, 32) else is_old_env_name
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for number, entry in enumerate(container.get("env") or ()):
                name = entry.get("name", "")
                is_name = name.isascii() and name.isidentifier()
                if not is_name and not (name and accepts(name)):
                    message = f"{name!r} cannot be the name of an environment variable"
                    yield Finding("env-names", message, f"{pointer}/env/{number}/name", pod.manifest)


def env_sources(scene: Scene) -> Iterator[Finding]:
    """An environment variable with both `value` and `valueFrom`, or without exactly one source.

    Why: The API server refuses the pod template.
    Fix: keep one. A strategic merge patch that changes a variable from one to the other must set the first to null
    (`value: null` or `valueFrom: null`).
    Source: API server (`may not be specified when value is not empty`, `may not have more than one field specified at a
    time`).
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            for number, entry in enumerate(container.get("env") or ()):
                if "valueFrom" not in entry:
                    continue
                source = entry["valueFrom"] or {}
                field, name = f"{pointer}/env/{number}", entry.get("name", "")
                if entry.get("value"):
                    yield _env(pod, field, f"{name} has both value and valueFrom")
                if len(source) != 1:
                    has = " and ".join(sorted(source)) or "none"
                    yield _env(pod, field + "/valueFrom", f"{name} needs exactly one source in valueFrom; it has {has}")
            for number, entry in enumerate(container.get("envFrom") or ()):
                if ("configMapRef" in entry) == ("secretRef" in entry):
                    message = "an entry of envFrom needs exactly one of configMapRef and secretRef"
                    yield _env(pod, f"{pointer}/envFrom/{number}", message)


def _env(pod: Pod, pointer: str, message: str) -> Finding:
    return Finding("env-sources", message, pointer, pod.manifest)


def env_order(scene: Scene) -> Iterator[Finding]:
    """An environment variable that uses `$(NAME)` before NAME is defined.

    Why: Kubernetes expands only variables that are defined earlier in the list. The program gets the text `$(NAME)`.
    Fix: move NAME up (a spec keeps the order of `env`). If you mean the text itself, write `$$(NAME)`.
    Source: Kubernetes API reference, `EnvVar.value`.
    """
    for pod in scene.index.pods:
        for pointer, container in pod.every:
            env = container.get("env") or ()
            if not any("$(" in (entry.get("value") or "") for entry in env):
                continue
            indexes = {entry.get("name"): number for number, entry in enumerate(env)}
            for number, entry in enumerate(env):
                used = set(_USED.findall((entry.get("value") or "").replace("$$", "")))
                for name in sorted((name for name in used if indexes.get(name, -1) > number), key=indexes.__getitem__):
                    message = f"{entry.get('name')} uses $({name}), which is defined only after it: swap the two"
                    yield Finding("env-order", message, f"{pointer}/env/{number}/value", pod.manifest, "warning")
