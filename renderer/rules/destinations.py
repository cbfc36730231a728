"""Rules over DestinationRules: their host, subsets and traffic policy."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import ROLLOUT_HASH, Manifest, Object
from renderer.rules.finding import Finding, Scene, correct
from renderer.rules.fleet import clashes_within
from renderer.rules.index import Located
from renderer.rules.mesh import destinations_to, service_name, service_of, spec_of
from renderer.rules.rollouts import istio_of
from renderer.rules.services import pods_behind
from renderer.rules.syntax import is_dns_label

_FILES = ("clientCertificate", "privateKey", "caCertificates")
_HEALTH = "outlierDetection"


def destination_host(scene: Scene) -> Iterator[Finding]:
    """A DestinationRule for a Service of its own namespace that does not exist.

    Why: Its subsets and traffic policy apply to nothing.
    Fix: correct the host, or declare a Service that is not rendered here as external (`Service/name`).
    Source: `istioctl analyze` IST0174.
    """
    for manifest in scene.of("DestinationRule"):
        host, namespace = spec_of(manifest).get("host", ""), manifest.namespace
        name = service_name(host, namespace)
        if name and name[1] == namespace and "*" not in host and not scene.known("Service", namespace, name[0]):
            cure = correct("host", "Service", name[0])
            message = f"there is no Service {name[0]} for the host {host}, so this applies to nothing: {cure}"
            yield Finding("destination-host", message, "/spec/host", manifest)


def destination_rule_once(scene: Scene) -> Iterator[Finding]:
    """Two DestinationRules of one namespace for the same host, or one that an app makes for the Service of another.

    The rule also compares the apps of an environment with each other. A wildcard host counts as one for each Service
    that has no DestinationRule of its own.

    Why: Istio merges their subsets but uses the traffic policy of only one, and Argo Rollouts writes to only one of
    them. A DestinationRule for a Service of another app decides how everyone connects to that app.
    Fix: merge them into one. Move what is meant for many apps to the environment's `resources`.
    Source: Istio documentation (`DestinationRule merging`), `istioctl analyze`.
    """
    if len(scene.of("DestinationRule")) > 1:
        yield from clashes_within(scene, ("DestinationRule",), "destination-rule-once")


def subsets(scene: Scene) -> Iterator[Finding]:
    """A subset whose name is used twice or is not a DNS label, or whose labels no pod of its host has.

    The hash label that Argo Rollouts adds to a subset is not compared. A subset without pods is a warning if no route
    and no Rollout of this tree uses it: routes may follow, when its version runs.

    Why: Istio's webhook refuses the names. Requests to a subset without pods fail with 503.
    Fix: give each subset its own name, and labels that the pods have; or remove it.
    Source: Istio's webhook (`duplicate subset names`), `istioctl analyze` IST0173.
    """
    for manifest in scene.of("DestinationRule"):
        spec, namespace = spec_of(manifest), manifest.namespace
        found = spec.get("subsets") or ()
        if not found:
            continue
        service = service_of(scene, spec.get("host", ""), namespace)
        pods = pods_behind(scene, service) if service else []
        names: set[str] = set()
        for number, subset in enumerate(found):
            name, pointer = subset.get("name", ""), f"/spec/subsets/{number}"
            if name in names:
                yield Finding("subsets", f"two subsets are named {name}: rename one", pointer + "/name", manifest)
            names.add(name)
            if not is_dns_label(name):
                yield Finding("subsets", f"{name!r} is not a DNS label", pointer + "/name", manifest)
            wanted = subset.get("labels") or {}
            wanted = (
                {key: value for key, value in wanted.items() if key != ROLLOUT_HASH}
                if ROLLOUT_HASH in wanted
                else wanted
            )
            if wanted and pods and not any(wanted.items() <= pod.labels.items() for pod in pods):
                has = ", ".join(f"{key}={value}" for key, value in wanted.items())
                message = f"the pods of {pods[0].kind} {pods[0].manifest.name} do not have the labels {has}: "
                if service and _is_used(scene, manifest, service, name):
                    message += "the subset has no pods; correct its labels"
                    yield Finding("subsets", message, pointer + "/labels", manifest)
                else:
                    message += "the subset has no pods, and no route here leads to it; correct its labels, or remove it"
                    yield Finding("subsets", message, pointer + "/labels", manifest, "warning")


def _is_used(scene: Scene, rule: Manifest, service: Manifest, subset: str) -> bool:
    """Whether a route leads to the subset, or a Rollout gives it its hash."""
    if any(each.value.get("subset") == subset for each in destinations_to(scene, service)):
        return True
    for rollout in scene.of("Rollout"):
        named = istio_of(rollout).get("destinationRule") or {}
        if named.get("name") == rule.name and subset in (named.get("stableSubsetName"), named.get("canarySubsetName")):
            return True
    return False


def _policies(manifest: Manifest) -> Iterator[Located]:
    """Every traffic policy of a DestinationRule: its own, the subsets', and those for single ports."""
    spec = spec_of(manifest)
    whole = [("/spec/trafficPolicy", spec["trafficPolicy"])] if "trafficPolicy" in spec else []
    for number, subset in enumerate(spec.get("subsets") or ()):
        if "trafficPolicy" in subset:
            whole.append((f"/spec/subsets/{number}/trafficPolicy", subset["trafficPolicy"]))
    for pointer, policy in whole:
        yield pointer, policy or {}
        for number, level in enumerate((policy or {}).get("portLevelSettings") or ()):
            yield f"{pointer}/portLevelSettings/{number}", level


