"""The effective spec of one app in one environment, as frozen values; it is made from data that the schema accepted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from renderer.facts import version_fields
from renderer.lazy import regex
from renderer.protocols import protocol, section

Data = dict[str, Any]
API_VERSION = "rollspec/v1"  # of every kind of ours
NAME = regex(r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?")  # of an app, an environment, a namespace
StrategyType = Literal["RollingUpdate", "Recreate", "BlueGreen", "Canary"]
RouterType = Literal["replica", "istio"]

OBJECT_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/managed-by")  # the standard labels of each manifest
_DIGEST = regex(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}(?![0-9a-f])")
VERSION_STATES = ("canary", "preview", "previous", "aborted")
ROLLOUT_STRATEGIES = frozenset(("BlueGreen", "Canary"))


class Port(NamedTuple):
    """One port: `target` is the container's port number, or the name of a port of another container."""

    name: str
    port: int
    target: int | str
    protocol: str
    app_protocol: str | None
    node_port: int | None

    @property
    def route(self) -> Literal["http", "tls", "tcp", "none"]:
        """How Istio routes it; `none` for UDP and SCTP."""
        return section(protocol(self.app_protocol, self.name)) if self.protocol == "TCP" else "none"


class Version(NamedTuple):
    """What the pods of one version are made of; `fields` are those of the spec that make a version."""

    tag: str
    version: str
    fields: Mapping[str, Any]

    @property
    def image(self) -> str:
        """Repository, tag and digest as the kubelet takes them."""
        if self.tag == "latest" and self.fields.get("omitTag"):
            return str(self.fields["image"])
        separator = "@" if self.tag.startswith("sha256:") else ":"
        return f"{self.fields['image']}{separator}{self.tag}"

    @property
    def name(self) -> str:
        """The version's name, as people read it."""
        return version_name(self.tag, self.version)


class Canary(NamedTuple):
    """A canary in flight: `weight` in percent, None under a ladder; `from_weight` is the weight it had before."""

    version: Version
    weight: int | None
    from_weight: int | None


class Strategy(NamedTuple):
    """How a new version is rolled out; `fields` as written, under Kubernetes' and Argo Rollouts' own names."""

    type: StrategyType
    router: RouterType
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        """`Canary by istio`, `RollingUpdate`, ..."""
        return f"Canary by {self.router}" if self.type == "Canary" else self.type

    @property
    def is_rollout(self) -> bool:
        """Whether the workload is an Argo Rollouts Rollout."""
        return self.type in ROLLOUT_STRATEGIES

    @property
    def ends_by_itself(self) -> bool:
        """Whether its ladder goes on to 100 % without a promotion in Git."""
        return bool(self.fields.get("autoPromotionEnabled"))

    @property
    def is_routed(self) -> bool:
        """Whether routing sets the canary's share, not the ratio of pods."""
        return self.type == "Canary" and self.router != "replica"

    @property
    def own_routes(self) -> Mapping[str, Any]:
        """Argo Rollouts' `istio`, if the VirtualService is a plain manifest that the spec names; else empty."""
        found: Mapping[str, Any] = self.fields.get("trafficRouting", {}).get("istio", {})
        return found

    @property
    def by_istio(self) -> bool:
        """Whether the canary's share is a weight in a VirtualService."""
        return self.type == "Canary" and self.router == "istio"


