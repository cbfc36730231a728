"""Words for patterns and formats: what a text must be, found out by samples that the pattern accepts or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Matches = Callable[[str, str], bool]  # pattern, text


class _Known(NamedTuple):
    words: str
    takes: tuple[str, ...]
    refuses: tuple[str, ...]


# The first row whose samples the pattern judges like this. Not by its spelling: the sets write one form in many ways.
_ROWS = (
    _Known("a percentage such as 25%", ("25%", "100%"), ("25", "a", "", "%", "x25%")),
    _Known("a number or a percentage such as 25%", ("25%", "25"), ("a", "", "%", "1Gi")),
    _Known("a quantity such as 500m, 128Mi or 2", ("100m", "128Mi", "2", "0.5"), ("x", "", "5 Mi", "5mi", "1h")),
    _Known("a time such as 2026-01-31T12:00:00Z", ("2026-01-31T12:00:00Z",), ("2026-01-31", "x", "", "12")),
    _Known("seconds or a duration such as 30s or 1h30m", ("30s", "1h30m", "30"), ("x", "", "5 s", "1d", "1Gi")),
    _Known("a duration such as 30s, or an argument such as {{args.interval}}", ("30s", "{{args.x}}"), ("x", "", "30")),
    _Known("a duration such as 30s or 1h30m", ("30s", "1h30m"), ("x", "", "30", "1d")),
    _Known("a number or an argument such as {{args.limit}}", ("30", "{{args.x}}"), ("x", "", "3s")),
    _Known("a digest such as sha256:...", ("sha256:" + 64 * "a",), ("x", "", "1.2")),
    _Known("a URL such as https://example.com", ("https://example.com",), ("x", "", "example.com", "ftp://x")),
    _Known("digits", ("0", "12"), ("a", "", "1a", "1.5", "-1")),
    _Known("a whole number", ("0", "12", "-1"), ("a", "", "1a", "1.5")),
    _Known(
        "a label value: letters, digits, `-`, `_` or `.`, a letter or digit first and last",
        ("", "a", "A_b.c-D", "1"),
        ("-a", "a-", "a/b", "a b"),
    ),
    _Known(
        "a key such as team or example.com/team: letters, digits, `-`, `_` or `.`, after an optional domain and `/`",
        ("a", "A_b.c", "example.com/a"),
        ("", "-a", "a/b/c", "Ex_/a", "a b"),
    ),
    _Known(
        "a label value: letters, digits, `-`, `_` or `.`, a letter or digit first and last",
        ("a", "A_b.c-D", "1"),
        ("", "-a", "a-", "a/b", "a b"),
    ),
    _Known(
        "a port name: at most 15 lower-case letters, digits or `-`, at least one letter",
        ("http", "a-b", "1a"),
        ("", "A", "80", "a--b", "-a", "a.b"),
    ),
    _Known(
        "a name: lower-case letters, digits, `-` or `.`, a letter or digit first and last",
        ("a", "a-b", "a.b", "1"),
        ("", "A", "a_b", "-a", "a-", "a/b"),
    ),
    _Known(
        "a name: lower-case letters, digits or `-`, a letter or digit first and last",
        ("a", "a-b", "1"),
        ("", "A", "a_b", "a.b", "-a", "a-"),
    ),
    _Known(
        "a name: lower-case letters, digits or `-`, a letter first, no `-` at the end",
        ("a", "a-b"),
        ("", "A", "a_b", "a.b", "-a", "a-", "1"),
    ),
    _Known("a key: letters, digits, `-`, `_` or `.`", ("a", "A.b", "a-b", "_a"), ("", "a b", "a/b", "a=b")),
    _Known("letters, digits or `-`, a letter first", ("a", "A-b"), ("", "-a", "1", "a_b", "a.b")),
    _Known("letters, digits, `-` or `_`", ("a", "A-b", "_a"), ("", "a b", "a.b", "a=b")),
    _Known("the name of an environment variable", ("A_B", "a1", "_x"), ("", "A=B")),
    _Known("a header name: letters, digits or `-`", ("x-canary", "Host"), ("", "a b", "a_b", "a.b", ":a")),
    _Known("an absolute path such as /etc/app", ("/etc/app", "/a"), ("", "a", "a/b")),
    _Known("a name such as a.b, or an empty text", ("", "a", "a.b"), ("A", "a_b", "-a", "a/b")),
    _Known("a name such as a-b, or an empty text", ("", "a", "a-b", "1"), ("A", "a_b", "a.b", "-a", "a-")),
    _Known(
        "a key such as team or example.com/team, or an empty text",
        ("", "a", "A_b.c", "example.com/a"),
        ("-a", "a/b/c", "Ex_/a", "a b"),
    ),
    _Known("a kernel parameter such as net.core.somaxconn", ("net.core.somaxconn", "a/b_c"), ("", "A", "a b", "-a")),
    _Known("64 hexadecimal digits, or an empty text", ("", 64 * "a"), ("a", 64 * "g")),
    _Known("an empty text, `Memory` or `HugePages`", ("", "Memory", "HugePages", "HugePages-2Mi"), ("a", "memory")),
    _Known("a path other than `.` or `/`", ("a", "a/b", "./a"), (".", "/")),
    _Known("a name without `/` or `%`", ("a", "A:b", "system:x"), ("", "a/b", "a%", ".", "..")),
)

_FORMATS = {
    "date-time": "a time such as 2026-01-31T12:00:00Z",
    "date": "a date such as 2026-01-31",
    "time": "a time of day such as 12:00:00Z",
    "duration": "an ISO 8601 duration such as PT1H",
    "email": "an e-mail address",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "a URL such as https://example.com",
    "regex": "a regular expression",
}

# What must not occur in a text (`not: {pattern: ...}`), by spelling, because there are only a few.
_FORBIDDEN = {"[*]": "text without `*`", "\\n": "one line of text", "[^A-Za-z0-9+/=\\r\\n]": "base64 text"}


def pattern_words(pattern: str, matches: Matches) -> str:
    """What a text must be to match `pattern`; names the pattern itself only if we know nothing better."""
    for row in _ROWS:
        if all(matches(pattern, text) for text in row.takes) and not any(
            matches(pattern, text) for text in row.refuses
        ):
            return row.words
    return f"text of the form {pattern}"


def format_words(name: str) -> str:
    """What a text of the JSON Schema format `name` is."""
    return _FORMATS.get(name, f"text of the format {name}")


def forbidden_words(schema: dict[str, Any]) -> str | None:
    """What a text must be in order not to match the schema's pattern; None if we do not know the pattern."""
    return _FORBIDDEN.get(schema.get("pattern", ""))
