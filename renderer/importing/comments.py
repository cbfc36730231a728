"""Comments of a source: found with ruamel.yaml, and carried to the fields of a spec that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from renderer.importing.comment_lines import Comments
from renderer.importing.source import SourceObject
from renderer.manifest import WORKLOADS, Manifest
from renderer.masking import without_known
from renderer.plain import pointer_of, tokens
from renderer.render.origin import origin
from renderer.yamlio import positions


def of_spec(each: SourceObject, main: int, inside: str = "") -> Comments:
    """The comments of an object by the pointers of the spec that its fields became; `main` is the app's container.

    `inside` is the field of the spec that holds the whole object, if it has a name of its own.
    """
    found: Comments = {}
    for pointer, lines in of_manifest(each).items():
        target = _inside(pointer, inside) if inside else _target(each, pointer, main)
        found[target] = (*found.get(target, ()), *lines)
    return found


def of_manifest(each: SourceObject) -> Comments:
    """The comments of an object at its own fields, without those that look like secrets."""
    shown = {
        pointer: tuple(line for line in lines if without_known(line) == line)
        for pointer, lines in each.comments.items()
    }
    return {pointer: lines for pointer, lines in shown.items() if lines}


def hides_comments(each: SourceObject) -> bool:
    """Whether a comment looks like a secret."""
    return any(without_known(line) != line for lines in each.comments.values() for line in lines)


def commented(text: str, comments: Comments) -> tuple[str, frozenset[str]]:
    """The text with the comments above their fields, and the pointers that it has."""
    known = positions(text.encode())
    lines = text.split("\n")
    there = {pointer: known[pointer][0].line - 1 for pointer in comments if pointer in known and tokens(pointer)}
    for pointer, number in sorted(there.items(), key=lambda item: item[1], reverse=True):
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip(" "))]
        above = lines[max(0, number - len(comments[pointer])) : number]
        if [line.strip() for line in above] != [*comments[pointer]]:  # another environment's source says it too
            lines[number:number] = [f"{indent}{line}" for line in comments[pointer]]
    return "\n".join(lines), frozenset(there)


def nearest(comments: Comments, pointers: Sequence[Mapping[str, object]]) -> Comments:
    """The comments at the nearest field above that one of the files has."""
    found: Comments = {}
    for pointer, lines in comments.items():
        parts = tokens(pointer)
        if parts[0] == "metadata" and not any(pointer in known for known in pointers):
            parts = ["spec", "workload", *parts[1:]]
        while len(parts) > 1 and not any(pointer_of(parts) in known for known in pointers):
            parts = parts[:-1]
        target = pointer_of(parts)
        found[target] = (*found.get(target, ()), *lines)
    return found


def _target(each: SourceObject, pointer: str, main: int) -> str:
    """The field of the spec that a field of the source became."""
    parts = tokens(pointer)
    if parts[:4] == ["spec", "template", "spec", "containers"] and len(parts) > 4:
        number = int(parts[4])
        parts[4] = str(0 if number == main else number + 1 if number < main else number)
    if len(parts) == 1 and each.kind in WORKLOADS:
        return pointer
    if len(parts) == 1 and each.kind == "Service":
        return pointer_of(["spec", "ports"])
    if parts[:2] == ["metadata", "labels"] or parts[:2] == ["metadata", "annotations"]:
        return pointer_of(parts)
    return origin(Manifest("", _first(each, main)), pointer_of(parts))


def _inside(pointer: str, field: str) -> str:
    """The pointer below a field of the spec that holds a whole object, such as a Service or a CronJob."""
    parts = tokens(pointer)
    below = parts[3:] if parts[:3] == ["spec", "jobTemplate", "spec"] else parts[1:]
    if below[:4] == ["template", "spec", "containers", "0"]:
        below = below[4:]
    elif below[:2] in (["template", "spec"], ["template", "metadata"]):
        below = [{"spec": "pod", "metadata": "podMetadata"}[below[1]], *below[2:]]
    return field + pointer_of(below)


def _first(each: SourceObject, main: int) -> dict[str, object]:
    """The object with the app's container first, as it is rendered."""
    template = each.spec.get("template")
    if not main or not isinstance(template, dict):
        return each.data
    containers = [*template["spec"]["containers"]]
    containers.insert(0, containers.pop(main))
    pod = {**template["spec"], "containers": containers}
    return {**each.data, "spec": {**each.spec, "template": {**template, "spec": pod}}}
