"""Hypothesis strategies for manifests and strategic merge patches of them, small in words so that they meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from renderer.manifest import Object

Strategy = st.SearchStrategy[Any]

NAMES = st.sampled_from(["a", "b", "c"])


def objects() -> st.SearchStrategy[Object]:
    """Deployments, Rollouts and Services, each name `d`."""
    return st.sampled_from(MAKERS).flatmap(lambda make: make(patch=False))


def patches() -> st.SearchStrategy[Object]:
    """Patches for such objects, directives and nulls among them."""
    return st.sampled_from(MAKERS).flatmap(lambda make: make(patch=True))


def pairs() -> st.SearchStrategy[tuple[Object, list[Object]]]:
    """An object and patches for its kind."""
    return st.sampled_from(MAKERS).flatmap(
        lambda make: st.tuples(make(patch=False), st.lists(make(patch=True), min_size=1, max_size=2))
    )


def _deployment(*, patch: bool) -> st.SearchStrategy[Object]:
    return _object("Deployment", "apps/v1", patch, _workload(patch))


def _rollout(*, patch: bool) -> st.SearchStrategy[Object]:
    return _object("Rollout", "argoproj.io/v1alpha1", patch, _workload(patch))


def _workload(patch: bool) -> dict[str, Strategy]:
    return {
        "replicas": st.integers(0, 3),
        "strategy": _mapping(patch, {"type": NAMES, "canary": _mapping(patch, {"steps": _values(patch)})}),
        "template": _mapping(patch, {"spec": _pod(patch), "metadata": _mapping(patch, {"labels": _texts(patch)})}),
    }


def _service(*, patch: bool) -> st.SearchStrategy[Object]:
    port = {"name": NAMES, "targetPort": st.integers(1, 3)}
    keys = {"port": st.integers(80, 82), "protocol": st.sampled_from(["TCP", "UDP"])}
    return _object("Service", "v1", patch, {"selector": _texts(patch), "ports": _keyed(patch, keys, port)})


def _object(kind: str, version: str, patch: bool, spec: dict[str, Strategy]) -> st.SearchStrategy[Object]:
    metadata = st.fixed_dictionaries(
        {"name": st.just("d")},
        optional={"labels": _texts(patch), "finalizers": st.lists(NAMES, unique=True, max_size=3)},
    )
    fixed = {"apiVersion": st.just(version), "kind": st.just(kind), "metadata": metadata}
    return st.fixed_dictionaries({**fixed, "spec": st.fixed_dictionaries({}, optional=spec)})


def _pod(patch: bool) -> Strategy:
    container = {
        "image": NAMES,
        "env": _keyed(patch, {"name": NAMES}, {"value": NAMES, "valueFrom": _mapping(patch, {"x": NAMES})}),
        "ports": _keyed(
            patch, {"containerPort": st.integers(80, 82), "protocol": st.sampled_from(["TCP", "UDP"])}, {"name": NAMES}
        ),
        "volumeMounts": _keyed(patch, {"mountPath": NAMES}, {"name": NAMES, "readOnly": st.booleans()}),
        "args": _values(patch),
        "resources": _mapping(patch, {"limits": _texts(patch)}),
    }
    return _mapping(
        patch,
        {
            "containers": _keyed(patch, {"name": NAMES}, container),
            "volumes": _keyed(patch, {"name": NAMES}, {"emptyDir": _mapping(patch, {"medium": NAMES})}),
            "tolerations": st.lists(_mapping(patch, {"key": NAMES}), max_size=2),
            "nodeSelector": _texts(patch),
        },
    )


def _keyed(patch: bool, keys: dict[str, Strategy], fields: dict[str, Strategy]) -> Strategy:
    """Items with all their keys, each once."""
    item = st.fixed_dictionaries(keys, optional=_nullable(patch, fields))
    if patch:
        item = st.one_of(item, st.fixed_dictionaries({**keys, "$patch": st.just("delete")}))
    items = st.lists(item, max_size=3, unique_by=_by(tuple(keys)))
    return st.one_of(items, st.none()) if patch else items


def _by(keys: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda item: tuple(item[key] for key in keys)


def _mapping(patch: bool, fields: dict[str, Strategy]) -> Strategy:
    directive = {"$patch": st.sampled_from(["merge", "replace", "delete"])} if patch else {}
    return st.fixed_dictionaries({}, optional={**_nullable(patch, fields), **directive})


def _nullable(patch: bool, fields: dict[str, Strategy]) -> dict[str, Strategy]:
    return {key: st.one_of(field, st.none()) if patch else field for key, field in fields.items()}


def _values(patch: bool) -> Strategy:
    values = st.lists(NAMES, max_size=3)
    return st.one_of(values, st.none()) if patch else values


def _texts(patch: bool) -> Strategy:
    return _mapping(patch, {"a": NAMES, "b": NAMES})


MAKERS = [_deployment, _rollout, _service]
