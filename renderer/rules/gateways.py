"""Rules over Istio Gateways: servers, ports, hosts, TLS."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.plain import mapping
from renderer.rules.addresses import is_address
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.syntax import is_dns_label, is_subdomain

_PROTOCOLS = frozenset("HTTP HTTP2 HTTPS GRPC GRPC-WEB TLS TCP MONGO REDIS MYSQL".split())
_WITH_TLS = frozenset({"HTTPS", "TLS"})
_PLAIN_HTTP = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB"})
_WITH_CERTIFICATE = frozenset({"SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"})
_NOT_ENDED = ("PASSTHROUGH", "AUTO_PASSTHROUGH")  # modes in which TLS goes through; the first one is the default


def gateway_servers(scene: Scene) -> Iterator[Finding]:
    """A server of a Gateway that Istio's webhook refuses, or whose certificate Istio does not use (a warning).

    Why: The Gateway is not applied, and no request from outside reaches its hosts. A certificate counts only with a
    `mode` such as SIMPLE: without one the mode is PASSTHROUGH, and the pods get TLS that they do not speak.
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
            messages = [
                *_port_errors(port, names),
                *_host_errors(server),
                *_bind_errors(server.get("bind")),
                *_tls_errors(port, server),
            ]
            for message in messages:
                yield Finding("gateway-servers", message, f"/spec/servers/{number}", gateway)
            ignored = _ignored(port, mapping(server.get("tls")))
            if ignored:
                yield Finding("gateway-servers", ignored, f"/spec/servers/{number}/tls", gateway, "warning")
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
        name = host.removeprefix("*.").removesuffix(".").lower()
        if host != "*" and ("." not in host or not is_subdomain(name)):
            yield f"{entry!r} is not a valid host: use a fully qualified DNS name, with * only as its whole first label"


def _bind_errors(bind: str | None) -> Iterator[str]:
    if bind and not (is_address(bind) or bind.startswith("unix://")):
        yield f"bind {bind!r} is not an IP address: remove it, and the server listens at every address"


def _tls_errors(port: Object, server: Object) -> Iterator[str]:
    protocol, tls = str(port.get("protocol", "")).upper(), mapping(server.get("tls"))
    has_tls, mode = server.get("tls") is not None, tls.get("mode", _NOT_ENDED[0])
    if protocol in _WITH_TLS and not has_tls:
        yield f"a server for {protocol} needs tls"
    elif protocol in _PLAIN_HTTP and mode not in _NOT_ENDED:
        yield f"a server for {protocol} takes no tls but httpsRedirect"
    elif protocol not in _WITH_TLS | _PLAIN_HTTP and has_tls:
        yield f"a server for {protocol} takes no tls"
    named, files = _certificates(tls)
    if len(named) > 1 or (named and files):
        yield f"{' and '.join(named + files)} cannot be used together"
    if protocol in _WITH_TLS and mode in _WITH_CERTIFICATE and not named and len(files) < 2:
        yield f"mode {mode} needs credentialName, or serverCertificate and privateKey"
    if mode == "ISTIO_MUTUAL" and (named or files):
        yield "mode ISTIO_MUTUAL takes no certificates: Istio brings its own"


def _certificates(tls: Object) -> tuple[list[str], list[str]]:
    """The fields that name certificates, and those that are files."""
    named = [field for field in ("credentialName", "credentialNames", "tlsCertificates") if tls.get(field)]
    return named, [field for field in ("serverCertificate", "privateKey") if tls.get(field)]


def _ignored(port: Object, tls: Object) -> str | None:
    """A certificate that Istio does not use, since TLS goes through to the pods."""
    named, files = _certificates(tls)
    if str(port.get("protocol", "")).upper() not in _WITH_TLS or tls.get("mode", _NOT_ENDED[0]) not in _NOT_ENDED:
        return None
    if not named + files:
        return None
    why = f"mode {tls['mode']}" if "mode" in tls else f"no mode, which means {_NOT_ENDED[0]},"
    return f"with {why} Istio does not use {' and '.join(named + files)}: write mode: SIMPLE, or remove it"
