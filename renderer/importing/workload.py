"""What the fields of an app are lifted from: its workload without what the API server fills in, and its own Service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from renderer.importing.defaults import without_defaults
from renderer.importing.group import Group
from renderer.importing.main_container import main_container
from renderer.importing.own import files_of
from renderer.importing.rollout import NotLifted, preview_service, stable_services
from renderer.importing.source import SourceObject
from renderer.lazy import regex
from renderer.render.files import VOLUME

TIME = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")  # of `restartedAt`


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload with its objects, as the steps of a lift read it."""

    group: Group
    name: str
    spec: Mapping[str, Any]
    template: Mapping[str, Any]
    pod: dict[str, Any]  # without the volume of `files`
    selector: Mapping[str, Any]  # its labels
    main: int  # which container is the app's
    service: SourceObject | None  # the app's own
    files: Mapping[str, Any]
    config_map: SourceObject | None  # that holds `files`

    @property
    def container(self) -> Mapping[str, Any]:
        """The container whose image a release changes."""
        found: Mapping[str, Any] = self.pod["containers"][self.main]
        return found

    @property
    def has_default_selector(self) -> bool:
        """Whether it selects its pods as rollspec's workloads do."""
        return self.selector == {"app.kubernetes.io/name": self.name}

    @property
    def scalers(self) -> list[SourceObject]:
        """What sets the number of its pods."""
        return [*self.group.of("HorizontalPodAutoscaler"), *self.group.of("ScaledObject")]


def workload_of(group: Group) -> Workload:
    """The workload of a group. Raises NotLifted for one that no spec describes."""
    name, data = group.workload.name, without_defaults(group.workload.data, group.workload.kind)
    spec: dict[str, Any] = data.get("spec") or {}
    template: dict[str, Any] = spec.get("template") or {}
    pod: dict[str, Any] = template.get("spec") or {}
    selector = spec.get("selector") or {}
    if selector.get("matchExpressions"):
        raise NotLifted("its selector has `matchExpressions`, and that of a spec has only labels")
    main, labels = main_container(template, name, group.of("Service")), selector.get("matchLabels") or {}
    if not pod.get("containers"):
        raise NotLifted("it has no container")
    files, config_map = files_of(group, pod, pod["containers"][main])
    if config_map is not None:
        pod = {**pod, "volumes": [each for each in pod["volumes"] if each["name"] != VOLUME]}
    return Workload(group, name, spec, template, pod, labels, main, _own_service(group, spec), files, config_map)


def _own_service(group: Group, spec: Mapping[str, Any]) -> SourceObject | None:
    """The Service that becomes the app's: the one of its name, else the first that has an address."""
    found = [each for each in group.of("Service") if each.spec.get("ports") and each.spec.get("selector")]
    found = [each for each in found if each.spec.get("type") != "ExternalName"]
    wanted = [*stable_services(spec), group.workload.name]
    if preview_service(spec):
        found = [each for each in found if each.name != preview_service(spec)]
    named = [each for name in wanted for each in found if each.name == name]
    return next(iter([*named, *(each for each in found if each.spec.get("clusterIP") != "None"), *found]), None)
