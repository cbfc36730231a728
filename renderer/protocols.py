"""Which protocol Istio takes a Service's port for, and in which section of a VirtualService its routes are."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Section = Literal["http", "tls", "tcp"]

HTTP = frozenset({"http", "http2", "http_proxy", "grpc", "grpc-web"})
TLS = frozenset({"tls", "https"})
KNOWN = HTTP | TLS | {"tcp", "udp", "mongo", "mysql", "redis", "hbone"}
_STANDARD = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}


@lru_cache(maxsize=256)
def protocol(app_protocol: str | None, name: str | None) -> str | None:
    """The protocol in lower case, by Istio's `kube.ConvertProtocol`; None if Istio must guess it.

    `appProtocol` counts before the name, of which the part up to the first `-` counts.
    """
    given = app_protocol or name or ""
    if given in _STANDARD:
        return _STANDARD[given]
    lower = given.lower()
    word = "grpc-web" if lower.startswith("grpc-web") else lower.partition("-")[0]
    return word if word in KNOWN else None


def section(found: str | None) -> Section:
    """The section for a port of that protocol; Istio treats a port whose protocol it does not know as TCP here."""
    return "http" if found in HTTP else "tls" if found in TLS else "tcp"
