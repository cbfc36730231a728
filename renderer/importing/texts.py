"""The apps of all environments -> the texts of the project's files, each value written once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any

from renderer.importing.comment_lines import Comments
from renderer.importing.comments import commented, nearest, of_manifest, of_spec
from renderer.importing.environment import LiftedEnvironment, app_names
from renderer.importing.jobs import job_name
from renderer.importing.layers import Layers, defaults, layers
from renderer.importing.lifted import JOBS_FIELD, SERVICES_FIELD, Lifted
from renderer.importing.source import SourceObject
from renderer.importing.target import Target, app_with_metadata, overlay_document
from renderer.layout import PROJECT_FILE, Layout
from renderer.schema.scope import scope
from renderer.yamlio import dump, positions


def project_texts(environments: Sequence[LiftedEnvironment], target: Target) -> dict[str, str]:
    """The texts of the project's files, by path."""
    layout, alone = target.layout, len(environments) == 1
    found = {PROJECT_FILE: target.text}
    specs: dict[str, Layers] = {}
    metadata: dict[str, Layers] = {}
    for name in app_names(environments):
        apps = {each.env: each.apps[name] for each in environments if name in each.apps}
        extras, by_env = _extras(name, apps, environments, layout)
        found |= extras
        specs[name] = _relative_paths(layers(by_env, alone=alone), layout)
        metadata[name] = layers({env: app.metadata for env, app in apps.items()}, alone=len(apps) == 1)
        document = app_with_metadata(name, metadata[name].common, specs[name].common)
        found[layout.app(name)] = target.formatted("App", dump(document))
    for environment in environments:
        found |= _of_environment(environment, specs, metadata, target)
    for environment in environments:
        found |= _commented(environment, found, layout)
    return found


def _extras(
    name: str, apps: Mapping[str, Lifted], environments: Sequence[LiftedEnvironment], layout: Layout
) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    """The plain manifests of an app, once where all environments have the same, and its specs that name them."""
    namespaces = {each.env: each.namespace for each in environments}
    texts: dict[str, dict[str, str]] = {}
    for env, app in apps.items():
        namespace = str(app.spec.get("namespace", namespaces[env]))
        for file, each in _by_file(app.extras).items():
            texts.setdefault(file, {})[env] = _manifest(each, namespace)
    files: dict[str, str] = {}
    listed: dict[str, list[str]] = {env: [] for env in apps}
    for file, by_env in texts.items():
        shared = len({*by_env.values()}) == 1
        for env, text in by_env.items():
            path = f"resources/{name}/{file}" if shared else f"{layout.overlays}/{env}/resources/{name}/{file}"
            files[path] = text
            listed[env].append(path)
    found = {env: {"extraResources": paths} if paths else {} for env, paths in listed.items()}
    return files, {env: {**app.spec, **found[env]} for env, app in apps.items()}


def _relative_paths(made: Layers, layout: Layout) -> Layers:
    """The layers with `extraResources` relative to the file that has them, instead of to the project."""

    def relative(spec: Mapping[str, Any], folder: str) -> Mapping[str, Any]:
        paths = spec.get("extraResources")
        return {**spec, "extraResources": [_relative(path, folder) for path in paths]} if paths else spec

    own = {env: relative(spec, f"{layout.overlays}/{env}/apps") for env, spec in made.own.items()}
    return Layers(relative(made.common, layout.apps), own)


def _relative(path: str, folder: str) -> str:
    parts, above = path.split("/"), folder.split("/")
    while parts and above and parts[0] == above[0]:
        parts, above = parts[1:], above[1:]
    return "/".join([*[".."] * len(above), *parts])


