"""A workload and its objects -> the fields of a spec, as a person would write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from renderer.facts import copied
from renderer.hooks import JOB
from renderer.importing.defaults import without_defaults
from renderer.importing.flight import of_two_versions
from renderer.importing.group import Group
from renderer.importing.jobs import env_of, job_fields, job_name
from renderer.importing.live import is_in_flight
from renderer.importing.main_container import main_container
from renderer.importing.own import files_of, istio_of, scaled_by_others, without_own_annotations
from renderer.importing.ports import by_number, is_derived, port_of, without_target
from renderer.importing.reference import about_reference, with_template
from renderer.importing.rollout import NotLifted, lifted_strategy, preview_service, stable_services
from renderer.importing.source import SourceObject
from renderer.lazy import regex
from renderer.manifest import SYNC_OPTIONS
from renderer.render.files import VOLUME
from renderer.render.objects import wave
from renderer.render.pods import WAIT_BEFORE_STOP
from renderer.render.workload import RESTARTED_AT
from renderer.rules.autoscaling import DEFAULT_METRICS, utilized, without_request
from renderer.spec import NAME, version_label

_IMAGE = regex(
    r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
)
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}")
_COUNTS = ("minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit")
_VERSION = regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_TIME = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FIRST = wave(-2).items()
SERVICES_FIELD = "`services`"  # the field of a Service besides the app's own
JOBS_FIELD = "`jobs`"
_WITH_LABELS = ("workload", "service", "serviceAccount", "autoscaling", "disruptionBudget")  # have labels of their own


@dataclass(frozen=True, slots=True)
class Lifted:
    """An app: its spec, the objects that became fields of it, and those that go along as they are."""

    name: str
    namespace: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]
    fields: tuple[tuple[SourceObject, str], ...]
    extras: tuple[SourceObject, ...]
    notes: tuple[str, ...]
    main: int = 0  # which container of the source is the app's

    @property
    def objects(self) -> tuple[SourceObject, ...]:
        """All objects of the app."""
        return (*(each for each, _ in self.fields), *self.extras)


def lift(group: Group) -> Lifted:
    """The app of a workload and its objects. Raises NotLifted for what cannot be an app."""
    workload = group.workload
    if not NAME.fullmatch(workload.name):
        form = "at most 53 lower-case letters, digits or `-`, beginning with a letter"
        raise NotLifted(f"`{workload.name}` cannot be an app's name: {form}")
    if not is_in_flight(workload):
        return _lifted(group)
    if workload.stable is None:
        raise NotLifted(
            "a release of it is in flight, and the source does not have the ReplicaSet of its stable version: add the "
            "output of `kubectl get replicasets -o yaml`, or import it when the release has ended"
        )
    data = {**workload.data, "spec": {**workload.spec, "template": dict(workload.stable)}}
    stable = replace(group, workload=replace(workload, data=data))
    return of_two_versions(_lifted(stable), _lifted(group))


def _lifted(group: Group) -> Lifted:
    workload = group.workload
    notes = []
    if "workloadRef" in workload.spec:
        notes = [*about_reference(group)]
        group = with_template(group)
    parts = _Parts(group)
    spec = {**parts.container(), **parts.pod(), **parts.workload()}
    spec |= parts.service()
    spec |= parts.services(spec)
    spec |= parts.routes(spec)
    spec |= parts.scaling()
    if "autoscaling" in spec:
        spec.pop("replicas", None)
    spec |= parts.service_account(spec)
    spec |= parts.disruption_budget()
    spec |= parts.jobs(spec)
    metadata = parts.labels(spec)
    if parts.main:
        spec["patches"] = [_moved(parts.main)]
    taken = {id(each) for each, _ in parts.fields}
    extras = tuple(each for each in group.objects if id(each) not in taken)
    fields, notes = tuple(parts.fields), [*notes, *parts.notes]
    return Lifted(workload.name, workload.namespace, metadata, spec, fields, extras, tuple(notes), parts.main)


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


class _Parts:
    """The parts of a spec, and which objects they were made from."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.fields: list[tuple[SourceObject, str]] = [(group.workload, "the app")]
        self.notes: list[str] = []
        self._name = group.workload.name
        data = without_defaults(group.workload.data, group.workload.kind)
        self._spec: dict[str, Any] = data.get("spec") or {}
        self._template: dict[str, Any] = self._spec.get("template") or {}
        self._pod: dict[str, Any] = self._template.get("spec") or {}
        self._selector: dict[str, Any] = (self._spec.get("selector") or {}).get("matchLabels") or {}
        if (self._spec.get("selector") or {}).get("matchExpressions"):
            raise NotLifted("its selector has `matchExpressions`, and that of a spec has only labels")
        self.main = main_container(self._template, self._name, group.of("Service"))
        self._service = self._own_service()

    def _container_data(self) -> dict[str, Any]:
        containers = self._pod.get("containers") or []
        if not containers:
            raise NotLifted("it has no container")
        found: dict[str, Any] = containers[self.main]
        return found

    def container(self) -> dict[str, Any]:
        """The fields of the main container."""
        container = self._container_data()
        image, tag = image_parts(str(container.get("image", "")))
        found: dict[str, Any] = {"image": image, "tag": tag}
        if tag == "latest" and not str(container["image"]).endswith(":latest"):
            found["omitTag"] = True
            self.notes.append(f"the image {container['image']} has no tag: `omitTag` keeps it so until a release")
        if container.get("name") != self._name:
            found["containerName"] = container.get("name")
            if len(self._pod["containers"]) > 1:
                others = ", ".join(str(each.get("name")) for each in self._pod["containers"] if each is not container)
                self.notes.append(
                    f"the container {container.get('name')} is the app's, whose image a release changes; {others}: "
                    "in `pod.containers`"
                )
        if "env" in container:
            found["env"] = env_of(container["env"])
        found.update((key, container[key]) for key in copied("Spec", "container") if key in container)
        if self._service and container.get("lifecycle") == WAIT_BEFORE_STOP:
            del found["lifecycle"]
        elif self._service and "lifecycle" not in container:
            found["lifecycle"] = {}
        files = self._files()
        if files:
            found.pop("volumeMounts", None)
        return {**found, **files}

    def _files(self) -> dict[str, Any]:
        """`files`, and the volume mounts that are left."""
        container = self._container_data()
        files, config_map = files_of(self.group, self._pod, container)
        if config_map is None:
            return {}
        self.fields.append((config_map, "`files`"))
        self._pod = {**self._pod, "volumes": [each for each in self._pod["volumes"] if each["name"] != VOLUME]}
        mounts = [each for each in container["volumeMounts"] if each["name"] != VOLUME]
        return {"files": files, "volumeMounts": mounts} if mounts else {"files": files}

    def pod(self) -> dict[str, Any]:
        """The other fields of the pod template."""
        containers = self._pod["containers"]
        others = [each for number, each in enumerate(containers) if number != self.main]
        pod = {key: value for key, value in self._pod.items() if key != "containers" and value != []}
        image = self._container_data()["image"]
        for key, found in (("containers", others), ("initContainers", self._pod.get("initContainers"))):
            if found:
                pod[key] = [self._further(each, image) for each in found]
        return {**({"pod": pod} if pod else {}), **self._pod_metadata()}

    def _further(self, container: dict[str, Any], image: str) -> dict[str, Any]:
        """A further container without the app's own image, which rollspec gives it, and without our wait for a stop."""
        found = {key: value for key, value in container.items() if key != "image" or value != image}
        ports = self._service.spec["ports"] if self._service else ()
        targets = {port.get("targetPort") for port in ports}
        serves = any(port.get("name", 0) in targets for port in container.get("ports") or ())
        return {**found, "lifecycle": {}} if serves and "lifecycle" not in found else found

    def _pod_metadata(self) -> dict[str, Any]:
        """`podMetadata`, and the parts of the release state that labels and annotations of pods hold."""
        found: dict[str, Any] = {}
        metadata = self._template.get("metadata") or {}
        _, tag = image_parts(str(self._container_data()["image"]))
        selector = {} if self._has_default_selector() else self._selector
        labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in selector}
        ours = {"app.kubernetes.io/name": self._name, "app": self._name, "version": version_label(tag)}
        if _VERSION.fullmatch(str(labels.get("version", ""))) and labels["version"] != ours["version"]:
            ours["version"] = found["version"] = labels["version"]
        standard = [key for key, value in ours.items() if labels.get(key) == value]
        rest = {key: value for key, value in labels.items() if key not in standard}
        pods: dict[str, Any] = {"labels": rest} if rest else {}
        if any(key not in standard and key not in selector for key in ours):
            pods["standardLabels"] = standard
        annotations = dict(metadata.get("annotations") or {})
        if _TIME.fullmatch(str(annotations.get(RESTARTED_AT, ""))):
            found["restartedAt"] = annotations.pop(RESTARTED_AT)
        if annotations:
            pods["annotations"] = annotations
        return {**found, **({"podMetadata": pods} if pods else {})}

    def _has_default_selector(self) -> bool:
        return self._selector == {"app.kubernetes.io/name": self._name}

    def workload(self) -> dict[str, Any]:
        """The fields of the Deployment itself."""
        found: dict[str, Any] = {}
        if self.group.workload.namespace:
            found["namespace"] = self.group.workload.namespace
        if "replicas" in self._spec:
            found["replicas"] = self._spec["replicas"]
        if self._spec.get("paused"):
            found["paused"] = True
        if not self._has_default_selector():
            found["selector"] = self._selector
        strategy = self._rollout() if self.group.workload.kind == "Rollout" else self._deployment()
        if scaled_by_others(self.group.workload) and not self._scalers():
            found["replicas"] = "external"
        if _TIME.fullmatch(str(self._spec.get("restartAt", ""))):
            found["restartedAt"] = self._spec["restartAt"]
        annotations = without_own_annotations(self.group.workload.data["metadata"].get("annotations"))
        annotations.pop(SYNC_OPTIONS, None)  # rollspec writes those of the workload: a patch keeps other ones
        if annotations:
            found["workload"] = {"annotations": annotations}
        return {**found, **({"strategy": strategy} if strategy else {})}

    def _deployment(self) -> dict[str, Any]:
        given = self._spec.get("strategy") or {}
        strategy: dict[str, Any] = {key: self._spec[key] for key in _COUNTS if key in self._spec}
        if given.get("type") == "Recreate":
            return {"type": "Recreate", **strategy}
        surge = given.get("rollingUpdate") or {}
        strategy.update({"maxSurge": surge["maxSurge"]} if "maxSurge" in surge else {})
        if surge.get("maxUnavailable", "25%") != 0:
            strategy["maxUnavailable"] = surge.get("maxUnavailable", "25%")
        return strategy

    def _rollout(self) -> dict[str, Any]:
        strategy, notes = lifted_strategy(self._spec)
        self.notes += notes
        if strategy["type"] == "BlueGreen":
            name = strategy.get("previewService")
            previews = [each for each in self.group.of("Service") if each.name == name]
            self.fields += [(each, "`strategy.previewService`") for each in previews]
            if self._service and name == f"{self._service.name}-preview":
                del strategy["previewService"]
        return strategy

    def _own_service(self) -> SourceObject | None:
        """The Service that becomes the app's: the one of its name, else the first that has an address."""
        found = [each for each in self.group.of("Service") if each.spec.get("ports") and each.spec.get("selector")]
        found = [each for each in found if each.spec.get("type") != "ExternalName"]
        wanted = [*stable_services(self._spec), self._name]
        if preview_service(self._spec):
            found = [each for each in found if each.name != preview_service(self._spec)]
        named = [each for name in wanted for each in found if each.name == name]
        return next(iter([*named, *(each for each in found if each.spec.get("clusterIP") != "None"), *found]), None)

    def service(self) -> dict[str, Any]:
        """`ports`, `containerPorts` and `service`."""
        listed = self._container_data().get("ports") or []
        if self._service is None:
            return {"ports": [], **({"containerPorts": listed} if listed else {})}
        data = without_defaults(self._service.data, "Service")
        self.fields.append((self._service, "`ports` and `service`"))
        ports = [port_of(port) for port in data["spec"]["ports"]]
        found: dict[str, Any] = {"ports": ports}
        named = by_number(ports, listed)
        if named and is_derived(named, listed):
            found["ports"] = [without_target(port) for port in named]
        else:
            found["containerPorts"] = listed
        rest = {key: value for key, value in data["spec"].items() if key not in ("ports", "selector")}
        service: dict[str, Any] = {} if self._service.name == self._name else {"name": self._service.name}
        annotations = without_own_annotations(data["metadata"].get("annotations"))
        if annotations:
            service["annotations"] = annotations
        if data["spec"]["selector"] != self._selector:
            service["selector"] = data["spec"]["selector"]
        service |= rest
        return {**found, **({"service": service} if service else {})}

    def services(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """`services`: what leads to the app's pods besides its Service; the Services of a Rollout stay apart."""
        taken = {id(each) for each, _ in self.fields}
        selector = spec.get("service", {}).get("selector") or self._selector
        found: dict[str, Any] = {}
        for each in self.group.of("Service"):
            if id(each) in taken or not each.spec.get("ports") or each.name == preview_service(self._spec):
                continue
            data = without_defaults(each.data, "Service")
            annotations = without_own_annotations(data["metadata"].get("annotations"))
            rest = {key: value for key, value in data["spec"].items() if key != "selector" or value != selector}
            found[each.name] = {**({"annotations": annotations} if annotations else {}), **rest}
            self.fields.append((each, SERVICES_FIELD))
        return {"services": found} if found else {}

    def routes(self, spec: dict[str, Any]) -> dict[str, Any]:
        """`istio`, where the VirtualService and the DestinationRule look as rollspec's do."""
        if self._service is None:
            return {}
        host = f"{self._service.name}.{self._service.namespace}.svc.cluster.local"
        found, fields = istio_of(self.group, host, [str(port["name"]) for port in spec["ports"]])
        self.fields += fields
        strategy = spec.get("strategy") or {}
        if not fields:
            return {}
        if "trafficRouting" not in strategy:
            return {"istio": found}
        del strategy["trafficRouting"]  # it names the routes and subsets of these two
        return {"istio": found} if found else {}

    def _scalers(self) -> list[SourceObject]:
        return [*self.group.of("HorizontalPodAutoscaler"), *self.group.of("ScaledObject")]

    def scaling(self) -> dict[str, Any]:
        """`autoscaling`, or who else sets the number of pods."""
        scalers = self._scalers()
        if not scalers:
            return {}
        own = scalers[0]
        if "replicas" in self._spec and not self.group.workload.status:
            self.notes.append(
                "`replicas` is left out, because its autoscaler sets the number of pods: see docs/import.md"
            )
        self.notes += self._unknown_utilization(scalers)
        if len(scalers) > 1 or own.kind != "HorizontalPodAutoscaler":
            return {"replicas": "external"}
        data = without_defaults(own.data, own.kind)["spec"]
        self.fields.append((own, "`autoscaling`"))
        found = self._named(own)
        found |= {key: data[key] for key in ("minReplicas", "maxReplicas") if key in data}
        metrics = [*data.get("metrics", ())]
        for name in ("cpu", "memory"):
            if metrics and _percent(metrics[0], name) is not None:
                found[name] = _percent(metrics.pop(0), name)
        found |= {"metrics": metrics} if metrics else {}
        found |= {"behavior": data["behavior"]} if "behavior" in data else {}
        return {"autoscaling": found}

    def _named(self, each: SourceObject) -> dict[str, Any]:
        """The name of an object if it is not the app's, and the annotations that it has."""
        name = {} if each.name == self._name else {"name": each.name}
        annotations = each.data["metadata"].get("annotations")
        return {**name, **({"annotations": dict(annotations)} if annotations else {})}

    def _unknown_utilization(self, scalers: Sequence[SourceObject]) -> Iterator[str]:
        """A sentence for each container that keeps an autoscaler from scaling, as it does in the cluster now."""
        for each in scalers:
            data = without_defaults(each.data, each.kind)["spec"]
            is_own = each.kind == "HorizontalPodAutoscaler"
            for block in map(utilized, data.get("metrics", DEFAULT_METRICS) if is_own else ()):
                for container in without_request(self._pod, block, []) if block else ():
                    yield (
                        f"the container {container} has no request of {block['name']}, so the {each} does not scale "
                        "by its utilization now, unless a LimitRange of the cluster adds one"
                    )

    def service_account(self, spec: dict[str, Any]) -> dict[str, Any]:
        """`serviceAccount`, for one of the app's name that has no more than the field can say."""
        for each in self.group.of("ServiceAccount"):
            more = each.data.keys() - {"apiVersion", "kind", "metadata", "automountServiceAccountToken"}
            if each.name == self._name and not more:
                self.fields.append((each, "`serviceAccount`"))
                spec["pod"] = {key: value for key, value in spec["pod"].items() if key != "serviceAccountName"}
                if not spec["pod"]:
                    del spec["pod"]
                annotations = dict(each.data["metadata"].get("annotations") or {})
                if self.group.of("Job"):  # rollspec adds its wave, because it comes before theirs
                    annotations = {key: value for key, value in annotations.items() if (key, value) not in _FIRST}
                found: dict[str, Any] = {"annotations": annotations} if annotations else {}
                if "automountServiceAccountToken" in each.data:
                    found["automountServiceAccountToken"] = each.data["automountServiceAccountToken"]
                return {"serviceAccount": found}
        return {}

    def disruption_budget(self) -> dict[str, Any]:
        """`disruptionBudget`, for one that selects as the workload does."""
        for each in self.group.of("PodDisruptionBudget"):
            spec = each.spec
            if spec.get("selector") == {"matchLabels": self._selector}:
                self.fields.append((each, "`disruptionBudget`"))
                return {
                    "disruptionBudget": {**self._named(each), **{key: spec[key] for key in spec if key != "selector"}}
                }
        return {}

    def jobs(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """`jobs`, for the CronJobs, hooks and Jobs of the app."""
        found: dict[str, Any] = {}
        for each in (*self.group.of("CronJob"), *self.group.of("Job")):
            name = job_name(each, self._name)
            fields = None if name in found else job_fields(each, name, self._name, spec)
            if fields is not None:
                found[name] = fields
                self.fields.append((each, JOBS_FIELD))
        return {"jobs": found} if found else {}

    def labels(self, spec: dict[str, Any]) -> dict[str, Any]:
        """The app's metadata: the labels that all of its objects have; the others are put where they belong."""
        objects = [each for each, _ in self.fields]
        others = [each for each in self.group.objects if each not in objects]
        shared = dict(objects[0].labels)
        for each in [*objects, *others]:
            shared = {key: value for key, value in shared.items() if each.labels.get(key) == value}
        for each, part in self.fields:
            own = {key: value for key, value in each.labels.items() if key not in shared}
            field = {"the app": "workload", "`ports` and `service`": "service"}.get(part, part.strip("`"))
            if own and field in _WITH_LABELS:
                spec[field] = {"labels": own, **spec.get(field, {})}
            elif own and part == SERVICES_FIELD:
                spec["services"][each.name] = {"labels": own, **spec["services"][each.name]}
            elif part == JOBS_FIELD and own.keys() - {JOB}:
                job = spec["jobs"][job_name(each, self._name)]
                job["labels"] = {key: value for key, value in own.items() if key != JOB}
        ours = {"app.kubernetes.io/name": self._name, "app.kubernetes.io/managed-by": "rollspec"}
        standard = [key for key, value in ours.items() if shared.get(key) == value]
        rest = {key: value for key, value in shared.items() if key not in standard}
        found: dict[str, Any] = {"labels": rest} if rest else {}
        return {**found, **({"standardLabels": standard} if len(standard) < len(ours) else {})}


def _moved(main: int) -> dict[str, Any]:
    """A patch that puts the app's container where it was: rollspec renders it first."""
    containers = "/spec/template/spec/containers"
    move = {"op": "move", "from": f"{containers}/0", "path": f"{containers}/{main}"}
    return {"target": {"kind": "Workload"}, "patch": [move]}


def _percent(metric: Mapping[str, Any], name: str) -> int | None:
    target = {"type": "Utilization"}
    resource = metric.get("resource") or {}
    given = resource.get("target") or {}
    if metric.get("type") != "Resource" or resource.get("name") != name or metric.keys() != {"type", "resource"}:
        return None
    percent = given.get("averageUtilization")
    return percent if given == {**target, "averageUtilization": percent} and isinstance(percent, int) else None
