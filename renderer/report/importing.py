"""What an import made of the objects of a source, as text or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from renderer.importing.digests import tree
from renderer.importing.project import Imported
from renderer.importing.proof import VERDICTS, Compared, FieldDifference
from renderer.importing.source import LeftOut
from renderer.problem import plural, printable
from renderer.report.as_json import as_json
from renderer.report.columns import columns

_HEAD = ("ENVIRONMENT", "APP", "RESULT", "RESTARTS")
_SHOWN = 5  # paths of an object, or objects of a kind that are left out
_JSON_FORMAT = 1


def import_text(imported: Imported) -> str:
    """The table of apps, what is not identical and why, and how many pods restart."""
    parts = [_table(imported.compared), *_details(imported), f"{restarts(imported.compared)}\n"]
    return "\n".join(part for part in parts if part)


def left_out_lines(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """What is not imported and why; many objects that controllers made are one line for each kind."""
    counts = Counter(each.made for each in left_out)
    for kind, number in counts.items():
        if kind and number > _SHOWN:
            yield f"{number} objects of kind {kind}: controllers made them"
    for each in left_out:
        if not each.made or counts[each.made] <= _SHOWN:
            yield f"{each.name}: {each.reason}"


def restarts(compared: Iterable[Compared]) -> str:
    """The sentence that ends the report."""
    rolling = [each for each in compared if each.pods]
    if not rolling:
        return "No pod restarts."
    pods = sum(each.pods for each in rolling)
    verb = "restarts" if pods == 1 else "restart"
    least = "At least " if any(each.is_least for each in rolling) else ""
    return f"{least}{plural(pods, 'pod')} of {plural(len(rolling), 'workload')} {verb}."


def import_json(imported: Imported, written: Mapping[str, str]) -> str:
    """The whole report; `written` are the files that a later import compares with."""
    return as_json(
        {
            "format": _JSON_FORMAT,
            "restarts": restarts(imported.compared),
            "objects": [_object(each) for each in imported.compared],
            "kept": [
                {"env": each.env, "app": each.app, "object": str(each.source), "reason": each.reason}
                for each in imported.kept
            ],
            "notes": [{"app": app, "note": note} for app, note in imported.notes],
            "digests": tree(imported.compared),
            "files": sorted(imported.files),
            "written": dict(written),
        }
    )


def _object(each: Compared) -> dict[str, Any]:
    return {
        "env": each.env,
        "app": each.app,
        "object": str(each.source),
        "namespace": each.source.namespace,
        "file": each.source.file,
        "result": each.verdict,
        "pods": each.pods,
        "paths": [difference.pointer for difference in each.differences],
    }


def _table(compared: Sequence[Compared]) -> str:
    rows: dict[tuple[str, str], list[Compared]] = {}
    for each in compared:
        rows.setdefault((each.env, each.app), []).append(each)
    lines = [_HEAD]
    for (env, app), found in sorted(rows.items(), key=lambda row: (row[0][0], row[0][1] == "", row[0][1])):
        counts = Counter(each.verdict for each in found)
        result = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        pods = sum(each.pods for each in found)
        lines.append((env, app or "(no app)", result, plural(pods, "pod") if pods else "none"))
    return "".join(f"{printable(line)}\n" for line in columns(lines))


def _details(imported: Imported) -> Iterator[str]:
    different = [each for each in imported.compared if each.verdict != "identical"]
    yield "".join(_lines(each) for each in different)
    groups: dict[tuple[str, str], list[str]] = {}
    for kept in imported.kept:
        names = groups.setdefault((kept.app, kept.reason), [])
        if str(kept.source) not in names:
            names.append(str(kept.source))
    yield "".join(
        f"{printable(', '.join(names))}: {printable(f'{app}: {reason}' if app else reason)}\n"
        for (app, reason), names in groups.items()
    )
    yield "".join(f"{printable(f'{app}: {note}' if app else note)}\n" for app, note in imported.notes)


def _lines(each: Compared) -> str:
    name = f"{each.env}: {each.source}: {each.verdict}"
    if each.verdict == "withheld" and not each.differences:
        return printable(f"{name}, so it is not in the project: go on applying it as before") + "\n"
    gone = "is lost" if each.verdict == "lost" else "is left out"
    shown = [_path(difference, gone) for difference in each.differences[:_SHOWN]]
    more = len(each.differences) - _SHOWN
    shown += [f"and {plural(more, 'more path')}"] if more > 0 else []
    return "".join(f"{printable(line)}\n" for line in (name, *(f"  {line}" for line in shown)))


def _path(difference: FieldDifference, gone: str) -> str:
    what = gone if difference.lost else "is new" if difference.old is None else "differs"
    return f"{difference.pointer or 'the whole object'} {what}"
