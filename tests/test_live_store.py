"""The store of live objects: after any events, it holds what a fresh reading gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renderer.live.store import Store

NAMES = st.sampled_from(["web", "api", "db"])


def deployment(name: str, replicas: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name}, "spec": {"replicas": replicas}, "status": {}}


def service(name: str, app: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": app}
    return {"metadata": {"name": name, "labels": labels}, "spec": {"selector": {"app": app}}}


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("Deployment"), NAMES, NAMES.map(lambda _: ""), st.integers(0, 3)),
        st.tuples(st.just("Service"), NAMES, NAMES, st.integers(0, 3)),
    )
)


def made(kind: str, name: str, app: str, number: int) -> dict[str, Any]:
    return deployment(name, number) if kind == "Deployment" else service(name, app)


def contents(store: Store) -> dict[str, Any]:
    every = {name: store.objects(name) for name in ("web", "api", "db")}
    return {app: {kind: dict(found) for kind, found in kinds.items() if found} for app, kinds in every.items()}


@given(EVENTS)
def test_events_and_a_fresh_reading_give_the_same(events: list[tuple[str, str, str, int]]) -> None:
    followed, latest = Store(), dict[tuple[str, str], Any]()
    for kind, name, app, number in events:
        if number == 0:
            followed.remove(kind, name)
            latest.pop((kind, name), None)
        else:
            latest[kind, name] = made(kind, name, app, number)
            followed.put(kind, latest[kind, name])
    fresh = Store()
    for kind in ("Deployment", "Service"):
        fresh.replace(kind, [data for (known, _), data in latest.items() if known == kind])
    assert contents(followed) == contents(fresh)
    numbers = [followed.number(app) for app in ("web", "api", "db")]
    for kind in ("Deployment", "Service"):
        followed.replace(kind, [data for (known, _), data in latest.items() if known == kind])
    assert contents(followed) == contents(fresh)
    assert [followed.number(app) for app in ("web", "api", "db")] == numbers, (
        "a reading again of the same changes nothing"
    )


def test_an_app_that_changes_gets_another_number() -> None:
    store = Store()
    store.put("Deployment", deployment("web", 1))
    before = store.number("web"), store.number("api")
    store.put("Deployment", deployment("web", 2))
    assert store.number("web") > before[0]
    assert store.number("api") == before[1]


def test_environment_variables_of_pods_are_not_kept() -> None:
    store = Store()
    owner = [{"kind": "ReplicaSet", "name": "web-1", "uid": "u", "controller": True}]
    spec = {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "TOKEN", "value": "hunter2"}]}]}
    store.put("Pod", {"metadata": {"name": "web-1-a", "ownerReferences": owner}, "spec": spec, "status": {}})
    store.put(
        "ReplicaSet",
        {
            "metadata": {"name": "web-1", "ownerReferences": [{**owner[0], "name": "web"}]},
            "spec": {"template": {"spec": spec}},
        },
    )
    assert store.objects("web")["Pod"]
    assert store.objects("web")["ReplicaSet"]
    assert "hunter2" not in str(store.objects("web"))
