"""The table of supported versions in README.md and README.zh-CN.md, from what a project file may name."""

from __future__ import annotations

from schemas.make.add import SOURCES, supported

_NAMES = {"kubernetes": "Kubernetes", "argo-rollouts": "Argo Rollouts", "istio": "Istio", "argo-cd": "Argo CD"}
_PAUSE = {"kubernetes": "; before 1.30, pods end without the `preStop` pause and lose requests"}
_PAUSE_CHINESE = {"kubernetes": "；1.30 之前，Pod 结束时没有 `preStop` 暂停，会丢请求"}  # noqa: RUF001  (Chinese)


def table() -> str:
    """The table in English."""
    head = ["| | Supported | An older one |", "| --- | --- | --- |"]
    return "\n".join([*head, *(_row(each, ", ", " to ", f"not measured{_PAUSE.get(each, '')}") for each in SOURCES)])


def chinese_table() -> str:
    """The table in Chinese."""
    head = ["| | 支持 | 更旧的版本 |", "| --- | --- | --- |"]
    return "\n".join([*head, *(_row(each, "、", " 到 ", f"未测{_PAUSE_CHINESE.get(each, '')}") for each in SOURCES)])


def _row(name: str, comma: str, to: str, older: str) -> str:
    found = supported(name)
    versions = f"{found[0]}{to}{found[-1]}" if len(found) > 2 else comma.join(found)
    return f"| {_NAMES[name]} | {versions} | {older} |"
