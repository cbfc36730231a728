"""The cases of `rollspec import`: a folder of sources, the files that come out, and what is printed."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from renderer.importing.source import read_source
from renderer.manifest import WORKLOADS
from tests.support.cases import FIXTURES, Outcome, cases, run, snapshot

ENVIRONMENT = "source-"  # begins the name of a folder that is the source of one environment


def names() -> list[str]:
    """The names of the cases."""
    return [case.name for case in cases("import")]


def imported(name: str, folder: Path, *more: str) -> Outcome:
    """Import the sources of a case into a project in the folder."""
    case = FIXTURES / "import" / name
    shutil.copytree(case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected", "report.txt"))
    envs = sorted(path.name for path in folder.iterdir() if path.name.startswith(ENVIRONMENT))
    words = [f"--env={env.removeprefix(ENVIRONMENT)}={env}" for env in envs] if envs else ["source"]
    return run(folder, "import", *words, *more)


def made(folder: Path) -> dict[str, str]:
    """The files that the import wrote."""
    return {path: text for path, text in snapshot(folder).items() if not path.startswith("source")}


def report(outcome: Outcome) -> str:
    """What was printed."""
    return f"{outcome.err}{outcome.out}"


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or Rollout of a case, and what the case expects of it."""

    case: str
    name: str
    is_app: bool
    is_patched: bool
    verdict: str


def workloads(name: str) -> list[Workload]:
    """The Deployments and Rollouts of a case; not the Deployments that Rollouts take their templates from."""
    case = FIXTURES / "import" / name
    sources = [read_source([(str(file), file.read_bytes())]) for file in sorted(case.glob("source*/**/*.yaml"))]
    objects = [each for source in sources for each in source.objects]
    references = {each.spec["workloadRef"]["name"] for each in objects if "workloadRef" in each.spec}
    report, found = (case / "report.txt").read_text(), []
    for each in objects:
        if each.kind not in WORKLOADS or (each.kind == "Deployment" and each.name in references):
            continue
        specs = [*case.glob(f"expected/**/apps/{each.name}.yaml")]
        verdict = re.search(rf": {each}: (.*)", report)
        patched = any("patches:" in spec.read_text() for spec in specs)
        found.append(Workload(name, str(each), bool(specs), patched, verdict[1] if verdict else "identical"))
    return found


def main() -> None:
    """Write what is expected of each case."""
    for name in names():
        case = FIXTURES / "import" / name
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "project"
            outcome = imported(name, folder)
            shutil.rmtree(case / "expected", ignore_errors=True)
            for path, text in made(folder).items():
                (case / "expected" / path).parent.mkdir(parents=True, exist_ok=True)
                (case / "expected" / path).write_text(text)
        (case / "report.txt").write_text(report(outcome))


if __name__ == "__main__":
    main()
