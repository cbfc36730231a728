"""The rules over manifests, in one table: id to function; `check` runs those that a scene needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from renderer.rules import (
    access,
    analysis,
    argocd,
    autoscaling,
    checks,
    conditions,
    containers,
    cron,
    destinations,
    disruption,
    durations,
    env,
    gateways,
    http,
    istio,
    jobs,
    lifecycle,
    limits,
    made_routes,
    mesh_modes,
    metric_names,
    monitors,
    names,
    notifications,
    past_canary,
    plain_secrets,
    platform,
    pod_security,
    policy,
    policy_ports,
    queries,
    readiness,
    rollout_routes,
    rollouts,
    routes,
    scheduling,
    security,
    services,
    since,
    steps,
    together,
    unrouted,
    volumes,
    workload,
)
from renderer.rules.finding import Finding, ManifestRule, Scene
from renderer.rules.fleet import (
    FLEET_RULES,
    Claim,
    Clash,
    claims,
    could_clash,
    fleet,
    is_for_a_cluster,
    is_of_namespace,
)
from renderer.rules.known_pods import OF_PODS, KnownPods, pods_of
from renderer.rules.step_routes import check_step_routes
from renderer.rules.words import words
from renderer.scaler import SCALERS

__all__ = [
    "FLEET_RULES",
    "MANIFEST_RULES",
    "SECTIONS",
    "Claim",
    "Clash",
    "Finding",
    "KnownPods",
    "ManifestRule",
    "Scene",
    "check",
    "check_in_parts",
    "check_resources",
    "claims",
    "could_clash",
    "fleet",
    "is_for_a_cluster",
    "is_of_namespace",
]

METADATA: dict[str, ManifestRule] = {
    "object-name": names.object_name,
    "object-once": names.object_once,
    "labels": names.labels,
    "annotations": names.annotation_keys,
    "object-size": names.object_size,
    "sync-annotations": argocd.sync_annotations,
    "sync-replace": argocd.sync_replace,
    "notifications": notifications.notifications,
}
POLICY: dict[str, ManifestRule] = {
    "policy-images": policy.policy_images,
    "policy-kinds": platform.policy_kinds,
    "secret-in-spec": plain_secrets.secret_in_spec,
    "pod-security": pod_security.pod_security,
    "policy-requests": platform.policy_requests,
    "policy-budget": platform.policy_budget,
}
CONFIG: dict[str, ManifestRule] = {
    "config-data": names.config_data,
}
CLAIMS: dict[str, ManifestRule] = {
    "claim-storage": limits.claim_storage,
}
WORKLOADS: dict[str, ManifestRule] = {
    "selector-matches-template": workload.selector_matches_template,
    "workloads-overlap": workload.workloads_overlap,
    "same-namespace": workload.same_namespace,
    "progress-deadline": workload.progress_deadline,
    "surge-and-unavailable": workload.surge_and_unavailable,
    "deployment-strategy": workload.deployment_strategy,
    "claim-access": together.claim_access,
    "quota": together.quota,
    "nodes": together.nodes,
    "limit-range": limits.limit_range,
}
PODS: dict[str, ManifestRule] = {
    "restart-policy": workload.restart_policy,
    "hook-image": argocd.hook_image,
    "job-waits": jobs.job_waits,
    "job-deleted": jobs.job_deleted,
    "cron-schedule": cron.cron_schedule,
    "containers-missing": containers.containers_missing,
    "list-keys": containers.list_keys,
    "container-names": containers.container_names,
    "image-reference": containers.image_reference,
    "image-tag": containers.image_tag,
    "env-names": env.env_names,
    "env-sources": env.env_sources,
    "env-order": env.env_order,
    "container-ports": containers.container_ports,
    "resource-names": containers.resource_names,
    "requests-within-limits": containers.requests_within_limits,
    "probe-handler": lifecycle.probe_handler,
    "probe-port": lifecycle.probe_port,
    "probe-thresholds": lifecycle.probe_thresholds,
    "init-containers": lifecycle.init_containers,
    "hook-handler": lifecycle.hook_handler,
    "grace-period": lifecycle.grace_period,
    "volume-source": volumes.volume_source,
    "volume-mounts": volumes.volume_mounts,
    "volume-unused": volumes.volume_unused,
    "config-keys": volumes.config_keys,
    "topology-spread": scheduling.topology_spread,
    "affinity": scheduling.affinity,
    "tolerations": scheduling.tolerations,
    "privilege-escalation": security.privilege_escalation,
    "run-as-root": security.run_as_root,
    "seccomp-profile": security.seccomp_profile,
    "istio-proxy-user": security.istio_proxy_user,
}
ACCESS: dict[str, ManifestRule] = {
    "role-bindings": access.role_bindings,
    "role-rules": access.role_rules,
}
VERSIONS: dict[str, ManifestRule] = {
    "kubernetes-version": since.kubernetes_version,
}
SERVICES: dict[str, ManifestRule] = {
    "service-selects-pods": services.service_selects_pods,
    "service-target-port": services.service_target_port,
    "service-ports": services.service_ports,
    "service-type": services.service_type,
    "app-protocol": services.app_protocol,
    "client-affinity": mesh_modes.client_affinity,
    "monitor-preview": monitors.monitor_preview,
    "ambient-waypoint": mesh_modes.ambient_waypoint,
    "port-name-protocol": routes.port_name_protocol,
    "no-readiness-probe": readiness.no_readiness_probe,
}
AUTOSCALERS: dict[str, ManifestRule] = {
    "hpa-bounds": autoscaling.hpa_bounds,
    "hpa-target": autoscaling.hpa_target,
    "vpa-target": autoscaling.vpa_target,
    "hpa-once": autoscaling.hpa_once,
    "hpa-replicas": autoscaling.hpa_replicas,
    "hpa-metrics": autoscaling.hpa_metrics,
    "hpa-requests": autoscaling.hpa_requests,
    "hpa-behavior": autoscaling.hpa_behavior,
}
BUDGETS: dict[str, ManifestRule] = {
    "pdb-form": disruption.pdb_form,
    "pdb-selects-pods": disruption.pdb_selects_pods,
    "pdb-once": disruption.pdb_once,
    "pdb-satisfiable": disruption.pdb_satisfiable,
}
VIRTUAL_SERVICES: dict[str, ManifestRule] = {
    "virtual-service-routes": istio.virtual_service_routes,
    "virtual-service-hosts": istio.virtual_service_hosts,
    "host-once": istio.host_once,
    "route-weights": istio.route_weights,
    "route-destinations": routes.route_destinations,
    "route-ports": routes.route_ports,
    "route-order": istio.route_order,
    "unrouted-requests": unrouted.unrouted_requests,
    "route-names": http.route_names,
    "route-match": http.route_match,
    "gateway-hosts": istio.gateway_hosts,
    "http-retries": http.http_retries,
    "http-timeouts": http.http_timeouts,
    "http-fault": http.http_fault,
    "http-cors": http.http_cors,
    "http-headers": http.http_headers,
    "http-rewrite": http.http_rewrite,
    "mirror-own-canary": made_routes.mirror_own_canary,
}
MESH: dict[str, ManifestRule] = {
    "istio-durations": durations.istio_durations,
    "export-to": istio.export_to,
}
DESTINATION_RULES: dict[str, ManifestRule] = {
    "destination-host": destinations.destination_host,
    "destination-rule-once": destinations.destination_rule_once,
    "subsets": destinations.subsets,
    "traffic-policy": destinations.traffic_policy,
    "port-level-settings": destinations.port_level_settings,
    "outlier-detection": destinations.outlier_detection,
    "load-balancer": destinations.load_balancer,
    "client-tls": destinations.client_tls,
    "mtls-modes": mesh_modes.mtls_modes,
}
POLICIES: dict[str, ManifestRule] = {
    "peer-authentication": policy_ports.peer_authentication,
    "policy-ports": policy_ports.policy_ports,
}
GATEWAYS: dict[str, ManifestRule] = {
    "gateway-servers": gateways.gateway_servers,
}
ROLLOUTS: dict[str, ManifestRule] = {
    "rollout-strategy": rollouts.rollout_strategy,
    "rollout-services": rollouts.rollout_services,
    "rollout-service-labels": rollouts.rollout_service_labels,
    "rollout-virtual-service": rollout_routes.rollout_virtual_service,
    "rollout-destination-rule": rollout_routes.rollout_destination_rule,
    "past-canary": past_canary.past_canary,
    "rollout-scale-down": rollouts.rollout_scale_down,
    "rollback-window-checks": rollouts.rollback_window_checks,
    "rollout-anti-affinity": rollouts.rollout_anti_affinity,
    "rollout-steps": steps.rollout_steps,
    "managed-routes": steps.managed_routes,
    "pinned-routes": made_routes.pinned_routes,
    "analysis-args": analysis.analysis_args,
    "analysis-terminates": analysis.analysis_terminates,
    "analysis-metric-names": metric_names.analysis_metric_names,
}
ANALYSIS: dict[str, ManifestRule] = {
    "analysis-templates": analysis.analysis_templates,
    "analysis-metrics": analysis.analysis_metrics,
    "analysis-placeholders": analysis.analysis_placeholders,
    "analysis-conditions": conditions.analysis_conditions,
    "analysis-queries": queries.analysis_queries,
    "analysis-reporter": checks.analysis_reporter,
    "analysis-requests": checks.analysis_requests,
    "analysis-secrets": analysis.analysis_secrets,
}
APPLICATIONS: dict[str, ManifestRule] = {
    "sync-waves": argocd.sync_waves,
    "application-source": argocd.application_source,
    "application-destination": argocd.application_destination,
    "application-ignores": argocd.application_ignores,
}

_PODS = ("Deployment", "Rollout", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
_TEMPLATES = ("Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate")

# Title in the manual, rules, and the kinds without which none of these rules has anything to look at (empty: always).
SECTIONS: tuple[tuple[str, dict[str, ManifestRule], frozenset[str]], ...] = (
    ("Metadata", METADATA, frozenset()),
    ("The overlay's policy", POLICY, frozenset()),
    ("ConfigMaps and Secrets", CONFIG, frozenset(("ConfigMap", "Secret"))),
    ("Volume claims", CLAIMS, frozenset(("PersistentVolumeClaim",))),
    ("Workloads", WORKLOADS, frozenset(_PODS)),
    ("Pods", PODS, frozenset((*_PODS, "AnalysisTemplate", "ClusterAnalysisTemplate"))),
    ("Access", ACCESS, frozenset(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))),
    ("Versions", VERSIONS, frozenset((*_PODS, "HorizontalPodAutoscaler"))),
    ("Services", SERVICES, frozenset(("Service",))),
    ("Autoscalers", AUTOSCALERS, frozenset((*SCALERS, autoscaling.VERTICAL))),
    ("Disruption budgets", BUDGETS, frozenset(("PodDisruptionBudget",))),
    ("VirtualServices", VIRTUAL_SERVICES, frozenset(("VirtualService",))),
    ("VirtualServices and DestinationRules", MESH, frozenset(("VirtualService", "DestinationRule"))),
    ("DestinationRules", DESTINATION_RULES, frozenset(("DestinationRule",))),
    ("Policies of the network and the mesh", POLICIES, policy_ports.POLICIES),
    ("Gateways", GATEWAYS, frozenset(("Gateway",))),
    ("Rollouts", ROLLOUTS, frozenset(("Rollout",))),
    ("Analysis", ANALYSIS, frozenset(_TEMPLATES)),
    ("Argo CD", APPLICATIONS, frozenset(("Application", "Rollout", "VirtualService"))),
)
MANIFEST_RULES: dict[str, ManifestRule] = {rule: judge for _, rules, _ in SECTIONS for rule, judge in rules.items()}
_IN_PART = 8  # rules: their code fits into a processor's caches
_PARTS = [[*MANIFEST_RULES][start : start + _IN_PART] for start in range(0, len(MANIFEST_RULES), _IN_PART)]

_USES = frozenset(("analysis", "steps", "prePromotionAnalysis", "postPromotionAnalysis"))  # of analyses, by a Rollout
_MAKES_JOBS = frozenset(("Job", "Pod", *_TEMPLATES[1:]))
_POLICY = frozenset(("trafficPolicy",))
_MANAGED = frozenset(("managedRoutes", "steps"))

# The words (see `words`) without all of which a rule has nothing to look at: kinds, and fields.
NEEDS: dict[str, frozenset[str]] = {
    "object-size": frozenset(("ConfigMap", "Secret", "CustomResourceDefinition")),
    **dict.fromkeys(("sync-annotations", "sync-replace", "notifications"), frozenset(("annotations",))),
    "deployment-strategy": frozenset(("Deployment",)),
    "claim-access": frozenset(("volumes",)),
    **dict.fromkeys(("hook-image", "job-waits"), _MAKES_JOBS),
    "job-deleted": frozenset(("Job",)),
    "cron-schedule": frozenset(("CronJob",)),
    **dict.fromkeys(("env-names", "env-order"), frozenset(("env",))),
    "env-sources": frozenset(("env", "envFrom")),
    "container-ports": frozenset(("ports",)),
    **dict.fromkeys(("resource-names", "requests-within-limits"), frozenset(("resources",))),
    **dict.fromkeys(("probe-handler", "probe-thresholds"), frozenset(lifecycle.PROBES)),
    "probe-port": frozenset((*lifecycle.PROBES, "lifecycle")),
    "init-containers": frozenset(("initContainers",)),
    **dict.fromkeys(("hook-handler", "grace-period"), frozenset(("lifecycle",))),
    **dict.fromkeys(("volume-source", "volume-unused"), frozenset(("volumes",))),
    "volume-mounts": frozenset(("volumeMounts", "volumeDevices")),
    "topology-spread": frozenset(("topologySpreadConstraints",)),
    "affinity": frozenset(("affinity",)),
    "tolerations": frozenset(("tolerations",)),
    **dict.fromkeys(
        ("privilege-escalation", "run-as-root", "seccomp-profile", "istio-proxy-user"), frozenset(("securityContext",))
    ),
    "client-affinity": frozenset(("sessionAffinity",)),
    "monitor-preview": frozenset(("blueGreen",)),
    **dict.fromkeys(("ambient-waypoint", "sync-waves"), frozenset(("VirtualService", "Rollout"))),
    "vpa-target": frozenset((autoscaling.VERTICAL,)),
    "hpa-behavior": frozenset(("behavior",)),
    "unrouted-requests": frozenset(("match",)),
    "route-match": frozenset(("match", "steps")),
    "gateway-hosts": frozenset(("gateways",)),
    "http-retries": frozenset(("retries",)),
    "http-timeouts": frozenset(("retries", "fault")),
    "http-fault": frozenset(("fault",)),
    "http-cors": frozenset(("corsPolicy",)),
    "http-rewrite": frozenset(("rewrite", "redirect", "directResponse", "mirrorPercentage")),
    "mirror-own-canary": frozenset(("mirror", "mirrors")),
    "istio-durations": frozenset(("timeout", "retries", "corsPolicy", "fault", *_POLICY)),
    "export-to": frozenset(("exportTo",)),
    **dict.fromkeys(
        ("traffic-policy", "port-level-settings", "outlier-detection", "load-balancer", "client-tls"), _POLICY
    ),
    **dict.fromkeys(
        ("rollout-virtual-service", "rollout-destination-rule", "past-canary"), frozenset(("trafficRouting",))
    ),
    "rollback-window-checks": frozenset(("rollbackWindow",)),
    "rollout-anti-affinity": frozenset(("antiAffinity",)),
    "rollout-steps": frozenset(("steps",)),
    **dict.fromkeys(("managed-routes", "pinned-routes"), _MANAGED),
    **dict.fromkeys(("analysis-args", "analysis-terminates", "analysis-metric-names"), _USES),
    "analysis-templates": _USES | {"AnalysisTemplate"},
    **dict.fromkeys([rule for rule in ANALYSIS if rule != "analysis-templates"], frozenset(_TEMPLATES[1:])),
    **dict.fromkeys(
        ("application-source", "application-destination", "application-ignores"), frozenset(("Application",))
    ),
}
_SCALING = (*SCALERS, autoscaling.VERTICAL)
_NEEDED = frozenset().union(*NEEDS.values(), *(kinds for _, _, kinds in SECTIONS))

# What a rule looks up may be an object of an app, which is not in a scene of an environment's resources.
_NEED_APPS = frozenset(
    (
        "service-selects-pods", "same-namespace", "hpa-target", "vpa-target", "pdb-selects-pods", "route-destinations",
        "route-ports", "destination-host", "rollout-services", "rollout-virtual-service", "rollout-destination-rule",
        "analysis-templates", "policy-images", "policy-kinds", "pod-security", "policy-requests", "policy-budget",
        "no-readiness-probe",
    )
)  # fmt: skip
_NOT_AT_STEPS = ("mirror-own-canary", "unrouted-requests")  # there it is the canary; a route more takes none away
OF_ROUTES: tuple[ManifestRule, ...] = (
    *(judge for rule, judge in VIRTUAL_SERVICES.items() if rule not in _NOT_AT_STEPS),
    durations.istio_durations,
)


def check_resources(scene: Scene) -> list[Finding]:
    """The findings over an environment's `resources`, by the rules that need no object of an app."""
    parts = _called_for(_words_of(scene), leave_out=_NEED_APPS)
    return [finding for part in parts for judge in part for finding in judge(scene)]


