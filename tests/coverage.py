"""`make coverage`: the lines of renderer/ that no test runs must be those that tests/not_run.txt names."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parent.parent
NAMED = ROOT / "tests" / "not_run.txt"
MOST = 0.01  # of all statements


def named(text: str) -> Counter[str]:
    """The lines that are named, as `<file>: <statement>`; each stands below its reason, a comment."""
    return Counter(line for line in text.splitlines() if line and not line.startswith("#"))


def found(coverage: Coverage) -> tuple[Counter[str], int]:
    """The first lines of the statements that no test ran, and the number of all statements."""
    missed: Counter[str] = Counter()
    total = 0
    for file in sorted((ROOT / "renderer").rglob("*.py")):
        _, statements, _, missing, _ = coverage.analysis2(str(file))
        lines = file.read_text().splitlines()
        total += len(statements)
        missed.update(f"{file.relative_to(ROOT)}: {lines[number - 1].strip()}" for number in missing)
    return missed, total


def main() -> int:
    """Print what differs; the exit code."""
    coverage = Coverage()
    coverage.load()
    missed, total = found(coverage)
    expected = named(NAMED.read_text())
    for line in (missed - expected).elements():
        print(f"no test runs it: {line}")
    for line in (expected - missed).elements():
        print(f"a test runs it, so remove it from {NAMED.name}: {line}")
    share = missed.total() / total
    print(f"{total} statements in renderer/, {missed.total()} not run ({share:.2%}; at most {MOST:.0%})")
    return int(missed != expected or share > MOST)


if __name__ == "__main__":
    sys.exit(main())
