"""From faults and findings to problems: the file and line that a person must edit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from renderer.layout import PROJECT_FILE, TEMPLATE
from renderer.manifest import Manifest
from renderer.masking import is_secret, without_words, words_of
from renderer.overlay import Document, Effective
from renderer.problem import Problem, Severity, harshest, without_secrets
from renderer.render.origin import origin
from renderer.rules.finding import Finding
from renderer.schema import Fault
from renderer.spec import version_of
from renderer.yamlio import MAX_PROBLEMS, MAX_SPEC, Position, each_positions, positions

_JINJA = re.compile(rb"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_LACK = "missing-field"
_AT_KEY = frozenset(("unknown-field", "yaml-key", "idle-null"))


class Hand(NamedTuple):
    """The patch or template that gave a manifest a value; `where` names the manifest and the pointer in it."""

    file: str
    pointer: str
    where: str


Blame = Callable[[Manifest, str], Hand | None]  # from a manifest and a pointer into it; None: the spec


@dataclass(frozen=True, slots=True)
class Places:
    """Texts by file; their positions are computed only for files with problems."""

    texts: Mapping[str, bytes]

    def put(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems, each with the line and column of its pointer, or of the nearest parent that has one.

        Of one file no more than its reader tells of; those that have a place already are not counted.
        """
        return tuple(self._put(problem) for problem in _not_too_many(problems))

    def _put(self, problem: Problem) -> Problem:
        text = self.texts.get(problem.file)
        if text is None:
            return problem
        if not problem.line and len(text) <= MAX_SPEC:  # a larger text is not parsed for its problems either
            problem = _put_in(_positions(_without_jinja(text) if problem.file.endswith(TEMPLATE) else text), problem)
        return without_secrets([problem], text)[0]


def put_in_documents(text: bytes, problems: Sequence[tuple[int, Problem]]) -> list[Problem]:
    """The same for a file of several documents; with each problem comes the number of its document, in ascending order.

    Documents count as the list of `load_all` does.
    """
    left = enumerate(each_positions(text))
    placed = []
    for wanted, problem in problems[:MAX_PROBLEMS]:
        found = next((places for number, places in left if number == wanted), None)
        placed.append(_put_in({} if found is None else found, problem))
    others = [problem for _, problem in problems[MAX_PROBLEMS:]]
    return without_secrets([*placed, *([_told_of(others)] if others else [])], text)


def _without_jinja(text: bytes) -> bytes:
    """A template as YAML with the same positions: each expression becomes a text, other Jinja becomes blanks."""

    def filler(found: re.Match[bytes]) -> bytes:
        return re.sub(rb"[^\n]", b"x" if found[0].startswith(b"{{") else b" ", found[0])

    return _JINJA.sub(filler, text)


@lru_cache(maxsize=4)  # the files of one app
def _positions(text: bytes) -> Mapping[str, tuple[Position, Position]]:
    return positions(text)


def _put_in(places: Mapping[str, tuple[Position, Position]], problem: Problem) -> Problem:
    pointer = problem.pointer
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    if pointer not in places:
        return replace(problem, line=1, column=1)
    key, value = places[pointer]
    place = _place(key, value, at_key=problem.rule in _AT_KEY or pointer != problem.pointer)
    return replace(problem, line=place.line, column=place.column)


