"""The arguments of a verb as data: apps with their tags, and the configuration of a version."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from renderer.facts import version_fields
from renderer.failure import Failure
from renderer.lazy import regex
from renderer.yamlio import load

_TAG = regex(r"v?[0-9]")
_APPS_ONLY = "apps, and no tag"
_TAKEN = {
    "undo": f"{_APPS_ONLY}; it goes back to the version before, or with `--to REF` to an older one",
    "weight": "apps, then one share",
}
_SEVERAL = "; for several apps, give each its tag, such as `rollspec release {app}={tag}`"


def parse_words(words: tuple[str, ...], apps: tuple[str, ...]) -> dict[str, str | None]:
    """`APP TAG`, `APP=TAG ...` or `APP ...` as tags by app (None where there is none)."""
    if len(words) == 2 and "=" not in "".join(words):
        if words[1] not in apps:
            return {words[0]: words[1]}
        if words[0] not in apps and _TAG.match(words[0]):
            swapped = f"`rollspec release {words[1]} {words[0]}`"
            raise Failure(f"there is no app `{words[0]}`; the app comes first: {swapped}", 2)
    found: dict[str, str | None] = {}
    for word in words:
        app, equals, tag = word.partition("=")
        if app in found:
            raise Failure(f"{app} is named twice", 2)
        found[app] = tag if equals else None
    return found


def refuse_misplaced(verb: str, words: Sequence[str], apps: Collection[str], environments: Collection[str]) -> None:
    """Failure for an environment or a tag among the apps of a verb, with the arguments that were probably meant."""
    there = frozenset(apps)
    others = [word for word in words if word not in there]
    for word in others:
        if word in environments:
            raise Failure(f"{word} is an environment, not an app: give `--env {word}`", 2)
    tags = [word for word in others if _TAG.match(word)]
    known = [word for word in words if word in there]
    if tags and verb == "release":
        then = _SEVERAL.format(app=known[0], tag=tags[0]) if known else f": `rollspec release APP {tags[0]}`"
        raise Failure(f"there is no app `{tags[0]}`{then}", 2)
    if tags:
        raise Failure(f"there is no app `{tags[0]}`: `{verb}` takes {_TAKEN.get(verb, _APPS_ONLY)}", 2)


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
