"""The cases that Kubernetes publishes for the Pod Security Standards, as fixtures/pod-security/cases.jsonl has them.

`python -m tests.support.pod_security_cases` makes that file from the pinned module (Apache-2.0), one line for each pod
and verdict.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from renderer.manifest import Manifest
from renderer.rules import Scene
from renderer.rules.pod_security import pod_security
from schemas.make import sources

FILE = Path(__file__).parents[2] / "fixtures" / "pod-security" / "cases.jsonl"
MODULE = "k8s.io/pod-security-admission"
PIN = {"version": "v0.37.1", "sum": "h1:4oVmjy29PlRLanwoyoZ2zDCuaHp3Xq+QDyyb9DNBDD4="}
MINORS = ("1.34", "1.35", "1.36", "1.37")
Case = Mapping[str, Any]


def read() -> list[Case]:
    """The committed cases."""
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def made() -> str:
    """The text of the file, out of the zip of the module. Raises sources.ChangedError if the zip is another."""
    found: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(sources.module(MODULE, {**PIN})) as archive:
        for member in sorted(archive.namelist()):
            _, _, path = member.partition("/test/testdata/")
            level, minor, verdict, name = path.split("/") if path.count("/") == 3 else ("", "", "", "")
            if minor.removeprefix("v") in MINORS and name.endswith(".yaml"):
                pod = yaml.safe_load(archive.read(member))
                case = {"level": level, "verdict": verdict, "name": name.removesuffix(".yaml"), "pod": pod}
                found.setdefault(json.dumps(case), case | {"minors": []})["minors"].append(minor.removeprefix("v"))
    return "".join(json.dumps(case) + "\n" for case in found.values())


def verdicts(case: Case) -> Iterator[tuple[str, str]]:
    """Each minor of a case, with what our rule says of the pod: `pass` or `fail`."""
    pod = Manifest("pod.yaml", case["pod"])
    for minor in case["minors"]:
        major, _, rest = minor.partition(".")
        scene = Scene((pod,), policy={"podSecurity": case["level"]}, kubernetes=(int(major), int(rest)))
        yield minor, "fail" if any(pod_security(scene)) else "pass"


if __name__ == "__main__":
    FILE.write_text(made())