class Around(NamedTuple):
    """What an app gets from its environment and its project, next to its effective spec: see App's fields."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    cluster_domain: str = "cluster.local"
    level: int = 1
    waypoint: str = ""
    standard_labels: tuple[str, ...] = OBJECT_LABELS


NOTHING_AROUND = Around({}, {})


class App(NamedTuple):
    """One app in one environment."""

    name: str
    env: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]
    ports: tuple[Port, ...]
    strategy: Strategy
    stable: Version
    canary: Canary | None
    preview: Version | None
    previous: Version | None
    previous_weight: int | None
    aborted: Version | None
    migrating_from: Strategy | None  # its workload is rendered too until the switch is over
    after: Strategy | None  # its workload is removed; its subsets are still rendered
    cluster_domain: str
    level: int = 1  # the render level of its project
    waypoint: str = ""  # of its Services in Istio's ambient mode; `namespace` where the namespace names it
    standard_labels: tuple[str, ...] = OBJECT_LABELS  # those of them that its manifests get

    @property
    def running(self) -> Version:
        """The version in the workload's pod template: what is in flight, else the stable one."""
        if self.canary is not None:
            return self.canary.version
        return self.preview or self.stable

    @property
    def takes_away(self) -> bool:
        """Whether its last edit took traffic from a new version: an abort, an undo, a lower weight or a pause."""
        if self.canary is not None:
            weight, before = self.canary.weight, self.canary.from_weight
            return bool(self.spec.get("paused")) or (weight is not None and before is not None and weight < before)
        taken_back = self.aborted is not None or bool(self.spec.get("previous", {}).get("undone"))
        return bool(self.spec.get("paused")) or (self.preview is None and taken_back)

    @property
    def splits(self) -> bool:
        """Whether its routes lead to the subsets of a Rollout."""
        return self.strategy.by_istio or bool(self.migrating_from and self.migrating_from.by_istio)

    @property
    def becomes_blue_green(self) -> bool:
        """Whether its Service selects the stable pods alone: the last stage of a Canary before it is a BlueGreen."""
        target = self.spec.get("migration", {}).get("to", {}).get("type")
        return target == "BlueGreen" and (self.level >= 2 or bool(self.after and not self.after.is_routed))

    @property
    def scaled_by_others(self) -> bool:
        """Whether an autoscaler, of ours or of somebody else, owns the number of pods."""
        return "autoscaling" in self.spec or self.spec.get("replicas") == "external"

    @property
    def hands_over(self) -> bool:
        """Whether `replicas` is still next to `autoscaling`: the first stage of adding an autoscaler."""
        return "autoscaling" in self.spec and "replicas" in self.spec

    @property
    def service_name(self) -> str:
        """The name of its Service."""
        return str(self.spec.get("service", {}).get("name", self.name))

    @property
    def host(self) -> str:
        """The Service's fully qualified name."""
        return f"{self.service_name}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def selector(self) -> dict[str, str]:
        """What workload and Services select pods by; immutable once applied."""
        return dict(self.spec.get("selector") or {"app.kubernetes.io/name": self.name})

    @property
    def container_name(self) -> str:
        """The main container's name."""
        return str(self.spec.get("containerName", self.name))


def twice_numbered(app: App, numbers: Iterable[tuple[int | str, str]]) -> frozenset[int | str]:
    """The port numbers that two protocols have, of numbers with their protocols; none at render level 1.

    kustomize takes two ports of one number for the same port where one of them names no protocol, and loses one. From
    level 2 on each of them names its own.
    """
    if app.level < 2:
        return frozenset()
    times = Counter(number for number, _ in dict.fromkeys(numbers))
    return frozenset(number for number, count in times.items() if count > 1)


@lru_cache(maxsize=1 << 12)  # an app asks for the same several times
def version_label(tag: str) -> str:
    """The tag as a label value (Kubernetes: at most 63 of [A-Za-z0-9_.-], alphanumeric at both ends)."""
    text = tag.removeprefix("sha256:").partition("@")[0]
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:63].strip("_.-") or "v0"


def version_name(tag: str, label: str) -> str:
    """A version's name wherever people read it: the tag, and the label where the tag does not say it."""
    name = tag if label == version_label(tag) else f"{tag} ({label})"
    return short_digests(name)


def tag_and_digest(image: str) -> str:
    """What an image reference has behind the name: `1.4.2`, `1.4.2@sha256:...`, `sha256:...`, or nothing."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "@".join(filter(None, (tag, digest)))


def short_digests(text: str) -> str:
    """The text with at most 12 characters of each digest: for people, never for a command that they will type."""
    return _DIGEST.sub(r"\1", text) if "sha256:" in text else text


def file_key(path: str) -> str:
    """The key of the file at `path` in the app's ConfigMap."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", path.lstrip("/"))


