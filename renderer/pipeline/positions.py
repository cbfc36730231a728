"""Turns faults and findings into problems, each with the file and the line that a person must edit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from renderer.layout import PROJECT_FILE, TEMPLATE
from renderer.lazy import regex
from renderer.manifest import Manifest, Written
from renderer.masking import is_secret, without_words, words_of
from renderer.overlay import Document, Effective
from renderer.problem import Problem, Severity, harshest, without_secrets
from renderer.render.origin import origin, own_metadata
from renderer.rules.finding import Finding
from renderer.schema import Fault
from renderer.spec import version_of
from renderer.yamlio import MAX_PROBLEMS, MAX_SPEC, Position, each_positions, positions

_OPENS = regex(rb"\{[{%#]")
_CLOSES = {b"{{": b"}}", b"{%": b"%}", b"{#": b"#}"}
_LACK = "missing-field"
_AT_KEY = frozenset(("unknown-field", "yaml-key", "idle-null"))


class Source(NamedTuple):
    """The patch or template that gave a manifest a value; `value` says which value, for people."""

    file: str
    pointer: str
    value: str


Blame = Callable[[Manifest, str], Source | None]  # takes a manifest and a pointer into it; None: the spec gave it


class Locator(NamedTuple):
    """Finds the positions of problems in these texts, by file; it parses only the files that have problems."""

    texts: Mapping[str, bytes]

    def locate(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems, each with the line and column of its pointer, or of the nearest parent that has a position.

        At most `MAX_PROBLEMS` of one file; problems that have a position already do not count.
        """
        return tuple(self._locate(problem) for problem in _not_too_many(problems))

    def _locate(self, problem: Problem) -> Problem:
        text = self.texts.get(problem.file)
        if text is None:
            return problem
        if not problem.line and len(text) <= MAX_SPEC:  # a larger text is not parsed for its problems either
            problem = _located(positions_of(_without_jinja(text) if problem.file.endswith(TEMPLATE) else text), problem)
        return without_secrets([problem], text)[0]


def locate_in_documents(text: bytes, problems: Sequence[tuple[int, Problem]]) -> list[Problem]:
    """The same for a file of several documents; each problem comes with the number of its document, in ascending order.

    Documents are numbered as in the list that `load_all` returns.
    """
    left = enumerate(each_positions(text))
    located = []
    for wanted, problem in problems[:MAX_PROBLEMS]:
        known = next((known for number, known in left if number == wanted), None)
        located.append(_located({} if known is None else known, problem))
    others = [problem for _, problem in problems[MAX_PROBLEMS:]]
    return without_secrets([*located, *([_not_shown(others)] if others else [])], text)


def _without_jinja(text: bytes) -> bytes:
    """A template as YAML with the same positions: each expression becomes a text, other Jinja becomes blanks."""
    parts, done = [], 0
    while found := _OPENS.search(text, done):
        end = text.find(_CLOSES[found[0]], found.end())
        if end < 0:  # it is never closed: the template is not valid, and what follows has no positions
            break
        jinja = text[found.start() : end + 2]
        parts += [text[done : found.start()], re.sub(rb"[^\n]", b"x" if found[0] == b"{{" else b" ", jinja)]
        done = end + 2
    return b"".join([*parts, text[done:]])


@lru_cache(maxsize=8)  # the files of one app, and the overlays of its environment
def positions_of(text: bytes) -> Mapping[str, tuple[Position, Position]]:
    """The position of each key and of its value, by pointer."""
    return positions(text)


def _located(known: Mapping[str, tuple[Position, Position]], problem: Problem) -> Problem:
    pointer = problem.pointer
    while pointer and pointer not in known:
        pointer = pointer.rpartition("/")[0]
    if pointer not in known:
        return replace(problem, line=1, column=1)
    key, value = known[pointer]
    position = _position(key, value, at_key=problem.rule in _AT_KEY or pointer != problem.pointer)
    return replace(problem, line=position.line, column=position.column)


