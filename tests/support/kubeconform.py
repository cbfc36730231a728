"""kubeconform over a folder of manifests: one process, our schemas alone, no network."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools import kubeconform

SCHEMAS = Path(__file__).parents[2] / "schemas"
TEMPLATE = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What kubeconform says of one manifest."""

    valid: bool
    message: str


def judge(folder: Path, sets: Sequence[str]) -> Mapping[str, Verdict]:
    """A verdict for each file under `folder` (one manifest each), by its path inside the folder."""
    locations = [part for name in sets for part in ("-schema-location", f"{SCHEMAS}/{name}/{TEMPLATE}")]
    command = [str(kubeconform()), "-strict", "-verbose", "-output", "json", "-n", "4", *locations, str(folder)]
    # An unreachable proxy: a request to the network would be an error, not a silent download.
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    asked = subprocess.run(command, capture_output=True, text=True, check=False, env=nowhere)
    if asked.returncode not in (0, 1) or not asked.stdout:
        raise RuntimeError(f"kubeconform: exit {asked.returncode}: {asked.stderr}")
    return {
        str(Path(found["filename"]).relative_to(folder)): Verdict(found["status"] == "statusValid", found["msg"])
        for found in json.loads(asked.stdout)["resources"]
    }
