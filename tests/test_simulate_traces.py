"""The simulator against every trace that was recorded from the real controllers.

Held for each edit: the sequence of each version's shares, the fewest Ready pods and the most pods, and how it ended.
Times are only an order. Where traffic follows pods (no Istio weights), the real pods get Ready and go one by one, in an
order that nothing guarantees: there the turning points of each share are compared, to within the share of one pod.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engines.agreement import compared
from tests.engines.lock import ROLLOUTS
from tests.engines.scenario import scenarios

FOLDER = Path(__file__).parent.parent / "fixtures" / "traces"
TRACES = sorted(FOLDER.glob("*/*.json"))
AT_LEAST = 30  # traces for each version of Argo Rollouts

# Edits that came while the back-off of the controller's queue (up to 10 s) still kept it from the pass before: all that
# does not agree, by version of Argo Rollouts, scenario and edit.
BACK_OFF = {
    # A list that ends without `setWeight: 100`: Healthy comes with the promotion, the hashes move a pass later.
    # The next release found the weights turned first: 20 ms of the old version, whose pods went at once.
    ("1.10.2", "canary-istio-ladder-finishes", "v3 on the ladder"): {"shares", "ready", "serving", "pods", "end"},
    ("1.9.3", "canary-istio-ladder-finishes", "v3 on the ladder"): {"shares", "ready", "serving", "pods", "end"},
    # A canary that is never Ready lets every pass fail; the pods that an abort leaves go when the next pass comes.
    ("1.10.2", "canary-istio-never-ready", "abort"): {"end"},
    ("1.10.2", "canary-istio-never-ready", "v3 at 20"): {"pods"},
}


def test_there_are_enough_traces() -> None:
    wanted = {name for name, scenario in scenarios().items() if scenario.trace}
    assert len(wanted) >= AT_LEAST
    for version in ROLLOUTS:
        assert {path.stem for path in (FOLDER / version).glob("*.json")} == wanted


def test_what_does_not_agree_is_of_a_trace() -> None:
    traces = [json.loads(path.read_text()) for path in TRACES]
    assert set(BACK_OFF) <= {(t["rollouts"], t["scenario"], edit["title"]) for t in traces for edit in t["edits"]}


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_simulator_agrees(path: Path) -> None:
    trace = json.loads(path.read_text())
    assert trace["format"] == 1
    for title, found in compared(trace):
        assert found == BACK_OFF.get((trace["rollouts"], trace["scenario"], title), set()), title
