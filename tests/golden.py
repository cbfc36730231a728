"""Writes the expected files of all fixtures anew (`make golden`); `git diff` then shows what changed."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests import docs
from tests.support import edit_cases, levels, patches, plan_cases, schema_cases
from tests.support.cases import ROOT, Outcome, cases, lay_out, run
from tests.test_live_reading import write as write_live
from tests.test_verbs import write as write_verbs


def main() -> int:
    """Render every case and keep what came out; a case of the wrong outcome is named and fails."""
    wrong = [case for case in cases("ok") if not _ok(case)] + [case for case in cases("err") if not _err(case)]
    for case in wrong:
        print(f"{case.relative_to(ROOT)}: not the outcome that its folder promises", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        write_verbs(Path(folder))
    levels.write()
    schema_cases.main()
    patches.main()
    edit_cases.main()
    plan_cases.main()
    write_live()
    docs.main()
    print(run(ROOT, "render").out, end="")
    return int(bool(wrong))


def _ok(case: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        project = lay_out(case, Path(folder), leave=frozenset(("expected", "warnings.txt")))
        outcome = _run(project)
        shutil.rmtree(case / "expected", ignore_errors=True)
        if outcome.code == 0:
            shutil.copytree(project / "rendered", case / "expected")
        (case / "warnings.txt").unlink(missing_ok=True)
        if outcome.err:
            (case / "warnings.txt").write_text(outcome.err)
        if outcome.code:
            print(outcome.err, file=sys.stderr)
        return outcome.code == 0


def _err(case: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        project = lay_out(case, Path(folder), leave=frozenset(("problems.txt",)))
        outcome = _run(project)
        (case / "problems.txt").write_text(outcome.err)
        return outcome.code == 1


def _run(project: Path) -> Outcome:
    """A defect of ours is no expectation: nothing is written then."""
    outcome = run(project, "render")
    if outcome.code not in (0, 1):
        sys.exit(outcome.err)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