def _not_too_many(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problems of each file that have no position yet, and one that counts the others."""
    counts: Counter[str] = Counter()
    others: dict[str, list[Problem]] = {}
    for problem in problems:
        counts[problem.file] += not problem.line
        if problem.line or counts[problem.file] <= MAX_PROBLEMS:
            yield problem
        else:
            others.setdefault(problem.file, []).append(problem)
    yield from map(_told_of, others.values())


def _told_of(others: Sequence[Problem]) -> Problem:
    """One for all that are left out of a file; it stops the run if one of them does."""
    more = "1 more problem" if len(others) == 1 else f"{len(others)} more problems"
    message = f"{more} of this file {'is' if len(others) == 1 else 'are'} not shown"
    return Problem(others[0].file, 1, 1, "yaml-size", message, severity=harshest(others))


def _place(key: Position, value: Position, *, at_key: bool) -> Position:
    """The position of a scalar is that of its value, of a mapping or list that of its key."""
    return value if value.line == key.line and not at_key else key


def of_document(document: Document, faults: list[Fault]) -> list[Problem]:
    """Faults of a file by itself."""
    return [Problem(document.file, 0, 0, fault.rule, fault.message, fault.pointer) for fault in faults]


def of_effective(effective: Effective, faults: list[Fault], within: str = "") -> list[Problem]:
    """Faults of the effective spec, each in the file that gave the value.

    `within` is the part of the release state whose overrides were merged in (`/spec/canary`), if any.
    """
    found = []
    for fault in faults:
        pointer = fault.pointer
        if within:
            inside = f"{within}/overrides{pointer.removeprefix('/spec')}"
            pointer = inside if _is_given(effective, inside) else pointer
        locate = effective.locate_lack if fault.rule == _LACK else effective.locate
        file, there = locate(pointer)
        found.append(Problem(file, 0, 0, fault.rule, fault.message, there))
    return found


def _is_given(effective: Effective, pointer: str) -> bool:
    return effective.locate(pointer)[1].endswith(pointer)


def of_findings(effective: Effective, findings: list[Finding], blame: Blame = lambda *_: None) -> list[Problem]:
    """Findings of the rules; one in a manifest is shown at the patch to blame, or at the field that it came from."""
    return [_of_finding(effective, finding, blame) for finding in findings]


def of_manifest(effective: Effective, manifest: Manifest, faults: list[Fault], blame: Blame) -> list[Problem]:
    """Faults of a rendered manifest."""
    findings = [Finding(fault.rule, fault.message, fault.pointer, manifest) for fault in faults]
    return of_findings(effective, findings, blame)


def _of_finding(effective: Effective, finding: Finding, blame: Blame) -> Problem:
    severity: Severity = finding.severity
    if finding.of_project:
        return Problem(PROJECT_FILE, 1, 1, finding.rule, finding.message, finding.pointer, severity)
    if finding.manifest is None:
        file, pointer = effective.locate(finding.pointer)
        return Problem(file, 0, 0, finding.rule, finding.message, pointer, severity)
    where = place_in(finding.manifest, finding.pointer)
    message = _without_values(finding.message, finding.manifest)
    tag, hand = _tag(effective, finding), blame(finding.manifest, finding.pointer)
    if tag is not None:
        file, pointer = effective.locate(tag)
    elif hand is not None:
        file, pointer, where = hand
    else:
        file, pointer = effective.locate(origin(finding.manifest, finding.pointer))
    return Problem(file, 0, 0, finding.rule, f"{message} ({where})", pointer, severity)


def _without_values(message: str, manifest: Manifest) -> str:
    """The message without the values of a Secret."""
    if not is_secret(manifest.data):
        return message
    values = {
        key: value for key, value in manifest.data.items() if key not in ("apiVersion", "kind", "metadata", "type")
    }
    return without_words(message, frozenset(words_of(values)))


def place_in(manifest: Manifest, pointer: str) -> str:
    """`in deployment.yaml at /spec/replicas`."""
    return f"in {manifest.file} at {pointer or '/'}"


def _tag(effective: Effective, finding: Finding) -> str | None:
    """The pointer of the tag that a finding is about; None where the spec's versions are not what gave the image."""
    if not finding.tag_of or finding.manifest is None or origin(finding.manifest, finding.pointer) != "/spec/image":
        return None
    spec = effective.data["spec"]
    states = [(f"/spec/{name}", spec[name]) for name in ("canary", "preview") if name in spec]
    given = [(at, version_of(spec, state)) for at, state in states if "tag" in state]
    given.append(("/spec", version_of(spec, {})))
    return next((f"{at}/tag" for at, version in given if version.image == finding.tag_of), None)
