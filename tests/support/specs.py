"""App specs drawn from our own JSON Schema.

Each field's values come from its node; fields that depend on each other are then put in order (mostly), so that most
specs are accepted and the rest are refused for a reason worth testing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Schemas

Node = dict[str, Any]
ROUTES = (
    ("RollingUpdate", None),
    ("Recreate", None),
    ("BlueGreen", None),
    ("Canary", "replica"),
    ("Canary", "istio"),
)
# Words that a pattern of the schema allows, by the beginning of the node's description or by the field's name.
WORDS = ("v1", "web-2", "a.b", "x", "Zz_9")
_RELEASE_FIELDS = ("canary", "preview", "previous", "aborted", "migration", "restartedAt", "paused")
_OPAQUE = frozenset(  # what refers to files, or to objects that other fields must name, is drawn by hand or left out
    "extraResources patches volumeMounts volumeDevices envFrom pod selector strategy service serviceAccount "
    "disruptionBudget autoscaling istio migration analysis steps".split()
)


@cache
def app_schema() -> Node:
    """The bundled schema of an App."""
    return Schemas(Versions(), read_schema).bundle("App")


def resolved(node: Node) -> Node:
    """The node that a reference leads to."""
    while "$ref" in node:
        found: Any = app_schema()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    if "allOf" in node and len(node["allOf"]) == 1 and "$ref" in node["allOf"][0]:
        return resolved(node["allOf"][0])
    return node


def values(node: Node, depth: int = 0) -> SearchStrategy[Any]:
    """Values of a schema node; nodes with a pattern take words that fit it, where some do."""
    node = resolved(node)
    if "const" in node:
        return st.just(node["const"])
    if "enum" in node:
        return st.sampled_from(node["enum"])
    for group in ("oneOf", "anyOf"):
        if group in node and "properties" not in node:
            return st.one_of([values(each, depth) for each in node[group]])
    kinds = node.get("type", "object" if "properties" in node else "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    return _of_kind(kind, node, depth)


def _of_kind(kind: str, node: Node, depth: int) -> SearchStrategy[Any]:
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(node.get("minimum", 0), min(node.get("maximum", 100), node.get("minimum", 0) + 100))
    if kind == "number":
        return st.integers(0, 100)
    if kind == "array":
        item = node.get("items", {"type": "string"})
        return st.lists(values(item, depth + 1), max_size=2, unique_by=repr) if depth < 4 else st.just([])
    if kind == "object":
        return _mapping(node, depth)
    return _text(node)


def _text(node: Node) -> SearchStrategy[str]:
    if "pattern" in node:
        return st.from_regex(node["pattern"].replace("\\d", "[0-9]"), fullmatch=True, alphabet=_ALPHABET).filter(
            lambda text: len(text) <= node.get("maxLength", 253)
        )
    return st.text(max_size=12).filter(lambda text: len(text) >= node.get("minLength", 0))


_ALPHABET = st.characters(codec="ascii", categories=["L", "N", "P", "S"])


def _mapping(node: Node, depth: int) -> SearchStrategy[dict[str, Any]]:
    if depth > 4:
        return st.just({})
    required = {
        key: values(each, depth + 1)
        for key, each in node.get("properties", {}).items()
        if key in node.get("required", ())
    }
    optional = {key: values(each, depth + 1) for key, each in node.get("properties", {}).items() if key not in required}
    if not required and not optional and isinstance(node.get("additionalProperties"), dict):
        names = _text(node.get("propertyNames", {"pattern": "^[a-z]{1,9}$"}))
        return st.dictionaries(names, values(node["additionalProperties"], depth + 1), max_size=2)
    return st.fixed_dictionaries(required, optional=optional) if len(optional) < 12 else _few(required, optional)


@st.composite
def _few(draw: DrawFn, required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    found = {key: draw(strategy) for key, strategy in required.items()}
    for key in draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)):
        found[key] = draw(optional[key])
    return found


@st.composite
def apps(draw: DrawFn, kind: str, router: str | None) -> dict[str, Any]:
    """An App document of one strategy and router."""
    fields = resolved(app_schema()["properties"]["spec"])["properties"]
    spec: dict[str, Any] = {
        "image": draw(st.sampled_from(("web", "ghcr.io/acme/web", "localhost:5000/a/b-c"))),
        "tag": draw(values(fields["tag"])),
    }
    spec["ports"] = draw(_ports(router))
    simple = [key for key in fields if key not in _OPAQUE and key not in spec and key not in _RELEASE_FIELDS]
    for key in draw(st.lists(st.sampled_from(simple), max_size=5, unique=True)):
        spec[key] = draw(values(fields[key]))
    spec["strategy"] = draw(_strategy(kind, router, fields))
    draw(_more(spec, fields))
    draw(_state(spec, kind, fields))
    metadata: dict[str, Any] = {"name": "web"}
    if draw(st.booleans()):
        metadata["labels"] = draw(values(app_schema()["properties"]["metadata"]["properties"]["labels"]))
    return {"apiVersion": "rollspec/v1", "kind": "App", "metadata": metadata, "spec": spec}


@st.composite
def _ports(draw: DrawFn, router: str | None) -> list[dict[str, Any]]:
    names = draw(
        st.lists(st.sampled_from(("http", "grpc", "http-2", "tcp-bus", "https")), min_size=1, max_size=3, unique=True)
    )
    ports = []
    for number, name in enumerate(names):
        port: dict[str, Any] = {"name": name, "port": draw(st.integers(1, 60000)) + number}
        if draw(st.booleans()):
            port["targetPort"] = draw(st.integers(1, 65535))
        ports.append(port)
    return ports


@st.composite
def _strategy(draw: DrawFn, kind: str, router: str | None, fields: Node) -> dict[str, Any]:
    from renderer.release.switches import fields_for

    strategy: dict[str, Any] = {"type": kind}
    if router:
        strategy["router"] = router
    node = resolved(fields["strategy"])["properties"]
    some = {"maxSurge", "maxUnavailable", "minReadySeconds", "revisionHistoryLimit", "previewReplicaCount"}
    plain = sorted(fields_for(kind) & some)
    for key in draw(st.lists(st.sampled_from(plain), max_size=2, unique=True)) if plain else ():
        strategy[key] = draw(values(node[key]))
    if kind == "Canary" and draw(st.integers(0, 4)) == 4:
        weights = draw(st.lists(st.integers(1, 99), min_size=1, max_size=3))
        pairs: list[list[dict[str, Any]]] = [[{"setWeight": weight}, {"pause": {}}] for weight in weights]
        strategy["steps"] = [step for pair in pairs for step in pair]
    return strategy


@st.composite
def _more(draw: DrawFn, spec: dict[str, Any], fields: Node) -> None:
    """Fields that hang together with others."""
    if draw(st.booleans()):
        spec["disruptionBudget"] = {"maxUnavailable": draw(st.integers(1, 3))}
    if draw(st.integers(0, 3)) == 3:
        spec["autoscaling"] = {
            "minReplicas": draw(st.integers(1, 9)),
            "maxReplicas": draw(st.integers(5, 20)),
            "cpu": 70,
        }
        spec["resources"] = {"requests": {"cpu": "100m"}}
        spec.pop("replicas", None)
    if draw(st.integers(0, 3)) == 3:
        spec["istio"] = {"hosts": ["web.example.com"], "gateways": ["istio-system/public"]}
    if draw(st.integers(0, 3)) == 3:
        spec["pod"] = {
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "terminationGracePeriodSeconds": draw(st.integers(10, 90)),
        }
        spec["volumeMounts"] = [{"name": "tmp", "mountPath": "/tmp"}]
    if draw(st.integers(0, 3)) == 3:
        spec["serviceAccount"] = {}


@st.composite
def _state(draw: DrawFn, spec: dict[str, Any], kind: str, fields: Node) -> None:
    """A release state that fits the strategy; now and then one that does not."""
    ladder = "steps" in spec["strategy"]
    key = {"Canary": "canary", "BlueGreen": "preview"}.get(kind)
    if draw(st.integers(0, 19)) == 19:
        key = "canary"
    if key and draw(st.booleans()):
        state: dict[str, Any] = {"tag": draw(values(fields["tag"]))}
        if key == "canary" and not ladder:
            state["weight"] = draw(st.integers(0, 100))
            if draw(st.booleans()):
                state["from"] = draw(st.integers(0, 100))
        if draw(st.booleans()):
            state["overrides"] = {"env": {"LOG": draw(st.text(max_size=9))}}
        spec[key] = state
    if draw(st.booleans()):
        spec["previous"] = {"tag": draw(values(fields["tag"])), "weight": draw(st.integers(0, 100))}
    if draw(st.integers(0, 4)) == 4:
        spec["restartedAt"] = "2026-01-31T12:00:00Z"
