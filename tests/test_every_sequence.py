"""Every sequence of up to 4 verbs from every strategy: nobody notices, nothing ends in a dead end. `make prove`: 6."""

from __future__ import annotations

import pytest

from tests.prove.sequences import Setting, prove
from tests.prove.settings import STRATEGIES, settings

SETTINGS = {setting.name: (setting, depth) for setting, depth in settings(4)}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_sequence_has_a_fault(name: str) -> None:
    found = prove(*SETTINGS[name])
    assert found.faults == []
    assert found.edits >= 5


def test_a_fault_is_found() -> None:
    """At level 1 a lower weight gives a canary that the controller has aborted its old weight first."""
    found = prove(Setting("istio", STRATEGIES["istio"], events=True, level=1), 4)
    told = "istio: release 1.5.0, weight 60, the controller aborts, weight 10: Fault(kind='over', version='1.5.0'"
    assert [fault for fault in found.faults if fault.startswith(told)]
