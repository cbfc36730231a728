"""The pod template. It depends only on what runs in the pod, so the controller finds the old ReplicaSet on an undo."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from renderer.facts import copied
from renderer.render.files import VOLUME, config_map_name
from renderer.spec import App, Version, file_key, merge, serving_sidecars, twice_numbered

# A pod that is stopping still receives requests until every proxy knows; docs/engines.md has the measurement.
WAIT_BEFORE_STOP = {"preStop": {"sleep": {"seconds": 5}}}
_BEFORE_PORTS = ("imagePullPolicy", "command", "args", "workingDir")
_APART = ("envFrom", "volumeMounts")  # written with `ports` and `env`, and with the mounts of `files`


def pod_template(app: App, version: Version) -> dict[str, Any]:
    """The `template` of a Deployment or Rollout that runs `version`."""
    extra = version.fields.get("podMetadata", {})
    metadata: dict[str, Any] = {"labels": template_labels(app, version)}
    if extra.get("annotations"):
        metadata["annotations"] = dict(extra["annotations"])
    return {"metadata": metadata, "spec": _pod_spec(app, version)}


def template_labels(app: App, version: Version) -> dict[str, str]:
    """The labels that pods of the version get, the spec's own included."""
    return {**pod_labels(app, version), **version.fields.get("podMetadata", {}).get("labels", {})}


def pod_labels(app: App, version: Version) -> dict[str, str]:
    """The standard labels that the app's pods get, and those that its selector needs."""
    standard = {"app.kubernetes.io/name": app.name, "app": app.name, "version": version.version}
    wanted = version.fields.get("podMetadata", {}).get("standardLabels", standard)
    return {
        **{key: value for key, value in standard.items() if key in wanted},
        **(app.spec.get("selector") or {}),
    }


def env_list(env: dict[str, Any]) -> list[dict[str, Any]]:
    """The container's `env` in the order of the spec."""
    return [
        {"name": name, "valueFrom": value} if isinstance(value, dict) else {"name": name, "value": env_text(value)}
        for name, value in env.items()
    ]


def env_text(value: Any) -> str:
    """A number or boolean of the spec as the text that YAML shows for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def container_ports(app: App) -> list[dict[str, Any]]:
    """The main container's ports: one for each number and protocol, named like the first port that targets it."""
    seen: dict[tuple[int, str], dict[str, Any]] = {}
    twice = twice_numbered(app, ((port.target, port.protocol) for port in app.ports))
    for port in app.ports:
        if isinstance(port.target, int):
            container_port: dict[str, Any] = {"name": port.name, "containerPort": port.target}
            if port.protocol != "TCP" or port.target in twice:
                container_port["protocol"] = port.protocol
            seen.setdefault((port.target, port.protocol), container_port)
    return list(seen.values())


def _pod_spec(app: App, version: Version) -> dict[str, Any]:
    pod = version.fields.get("pod", {})
    spec: dict[str, Any] = {}
    if "serviceAccount" in app.spec:
        spec["serviceAccountName"] = app.name
    spec["containers"] = [_container(app, version), *_others(app, version, "containers")]
    for key, value in pod.items():
        if key == "initContainers":
            spec[key] = _others(app, version, key)
        elif key == "topologySpreadConstraints" and app.level > 1:
            spec[key] = [_spread(app, constraint) for constraint in value]
        elif key not in ("containers", "volumes"):
            spec[key] = value
    volumes = [*_file_volumes(app, version), *pod.get("volumes", ())]
    if volumes:
        spec["volumes"] = volumes
    return spec


def _others(app: App, version: Version, key: str) -> list[dict[str, Any]]:
    """The other containers or the init containers, with what their defaults give and the app's image by default."""
    defaults = version.fields.get("containerDefaults", {}).get(key, {})
    containers = [_with(defaults, each) if defaults else each for each in version.fields.get("pod", {}).get(key, ())]
    served = serving_sidecars(app, key, containers) if app.level > 1 else ()
    found = []
    for each in containers:
        container = each if "image" in each else {"name": each["name"], "image": version.image, **each}
        if app.level > 1 and container.get("lifecycle") == {}:  # as for the main container: no wait
            container = {key: value for key, value in container.items() if key != "lifecycle"}
        found.append({**container, "lifecycle": WAIT_BEFORE_STOP} if each["name"] in served else container)
    return found


def _with(defaults: Mapping[str, Any], container: Mapping[str, Any]) -> dict[str, Any]:
    """The container with defaults merged in behind its own fields."""
    merged = merge(defaults, container)
    return {**{key: merged[key] for key in container if key in merged}, **merged}


def _spread(app: App, constraint: Mapping[str, Any]) -> dict[str, Any]:
    """A constraint without a selector counts no pods: it gets the app's own."""
    if constraint.get("labelSelector") is not None:
        return dict(constraint)
    return {**constraint, "labelSelector": {"matchLabels": app.selector}}


def _container(app: App, version: Version) -> dict[str, Any]:
    fields = version.fields
    container: dict[str, Any] = {"name": app.container_name, "image": version.image}
    container.update((key, fields[key]) for key in _BEFORE_PORTS if key in fields)
    ports = fields["containerPorts"] if "containerPorts" in fields else container_ports(app)
    if ports:
        container["ports"] = ports
    if "envFrom" in fields:
        container["envFrom"] = fields["envFrom"]
    if fields.get("env"):
        container["env"] = env_list(fields["env"])
    container.update((key, fields[key]) for key in _after_env() if key in fields)
    if "lifecycle" not in fields and app.ports:
        container["lifecycle"] = WAIT_BEFORE_STOP
    elif not fields.get("lifecycle"):
        container.pop("lifecycle", None)
    mounts = [*_file_mounts(version), *fields.get("volumeMounts", ())]
    if mounts:
        container["volumeMounts"] = mounts
    return container


@cache
def _after_env() -> tuple[str, ...]:
    return tuple(key for key in copied("Spec", "container") if key not in (*_BEFORE_PORTS, *_APART))


def _file_mounts(version: Version) -> list[dict[str, Any]]:
    """One mount for each file, so that the image's other files in that folder stay visible."""
    return [
        {"name": VOLUME, "mountPath": path, "subPath": file_key(path), "readOnly": True}
        for path in version.fields.get("files", ())
    ]


def _file_volumes(app: App, version: Version) -> list[dict[str, Any]]:
    if not version.fields.get("files"):
        return []
    return [{"name": VOLUME, "configMap": {"name": config_map_name(app.name, version.fields["files"])}}]
