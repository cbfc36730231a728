"""The language of `successCondition` and `failureCondition` (expr-lang, as in Argo Rollouts): text -> a tree.

A node is a tuple whose first item says what it is: `("binary", "<", left, right)`, `("index", of, key)`.
"""

from __future__ import annotations

import math
import operator
import re
from typing import Any

from renderer.lazy import regex

Node = tuple[Any, ...]

LONGEST = 4000  # characters
_DEEPEST = 60  # expressions inside each other
_TOKEN = regex(
    r"""\s+ | //[^\n]* | /\*.*?\*/
    | (?P<number>0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*
        |(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]*)?)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
    | (?P<sign>\?\.|\?\?|\.\.|\*\*|==|!=|<=|>=|&&|\|\||::|\#\#?|[-+*/%^<>=!?:;,.|()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_LETTER = regex(r"[\w$]")
_WORDS = {"and": "&&", "or": "||"}
_INFIX = ("in", "matches", "contains", "startsWith", "endsWith")
_BINARY = {
    "|": 1, "||": 10, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20, **dict.fromkeys(_INFIX, 20),
    "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_NOT, _SIGN = 50, 90
COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">=", *_INFIX))
PREDICATES = frozenset(
    "all none any one filter map find findIndex findLast findLastIndex count sum groupBy sortBy reduce".split()
)
FUNCTIONS = PREDICATES | frozenset(
    "len type abs int float string trim trimPrefix trimSuffix upper lower split splitAfter replace repeat join "
    "lastIndexOf hasPrefix hasSuffix indexOf max min mean median toJSON fromJSON toBase64 fromBase64 now duration date "
    "timezone first last get take keys values toPairs fromPairs reverse uniq sort concat flatten ceil floor round "
    "bitand bitor bitxor bitnand bitnot bitshl bitshr bitushr".split()
)


class ExpressionError(ValueError):
    """The text is not an expression; the message says what is wrong, and where."""


def parse(text: str) -> Node:
    """The tree of an expression. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"it is longer than {LONGEST} characters")
    parser = _Parser(_tokens(text))
    tree = parser.sequence()
    parser.expect("end")
    return tree


def nodes(tree: Node) -> list[Node]:
    """The node and all below it."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [
            each for item in node[1:] for each in (item if isinstance(item, list) else [item]) if _is_node(each)
        ]
    return found


def _is_node(item: object) -> bool:
    return isinstance(item, tuple)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Kind, text and column of each token, and an `end`."""
    found, start = [], 0
    while start < len(text):
        token = _TOKEN.match(text, start)
        if token is None:
            raise ExpressionError(f"column {start + 1}: {text[start]!r} is not part of the language")
        kind, word = token.lastgroup, token[0]
        if kind == "number" and (not _is_number(word) or _LETTER.match(text, token.end())):
            raise ExpressionError(f"column {start + 1}: `{word}` is not a number")
        if kind == "name" and (word in _WORDS or word in _INFIX):
            kind, word = "sign", _WORDS.get(word, word)
        if kind:
            found.append((kind, word, start + 1))
        start = token.end()
    return [*found, ("end", "the end", len(text) + 1)]


