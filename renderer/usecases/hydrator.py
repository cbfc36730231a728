"""`hydrator.metadata`, as Argo CD's source hydrator writes it: where the files of a branch come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import parseaddr

from renderer.git.branches import About
from renderer.lazy import regex

METADATA = "hydrator.metadata"
NOTES = "refs/notes/hydrator.metadata"
_REFERENCE = "Argocd-reference-commit-"  # begins the name of a trailer about the commit of an app's own repository
_NAMES = {
    "sha": "sha", "repourl": "repoUrl", "author": "author", "date": "date", "subject": "subject", "body": "body",
}  # fmt: skip
_SHA = regex(r"[0-9a-f]{5,40}")
_TIME = regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ADDRESS = regex(r"[^\s@<>]+@[^\s@<>]+")
# What Go takes for a URL; a name such as git@host:path is not one.
_URL = regex(r"([A-Za-z][A-Za-z0-9+.-]*:|[^:/]*(/|$))([^\x00-\x1f\x7f%]|%[0-9A-Fa-f]{2})*")


def metadata(url: str, sha: str, about: About, trailers: Sequence[tuple[str, str]]) -> bytes:
    """The file's text. A reference without an author has none here; Argo CD writes `<@>`."""
    fields = {
        "repoURL": url,
        "drySha": sha,
        **about._asdict(),
        "body": _body(about.body),
        "references": [{"commit": found}] if (found := dict(_references(trailers))) else [],
    }
    return (json.dumps({key: value for key, value in fields.items() if value}, indent=2) + "\n").encode()


def dry_sha(content: bytes) -> str | None:
    """The commit that such a file names; None if the file is not valid, since anyone may write to the branch."""
    try:
        found = json.loads(content)["drySha"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and _SHA.fullmatch(found) else None


def _body(text: str) -> str:
    """The message without its subject, and without the trailers that become a reference."""
    lines = [line for line in text.splitlines() if not dict(_references([_pair(line)]))]
    return "".join(f"{line}\n" for line in lines)


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(": ")
    return key, value


def _references(trailers: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The commit that the trailers name; one that is not valid is left out, as Argo CD does."""
    for key, value in trailers:
        name = key.removeprefix(_REFERENCE)
        if name == key or name not in _NAMES:
            continue
        valid = _valid(name, value)
        if valid is not None:
            yield _NAMES[name], valid


def _valid(name: str, value: str) -> str | None:
    """The value as Argo CD writes it; None if it refuses it."""
    if name == "sha":
        return value if _SHA.fullmatch(value) else None
    if name == "repourl":
        return value if _URL.fullmatch(value) else None
    if name == "date":
        return _time(value)
    if name == "author":
        person, address = parseaddr(value)
        quoted = person.replace("\\", "\\\\").replace('"', '\\"')
        return (f'"{quoted}" <{address}>' if person else f"<{address}>") if _ADDRESS.fullmatch(address) else None
    return _text(value) if name == "body" else value


def _time(value: str) -> str | None:
    found = _TIME.fullmatch(value)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value.replace(found[1] or "", "") if found else None


def _text(value: str) -> str | None:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None
