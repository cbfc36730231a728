"""The cases of fixtures/plan: two small projects, before and after, and the plan from one to the other."""

from __future__ import annotations

from pathlib import Path

from renderer.plan import Plan
from renderer.report.plan import plan_text
from renderer.report.problems import problems_text
from renderer.usecases.compare import compare
from renderer.usecases.project import open_project
from renderer.usecases.revision import View, of_tree
from renderer.usecases.selection import asked
from tests.support.cases import FIXTURES, lay_out

FOLDER = FIXTURES / "plan"
EXPECTED = "plan.txt"
SHARED = "shared"  # files of both sides


def names() -> list[str]:
    """The cases."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def as_text(plan: Plan, problems: str) -> str:
    """The plan as text, or the problems of the new side."""
    return problems + (plan_text(plan, "text") if plan.apps or not problems else "")


def planned(case: str, folder: Path) -> tuple[Plan, str]:
    """The plan of every app in every environment, and the problems of the new side as text."""
    old, new = (_view(case, side, folder / side) for side in ("before", "after"))
    envs = sorted({*old.setup.environments, *new.setup.environments})
    found = compare(old, new, asked(sorted(old.apps | new.apps), envs, whole=True))
    return Plan("before", "after", found.plans), problems_text(found.problems, "text")


def _view(case: str, side: str, target: Path) -> View:
    """A side's own files over those that both share."""
    shared = FOLDER / case / SHARED
    if shared.exists():
        lay_out(shared, target)
    return of_tree(open_project(str(lay_out(FOLDER / case / side, target))))


def main() -> None:
    """Write the expected plans anew."""
    import tempfile

    for case in names():
        with tempfile.TemporaryDirectory() as folder:
            (FOLDER / case / EXPECTED).write_text(as_text(*planned(case, Path(folder))))


if __name__ == "__main__":
    main()
