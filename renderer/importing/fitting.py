"""A group -> the app whose manifests are what runs: fields, then patches, and plain manifests for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from renderer.importing.built import Objects, tried
from renderer.importing.group import Group
from renderer.importing.lift import lift
from renderer.importing.lifted import JOBS_FIELD, SERVICES_FIELD, Lifted
from renderer.importing.mend import is_of_hook, patches, release_state
from renderer.importing.proof import differences
from renderer.importing.rollout import NotLifted
from renderer.importing.source import SourceObject
from renderer.importing.target import Target, app_with_metadata, overlay_document
from renderer.layout import PROJECT_FILE
from renderer.manifest import ISTIO_ROUTING
from renderer.overlay import Document
from renderer.pipeline.setup import Setup, set_up
from renderer.problem import errors
from renderer.yamlio import dump

_TRIED = "import"  # the name of the environment in which a spec is tried


def trial(namespace: str, external: Iterable[str], target: Target) -> Setup:
    """A project with one environment and no app, in which specs are tried."""
    overlay = dump(overlay_document(_TRIED, {"namespace": namespace, "external": [*external]}))
    shared = {PROJECT_FILE: target.text.encode(), target.layout.overlay(_TRIED): overlay.encode()}
    return set_up(target.project, shared, frozenset(), target.schemas)[0]


def fitted(group: Group, setup: Setup) -> Lifted:
    """The app of a group; routes that rollspec would render otherwise stay plain."""
    routed = frozenset(each.identity for each, field in lift(group).fields if field == "`istio`")
    if not routed:
        return _fitted_as_grouped(group, setup)
    otherwise = replace(group, as_objects=group.as_objects | routed)
    try:
        found = _fitted_as_grouped(group, setup)
    except NotLifted:
        return _fitted_as_grouped(otherwise, setup)
    patched = {patch["target"]["kind"] for patch in found.spec.get("patches", ())}
    return found if patched.isdisjoint(ISTIO_ROUTING) else _fitted_as_grouped(otherwise, setup)


def _fitted_as_grouped(group: Group, setup: Setup) -> Lifted:
    """The app of a group; what rollspec would render otherwise of its further Services and jobs stays plain."""
    app = lift(group)
    guessed = [each for each, field in app.fields if field in (SERVICES_FIELD, JOBS_FIELD)]
    if guessed:
        try:
            rendered = _tried(app, setup)
        except NotLifted:
            rendered = {}
        as_objects = {each.identity for each in guessed if not _is_equal(each, rendered)}
        app = lift(replace(group, as_objects=group.as_objects | as_objects)) if as_objects else app
    return _mended(app, setup)


def _is_equal(each: SourceObject, rendered: Objects) -> bool:
    if each.identity not in rendered:
        return False
    seen = differences(each.data, rendered[each.identity])
    return all(map(is_of_hook, seen))


def _mended(app: Lifted, setup: Setup) -> Lifted:
    """The app with patches for what its fields cannot say. Raises NotLifted for a spec that the rules refuse."""
    namespace = setup.environments[_TRIED].spec["namespace"]
    spec = {key: value for key, value in app.spec.items() if key != "namespace" or value != namespace}
    app = replace(app, spec=spec)
    fields, rendered = [each for each, _ in app.fields], _tried(app, setup)
    if spec.keys() & {"canary", "preview"} and release_state(fields, rendered):
        raise NotLifted("a release of it is in flight that rollspec would drive in another way: import it later")
    is_autoscaled = "autoscaling" in spec or spec.get("replicas") == "external"
    found = patches(fields, rendered, autoscaled=is_autoscaled)
    if not found:
        return app
    app = replace(
        app, spec={**spec, "patches": [*spec.get("patches", ()), *found]}, notes=(*app.notes, *map(_says, found))
    )
    _tried(app, setup)
    return app


def _says(patch: Mapping[str, Any]) -> str:
    kind = patch["target"]["kind"]
    return f"a patch of the {kind.lower() if kind == 'Workload' else kind} holds what no field of a spec can say"


def _tried(app: Lifted, setup: Setup) -> Objects:
    """What the fields of the app render."""
    document = Document(setup.layout.app(app.name), app_with_metadata(app.name, app.metadata, app.spec))
    objects, problems = tried(document, setup, patched="patches" in app.spec)
    if errors(problems):
        raise NotLifted("; ".join(dict.fromkeys(f"{each.message} ({each.rule})" for each in errors(problems))))
    return objects
