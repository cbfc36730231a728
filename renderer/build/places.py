"""Faults and findings -> problems: which line of which file a person must edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from renderer.manifest import Manifest
from renderer.overlay import Document, Effective
from renderer.problem import Problem, Severity, errors
from renderer.render.origin import origin
from renderer.rules.finding import Finding
from renderer.schema import Fault
from renderer.spec import version_of
from renderer.yamlio import MAX_PROBLEMS, MAX_SPEC, Position, each_positions, positions

Blame = Callable[[Manifest], str | None]  # the patch (file#pointer) that made a manifest what it is
_LACK = "missing-field"
_AT_KEY = frozenset(("unknown-field", "yaml-key", "idle-null"))


@dataclass(frozen=True, slots=True)
class Places:
    """Texts by file; positions are worked out when a problem asks for them."""

    texts: Mapping[str, bytes]

    def put(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems, each with the line and column of its pointer, or of the nearest parent that has one.

        Of one file no more than its reader tells of; those that have a place already are not counted.
        """
        return tuple(self._put(problem) for problem in _not_too_many(problems))

    def _put(self, problem: Problem) -> Problem:
        text = self.texts.get(problem.file)
        if (
            text is None or problem.line or len(text) > MAX_SPEC
        ):  # too large a text is not parsed for its problems either
            return problem
        return _put_in(_positions(text), problem)


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
    return [*placed, *([_told_of(others)] if others else [])]


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
    """Of each file the first that have no place yet; one that tells of the others."""
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
    message = f"more than {MAX_PROBLEMS} problems; the others are not shown"
    return Problem(others[0].file, 1, 1, "yaml-size", message, severity="error" if errors(others) else "warning")


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
        locate = effective.locate_lack if fault.rule == _LACK else effective.locate
        file, there = locate(pointer)
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
    tag, patch = _tag(effective, finding), blame(finding.manifest)
    if tag is not None:
        file, pointer = effective.locate(tag)
    elif patch is not None:
        file, _, pointer = patch.partition("#")
    else:
        file, pointer = effective.locate(origin(finding.manifest, finding.pointer))
    return Problem(file, 0, 0, finding.rule, message, pointer, severity)


def _tag(effective: Effective, finding: Finding) -> str | None:
    """The pointer of the tag that a finding is about; None where the spec's versions are not what gave the image."""
    if not finding.tag_of or finding.manifest is None or origin(finding.manifest, finding.pointer) != "/spec/image":
        return None
    spec = effective.data["spec"]
    states = [(f"/spec/{name}", spec[name]) for name in ("canary", "preview") if name in spec]
    given = [(at, version_of(spec, state)) for at, state in states if "tag" in state]
    given.append(("/spec", version_of(spec, {})))
    return next((f"{at}/tag" for at, version in given if version.image == finding.tag_of), None)