def _is_number(word: str) -> bool:
    """Whether Go has such a number."""
    digits = word.replace("_", "")
    try:
        if digits[:2].lower() in ("0x", "0b", "0o"):
            return int(digits, 0) < 2**63
        return math.isfinite(float(digits)) if re.search("[.eE]", digits) else int(digits) < 2**63
    except ValueError:
        return False


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._predicates = 0  # inside so many predicates, where `#` and `.name` are allowed

    def _next(self) -> tuple[str, str, int]:
        return self._tokens[self._at]

    def _is(self, *signs: str) -> bool:
        kind, word, _ = self._next()
        return kind == "sign" and word in signs

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _taken(self, *signs: str) -> bool:
        return self._is(*signs) and bool(self._take())

    def expect(self, wanted: str) -> None:
        """Take the sign that must be next, or the end."""
        kind, word, column = self._next()
        if (kind if wanted == "end" else word) != wanted:
            expected = "nothing more" if wanted == "end" else f"`{wanted}`"
            raise ExpressionError(f"column {column}: expected {expected}, not `{word}`")
        self._at += 1

    def sequence(self) -> Node:
        """`a; b`, whose value is the last one's."""
        tree = self.expression()
        while self._taken(";") and self._next()[0] != "end":
            tree = ("sequence", tree, self.expression())
        return tree

    def expression(self, least: int = 0) -> Node:
        """An expression whose operators bind at least so hard."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("its parts are too deep inside each other")
        tree = (self._let() or self._if()) if least == 0 else None
        if tree is None:
            tree = self._operators(least)
            while least == 0 and self._taken("?"):
                tree = self._choice(tree)
        self._depth -= 1
        return tree

    def _let(self) -> Node | None:
        """`let x = 1; x + 1`."""
        if self._next()[:2] != ("name", "let"):
            return None
        self._take()
        name = self._name()
        self.expect("=")
        value = self.expression()
        self.expect(";")
        return ("let", ("name", name), value, self.sequence())

    def _if(self) -> Node | None:
        """`if a { b } else { c }`, which Argo Rollouts has since 1.10; before, `if` is a name."""
        if self._next()[:2] != ("name", "if") or self._tokens[self._at + 1][0] in ("sign", "end"):
            return None
        self._take()
        condition, yes = self.expression(), self._braces()
        self.expect("else")
        return ("choice", condition, yes, self._if() or self._braces())

    def _braces(self) -> Node:
        self.expect("{")
        tree = self.sequence()
        self.expect("}")
        return tree

    def _choice(self, condition: Node) -> Node:
        if self._taken(":"):
            return ("choice", condition, condition, self.expression())
        yes = self.expression()
        self.expect(":")
        return ("choice", condition, yes, self.expression())

    def _operators(self, least: int) -> Node:
        left, before = self._unary(), ""
        while (sign := self._operator(least)) is not None:
            if before == "??" and sign not in ("??", "|"):
                raise ExpressionError(f"`{sign}` cannot follow `??`: write parentheses around one of them")
            left, before = self._binary(sign, left), sign
        return left

    def _operator(self, least: int) -> str | None:
        """Take the operator that comes next, where it binds hard enough; `not in` counts as `in`."""
        start = self._at
        if self._next()[:2] == ("name", "not"):
            self._take()
        kind, word, _ = self._next()
        known = _BINARY.get(word, -1) if kind == "sign" else -1
        if known < max(least, 1) or (self._at > start and word not in _INFIX):
            self._at = start
            return None
        return self._take()

    def _binary(self, sign: str, left: Node) -> Node:
        if sign == "|":
            name = self._name()
            self.expect("(")
            return ("call", name, [left, *self._arguments(name, ")", 1)])
        strength = _BINARY[sign]
        return ("binary", sign, left, self.expression(strength if sign in ("**", "^") else strength + 1))

    def _unary(self) -> Node:
        if self._next()[:2] == ("name", "not") or self._is("!"):
            self._take()
            return ("not", self.expression(_NOT))
        if self._is("-", "+"):
            self._take()
            return ("minus", self.expression(_SIGN))
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        kind, word, column = self._next()
        if kind in ("number", "text"):
            return (kind, self._take())
        if kind == "name":
            self._take()
            if word in ("true", "false"):
                return ("truth", word)
            if word == "let":
                raise ExpressionError(f"column {column}: `let` is not allowed here")
            return ("nothing",) if word == "nil" else self._named(word)
        if self._taken("::"):
            name = self._name()
            self.expect("(")
            return ("call", name, self._arguments(name, ")"))
        for opening, closing, name in (("(", ")", ""), ("[", "]", "array"), ("{", "}", "map")):
            if self._taken(opening):
                if name:
                    return (name, self._pairs() if name == "map" else self._arguments("", closing))
                tree = self.sequence()
                self.expect(closing)
                return tree
        if self._predicates and self._taken("#", "##"):  # what a predicate looks at
            return ("name", f"#{self._take()}" if self._next()[0] == "name" else "#")
        if self._predicates and self._is("."):
            return ("name", "#")
        raise ExpressionError(f"column {column}: `{word}` is not allowed here")

    def _named(self, name: str) -> Node:
        return ("call", name, self._arguments(name, ")")) if self._taken("(") else ("name", name)

    def _postfix(self, tree: Node) -> Node:
        while True:
            if self._taken(".") or self._taken("?."):
                if self._taken("["):
                    tree = ("chain", self._indexed(tree))
                    continue
                name = self._name()
                called = self._taken("(")
                tree = ("call", name, [tree, *self._arguments("", ")")]) if called else ("member", tree, name)
            elif self._taken("["):
                tree = self._indexed(tree)
            else:
                return tree

    def _indexed(self, tree: Node) -> Node:
        start = None if self._is(":") else self.expression()
        if self._taken(":"):
            end = None if self._is("]") else self.expression()
            self.expect("]")
            return ("slice", tree, start, end)
        self.expect("]")
        return ("index", tree, start)

    def _arguments(self, name: str, closing: str, given: int = 0) -> list[Node]:
        """`given` arguments come before the call, as in `result | all(# > 1)`; a predicate is the second one."""
        found: list[Node] = []
        while not self._taken(closing):
            if found:
                self.expect(",")
                if self._taken(closing):
                    break
            is_predicate = name in PREDICATES and given + len(found) == 1
            found.append(self._predicate() if is_predicate else self.expression())
        return found

    def _predicate(self) -> Node:
        self._predicates += 1
        tree = self._braces() if self._is("{") else self.expression()
        self._predicates -= 1
        return tree

    def _pairs(self) -> list[Node]:
        found: list[Node] = []
        while not self._taken("}"):
            if found:
                self.expect(",")
                if self._taken("}"):
                    break
            key = self._primary()
            self.expect(":")
            found.append(("pair", key, self.expression()))
        return found

    def _name(self) -> str:
        kind, word, column = self._next()
        if kind != "name" and word not in _INFIX:
            raise ExpressionError(f"column {column}: expected a name, not `{word}`")
        return self._take()


class Unknown(Exception):  # noqa: N818 - not an error: nothing is said then
    """The expression uses something that is not evaluated here."""


def value_of(tree: Node, result: list[float]) -> Any:
    """The value of an expression over Prometheus' answer; the few parts of the language that conditions need.

    Raises Unknown for others, and where the controller would have an error.
    """
    kind, *parts = tree
    if kind == "number":
        return float(parts[0].replace("_", ""))
    if kind == "truth":
        return parts[0] == "true"
    if kind == "name" and parts[0] == "result":
        return result
    if kind == "not":
        return not _truth(value_of(parts[0], result))
    if kind == "minus":
        return -_number(value_of(parts[0], result))
    if kind == "index" and parts[0] == ("name", "result"):
        index = int(value_of(parts[1], result))
        if not 0 <= index < len(result):
            raise Unknown
        return result[index]
    if kind == "call" and len(parts[1]) == 1 and parts[0] in ("len", "isNaN", "isInf"):
        functions: dict[str, Any] = {"len": len, "isNaN": math.isnan, "isInf": math.isinf}
        return functions[parts[0]](value_of(parts[1][0], result))
    if kind == "binary" and parts[0] in _EVALUATED:
        first = value_of(parts[1], result)
        if parts[0] in ("&&", "||"):
            return _truth(value_of(parts[2], result)) if _truth(first) == (parts[0] == "&&") else first
        return _EVALUATED[parts[0]](_number(first), _number(value_of(parts[2], result)))
    raise Unknown


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unknown
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unknown
    return value


_EVALUATED: dict[str, Any] = {
    "&&": None,
    "||": None,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
