"""Rules over environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderer.rules.finding import Finding, Scene
from renderer.rules.index import Pod
from renderer.rules.syntax import is_env_name, is_old_env_name

_USED = re.compile(r"\$\(([^()]*)\)")


def env_names(scene: Scene) -> Iterator[Finding]:
    """An environment variable whose name Kubernetes refuses.

    Since Kubernetes 1.32: printable ASCII without `=`. Before: letters, digits, `-`, `_` and `.`, no digit first.
    Source: API server (`IsEnvVarName`, feature RelaxedEnvironmentVariableValidation).
    Do: rename it.
    """
    accepts = is_env_name if scene.kubernetes >= (1, 32) else is_old_env_name
    for pod in scene.index.pods:
        for at, container in pod.every:
            for number, entry in enumerate(container.get("env") or ()):
                name = entry.get("name", "")
                plain = name.isascii() and name.isidentifier()
                if not plain and not (name and accepts(name)):
                    message = f"{name!r} cannot be the name of an environment variable"
                    yield Finding("env-names", message, f"{at}/env/{number}/name", pod.manifest)


def env_sources(scene: Scene) -> Iterator[Finding]:
    """An environment variable with both `value` and `valueFrom`, or a `valueFrom` that has not exactly one source.

    Source: API server (`may not be specified when value is not empty`, `may not have more than one field specified at
    a time`).
    Do: keep one. A strategic merge patch that gives a variable the other one needs `value: null` or `valueFrom: null`
    beside it.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            for number, entry in enumerate(container.get("env") or ()):
                if "valueFrom" not in entry:
                    continue
                source = entry["valueFrom"] or {}
                where, name = f"{at}/env/{number}", entry.get("name", "")
                if entry.get("value"):
                    yield _env(pod, where, f"{name} has both value and valueFrom")
                if len(source) != 1:
                    has = " and ".join(sorted(source)) or "none"
                    yield _env(pod, where + "/valueFrom", f"{name} wants exactly one source in valueFrom, it has {has}")
            for number, entry in enumerate(container.get("envFrom") or ()):
                if ("configMapRef" in entry) == ("secretRef" in entry):
                    message = "an entry of envFrom wants exactly one of configMapRef and secretRef"
                    yield _env(pod, f"{at}/envFrom/{number}", message)


def _env(pod: Pod, at: str, message: str) -> Finding:
    return Finding("env-sources", message, at, pod.manifest)


def env_order(scene: Scene) -> Iterator[Finding]:
    """Warning: `$(NAME)` in an environment variable that stands before NAME.

    Kubernetes expands only what is defined before; the program would get the text `$(NAME)`.
    Source: Kubernetes API reference, `EnvVar.value`.
    Do: put NAME first (a spec keeps the order of `env`), or write `$$(NAME)` when the text is meant.
    """
    for pod in scene.index.pods:
        for at, container in pod.every:
            env = container.get("env") or ()
            places = {entry.get("name"): number for number, entry in enumerate(env)}
            for number, entry in enumerate(env):
                used = set(_USED.findall((entry.get("value") or "").replace("$$", "")))
                for name in sorted((name for name in used if places.get(name, -1) > number), key=places.__getitem__):
                    message = f"{entry.get('name')} uses $({name}), which is defined only after it"
                    yield Finding("env-order", message, f"{at}/env/{number}/value", pod.manifest, "warning")
