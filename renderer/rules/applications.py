"""Rules over Applications of Argo CD, and over the template of an ApplicationSet, which makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from renderer.lazy import regex
from renderer.manifest import ISTIO_ROUTING, Manifest, Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of

_SET = "ApplicationSet"
KINDS = ("Application", _SET)
# What Argo CD reads from an Application, or from its objects alone (`Force`, `Prune`, `Delete`); None: true or false.
_VALUES: dict[str, tuple[str, ...] | None] = {
    "ApplyOutOfSyncOnly": None,
    "ClientSideApplyMigration": None,
    "CreateNamespace": None,
    "Delete": ("true", "false", "confirm"),
    "FailOnSharedResource": None,
    "Force": None,
    "Prune": ("true", "false", "confirm"),
    "PruneLast": None,
    "PrunePropagationPolicy": ("foreground", "background", "orphan"),
    "Replace": None,
    "RespectIgnoreDifferences": None,
    "ServerSideApply": None,
    "SkipDryRunOnMissingResource": None,
    "Validate": None,
}


_PLAIN = regex(r'(?:\.(?:[A-Za-z_]\w*|"[^"]*")|\.?\["[^"]*"\])+')  # a path of jq that leads through mappings alone


class _Application(NamedTuple):
    """The spec of an Application, or of those that an ApplicationSet makes, with its pointer.

    `is_whole`: no part of an ApplicationSet can add a field that is missing here.
    """

    manifest: Manifest
    pointer: str
    spec: Object
    is_whole: bool


def misread(option: str) -> str | None:
    """Why Argo CD ignores a sync option of an Application; None where it does not."""
    name, _, value = option.partition("=")
    if name not in _VALUES:
        return f"Argo CD has no sync option {name}, and ignores it: correct its name, or remove it"
    values = _VALUES[name] or ("true", "false")
    if value not in values:
        return f"Argo CD ignores {option}: write {' or '.join(f'{name}={each}' for each in values)}"
    return None


def application_source(scene: Scene) -> Iterator[Finding]:
    """An Application whose source Argo CD refuses.

    An Application with a `sourceHydrator` is not checked: it has neither `source` nor `sources`. The template of an
    ApplicationSet is checked where its parameters, its generators or a `templatePatch` do not give the rest.

    Why: Argo CD sets the Application to an error state (`InvalidSpecError`) and syncs nothing.
    Fix: give exactly one of `source` and `sources`. Each source needs a `repoURL` and one of `path`, `chart` or (only
    in `sources`) `ref`; a chart needs a `targetRevision`.
    Source: Argo CD (`spec.source.repoURL and either spec.source.path or spec.source.chart are required`).
    """
    for each in _applications(scene):
        if "sourceHydrator" in each.spec or not each.is_whole:
            continue
        one, several = each.spec.get("source"), each.spec.get("sources")
        if bool(one) == bool(several):
            message = "an Application needs exactly one of source and sources"
            yield Finding("application-source", message, each.pointer, each.manifest)
            continue
        listed = several if isinstance(several, list) else ()
        found = [("/source", one)] if one else [(f"/sources/{number}", item) for number, item in enumerate(listed)]
        for pointer, source in found:
            for message in _source_errors(mapping(source), among=bool(several)):
                yield Finding("application-source", message, each.pointer + pointer, each.manifest)


def _source_errors(source: Object, *, among: bool) -> Iterator[str]:
    given_by = [field for field in ("path", "chart") if source.get(field)]
    if not source.get("repoURL"):
        yield "a source needs a repoURL"
    may_be_empty = len(given_by) > 1 and any(_is_hidden(source[field]) for field in given_by)
    if len(given_by) != 1 and not may_be_empty and not (among and source.get("ref") and not given_by):
        yield "a source needs exactly one of path and chart"
    if source.get("chart") and not source.get("targetRevision"):
        yield "a chart needs a targetRevision"


def application_destination(scene: Scene) -> Iterator[Finding]:
    """An Application whose destination does not have exactly one of `server` and `name`.

    The template of an ApplicationSet is checked too, where no parameter stands for one of the two.

    Why: Argo CD does not know which cluster is meant, and syncs nothing.
    Fix: keep one of the two.
    Source: Argo CD (`application destination can't have both name and server defined`).
    """
    for each in _applications(scene):
        destination = mapping(each.spec.get("destination"))
        given = [destination[field] for field in ("server", "name") if destination.get(field)]
        if each.is_whole and len(given) != 1 and not any(map(_is_hidden, given)):
            message = "a destination needs exactly one of server and name"
            at = "/destination" if "destination" in each.spec else ""
            yield Finding("application-destination", message, each.pointer + at, each.manifest)


def application_ignores(scene: Scene) -> Iterator[Finding]:
    """An Application that ignores more differences than it means to, so that edits in Git are never applied.

    The template of an ApplicationSet counts, too. A field that is in no list, such as `/spec/replicas`, may be ignored
    together with `RespectIgnoreDifferences=true`.

    Why: With `RespectIgnoreDifferences=true` Argo CD keeps the live value of the whole list in which something is
    ignored, so later edits of a route are not applied. `managedFieldsManagers` ignores every field that a manager owns,
    and `jsonPointers` cannot name one item of a list.
    Fix: use `jqPathExpressions`, without `RespectIgnoreDifferences`.
    Source: measured with Argo CD 3.6; argo-cd issue 11876.
    """
    for each in _applications(scene):
        ignores = mappings(each.spec.get("ignoreDifferences"))
        if any(map(_is_in_list, ignores)) and "RespectIgnoreDifferences=true" in _options(each.spec):
            message = (
                "RespectIgnoreDifferences=true freezes whole lists: edits in Git are not applied; remove the option"
            )
            pointer = f"{each.pointer}/syncPolicy/syncOptions"
            yield Finding("application-ignores", message, pointer, each.manifest, "warning")
        for number, entry in enumerate(ignores):
            for field in ("managedFieldsManagers", "jsonPointers"):
                if entry.get(field) and entry.get("kind") in ISTIO_ROUTING:
                    pointer = f"{each.pointer}/ignoreDifferences/{number}/{field}"
                    message = f"{field} freezes more than is meant: use jqPathExpressions"
                    yield Finding("application-ignores", message, pointer, each.manifest, "warning")


def _is_in_list(entry: Object) -> bool:
    """Whether an entry of `ignoreDifferences` ignores something in a list, as far as it says so."""
    if entry.get("kind") in ISTIO_ROUTING or entry.get("managedFieldsManagers"):
        return True
    pointers, paths = (_texts(entry.get(field)) for field in ("jsonPointers", "jqPathExpressions"))
    steps = (step for pointer in pointers for step in pointer.split("/"))
    return any(map(str.isdecimal, steps)) or not all(_PLAIN.fullmatch(path.strip()) for path in paths)


def _texts(items: Any) -> list[str]:
    listed = items if isinstance(items, list) else ()
    return [item for item in listed if isinstance(item, str) and not _is_hidden(item)]


def application_options(scene: Scene) -> Iterator[Finding]:
    """A sync option of an Application, or of an ApplicationSet's template, that Argo CD does not know.

    An option with a parameter of the ApplicationSet is not checked.

    Why: Argo CD ignores it without a message, and syncs in another way than the Application says.
    Fix: correct the name or the value of the option, or remove it.
    Source: Argo CD documentation of sync options.
    """
    for each in _applications(scene):
        for number, option in enumerate(_options(each.spec)):
            message = misread(option) if isinstance(option, str) and not _is_hidden(option) else None
            if message:
                pointer = f"{each.pointer}/syncPolicy/syncOptions/{number}"
                yield Finding("application-options", message, pointer, each.manifest, "warning")


def _applications(scene: Scene) -> Iterator[_Application]:
    for manifest in scene.of("Application"):
        yield _Application(manifest, "/spec", spec_of(manifest), is_whole=True)
    for manifest in scene.of(_SET):
        spec = spec_of(manifest)
        inside = mapping(mapping(spec.get("template")).get("spec"))
        is_whole = not spec.get("templatePatch") and not _has_template(spec.get("generators"))
        if inside:
            yield _Application(manifest, "/spec/template/spec", inside, is_whole)


def _has_template(generators: Any) -> bool:
    """Whether a generator has a template of its own, which is merged into that of the ApplicationSet."""
    if isinstance(generators, list):
        return any(map(_has_template, generators))
    return isinstance(generators, dict) and ("template" in generators or any(map(_has_template, generators.values())))


def _options(spec: Object) -> list[Any]:
    options = mapping(spec.get("syncPolicy")).get("syncOptions")
    return options if isinstance(options, list) else []


def _is_hidden(value: object) -> bool:
    """Whether a parameter of an ApplicationSet stands for the value, or for a part of it."""
    return isinstance(value, str) and "{{" in value