def check(scene: Scene, known: KnownPods | None = None) -> list[Finding]:
    """Every finding of every rule that the scene's kinds and fields call for, in the order of the table."""
    return [finding for part in check_in_parts(scene, known) for finding in part]


def check_in_parts(scene: Scene, known: KnownPods | None = None) -> Iterator[list[Finding]]:
    """The findings of `check`, one part of the table after the other; the parts are the same for every scene.

    `known` are the pods that need no second look, and will be those of this scene too if nothing is found in them.
    """
    here, pods = _words_of(scene), b"" if known is None else pods_of(scene)
    is_known = known is not None and pods in known
    is_clean = True
    for part in _called_for(here, leave_out=OF_PODS) if is_known else _called_for(here):
        found: list[Finding] = []
        for judge in part:
            found += judge(scene)
        is_clean = is_clean and not any(each.rule in OF_PODS for each in found)
        yield found
    if known is not None and not is_known and is_clean:
        known.add(pods)
    if "steps" in here:
        yield [*check_step_routes(scene, OF_ROUTES)]


def _words_of(scene: Scene) -> frozenset[str]:
    found = _NEEDED & words(scene.index)
    scalers = [kind for kind in _SCALING if kind in scene.resource_kinds]  # they may mean a workload of the app
    return found.union(scalers) if scalers else found


@lru_cache(maxsize=4096)  # the apps of a project have a few forms
def _called_for(
    here: frozenset[str], *, leave_out: frozenset[str] = frozenset()
) -> tuple[tuple[ManifestRule, ...], ...]:
    """The rules of each part of the table that may have something to look at, where these words are."""
    needed = dict(_needing(here))
    return tuple(tuple(needed[rule] for rule in part if rule in needed and rule not in leave_out) for part in _PARTS)


def _needing(here: frozenset[str]) -> Iterator[tuple[str, ManifestRule]]:
    for _, rules, kinds in SECTIONS:
        for rule, judge in rules.items() if not kinds or not kinds.isdisjoint(here) else ():
            if rule not in NEEDS or not NEEDS[rule].isdisjoint(here):
                yield rule, judge
