"""A problem is a value: one finding, with the position it is about; nothing here prints or exits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from renderer.lazy import regex
from renderer.masking import scrubbed, without_known

# An error stops the run, and under `--strict` a warning does too. A note never does: it only informs the reader.
Severity = Literal["error", "warning", "note"]
_MOST_DIGITS = 64  # as many as a digest may have
_LONG_NUMBER = regex(rf"[0-9]{{{_MOST_DIGITS + 1},}}")
_FIRST_DIGITS = 20
_MARKER = regex(r"##(?=[\w.]*\[)")
# Characters that Python calls printable and that show nothing: fillers, joiners, and selectors of a variant.
_BLANK = regex("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the harshest first


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding.

    `file` is relative to the project's root, with `/`; `line` and `column` count from 1 (0: the whole file);
    `pointer` is an RFC 6901 JSON pointer into the file's document, or into what a template renders; `rule` is a stable
    id, listed in the documentation; `message` is one line: what is wrong, in the terms of the spec, and what to do.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    pointer: str = ""
    severity: Severity = field(default="error")

    def __post_init__(self) -> None:
        """Any message may quote a number that somebody wrote, of any length."""
        if len(self.message) > _MOST_DIGITS and (short := without_long_numbers(self.message)) != self.message:
            object.__setattr__(self, "message", short)

    def __str__(self) -> str:
        location = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        severity = "" if self.severity == "error" else f"{self.severity}: "
        pointer = f" ({self.pointer})" if self.pointer else ""
        return printable(f"{location}: {severity}{self.rule}: {self.message}{pointer}")


def without_long_numbers(text: str) -> str:
    """The text with only the first digits of each number that nobody can read."""
    return _LONG_NUMBER.sub(lambda found: f"{found[0][:_FIRST_DIGITS]}... ({len(found[0])} digits)", text)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by position, without duplicates."""
    return sorted(set(problems))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that stop a run."""
    return [problem for problem in problems if problem.severity == "error"]


def strict(problems: Iterable[Problem]) -> list[Problem]:
    """The same findings with every warning made an error; notes stay notes."""
    return [replace(each, severity="error") if each.severity == "warning" else each for each in problems]


def harshest(problems: Iterable[Problem]) -> Severity:
    """The harshest severity among some problems, of which there is at least one."""
    return min((problem.severity for problem in problems), key=SEVERITIES.index)


def count_text(problems: Iterable[Problem]) -> str:
    """`2 errors, 1 warning`; empty for no problems."""
    counts = Counter(problem.severity for problem in problems)
    return ", ".join(plural(counts[each], each) for each in SEVERITIES if counts[each])


def without_secrets(problems: Iterable[Problem], text: bytes) -> list[Problem]:
    """The problems of one file, whose messages and pointers quote nothing that is masked in it."""
    return [
        replace(problem, message=scrubbed(problem.message, text), pointer=scrubbed(problem.pointer, text))
        for problem in problems
    ]


def printable(text: str) -> str:
    """The text on one line, without secrets and without anything that a terminal or a CI runner would act on.

    Every text that is printed for people and is not ours goes through here: names, keys and values may hold anything.
    GitHub's runner acts on `::command` at the beginning of a line and on `##[command]` anywhere in it, Azure's on
    `##vso[`, TeamCity's on `##teamcity[`.
    """
    text = _MARKER.sub(r"#\\x23", without_known(text)) if "##" in text else without_known(text)
    if text.lstrip().startswith("::"):
        text = text.replace("::", r":\x3a", 1)
    return text if is_visible(text) else "".join(map(_visible, text))


def is_visible(text: str) -> bool:
    """Whether the text has only characters that people see, and spaces."""
    return text.isprintable() and (text.isascii() or not _BLANK.search(text))


def _visible(letter: str) -> str:
    return letter if is_visible(letter) else letter.encode("unicode_escape").decode()


def plural(number: int, word: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """The first of these names, printable, and how many there are more: `a, b, c and 2 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(map(printable, names[:most]))}{more}"


def that_exist(names: Iterable[str]) -> str:
    """What there is in place of a name that is not known: `there are a, b`."""
    known = sorted(names)
    return f"there {'are' if len(known) > 1 else 'is only' if known else 'is'} {', '.join(known) or 'none'}"
