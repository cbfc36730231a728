"""Which objects belong to which workload, and to it alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.hooks import job_of_spec, one_hook
from renderer.importing.live import is_in_flight
from renderer.importing.source import SourceObject
from renderer.manifest import ISTIO_ROUTING, JOBS, WORKLOADS, Identity
from renderer.plain import mapping

# Where the pod template of a kind is.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_BY_POD_LABELS: Mapping[str, tuple[str, ...]] = {
    "Service": ("spec", "selector"),
    "PodDisruptionBudget": ("spec", "selector", "matchLabels"),
    "NetworkPolicy": ("spec", "podSelector", "matchLabels"),
    "PodMonitor": ("spec", "selector", "matchLabels"),
    "AuthorizationPolicy": ("spec", "selector", "matchLabels"),
    "PeerAuthentication": ("spec", "selector", "matchLabels"),
    "RequestAuthentication": ("spec", "selector", "matchLabels"),
    "Sidecar": ("spec", "workloadSelector", "labels"),
}
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler")
_NAMED_IN_TEMPLATE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ConfigMap": (("configMap", "name"), ("configMapRef", "name"), ("configMapKeyRef", "name")),
    "Secret": (("secret", "secretName"), ("secret", "name"), ("secretRef", "name"), ("secretKeyRef", "name")),
    "PersistentVolumeClaim": (("persistentVolumeClaim", "claimName"),),
}


_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A workload and what belongs to it alone; `reference` is the Deployment that a Rollout takes its template from."""

    workload: SourceObject
    objects: tuple[SourceObject, ...]
    reference: SourceObject | None = None
    as_objects: frozenset[Identity] = frozenset()  # objects that cannot become fields

    def of(self, kind: str) -> list[SourceObject]:
        """Its objects of a kind that may become fields."""
        return [each for each in self.objects if each.kind == kind and each.identity not in self.as_objects]


def grouped(objects: Sequence[SourceObject]) -> tuple[list[Group], list[SourceObject]]:
    """The workloads with their objects, and the objects that belong to none or to several; in the order given."""
    references = _references(objects)
    taken = {id(each) for each in references.values()}
    workloads = [each for each in objects if each.kind in WORKLOADS and id(each) not in taken]
    owners = _Owners(objects, references)
    groups: dict[int, list[SourceObject]] = {id(each): [] for each in workloads}
    rest = []
    for each in objects:
        if id(each) in groups or id(each) in taken:
            continue
        found = owners.of(each)
        if len(found) == 1 and id(found[0]) in groups:
            groups[id(found[0])].append(each)
        else:
            rest.append(each)
    made = [Group(each, tuple(groups[id(each)]), references.get(id(each))) for each in workloads]
    return made, rest


def template_of(each: SourceObject) -> dict[str, Any]:
    """The pod template of an object of a kind that has one; empty for others."""
    found: Any = each.data
    for key in template_path(each.kind):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def template_path(kind: str) -> tuple[str, ...]:
    """Where the pod template of a kind is; where nothing is for others."""
    return _TEMPLATES.get(kind, ("no template",))


def pod_labels(template: Mapping[str, Any]) -> dict[str, Any]:
    """The labels of a template's pods."""
    return dict((template.get("metadata") or {}).get("labels") or {})


def _references(objects: Sequence[SourceObject]) -> dict[int, SourceObject]:
    """The Deployment that a Rollout names in `workloadRef`, by the id of the Rollout."""
    deployments = {(each.namespace, each.name): each for each in objects if each.kind == "Deployment"}
    found = {}
    for each in objects:
        reference = each.spec.get("workloadRef") if each.kind == "Rollout" else None
        if isinstance(reference, dict) and reference.get("kind") == "Deployment":
            deployment = deployments.get((each.namespace, str(reference.get("name"))))
            if deployment is not None:
                found[id(each)] = deployment
    return found


