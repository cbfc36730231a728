"""The program and `kubectl kustomize` make the same of the same manifests and patches."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.manifest import Object
from tests.support.patches import Case, build, in_order, kustomized, patched, read
from tests.support.patching import pairs

CASES = read()
BUILT = [case for case in CASES if case.expected is not None]
# kustomize lets a target match nothing, and copies what is not there as null
REFUSED = [case for case in CASES if case.expected is None and case.name.startswith("fail-")]


def test_every_case_equals_kustomize() -> None:
    built = kustomized(BUILT)
    for case in BUILT:
        assert in_order(built[case.name]) == case.expected, case.name


def test_the_cases_are_many_and_of_every_kind() -> None:
    assert sum(len(case.entries) for case in BUILT) >= 100
    kinds = {data["kind"] for case in BUILT for data in case.manifests}
    assert kinds >= {
        *("Deployment", "Rollout", "Service", "VirtualService", "DestinationRule", "HorizontalPodAutoscaler"),
        *("PodDisruptionBudget", "ConfigMap", "AnalysisTemplate", "ServiceAccount"),
    }


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_kustomize_refuses_what_the_program_refuses(case: Case) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        build(case.manifests, case.entries[:1], rollouts=False)


@settings(max_examples=5, deadline=None)
@given(st.lists(pairs(), min_size=15, max_size=15))
def test_generated_patches_equal_kustomize(found: list[tuple[Object, list[Object]]]) -> None:
    """Many pairs in one build: a process costs more than they do."""
    cases = [
        Case(Path(f"case-{i}"), [manifest], [{"patch": change} for change in changes], None, [])
        for i, (manifest, changes) in enumerate(found)
    ]
    built = kustomized(cases)
    for case in cases:
        result, faults = patched(case.manifests, case.entries)
        assert not [fault for fault in faults if fault.severity == "error"]
        assert built[case.name] == result
