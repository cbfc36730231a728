"""What rules look manifests up by: kind, name, and the pods that they make; built once a scene.

An app has few objects, which are looked through as fast as an index of them is made. An environment's `resources` may
be thousands: what is looked for among them is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from renderer.lazy import regex
from renderer.manifest import ANALYSIS_TEMPLATES, Manifest, Object

SELECTING = frozenset({"Deployment", "Rollout", "StatefulSet", "DaemonSet", "ReplicaSet"})
WITH_PODS = SELECTING | {"Job", "CronJob", "Pod"}
PLACEHOLDER = regex(r"\{\{(?:(?!\{\{).)*?\}\}")  # a controller puts a value there, such as `{{args.x}}`

FEW = 8  # manifests of a kind, or pods, which are looked through as fast as an index is made
Made = TypeVar("Made")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Located = tuple[str, Object]  # a JSON pointer into the manifest, and what is there


class ByKind(dict[str, list[Manifest]]):
    """Manifests by kind, and what rules have made of them: an environment's resources are the same for all its apps."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[Callable[[ByKind], Any], Any] = {}

    def once(self, make: Callable[[ByKind], Made]) -> Made:
        """What `make` makes of the manifests; it is called once."""
        if make not in self._made:
            self._made[make] = make(self)
        found: Made = self._made[make]
        return found

    def named(self, kind: str, name: str) -> Sequence[Manifest]:
        """All manifests of the kind that have the name, and perhaps others of the kind where there are few."""
        found = self.get(kind, ())
        return found if len(found) <= FEW else self.once(_by_name).get((kind, str(name)), ())


def _by_name(kinds: ByKind) -> dict[tuple[str, str], list[Manifest]]:
    return grouped(
        ((kind, str((manifest.data.get("metadata") or {}).get("name"))), manifest)
        for kind, manifests in kinds.items()
        for manifest in manifests
    )


