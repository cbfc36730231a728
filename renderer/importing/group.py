"""Which objects belong to which workload, and to it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.importing.source import SourceObject

WORKLOADS = ("Deployment", "Rollout")
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


@dataclass(frozen=True, slots=True)
class Group:
    """A workload and what belongs to it alone; `reference` is the Deployment that a Rollout takes its template from."""

    workload: SourceObject
    objects: tuple[SourceObject, ...]
    reference: SourceObject | None = None

    def of(self, kind: str) -> list[SourceObject]:
        """Its objects of a kind."""
        return [each for each in self.objects if each.kind == kind]


def grouped(objects: Sequence[SourceObject]) -> tuple[list[Group], list[SourceObject]]:
    """The workloads with their objects, and the objects that belong to none or to several; in the order given."""
    references = _references(objects)
    workloads = [each for each in objects if each.kind in WORKLOADS and each not in references.values()]
    owners = _Owners(objects, workloads, references)
    groups: dict[int, list[SourceObject]] = {id(each): [] for each in workloads}
    rest = []
    for each in objects:
        if id(each) in groups or each in references.values():
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
    for key in _TEMPLATES.get(each.kind, ("no template",)):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


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
    """Says which workloads an object belongs to."""

    def __init__(
        self,
        objects: Sequence[SourceObject],
        workloads: Sequence[SourceObject],
        references: Mapping[int, SourceObject],
    ) -> None:
        self._objects = objects
        self._with_pods = [
            (each, template_of(references.get(id(each), each)))
            for each in objects
            if each.kind in _TEMPLATES and each not in references.values()
        ]
        self._by_service: dict[tuple[str, str], list[SourceObject]] = {}
        for each in objects:
            if each.kind == "Service":
                self._by_service[each.namespace, each.name] = self._of_labels(each)
        for each in workloads:
            for name in _services_of(each):
                self._by_service.setdefault((each.namespace, name), [each])

    def of(self, each: SourceObject) -> list[SourceObject]:
        """The workloads that the object belongs to, without repeats."""
        find = _OWNERS.get(each.kind)
        if each.kind in _BY_POD_LABELS:
            found = self._of_labels(each)
        elif each.kind in _SCALERS:
            found = self._of_target(each)
        elif each.kind in _NAMED_IN_TEMPLATE:
            found = self._of_names(each)
        else:
            found = [*find(self, each)] if find else []
        return [*{id(one): one for one in found}.values()]

    def _of_labels(self, each: SourceObject) -> list[SourceObject]:
        selector: Any = each.data
        for key in _BY_POD_LABELS[each.kind]:
            selector = selector.get(key) if isinstance(selector, dict) else None
        if not isinstance(selector, dict) or not selector:
            return []
        return [
            owner
            for owner, template in self._with_pods
            if owner.namespace == each.namespace and selector.items() <= pod_labels(template).items()
        ]

    def _of_target(self, each: SourceObject) -> list[SourceObject]:
        target = each.spec.get("scaleTargetRef") or each.spec.get("targetRef") or {}
        kind, name = target.get("kind", "Deployment"), target.get("name")
        return [
            owner
            for owner, _ in self._with_pods
            if (owner.namespace, owner.kind, owner.name) == (each.namespace, kind, name)
        ]

    def _of_names(self, each: SourceObject) -> list[SourceObject]:
        keys = _NAMED_IN_TEMPLATE[each.kind]
        return [
            owner
            for owner, template in self._with_pods
            if owner.namespace == each.namespace and each.name in set(_names(template, keys))
        ]

    def of_services(self, namespace: str, names: Iterable[str]) -> list[SourceObject]:
        """The owners of Services; a name may be a host of the cluster."""
        found = []
        for name in names:
            short, _, rest = name.partition(".")
            found += self._by_service.get((rest.partition(".")[0] or namespace, short), [])
        return found

    def of_service_account(self, each: SourceObject) -> list[SourceObject]:
        """The workloads whose pods run as it."""
        return [
            owner
            for owner, template in self._with_pods
            if owner.namespace == each.namespace and (template.get("spec") or {}).get("serviceAccountName") == each.name
        ]

    def of_subjects(self, each: SourceObject) -> Iterator[SourceObject]:
        """The workloads whose ServiceAccounts a RoleBinding names."""
        subjects = each.data.get("subjects") or ()
        for subject in subjects:
            for owner, template in self._with_pods:
                account = (template.get("spec") or {}).get("serviceAccountName")
                if (subject.get("kind"), subject.get("name")) == ("ServiceAccount", account):
                    yield owner

    def of_role(self, each: SourceObject) -> Iterator[SourceObject]:
        """The owners of the RoleBindings that name a Role."""
        for other in self._objects:
            reference = other.data.get("roleRef") or {}
            is_binding = other.kind == "RoleBinding" and other.namespace == each.namespace
            if is_binding and (reference.get("kind"), reference.get("name")) == ("Role", each.name):
                yield from self.of_subjects(other)

    def of_monitor(self, each: SourceObject) -> Iterator[SourceObject]:
        """The owners of the Services whose labels a ServiceMonitor selects."""
        selector = (each.spec.get("selector") or {}).get("matchLabels") or {}
        for other in self._objects:
            is_service = other.kind == "Service" and other.namespace == each.namespace
            if is_service and selector and selector.items() <= other.labels.items():
                yield from self._by_service[other.namespace, other.name]

    def of_analysis(self, each: SourceObject) -> Iterator[SourceObject]:
        """The Rollouts that name an AnalysisTemplate."""
        for owner, _ in self._with_pods:
            is_rollout = owner.kind == "Rollout" and owner.namespace == each.namespace
            if is_rollout and each.name in set(_values(owner.spec.get("strategy"), "templateName")):
                yield owner


def _services_of(rollout: SourceObject) -> Iterator[str]:
    """The Services that a Rollout names: the controller writes their selectors."""
    for strategy in (rollout.spec.get("strategy") or {}).values() if rollout.kind == "Rollout" else ():
        for key in ("canaryService", "stableService", "activeService", "previewService"):
            if isinstance(strategy, dict) and strategy.get(key):
                yield str(strategy[key])


def _ingress(owners: _Owners, each: SourceObject) -> list[SourceObject]:
    backends = [each.spec.get("defaultBackend") or {}]
    for rule in each.spec.get("rules") or ():
        backends += [path.get("backend") or {} for path in (rule.get("http") or {}).get("paths") or ()]
    return owners.of_services(each.namespace, [str((back.get("service") or {}).get("name", "")) for back in backends])


def _route(owners: _Owners, each: SourceObject) -> list[SourceObject]:
    """A route of Istio or of the Gateway API, or a DestinationRule."""
    hosts = [str(each.spec["host"])] if "host" in each.spec else [*map(str, _values(each.spec, "host"))]
    backends = [
        str(reference.get("name"))
        for references in _values(each.spec, "backendRefs")
        for reference in references
        if reference.get("kind", "Service") == "Service"
    ]
    return owners.of_services(each.namespace, [*hosts, *backends])


_OWNERS: Mapping[str, Callable[[_Owners, SourceObject], Iterable[SourceObject]]] = {
    "Ingress": _ingress,
    "VirtualService": _route,
    "DestinationRule": _route,
    "HTTPRoute.gateway.networking.k8s.io": _route,
    "HTTPRoute": _route,
    "GRPCRoute": _route,
    "ServiceAccount": _Owners.of_service_account,
    "RoleBinding": _Owners.of_subjects,
    "Role": _Owners.of_role,
    "ServiceMonitor": _Owners.of_monitor,
    "AnalysisTemplate": _Owners.of_analysis,
}


def _names(data: Any, keys: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """The names below pairs of keys, such as `configMapRef` and `name`, anywhere in the data."""
    for key, name in keys:
        for found in _values(data, key):
            if isinstance(found, dict) and isinstance(found.get(name), str):
                yield found[name]


def _values(data: Any, key: str) -> Iterator[Any]:
    """The values of a key, anywhere in the data."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == key and value is not None:
                yield value
            yield from _values(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _values(value, key)