def traffic_policy(scene: Scene) -> Iterator[Finding]:
    """A traffic policy that Istio's webhook refuses.

    Why: The DestinationRule is not applied, so the subsets of a release are missing too.
    Fix: give the policy at least one setting, `connectionPool` a `tcp` or `http`, and limits that are not negative.
    `h2UpgradePolicy: UPGRADE` cannot be combined with `useClientProtocol`. `http2KeepAlive` needs an `interval` and a
    `timeout`. A policy for a port needs the number of a
    port that the Service has.
    Source: Istio `pkg/config/validation` (`validateTrafficPolicy`, `validateConnectionPool`), IST0162 for the port.
    """
    for manifest in scene.of("DestinationRule"):
        for pointer, policy in _policies(manifest):
            level = pointer.rpartition("/")[2].isdecimal()
            for message in _policy_errors(policy, level):
                yield Finding("traffic-policy", message, pointer, manifest)
            if level:
                yield from _level_port(scene, manifest, pointer, policy)


def _policy_errors(policy: Object, level: bool) -> Iterator[str]:
    if not (policy.keys() - {"port"} if level else policy):
        yield "the policy has no setting"
    if level and not (policy.get("port") or {}).get("number"):
        yield "a policy for a port needs port.number"
    pool = policy.get("connectionPool")
    if pool is None:
        return
    tcp, http = pool.get("tcp"), pool.get("http")
    if tcp is None and http is None:
        yield "connectionPool needs tcp or http"
    for key, value in [*(tcp or {}).items(), *(http or {}).items()]:
        if isinstance(value, int) and value < 0:
            yield f"{key} must not be negative, it is {value}"
    alive = (http or {}).get("http2KeepAlive")
    if alive is not None and not (alive.get("interval") and alive.get("timeout")):
        yield "http2KeepAlive needs an interval and a timeout"
    if (http or {}).get("h2UpgradePolicy") == "UPGRADE" and (http or {}).get("useClientProtocol"):
        yield "h2UpgradePolicy UPGRADE cannot be used with useClientProtocol"


def _level_port(scene: Scene, manifest: Manifest, pointer: str, policy: Object) -> Iterator[Finding]:
    number = (policy.get("port") or {}).get("number")
    service = service_of(scene, spec_of(manifest).get("host", ""), manifest.namespace) if number else None
    if service is not None:
        there = [port.get("port") for port in spec_of(service).get("ports") or ()]
        if number not in there:
            message = f"the Service {service.name} has no port {number} (it has {', '.join(map(str, there))})"
            yield Finding("traffic-policy", message, pointer + "/port", manifest)


def outlier_detection(scene: Scene) -> Iterator[Finding]:
    """Outlier detection that Istio's webhook refuses.

    Why: The DestinationRule is not applied.
    Fix: use percentages from 0 to 100 and counts that are not negative. `consecutiveLocalOriginFailures` needs
    `splitExternalLocalOriginErrors: true`.
    Source: Istio `pkg/config/validation` (`validateOutlierDetection`).
    """
    for manifest in scene.of("DestinationRule"):
        for pointer, policy in _policies(manifest):
            for message in _outlier_errors(policy.get(_HEALTH) or {}):
                yield Finding("outlier-detection", message, f"{pointer}/{_HEALTH}", manifest)


def _outlier_errors(outlier: Object) -> Iterator[str]:
    for field in ("maxEjectionPercent", "minHealthPercent"):
        if not 0 <= outlier.get(field, 0) <= 100:
            yield f"{field} {outlier[field]} is not between 0 and 100"
    for field in ("consecutiveErrors", "consecutive5xxErrors", "consecutiveGatewayErrors"):
        if outlier.get(field, 0) < 0:
            yield f"{field} must not be negative, it is {outlier[field]}"
    if outlier.get("consecutiveLocalOriginFailures") and not outlier.get("splitExternalLocalOriginErrors"):
        yield "consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true"


