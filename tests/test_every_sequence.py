"""Every sequence of up to 4 verbs from every strategy: nobody notices, nothing ends in a dead end. `make prove`: 6."""

from __future__ import annotations

import pytest

from renderer.simulate import Options
from tests.prove.sequences import BAD, Setting, prove
from tests.prove.settings import STRATEGIES, settings

SETTINGS = {setting.name: (setting, depth) for setting, depth in settings(4)}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_sequence_has_a_fault(name: str) -> None:
    found = prove(*SETTINGS[name])
    assert found.faults == []
    assert found.edits >= 5


def test_a_fault_is_found() -> None:
    """What Git cannot know: the version that is promoted never gets Ready, and the strategy becomes BlueGreen."""
    crashes = Options(never_ready=frozenset((BAD,)))
    apart = Setting("replica", STRATEGIES["replica"], crashes, events=True, switches=True)
    found = prove(apart, 3, excused=False)
    told = f"replica: release {BAD}, promote, switch to BlueGreen: later Fault(kind='unready'"
    assert [fault for fault in found.faults if fault.startswith(told)]
