"""A workload and its objects -> the fields of a spec, as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from renderer.importing import lift_labels, lift_others, lift_pods, lift_services, lift_workload
from renderer.importing.flight import of_two_versions
from renderer.importing.group import Group
from renderer.importing.lifted import Lifted
from renderer.importing.live import is_in_flight
from renderer.importing.reference import about_reference, with_template
from renderer.importing.rollout import NotLifted
from renderer.importing.workload import Workload, workload_of
from renderer.spec import NAME

_STEPS: tuple[Callable[[Workload, Lifted], Lifted], ...] = (  # each may read what those before it have lifted
    lift_pods.main_container_fields,
    lift_pods.pod_fields,
    lift_workload.workload_fields,
    lift_workload.strategy_fields,
    lift_services.own_service,
    lift_services.further_services,  # those that neither the strategy nor the app has taken
    lift_services.routes,  # to the ports; the strategy no longer names them
    lift_others.scaling,  # instead of `replicas`
    lift_others.service_account,  # which `pod` no longer names
    lift_others.disruption_budget,
    lift_others.jobs,  # whose containers are like the app's
    lift_labels.labels,  # of all objects that became fields
)


def lift(group: Group) -> Lifted:
    """The app of a workload and its objects. Raises NotLifted for what cannot be an app."""
    workload = group.workload
    if not NAME.fullmatch(workload.name):
        form = "at most 53 lower-case letters, digits or `-`, beginning with a letter"
        raise NotLifted(f"`{workload.name}` cannot be an app's name: {form}")
    if not is_in_flight(workload):
        return _lifted(group)
    if workload.stable is None:
        raise NotLifted(
            "a release of it is in flight, and the source does not have the ReplicaSet of its stable version: add the "
            "output of `kubectl get replicasets -o yaml`, or import it when the release has ended"
        )
    data = {**workload.data, "spec": {**workload.spec, "template": dict(workload.stable)}}
    stable = replace(group, workload=replace(workload, data=data))
    return of_two_versions(_lifted(stable), _lifted(group))


def _lifted(group: Group) -> Lifted:
    notes: tuple[str, ...] = ()
    if "workloadRef" in group.workload.spec:
        notes = (*about_reference(group),)
        group = with_template(group)
    workload, source = workload_of(group), group.workload
    app = Lifted(source.name, source.namespace, {}, {}, ((source, "the app"),), (), notes, workload.main)
    for step in _STEPS:
        app = step(workload, app)
    if workload.main:
        app = app.plus({"patches": [_moved(workload.main)]})
    return replace(app, extras=tuple(each for each in group.objects if not app.has(each)))


def _moved(main: int) -> dict[str, Any]:
    """A patch that puts the app's container where it was: rollspec renders it first."""
    containers = "/spec/template/spec/containers"
    move = {"op": "move", "from": f"{containers}/0", "path": f"{containers}/{main}"}
    return {"target": {"kind": "Workload"}, "patch": [move]}
