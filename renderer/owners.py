"""Who owns which files: the rules of a CODEOWNERS file, as GitHub and GitLab read them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

PATHS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")  # the first that exists counts
LONGEST = 3 << 20  # bytes: GitHub reads no longer file
_MANY = 1_000  # rules


class OwnerRule(NamedTuple):
    """Files that match the pattern have these owners; none: nobody must look."""

    section: str
    parts: tuple[str, ...]  # of the pattern, between slashes
    is_folder: bool  # it ends with a slash: only what is below it
    owners: tuple[str, ...]


def parse_owners(text: str) -> tuple[OwnerRule, ...]:
    """The rules in the order of the file; lines that are none are left out."""
    found: list[OwnerRule] = []
    section = ""
    defaults: tuple[str, ...] = ()
    for line in text.splitlines():
        words = _words(line)
        if not words:
            continue
        if words[0].startswith(("[", "^[")):
            section, defaults = _section(" ".join(words))
            continue
        if words[0].startswith("!"):
            continue
        found.append(_rule(section, words[0], tuple(words[1:]) or defaults))
    return tuple(found[:_MANY])


def owners_of(rules: Sequence[OwnerRule], path: str) -> tuple[str, ...]:
    """The owners of a file: in each section, those of the last rule that matches."""
    last: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if _matches(rule, path.split("/")):
            last[rule.section] = rule.owners
    return tuple(dict.fromkeys(owner for owners in last.values() for owner in owners))


def _words(line: str) -> list[str]:
    """The words before a comment; a backslash keeps a space, as it does in a path with one."""
    kept = line.replace("\\ ", "\0").split()
    end = next((number for number, word in enumerate(kept) if word.startswith("#")), len(kept))
    return [word.replace("\0", " ").removeprefix("\\") for word in kept[:end]]


def _section(text: str) -> tuple[str, tuple[str, ...]]:
    """GitLab's `[Name][2] @owner`: the section's name, and who owns its files where a rule names nobody."""
    name, _, rest = text.removeprefix("^").removeprefix("[").partition("]")
    return name.lower(), tuple(word for word in rest.split() if not word.startswith("["))


def _rule(section: str, pattern: str, owners: tuple[str, ...]) -> OwnerRule:
    is_anchored = "/" in pattern.rstrip("/")
    parts = tuple(part for part in pattern.strip("/").split("/") if part)
    return OwnerRule(section, parts if is_anchored else ("**", *parts), pattern.endswith("/"), owners)


def _matches(rule: OwnerRule, path: Sequence[str]) -> bool:
    """Whether the pattern matches the path or a folder above it; a last `*` alone matches no folder."""
    reached = {0}  # how many names of the path the pattern has used so far
    for part in rule.parts:
        if part == "**":
            reached = set(range(min(reached, default=len(path)), len(path) + 1)) if reached else set()
        else:
            literal = part.replace("[", "[[]")
            reached = {end + 1 for end in reached if end < len(path) and fnmatchcase(path[end], literal)}
    is_whole = len(path) in reached
    is_file_only = bool(rule.parts) and rule.parts[-1] == "*" and len(rule.parts) > 1 and rule.parts[0] != "**"
    is_below = any(end < len(path) for end in reached)
    return (is_whole and not rule.is_folder) or (is_below and not is_file_only)