class _Owners:
    """Says which workloads an object belongs to; each question is one look into an index."""

    def __init__(self, objects: Sequence[SourceObject], references: Mapping[int, SourceObject]) -> None:
        taken = {id(each) for each in references.values()}
        self._by_label: dict[_Key, list[tuple[SourceObject, dict[str, Any]]]] = defaultdict(list)
        self._by_target: dict[_Key, list[SourceObject]] = defaultdict(list)
        self._by_name: dict[_Key, list[SourceObject]] = defaultdict(list)
        self._by_service: dict[_Key, list[SourceObject]] = {}
        self._services: dict[_Key, list[SourceObject]] = defaultdict(list)
        self._bindings: dict[_Key, list[SourceObject]] = defaultdict(list)
        self._by_image: dict[_Key, list[SourceObject]] = defaultdict(list)
        for each in objects:
            if each.kind in WORKLOADS and id(each) not in taken and not is_in_flight(each):
                for image in _images(template_of(references.get(id(each), each))):
                    self._by_image[each.namespace, image].append(each)
        owners = [each for each in objects if each.kind in _TEMPLATES and id(each) not in taken]
        for each in sorted(owners, key=lambda owner: owner.kind not in WORKLOADS):
            if not self._of_job(each):  # what a job of an app uses is the app's
                self._add(each, template_of(references.get(id(each), each)))
        for each in objects:
            if each.kind == "Service":
                self._by_service[each.namespace, each.name] = self._of_labels(each)
                for pair in each.labels.items():
                    self._services[each.namespace, *pair].append(each)
            elif each.kind == "RoleBinding":
                role = mapping(each.data.get("roleRef"))
                self._bindings[each.namespace, str(role.get("kind")), str(role.get("name"))].append(each)
        for each in objects:
            for name in _services_of(each):
                self._by_service.setdefault((each.namespace, name), [each])

    def _add(self, owner: SourceObject, template: Mapping[str, Any]) -> None:
        """Enter a workload under everything that may lead to it."""
        namespace, labels = owner.namespace, pod_labels(template)
        for key, value in labels.items():
            self._by_label[namespace, key, str(value)].append((owner, labels))
        self._by_target[namespace, owner.kind, owner.name].append(owner)
        account = mapping(template.get("spec")).get("serviceAccountName")
        if account:
            self._by_name[namespace, "ServiceAccount", str(account)].append(owner)
        found = {(kind, name) for kind, name in _names(template)}
        found |= {("AnalysisTemplate", str(name)) for name in values(owner.spec.get("strategy"), "templateName")}
        for kind, name in sorted(found):
            self._by_name[namespace, kind, name].append(owner)

    def of(self, each: SourceObject) -> list[SourceObject]:
        """The workloads that the object belongs to, without repeats."""
        if each.kind in _BY_POD_LABELS:
            found: Iterable[SourceObject] = self._of_labels(each)
        elif each.kind in _SCALERS:
            found = self._of_target(each)
        elif each.kind in _ROUTES:
            found = self._of_services(each.namespace, _ROUTES[each.kind](each))
        elif each.kind == "ServiceMonitor":
            found = self._of_monitor(each)
        elif each.kind in JOBS:
            found = self._of_job(each)
        elif each.kind == "RoleBinding":
            found = self._of_subjects(each)
        elif each.kind == "Role":
            bindings = self._bindings.get((each.namespace, "Role", each.name), ())
            found = [owner for binding in bindings for owner in self._of_subjects(binding)]
        else:
            found = self._by_name.get((each.namespace, each.kind, each.name), ())
        return [*{id(one): one for one in found}.values()]

    def _of_labels(self, each: SourceObject) -> list[SourceObject]:
        selector: Any = each.data
        for key in _BY_POD_LABELS[each.kind]:
            selector = mapping(selector).get(key)
        wanted = {str(key): str(value) for key, value in mapping(selector).items()}
        found = [self._by_label.get((each.namespace, *pair), []) for pair in wanted.items()]
        candidates = min(found, key=len) if found else []
        return [owner for owner, labels in candidates if wanted.items() <= labels.items()]

    def _of_target(self, each: SourceObject) -> list[SourceObject]:
        target = mapping(each.spec.get("scaleTargetRef") or each.spec.get("targetRef"))
        kind, name = str(target.get("kind", "Deployment")), str(target.get("name"))
        return self._by_target.get((each.namespace, kind, name), [])

    def _of_job(self, each: SourceObject) -> list[SourceObject]:
        """The workload whose spec has the Job or CronJob among its `jobs`, or can have it: the image is the same."""
        if each.kind not in JOBS:
            return []
        if job_of_spec(each.data) is None:
            return self._of_image(each)
        name = str(pod_labels(template_of(each)).get("app.kubernetes.io/part-of"))
        found = [owner for kind in WORKLOADS for owner in self._by_target.get((each.namespace, kind, name), ())]
        return found or self._of_image(each)

    def _of_image(self, each: SourceObject) -> list[SourceObject]:
        """The workload with the image of a CronJob or a hook.

        Of several the one whose name the job's begins with, else the one that is named like the image.
        """
        if each.kind == "Job" and not one_hook(each.data):
            return []
        images = [*_images(template_of(each))]
        found = [*{id(one): one for one in self._by_image.get((each.namespace, *images[:1]), ())}.values()]
        if len(found) < 2:
            return found
        named = [owner for owner in found if f"{each.name}-".startswith(f"{owner.name}-")]
        last = images[0].rpartition("/")[2].partition("@")[0].partition(":")[0]
        return sorted(named, key=lambda owner: len(owner.name))[-1:] or [one for one in found if one.name == last]

    def _of_services(self, namespace: str, names: Iterable[str]) -> Iterator[SourceObject]:
        """The owners of Services; a name may be a host of the cluster."""
        for name in names:
            short, _, rest = name.partition(".")
            yield from self._by_service.get((rest.partition(".")[0] or namespace, short), [])

    def _of_subjects(self, each: SourceObject) -> Iterator[SourceObject]:
        """The workloads whose ServiceAccounts a RoleBinding names."""
        for subject in each.data.get("subjects") or ():
            kind, name = str(mapping(subject).get("kind")), str(mapping(subject).get("name"))
            yield from self._by_name.get((each.namespace, kind, name), []) if kind == "ServiceAccount" else []

    def _of_monitor(self, each: SourceObject) -> Iterator[SourceObject]:
        """The owners of the Services whose labels a ServiceMonitor selects."""
        wanted = mapping(mapping(each.spec.get("selector")).get("matchLabels"))
        found = [self._services.get((each.namespace, str(key), str(value)), []) for key, value in wanted.items()]
        for service in min(found, key=len) if found else ():
            if wanted.items() <= service.labels.items():
                yield from self._by_service[service.namespace, service.name]


