"""What a rule says of a share, and what the simulation of the same edit shows, agree: both are in one report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renderer.plan.simulated import plan
from tests.support.plans import ISTIO, Spec, side, spec

CLAIMS = ("share can fall to 0", "the steps would begin at another weight")
WEIGHTS = (0, 20, 50)
STRATEGIES: dict[str, Spec] = {
    "istio": ISTIO,
    "istio, two pods a version": {**ISTIO, "minPodsPerReplicaSet": 2},
    "replica": {"type": "Canary"},
}


def edits(strategy: Spec, replicas: int) -> Iterator[tuple[Spec, Spec]]:
    """Weights by hand with every `from`, and other numbers of pods together with a weight or a promotion."""
    for weight in WEIGHTS:
        before = spec(strategy=strategy, replicas=replicas, canary={"tag": "1.5.0", "weight": weight})
        for wanted in WEIGHTS:
            for start in (None, *WEIGHTS):
                canary = {"tag": "1.5.0", "weight": wanted, **({} if start is None else {"from": start})}
                yield before, {**before, "canary": canary}
            raised = {"tag": "1.5.0", "weight": wanted, "from": weight}
            yield before, {**before, "replicas": 8, "canary": raised}
        for start in (None, *WEIGHTS):
            previous = {"tag": "1.4.2", **({} if start is None else {"weight": start})}
            promoted = spec(strategy=strategy, replicas=replicas, tag="1.5.0", previous=previous)
            yield before, promoted
            yield before, {**promoted, "replicas": 2}


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("replicas", [1, 4])
@pytest.mark.parametrize("name", STRATEGIES)
def test_no_problem_contradicts_the_simulation(name: str, replicas: int, level: int) -> None:
    said = 0
    for before, behind in edits(STRATEGIES[name], replicas):
        old, new = (side(each, project={"renderLevel": level}) for each in (before, behind))
        found = plan(old, new)
        claims = [each for each in found.problems if any(claim in each.message for claim in CLAIMS)]
        assert not claims or (found.summary and found.summary.flags), (before, behind, claims)
        said += bool(claims)
    assert said or name == "replica"