def _of_environment(
    environment: LiftedEnvironment, specs: Mapping[str, Layers], metadata: Mapping[str, Layers], target: Target
) -> dict[str, str]:
    """The overlay of an environment, its partial apps and its plain manifests."""
    layout, env = target.layout, environment.env
    partials = {name: specs[name].own[env] for name in environment.apps}
    shared = defaults([*partials.values()], [specs[name].common for name in environment.apps])
    resources = _resources(environment)
    spec: dict[str, Any] = {"namespace": environment.namespace}
    if environment.apps.keys() != specs.keys():
        spec["apps"] = [*environment.apps]
    if shared:
        spec["defaults"] = shared
    if resources:
        spec["resources"] = [*resources]
    if environment.elsewhere:
        spec["external"] = [*environment.elsewhere]
    if environment.overlapping:
        spec["overlappingSelectors"] = [*environment.overlapping]
    found = {f"{layout.overlays}/{env}/{path}": text for path, text in resources.items()}
    found[layout.overlay(env)] = target.formatted("Overlay", dump(overlay_document(env, spec)))
    for name, partial in partials.items():
        own = {key: value for key, value in partial.items() if key not in shared}
        if own or metadata[name].own[env]:
            document = app_with_metadata(name, metadata[name].own[env], own)
            found[layout.partial(env, name)] = target.formatted("App", dump(document))
    return found


def _resources(environment: LiftedEnvironment) -> dict[str, str]:
    """The texts of the objects that belong to no app, by path in the folder of the overlay."""
    by_file = _by_file(kept.source for kept in environment.rest)
    return {f"resources/{file}": _manifest(each, environment.namespace) for file, each in by_file.items()}


def _by_file(objects: Iterable[SourceObject]) -> dict[str, SourceObject]:
    """Plain manifests by the names of their files: two may have one kind and name, in other groups or namespaces."""
    found: dict[str, SourceObject] = {}
    for each in objects:
        base = re.sub(r"[^a-z0-9.-]+", "-", f"{each.data['kind']}-{each.name}".lower()) + ".yaml"
        group = str(each.data["apiVersion"]).rpartition("/")[0]
        names = chain((base,), (f"{word}-{base}" for word in (each.namespace, group) if word), _numbered(base))
        found[next(name for name in names if name not in found)] = each
    return found


def _numbered(base: str) -> Iterator[str]:
    return (f"{number}-{base}" for number in count(2))


def _manifest(each: SourceObject, namespace: str) -> str:
    """The text of a plain manifest, with the comments of its source."""
    text, comments = dump(_without_namespace(each, namespace)), of_manifest(each)
    return commented(text, nearest(comments, [positions(text.encode())]))[0] if comments else text


def _without_namespace(each: SourceObject, namespace: str) -> dict[str, Any]:
    """The object without the namespace that the overlay gives it."""
    group = str(each.data["apiVersion"]).rpartition("/")[0]
    if each.namespace != namespace or scope(group, str(each.data["kind"])) != "namespace":
        return each.data
    metadata = {key: value for key, value in each.data["metadata"].items() if key != "namespace"}
    return {**each.data, "metadata": metadata}


def _commented(environment: LiftedEnvironment, files: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The specs of an environment's apps with the comments of its source, each in the first file that has its field."""
    found: dict[str, str] = {}
    for name, app in environment.apps.items():
        texts = {
            file: files[file] for file in (layout.app(name), layout.partial(environment.env, name)) if file in files
        }
        comments: Comments = {}
        for each, field in app.fields:
            for pointer, lines in of_spec(each, app.main, _inside(each, field, name)).items():
                comments[pointer] = (*comments.get(pointer, ()), *lines)
        comments = nearest(comments, [positions(text.encode()) for text in texts.values()]) if comments else {}
        for file, text in texts.items():
            found[file], there = commented(text, comments)
            comments = {pointer: lines for pointer, lines in comments.items() if pointer not in there}
    return found


def _inside(each: SourceObject, field: str, app: str) -> str:
    """The field of the spec that holds a whole object, if it has a name of its own."""
    if field == JOBS_FIELD:
        return f"/spec/jobs/{job_name(each, app)}"
    return f"/spec/services/{each.name}" if field == SERVICES_FIELD else ""
