"""Rules over Prometheus queries; the parser is an extra, `rollspec[analysis]`, and imported only here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.checks import is_of_checks
from renderer.manifest import ANALYSIS_TEMPLATES, Manifest
from renderer.rules.finding import Finding, Scene, of_project
from renderer.rules.index import PLACEHOLDER
from renderer.rules.mesh import spec_of

_RULE = "analysis-queries"
_STAND_INS = ("1", "1m", "x")  # what an argument may be: a value, a duration, a name
# The labels of Istio's metrics under these prefixes; others come from the scrape, and may be anything.
_PREFIXES = ("source_", "destination_", "request_", "response_", "grpc_", "connection_")
_ENDS = (
    "workload workload_namespace principal app version cluster canonical_service canonical_revision service "
    "service_name service_namespace".split()
)
_ISTIO = frozenset(
    (
        *(f"{side}_{end}" for side in ("source", "destination") for end in _ENDS),
        "request_protocol",
        "response_code",
        "response_flags",
        "grpc_response_status",
        "connection_security_policy",
    )
)
_APP_LABELS = ("app", "app.kubernetes.io/name")
_Query = tuple[Manifest, str, str]  # a manifest, the pointer of the query there, and the query
_Tree = tuple[Manifest, str, Any]  # the same with its tree; a text says why it has none


def analysis_queries(scene: Scene) -> Iterator[Finding]:
    """A Prometheus query that does not parse, or asks for a label that Istio's metrics or the pods do not have.

    Why: A query that does not parse is an error in each measurement, which aborts the release. One that answers with
    a range or a text cannot be judged. A label that Istio does not report, or that the pods do not have, matches
    nothing: the query never has an answer (a warning). The queries of the built-in checks are not looked at here.
    Fix: correct the query. The extra `analysis` of rollspec brings the parser; without it, a note says that nothing was
    looked at.
    Source: Prometheus (`bad_data`), Istio's standard metrics.
    """
    found = [(template, pointer, query) for template, pointer, query in _queries(scene) if not is_of_checks(template)]
    parser = _parser() if found else None
    trees = _trees(parser, found)
    yield from _unusable(parser, trees, _RULE)
    pods = [pod for pod in scene.index.workloads if pod.kind == "Rollout"]
    rollout, labels = (pods[0].manifest.name, pods[0].labels) if pods else ("", None)
    for template, pointer, tree in trees if parser else ():
        for message in () if isinstance(tree, str) else _labels(parser, tree, rollout, labels):
            yield Finding(_RULE, message, pointer, template, "warning")


def found_in_queries(queries: Sequence[_Query], rule: str) -> Iterator[Finding]:
    """What any reader of Prometheus could not use; each query has its manifest and its pointer there."""
    parser = _parser() if queries else None
    yield from _unusable(parser, _trees(parser, queries), rule)


def _trees(parser: Any, queries: Sequence[_Query]) -> list[_Tree]:
    """The tree of each query; all of them None without the parser."""
    return [(manifest, pointer, _parsed(parser, query) if parser else None) for manifest, pointer, query in queries]


def _unusable(parser: Any, trees: Sequence[_Tree], rule: str) -> Iterator[Finding]:
    """Queries without a tree, or with one of no number; or that nobody looked at them."""
    if not trees:
        return
    if parser is None:
        message = (
            "Prometheus queries were not looked at: install rollspec with its extra `analysis`, which brings the parser"
        )
        yield of_project(rule, message, "/spec", "note")
        return
    for manifest, pointer, tree in trees:
        if isinstance(tree, str):
            yield Finding(rule, f"the query does not parse: {tree}", pointer, manifest)
        elif type(tree).__name__ in ("MatrixSelector", "SubqueryExpr", "StringLiteral"):
            yield Finding(
                rule, "the query answers with a range or a text: aggregate it to one number", pointer, manifest
            )


def _parser() -> Any:
    """The parser of the extra; None without it."""
    try:
        return importlib.import_module("promql_parser")
    except ImportError:
        return None


def _queries(scene: Scene) -> Iterator[tuple[Manifest, str, str]]:
    for kind in ANALYSIS_TEMPLATES:
        for template in scene.of(kind):
            for number, metric in enumerate(spec_of(template).get("metrics") or ()):
                prometheus = (metric.get("provider") or {}).get("prometheus") or {}
                if prometheus.get("query"):
                    pointer = f"/spec/metrics/{number}/provider/prometheus/query"
                    yield template, pointer, str(prometheus["query"])


def _parsed(parser: Any, query: str) -> Any:
    """The tree; or, as a text, what is wrong whatever stands for the arguments."""
    wrong = ""
    for stand_in in _STAND_INS:
        try:
            return parser.parse(PLACEHOLDER.sub(stand_in, query))
        except ValueError as error:
            wrong = wrong or str(error)
    return wrong


def _labels(parser: Any, tree: Any, rollout: str, pods: Mapping[str, str] | None) -> Iterator[str]:
    """What is wrong with the labels by which the query selects Istio's metrics; `pods` are the pods' own labels."""
    for selector in _selectors(parser, tree):
        if (selector.name or "").startswith("istio_"):
            for matcher in selector.matchers.matchers:
                yield from _label(matcher.name, matcher.value, rollout, pods)


def _label(name: str, value: str, rollout: str, pods: Mapping[str, str] | None) -> Iterator[str]:
    if name.startswith(_PREFIXES) and name not in _ISTIO:
        yield f"Istio's metrics have no label {name}"
    elif pods is not None and name == "destination_version" and "version" not in pods:
        yield "it asks for destination_version, and the pods have no label `version`"
    elif pods is not None and name == "destination_app" and value == rollout:
        values = [pods[each] for each in _APP_LABELS if each in pods]
        if rollout not in values:
            found = " and ".join(values) or "not there"
            yield f"it asks for destination_app {rollout}, and the pods' label `app` is {found}"


def _selectors(parser: Any, tree: Any) -> list[Any]:
    """Every vector selector of a tree."""
    found: list[Any] = []
    parser.walk(tree, found.append)
    return [node for node in found if isinstance(node, parser.VectorSelector)]
