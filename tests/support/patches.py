"""The cases of fixtures/patch: what the program makes of them, and what `kubectl kustomize` does.

`python -m tests.support.patches` writes the expected files anew: objects from kustomize, faults from the program.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from renderer.manifest import Manifest, Object
from renderer.patch import Patch, PatchFault, apply, parse
from renderer.yamlio import dump, load_all
from tests.support.cases import cases
from tests.tools import kubectl

OPENAPI = Path(__file__).parent.parent.parent / "fixtures" / "patch" / "rollout.openapi.json"
WORKLOADS = {"Deployment": "apps/v1", "Rollout": "argoproj.io/v1alpha1"}


class Case(NamedTuple):
    """Manifests and entries of `patches`; what becomes of them, None where a patch fails; what is said about them."""

    folder: Path
    manifests: list[Object]
    entries: list[Any]
    expected: list[Object] | None
    faults: list[str]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def read() -> list[Case]:
    """Every case, by name."""
    return [_read(folder) for folder in cases("patch")]


def documents(text: str) -> list[Any]:
    """The documents of YAML that kubectl reads or writes."""
    found, problems = load_all(text.encode(), "")
    assert not problems, problems
    return found


def patched(manifests: Sequence[Object], entries: Sequence[Any]) -> tuple[list[Object], list[PatchFault]]:
    """The program's result; a fault's index counts the entries."""
    patches: list[tuple[int, Patch]] = []
    faults: list[PatchFault] = []
    for index, entry in enumerate(entries):
        found, wrong = parse(entry, index=index)
        patches += [(index, patch) for patch in found]
        faults += wrong
    result, applied = apply([Manifest("", data) for data in manifests], [patch for _, patch in patches])
    faults += [replace(fault, index=patches[fault.index][0]) for fault in applied]
    return [manifest.data for manifest in result], faults


def line(fault: PatchFault) -> str:
    """A fault as a line of `faults.txt`."""
    return f"{fault.index} {fault.severity} {fault.rule} {fault.pointer}: {fault.message}"


def kustomized(found: Iterable[Case]) -> dict[str, list[Object]]:
    """What kustomize makes of each case, in as few builds as it takes: most cases get a namespace of their own."""
    result: dict[str, list[Object]] = {}
    shared: dict[bool, list[Case]] = {False: [], True: []}
    for case in found:
        if _stands_alone(case):
            result[case.name] = build(case.manifests, case.entries, rollouts=_rollouts(case))
        else:
            shared[_rollouts(case)].append(case)
    for rollouts, group in shared.items():
        manifests = [_in(case.name, data) for case in group for data in case.manifests]
        entries = [_entry_in(case.name, entry, case.manifests) for case in group for entry in case.entries]
        for case in group:
            result[case.name] = []
        for data in build(manifests, entries, rollouts=rollouts):
            namespace = data["metadata"].pop("namespace")
            result[namespace].append(data)
    return result


def build(manifests: Sequence[Object], entries: Sequence[Any], *, rollouts: bool) -> list[Object]:
    """One `kubectl kustomize`; with the schema of a Rollout if asked. Raises CalledProcessError with its words."""
    kustomization: Object = {
        "resources": ["manifests.yaml"],
        "patches": [_for_kustomize(entry, manifests) for entry in entries],
    }
    if rollouts:
        kustomization["openapi"] = {"path": "rollout.openapi.json"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "manifests.yaml").write_text("---\n".join(dump(data) for data in manifests))
        (folder / "kustomization.yaml").write_text(json.dumps(kustomization))
        (folder / "rollout.openapi.json").write_bytes(OPENAPI.read_bytes())
        command = [str(kubectl()), "kustomize", name]
        return documents(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def in_order(objects: Iterable[Object]) -> list[Object]:
    """By kind and name: kustomize has an order of its own."""
    return sorted(objects, key=lambda data: (data["kind"], data["metadata"]["name"]))


def _read(folder: Path) -> Case:
    expected, faults = folder / "expected.yaml", folder / "faults.txt"
    (entries,) = documents((folder / "patches.yaml").read_text())
    return Case(
        folder,
        documents((folder / "manifests.yaml").read_text()),
        entries,
        documents(expected.read_text()) if expected.exists() else None,
        faults.read_text().splitlines() if faults.exists() else [],
    )


def _rollouts(case: Case) -> bool:
    return any(data["kind"] == "Rollout" for data in case.manifests)


def _stands_alone(case: Case) -> bool:
    """A case that is about namespaces, or whose patches are text, is built as it is."""
    return any(isinstance(entry["patch"], str) for entry in case.entries) or any(
        "namespace" in data["metadata"] for data in case.manifests
    )


def _in(namespace: str, data: Object) -> Object:
    return {**data, "metadata": {**data["metadata"], "namespace": namespace}}


def _entry_in(namespace: str, entry: Any, manifests: Sequence[Object]) -> Any:
    if "target" in entry:
        return {**entry, "target": {**_real(entry["target"], manifests), "namespace": namespace}}
    return {"patch": _in(namespace, _real(entry["patch"], manifests))}


def _for_kustomize(entry: Any, manifests: Sequence[Object]) -> Any:
    """The entry as kustomize wants it: real kinds, text, and a name even where it says nothing."""
    patch = entry["patch"]
    if isinstance(patch, dict) and "target" in entry:
        metadata = patch.get("metadata")
        metadata = {"name": "any", **metadata} if isinstance(metadata, dict) else {"name": "any"}
        patch = {"apiVersion": "any/v1", "kind": "Any", **patch, "metadata": metadata}
    elif isinstance(patch, dict):
        patch = _real(patch, manifests)
    result = {"patch": patch if isinstance(patch, str) else dump(patch)}
    return {**result, "target": _real(entry["target"], manifests)} if "target" in entry else result


def _real(named: Object, manifests: Sequence[Object]) -> Object:
    """Kind `Workload` replaced by the kind that is there."""
    kind = next((data["kind"] for data in manifests if data["kind"] in WORKLOADS), "")
    if "Workload" not in named.get("kind", ""):
        return named
    version = {"apiVersion": WORKLOADS[kind]} if "metadata" in named else {}
    return {**named, **version, "kind": re.sub("Workload", kind, named["kind"])}


def _stops(fault: PatchFault) -> bool:
    """Kustomize lets a target match nothing."""
    return fault.severity == "error" and (fault.rule, fault.pointer) != ("patch-unmatched", "/target")


def main() -> None:
    """Write the expected files."""
    found = read()
    outcomes = {case.name: patched(case.manifests, case.entries) for case in found}
    fine = [case for case in found if not any(map(_stops, outcomes[case.name][1]))]
    built = kustomized(fine)
    for case in found:
        faults = outcomes[case.name][1]
        (case.folder / "faults.txt").write_text("".join(f"{line(fault)}\n" for fault in faults))
        if not faults:
            (case.folder / "faults.txt").unlink()
        if case.name in built:
            texts = [dump(data) for data in in_order(built[case.name])]
            (case.folder / "expected.yaml").write_text("---\n".join(texts))


if __name__ == "__main__":
    main()
