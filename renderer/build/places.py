"""Faults and findings -> problems: which line of which file a person must edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from renderer.manifest import Manifest
from renderer.overlay import Document, Effective
from renderer.problem import Problem, Severity
from renderer.render.origin import origin
from renderer.rules.finding import Finding
from renderer.schema import Fault
from renderer.yamlio import Position, positions

Blame = Callable[[Manifest], str | None]  # the patch (file#pointer) that made a manifest what it is
_AT_KEY = frozenset(("unknown-field", "yaml-key", "idle-null"))


@dataclass(frozen=True, slots=True)
class Places:
    """Texts by file; positions are worked out when a problem asks for them."""

    texts: Mapping[str, bytes]

    def put(self, problem: Problem, document: int = 0) -> Problem:
        """The problem with the line and column of its pointer, or of the nearest parent that has one.

        `document` counts the documents of a file that holds several.
        """
        text = self.texts.get(problem.file)
        if text is None or problem.line:
            return problem
        found = positions(text, document)
        pointer = problem.pointer
        while pointer and pointer not in found:
            pointer = pointer.rpartition("/")[0]
        if pointer not in found:
            return replace(problem, line=1, column=1)
        key, value = found[pointer]
        place = _place(key, value, at_key=problem.rule in _AT_KEY or pointer != problem.pointer)
        return replace(problem, line=place.line, column=place.column)


def _place(key: Position, value: Position, *, at_key: bool) -> Position:
    """A scalar is shown at its value, a mapping or list at its key."""
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
        file, there = effective.locate(pointer)
        found.append(Problem(file, 0, 0, fault.rule, fault.message, there))
    return found


def _is_given(effective: Effective, pointer: str) -> bool:
    return effective.locate(pointer)[1].endswith(pointer)


def of_findings(effective: Effective, findings: list[Finding], blame: Blame = lambda _: None) -> list[Problem]:
    """Findings of the rules; those in a manifest are shown at the patch to blame, or at the field that gave it."""
    return [_of_finding(effective, finding, blame) for finding in findings]


def of_manifest(effective: Effective, manifest: Manifest, faults: list[Fault], blame: Blame) -> list[Problem]:
    """Faults of a rendered manifest."""
    findings = [Finding(fault.rule, fault.message, fault.pointer, manifest) for fault in faults]
    return of_findings(effective, findings, blame)


def _of_finding(effective: Effective, finding: Finding, blame: Blame) -> Problem:
    severity: Severity = finding.severity
    if finding.manifest is None:
        file, pointer = effective.locate(finding.pointer)
        return Problem(file, 0, 0, finding.rule, finding.message, pointer, severity)
    message = f"{finding.message} (in {finding.manifest.file} at {finding.pointer or '/'})"
    patch = blame(finding.manifest)
    if patch is not None:
        file, _, pointer = patch.partition("#")
    else:
        file, pointer = effective.locate(origin(finding.manifest, finding.pointer))
    return Problem(file, 0, 0, finding.rule, message, pointer, severity)