def serving_sidecars(app: App, key: str, containers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of those further containers (`key` of the pod) that a port targets, and that have no `lifecycle`."""
    targets = {port.target for port in app.ports if isinstance(port.target, str)}
    return tuple(
        each["name"]
        for each in containers
        if "lifecycle" not in each
        and (key == "containers" or each.get("restartPolicy") == "Always")
        and any(port.get("name") in targets for port in each.get("ports") or ())
    )


def merge(base: Any, over: Any, *, removes: bool = True) -> Any:
    """Mappings merge, null removes, everything else replaces (an effective spec's one rule); nothing is mutated.

    Not `removes`: it is known that `over` has no null, so a mapping that `base` lacks needs no copy.
    """
    if not isinstance(over, dict):
        return over
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        if value.__class__ is dict and (removes or key in merged):
            merged[key] = merge(merged.get(key), value, removes=removes)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def merge_specs(base: Mapping[str, Any], over: Mapping[str, Any], *, removes: bool = True) -> dict[str, Any]:
    """Two layers of a spec merged; `overrides` of a version replace, for a null in them is a value of its own.

    `removes` is as for `merge`.
    """
    merged: dict[str, Any] = merge(base, over, removes=removes)
    for state in VERSION_STATES:
        named = over.get(state)  # anything, before the schema has judged it
        if isinstance(named, dict) and named.get("overrides") is not None:
            merged[state] = {**merged[state], "overrides": named["overrides"]}
    return merged


def app_document(name: str, spec: Data) -> Data:
    """An app spec, or a partial app, as in its file."""
    return {"apiVersion": API_VERSION, "kind": "App", "metadata": {"name": name}, "spec": spec}


def fields_of(spec: Mapping[str, Any], overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a version's pods are made of: the app's fields with the version's own overrides merged in."""
    fields = {key: value for key, value in spec.items() if key in version_fields()}
    merged: dict[str, Any] = merge(fields, overrides) if overrides else fields
    return merged


def version_of(spec: Mapping[str, Any], state: Mapping[str, Any]) -> Version:
    """The version that a part of the release state (canary, preview, ...) names."""
    tag = str(state.get("tag", spec["tag"]))
    return Version(tag, str(state.get("version") or version_label(tag)), fields_of(spec, state.get("overrides")))


def stable_of(spec: Mapping[str, Any]) -> Version:
    """The version that is stable."""
    return version_of(spec, {"version": spec.get("version")})


def strategy_of(data: Mapping[str, Any]) -> Strategy:
    """A `strategy` mapping as a value; RollingUpdate and router replica by default."""
    return Strategy(data.get("type", "RollingUpdate"), data.get("router", "replica"), data)


def _port(data: Mapping[str, Any]) -> Port:
    return Port(
        data["name"],
        data["port"],
        data.get("targetPort", data["port"]),
        data.get("protocol", "TCP"),
        data.get("appProtocol"),
        data.get("nodePort"),
    )


def app_of(
    name: str,
    env: str,
    spec: Mapping[str, Any],
    *,
    namespace: str,
    around: Around = NOTHING_AROUND,
) -> App:
    """The effective `spec` (valid by the schema) as a value; what it does not say has its default."""
    canary, previous = spec.get("canary"), spec.get("previous")
    migration = spec.get("migration", {})
    return App(
        name=name,
        env=env,
        namespace=namespace,
        labels=around.labels,
        annotations=around.annotations,
        spec=spec,
        ports=tuple(map(_port, spec.get("ports", ()))),
        strategy=strategy_of(spec.get("strategy", {})),
        stable=Version(spec["tag"], spec.get("version") or version_label(spec["tag"]), fields_of(spec, None)),
        canary=Canary(version_of(spec, canary), canary.get("weight"), canary.get("from")) if canary else None,
        preview=_version(spec, "preview"),
        previous=_version(spec, "previous"),
        previous_weight=previous.get("weight") if previous else None,
        aborted=_version(spec, "aborted"),
        migrating_from=strategy_of(migration["from"]) if "from" in migration else None,
        after=strategy_of(migration["after"]) if "after" in migration else None,
        cluster_domain=around.cluster_domain,
        level=around.level,
        waypoint=around.waypoint,
        standard_labels=around.standard_labels,
    )


def _version(spec: Mapping[str, Any], key: str) -> Version | None:
    state = spec.get(key)
    return version_of(spec, state) if state else None
