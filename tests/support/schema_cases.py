"""The cases under fixtures/schema: how one is read and judged, and how the expected files are written anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from renderer.project import Versions
from renderer.resources import read_schema
from renderer.schema import Fault, Schemas
from renderer.schema.explain import Explainer

CASES = Path(__file__).parents[2] / "fixtures" / "schema"
OURS = ("App", "Overlay", "Project")
SCHEMAS = Schemas(Versions(), read_schema)


def load(path: Path) -> Any:
    """A YAML file as the tests read it."""
    return yaml.load(path.read_text(), yaml.CSafeLoader)


def names(folder: str, suffix: str) -> list[str]:
    """The cases of a folder."""
    return sorted(path.stem for path in (CASES / folder).glob(f"*{suffix}"))


def lines(faults: list[Fault]) -> list[str]:
    """Faults as the expected files have them."""
    return [f"{fault.pointer}: {fault.rule}: {fault.message}" for fault in faults]


def judge(data: Any) -> tuple[bool, list[Fault]]:
    """The verdict and the faults of a spec or a manifest."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind in OURS:
        return SCHEMAS.valid(kind, data), SCHEMAS.explain(kind, data)
    return SCHEMAS.manifest_valid(data), SCHEMAS.manifest_explain(data)


def partial(data: Any) -> list[Fault]:
    """The faults of a partial app."""
    return SCHEMAS.explain("App", data, partial=True)


def by_own_schema(case: Any) -> list[Fault]:
    """The faults of a case that brings its schema."""
    decider = jsonschema_rs.Draft7Validator(case["schema"], validate_formats=True)
    return Explainer(case["schema"], decider).explain(case["data"])


def golden() -> Iterator[tuple[Path, str]]:
    """Every expected file and what it should hold."""
    for folder in ("err", "partial"):
        for name in names(folder, ".yaml"):
            data = load(CASES / folder / f"{name}.yaml")
            found = partial(data) if folder == "partial" else judge(data)[1]
            yield CASES / folder / f"{name}.txt", "".join(f"{line}\n" for line in lines(found))
    for path in sorted((CASES / "words").glob("*.json")):
        case = json.loads(path.read_text())
        yield path, json.dumps({**case, "faults": lines(by_own_schema(case))}, indent=1) + "\n"


def main() -> int:
    """Write the expected files anew (`python -m tests.support.schema_cases`); `git diff` shows what changed."""
    for path, text in golden():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
