"""The values of this package: a patch, its target, and a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from renderer.manifest import Object
from renderer.problem import Severity

Data = Any  # plain data: dict, list, str, int, float, bool, None
Operation = Object  # one JSON 6902 operation: op, path, value, from

WORKLOAD: Final = "Workload"  # the kind that means the workload of the strategy
MISSING: Final[Any] = object()  # no value; null is a value


class Target(NamedTuple):
    """Which manifests a patch is for; an empty field matches everything.

    All fields except the selectors are regular expressions that must match the whole text; the kind `Workload` means
    Deployment or Rollout. The selectors are written as for `kubectl get --selector`.
    """

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""


class Patch(NamedTuple):
    """One change: `operations` (JSON 6902) or `merge` (strategic merge), never both.

    Without a target, `merge` names its object itself. `source` says where the patch is written, for messages.
    """

    target: Target | None
    operations: tuple[Operation, ...] | None
    merge: Object | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class PatchFault:
    """A fault of a patch: the patch's `index` in the given list, and a `pointer` into the entry (`/patch/2/path`).

    If `patch` is text, or the pointer names a value that only the merged object has, show the position of its nearest
    parent. Rules: `patch-target` (the target is not valid), `patch-unmatched` (matches no manifest), `patch-failed`
    (cannot be read or applied) and the warning `patch-surprise` (kustomize does with it what its author does not mean).
    """

    index: int
    pointer: str
    message: str
    rule: str
    severity: Severity = "error"


class PatchRefused(Exception):  # noqa: N818 (it never leaves this package: `apply` makes a PatchFault of it)
    """A patch cannot be applied to an object."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message


def text(value: Data) -> str:
    """A plain value as written in YAML, the form in which kustomize compares keys; empty for a mapping or list."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if isinstance(value, dict | list) else str(value)