def _images(template: Mapping[str, Any]) -> Iterator[str]:
    """The images of a template's containers."""
    for container in mapping(template.get("spec")).get("containers") or ():
        yield str(mapping(container).get("image"))


def _services_of(rollout: SourceObject) -> Iterator[str]:
    """The Services that a Rollout names: the controller writes their selectors."""
    for strategy in mapping(rollout.spec.get("strategy")).values() if rollout.kind == "Rollout" else ():
        for key in ("canaryService", "stableService", "activeService", "previewService"):
            if isinstance(strategy, dict) and strategy.get(key):
                yield str(strategy[key])


def _backends(ingress: SourceObject) -> Iterator[str]:
    """The Services that an Ingress leads to."""
    for service in values(ingress.spec, "service"):
        yield str(mapping(service).get("name", ""))


def _destinations(route: SourceObject) -> Iterator[str]:
    """The Services that a route of Istio or of the Gateway API, or a DestinationRule, leads to."""
    yield from (str(host) for host in values(route.spec, "host"))
    for references in values(route.spec, "backendRefs"):
        for reference in references if isinstance(references, list) else ():
            if mapping(reference).get("kind", "Service") == "Service":
                yield str(mapping(reference).get("name"))


_ROUTES: Mapping[str, Callable[[SourceObject], Iterable[str]]] = {
    "Ingress": _backends,
    **dict.fromkeys((*ISTIO_ROUTING, "HTTPRoute", "GRPCRoute"), _destinations),
}


# The kinds that are about pods of their own namespace; some are an operator's.
OF_A_NAMESPACE = frozenset((*_BY_POD_LABELS, *_SCALERS, *_ROUTES, "ServiceMonitor"))


def _names(template: Any) -> Iterator[tuple[str, str]]:
    """The kinds and names that a pod template names, anywhere."""
    for kind, keys in _NAMED_IN_TEMPLATE.items():
        for key, name in keys:
            for found in values(template, key):
                if isinstance(found, dict) and isinstance(found.get(name), str):
                    yield kind, found[name]


def values(data: Any, key: str) -> Iterator[Any]:
    """The values of a key, anywhere in the data."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key and value is not None:
                yield value
            if isinstance(value, (dict, list)):
                yield from values(value, key)
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, (dict, list)):
                yield from values(value, key)
