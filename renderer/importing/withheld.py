"""Secrets in the clear: pointed out, and not copied into the project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from renderer.importing.group import template_of, template_path
from renderer.importing.source import SourceObject
from renderer.masking import SECRET_KINDS, is_hidden, masked
from renderer.plain import pointer_of

_CONTAINERS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Withheld:
    """A workload whose environment holds no secret any more: `pointers` are the values that were taken out."""

    workload: SourceObject
    pointers: tuple[str, ...]
    names: tuple[str, ...]  # of the variables


def has_secret(each: SourceObject) -> bool:
    """Whether a manifest must not be copied as it is: a Secret, or one with a value that looks like a secret."""
    if "sops" in each.data or each.data["kind"] in SECRET_KINDS - {"Secret"}:
        return False
    return each.kind == "Secret" or bool(masked(each.data) != each.data) or any(True for _ in _variables(each))


def secret_pointers(each: SourceObject) -> list[str]:
    """The pointers of the values for which `has_secret` is true; none for a Secret, whose values all are."""
    found = [pointer_of(path) for path in _changed((), each.data, masked(each.data))]
    return found or [pointer_of(path) for path, _ in _variables(each)]


def _changed(path: tuple[str | int, ...], old: Any, new: Any) -> Iterator[tuple[str | int, ...]]:
    """The paths at which two values of one shape differ."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _changed((*path, key), old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changed((*path, number), one, other)
    elif old != new:
        yield path


def without_secrets(workload: SourceObject) -> Withheld:
    """The workload with a `secretKeyRef` for each variable whose value looks like a secret."""
    found = [*_variables(workload)]
    if not found:
        return Withheld(workload, (), ())
    reference = secret_name(workload.name)
    data: Any = workload.data
    for path, name in found:
        item = {"name": name, "valueFrom": {"secretKeyRef": {"name": reference, "key": name}}}
        data = _put(data, path, item)
    pointers = tuple(pointer_of(path) for path, _ in found)
    return Withheld(replace(workload, data=data), pointers, tuple(dict.fromkeys(name for _, name in found)))


def secret_name(app: str) -> str:
    """The Secret that the values belong into."""
    return f"{app}-secrets"


def _variables(workload: SourceObject) -> Iterator[tuple[tuple[str | int, ...], str]]:
    pod = template_of(workload).get("spec") or {}
    for key in _CONTAINERS:
        for number, container in enumerate(pod.get(key) or ()):
            for index, item in enumerate(container.get("env") or ()):
                value = item.get("value")
                if isinstance(value, str) and is_hidden(str(item.get("name")), value, shortest=1):
                    yield (*template_path(workload.kind), "spec", key, number, "env", index), str(item["name"])


def _put(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(data, list):
        return [_put(item, tuple(rest), value) if number == key else item for number, item in enumerate(data)]
    return {**data, key: _put(data[key], tuple(rest), value)}
