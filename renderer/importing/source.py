"""The objects of a source, without what the server and its controllers wrote into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from renderer.hooks import is_only_of_helm
from renderer.importing.comment_lines import Comments, comments_of
from renderer.importing.stream import pieces
from renderer.manifest import ROLLOUT_HASH, Identity, Object, kind_of
from renderer.plain import mapping
from renderer.problem import Problem
from renderer.yamlio import load_all

_SERVER_METADATA = (
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "deletionTimestamp",
    "deletionGracePeriodSeconds", "ownerReferences",
)  # fmt: skip
_SERVER_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
    "rollout.argoproj.io/revision", "argo-rollouts.argoproj.io/managed-by-rollouts",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics", "batch.kubernetes.io/job-tracking",
    "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id",
)  # fmt: skip
_LABELS_OF_JOB = (
    "controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
)  # fmt: skip
_WITHOUT_NULLS = frozenset(
    ("apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "argoproj.io", "")
)
_TEMPLATE = re.compile(rb"^[^#\"'\n]*\{[{%]", re.MULTILINE)
_ADDRESSES = ("clusterIP", "clusterIPs")
_OF_FAMILIES = ("ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")
_MADE_BY_CONTROLLERS = ("ReplicaSet", "Pod", "Endpoints", "EndpointSlice", "Event", "ControllerRevision", "Lease")


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One object of a source; `status` is what a live object said of itself.

    `stable` is the pod template of the stable version of a Rollout that has a release in flight.
    """

    file: str
    data: Object
    status: Mapping[str, Any]
    comments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the lines above its fields, by pointer
    stable: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Its kind, see `manifest.kind_of`."""
        return kind_of(self.data)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.data["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; empty if it names none."""
        return str(self.data["metadata"].get("namespace") or "")

    @property
    def spec(self) -> dict[str, Any]:
        """Its `spec`."""
        found: dict[str, Any] = self.data.get("spec") or {}
        return found

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return dict(self.data["metadata"].get("labels") or {})

    @property
    def identity(self) -> Identity:
        """What the API server distinguishes it by."""
        group = str(self.data["apiVersion"]).rpartition("/")[0]
        return Identity(group, str(self.data["kind"]), self.namespace, self.name)

    def __str__(self) -> str:
        """`Deployment web`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that is not imported, and why that loses nothing."""

    name: str
    reason: str
    made: str = ""  # its kind, if a controller made it


@dataclass(frozen=True, slots=True)
class Source:
    """What was read."""

    objects: tuple[SourceObject, ...]
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...]
    replica_sets: tuple[Object, ...] = ()  # those of live Rollouts


