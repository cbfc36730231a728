"""Rules over Istio Gateways: servers, ports, hosts, TLS."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.syntax import is_dns_label, is_subdomain

_PROTOCOLS = frozenset("HTTP HTTP2 HTTPS GRPC GRPC-WEB TLS TCP MONGO REDIS MYSQL".split())
_WITH_TLS = frozenset({"HTTPS", "TLS"})


def gateway_servers(scene: Scene) -> Iterator[Finding]:
    """A server of a Gateway that Istio's webhook refuses.

    Why: The Gateway is not applied, and no request from outside reaches its hosts.
    Fix: give the Gateway at least one server; each server needs fully qualified hosts (`dnsName` or
    `namespace/dnsName`) and a port with a unique name, a number and a known protocol. HTTPS and TLS need `tls`; other
    protocols take only `httpsRedirect`. SIMPLE needs a certificate (`credentialName`, or `serverCertificate` and
    `privateKey`); ISTIO_MUTUAL takes none.
    Source: Istio `pkg/config/validation` (`ValidateGateway`).
    """
    for gateway in scene.of("Gateway"):
        servers = spec_of(gateway).get("servers") or ()
        if not servers:
            yield Finding("gateway-servers", "a Gateway needs at least one server", "/spec", gateway)
        names: list[str] = []
        for number, server in enumerate(servers):
            port = server.get("port") or {}
            messages = [*_port_errors(port, names), *_host_errors(server), *_tls_errors(port, server.get("tls") or {})]
            for message in messages:
                yield Finding("gateway-servers", message, f"/spec/servers/{number}", gateway)
            names.append(port.get("name", ""))


def _port_errors(port: Object, names: list[str]) -> Iterator[str]:
    if not port.get("name"):
        yield "the port needs a name"
    elif port["name"] in names:
        yield f"two ports are named {port['name']}"
    if not 0 < port.get("number", 0) < 65536:
        yield f"port {port.get('number', 0)} is not between 1 and 65535"
    if str(port.get("protocol", "")).upper() not in _PROTOCOLS:
        yield f"{port.get('protocol')!r} is not a protocol of a Gateway: {', '.join(sorted(_PROTOCOLS))}"


def _host_errors(server: Object) -> Iterator[str]:
    if not server.get("hosts"):
        yield "a server needs hosts"
    for entry in server.get("hosts") or ():
        namespace, slash, host = entry.rpartition("/")
        if slash and namespace not in ("*", ".") and not is_dns_label(namespace):
            yield f"{entry!r}: {namespace!r} is not a valid namespace"
        name = host.removeprefix("*.")
        if host != "*" and ("." not in host or not is_subdomain(name)):
            yield f"{entry!r} is not a valid host: use a fully qualified DNS name, with * only as its whole first label"


def _tls_errors(port: Object, tls: Object) -> Iterator[str]:
    protocol = str(port.get("protocol", "")).upper()
    if protocol in _WITH_TLS and not tls:
        yield f"a server for {protocol} needs tls"
    if protocol not in _WITH_TLS and tls.keys() - {"httpsRedirect"}:
        yield f"a server for {protocol} takes no tls but httpsRedirect"
    mode = tls.get("mode", "SIMPLE")
    named = [field for field in ("credentialName", "credentialNames", "tlsCertificates") if tls.get(field)]
    files = [field for field in ("serverCertificate", "privateKey") if tls.get(field)]
    if len(named) > 1 or (named and files):
        yield f"{' and '.join(named + files)} cannot be used together"
    if protocol in _WITH_TLS and tls and mode in ("SIMPLE", "MUTUAL") and not named and len(files) < 2:
        yield f"mode {mode} needs credentialName, or serverCertificate and privateKey"
    if mode == "ISTIO_MUTUAL" and (named or files):
        yield "mode ISTIO_MUTUAL takes no certificates: Istio brings its own"
