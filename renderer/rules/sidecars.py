"""Rule over Sidecars of Istio: the hosts that their pods may reach."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.plain import mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of

KIND = "Sidecar"


def sidecar_hosts(scene: Scene) -> Iterator[Finding]:
    """A host under `egress` of a Sidecar that is not of the form `namespace/host`.

    Why: Istio's webhook refuses the Sidecar. It is not applied, and the pods keep the hosts that they had.
    Fix: write the namespace first: `./HOST` for that of the Sidecar, `*/HOST` for all, `~/*` for none.
    Source: Istio (`host must be of form namespace/dnsName`).
    """
    for manifest in scene.of(KIND):
        for number, listener in enumerate(mappings(spec_of(manifest).get("egress"))):
            for index, host in enumerate(map(str, listener.get("hosts") or ())):
                namespace, slash, name = host.partition("/")
                if namespace and name:
                    continue
                own = name if slash else host
                message = (
                    f"the host {host or repr(host)} is not of the form namespace/host, so Istio refuses the Sidecar: "
                    f"write ./{own or '*'} for hosts of this namespace, or */{own or '*'} for those of all"
                )
                yield Finding("sidecar-hosts", message, f"/spec/egress/{number}/hosts/{index}", manifest)
