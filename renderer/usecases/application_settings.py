"""Settings of Applications under which Argo CD works against a release, and the edits that repair them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from renderer.argocd import WORKLOAD_GROUPS
from renderer.console import out, say
from renderer.edit import EditError, Operation, Remove, Set, edit
from renderer.git.setup import files_with
from renderer.layout import Layout
from renderer.lazy import regex
from renderer.problem import printable
from renderer.tree import read, write_all
from renderer.yamlio.manifests import load_all

_WEIGHTS = ".weight"  # of the expression that ignores the weights of a route
_ROUTES = {
    "group": "networking.istio.io",
    "kind": "VirtualService",
    "jqPathExpressions": [f".spec.{kind}[]?.route[]?{_WEIGHTS}" for kind in ("http", "tcp", "tls")],
}
_SUBSETS = {
    "group": "networking.istio.io",
    "kind": "DestinationRule",
    "jqPathExpressions": ['.spec.subsets[]?.labels."rollouts-pod-template-hash"'],
}
_COUNT = ".spec.replicas"
_SCALER = "^kind: *(HorizontalPodAutoscaler|ScaledObject)"  # for git grep, as the next one
_COUNTED = "^  replicas:"
_FREEZES = "RespectIgnoreDifferences=true"
# The sync options that a routed release needs, and what an Application without each does.
_WANTED = (
    (
        "PrunePropagationPolicy=background",
        "prunes in the foreground",
        "a deleted Rollout stays in the DestinationRule for seconds, and its traffic reaches no pod",
    ),
    (
        "ApplyOutOfSyncOnly=true",
        "applies unchanged objects too",
        "an unchanged VirtualService that is applied again sets a canary's traffic back to 100/0 for a moment",
    ),
)
_KIND = """^ *kind: *["']?Application(Set)?["']?[[:space:]]*(#.*)?$"""  # for git grep
_BEGINS = regex(r"(?m)^(?=---(?:\s|$))")
_MOST = 20  # edits of one document


class Setting(NamedTuple):
    """A setting that does harm: what it is, why it matters, what repairs it, and the edits of its document."""

    what: str
    why: str
    repair: str
    edits: tuple[Operation, ...]


def found_settings(root: str, layout: Layout) -> Iterator[tuple[str, Setting]]:
    """Each such setting, with its file. Applications that rollspec renders have none."""
    for file, text in _files(root, layout).items():
        for document in _documents(text):
            for each in _of(root, layout, document):
                yield file, each


def repair_settings(root: str, layout: Layout) -> None:
    """Edit the files that have such settings; a file that cannot be edited is named, and stays as it is."""
    for file, text in _files(root, layout).items():
        try:
            new = "".join(_repaired(root, layout, part) for part in _BEGINS.split(text))
        except EditError as error:
            say(f"rollspec: {printable(file)}: {error.message}")
            continue
        if new != text:
            write_all(root, {file: new.encode()}, mark=None)
            out(f"wrote {printable(file)}")


def _repaired(root: str, layout: Layout, text: str) -> str:
    """One document after all edits; each may show the next."""
    for _ in range(_MOST):
        found = next((each for document in _documents(text) for each in _of(root, layout, document)), None)
        if found is None:
            break
        text = edit(text, found.edits)
    return text


def _files(root: str, layout: Layout) -> dict[str, str]:
    named = files_with(root, _KIND, "*.yaml", "*.yml")
    files, _ = read(root, [file for file in named if not file.startswith(f"{layout.output}/")])
    return {file: content.decode(errors="surrogateescape") for file, content in files.items()}


def _documents(text: str) -> list[Any]:
    documents, problems = load_all(text.encode(errors="surrogateescape"), "")
    return [] if problems else documents


def _of(root: str, layout: Layout, document: Any) -> Iterator[Setting]:
    """The settings of one object, if it syncs manifests of ours."""
    pointer, spec = _application(document)
    sources = [spec.get("source"), *(spec.get("sources") or ())]
    paths = [str(source.get("path", "")).strip("/") for source in sources if isinstance(source, dict)]
    ours = [path for path in paths if f"{layout.output}/" in f"{path}/"]
    if ours:
        is_routed = any(files_with(root, "^ *trafficRouting:", path) for path in ours if path)
        yield from _settings(pointer, spec, is_routed=is_routed)
        yield from _counts(pointer, spec, sorted({kind for path in ours for kind in _counted(root, path)}))


def _counted(root: str, path: str) -> Iterator[str]:
    """The kinds of the workloads below a folder that have an autoscaler and a number of replicas in their files."""
    scaled = {posixpath.dirname(file) for file in files_with(root, _SCALER, path)}
    counted = set(files_with(root, _COUNTED, *scaled)) if scaled else set()
    for kind in WORKLOAD_GROUPS if counted else ():
        if counted.intersection(files_with(root, f"^kind: *{kind}", *scaled)):
            yield kind


def _counts(pointer: str, spec: Mapping[str, Any], kinds: Sequence[str]) -> Iterator[Setting]:
    """Self-heal against an autoscaler, where Git has a number of replicas."""
    ignored = [*(spec.get("ignoreDifferences") or ())]
    heals = bool(((spec.get("syncPolicy") or {}).get("automated") or {}).get("selfHeal"))
    missing = [kind for kind in kinds if not any(_ignores_count(each, kind) for each in ignored)]
    if heals and missing:
        items = [{"group": WORKLOAD_GROUPS[kind], "kind": kind, "jqPathExpressions": [_COUNT]} for kind in missing]
        yield Setting(
            "heals the count of an autoscaler",
            "self-heal sets the number of pods back to `replicas` of the manifest",
            f"adds {_COUNT} to `ignoreDifferences`",
            _with_items(f"{pointer}/ignoreDifferences", ignored, *items),
        )


def _ignores_count(entry: Any, kind: str) -> bool:
    if not isinstance(entry, dict) or entry.get("kind") not in (kind, "*"):
        return False
    return "replicas" in str([entry.get("jqPathExpressions"), entry.get("jsonPointers")])


def _application(document: Any) -> tuple[str, Mapping[str, Any]]:
    """The pointer and spec of an Application, or of those that an ApplicationSet makes; empty if it is not valid."""
    try:
        is_set = document["kind"] == "ApplicationSet"
        found = document["spec"]["template"]["spec"] if is_set else document["spec"]
    except (KeyError, TypeError):
        return "", {}
    return "/spec/template/spec" if is_set else "/spec", found if isinstance(found, dict) else {}


def _settings(pointer: str, spec: Mapping[str, Any], *, is_routed: bool) -> Iterator[Setting]:
    policy = spec.get("syncPolicy") or {}
    options = [str(option) for option in policy.get("syncOptions") or ()]
    heals = bool((policy.get("automated") or {}).get("selfHeal"))
    ignored = [*(spec.get("ignoreDifferences") or ())]
    listed = f"{pointer}/syncPolicy/syncOptions"
    if _FREEZES in options:
        yield Setting(
            "sets RespectIgnoreDifferences",
            "it freezes the routes: no later edit of them reaches the cluster",
            "removes the sync option",
            (Remove(f"{listed}/{options.index(_FREEZES)}"),),
        )
    for number, entry in enumerate(ignored):
        if isinstance(entry, dict) and "managedFieldsManagers" in entry:
            item = f"{pointer}/ignoreDifferences/{number}"
            has_more = entry.keys() & {"jqPathExpressions", "jsonPointers"}
            yield Setting(
                "ignores fields by their manager",
                "edits of these fields in Git are silently not applied",
                "removes `managedFieldsManagers`",
                (Remove(f"{item}/managedFieldsManagers" if has_more else item),),
            )
            break
    if is_routed and heals and not any("VirtualService" in str(each) and _WEIGHTS in str(each) for each in ignored):
        yield Setting(
            "heals the weights that Argo Rollouts writes",
            "self-heal sets a canary's traffic back to 100/0",
            "adds what Argo Rollouts writes to `ignoreDifferences`",
            _with_items(f"{pointer}/ignoreDifferences", ignored, _ROUTES, _SUBSETS),
        )
    for option, what, why in _WANTED:
        if is_routed and option not in options:
            yield Setting(what, why, f"adds the sync option {option}", _with_option(listed, options, option))


def _with_option(pointer: str, options: Sequence[str], option: str) -> tuple[Operation, ...]:
    """The edit that gives the list a sync option, in the position of another value of it."""
    name = option.partition("=")[0]
    number = next((number for number, each in enumerate(options) if each.partition("=")[0] == name), None)
    return _with_items(pointer, options, option) if number is None else (Set(f"{pointer}/{number}", option),)


def _with_items(pointer: str, old: Sequence[Any], *new: Any) -> tuple[Operation, ...]:
    """The edits that append to a list, or that write the list if there is none."""
    return tuple(Set(f"{pointer}/-", each) for each in new) if old else (Set(pointer, [*new]),)
