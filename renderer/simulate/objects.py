"""What applying or removing one manifest does to the live objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderer.manifest import ROLLOUT_HASH, Manifest, Object, sync_options
from renderer.scaler import SCALERS, scaler_of
from renderer.simulate.context import rollout_owner
from renderer.simulate.deployment import deployment_owner
from renderer.simulate.pods import remove_sets
from renderer.simulate.record import Edit
from renderer.simulate.spec import Template, deployment_spec, rollout_spec
from renderer.simulate.state import (
    Autoscaler,
    Deployment,
    Destination,
    Rollout,
    Rule,
    Service,
    Subset,
    VirtualService,
)

WAVE = "argocd.argoproj.io/sync-wave"


def wave(manifest: Manifest) -> int:
    """Argo CD's sync wave."""
    annotations = manifest.data.get("metadata", {}).get("annotations") or {}
    return int(annotations.get(WAVE, 0))


def put(edit: Edit, manifest: Manifest) -> None:
    """Apply one manifest that is new or changed."""
    before = edit.world.applied.get(manifest.identity)
    edit.world.applied[manifest.identity] = manifest
    PUT[manifest.kind](edit, _key(manifest), manifest.data, before.data if before else {})
    edit.wrote()


def remove(edit: Edit, manifest: Manifest) -> None:
    """Delete one object, and the pods of a workload with it."""
    del edit.world.applied[manifest.identity]
    key, world = _key(manifest), edit.world
    if manifest.kind == "Rollout":
        remove_sets(edit, rollout_owner(world.rollouts.pop(key)))
    elif manifest.kind == "Deployment":
        remove_sets(edit, deployment_owner(world.deployments.pop(key)))
    else:
        stores: dict[str, dict[str, Any]] = {
            "Service": world.services,
            "DestinationRule": world.rules,
            "VirtualService": world.virtual_services,
            **dict.fromkeys(SCALERS, world.autoscalers),
        }
        del stores[manifest.kind][f"{manifest.kind} {key}" if manifest.kind in SCALERS else key]
    edit.wrote()


def _key(manifest: Manifest) -> str:
    return f"{manifest.namespace}/{manifest.name}"


def _name(edit: Edit, template: Template) -> None:
    """Every template has a name from the moment it is applied."""
    edit.world.version(template.hash, template.version)


def _replicas(data: Object, before: Object, live: int | None) -> int:
    """The count in the manifest; without one an autoscaler's stays, but taking it out of the manifest sets 1.

    On the server's side fields have owners: a count that an autoscaler has changed is its own, and stays.
    """
    asked = data.get("spec", {}).get("replicas")
    if asked is not None:
        return int(asked)
    given = before.get("spec", {}).get("replicas")
    is_owned = "ServerSideApply=true" in sync_options(before) and live != given
    taken_out = given is not None and not is_owned
    return 1 if live is None or taken_out else live


def _put_rollout(edit: Edit, key: str, data: Object, before: Object) -> None:
    spec = rollout_spec(data.get("spec", {}), key.partition("/")[0])
    _name(edit, spec.template)
    live = edit.world.rollouts.get(key)
    replicas = _replicas(data, before, live.replicas if live else None)
    if live is None:
        edit.world.rollouts[key] = Rollout(key, spec, replicas)
        return
    if spec.restart_at is not None and spec.restart_at != live.spec.restart_at:
        live.restart_before = edit.world.now
    live.spec, live.replicas = spec, replicas


def _put_deployment(edit: Edit, key: str, data: Object, before: Object) -> None:
    spec = deployment_spec(data.get("spec", {}))
    _name(edit, spec.template)
    live = edit.world.deployments.get(key)
    replicas = _replicas(data, before, live.replicas if live else None)
    if live is None:
        edit.world.deployments[key] = Deployment(key, spec, replicas)
    else:
        live.spec, live.replicas = spec, replicas


def _put_service(edit: Edit, key: str, data: Object, before: Object) -> None:
    """The selector is merged: a hash that the controller added stays."""
    live = edit.world.services.get(key, Service({}))
    selector = dict(data.get("spec", {}).get("selector") or {})
    edit.world.services[key] = Service(selector, live.hash, live.manager)


def _put_rule(edit: Edit, key: str, data: Object, before: Object) -> None:
    """The list of subsets is replaced: hashes in it are lost until the controller comes."""
    spec = data.get("spec", {})
    subsets = {subset["name"]: Subset(_without_hash(subset.get("labels"))) for subset in spec.get("subsets") or ()}
    manager = edit.world.rules[key].manager if key in edit.world.rules else ""
    edit.world.rules[key] = Rule(_host(spec.get("host", ""), key), subsets, manager)


def _without_hash(labels: Object | None) -> dict[str, str]:
    return {name: value for name, value in (labels or {}).items() if name != ROLLOUT_HASH}


def _put_virtual_service(edit: Edit, key: str, data: Object, before: Object) -> None:
    """Istio's list of routes is replaced: weights go back to what Git says, managed routes are lost."""
    spec = data.get("spec", {})
    listed = spec.get("http") or spec.get("tls") or spec.get("tcp") or []
    routes = [(route.get("name", ""), _destinations(route, key)) for route in listed if route.get("route")]
    edit.world.virtual_services[key] = VirtualService(tuple(routes))


def _destinations(route: Object, key: str) -> tuple[Destination, ...]:
    default = 100 if len(route["route"]) == 1 else 0
    return tuple(
        Destination(
            _host(to["destination"].get("host", ""), key),
            to["destination"].get("subset", ""),
            to.get("weight", default),
        )
        for to in route["route"]
    )


def _host(host: str, key: str) -> str:
    """A Service's `namespace/name` from a short or a full host."""
    name, _, rest = host.partition(".")
    return f"{rest.partition('.')[0] or key.partition('/')[0]}/{name}"


def _put_autoscaler(edit: Edit, key: str, data: Object, before: Object) -> None:
    found, namespace = scaler_of(data), key.partition("/")[0]
    if not namespace:  # an operator's object that names none: it is applied into the namespace of the app
        workloads = [*edit.world.deployments, *edit.world.rollouts]
        namespace = next((each.partition("/")[0] for each in workloads if each.endswith(f"/{found.name}")), "")
    named = f"{found.kind} {namespace}/{found.name}"
    edit.world.autoscalers[f"{data['kind']} {key}"] = Autoscaler(named, int(found.least), int(found.most))


PUT: dict[str, Callable[[Edit, str, Object, Object], None]] = {
    "Rollout": _put_rollout,
    "Deployment": _put_deployment,
    "Service": _put_service,
    "DestinationRule": _put_rule,
    "VirtualService": _put_virtual_service,
    **dict.fromkeys(SCALERS, _put_autoscaler),
}
KINDS = frozenset(PUT)