def load_balancer(scene: Scene) -> Iterator[Finding]:
    """Load balancing that Istio's webhook refuses, or failover without outlier detection.

    Why: Istio's webhook refuses the DestinationRule. Failover without `outlierDetection` (a warning) is accepted but
    never happens, because Envoy does not know which endpoints are unhealthy.
    Fix: use only one of `distribute` and `failover`; weights from 1 to 100 that add up to 100 for each `from`; failover
    to another region; a name for the cookie of a consistent hash.
    Source: Istio `pkg/config/validation` (`validateLoadBalancer`, `validateLocalityLbSetting`).
    """
    for manifest in scene.of("DestinationRule"):
        for pointer, policy in _policies(manifest):
            balancer = policy.get("loadBalancer")
            if not balancer:
                continue
            for message in _balancer_errors(balancer):
                yield Finding("load-balancer", message, pointer + "/loadBalancer", manifest)
            locality = balancer.get("localityLbSetting") or {}
            if locality.get("failover") and _HEALTH not in policy:
                message = "failover does nothing without outlierDetection: add it, or remove failover"
                yield Finding(
                    "load-balancer", message, pointer + "/loadBalancer/localityLbSetting", manifest, "warning"
                )


def _balancer_errors(balancer: Object) -> Iterator[str]:
    if "simple" in balancer and "consistentHash" in balancer:
        yield "simple and consistentHash cannot be used together"
    cookie = (balancer.get("consistentHash") or {}).get("httpCookie")
    if cookie is not None and not cookie.get("name"):
        yield "httpCookie needs a name"
    locality = balancer.get("localityLbSetting") or {}
    if locality.get("distribute") and locality.get("failover"):
        yield "distribute and failover cannot be used together"
    for entry in locality.get("distribute") or ():
        weights = list((entry.get("to") or {}).values())
        if sum(weights) != 100 or not all(1 <= weight <= 100 for weight in weights):
            source = entry.get("from", "*")
            yield f"the weights from {source} must each be 1 to 100 and add up to 100, not {sum(weights)}"
    for entry in locality.get("failover") or ():
        if entry.get("from") == entry.get("to"):
            yield f"failover from {entry.get('from')} leads to itself"


def client_tls(scene: Scene) -> Iterator[Finding]:
    """TLS settings of a DestinationRule that Istio's webhook refuses.

    Why: The DestinationRule is not applied.
    Fix: give MUTUAL a `clientCertificate` and `privateKey`, or a `credentialName` without the files. ISTIO_MUTUAL takes
    no certificates: Istio brings its own. `insecureSkipVerify` cannot be combined with `caCertificates` or
    `subjectAltNames`.
    Source: Istio `pkg/config/validation` (`validateTLS`).
    """
    for manifest in scene.of("DestinationRule"):
        for pointer, policy in _policies(manifest):
            for message in _tls_errors(policy["tls"] or {}) if "tls" in policy else ():
                yield Finding("client-tls", message, pointer + "/tls", manifest)


def _tls_errors(tls: Object) -> Iterator[str]:
    mode = tls.get("mode", "DISABLE")
    files = [field for field in _FILES if tls.get(field)]
    if mode == "MUTUAL" and not tls.get("credentialName") and not {"clientCertificate", "privateKey"} <= set(files):
        yield "mode MUTUAL needs clientCertificate and privateKey, or credentialName"
    if tls.get("credentialName") and files:
        yield f"credentialName cannot be used with {' and '.join(files)}"
    if mode == "ISTIO_MUTUAL" and (files or tls.get("credentialName")):
        yield "mode ISTIO_MUTUAL takes no certificates: Istio brings its own"
    if tls.get("insecureSkipVerify") and (tls.get("caCertificates") or tls.get("subjectAltNames")):
        yield "insecureSkipVerify cannot be used with caCertificates and subjectAltNames"


_INHERITED = ("loadBalancer", "connectionPool", "outlierDetection", "tls")


def port_level_settings(scene: Scene) -> Iterator[Finding]:
    """Settings of a traffic policy that apply to no port, or not to the ports that have settings of their own.

    Why: A port with an entry in `portLevelSettings` inherits nothing: what the entry leaves out has Istio's default.
    A setting of the policy itself applies only to the other ports; if every port of the Service has an entry, it
    applies to none (an error, otherwise a note).
    Fix: repeat the setting in each entry that should have it, or remove it where it has no effect.
    Source: Istio's reference of `TrafficPolicy.portLevelSettings`.
    """
    for manifest in scene.of("DestinationRule"):
        service = service_of(scene, spec_of(manifest).get("host", ""), manifest.namespace)
        there = {port.get("port") for port in spec_of(service).get("ports") or ()} if service else set()
        for pointer, policy in _policies(manifest):
            levels = [((each.get("port") or {}).get("number"), each) for each in policy.get("portLevelSettings") or ()]
            for field in _INHERITED if levels else ():
                without = [number for number, each in levels if field not in each]
                if field not in policy or not without:
                    continue
                ports = f"port{'s' if len(without) > 1 else ''} {', '.join(map(str, without))}"
                if there and there <= {number for number, _ in levels}:
                    message = (
                        f"{field} applies to no port: {ports} has settings of its own, which inherit nothing; "
                        "give it there"
                    )
                    yield Finding("port-level-settings", message, f"{pointer}/{field}", manifest)
                else:
                    message = f"{field} does not apply to {ports}: settings of a port inherit nothing; repeat it there"
                    yield Finding("port-level-settings", message, f"{pointer}/{field}", manifest, "note")
