"""An import of twice the objects takes about twice the work: a cluster has thousands."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from renderer.importing import environment, proof
from renderer.importing.affixes import renamed
from tests.support.cases import ROOT, run
from tests.support.lines_run import lines_run

MOST = 2.3  # times the work for twice the objects
OURS = str(ROOT / "renderer/importing")
APP = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app#}
spec:
  selector: {matchLabels: {app: app#}}
  template:
    metadata: {labels: {app: app#}}
    spec:
      containers: [{name: main, image: "example.com/app#:1.0.0", env: [{name: PASSWORD, value: dont-tell}]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: app#}
spec:
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app#}
---
apiVersion: v1
kind: Secret
metadata: {name: secret#}
stringData: {a: b}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once#}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: "example.com/once#:1"}]}}
"""


def test_no_object_is_looked_at_again_for_each_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, calls = 12, Counter[str]()
    for module, name in ((proof, "scaler_of"), (environment, "image_of"), (environment.Kept, "__eq__")):
        ours = getattr(module, name)

        def counted(*given: Any, ours: Any = ours, name: str = name) -> Any:
            calls[name] += 1
            return ours(*given)

        monkeypatch.setattr(module, name, counted)
    (tmp_path / "all.yaml").write_text("".join(APP.replace("#", str(number)) for number in range(count)))
    outcome = run(tmp_path, "import", "all.yaml", "--dry-run")
    assert (outcome.code, outcome.out.count(" 1 identical, 1 withheld ")) == (0, count), outcome.out + outcome.err
    assert calls == {"scaler_of": count, "image_of": count}


def test_names_of_two_environments_are_compared_by_image() -> None:
    def lines(count: int) -> int:
        here, there = ({f"{env}-app{number}": f"app{number}" for number in range(count)} for env in ("dev", "live"))
        pairs, found = lines_run(partial(renamed, here, there), OURS)
        assert len(pairs) == count
        return found

    assert lines(50) * MOST > lines(100)
