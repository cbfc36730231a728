"""The rule of the Pod Security Standards says of each pod what Kubernetes' own admission plugin says of it.

The pods and verdicts are the published test data of `k8s.io/pod-security-admission`, for each minor that we render for.
"""

from __future__ import annotations

from collections import Counter

import pytest

from schemas.make.add import supported
from tests.support.pod_security_cases import MINORS, Case, read, verdicts

CASES = read()


def _name(case: Case) -> str:
    return f"{case['level']}-{case['verdict']}-{case['name']}-{case['minors'][0]}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_rule_says_what_the_admission_plugin_says(case: Case) -> None:
    assert dict(verdicts(case)) == dict.fromkeys(case["minors"], case["verdict"])


@pytest.mark.parametrize("case", [case for case in CASES if case["level"] == "restricted"], ids=_name)
def test_a_pod_that_passes_restricted_passes_baseline(case: Case) -> None:
    lower = dict(verdicts({**case, "level": "baseline"}))
    assert case["verdict"] == "fail" or set(lower.values()) == {"pass"}


def test_every_supported_minor_has_cases_of_each_level_and_verdict() -> None:
    found = Counter((minor, case["level"], case["verdict"]) for case in CASES for minor in case["minors"])
    assert set(supported("kubernetes")) == set(MINORS)
    assert len(found) == 4 * len(MINORS)
    assert min(found.values()) > 10
