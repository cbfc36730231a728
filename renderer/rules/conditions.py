"""Rules over the conditions and the queries of metrics: what can only go wrong when the controller evaluates it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderer.lazy import regex
from renderer.manifest import ANALYSIS_TEMPLATES, Object
from renderer.rules.expressions import COMPARISONS, FUNCTIONS, PREDICATES, ExpressionError, Node, nodes, parse
from renderer.rules.finding import Finding, Scene
from renderer.rules.index import PLACEHOLDER
from renderer.rules.mesh import spec_of

_RULE = "analysis-conditions"
CONDITIONS = ("successCondition", "failureCondition")
_OWN = frozenset(("asInt", "asFloat", "isNaN", "isInf", "isNil", "default"))
# A job succeeds or fails by itself, and so does a web hook by its status; Kayenta and plugins judge on their own.
_JUDGE_THEMSELVES = frozenset(("job", "web", "kayenta", "plugin"))
_ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "**", "^", "<", ">", "<=", ">="))
_SCALAR = regex(r"\s*(scalar\s*\(.*\)|time\(\)|[0-9.]+)\s*", re.DOTALL)


def analysis_conditions(scene: Scene) -> Iterator[Finding]:
    """A condition of a metric that the controller cannot evaluate, or a metric without a condition.

    Why: Conditions are written in expr-lang. One that does not parse, that uses an unknown name, that is not true or
    false, or that compares Prometheus' list with a number is an error in each measurement. The controller repeats a
    measurement with an error every 10 seconds, and the fifth in a row aborts the release. `result[0]` without a
    check of `len(result)` is such an error when there is no data (a warning). A metric without a condition succeeds
    whatever it measures (a warning), except for the providers `job` and `web`, which judge by themselves.
    Fix: write `len(result) > 0 && result[0] < 5`, or end the query in `or vector(0)` where no data means 0.
    Source: Argo Rollouts (`EvaluateResult`, `could not evaluate successCondition`).
    """
    for kind in ANALYSIS_TEMPLATES:
        for template in scene.of(kind):
            for number, metric in enumerate(spec_of(template).get("metrics") or ()):
                pointer, name = f"/spec/metrics/{number}", metric.get("name")
                provider = metric.get("provider") or {}
                if not any(metric.get(field) for field in CONDITIONS):
                    if not provider.keys() & _JUDGE_THEMSELVES:
                        message = (
                            f"the metric {name} has no condition: it is successful whatever it measures; "
                            "add successCondition or failureCondition"
                        )
                        yield Finding(_RULE, message, pointer, template, "warning")
                    continue
                for field in CONDITIONS:
                    for message, certain in _faults(str(metric.get(field) or ""), provider):
                        text = f"{field} of the metric {name}: {message}"
                        yield Finding(_RULE, text, f"{pointer}/{field}", template, "error" if certain else "warning")


def _faults(condition: str, provider: Object) -> Iterator[tuple[str, bool]]:
    """What is wrong with a condition, and whether that is certain."""
    if not condition.strip():
        return
    try:
        tree = parse(PLACEHOLDER.sub("1", condition))
    except ExpressionError as error:
        yield f"it does not parse: {error}", True
        return
    found = nodes(tree)
    yield from ((message, True) for message in _unknown(found))
    if tree[0] in ("number", "text", "minus", "array", "map"):
        yield "it is not true or false: compare it with something", True
    prometheus = provider.get("prometheus")
    if prometheus is None:
        return
    query = str(prometheus.get("query", ""))
    is_list = "scalar" not in query
    if is_list and tree[0] in ("index", "name") and _is_result(tree[1] if tree[0] == "index" else tree):
        yield "it is not true or false: compare it with something, such as `result[0] < 5`", True
    if is_list and any(_compares_list(node) for node in found):
        yield "Prometheus answers with a list: write `result[0]` for its first number", True
    if _SCALAR.fullmatch(query) and any(node[0] == "index" and _is_result(node[1]) for node in found):
        yield "the query is a scalar, and its answer a number: write `result` without an index", True
    if is_list and _unguarded(found) and not re.search(r"\bor\b[^|]*\bvector\s*\(", query):
        message = "`result[0]` is an error where there is no data: ask for `len(result) > 0` first"
        yield message, False


def _unknown(found: list[Node]) -> Iterator[str]:
    """Names and functions that are not there."""
    declared = {node[1][1] for node in found if node[0] == "let"} | {"result", "$env"}
    for node in found:
        if node[0] == "call" and node[1] not in FUNCTIONS | _OWN and node[1] not in declared:
            yield f"there is no function `{node[1]}`"
        name = node[1] if node[0] == "name" else ""
        if name and not name.startswith("#") and name not in declared and not _inside_predicate(found):
            yield f"there is no name `{name}`: the answer is `result`"


def _inside_predicate(found: list[Node]) -> bool:
    """Whether names may be fields of what a predicate looks at: then they are not judged."""
    return any(node[0] == "call" and node[1] in PREDICATES for node in found)


def _is_result(node: object) -> bool:
    return node == ("name", "result")


def _compares_list(node: Node) -> bool:
    """Whether the answer itself is used in arithmetic, or compared with a number."""
    if node[0] != "binary" or node[1] not in _ARITHMETIC | COMPARISONS:
        return False
    one, other = node[2], node[3]
    if not (_is_answer(one) or _is_answer(other)):
        return False
    return node[1] in _ARITHMETIC or (one if _is_answer(other) else other)[0] in ("number", "minus", "text")


def _is_answer(node: Node) -> bool:
    """Whether it is the whole answer; `default(result, 0)` is that too, since a list is never nil."""
    return _is_result(node) or (node[0] == "call" and node[1] == "default" and _is_result(next(iter(node[2]), None)))


def _unguarded(found: list[Node]) -> bool:
    """Whether an item of the answer is taken before anything asks how many there are."""
    for node in reversed(found):  # as they are evaluated
        if node[0] == "call" and node[1] in ("len", "count", "isNil"):
            return False
        if node[0] == "index" and _is_result(node[1]):
            return True
    return False