def _not_too_many(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first problems of each file that have no position yet, and one problem that counts the others."""
    counts: Counter[str] = Counter()
    others: dict[str, list[Problem]] = {}
    for problem in problems:
        counts[problem.file] += not problem.line
        if problem.line or counts[problem.file] <= MAX_PROBLEMS:
            yield problem
        else:
            others.setdefault(problem.file, []).append(problem)
    yield from map(_not_shown, others.values())


def _not_shown(others: Sequence[Problem]) -> Problem:
    """One problem that stands for all that are not shown of a file; it has the severity of the harshest."""
    more = "1 more problem" if len(others) == 1 else f"{len(others)} more problems"
    message = f"{more} of this file {'is' if len(others) == 1 else 'are'} not shown"
    return Problem(others[0].file, 1, 1, "yaml-size", message, severity=harshest(others))


def _position(key: Position, value: Position, *, at_key: bool) -> Position:
    """A scalar is found at its value, a mapping or a list at its key."""
    return value if value.line == key.line and not at_key else key


def of_document(document: Document, faults: list[Fault]) -> list[Problem]:
    """Faults of one file alone."""
    return [Problem(document.file, 0, 0, fault.rule, fault.message, fault.pointer) for fault in faults]


def of_effective(effective: Effective, faults: list[Fault], within: str = "") -> list[Problem]:
    """Faults of the effective spec, each in the file that gave the value.

    `within` names the part of the release state whose overrides were merged in, such as `/spec/canary`.
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
    """Findings of the rules; one in a manifest is shown at the patch that caused it, or at the field of the spec."""
    return [_of_finding(effective, finding, blame) for finding in findings]


def of_manifest(effective: Effective, manifest: Manifest, faults: list[Fault], blame: Blame) -> list[Problem]:
    """Faults of a rendered manifest."""
    findings = [Finding(fault.rule, fault.message, fault.pointer, manifest) for fault in faults]
    return of_findings(effective, findings, blame)


def _of_finding(effective: Effective, finding: Finding, blame: Blame) -> Problem:
    severity: Severity = finding.severity
    if finding.of_project:
        return Problem(PROJECT_FILE, 0, 0, finding.rule, finding.message, finding.pointer, severity)
    if finding.manifest is None:
        file, pointer = effective.locate(finding.pointer)
        return Problem(file, 0, 0, finding.rule, finding.message, pointer, severity)
    value = in_manifest(finding.manifest, finding.pointer)
    message = _without_values(finding.message, finding.manifest)
    tag, source = _tag(effective, finding), blame(finding.manifest, finding.pointer)
    if tag is not None:
        file, pointer = effective.locate(tag)
    elif source is not None:
        file, pointer, value = source
    elif finding.manifest.written is not None:
        return of_written(finding.manifest, finding.manifest.written, replace(finding, message=message))
    else:
        file, pointer = _in_spec(effective, finding.manifest, finding.pointer)
    return Problem(file, 0, 0, finding.rule, f"{message} ({value})", pointer, severity)


def _in_spec(effective: Effective, manifest: Manifest, pointer: str) -> tuple[str, str]:
    """The file and the pointer of the field that gave a manifest this value."""
    own = own_metadata(manifest, pointer)
    found = effective.locate(own) if own else ("", "")
    if own and found[1].endswith(own.removeprefix("/spec")):
        return found
    routes = len((effective.data["spec"].get("istio") or {}).get("routes") or ())
    return effective.locate(_of_version(effective, origin(manifest, pointer, routes=routes)))


def _of_version(effective: Effective, pointer: str) -> str:
    """The same field in the configuration of the version in flight, if it is given there."""
    inside = (f"/spec/{state}/overrides{pointer.removeprefix('/spec')}" for state in ("canary", "preview"))
    return next((each for each in inside if pointer != "/spec" and _is_given(effective, each)), pointer)


def of_written(manifest: Manifest, written: Written, finding: Finding) -> Problem:
    """A finding in a plain manifest, at its line of the file that it was read from."""
    message = f"{finding.message} (in {manifest.kind} {manifest.name})"
    problem = Problem(written.file, 0, 0, finding.rule, message, finding.pointer, finding.severity)
    return locate_in_documents(written.text, [(written.number, problem)])[0]


def _without_values(message: str, manifest: Manifest) -> str:
    """The message without the values of a Secret."""
    if not is_secret(manifest.data):
        return message
    values = {
        key: value for key, value in manifest.data.items() if key not in ("apiVersion", "kind", "metadata", "type")
    }
    return without_words(message, frozenset(words_of(values)))


def in_manifest(manifest: Manifest, pointer: str) -> str:
    """`in deployment.yaml at /spec/replicas`."""
    return f"in {manifest.file} at {pointer or '/'}"


def _tag(effective: Effective, finding: Finding) -> str | None:
    """The pointer of the tag that a finding is about; None if the image does not come from a version of the spec."""
    if not finding.tag_of or finding.manifest is None or origin(finding.manifest, finding.pointer) != "/spec/image":
        return None
    spec = effective.data["spec"]
    states = [(f"/spec/{name}", spec[name]) for name in ("canary", "preview") if name in spec]
    given = [(pointer, version_of(spec, state)) for pointer, state in states if "tag" in state]
    given.append(("/spec", version_of(spec, {})))
    return next((f"{pointer}/tag" for pointer, version in given if version.image == finding.tag_of), None)
