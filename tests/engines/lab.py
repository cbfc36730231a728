"""The lab: a real control plane, Argo Rollouts, istiod and Envoy, and a kubelet whose pods are real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import api
from .lock import program
from .sandbox import RUN, run

KUBECONFIG = RUN / "kubeconfig"
KUBECTL = (str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(KUBECONFIG))
PROXY = "127.0.0.1:15007"
CONTROLLERS = (
    "deployment-controller replicaset-controller endpointslice-controller garbage-collector-controller "
    "namespace-controller job-controller disruption-controller horizontal-pod-autoscaler-controller"
)
MESHED = {"HTTP_PROXY": f"http://{PROXY}"}  # the controller reaches Services as a pod with a sidecar does
URGENT = ("nice", "-n", "-10")  # a busy machine must not look like an application that does not answer
PATH_OF_REQUESTS = {"envoy", "kubelet"}  # the kubelet's pods inherit it
FAST = [
    "--kube-api-qps=400",
    "--kube-api-burst=800",
]  # many scenarios share one cluster; one's clients must not wait for another's
ISTIOD = {
    "POD_NAME": "istiod",
    "POD_NAMESPACE": "istio-system",
    "REVISION": "default",
    "CLUSTER_ID": "Kubernetes",
    "INJECT_ENABLED": "false",
    "VALIDATION_WEBHOOK_CONFIG_NAME": "",
    "PILOT_ENABLE_GATEWAY_API": "false",
    "PILOT_ENABLE_AMBIENT": "false",
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_TELEMETRY_LABEL": "false",
}
MESH = {
    "enableAutoMtls": False,
    "enablePrometheusMerge": False,
    "proxyHttpPort": 15007,
    "defaultConfig": {"discoveryAddress": "127.0.0.1:15010"},
    "defaultProviders": {},
    "defaultHttpRetryPolicy": {"attempts": 0},
}


class Lab:
    """Starts the engines, and stops and starts single ones; the sandbox ends what still runs."""

    def __init__(self, rollouts: str, logs: Path) -> None:
        """`rollouts`: version of the Rollouts controller; `logs`: folder for the engines' logs."""
        self.rollouts = rollouts
        self.logs = logs
        self.turn = threading.Lock()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Bring everything up; returns when the controllers work and Envoy has its listener."""
        began = time.monotonic()
        write_files()
        self.start_etcd()
        self.start_api_server()
        create_crds([f"rollouts-{self.rollouts}", "istio"], ["istio-system", "lab"])
        self.spawn(
            "controller-manager",
            *kubernetes("kube-controller-manager", "--controllers", CONTROLLERS.replace(" ", ",")),
            *FAST,
        )
        self.spawn("scheduler", *kubernetes("kube-scheduler"), *FAST)
        self.spawn("kubelet", str(program("podlab", "podlab")), "kubelet")
        self.start_rollouts()
        self.start_istiod()
        self.start_envoy()
        api.wait(lambda: api.call("GET", "/api/v1/nodes/node1")["status"]["conditions"], 30, "the node")
        print(f"lab: Rollouts {self.rollouts}, up in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)

    def start_etcd(self) -> None:
        """Start etcd on the sandbox's tmpfs."""
        clients, peers = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
        urls = ["--listen-client-urls", clients, "--advertise-client-urls", clients, "--listen-peer-urls", peers]
        self.spawn("etcd", str(program("etcd", "etcd")), "--data-dir", str(RUN / "etcd"), *urls, "--unsafe-no-fsync")

    def start_api_server(self) -> None:
        """Start the API server and wait until it is ready."""
        key = str(RUN / "sa.key")
        issuer = [
            "--service-account-issuer=https://lab",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        ]
        address = [
            "--secure-port=6443",
            "--bind-address=127.0.0.1",
            "--advertise-address=10.42.255.254",
            f"--cert-dir={RUN / 'certs'}",
        ]
        rights = ["--authorization-mode=AlwaysAllow", f"--token-auth-file={RUN / 'tokens'}"]
        network = ["--etcd-servers=http://127.0.0.1:2379", "--service-cluster-ip-range=10.43.0.0/16"]
        admission = ["--disable-admission-plugins=ServiceAccount,TaintNodesByCondition"]
        self.spawn(
            "api-server", str(program("kubernetes", "kube-apiserver")), *issuer, *address, *rights, *network, *admission
        )
        api.wait(lambda: api.call("GET", "/readyz") == "ok", 60, "the API server")

    def start_rollouts(self) -> None:
        """Start the Rollouts controller; it works from its first line of log on, or a moment later."""
        ports = ["--healthzPort=18080", "--metricsPort=18090"]
        command = [str(program(f"rollouts-{self.rollouts}", "rollouts-controller")), "--kubeconfig", str(KUBECONFIG)]
        self.spawn(
            "rollouts",
            *command,
            "--leader-elect=false",
            "--loglevel=info",
            "--qps=400",
            "--burst=800",
            *ports,
            env=MESHED,
        )

    def restart_rollouts(self) -> None:
        """Kill the Rollouts controller wherever it is, and start it again; scenarios side by side take turns."""
        with self.turn:
            self.kill("rollouts")
            self.start_rollouts()

    def start_istiod(self) -> None:
        """Start istiod with plain-text ADS."""
        files = [
            "--kubeconfig",
            str(KUBECONFIG),
            "--meshConfig",
            str(RUN / "mesh.json"),
            "--networksConfig",
            "/nonexistent",
        ]
        ports = [
            "--grpcAddr=127.0.0.1:15010",
            "--secureGRPCAddr=",
            "--httpsAddr=",
            "--httpAddr=127.0.0.1:15080",
            "--monitoringAddr=127.0.0.1:15014",
        ]
        command = [
            str(program("istio", "pilot-discovery")),
            "discovery",
            *files,
            "--registries",
            "Kubernetes",
            *ports,
            "--ctrlz_port=0",
        ]
        self.spawn("istiod", *command, env=ISTIOD)

    def start_envoy(self) -> None:
        """Start Envoy as a client's sidecar and wait for its listener, through which all requests of the lab go."""
        self.spawn(
            "envoy",
            str(program("envoy", "envoy")),
            "-c",
            str(RUN / "envoy.json"),
            "--concurrency",
            "1",
            "-l",
            "warning",
        )
        api.wait(listening, 60, "Envoy's listener")

    def spawn(self, name: str, *command: str, env: dict[str, str] | None = None) -> None:
        """Start a process with a log file of its name (added to when it is started again)."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*URGENT, *command] if name in PATH_OF_REQUESTS else command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=RUN,
                env={**os.environ, **(env or {})},
            )

    def kill(self, name: str) -> None:
        """Kill one engine, as a node's failure would."""
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def stop(self) -> None:
        """Stop all engines, the kubelet and its pods too, and remove their data, so that another lab can start."""
        for name in list(self.processes)[::-1]:
            self.kill(name)
        shutil.rmtree(RUN / "etcd", ignore_errors=True)

    def check(self) -> None:
        """RuntimeError when an engine has ended by itself."""
        ended = {name: process.returncode for name, process in self.processes.items() if process.poll() is not None}
        if ended:
            raise RuntimeError(f"engines ended by themselves: {ended}; see {self.logs}")