def read_source(files: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> Source:
    """The objects of files, by name and text or lines, in order; an object that comes twice is a problem.

    A file is read piece by piece, and only the objects are kept.
    """
    found: dict[Identity, SourceObject] = {}
    left_out: list[LeftOut] = []
    problems: list[Problem] = []
    replica_sets: list[Object] = []
    for file, data, comments in _documents(files, problems):
        unfit = _unfit(data)
        made = "" if unfit else _made(data)
        if unfit or made:
            if made.startswith("made by the Rollout") and data["kind"] == "ReplicaSet":
                replica_sets.append(_stripped(data))
            left_out.append(LeftOut(_name(data, file), unfit or made, made=data["kind"] if made else ""))
            continue
        each = SourceObject(file, _stripped(data), mapping(data.get("status")), comments)
        if each.identity in found and found[each.identity].data != each.data:
            message = f"{each} is also in {found[each.identity].file}, and differs there: name one of the two files"
            problems.append(Problem(file, 0, 0, "import-twice", message))
        found.setdefault(each.identity, each)
    return Source(tuple(found.values()), tuple(left_out), tuple(problems), tuple(replica_sets))


def _documents(
    files: Iterable[tuple[str, bytes | Iterable[bytes]]], problems: list[Problem]
) -> Iterator[tuple[str, Any, Comments]]:
    """The documents of files, and the items of Lists, with their comments; problems are added to the list."""
    for file, lines in files:
        for piece in pieces(lines.splitlines(keepends=True) if isinstance(lines, bytes) else lines):
            documents, faults = load_all(piece.text, file)
            problems += [_placed(each, piece.line) for each in _or_template(faults, piece.text, file)]
            if faults:
                break
            comments = comments_of(piece.text)
            of = dict(zip(map(id, documents), comments, strict=True)) if len(comments) == len(documents) else {}
            for data in _flat(documents):
                yield file, data, of.get(id(data), {})


def _or_template(faults: list[Problem], text: bytes, file: str) -> list[Problem]:
    """The faults of a text; one instead of them, if it is a template that nobody has rendered."""
    found = _TEMPLATE.search(text) if faults else None
    if found is None:
        return faults
    line = text.count(b"\n", 0, found.end()) + 1
    message = "a template begins here: import what it renders, such as the output of `helm template NAME CHART`"
    return [Problem(file, line, found.end() - text.rfind(b"\n", 0, found.end()) - 2, "yaml-template", message)]


def _placed(problem: Problem, lines: int) -> Problem:
    """The problem of a piece with its line in the whole stream."""
    if problem.rule == "yaml-size":
        message = "more than 10 MB in one document, and it is not a List as `kubectl get` prints it: split it"
        return replace(problem, line=lines + 1, column=1, message=message)
    return replace(problem, line=problem.line + lines if problem.line else 0)


def _flat(documents: Iterable[Any]) -> Iterator[Any]:
    for data in documents:
        items = data.get("items") if isinstance(data, dict) and str(data.get("kind", "")).endswith("List") else None
        if isinstance(items, list):
            yield from _flat(items)
        else:
            yield data


def _unfit(data: Any) -> str:
    if not isinstance(data, dict) or not all(isinstance(data.get(key), str) for key in ("apiVersion", "kind")):
        return "not a Kubernetes object: it has no `apiVersion` and `kind`"
    if not isinstance(data.get("metadata"), dict) or not isinstance(data["metadata"].get("name"), str):
        if isinstance(data.get("metadata"), dict) and data["metadata"].get("generateName"):
            return "it has `generateName` instead of a name: name its file in `resources` if Argo CD runs it as a hook"
        return "an object without a name"
    notes = data["metadata"].get("annotations")
    if isinstance(notes, dict) and all(isinstance(value, str) for value in notes.values()) and is_only_of_helm(data):
        return "a hook that only Helm runs, such as a test"
    return ""


def _made(data: Object) -> str:
    given = data["metadata"].get("ownerReferences")
    owners = [owner for owner in given if isinstance(owner, dict)] if isinstance(given, list) else []
    for owner in owners:
        if owner.get("controller"):
            return f"made by the {owner.get('kind')} {owner.get('name')}"
    if data["kind"] in _MADE_BY_CONTROLLERS and "uid" in data["metadata"]:
        return "made by a controller"
    if data["kind"] == "ConfigMap" and data["metadata"]["name"] in ("kube-root-ca.crt", "istio-ca-root-cert"):
        return "made by a controller"
    return ""


def _name(data: Any, file: str) -> str:
    metadata = mapping(mapping(data).get("metadata"))
    name = metadata.get("name") or metadata.get("generateName")
    if name:
        return f"{data.get('kind')} {name}"
    return f"a document of {file}"


def _stripped(data: Object) -> Object:
    """The object as a person would have applied it."""
    if str(data["apiVersion"]).rpartition("/")[0] in _WITHOUT_NULLS:
        data = _without_nulls(data)
    is_live = "uid" in data["metadata"]
    found = {key: value for key, value in data.items() if key != "status"}
    found["metadata"] = _own_metadata(data["metadata"])
    if isinstance(found.get("spec"), dict):
        if is_live and found["kind"] == "Job":
            found = _without_own_selector(found)
        found["spec"] = _own_spec(found["kind"], found["spec"], is_live=is_live)
    return found


def _own_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata without what only the server writes."""
    found = {key: value for key, value in metadata.items() if key not in _SERVER_METADATA}
    annotations = found.get("annotations")
    if isinstance(annotations, dict):
        kept = {key: value for key, value in annotations.items() if key not in _SERVER_ANNOTATIONS}
        found["annotations"] = kept
        if not kept:
            del found["annotations"]
    return found


def _own_spec(kind: str, spec: dict[str, Any], *, is_live: bool) -> dict[str, Any]:
    """The spec without what controllers write, and, of an object that runs, without what the server fills in."""
    selector, template = spec.get("selector"), spec.get("template")
    if kind == "Service" and isinstance(selector, dict) and ROLLOUT_HASH in selector:
        spec = {**spec, "selector": {key: value for key, value in selector.items() if key != ROLLOUT_HASH}}
    if kind == "Service" and is_live:
        gone = ("clusterIPs", *_OF_FAMILIES) if spec.get("clusterIP") == "None" else (*_ADDRESSES, *_OF_FAMILIES)
        spec = {key: value for key, value in spec.items() if key not in gone}
    if kind == "DestinationRule" and is_live:
        spec = _without_hashes(spec)
    if isinstance(template, dict) and isinstance(template.get("metadata"), dict):
        own = {key: value for key, value in template["metadata"].items() if key != "creationTimestamp"}
        spec = {**spec, "template": {**template, "metadata": own}}
    return spec


def _without_own_selector(job: Object) -> Object:
    """A Job without the selector and the labels that the API server makes, and refuses in a new object."""
    spec = mapping(job.get("spec"))
    if spec.get("manualSelector"):
        return job
    template = mapping(spec.get("template"))
    metadata = _without_labels_of_job(mapping(template.get("metadata")))
    spec = {key: value for key, value in spec.items() if key != "selector"}
    spec = {**spec, "template": {**template, "metadata": metadata}} if template else spec
    return {**job, "metadata": _without_labels_of_job(job["metadata"]), "spec": spec}


def _without_labels_of_job(metadata: dict[str, Any]) -> dict[str, Any]:
    labels = {key: value for key, value in mapping(metadata.get("labels")).items() if key not in _LABELS_OF_JOB}
    rest = {key: value for key, value in metadata.items() if key != "labels"}
    return {**rest, "labels": labels} if labels else rest


def _without_nulls(data: Any) -> Any:
    """The API server drops a null before it looks at an object of its own kinds."""
    if isinstance(data, list):
        return [_without_nulls(each) for each in data]
    if not isinstance(data, dict):
        return data
    return {key: _without_nulls(value) for key, value in data.items() if value is not None}


def _without_hashes(spec: dict[str, Any]) -> dict[str, Any]:
    """The subsets of a DestinationRule without the label that the controller of Rollouts adds."""
    if not isinstance(spec.get("subsets"), list):
        return spec
    return {**spec, "subsets": [_without_hash(each) for each in spec["subsets"]]}


def _without_hash(subset: Any) -> Any:
    labels = mapping(subset).get("labels")
    if not isinstance(labels, dict) or ROLLOUT_HASH not in labels:
        return subset
    return {**subset, "labels": {key: value for key, value in labels.items() if key != ROLLOUT_HASH}}