def grouped(pairs: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    """The values of each key, in order."""
    found: dict[Key, list[Value]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


ByLabel = dict[tuple[str, str], list[Value]]  # by key and value of each label


def by_label(labelled: Iterable[tuple[Mapping[str, str], Value]]) -> ByLabel[Value]:
    """What has each label, in order."""
    return grouped(((key, str(value)), each) for labels, each in labelled for key, value in labels.items())


def with_rarest(labels: Mapping[str, str], found: ByLabel[Value]) -> Sequence[Value]:
    """What has that one of these labels which the fewest have; nothing without labels."""
    return min((found.get((key, str(value)), ()) for key, value in labels.items()), key=len, default=())


class Pod(NamedTuple):
    """The pods of one manifest: a pod template with its `pointer`, or a Pod itself, with an empty one."""

    manifest: Manifest
    kind: str
    namespace: str
    pointer: str
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: Object
    containers: list[Located]
    inits: list[Located]
    every: list[Located]  # the containers and the init containers
    inside: str = "/spec"  # the pointer of the pod's spec, below `pointer`


class Pods(list[Pod]):
    """Pods in the order of their manifests, and where there are many, the same by name, by namespace and by label."""

    _by_name: dict[str, list[Pod]] | None = None
    _by_namespace: dict[str, list[Pod]] | None = None
    _by_label: ByLabel[Pod] | None = None

    def named(self, name: str) -> Sequence[Pod]:
        """All pods whose manifest has the name, and perhaps others where there are few."""
        if len(self) <= FEW:
            return self
        if self._by_name is None:
            self._by_name = grouped((pod.manifest.name, pod) for pod in self)
        return self._by_name.get(name, ())

    def within(self, namespace: str) -> Sequence[Pod]:
        """All pods of the namespace, and perhaps others where there are few."""
        if len(self) <= FEW:
            return self
        if self._by_namespace is None:
            self._by_namespace = grouped((pod.namespace, pod) for pod in self)
        return self._by_namespace.get(namespace, ())

    def labelled(self, labels: Mapping[str, str]) -> Sequence[Pod]:
        """All pods that have these labels, and perhaps others: those with the rarest of the labels."""
        if len(self) <= FEW or not labels:
            return self
        return with_rarest(labels, self._labels())

    def with_one_of(self, labels: Collection[tuple[str, str]]) -> Sequence[Pod]:
        """All pods that have one of these values of a label, and perhaps others where there are few."""
        if len(self) <= FEW:
            return self
        found = self._labels()
        return [pod for label in labels for pod in found.get(label, ())]

    def _labels(self) -> ByLabel[Pod]:
        if self._by_label is None:
            self._by_label = by_label((pod.labels, pod) for pod in self)
        return self._by_label


@dataclass(slots=True)
class Index:
    """Manifests by kind; the pods of all of them; those pods that a selector of their workload finds again."""

    kinds: ByKind
    pods: Pods
    workloads: Pods
    routes: list[tuple[Manifest, str, Object]]  # every HTTP route of the VirtualServices, with its pointer
    annotated: list[Manifest]  # those that have annotations: most rules about annotations look at few manifests
    mesh: bool  # Istio routes something here
    behind: dict[int, tuple[Manifest, list[Pod]]] = field(default_factory=dict, compare=False)  # see `pods_behind`
    within: list[Pod] | None = field(default=None, compare=False)  # see `pods_of`


def by_kind(manifests: Iterable[Manifest]) -> ByKind:
    """The manifests of each kind, in order."""
    return _of_kinds((manifest.kind, manifest) for manifest in manifests)


def _of_kinds(manifests: Iterable[tuple[str, Manifest]]) -> ByKind:
    found = ByKind()
    for kind, manifest in manifests:
        found.setdefault(kind, []).append(manifest)
    return found


def index(manifests: Sequence[Manifest]) -> Index:
    """Look at each manifest once."""
    with_kinds = [(manifest.kind, manifest) for manifest in manifests]
    kinds = _of_kinds(with_kinds)
    pods = Pods()
    for kind, manifest in with_kinds:
        if kind in WITH_PODS and (pod := pod_of(manifest, kind)) is not None:
            pods.append(pod)
        elif kind in ANALYSIS_TEMPLATES:
            pods += _jobs(manifest)
    workloads = Pods([pod for pod in pods if pod.kind in SELECTING])
    routes = [route for manifest in kinds.get("VirtualService", ()) for route in _routes(manifest)]
    annotated = [manifest for manifest in manifests if (manifest.data.get("metadata") or {}).get("annotations")]
    return Index(kinds, pods, workloads, routes, annotated, "VirtualService" in kinds or "DestinationRule" in kinds)


def _routes(manifest: Manifest) -> list[tuple[Manifest, str, Object]]:
    routes = (manifest.data.get("spec") or {}).get("http") or ()
    return [(manifest, f"/spec/http/{number}", route) for number, route in enumerate(routes)]


def pod_of(manifest: Manifest, kind: str) -> Pod | None:
    """The pods of a manifest of one of the kinds that have a template; None without one (a Rollout's `workloadRef`)."""
    data = manifest.data
    if kind == "Pod":
        pointer, template = "", data
    else:
        spec = data.get("spec") or {}
        if kind == "CronJob":
            spec = (spec.get("jobTemplate") or {}).get("spec") or {}
        pointer = "/spec/template" if kind != "CronJob" else "/spec/jobTemplate/spec/template"
        if spec.get("template") is None:
            return None
        template = spec["template"]
    return located_pod(manifest, kind, pointer, template)


def _jobs(manifest: Manifest) -> Iterator[Pod]:
    """The pods of the metrics of an AnalysisTemplate that are Jobs; a placeholder stands for some word."""
    for number, metric in enumerate((manifest.data.get("spec") or {}).get("metrics") or ()):
        job = (metric.get("provider") or {}).get("job") or {}
        template = (job.get("spec") or {}).get("template")
        if template:
            pointer = f"/spec/metrics/{number}/provider/job/spec/template"
            yield located_pod(manifest, "Job", pointer, _filled(template))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return PLACEHOLDER.sub("x", value) if isinstance(value, str) and "{{" in value else value


def located_pod(manifest: Manifest, kind: str, pointer: str, template: Object) -> Pod:
    """The pods of a template that is at a pointer of the manifest."""
    inside, about = template.get("spec") or {}, template.get("metadata") or {}
    containers = _located(inside.get("containers"), pointer + "/spec/containers/")
    inits = _located(inside.get("initContainers"), pointer + "/spec/initContainers/")
    labels, annotations = about.get("labels") or {}, about.get("annotations") or {}
    every = inits + containers
    return Pod(manifest, kind, manifest.namespace, pointer, labels, annotations, inside, containers, inits, every)


def _located(items: list[Object] | None, pointer: str) -> list[Located]:
    return [(f"{pointer}{number}", item) for number, item in enumerate(items)] if items else []


def listed_ports(pod: Pod) -> list[Object]:
    """The ports that the containers of a pod list."""
    return [port for _, container in pod.every for port in container.get("ports") or ()]


def port_number(pod: Pod, target: int | str | None) -> int | None:
    """The number of the port that a `targetPort` means; None for a name that no container lists."""
    if isinstance(target, int):
        return target
    return next((port.get("containerPort") for port in listed_ports(pod) if port.get("name") == target), None)


def selects(selector: Object | None, labels: dict[str, str]) -> bool:
    """A label selector finds these labels; an empty or missing one finds none here."""
    if not selector:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return (
        bool(wanted or expressions) and wanted.items() <= labels.items() and all(_holds(e, labels) for e in expressions)
    )


def labels_by_role(pod: Pod) -> list[dict[str, str]]:
    """The labels of the pods as the template has them, then with those that a Rollout's controller gives each role."""
    strategy = (pod.manifest.data.get("spec") or {}).get("strategy") or {}
    blocks = [strategy.get(kind) or {} for kind in ("canary", "blueGreen")] if pod.kind == "Rollout" else []
    given = [value or {} for block in blocks for key, value in block.items() if key.endswith("Metadata")]
    return [pod.labels, *({**pod.labels, **(each.get("labels") or {})} for each in given)]


def is_selector(selector: Object) -> bool:
    """Whether it has the form of a label selector: a schema may not have checked it."""
    labels, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    return (
        isinstance(labels, dict)
        and all(isinstance(value, str) for value in labels.values())
        and isinstance(expressions, list)
        and all(
            isinstance(each, dict) and isinstance(each.get("key"), str) and isinstance(each.get("values") or [], list)
            for each in expressions
        )
    )


def _holds(expression: Object, labels: dict[str, str]) -> bool:
    value = labels.get(expression.get("key", ""))
    values = expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