def kubernetes(name: str, *flags: str) -> list[str]:
    """The command line of a Kubernetes controller."""
    base = [
        str(program("kubernetes", name)),
        "--kubeconfig",
        str(KUBECONFIG),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    ]
    return [*base, *flags]


def write_files() -> None:
    """The engines' configuration files."""
    (RUN / "tokens").write_text(f"{api.TOKEN},admin,1,system:masters\n")
    run("openssl", "genrsa", "-out", str(RUN / "sa.key"), "2048")
    cluster = {"server": "https://127.0.0.1:6443", "insecure-skip-tls-verify": True}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": {"token": api.TOKEN}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }
    KUBECONFIG.write_text(json.dumps(config))
    (RUN / "mesh.json").write_text(json.dumps(MESH))
    (RUN / "envoy.json").write_text(json.dumps(envoy_bootstrap()))


def envoy_bootstrap() -> dict[str, object]:
    """Envoy as the sidecar of a client in namespace `lab`, told everything by istiod over delta ADS."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 15010}}}}
    http2 = {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
    }
    istiod = {
        "name": "xds-grpc",
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": http2,
        "load_assignment": {"cluster_name": "xds-grpc", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    service = {"envoy_grpc": {"cluster_name": "xds-grpc"}}
    ads = {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "grpc_services": [service],
        "set_node_on_first_message_only": True,
    }
    source = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    return {
        "node": {
            "id": "sidecar~10.42.255.2~client.lab~lab.svc.cluster.local",
            "cluster": "client.lab",
            "metadata": {
                "NAMESPACE": "lab",
                "CLUSTER_ID": "Kubernetes",
                "ISTIO_VERSION": "1.31.0",
                "INTERCEPTION_MODE": "NONE",
            },
        },
        "dynamic_resources": {"ads_config": ads, "lds_config": source, "cds_config": source},
        "static_resources": {"clusters": [istiod]},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 15000}}},
    }


def create_crds(engines: list[str], namespaces: list[str]) -> None:
    """Create the engines' CRDs and some namespaces; returns when the API server serves what the lab watches."""
    crds = [
        crd
        for engine in engines
        for crd in json.loads(program(engine, "crds.json").read_text())
        if crd["kind"] == "CustomResourceDefinition"
    ]
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda crd: api.call("POST", path, crd), crds))
    for name in namespaces:
        create_namespace(name)
    for kind in api.KINDS:
        api.wait(lambda kind=kind: api.call("GET", api.path(kind)), 30, kind)


def create_namespace(name: str) -> None:
    """Create a namespace."""
    api.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def listening() -> bool:
    """Whether Envoy has the listener for requests."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", 15000, timeout=5)
    connection.request("GET", "/listeners")
    return PROXY in connection.getresponse().read().decode()


def kubectl(*args: str, stdin: str | None = None) -> str:
    """Run kubectl; RuntimeError with its words when it fails."""
    return run(*KUBECTL, *args, stdin=stdin)


def kubectl_diff(files: Sequence[str]) -> str:
    """What `kubectl diff` says of these files; RuntimeError when it cannot compare (its exit code is not 0 or 1)."""
    named = [word for file in files for word in ("-f", file)]
    done = subprocess.run([*KUBECTL, "diff", *named], capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise RuntimeError(f"kubectl diff: {done.stderr.strip()}")
    return done.stdout


def argo_rollouts(*args: str) -> str:
    """Run the Rollouts plugin of kubectl."""
    return run(str(program("rollouts-1.10.2", "kubectl-argo-rollouts")), "--kubeconfig", str(KUBECONFIG), *args)
