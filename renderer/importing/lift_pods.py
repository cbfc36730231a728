"""A workload's pod template -> `image`, `tag`, the fields of its main container, `files`, `pod` and `podMetadata`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.facts import copied
from renderer.importing.jobs import env_of
from renderer.importing.lifted import Lifted
from renderer.importing.rollout import NotLifted
from renderer.importing.workload import TIME, Workload
from renderer.lazy import regex
from renderer.render.files import VOLUME
from renderer.render.pods import WAIT_BEFORE_STOP
from renderer.render.workload import RESTARTED_AT
from renderer.spec import version_label

_IMAGE = regex(
    r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}")
_VERSION = regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


def image_parts(image: str) -> tuple[str, str]:
    """Repository and tag as a spec has them; the tag is `latest` for an image without one."""
    name, sign, digest = image.partition("@")
    folder, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    whole = f"{tag}@{digest}" if colon and sign else digest if sign else tag if colon else "latest"
    if not _IMAGE.fullmatch(f"{folder}{slash}{last}") or not _TAG.fullmatch(whole):
        raise NotLifted(f"`{image}` is not an image with a tag or a digest")
    return f"{folder}{slash}{last}", whole


def image_of(app: Lifted) -> str:
    """The image of an app in its source."""
    return str(app.fields[0][0].spec["template"]["spec"]["containers"][app.main]["image"])


def main_container_fields(workload: Workload, app: Lifted) -> Lifted:
    """The fields of the main container, and `files`."""
    container = workload.container
    image, tag = image_parts(str(container.get("image", "")))
    found: dict[str, Any] = {"image": image, "tag": tag}
    if tag == "latest" and not str(container["image"]).endswith(":latest"):
        found["omitTag"] = True
    if container.get("name") != workload.name:
        found["containerName"] = container.get("name")
    if "env" in container:
        found["env"] = env_of(container["env"])
    found.update((key, container[key]) for key in copied("Spec", "container") if key in container)
    if workload.service and container.get("lifecycle") == WAIT_BEFORE_STOP:
        del found["lifecycle"]
    elif workload.service and "lifecycle" not in container:
        found["lifecycle"] = {}
    if workload.config_map is None:
        return app.plus(found, notes=_notes(workload, found))
    mounts = [each for each in found.pop("volumeMounts") if each["name"] != VOLUME]
    found |= {"files": workload.files, **({"volumeMounts": mounts} if mounts else {})}
    return app.plus(found, [(workload.config_map, "`files`")], _notes(workload, found))


def _notes(workload: Workload, found: Mapping[str, Any]) -> Iterator[str]:
    container, containers = workload.container, workload.pod["containers"]
    if "omitTag" in found:
        yield f"the image {container['image']} has no tag: `omitTag` keeps it so until a release"
    if "containerName" in found and len(containers) > 1:
        others = ", ".join(str(each.get("name")) for each in containers if each is not container)
        yield (
            f"the container {container.get('name')} is the app's, whose image a release changes; {others}: "
            "in `pod.containers`"
        )


def pod_fields(workload: Workload, app: Lifted) -> Lifted:
    """The other fields of the pod template."""
    others = [each for number, each in enumerate(workload.pod["containers"]) if number != workload.main]
    pod = {key: value for key, value in workload.pod.items() if key != "containers" and value != []}
    for key, found in (("containers", others), ("initContainers", workload.pod.get("initContainers"))):
        if found:
            pod[key] = [_further(workload, each) for each in found]
    return app.plus({**({"pod": pod} if pod else {}), **_pod_metadata(workload)})


def _further(workload: Workload, container: Mapping[str, Any]) -> dict[str, Any]:
    """A further container without the app's own image, which rollspec gives it, and without our wait for a stop."""
    image = workload.container["image"]
    found = {key: value for key, value in container.items() if key != "image" or value != image}
    ports = workload.service.spec["ports"] if workload.service else ()
    targets = {port.get("targetPort") for port in ports}
    serves = any(port.get("name", 0) in targets for port in container.get("ports") or ())
    return {**found, "lifecycle": {}} if serves and "lifecycle" not in found else found


def _pod_metadata(workload: Workload) -> dict[str, Any]:
    """`podMetadata`, and the parts of the release state that labels and annotations of pods hold."""
    found: dict[str, Any] = {}
    metadata = workload.template.get("metadata") or {}
    _, tag = image_parts(str(workload.container["image"]))
    selector = {} if workload.has_default_selector else workload.selector
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in selector}
    ours = {"app.kubernetes.io/name": workload.name, "app": workload.name, "version": version_label(tag)}
    if _VERSION.fullmatch(str(labels.get("version", ""))) and labels["version"] != ours["version"]:
        ours["version"] = found["version"] = labels["version"]
    standard = [key for key, value in ours.items() if labels.get(key) == value]
    rest = {key: value for key, value in labels.items() if key not in standard}
    pods: dict[str, Any] = {"labels": rest} if rest else {}
    if any(key not in standard and key not in selector for key in ours):
        pods["standardLabels"] = standard
    annotations = dict(metadata.get("annotations") or {})
    if TIME.fullmatch(str(annotations.get(RESTARTED_AT, ""))):
        found["restartedAt"] = annotations.pop(RESTARTED_AT)
    if annotations:
        pods["annotations"] = annotations
    return {**found, **({"podMetadata": pods} if pods else {})}
