"""The arguments of a verb as data: apps with their tags, and the configuration of a version."""

from __future__ import annotations

import json
from typing import Any

from renderer.facts import version_fields
from renderer.failure import Failure
from renderer.yamlio import load


def parse_words(words: tuple[str, ...], apps: tuple[str, ...]) -> dict[str, str | None]:
    """`APP TAG`, `APP=TAG ...` or `APP ...` as tags by app (None where there is none)."""
    if len(words) == 2 and "=" not in "".join(words) and words[1] not in apps:
        return {words[0]: words[1]}
    found: dict[str, str | None] = {}
    for word in words:
        app, equals, tag = word.partition("=")
        if app in found:
            raise Failure(f"{app} is named twice", 2)
        found[app] = tag if equals else None
    return found


def parse_overrides(sets: tuple[str, ...], unsets: tuple[str, ...]) -> dict[str, Any]:
    """`env.KEY=VALUE` ... as overrides; a value is text under `env` and `files`, else YAML."""
    found: dict[str, Any] = {}
    for text in sets:
        path, equals, value = text.partition("=")
        if not equals:
            raise Failure(f"--set needs FIELD=VALUE, such as env.LOG_LEVEL=debug, not {text}", 2)
        _put(found, path, value if path.startswith(("env.", "files.")) else _value(value, text))
    for path in unsets:
        _put(found, path, None)
    return found


def _put(found: dict[str, Any], path: str, value: Any) -> None:
    first, _, rest = path.partition(".")
    keys = [first, *([rest] if first in ("env", "files") and rest else rest.split(".") if rest else [])]
    if first not in version_fields():
        raise Failure(f"`{first}` is not a field of a version; the fields are {', '.join(sorted(version_fields()))}", 2)
    target = found
    for key in keys[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise Failure(f"--set {path}: a value without fields is set there already", 2)
    target[keys[-1]] = value


def _value(text: str, path: str) -> Any:
    data, problems = load(f"value: {text}\n".encode(errors="surrogateescape"), "--set")
    if problems or not isinstance(data, dict) or len(data) != 1:
        raise Failure(f"--set {path}: {problems[0].message if problems else 'not a value'}", 2)
    value = data["value"]
    if json.dumps(value).count("#") < text.count("#"):  # in a comment, then
        raise Failure(f"--set {path}: in YAML, ` #` starts a comment, which would be lost: quote the value", 2)
    return value
