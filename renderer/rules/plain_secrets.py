"""Secrets that are written into a spec in plain text, where everybody who can read the repository reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from math import log2
from typing import Any, NamedTuple

from renderer.lazy import regex
from renderer.manifest import Manifest, Object
from renderer.masking import is_literal, is_named, known_secrets
from renderer.plain import escape, mapping
from renderer.problem import Severity
from renderer.rules.finding import Finding, Scene
from renderer.rules.templates_within import pods_within

_REFERENCE = regex(r"\$\([^()\s]*\)|\$\{[^{}\s]*\}|\{\{(?:(?!\{\{).)*?\}\}|<[^<>\s]*>|%[sv]")
_FLAG = regex(r"--?(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.*))?", re.DOTALL)
_PAIR = regex(r"""\s*["']?(?P<name>[\w.-]+)["']?\s*[:=]\s*["']?(?P<value>[^\s"',]+)["']?[,\s]*""")
_WORD = regex(r"[A-Za-z0-9+=]+")
_UUID = regex(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHORTEST = 12  # characters of a secret, and of a random word
_BITS = 2.9  # of each character: words of a language repeat theirs more
_LONGEST = 1 << 16  # characters of a file that are looked at


class _Text(NamedTuple):
    """A text of a manifest that holds a secret, with what names it."""

    pointer: str
    name: str
    value: str


_Holds = Callable[[str, Any], bool]  # whether a secret is in what has this name and value


def secret_in_spec(scene: Scene) -> Iterator[Finding]:
    """An environment variable, argument, annotation or file of an app that holds a secret in plain text.

    The rule sees what looks like a secret (a private key, a JSON Web Token, a token with a known prefix, a URL with a
    password), and random characters under a name that ends in a word such as `password` or `token`. References, such as
    `valueFrom` and `$(NAME)`, are never reported. It is a warning, and with `secrets: forbidden` in the overlay's
    policy an error; then every text under such a name is one, unless it is a number, a boolean, a path or a URL without
    a password.

    Why: Everybody who can read the repository, its forks or the pull request can read the secret, and Git keeps it.
    Fix: replace the secret by a new one, keep that in a Secret, and refer to it: `valueFrom: {secretKeyRef: {...}}`. If
    it is not a secret, add the name that the message gives to `notSecret` in `rollspec.yaml`.
    Source: `policy.secrets` of the overlay; docs/security.md lists the names.
    """
    is_forbidden = scene.policy.get("secrets") == "forbidden"
    shortest = 1 if is_forbidden else _SHORTEST

    def holds(name: str, value: Any) -> bool:
        return (
            isinstance(value, str)
            and len(value) >= shortest
            and name not in scene.not_secret
            and _holds_secret(name, value, strict=is_forbidden)
        )

    for manifest, text in _texts(scene, holds):
        message = (
            f"{text.name} holds a secret in plain text: refer to one in a Secret, and replace this one if it was "
            f"committed; if it is not a secret, add {text.name} to `notSecret`"
        )
        severity: Severity = "error" if is_forbidden else "warning"
        policy = "secrets" if is_forbidden else ""
        yield Finding("secret-in-spec", message, text.pointer, manifest, severity, policy=policy)


@lru_cache(maxsize=4096)  # most apps have values that others have too, or that they have in each environment
def _holds_secret(name: str, text: str, *, strict: bool) -> bool:
    value = _REFERENCE.sub("", text)
    if any(map(_is_varied, known_secrets(value))):
        return True
    return is_named(name) and (is_literal(value) if strict else is_random(value))


def _is_varied(secret: str) -> bool:
    """Not a word that only begins like a token, nor a placeholder such as `***`."""
    return "PRIVATE KEY" in secret or "://" in secret or any(each.isdigit() for each in secret)


def is_random(value: str) -> bool:
    """Whether the text has a word that no person would choose, as a generated password has."""
    if _UUID.fullmatch(value.strip()):
        return True
    return not re.search(r"\s|://", value.strip()) and any(map(_is_random_word, _WORD.findall(value)))


def _is_random_word(word: str) -> bool:
    if len(word) < _SHORTEST or word.isdigit() or (word.isalpha() and (word.islower() or word.isupper())):
        return False
    switches = sum(_class(one) != _class(other) for one, other in pairwise(word))
    entropy = -sum(count / len(word) * log2(count / len(word)) for count in Counter(word).values())
    return entropy >= _BITS and switches >= len(word) // 4


def _class(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "upper" if character.isupper() else "lower"


def _texts(scene: Scene, holds: _Holds) -> Iterator[tuple[Manifest, _Text]]:
    """The texts that hold a secret."""
    for pod in pods_within(scene):
        for pointer, container in pod.every:
            for text in _of_container(container, pointer, holds):
                yield pod.manifest, text
        for text in _of_mapping(pod.annotations, f"{pod.pointer}/metadata/annotations", holds):
            yield pod.manifest, text
    has_files = "ConfigMap" in scene.index.kinds
    for manifest in scene.manifests if has_files else scene.index.annotated:
        annotations = (manifest.data.get("metadata") or {}).get("annotations")
        for text in _of_mapping(annotations, "/metadata/annotations", holds):
            yield manifest, text
        if has_files and manifest.kind == "ConfigMap":
            for name, value in mapping(manifest.data.get("data")).items():
                pointer = f"/data/{escape(str(name))}"
                if holds(str(name), value):
                    yield manifest, _Text(pointer, str(name), value)
                yield from ((manifest, line) for line in _lines(pointer, value, holds))


def _of_container(container: Object, pointer: str, holds: _Holds) -> Iterator[_Text]:
    for number, variable in enumerate(_items(container, "env")):
        if isinstance(variable, dict) and "value" in variable:
            name, value = str(variable.get("name")), variable["value"]
            if holds(name, value):
                yield _Text(f"{pointer}/env/{number}/value", name, value)
    for field in ("command", "args"):
        flag = ""
        for number, word in enumerate(_items(container, field)):
            found = _FLAG.fullmatch(word) if isinstance(word, str) else None
            if isinstance(word, str):
                name, value = (found["name"], found["value"] or "") if found else (flag or field, word)
                if holds(name, value):
                    yield _Text(f"{pointer}/{field}/{number}", name, value)
            flag = found["name"] if found and found["value"] is None else ""


def _items(container: Object, field: str) -> list[Any]:
    """The list in a field; none where something else is in it: no schema checks the containers of operators."""
    value = container.get(field)
    return value if isinstance(value, list) else []


def _of_mapping(values: Any, pointer: str, holds: _Holds) -> list[_Text]:
    return [
        _Text(f"{pointer}/{escape(str(name))}", str(name), value)
        for name, value in mapping(values).items()
        if holds(str(name), value)
    ]


def _lines(pointer: str, value: Any, holds: _Holds) -> Iterator[_Text]:
    """The pairs of a file of settings, each on a line of its own; one of them is enough."""
    if isinstance(value, str) and "\n" in value:
        for line in value[:_LONGEST].splitlines():
            if (found := _PAIR.fullmatch(line)) and holds(found["name"], found["value"]):
                yield _Text(pointer, found["name"], found["value"])
