"""What the API server allows in fields of built-in kinds and OpenAPI leaves open: enums, ranges, names, references.

Source: `pkg/apis/*/validation` of Kubernetes 1.34 to 1.37. Keys are `Definition.field`, or `Definition.field[]` for
the items of a list. Names of objects referred to are here too: the API server takes any, but none of them can exist.
Rules between fields are not here: they are native rules of the renderer.
"""

from __future__ import annotations

from schemas.make.values import DEFINITIONS, LABEL, LABEL_KEY, SUBDOMAIN, Schema, one_of, ref, text, whole

_PROTOCOL = one_of("SCTP", "TCP", "UDP")
_RESTART = one_of("Always", "Never", "OnFailure")
_PROFILE = one_of("Localhost", "RuntimeDefault", "Unconfined")
_POLICY = one_of("Honor", "Ignore")
_TAINT = one_of("NoExecute", "NoSchedule", "PreferNoSchedule")
_LOCALITY = one_of("Cluster", "Local")
_KEEP = one_of("Delete", "Retain")
_PREEMPTION = one_of("Never", "PreemptLowerPriority")
_SELECT = one_of("DoesNotExist", "Exists", "In", "NotIn")
_FAIL = one_of("Fail", "Ignore")
_SIDE_EFFECTS = one_of("None", "NoneOnDryRun")
_ACCESS = one_of("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODE = one_of("Block", "Filesystem")
_OPERATION = one_of("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MODE = whole(0, 0o777)
_ID = whole(0, 2**31 - 1)
_COUNT = whole(0, 2**31 - 1)
_FROM_ONE = whole(1, 2**31 - 1)
_SECONDS = whole(0)
_WEIGHT = whole(1, 100)
_CONFIG_DATA: Schema = {"type": "object", "propertyNames": ref("ConfigKey"), "additionalProperties": {"type": "string"}}
_BINARY_DATA: Schema = {**_CONFIG_DATA, "additionalProperties": ref("Base64")}

FIELDS: dict[str, Schema] = {
    # containers
    "Container.imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
    "Container.name": LABEL,
    "Container.restartPolicy": _RESTART,
    "Container.terminationMessagePolicy": one_of("FallbackToLogsOnError", "File"),
    "ContainerPort.containerPort": ref("Port"),
    "ContainerPort.hostPort": ref("Port"),
    "ContainerPort.name": ref("PortName"),
    "ContainerPort.protocol": _PROTOCOL,
    "ContainerResizePolicy.restartPolicy": one_of("NotRequired", "RestartContainer"),
    "ContainerRestartRule.action": one_of("Restart", "RestartAllContainers"),
    "ContainerRestartRuleOnExitCodes.operator": one_of("In", "NotIn"),
    "EnvVar.name": ref("EnvName"),
    "EphemeralContainer.imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
    "EphemeralContainer.name": LABEL,
    "EphemeralContainer.terminationMessagePolicy": one_of("FallbackToLogsOnError", "File"),
    "ConfigMapEnvSource.name": SUBDOMAIN,
    "ConfigMapKeySelector.key": ref("ConfigKey"),
    "ConfigMapKeySelector.name": SUBDOMAIN,
    "GRPCAction.port": ref("Port"),
    "HTTPGetAction.port": ref("PortOrName"),
    "HTTPGetAction.scheme": one_of("HTTP", "HTTPS"),
    "HTTPHeader.name": text("^[-A-Za-z0-9]+$"),
    "Probe.failureThreshold": _FROM_ONE,
    "Probe.initialDelaySeconds": _COUNT,
    "Probe.periodSeconds": _FROM_ONE,
    "Probe.successThreshold": _FROM_ONE,
    "Probe.terminationGracePeriodSeconds": whole(1),
    "Probe.timeoutSeconds": _FROM_ONE,
    "SecretEnvSource.name": SUBDOMAIN,
    "SecretKeySelector.key": ref("ConfigKey"),
    "SecretKeySelector.name": SUBDOMAIN,
    "SleepAction.seconds": _SECONDS,
    "TCPSocketAction.port": ref("PortOrName"),
    "VolumeDevice.name": LABEL,
    "VolumeMount.mountPath": {"type": "string", "minLength": 1},
    "VolumeMount.mountPropagation": one_of("Bidirectional", "HostToContainer", "None"),
    "VolumeMount.name": LABEL,
    "VolumeMount.recursiveReadOnly": one_of("Disabled", "Enabled", "IfPossible"),
    # security
    "AppArmorProfile.type": _PROFILE,
    "PodSecurityContext.fsGroup": _ID,
    "PodSecurityContext.fsGroupChangePolicy": one_of("Always", "OnRootMismatch"),
    "PodSecurityContext.runAsGroup": _ID,
    "PodSecurityContext.runAsUser": _ID,
    "PodSecurityContext.seLinuxChangePolicy": one_of("MountOption", "Recursive"),
    "PodSecurityContext.supplementalGroupsPolicy": one_of("Merge", "Strict"),
    "PodSecurityContext.supplementalGroups[]": _ID,
    "SeccompProfile.type": _PROFILE,
    "SecurityContext.procMount": one_of("Default", "Unmasked"),
    "SecurityContext.runAsGroup": _ID,
    "SecurityContext.runAsUser": _ID,
    # pods
    "LocalObjectReference.name": SUBDOMAIN,
    "NodeSelectorRequirement.operator": one_of("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    "PodAffinityTerm.topologyKey": LABEL_KEY,
    "PodOS.name": one_of("linux", "windows"),
    "PodReadinessGate.conditionType": LABEL_KEY,
    "PodSpec.activeDeadlineSeconds": _FROM_ONE,
    "PodSpec.dnsPolicy": one_of("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "PodSpec.hostname": LABEL,
    "PodSpec.nodeSelector": ref("Labels"),
    "PodSpec.preemptionPolicy": _PREEMPTION,
    "PodSpec.priorityClassName": SUBDOMAIN,
    "PodSpec.restartPolicy": _RESTART,
    "PodSpec.runtimeClassName": SUBDOMAIN,
    "PodSpec.serviceAccountName": SUBDOMAIN,
    "PodSpec.subdomain": LABEL,
    "PodSpec.terminationGracePeriodSeconds": _SECONDS,
    "PreferredSchedulingTerm.weight": _WEIGHT,
    "Taint.effect": _TAINT,
    "Toleration.effect": _TAINT,
    "TopologySpreadConstraint.maxSkew": _FROM_ONE,
    "TopologySpreadConstraint.minDomains": _FROM_ONE,
    "TopologySpreadConstraint.nodeAffinityPolicy": _POLICY,
    "TopologySpreadConstraint.nodeTaintsPolicy": _POLICY,
    "TopologySpreadConstraint.topologyKey": LABEL_KEY,
    "TopologySpreadConstraint.whenUnsatisfiable": one_of("DoNotSchedule", "ScheduleAnyway"),
    "WeightedPodAffinityTerm.weight": _WEIGHT,
    # volumes
    "ConfigMapProjection.name": SUBDOMAIN,
    "ConfigMapVolumeSource.defaultMode": _MODE,
    "ConfigMapVolumeSource.name": SUBDOMAIN,
    "DownwardAPIVolumeFile.mode": _MODE,
    "DownwardAPIVolumeSource.defaultMode": _MODE,
    "EmptyDirVolumeSource.medium": text("^(|Memory|HugePages(-[0-9]+[KMGTPE]i)?)$"),
    "HostPathVolumeSource.type": one_of(
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"
    ),
    "ImageVolumeSource.pullPolicy": one_of("Always", "IfNotPresent", "Never"),
    "KeyToPath.mode": _MODE,
    "PersistentVolumeClaimSpec.accessModes[]": _ACCESS,
    "PersistentVolumeClaimSpec.volumeMode": _VOLUME_MODE,
    "PersistentVolumeSpec.accessModes[]": _ACCESS,
    "PersistentVolumeSpec.persistentVolumeReclaimPolicy": one_of("Delete", "Recycle", "Retain"),
    "PersistentVolumeSpec.volumeMode": _VOLUME_MODE,
    "PersistentVolumeClaimVolumeSource.claimName": SUBDOMAIN,
    "ProjectedVolumeSource.defaultMode": _MODE,
    "SecretProjection.name": SUBDOMAIN,
    "SecretVolumeSource.defaultMode": _MODE,
    "SecretVolumeSource.secretName": SUBDOMAIN,
    "ServiceAccountTokenProjection.expirationSeconds": whole(600, 2**32),
    "Volume.name": LABEL,
    # selectors
    "LabelSelector.matchLabels": ref("Labels"),
    "LabelSelectorRequirement.key": LABEL_KEY,
    "LabelSelectorRequirement.operator": _SELECT,
    "LabelSelectorRequirement.values[]": ref("LabelValue"),
    "ReplicationControllerSpec.selector": ref("Labels"),
    "ScopedResourceSelectorRequirement.operator": _SELECT,
    # workloads
    "CronJobSpec.concurrencyPolicy": one_of("Allow", "Forbid", "Replace"),
    "CronJobSpec.failedJobsHistoryLimit": _COUNT,
    "CronJobSpec.schedule": {"type": "string", "minLength": 1},
    "CronJobSpec.startingDeadlineSeconds": _SECONDS,
    "CronJobSpec.successfulJobsHistoryLimit": _COUNT,
    "DaemonSetSpec.minReadySeconds": _COUNT,
    "DaemonSetSpec.revisionHistoryLimit": _COUNT,
    "DaemonSetUpdateStrategy.type": one_of("OnDelete", "RollingUpdate"),
    "DeploymentSpec.minReadySeconds": _COUNT,
    "DeploymentSpec.progressDeadlineSeconds": _COUNT,
    "DeploymentSpec.replicas": _COUNT,
    "DeploymentSpec.revisionHistoryLimit": _COUNT,
    "DeploymentStrategy.type": one_of("Recreate", "RollingUpdate"),
    "JobSpec.activeDeadlineSeconds": _SECONDS,
    "JobSpec.backoffLimit": _COUNT,
    "JobSpec.backoffLimitPerIndex": _COUNT,
    "JobSpec.completionMode": one_of("Indexed", "NonIndexed"),
    "JobSpec.completions": _COUNT,
    "JobSpec.maxFailedIndexes": _COUNT,
    "JobSpec.parallelism": _COUNT,
    "JobSpec.podReplacementPolicy": one_of("Failed", "TerminatingOrFailed"),
    "JobSpec.ttlSecondsAfterFinished": _COUNT,
    "PodFailurePolicyOnExitCodesRequirement.operator": one_of("In", "NotIn"),
    "PodFailurePolicyRule.action": one_of("Count", "FailIndex", "FailJob", "Ignore"),
    "ReplicaSetSpec.minReadySeconds": _COUNT,
    "ReplicaSetSpec.replicas": _COUNT,
    "RollingUpdateDaemonSet.maxSurge": ref("IntOrPercent"),
    "RollingUpdateDaemonSet.maxUnavailable": ref("IntOrPercent"),
    "RollingUpdateDeployment.maxSurge": ref("IntOrPercent"),
    "RollingUpdateDeployment.maxUnavailable": ref("IntOrPercent"),
    "RollingUpdateStatefulSetStrategy.maxUnavailable": ref("IntOrPercent"),
    "RollingUpdateStatefulSetStrategy.partition": _COUNT,
    "StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted": _KEEP,
    "StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled": _KEEP,
    "StatefulSetSpec.minReadySeconds": _COUNT,
    "StatefulSetSpec.podManagementPolicy": one_of("OrderedReady", "Parallel"),
    "StatefulSetSpec.replicas": _COUNT,
    "StatefulSetSpec.revisionHistoryLimit": _COUNT,
    "StatefulSetUpdateStrategy.type": one_of("OnDelete", "RollingUpdate"),
    # scaling and disruption
    "CrossVersionObjectReference.kind": {"type": "string", "minLength": 1},
    "CrossVersionObjectReference.name": SUBDOMAIN,
    "HPAScalingPolicy.periodSeconds": whole(1, 1800),
    "HPAScalingPolicy.type": one_of("Percent", "Pods"),
    "HPAScalingPolicy.value": _FROM_ONE,
    "HPAScalingRules.selectPolicy": one_of("Disabled", "Max", "Min"),
    "HPAScalingRules.stabilizationWindowSeconds": whole(0, 3600),
    "HorizontalPodAutoscalerSpec.maxReplicas": _FROM_ONE,
    "HorizontalPodAutoscalerSpec.minReplicas": _COUNT,
    "MetricSpec.type": one_of("ContainerResource", "External", "Object", "Pods", "Resource"),
    "MetricTarget.averageUtilization": _FROM_ONE,
    "MetricTarget.type": one_of("AverageValue", "Utilization", "Value"),
    "PodDisruptionBudgetSpec.maxUnavailable": ref("IntOrPercent"),
    "PodDisruptionBudgetSpec.minAvailable": ref("IntOrPercent"),
    "PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy": one_of("AlwaysAllow", "IfHealthyBudget"),
    "PriorityClass.preemptionPolicy": _PREEMPTION,
    # network
    "EndpointPort.protocol": _PROTOCOL,
    "discovery.v1.EndpointPort.protocol": _PROTOCOL,
    "EndpointSlice.addressType": one_of("FQDN", "IPv4", "IPv6"),
    "HTTPIngressPath.pathType": one_of("Exact", "ImplementationSpecific", "Prefix"),
    "NetworkPolicyPort.endPort": ref("Port"),
    "NetworkPolicyPort.port": ref("PortOrName"),
    "NetworkPolicyPort.protocol": _PROTOCOL,
    "NetworkPolicySpec.policyTypes[]": one_of("Egress", "Ingress"),
    "ServiceBackendPort.name": ref("PortName"),
    "ServiceBackendPort.number": ref("Port"),
    "ServicePort.appProtocol": LABEL_KEY,
    "ServicePort.name": LABEL,
    "ServicePort.nodePort": ref("Port"),
    "ServicePort.port": ref("Port"),
    "ServicePort.protocol": _PROTOCOL,
    "ServicePort.targetPort": ref("PortOrName"),
    "ServiceSpec.externalTrafficPolicy": _LOCALITY,
    "ServiceSpec.internalTrafficPolicy": _LOCALITY,
    "ServiceSpec.ipFamilies[]": one_of("IPv4", "IPv6"),
    "ServiceSpec.ipFamilyPolicy": one_of("PreferDualStack", "RequireDualStack", "SingleStack"),
    "ServiceSpec.selector": ref("Labels"),
    "ServiceSpec.sessionAffinity": one_of("ClientIP", "None"),
    "ServiceSpec.trafficDistribution": one_of("PreferClose", "PreferSameNode", "PreferSameZone"),
    "ServiceSpec.type": one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    "ClientIPConfig.timeoutSeconds": whole(1, 86400),
    # configuration, access, storage
    "ConfigMap.binaryData": _BINARY_DATA,
    "ConfigMap.data": _CONFIG_DATA,
    "RoleRef.kind": one_of("ClusterRole", "Role"),
    "Secret.data": _BINARY_DATA,
    "Secret.stringData": _CONFIG_DATA,
    "StorageClass.reclaimPolicy": _KEEP,
    "StorageClass.volumeBindingMode": one_of("Immediate", "WaitForFirstConsumer"),
    "rbac.v1.Subject.kind": one_of("Group", "ServiceAccount", "User"),
    # extensions
    "CustomResourceDefinitionSpec.scope": one_of("Cluster", "Namespaced"),
    "MutatingWebhook.failurePolicy": _FAIL,
    "MutatingWebhook.matchPolicy": one_of("Equivalent", "Exact"),
    "MutatingWebhook.reinvocationPolicy": one_of("IfNeeded", "Never"),
    "MutatingWebhook.sideEffects": _SIDE_EFFECTS,
    "MutatingWebhook.timeoutSeconds": whole(1, 30),
    "RuleWithOperations.operations[]": _OPERATION,
    "RuleWithOperations.scope": one_of("*", "Cluster", "Namespaced"),
    "ValidatingWebhook.failurePolicy": _FAIL,
    "ValidatingWebhook.matchPolicy": one_of("Equivalent", "Exact"),
    "ValidatingWebhook.sideEffects": _SIDE_EFFECTS,
    "ValidatingWebhook.timeoutSeconds": whole(1, 30),
}

# Names of objects: a DNS subdomain, but for these kinds.
NAMES: dict[str, Schema] = {
    "ClusterRole": ref("RBACName"),
    "ClusterRoleBinding": ref("RBACName"),
    "CronJob": {**DEFINITIONS["DNSSubdomain"], "maxLength": 52},
    "Namespace": LABEL,
    "Role": ref("RBACName"),
    "RoleBinding": ref("RBACName"),
    "Service": ref("DNS1035Label"),
    "ClusterTrustBundle": {"type": "string", "minLength": 1},
}

# The API server takes these without a spec.
SPEC_OPTIONAL = {"Lease", "Namespace", "NetworkPolicy", "Node", "ResourceQuota", "ServiceCIDR"}

# Written by controllers or the API server alone, or not stored at all.
NOT_APPLIED = {
    "APIGroup",
    "APIVersions",
    "Binding",
    "CSINode",
    "CertificateSigningRequest",
    "ComponentStatus",
    "ControllerRevision",
    "Event",
    "Eviction",
    "EvictionRequest",
    "IPAddress",
    "LeaseCandidate",
    "LocalSubjectAccessReview",
    "PodCertificateRequest",
    "ResourcePoolStatusRequest",
    "ResourceSlice",
    "Scale",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "Status",
    "StorageVersion",
    "StorageVersionMigration",
    "SubjectAccessReview",
    "TokenRequest",
    "TokenReview",
    "VolumeAttachment",
}
