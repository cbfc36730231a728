"""The rules over manifests: what each looks at, in one table; and the sets that are read off it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from renderer.manifest import ANALYSIS_TEMPLATES, ISTIO_ROUTING
from renderer.rules import (
    access,
    analysis,
    applications,
    argocd,
    authorization,
    autoscaling,
    backends,
    checks,
    claim_forms,
    conditions,
    containers,
    cron,
    destinations,
    disruption,
    downward,
    durations,
    endpoints,
    env,
    gateway_routes,
    gateways,
    hook_images,
    http,
    ingresses,
    istio,
    job_form,
    jobs,
    keda,
    lifecycle,
    limits,
    listeners,
    made_routes,
    mesh_modes,
    metric_names,
    monitors,
    names,
    namespace_limits,
    network,
    notifications,
    one_version,
    past_canary,
    plain_secrets,
    platform,
    pod_fields,
    pod_security,
    policy,
    policy_ports,
    queries,
    readiness,
    resource_claims,
    rollout_routes,
    rollouts,
    routes,
    scheduling,
    security,
    selector_form,
    service_entries,
    services,
    sidecars,
    since,
    steps,
    telemetry,
    together,
    unrouted,
    volumes,
    workload,
)
from renderer.rules.finding import ManifestRule
from renderer.rules.index import WITH_PODS
from renderer.rules.workflows import WORKFLOW
from renderer.scaler import SCALERS, SCHEMALESS


class Rule(NamedTuple):
    """A rule, and where it has something to look at."""

    judge: ManifestRule
    needs: frozenset[str]  # the words (see `words`), kinds and fields, without all of which it finds nothing
    of_pods: bool  # it looks at what `known_pods` compares, and at nothing else
    of_apps: bool  # it judges apps, or looks up an object that may be of one: not for an environment's resources alone
    at_steps: bool  # it also looks at the routes that a Rollout makes at its steps


class Section(NamedTuple):
    """A heading of the manual, and the rules below it."""

    title: str
    kinds: frozenset[str]  # without all of which none of the rules finds anything; empty: always
    rules: dict[str, Rule]  # by id


def rule(
    judge: ManifestRule, *needs: str, of_pods: bool = False, of_apps: bool = False, at_steps: bool = False
) -> Rule:
    """A line of the table; without `needs` the rule looks at each scene that has a kind of its section."""
    return Rule(judge, frozenset(needs), of_pods, of_apps, at_steps)


_ANY: frozenset[str] = frozenset()
_MAKES_JOBS = ("Job", "Pod", *ANALYSIS_TEMPLATES)
# Kinds that rules judge among an environment's `resources` too, by what they do to an app.
FOR_APPS = frozenset(
    (
        *SCALERS,
        autoscaling.VERTICAL,
        *backends.KINDS,
        *one_version.KINDS,
        "ServiceMonitor",
        "PodMonitor",
        *ISTIO_ROUTING,
    )
)
_USES = ("analysis", "steps", "prePromotionAnalysis", "postPromotionAnalysis")  # of analyses, by a Rollout

SECTIONS: tuple[Section, ...] = (
    Section(
        "Metadata",
        _ANY,
        {
            "object-name": rule(names.object_name),
            "object-once": rule(names.object_once),
            "labels": rule(names.labels),
            "selector-form": rule(selector_form.selector_form),
            "limit-range-form": rule(namespace_limits.limit_range_form, "LimitRange"),
            "quota-form": rule(namespace_limits.quota_form, "ResourceQuota"),
            "annotations": rule(names.annotation_keys),
            "object-size": rule(names.object_size, "ConfigMap", "Secret", "CustomResourceDefinition"),
            "sync-annotations": rule(argocd.sync_annotations, "annotations"),
            "sync-replace": rule(argocd.sync_replace, "annotations"),
            "notifications": rule(notifications.notifications, "annotations"),
        },
    ),
    Section(
        "The overlay's policy",
        _ANY,
        {
            "policy-images": rule(policy.policy_images, of_apps=True),
            "policy-kinds": rule(platform.policy_kinds, of_apps=True),
            "secret-in-spec": rule(plain_secrets.secret_in_spec),
            "pod-security": rule(pod_security.pod_security, of_apps=True),
            "policy-requests": rule(platform.policy_requests, of_apps=True),
            "policy-budget": rule(platform.policy_budget, of_apps=True),
        },
    ),
    Section(
        "ConfigMaps and Secrets",
        frozenset(("ConfigMap", "Secret")),
        {
            "config-data": rule(names.config_data),
        },
    ),
    Section(
        "Volume claims",
        WITH_PODS | {"PersistentVolumeClaim"},
        {
            "claim-form": rule(claim_forms.claim_form, "PersistentVolumeClaim", "volumeClaimTemplates", "volumes"),
            "claim-storage": rule(limits.claim_storage, "PersistentVolumeClaim"),
        },
    ),
    Section(
        "Workloads",
        WITH_PODS,
        {
            "selector-matches-template": rule(workload.selector_matches_template),
            "workloads-overlap": rule(workload.workloads_overlap),
            "same-namespace": rule(workload.same_namespace, of_apps=True),
            "progress-deadline": rule(workload.progress_deadline),
            "surge-and-unavailable": rule(workload.surge_and_unavailable),
            "deployment-strategy": rule(workload.deployment_strategy, "Deployment"),
            "claim-access": rule(together.claim_access, "volumes"),
            "quota": rule(together.quota),
            "nodes": rule(together.nodes),
            "limit-range": rule(limits.limit_range),
        },
    ),
    Section(
        "Pods",
        WITH_PODS.union(ANALYSIS_TEMPLATES),
        {
            "restart-policy": rule(workload.restart_policy, of_pods=True),
            "hook-image": rule(hook_images.hook_image, *_MAKES_JOBS, WORKFLOW),
            "job-form": rule(job_form.job_form, "Job", "CronJob"),
            "job-waits": rule(jobs.job_waits, *_MAKES_JOBS),
            "job-deleted": rule(jobs.job_deleted, "Job"),
            "cron-schedule": rule(cron.cron_schedule, "CronJob"),
            "containers-missing": rule(containers.containers_missing, of_pods=True),
            "list-keys": rule(containers.list_keys, of_pods=True),
            "container-names": rule(containers.container_names, of_pods=True),
            "image-reference": rule(containers.image_reference),
            "image-tag": rule(containers.image_tag),
            "env-names": rule(env.env_names, "env", of_pods=True),
            "env-sources": rule(env.env_sources, "env", "envFrom", of_pods=True),
            "env-order": rule(env.env_order, "env", of_pods=True),
            "field-paths": rule(downward.field_paths, "env", "volumes", of_pods=True),
            "container-ports": rule(containers.container_ports, "ports", of_pods=True),
            "resource-names": rule(containers.resource_names, "resources", of_pods=True),
            "resource-claims": rule(resource_claims.resource_claims, *resource_claims.NEEDS, of_pods=True),
            "requests-within-limits": rule(containers.requests_within_limits, "resources", of_pods=True),
            "probe-handler": rule(lifecycle.probe_handler, *lifecycle.PROBES, of_pods=True),
            "probe-port": rule(lifecycle.probe_port, *lifecycle.PROBES, "lifecycle", of_pods=True),
            "probe-thresholds": rule(lifecycle.probe_thresholds, *lifecycle.PROBES, of_pods=True),
            "init-containers": rule(lifecycle.init_containers, "initContainers", of_pods=True),
            "hook-handler": rule(lifecycle.hook_handler, "lifecycle", of_pods=True),
            "grace-period": rule(lifecycle.grace_period, "lifecycle", of_pods=True),
            "volume-source": rule(volumes.volume_source, "volumes", of_pods=True),
            "volume-mounts": rule(volumes.volume_mounts, "volumeMounts", "volumeDevices", of_pods=True),
            "volume-unused": rule(volumes.volume_unused, "volumes", of_pods=True),
            "config-keys": rule(volumes.config_keys),
            "pod-fields": rule(pod_fields.pod_fields, *pod_fields.NEEDS, of_pods=True),
            "topology-spread": rule(scheduling.topology_spread, "topologySpreadConstraints"),
            "affinity": rule(scheduling.affinity, "affinity", of_pods=True),
            "tolerations": rule(scheduling.tolerations, "tolerations", of_pods=True),
            "privilege-escalation": rule(security.privilege_escalation, "securityContext", of_pods=True),
            "run-as-root": rule(security.run_as_root, "securityContext", of_pods=True),
            "seccomp-profile": rule(security.seccomp_profile, "securityContext", of_pods=True),
            "istio-proxy-user": rule(security.istio_proxy_user, "securityContext"),
        },
    ),
    Section(
        "Access",
        frozenset(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
        {
            "role-bindings": rule(access.role_bindings),
            "role-rules": rule(access.role_rules),
        },
    ),
    Section(
        "Versions",
        WITH_PODS | {"HorizontalPodAutoscaler"},
        {
            "kubernetes-version": rule(since.kubernetes_version),
        },
    ),
    Section(
        "Services",
        frozenset(("Service",)),
        {
            "service-selects-pods": rule(services.service_selects_pods, of_apps=True),
            "service-target-port": rule(services.service_target_port),
            "service-ports": rule(services.service_ports),
            "service-type": rule(services.service_type),
            "app-protocol": rule(services.app_protocol),
            "service-endpoints": rule(endpoints.service_endpoints, "externalName", "clusterIP"),
            "client-affinity": rule(mesh_modes.client_affinity, "sessionAffinity", "DestinationRule"),
            "monitor-preview": rule(monitors.monitor_preview, "blueGreen"),
            "monitor-ports": rule(monitors.monitor_ports, *monitors.KINDS),
            "ambient-waypoint": rule(mesh_modes.ambient_waypoint, "Rollout", "VirtualService"),
            "port-name-protocol": rule(routes.port_name_protocol),
            "no-readiness-probe": rule(readiness.no_readiness_probe, of_apps=True),
        },
    ),
    Section(
        "Monitors of the Prometheus operator",
        frozenset((*monitors.KINDS, monitors.ALERTS)),
        {
            "prometheus-values": rule(monitors.prometheus_values),
            "monitor-timeout": rule(monitors.monitor_timeout),
        },
    ),
    Section(
        "Autoscalers",
        frozenset((*SCALERS, *keda.WITH_TRIGGERS, autoscaling.VERTICAL)),
        {
            "hpa-bounds": rule(autoscaling.hpa_bounds),
            "hpa-target": rule(autoscaling.hpa_target, of_apps=True),
            "vpa-target": rule(autoscaling.vpa_target, autoscaling.VERTICAL, of_apps=True),
            "hpa-once": rule(autoscaling.hpa_once),
            "hpa-replicas": rule(autoscaling.hpa_replicas),
            "hpa-metrics": rule(autoscaling.hpa_metrics),
            "hpa-requests": rule(autoscaling.hpa_requests),
            "hpa-behavior": rule(autoscaling.hpa_behavior, "behavior"),
            "keda-zero": rule(keda.keda_zero, SCHEMALESS),
            "keda-metadata": rule(keda.keda_metadata, *keda.WITH_TRIGGERS),
            "keda-idle": rule(keda.keda_idle, "idleReplicaCount"),
            "keda-containers": rule(keda.keda_containers, SCHEMALESS),
            "keda-queries": rule(keda.keda_queries, SCHEMALESS),
        },
    ),
    Section(
        "Disruption budgets",
        frozenset(("PodDisruptionBudget",)),
        {
            "pdb-form": rule(disruption.pdb_form),
            "pdb-selects-pods": rule(disruption.pdb_selects_pods, of_apps=True),
            "pdb-once": rule(disruption.pdb_once),
            "pdb-satisfiable": rule(disruption.pdb_satisfiable),
        },
    ),
    Section(
        "VirtualServices",
        frozenset(("VirtualService",)),
        {
            "virtual-service-routes": rule(istio.virtual_service_routes, at_steps=True),
            "virtual-service-hosts": rule(istio.virtual_service_hosts, at_steps=True),
            "host-once": rule(istio.host_once, at_steps=True),
            "route-weights": rule(istio.route_weights, at_steps=True),
            "route-destinations": rule(routes.route_destinations, of_apps=True, at_steps=True),
            "route-ports": rule(routes.route_ports, at_steps=True),
            "route-order": rule(istio.route_order, at_steps=True),
            "unrouted-requests": rule(unrouted.unrouted_requests),
            "route-names": rule(http.route_names, at_steps=True),
            "route-match": rule(http.route_match, "steps", "match", at_steps=True),
            "gateway-hosts": rule(istio.gateway_hosts, "gateways", at_steps=True),
            "http-retries": rule(http.http_retries, "retries", at_steps=True),
            "http-timeouts": rule(http.http_timeouts, "retries", "fault", at_steps=True),
            "http-fault": rule(http.http_fault, "fault", at_steps=True),
            "http-cors": rule(http.http_cors, "corsPolicy", at_steps=True),
            "http-headers": rule(http.http_headers, at_steps=True),
            "http-rewrite": rule(
                http.http_rewrite, "rewrite", "redirect", "directResponse", "mirrorPercentage", at_steps=True
            ),
            "mirror-own-canary": rule(made_routes.mirror_own_canary, "mirror", "mirrors"),
        },
    ),
    Section(
        "VirtualServices and DestinationRules",
        frozenset(ISTIO_ROUTING),
        {
            "istio-durations": rule(
                durations.istio_durations, "trafficPolicy", "retries", "fault", "corsPolicy", "timeout", at_steps=True
            ),
            "export-to": rule(istio.export_to, "exportTo"),
        },
    ),
    Section(
        "DestinationRules",
        frozenset(("DestinationRule",)),
        {
            "destination-host": rule(destinations.destination_host, of_apps=True),
            "destination-rule-once": rule(destinations.destination_rule_once),
            "subsets": rule(destinations.subsets),
            "traffic-policy": rule(destinations.traffic_policy, "trafficPolicy"),
            "port-level-settings": rule(destinations.port_level_settings, "trafficPolicy"),
            "outlier-detection": rule(destinations.outlier_detection, "trafficPolicy"),
            "load-balancer": rule(destinations.load_balancer, "trafficPolicy"),
            "client-tls": rule(destinations.client_tls, "trafficPolicy"),
            "mtls-modes": rule(mesh_modes.mtls_modes, "PeerAuthentication"),
        },
    ),
    Section(
        "Ingresses and routes of the Gateway API",
        frozenset(backends.KINDS),
        {
            "ingress-form": rule(ingresses.ingress_form, "Ingress"),
            "route-form": rule(gateway_routes.route_form, *backends.ROUTES),
            "route-backends": rule(backends.route_backends),
            "route-listeners": rule(listeners.route_listeners, *backends.ROUTES),
        },
    ),
    Section(
        "Policies of the network and the mesh",
        one_version.KINDS,
        {
            "peer-authentication": rule(policy_ports.peer_authentication, "PeerAuthentication"),
            "authorization-policy": rule(authorization.authorization_policy, authorization.KIND),
            "request-authentication": rule(authorization.request_authentication, authorization.AUTHENTICATION),
            "sidecar-hosts": rule(sidecars.sidecar_hosts, sidecars.KIND),
            "network-policy": rule(network.network_policy, network.KIND),
            "policy-ports": rule(policy_ports.policy_ports, *policy_ports.POLICIES),
            "policy-protocols": rule(authorization.policy_protocols, authorization.KIND),
            "selects-one-version": rule(one_version.selects_one_version),
        },
    ),
    Section(
        "ServiceEntries",
        frozenset((service_entries.KIND,)),
        {
            "service-entry": rule(service_entries.service_entry),
        },
    ),
    Section(
        "Gateways",
        frozenset(("Gateway",)),
        {
            "gateway-servers": rule(gateways.gateway_servers),
        },
    ),
    Section(
        "Rollouts",
        frozenset(("Rollout",)),
        {
            "rollout-strategy": rule(rollouts.rollout_strategy),
            "rollout-services": rule(rollouts.rollout_services, of_apps=True),
            "rollout-service-labels": rule(rollouts.rollout_service_labels),
            "rollout-virtual-service": rule(rollout_routes.rollout_virtual_service, "trafficRouting", of_apps=True),
            "rollout-destination-rule": rule(rollout_routes.rollout_destination_rule, "trafficRouting", of_apps=True),
            "past-canary": rule(past_canary.past_canary, "trafficRouting"),
            "rollout-scale-down": rule(rollouts.rollout_scale_down),
            "rollback-window-checks": rule(rollouts.rollback_window_checks, "rollbackWindow"),
            "rollout-anti-affinity": rule(rollouts.rollout_anti_affinity, "antiAffinity"),
            "rollout-steps": rule(steps.rollout_steps, "steps"),
            "managed-routes": rule(steps.managed_routes, "steps", "managedRoutes"),
            "pinned-routes": rule(made_routes.pinned_routes, "steps", "managedRoutes"),
            "analysis-args": rule(analysis.analysis_args, *_USES),
            "analysis-terminates": rule(analysis.analysis_terminates, *_USES),
            "analysis-metric-names": rule(metric_names.analysis_metric_names, *_USES),
        },
    ),
    Section(
        "Analysis",
        frozenset(("Rollout", *ANALYSIS_TEMPLATES)),
        {
            "analysis-templates": rule(analysis.analysis_templates, *_USES, "AnalysisTemplate", of_apps=True),
            "analysis-metrics": rule(analysis.analysis_metrics, *ANALYSIS_TEMPLATES),
            "analysis-placeholders": rule(analysis.analysis_placeholders, *ANALYSIS_TEMPLATES),
            "analysis-conditions": rule(conditions.analysis_conditions, *ANALYSIS_TEMPLATES),
            "analysis-queries": rule(queries.analysis_queries, *ANALYSIS_TEMPLATES),
            "analysis-reporter": rule(checks.analysis_reporter, *ANALYSIS_TEMPLATES),
            "analysis-telemetry": rule(telemetry.analysis_telemetry, *_USES),
            "analysis-requests": rule(checks.analysis_requests, *ANALYSIS_TEMPLATES),
            "analysis-secrets": rule(analysis.analysis_secrets, *ANALYSIS_TEMPLATES),
        },
    ),
    Section(
        "Argo CD",
        frozenset((*applications.KINDS, "Rollout", "VirtualService")),
        {
            "sync-waves": rule(argocd.sync_waves, "Rollout", "VirtualService"),
            "application-source": rule(applications.application_source, *applications.KINDS),
            "application-destination": rule(applications.application_destination, *applications.KINDS),
            "application-ignores": rule(applications.application_ignores, *applications.KINDS),
            "application-options": rule(applications.application_options, *applications.KINDS),
        },
    ),
)


def _of(fact: Callable[[Rule], bool]) -> frozenset[str]:
    return frozenset(name for name, each in RULES.items() if fact(each))


RULES: dict[str, Rule] = {name: each for section in SECTIONS for name, each in section.rules.items()}
OF_PODS = _of(lambda each: each.of_pods)
OF_APPS = _of(lambda each: each.of_apps)
AT_STEPS: tuple[ManifestRule, ...] = tuple(each.judge for each in RULES.values() if each.at_steps)
NEEDED = frozenset(word for section in SECTIONS for word in section.kinds).union(
    *(each.needs for each in RULES.values())
)
