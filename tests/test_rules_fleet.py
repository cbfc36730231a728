"""Clashes between the apps of one environment."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from renderer.manifest import Manifest
from renderer.rules import FLEET_RULES, MANIFEST_RULES, Clash, claims, fleet
from renderer.rules.fleet import could_clash, waits_for_rollouts, without_service


def manifest(kind: str, name: str, spec: dict[str, Any], namespace: str = "shop") -> Manifest:
    api = {
        "Deployment": "apps/v1",
        "Service": "v1",
        "HorizontalPodAutoscaler": "autoscaling/v2",
        "Rollout": "argoproj.io/v1alpha1",
        "Job": "batch/v1",
        "CronJob": "batch/v1",
        "PersistentVolumeClaim": "v1",
    }
    meta = {"name": name, "namespace": namespace}
    data = {"apiVersion": api.get(kind, "networking.istio.io/v1"), "kind": kind, "metadata": meta, "spec": spec}
    return Manifest(f"{kind.lower()}.yaml", copy.deepcopy(data))


def deployment(name: str, labels: dict[str, str], selector: dict[str, str], namespace: str = "shop") -> Manifest:
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    return manifest("Deployment", name, {"selector": {"matchLabels": selector}, "template": template}, namespace)


def routed(name: str, hosts: list[str], gateways: list[str] | None, prefix: str | None = None) -> Manifest:
    match = {"match": [{"uri": {"prefix": prefix}}]} if prefix else {}
    spec: dict[str, Any] = {"hosts": hosts, "http": [{**match, "route": [{"destination": {"host": name}}]}]}
    if gateways is not None:
        spec["gateways"] = gateways
    return manifest("VirtualService", name, spec)


def clashes(**apps: list[Manifest]) -> list[Clash]:
    return fleet((app, claim) for app, manifests in apps.items() for claim in claims(manifests, app))


def lines(found: list[Clash]) -> list[str]:
    return [
        f"{clash.rule} {clash.claim.owner} {clash.claim.file}{clash.claim.pointer}: {clash.message}" for clash in found
    ]


def own_labels(app: str) -> str:
    """What to do about a selector that finds pods of another owner."""
    return (
        ": give each its own labels; or, where both run like that already, "
        f"name `{app}` under `overlappingSelectors` of the overlay"
    )


def test_each_owner_of_an_object_is_told() -> None:
    one = manifest("Service", "web", {})
    assert lines(clashes(catalog=[one], web=[one])) == [
        "object-once catalog service.yaml/metadata/name: Service web in shop is made by app web too (service.yaml): "
        "rename or remove one",
        "object-once web service.yaml/metadata/name: Service web in shop is made by app catalog too (service.yaml): "
        "rename or remove one",
    ]


LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
POD_MAKERS: dict[str, dict[str, Any]] = {
    "Job": {"template": TEMPLATE},
    "CronJob": {"jobTemplate": {"spec": {"template": TEMPLATE}}},
    "ReplicationController": {"template": TEMPLATE},
    "AnalysisTemplate": {"metrics": [{"provider": {"job": {"spec": {"template": TEMPLATE}}}}]},
    "ScaledJob": {"jobTargetRef": {"template": TEMPLATE}},
    "Database": {"nodes": [{"podTemplate": TEMPLATE}]},
}


@pytest.mark.parametrize("kind", [*POD_MAKERS, "Pod"])
def test_pods_with_another_apps_labels_are_a_clash_whatever_makes_them(kind: str) -> None:
    """They would get its requests, and count among its pods."""
    evil = manifest(kind, "evil", POD_MAKERS.get(kind, {}))
    if kind == "Pod":
        evil.data["metadata"]["labels"] = LABELS
        evil.data["spec"] = TEMPLATE["spec"]
    else:
        evil.data["apiVersion"] = {"ScaledJob": "keda.sh/v1alpha1", "Database": "db.example.com/v1"}.get(kind, "v1")
    found = clashes(web=[deployment("web", LABELS, LABELS)], evil=[evil])
    assert [clash.rule for clash in found] == ["workloads-overlap"]
    assert "this selector also finds the pods of app evil" in found[0].message


def _entry(labels: dict[str, str]) -> Manifest:
    spec = {"hosts": ["old.example.com"], "workloadSelector": {"labels": labels}}
    return Manifest("serviceentry.yaml", {**manifest("ServiceEntry", "old", spec).data})


def test_a_service_entry_of_an_app_that_selects_pods_of_another_app() -> None:
    """As with a Service, one for several apps belongs under `resources`, whose owner is the environment."""
    web, other = deployment("web", LABELS, LABELS), deployment("b", {"app": "b"}, {"app": "b"})
    assert lines(clashes(web=[web], b=[other, _entry(LABELS)])) == [
        "workloads-overlap b serviceentry.yaml/spec/workloadSelector/labels: this selector also finds the pods of app "
        "web" + own_labels("b")
    ]
    assert clashes(web=[web, _entry(LABELS)], b=[other]) == []
    assert clashes(web=[web], _resources=[_entry(LABELS)]) == []


def _service(labels: dict[str, str]) -> Manifest:
    return manifest("Service", "web", {"selector": labels})


def test_a_service_of_the_environment_for_the_pods_of_several_owners_is_not_judged() -> None:
    """Also where the environment has one of the workloads itself: that is how an import leaves what no app can be."""
    labels = {"app": "web", "part": "front"}
    plain = {"app": "web", "part": "data"}
    web = [deployment("web", labels, labels)]
    assert clashes(web=web, _resources=[deployment("data", plain, plain), _service({"app": "web"})]) == []


def test_a_service_with_fewer_labels_than_its_workload_finds_pods_of_another_app() -> None:
    labels = {"app": "web", "part": "front"}
    web = [deployment("web", labels, labels), _service({"app": "web"})]
    evil = [deployment("evil", {"app": "web", "part": "evil"}, {"app": "web", "part": "evil"})]
    assert lines(clashes(web=web, evil=evil)) == [
        "workloads-overlap web service.yaml/spec/selector: this selector also finds the pods of app evil"
        + own_labels("web")
    ]
    assert clashes(web=[web[0], _service(labels)], evil=evil) == []
    assert clashes(web=[web[0]], evil=evil, _resources=[web[1]]) == []  # meant for the pods of several apps
    controlled = {**labels, "rollouts-pod-template-hash": "1"}
    assert clashes(web=[web[0], _service(controlled)], evil=evil) == []


def test_one_name_in_two_namespaces_or_kinds_is_no_clash() -> None:
    assert clashes(a=[manifest("Service", "web", {})], b=[manifest("Service", "web", {}, "other")]) == []
    assert clashes(a=[manifest("Service", "web", {})], b=[manifest("Gateway", "web", {})]) == []


def test_one_owner_does_not_clash_with_itself() -> None:
    assert clashes(a=[manifest("Service", "web", {}), manifest("Service", "web", {})]) == []


@pytest.mark.parametrize("gateways", [None, ["mesh"], ["istio-system/public"]])
def test_one_host_twice(gateways: list[str] | None) -> None:
    found = clashes(a=[routed("a", ["shop.example.com"], gateways)], b=[routed("b", ["shop.example.com"], gateways)])
    assert [(clash.rule, clash.claim.owner, clash.other.owner) for clash in found] == [
        ("host-once", "a", "b"),
        ("host-once", "b", "a"),
    ]


def test_paths_of_one_host_at_a_gateway_may_go_to_two_apps() -> None:
    public = ["istio-system/public"]
    one, other = routed("a", ["shop.example.com"], public, "/a"), routed("b", ["shop.example.com"], public, "/b")
    assert clashes(a=[one], b=[other]) == []
    assert clashes(a=[one], b=[routed("b", ["shop.example.com"], public, "/a")])


def test_a_short_host_is_the_full_one() -> None:
    found = clashes(a=[routed("a", ["web"], None)], b=[routed("b", ["web.shop.svc.cluster.local"], None)])
    assert {clash.rule for clash in found} == {"host-once"}


def test_two_destination_rules_for_one_host() -> None:
    rules = [manifest("DestinationRule", name, {"host": "web.shop.svc.cluster.local"}) for name in ("a", "b")]
    found = clashes(a=[rules[0]], b=[rules[1]])
    message = "another DestinationRule for the host web.shop.svc: app b (destinationrule.yaml); keep one"
    assert [clash.message for clash in found][:1] == [message]


@pytest.mark.parametrize(
    "host", ["web", "web.shop.svc.cluster.local", "*.shop.svc.cluster.local", "*.svc.cluster.local", "*"]
)
def test_an_app_rules_the_service_of_another_app(host: str) -> None:
    service, rule = manifest("Service", "web", {}), manifest("DestinationRule", "x", {"host": host})
    (found,) = lines(clashes(web=[service], x=[rule]))
    shown = "web.shop.svc" if "web" in host else host
    assert found == (
        "destination-rule-once x destinationrule.yaml/spec/host: "
        f"the DestinationRule for {shown} applies to Service web of app web, and decides how everyone connects to it: "
        "name a host of app x, or put this object under `resources` of the overlay"
    )


@pytest.mark.parametrize("host", ["web.other.svc.cluster.local", "*.other.svc.cluster.local", "*.example.com", "x"])
def test_a_rule_for_other_hosts_is_no_clash(host: str) -> None:
    service, own = manifest("Service", "web", {}), manifest("Service", "x", {})
    assert clashes(web=[service], x=[own, manifest("DestinationRule", "x", {"host": host})]) == []


def test_a_wildcard_rule_leaves_a_service_alone_that_has_a_rule_of_its_own() -> None:
    own, wild = manifest("DestinationRule", "web", {"host": "web"}), manifest("DestinationRule", "x", {"host": "*"})
    assert clashes(web=[manifest("Service", "web", {}), own], x=[wild]) == []


def test_a_wildcard_rule_of_the_environment_is_for_everyone() -> None:
    wild = manifest("DestinationRule", "mesh", {"host": "*.shop.svc.cluster.local"})
    assert clashes(web=[manifest("Service", "web", {})], _resources=[wild]) == []


def test_two_autoscalers_for_one_workload() -> None:
    ref = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    apps = {app: [manifest("HorizontalPodAutoscaler", app, ref)] for app in ("a", "b")}
    assert {clash.rule for clash in clashes(**apps)} == {"hpa-once"}


def test_a_selector_that_finds_pods_of_another_app() -> None:
    wide = deployment("a", {"team": "x", "app": "a"}, {"team": "x"})
    narrow = deployment("b", {"team": "x", "app": "b"}, {"app": "b"})
    assert lines(clashes(a=[wide], b=[narrow])) == [
        "workloads-overlap a deployment.yaml/spec/selector: this selector also finds the pods of app b"
        + own_labels("a")
    ]
    elsewhere = deployment("b", {"team": "x", "app": "b"}, {"app": "b"}, "other")
    assert clashes(a=[wide], b=[elsewhere]) == []


def test_the_order_of_apps_does_not_matter() -> None:
    apps = {app: [deployment(app, {"app": "x"}, {"app": "x"}), routed(app, ["web"], None)] for app in ("a", "b", "c")}
    assert clashes(**apps) == clashes(**dict(reversed(apps.items())))


def test_every_kind_of_clash_has_its_manual_page() -> None:
    assert set(FLEET_RULES) <= set(MANIFEST_RULES)


def test_the_owner_of_a_pair_counts() -> None:
    found = claims([manifest("Service", "web", {})])
    pairs = [(owner, claim) for owner in ("a", "b") for claim in found]
    assert [clash.claim.owner for clash in fleet(pairs)] == ["a", "b"]


@pytest.mark.parametrize("host", ["web", "web.shop.svc.cluster.local", "*.shop.svc.cluster.local", "*.local"])
def test_an_app_routes_the_service_of_another_app(host: str) -> None:
    web = [manifest("Service", "web", {})]
    found = clashes(web=web, evil=[routed("evil", [host], None)])
    assert [(clash.rule, clash.claim.owner, clash.other.owner) for clash in found] == [("host-once", "evil", "web")]
    assert f"{'covers' if host.startswith('*') else 'is'} that of Service web of app web, so these" in found[0].message
    assert found[0].message.endswith("remove the host, or put this object under `resources` of the overlay")
    assert clashes(web=[*web, routed("web", [host], None)]) == []
    assert clashes(web=web, _resources=[routed("platform", [host], None)]) == []
    assert clashes(web=web, evil=[routed("evil", [host], ["shop/public"])]) == []
    assert clashes(web=web, other=[routed("other", ["*.example.com", "other.shop.svc"], None)]) == []


def test_a_wildcard_host_covers_the_hosts_of_other_apps() -> None:
    wild = routed("all", ["*.shop.svc.cluster.local"], None)
    own = routed("web", ["web.shop.svc.cluster.local"], None)
    assert lines(clashes(platform=[wild], web=[own])) == [
        "host-once platform virtualservice.yaml/spec/hosts/0: the host *.shop.svc.cluster.local covers web.shop.svc of "
        "app web: without a route of that app, its requests go here; write the full names of the hosts that are meant"
    ]
    assert clashes(platform=[wild], web=[routed("web", ["web.pay.svc.cluster.local"], None)]) == []
    assert clashes(platform=[wild, own]) == []


def in_wave(found: Manifest, wave: int, hook: str = "") -> Manifest:
    notes = {"argocd.argoproj.io/sync-wave": str(wave), **({"argocd.argoproj.io/hook": hook} if hook else {})}
    found.data["metadata"]["annotations"] = notes
    return found


def test_what_waits_for_the_rollout_of_another_app() -> None:
    rollout = manifest("Rollout", "shop", {"strategy": {"canary": {}}})
    later, earlier = in_wave(manifest("Service", "web", {}), 1), in_wave(manifest("Service", "web", {}), -1)
    smoke = in_wave(manifest("Job", "smoke", {}), 0, "PostSync")
    first = in_wave(manifest("Job", "migrate", {}), 5, "PreSync")

    def waiting(**apps: list[Manifest]) -> list[str]:
        claimed = [(app, claim) for app, manifests in apps.items() for claim in claims(manifests, app)]
        return [claim.key for claim, _ in waits_for_rollouts(claimed)]

    assert waiting(shop=[rollout], web=[later], tests=[smoke]) == ["1|Service web", "|Job smoke"]
    assert waiting(shop=[rollout], web=[earlier, first]) == []
    assert waiting(shop=[rollout, later, smoke]) == []


def test_without_one_sync_of_several_apps_only_the_waves_are_left_out() -> None:
    manifests = [manifest("Rollout", "shop", {"strategy": {"canary": {}}}), in_wave(manifest("Service", "web", {}), 1)]
    every, some = claims(manifests, "web"), claims(manifests, "web", in_one_sync=False)
    assert some == tuple(claim for claim in every if "-wave" not in claim.rule)
    assert len(some) == len(every) - 2


def taking(kind: str, api: str, **more: Any) -> Manifest:
    return Manifest(
        "evil.yaml", {"apiVersion": api, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **more}
    )


def test_requests_of_a_service_are_taken_by_its_own_app_or_by_the_environment() -> None:
    service = manifest("Service", "web", {})
    endpoints = taking("Endpoints", "v1")
    assert lines(clashes(web=[service], evil=[endpoints])) == [
        "host-once evil evil.yaml/metadata/name: this takes the requests of Service web of app web, so its callers "
        "reach other pods: remove it, or put this object under `resources` of the overlay"
    ]
    assert clashes(web=[service, endpoints]) == []
    assert clashes(web=[service], _resources=[endpoints]) == []
    assert clashes(web=[taking("Service", "serving.knative.dev/v1")], evil=[endpoints]) == []


@pytest.mark.parametrize("kinds", [("Service", "Endpoints"), ("Endpoints", "Service")])
def test_what_takes_requests_could_clash_with_the_service(kinds: tuple[str, str]) -> None:
    made = {"Service": manifest("Service", "web", {}), "Endpoints": taking("Endpoints", "v1")}
    test = could_clash(claims([made[kinds[0]]], "one"))
    assert any(test(rule, key) for rule, key, *_ in claims([made[kinds[1]]], "other"))


def test_pods_of_a_kind_without_a_schema_are_in_the_namespace_of_the_environment() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    own = Manifest(
        "evil.yaml", {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "x"}, "spec": template}
    )
    web = deployment("web", {"app": "web"}, {"app": "web"})
    found = fleet(
        [("web", each) for each in claims([web])] + [("evil", each) for each in claims([own], namespace="shop")]
    )
    assert [clash.rule for clash in found] == ["workloads-overlap"]


def volume(*modes: str) -> Manifest:
    return manifest("PersistentVolumeClaim", "data", {"accessModes": [*modes]})


def mounting(kind: str, name: str, *, replicas: int = 1, claim: str = "data") -> Manifest:
    pod = {"containers": [], "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    if kind == "CronJob":
        return manifest(kind, name, {"jobTemplate": {"spec": {"template": template}}})
    return manifest(kind, name, {"replicas": replicas, "template": template})


def test_the_pods_of_two_apps_cannot_share_a_volume_of_one_pod() -> None:
    web, job = mounting("Deployment", "web"), mounting("CronJob", "job")
    one = volume("ReadWriteOncePod")
    said = (
        "the claim data is ReadWriteOncePod, and app {} holds it (deployment.yaml): the pods of one of the two wait "
        "for the volume forever; use a claim of their own, or one with ReadWriteMany"
    )
    mounted = "/spec/template/spec/volumes/0/persistentVolumeClaim"
    of_catalog = f"claim-access catalog deployment.yaml{mounted}: {said.format('web')}"
    of_web = f"claim-access web deployment.yaml{mounted}: {said.format('catalog')}"
    assert lines(clashes(web=[web], catalog=[mounting("Deployment", "catalog")], _resources=[one])) == [
        of_catalog,
        of_web,
    ]
    assert lines(clashes(web=[web, one], jobs=[job])) == [
        f"claim-access jobs cronjob.yaml/spec/jobTemplate{mounted}: {said.format('web')}"
    ]


def test_pods_that_do_not_hold_one_volume_together_are_no_clash() -> None:
    web, job, one = mounting("Deployment", "web"), mounting("CronJob", "job"), volume("ReadWriteOncePod")
    catalog = mounting("Deployment", "catalog")
    assert clashes(web=[web], catalog=[catalog], _resources=[volume("ReadWriteMany")]) == []
    assert clashes(web=[web], catalog=[catalog]) == [], "a claim that is elsewhere is not known"
    assert clashes(web=[web], catalog=[mounting("Deployment", "catalog", claim="own")], _resources=[one]) == []
    assert clashes(web=[web], catalog=[mounting("Deployment", "catalog", replicas=0)], _resources=[one]) == []
    assert clashes(web=[job], catalog=[mounting("CronJob", "other")], _resources=[one]) == [], "each at its own time"
    assert clashes(web=[web, job], _resources=[one]) == [], "a rule over one app"


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (0, 2), (2, 0)])
def test_what_mounts_a_volume_could_clash_with_what_says_its_mode(numbers: tuple[int, int]) -> None:
    made = [volume("ReadWriteOncePod"), mounting("Deployment", "web"), mounting("CronJob", "job")]
    test = could_clash(claims([made[numbers[0]]], "one"))
    assert any(test(rule, key) for rule, key, *_ in claims([made[numbers[1]]], "other") if rule.startswith("claim"))


def ingress(name: str, service: str, namespace: str = "shop", port: Any = 80) -> Manifest:
    named = {"number": port} if isinstance(port, int) else {"name": port}
    backend = {"service": {"name": service, "port": named}}
    rules = [{"host": "www.example.com", "http": {"paths": [{"path": "/", "backend": backend}]}}]
    return manifest("Ingress", name, {"rules": rules}, namespace)


def missing(**apps: list[Manifest]) -> list[tuple[str, str]]:
    found = without_service((app, claim) for app, made in apps.items() for claim in claims(made, app))
    return [(claim.owner, service) for claim, service in found]


def test_a_backend_whose_service_no_app_has_is_found() -> None:
    web = [manifest("Service", "web", {})]
    assert missing(web=web, _resources=[ingress("all", "wbe")]) == [("_resources", "wbe")]
    assert missing(web=web, other=[ingress("all", "web")]) == []
    assert missing(web=[*web, ingress("all", "grafana", "monitoring")]) == []  # a namespace of others
    assert missing(other=[ingress("all", "web")]) == []
    assert missing(web=[*web, ingress("all", "redirect", port="use-annotation")]) == []  # of the load balancer


def test_a_service_that_an_operator_may_make_is_not_missing() -> None:
    web, leads = [manifest("Service", "web", {})], [ingress("all", "logs-http")]
    made = Manifest("kibana.yaml", {"apiVersion": "k8s.elastic.co/v1", "kind": "Kibana", "metadata": {"name": "logs"}})
    assert missing(web=web, _resources=leads) == [("_resources", "logs-http")]
    assert missing(web=web, _resources=[*leads, made]) == []
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "logs"}}
    assert missing(web=web, _resources=[*leads, Manifest("gateway.yaml", gateway)]) == []  # `logs-istio`, say
    operated = {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "k8s"}}
    scraped = [ingress("prometheus", "prometheus-operated"), Manifest("prometheus.yaml", operated)]
    assert missing(web=web, _resources=scraped) == []
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "logs"}}
    assert missing(web=web, _resources=[*leads, Manifest("m.yaml", monitor)]) == [("_resources", "logs-http")]
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "logs"}}
    assert missing(web=web, _resources=[*leads, Manifest("httproute.yaml", route)]) == [("_resources", "logs-http")]
