"""Each list of a spec, made twice as long, takes about twice the work: nothing grows with the square of its length."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.support.attacks import APP
from tests.support.cases import OVERLAY, PROJECT, ROOT, run
from tests.support.repository import init, save

FEW = int(os.environ.get("DOUBLING", "1000"))  # `make fuzz` takes 2,000
MOST = 2.3  # times the work for twice the entries
OURS = str(ROOT / "renderer")
HTTP = "  ports: [{name: http, port: 80}]\n"


def lines(form: str, indent: int = 2) -> Callable[[int], str]:
    """As many lines of a form, indented."""
    return lambda count: "".join(" " * indent + form.replace("#", str(number)) + "\n" for number in range(count))


def under(head: str, form: str, indent: int = 4) -> Callable[[int], str]:
    """A field and the lines of its list or mapping."""
    return lambda count: head + "\n" + lines(form, indent)(count)


LISTS: dict[str, Callable[[int], str]] = {
    "ports": under("  ports:", "- {name: p#, port: 1#}"),
    "env": under("  env:", "N#: x"),
    "args": under("  args:", "- a#"),
    "command": under("  command:", "- a#"),
    "envFrom": under("  envFrom:", "- configMapRef: {name: c#}"),
    "files": under("  files:", "/etc/f#: x"),
    "volumes": under("  pod:\n    volumes:", "- {name: v#, emptyDir: {}}"),
    "volumeMounts": under("  volumeMounts:", "- {name: v#, mountPath: /m#}"),
    "containers": under("  pod:\n    containers:", "- {name: c#, image: a}"),
    "initContainers": under("  pod:\n    initContainers:", "- {name: c#, image: a}"),
    "tolerations": under("  pod:\n    tolerations:", "- {key: k#, operator: Exists}"),
    "hostAliases": under("  pod:\n    hostAliases:", "- {ip: 127.0.0.1, hostnames: [h#]}"),
    "imagePullSecrets": under("  pod:\n    imagePullSecrets:", "- {name: s#}"),
    "labels": under("  podMetadata:\n    labels:", "l#: x", 6),
    "annotations": under("  podMetadata:\n    annotations:", "l#: x", 6),
    "hosts": under("  istio:\n    gateways: [mesh]\n    hosts:", "- h#.example.com"),
    "gateways": under("  istio:\n    hosts: [a.example.com]\n    gateways:", "- istio-system/g#"),
    "metrics": under(
        "  autoscaling:\n    maxReplicas: 9\n    metrics:",
        "- {type: External, external: {metric: {name: m#}, target: {type: Value, value: 1}}}",
    ),
    "patches": under(
        "  patches:", '- {target: {kind: Workload}, patch: [{op: add, path: /metadata/labels/l#, value: "1"}]}'
    ),
    "operations": under(
        "  patches:\n  - target: {kind: Workload}\n    patch:", '- {op: add, path: /metadata/labels/l#, value: "1"}'
    ),
    "steps": under("  strategy:\n    type: Canary\n    steps:", "- setWeight: 5\n    - pause: {duration: 1#}"),
    "overrides": under("  previous:\n    tag: old\n    overrides:\n      env:", "N#: x", 8),
    "unknown fields": lines("x#: 1"),
}


@pytest.mark.parametrize("name", LISTS)
def test_twice_the_entries_take_about_twice_the_work(name: str, tmp_path: Path) -> None:
    few, many = (work(tmp_path / str(count), LISTS[name](count)) for count in (FEW, 2 * FEW))
    assert many <= MOST * few, f"{many / few:.2f} times the work"


def work(folder: Path, fields: str) -> int:
    """The bytecode instructions that rollspec runs in its own modules for a change of an app with these fields."""
    app = APP if "\n  ports:" not in f"\n{fields}" else APP.replace(HTTP, "")
    init(folder)
    for path, text in {
        "rollspec.yaml": PROJECT,
        "overlays/production/overlay.yaml": OVERLAY,
        "apps/web.yaml": app + fields,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    save(folder)
    (folder / "apps/web.yaml").write_text(app.replace("1.0.0", "1.0.1") + fields)
    count = 0

    def opcode(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return opcode

    def called(frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return opcode

    before = sys.gettrace()
    sys.settrace(called)
    try:
        outcome = run(folder, "validate", "--base", "HEAD")
    finally:
        sys.settrace(before)
    assert outcome.code in (0, 1), outcome.err
    return count
