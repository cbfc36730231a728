"""Random spec texts as people write them: every style of YAML that a spec may have, with comments everywhere."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from renderer.yamlio import load, plain_or_quoted

KEYS = ["a", "tag", "weight", "spec", "x y", "1.5", "env", "true", "a/b", "c~d", "né"]
TEXTS = [
    "x", "1.10", "it's", "true", "", "a: b", "# no", " lead", "trail ", "multi\nline", "multi\nline\n", "ends\n\n",
    "\n", "  in\n a", 'q"q', "\\", "tab\there", "long " * 30, "é", "- a", "{x", "a#b", "a #b", "*x", "\u2028", "🙂",
    "x\r\ny", "a\n  b\n\nc",
]  # fmt: skip

_NOT_SINGLE = re.compile(r"[^ -~\xa0-\u1fff]")
_NOT_LITERAL = re.compile(r"\A\n*[ ]|\A\n*\Z|[^\n -~\xa0-\u1fff]|[ \t](\n|$)")


def random_scalar(random: Random) -> Any:
    return random.choice([random.choice(TEXTS), random.choice(TEXTS), random.randrange(100), True, None, 1.5, False])


def random_data(random: Random, depth: int = 0) -> Any:
    """Any data, not too deep."""
    kind = random.random()
    if depth > 3 or kind < 0.4:
        return random_scalar(random)
    if kind < 0.8:
        return {key: random_data(random, depth + 1) for key in random.sample(KEYS, random.randrange(5))}
    return [random_data(random, depth + 1) for _ in range(random.randrange(4))]


def random_spec(random: Random) -> dict[str, Any]:
    """Data that looks like an App."""
    maybe = random.random
    spec: dict[str, Any] = {
        "image": f"ghcr.io/acme/{random.choice(['web', 'checkout'])}",
        "tag": f"1.{random.randrange(20)}.0",
    }
    spec["replicas"] = random.randrange(1, 9)
    if maybe() < 0.8:
        spec["ports"] = [
            {"name": name, "port": 80 + number}
            for number, name in enumerate(["http", "grpc"][: random.randrange(1, 3)])
        ]
    if maybe() < 0.8:
        secret = {"secretKeyRef": {"name": "db", "key": "password"}}
        env = {"LOG_LEVEL": "info", "PORT": 8080, "GREETING": random.choice(TEXTS), "DB_PASSWORD": secret}
        spec["env"] = {key: env[key] for key in random.sample(list(env), random.randrange(1, 5))}
    if maybe() < 0.5:
        spec["files"] = {
            "/etc/app.toml": 'currency = "EUR"\n[section]\n  key = 1\n',
            "/etc/other": random.choice(TEXTS),
        }
    if maybe() < 0.5:
        spec["resources"] = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {}}
    spec["strategy"] = {"type": "Canary", "router": "istio", "maxSurge": "25%"}
    if maybe() < 0.6:
        spec["canary"] = {"tag": f"2.{random.randrange(20)}", "version": "v2", "weight": random.randrange(1, 100)}
    if maybe() < 0.3:
        spec["command"] = ["/bin/app", "--flag=a b", "-c", random.choice(TEXTS)]
    metadata = {"name": "checkout", "labels": {"team": "payments", "example.com/tier": "1"}}
    return {"apiVersion": "rollspec/v1", "kind": "App", "metadata": metadata, "spec": spec}


def render(data: dict[str, Any], random: Random) -> str:
    """The data as a text in a random style; a strict reader reads the same data again."""
    while True:
        text = _Style(random).document(data)
        again, problems = load(text.encode(), "")
        if not problems and json.dumps(again) == json.dumps(data):
            return text


class _Style:
    """Draws every choice of style from one source; each comment has a number of its own."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.choice = random.choice
        self.habit = random.choice([None, 2, 2, 4, 1, 3])  # most people indent alike everywhere
        self.comments = 0

    def document(self, data: dict[str, Any]) -> str:
        lines = self.choice([[], ["---"], ["# head", ""]])[:]
        if self.random.random() < 0.03:
            lines = [("--- " if lines == ["---"] else "") + self.flow(data)]
        else:
            self.block(data, 0, lines)
        lines += self.choice([[], ["# tail"], ["", "# tail", ""], [""]])
        newline = self.choice(["\n", "\n", "\r\n"])
        return newline.join("\n".join(lines).split("\n")) + self.choice([newline, newline, ""])

    def comment(self) -> str:
        self.comments += 1
        return f"# {self.choice(['note', 'a: b', 'it is', '[', '- x'])} {self.comments}"

    def line_end(self) -> str:
        return self.choice(["", "", "", "  " + self.comment(), " "])

    def between(self, indent: int) -> list[str]:
        """Comments and empty lines above a key."""
        choices = ["", " " * indent + self.comment(), " " * max(0, indent - 1) + self.comment()]
        return self.random.sample(choices, self.choice([0, 0, 0, 1, 2]))

    def scalar(self, value: Any, flow: bool, indent: int) -> str:
        if value is None:
            return self.choice(["null", "~", "null" if flow else ""])
        if not isinstance(value, str):
            return json.dumps(value)
        options = [plain_or_quoted(value), self.quoted(value)]
        if not _NOT_SINGLE.search(value):
            options.append("'" + value.replace("'", "''") + "'")
        if not flow and "\n" in value and not _NOT_LITERAL.search(value):
            options += [self.literal(value, indent)] * 3
        return self.choice(options)

    def quoted(self, text: str) -> str:
        return json.dumps(text) if all(ord(character) < 0x10000 for character in text) else plain_or_quoted(text)

    def literal(self, text: str, indent: int) -> str:
        body = text.rstrip("\n")
        breaks = len(text) - len(body)
        deeper = " " * (indent + self.choice([1, 2, 4]))
        lines = [deeper + line if line else "" for line in body.split("\n")] + [""] * (breaks - 1)
        return "\n".join(["|" + ("-", "", "+")[min(breaks, 2)] + self.choice(["", " " + self.comment()]), *lines])

    def key(self, key: str) -> str:
        return self.choice([plain_or_quoted(key), plain_or_quoted(key), self.quoted(key)])

    def flow(self, value: Any) -> str:
        if not isinstance(value, dict | list):
            return self.scalar(value, True, 0)
        space = self.choice(["", " "])
        items = self.flow_items(value)
        last = self.choice(["", "", " ,"]) if items else ""
        inside = space + self.choice([", ", ",  "]).join(items) + last + space
        return f"{{{inside}}}" if isinstance(value, dict) else f"[{inside}]"

    def flow_items(self, value: Any) -> list[str]:
        if isinstance(value, dict):
            return [f"{self.key(key)}: {self.flow(each)}" for key, each in value.items()]
        return [self.flow(each) for each in value]

    def long_flow(self, value: Any, indent: int) -> str:
        """Over several lines."""
        begin, end = "{}" if isinstance(value, dict) else "[]"
        text, items = begin, self.flow_items(value)
        for number, item in enumerate(items, 1):
            text += self.choice(["\n" + " " * (indent + 2), "\n" + " " * (indent + 2), " "]) + item
            text += "," if number < len(items) or self.random.random() < 0.5 else ""
            if self.random.random() < 0.3:
                text += f" {self.comment()}\n" + " " * (indent + 2)
        return text + "\n" + " " * (indent + 1) + end

    def block(self, value: Any, indent: int, lines: list[str]) -> None:
        step = self.habit or self.choice([1, 2, 3, 4])
        if isinstance(value, dict):
            for key, each in value.items():
                lines += self.between(indent)
                dash = indent + self.choice([0, 2])
                self.value(" " * indent + self.key(key) + ":", each, indent, (indent + step, dash), lines)
        else:
            for each in value:
                lines += self.between(indent)
                self.item(" " * indent + "-", each, indent, lines)
        lines += self.choice([[], [], self.between(indent), self.between(indent + 3)])

    def value(self, head: str, value: Any, indent: int, deeper: tuple[int, int], lines: list[str]) -> None:
        if isinstance(value, dict | list) and value and self.random.random() < 0.7:
            lines.append(head + self.line_end())
            self.block(value, deeper[isinstance(value, list)], lines)
        elif isinstance(value, dict | list):
            long = value and self.random.random() < 0.3
            lines.append(f"{head} {self.long_flow(value, indent) if long else self.flow(value)}{self.line_end()}")
        else:
            written = self.scalar(value, False, indent)
            end = "" if written[:1] == "|" else self.line_end()
            lines.append(head + (self.choice([" ", "   "]) + written if written else "") + end)

    def item(self, head: str, value: Any, indent: int, lines: list[str]) -> None:
        if not (isinstance(value, dict | list) and value and self.random.random() < 0.7):
            self.value(head, value, indent, (indent + 2, indent + 2), lines)
            return
        below: list[str] = []
        self.block(value, indent + 2, below)
        while not below[0].strip() or below[0].lstrip().startswith("#"):
            below.pop(0)
        lines += [head + " " + below[0][indent + 2 :], *below[1:]]
