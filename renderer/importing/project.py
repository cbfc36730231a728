"""Objects of environments -> the files of a project, and what becomes of every object."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from renderer.importing.affixes import renamed
from renderer.importing.built import Objects, built, objects_of, tried
from renderer.importing.comment_lines import Comments
from renderer.importing.comments import commented, hides_comments, nearest, of_manifest, of_spec
from renderer.importing.elsewhere import elsewhere
from renderer.importing.group import OF_A_NAMESPACE, Group, grouped, template_of
from renderer.importing.jobs import job_name
from renderer.importing.layers import Layers, defaults, layers
from renderer.importing.lift import FURTHER, JOBS, Lifted, image_of, lift
from renderer.importing.live import with_live_state
from renderer.importing.mend import is_of_hook, patches, release_state
from renderer.importing.overlapping import overlapping
from renderer.importing.proof import Compared, compared, differences
from renderer.importing.reasons import why_as_object
from renderer.importing.rollout import NotLifted
from renderer.importing.source import Source, SourceObject
from renderer.importing.withheld import has_secret, secret_name, secret_pointers, without_secrets
from renderer.layout import PROJECT_FILE, Layout
from renderer.manifest import ISTIO_ROUTING, WORKLOADS, Identity
from renderer.overlay import Document
from renderer.pipeline import Rendered
from renderer.pipeline.fleet import fleet_problems
from renderer.pipeline.setup import Setup, set_up
from renderer.problem import Problem, errors
from renderer.project import Project
from renderer.schema import Schemas
from renderer.schema.scope import scope
from renderer.spec import API_VERSION, app_document
from renderer.yamlio import dump, positions

_OF_OTHER_TOOLS = ("HelmRelease", "HelmChart", "Kustomization", "Application", "ApplicationSet")
_TRIED = "import"  # the name of the environment in which a spec is tried


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that became no field, and why."""

    env: str
    app: str  # empty for one that belongs to no app
    source: SourceObject
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """The files to write, and the report's values."""

    files: Mapping[str, str]
    compared: tuple[Compared, ...]
    kept: tuple[Kept, ...]
    notes: tuple[tuple[str, str], ...]  # an app, if it is about one, and a sentence
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The project that is written to: its project file and schemas, and how a spec's text is laid out."""

    text: str  # of the project file
    project: Project
    schemas: Schemas
    formatted: Callable[[str, str], str]  # the text of a spec of a kind
    secrets: bool = False  # whether values that look like secrets are copied

    @property
    def layout(self) -> Layout:
        """The project's folders."""
        return self.project.layout


@dataclass(slots=True)
class _Environment:
    """One environment while it is read."""

    env: str
    namespace: str
    objects: tuple[SourceObject, ...]
    apps: dict[str, Lifted]
    rest: list[Kept]
    notes: list[tuple[str, str]]
    withheld: dict[Identity, tuple[str, ...]]  # the pointers of what is not copied; `""` for all of an object
    elsewhere: Mapping[str, str]  # what the source lacks, as `Kind/name`, and an object that names it
    overlapping: Sequence[str] = ()  # apps whose selectors find pods of others


def refused(source: Source, schemas: Schemas) -> list[Problem]:
    """The objects of a source that the API server would refuse: nothing can be said of what they become."""
    found = []
    replica_sets = [SourceObject("the source", data, {}) for data in source.replica_sets]
    for each in [*source.objects, *replica_sets]:
        if not schemas.manifest_valid(each.data) and not schemas.foreign(each.data):
            fault = schemas.manifest_explain(each.data)[0]
            message = f"{each}: {fault.message} (at {fault.pointer or '/'})"
            found.append(Problem(each.file, 0, 0, fault.rule, message))
    return found


def imported(sources: Mapping[str, Source], target: Target) -> Imported:
    """The project that renders the objects of the sources, by environment."""
    environments = [_environment(env, source, target) for env, source in sources.items()]
    files = _files(environments, target)
    names = _names(environments)
    encoded = {file: text.encode() for file, text in files.items()}
    setup, problems = set_up(target.project, encoded, frozenset(names), target.schemas)
    rendered, found = _rendered(files, names, setup)
    problems += found
    seen = [each for environment in environments for each in _proof(environment, rendered[environment.env])]
    kept = [each for environment in environments for each in environment.rest]
    kept += [
        Kept(environment.env, app.name, each, why_as_object(each, app))
        for environment in environments
        for app in environment.apps.values()
        for each in app.extras
    ]
    notes = [note for environment in environments for note in environment.notes]
    notes += [("", f"{each.env}: {sentence}") for each in environments for sentence in _about_fields(each)]
    notes += [("", sentence) for sentence in _about_names(environments)]
    return Imported(files, tuple(seen), tuple(kept), tuple(dict.fromkeys(notes)), tuple(problems))


def _about_names(environments: Sequence[_Environment]) -> Iterator[str]:
    """Apps that have another name in each environment: rollspec cannot know that they are one."""
    first, *others = environments
    for other in others:
        pairs = renamed(_images(first), _images(other))
        if pairs:
            more = f", as {len(pairs) - 1} more of their apps have" if pairs[1:] else ""
            yield (
                f"{pairs[0].here} of {first.env} and {pairs[0].there} of {other.env} have one image{more}, but an app "
                "has one name in all environments: they stay two apps, and no version moves from one to the other. If "
                "kustomize makes the names (`namePrefix`, `nameSuffix`), docs/import.md says how to make them one app"
            )


def _images(environment: _Environment) -> dict[str, str]:
    """The name of each app's image, without the registry."""
    return {name: str(app.spec["image"]).rpartition("/")[2] for name, app in environment.apps.items()}


def _about_fields(environment: _Environment) -> Iterator[str]:
    for missing, name in environment.elsewhere.items():
        what = missing.replace("/", " ")
        yield f"the source has no {what}, which {name} needs: `external` says that the cluster has one"
    for name in environment.overlapping:
        yield f"a selector finds pods of {name} and of others: `overlappingSelectors` allows it, as they run like that"


def _names(environments: Iterable[_Environment]) -> list[str]:
    return [*dict.fromkeys(name for environment in environments for name in environment.apps)]


def _environment(env: str, source: Source, target: Target) -> _Environment:
    namespace = _namespace(env, source.objects)
    objects = with_live_state((_placed(each, namespace) for each in source.objects), source.replica_sets)
    groups, rest = grouped(objects)
    found = _Environment(env, namespace, objects, {}, [], [], {}, elsewhere(objects))
    if any(each.namespace for each in objects) and not any(each.namespace for each in source.objects):
        found.notes.append(("", f"{env}: {_no_namespace(namespace, target.layout.overlay(env))}"))
    overlay = dump(_overlay(_TRIED, {"namespace": namespace, "external": [*found.elsewhere]}))
    shared = {PROJECT_FILE: target.text.encode(), target.layout.overlay(_TRIED): overlay.encode()}
    setup, _ = set_up(target.project, shared, frozenset(), target.schemas)
    for group in groups:
        try:
            if first := found.apps.get(group.workload.name):
                there = f"the {first.fields[0][0]} of namespace {first.namespace or namespace}"
                mine = group.workload.namespace or namespace
                raise NotLifted(f"it is in namespace {mine}, and {there} is the app `{first.name}` already")
            app = _lifted(_without_secrets(group, found, target), setup, target)
        except NotLifted as reason:
            as_objects = [group.workload, *group.objects, *([group.reference] if group.reference else [])]
            found.rest += [Kept(env, "", each, f"{group.workload} is not lifted: {reason}") for each in as_objects]
            continue
        found.apps[app.name] = app
        found.notes += [(app.name, note) for note in app.notes]
    found.rest += [Kept(env, "", each, _why_none(each, found.apps)) for each in rest]
    if not target.secrets:
        _withhold(found)
    found.overlapping = overlapping(
        {name: _all(app) for name, app in found.apps.items()}, [kept.source for kept in found.rest]
    )
    for app in found.apps.values():
        if any(hides_comments(each) for each in _all(app)):
            found.notes.append((app.name, "a comment of its source looks like a secret, and is not copied"))
    return found


def _without_secrets(group: Group, found: _Environment, target: Target) -> Group:
    """The group without secrets in the environment of its pods. Raises NotLifted for a secret elsewhere in it."""
    if target.secrets:
        return group
    taken = without_secrets(group.workload)
    if has_secret(taken.workload):
        pointers = ", ".join(secret_pointers(taken.workload))
        raise NotLifted(f"a value of it looks like a secret, and is not a variable of the environment: {pointers}")
    if taken.pointers:
        found.withheld[group.workload.identity] = taken.pointers
        names = ", ".join(taken.names)
        secret = secret_name(group.workload.name)
        found.notes.append((group.workload.name, f"{names}: put the value into the Secret {secret}, under this name"))
    jobs = {each.identity for each in (*group.of("Job"), *group.of("CronJob")) if has_secret(each)}
    return replace(group, workload=_stable_without_secrets(taken.workload), as_objects=group.as_objects | jobs)


def _stable_without_secrets(workload: SourceObject) -> SourceObject:
    """The workload without secrets in the template of its stable version either. Raises NotLifted."""
    if workload.stable is None:
        return workload
    spec = {**workload.spec, "template": dict(workload.stable)}
    stable = without_secrets(replace(workload, data={**workload.data, "spec": spec})).workload
    if has_secret(stable):
        raise NotLifted("a value of its stable version looks like a secret, and is not a variable of the environment")
    return replace(workload, stable=stable.spec["template"])


def _withhold(found: _Environment) -> None:
    """Take plain manifests with secrets out of what is written."""
    for kept in [kept for kept in found.rest if has_secret(kept.source)]:
        found.rest.remove(kept)
        found.withheld[kept.source.identity] = ("",)
        why = "it may hold a secret, so it is not copied; `--accept-secrets` copies it"
        if kept.source.kind in WORKLOADS:
            found.notes.append(("", f"{found.env}: {kept.reason}: {why}"))
        else:
            found.notes += [("", f"{found.env}: {sentence}") for sentence in _hidden(kept.source)]
    for name, app in found.apps.items():
        hidden = [each for each in app.extras if has_secret(each)]
        found.notes += [(name, sentence) for each in hidden for sentence in _hidden(each)]
        found.withheld |= {each.identity: ("",) for each in hidden}
        found.apps[name] = replace(app, extras=tuple(each for each in app.extras if each not in hidden))


def _hidden(each: SourceObject) -> Iterator[str]:
    """Where a plain manifest, other than a Secret, may hold one."""
    if each.kind != "Secret":
        pointers = ", ".join(secret_pointers(each))
        yield f"{each} may hold a secret at {pointers}; `--accept-secrets` copies it"


def _why_none(each: SourceObject, apps: Mapping[str, Lifted]) -> str:
    if each.kind in ("Job", "CronJob"):
        images = {container.get("image") for container in (template_of(each).get("spec") or {}).get("containers") or ()}
        for app in apps.values():
            if image_of(app) in images:
                return (
                    f"it has the image of {app.name}, and is copied unchanged: a release does not change its tag; "
                    "write it as one of the app's `jobs` when it should"
                )
    if each.data["kind"] in _OF_OTHER_TOOLS:
        return (
            "the workloads that another tool makes from it are not in the source, and no app is made of them: import "
            "what that tool renders, such as the output of `helm template`"
        )
    if each.kind in ("StatefulSet", "DaemonSet", "Job", "CronJob"):
        return f"a {each.kind} is not an app: it is copied unchanged"
    return "it belongs to no workload, or to several"


def _namespace(env: str, objects: Sequence[SourceObject]) -> str:
    """The environment's namespace: the one that most workloads name."""
    named = [each.namespace for each in objects if each.namespace]
    workloads = [each.namespace for each in objects if each.namespace and each.kind in WORKLOADS]
    return Counter(workloads or named or [env]).most_common(1)[0][0]


def _no_namespace(namespace: str, overlay: str) -> str:
    return (
        f"no object of the source names a namespace, so all of them go into `{namespace}`: if they run in another one, "
        f"name it in {overlay} (`namespace`), or a sync makes them a second time"
    )


def _placed(each: SourceObject, namespace: str) -> SourceObject:
    """The object in the environment's namespace if it names none, as an apply of the rendered files will put it."""
    group, kind = str(each.data["apiVersion"]).rpartition("/")[0], str(each.data["kind"])
    if each.namespace or (kind not in OF_A_NAMESPACE and scope(group, kind) != "namespace"):
        return each
    metadata = {"name": each.name, "namespace": namespace, **each.data["metadata"]}
    return replace(each, data={**each.data, "metadata": metadata})


def _lifted(group: Group, setup: Setup, target: Target) -> Lifted:
    """The app of a group; routes that rollspec would render otherwise stay plain."""
    routed = frozenset(each.identity for each, field in lift(group).fields if field == "`istio`")
    if not routed:
        return _fitted(group, setup, target)
    otherwise = replace(group, as_objects=group.as_objects | routed)
    try:
        found = _fitted(group, setup, target)
    except NotLifted:
        return _fitted(otherwise, setup, target)
    patched = {patch["target"]["kind"] for patch in found.spec.get("patches", ())}
    return found if patched.isdisjoint(ISTIO_ROUTING) else _fitted(otherwise, setup, target)


def _fitted(group: Group, setup: Setup, target: Target) -> Lifted:
    """The app of a group; what rollspec would render otherwise of its further Services and jobs stays plain."""
    app = lift(group)
    guessed = [each for each, field in app.fields if field in (FURTHER, JOBS)]
    if guessed:
        try:
            rendered = _tried(app, setup, target)
        except NotLifted:
            rendered = {}
        as_objects = {each.identity for each in guessed if not _is_equal(each, rendered)}
        app = lift(replace(group, as_objects=group.as_objects | as_objects)) if as_objects else app
    return _mended(app, setup, target)


def _is_equal(each: SourceObject, rendered: Objects) -> bool:
    if each.identity not in rendered:
        return False
    seen = differences(each.data, rendered[each.identity])
    return all(map(is_of_hook, seen))


def _mended(app: Lifted, setup: Setup, target: Target) -> Lifted:
    """The app with patches for what its fields cannot say. Raises NotLifted for a spec that the rules refuse."""
    namespace = setup.environments[_TRIED].spec["namespace"]
    spec = {key: value for key, value in app.spec.items() if key != "namespace" or value != namespace}
    app = replace(app, spec=spec)
    fields, rendered = [each for each, _ in app.fields], _tried(app, setup, target)
    if spec.keys() & {"canary", "preview"} and release_state(fields, rendered):
        raise NotLifted("a release of it is in flight that rollspec would drive in another way: import it later")
    is_autoscaled = "autoscaling" in spec or spec.get("replicas") == "external"
    found = patches(fields, rendered, autoscaled=is_autoscaled)
    if not found:
        return app
    app = replace(
        app, spec={**spec, "patches": [*spec.get("patches", ()), *found]}, notes=(*app.notes, *map(_says, found))
    )
    _tried(app, setup, target)
    return app


def _says(patch: Mapping[str, Any]) -> str:
    kind = patch["target"]["kind"]
    return f"a patch of the {kind.lower() if kind == 'Workload' else kind} holds what no field of a spec can say"


def _tried(app: Lifted, setup: Setup, target: Target) -> Objects:
    """What the fields of the app render."""
    document = Document(target.layout.app(app.name), _document(app.name, app.metadata, app.spec))
    objects, problems = tried(document, setup, patched="patches" in app.spec)
    if errors(problems):
        raise NotLifted("; ".join(dict.fromkeys(f"{each.message} ({each.rule})" for each in errors(problems))))
    return objects


def _document(name: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    found = app_document(name, dict(spec))
    return {**found, "metadata": {"name": name, **metadata}}


def _overlay(env: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": "Overlay", "metadata": {"name": env}, "spec": dict(spec)}


def _file(each: SourceObject) -> str:
    """The name of the file of a plain manifest."""
    return re.sub(r"[^a-z0-9.-]+", "-", f"{each.data['kind']}-{each.name}".lower()) + ".yaml"


def _files(environments: Sequence[_Environment], target: Target) -> dict[str, str]:
    """The texts of the project."""
    layout, alone = target.layout, len(environments) == 1
    found = {PROJECT_FILE: target.text}
    made: dict[str, Layers] = {}
    for name in _names(environments):
        apps = {each.env: each.apps[name] for each in environments if name in each.apps}
        shared, specs = _extras(name, apps, environments, layout)
        found |= shared
        made[name] = _relative_paths(layers(specs, alone=alone), layout)
        metadata = layers({env: app.metadata for env, app in apps.items()}, alone=len(apps) == 1)
        found[layout.app(name)] = target.formatted("App", dump(_document(name, metadata.common, made[name].common)))
        for env, more in metadata.own.items():
            if more:
                made[name] = replace(made[name], own={**made[name].own, env: {**made[name].own[env], "": more}})
    for environment in environments:
        found |= _of_environment(environment, made, target, _names(environments))
    for environment in environments:
        found |= _commented(environment, found, layout)
    return found


def _commented(environment: _Environment, files: Mapping[str, str], layout: Layout) -> dict[str, str]:
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
    if field == JOBS:
        return f"/spec/jobs/{job_name(each, app)}"
    return f"/spec/services/{each.name}" if field == FURTHER else ""


def _manifest(each: SourceObject, namespace: str) -> str:
    """The text of a plain manifest, with the comments of its source."""
    text, comments = dump(_without_namespace(each, namespace)), of_manifest(each)
    return commented(text, nearest(comments, [positions(text.encode())]))[0] if comments else text


def _of_environment(
    environment: _Environment, made: Mapping[str, Layers], target: Target, names: Sequence[str]
) -> dict[str, str]:
    """The overlay of an environment, its partial apps and its plain manifests."""
    layout, env = target.layout, environment.env
    partials = {name: made[name].own[env] for name in environment.apps}
    specs = [{field: value for field, value in partial.items() if field} for partial in partials.values()]
    spoken = defaults(specs, [made[name].common for name in environment.apps])
    spec: dict[str, Any] = {"namespace": environment.namespace}
    if {*environment.apps} != {*names}:
        spec["apps"] = [*environment.apps]
    spec |= {"defaults": spoken} if spoken else {}
    found: dict[str, str] = {}
    for kept in environment.rest:
        path = f"resources/{_file(kept.source)}"
        if any(path == listed for listed in spec.get("resources", ())):
            path = f"resources/{kept.source.namespace}-{_file(kept.source)}"
        spec.setdefault("resources", []).append(path)
        found[f"{layout.overlays}/{env}/{path}"] = _manifest(kept.source, environment.namespace)
    if environment.elsewhere:
        spec["external"] = [*environment.elsewhere]
    if environment.overlapping:
        spec["overlappingSelectors"] = [*environment.overlapping]
    found[layout.overlay(env)] = target.formatted("Overlay", dump(_overlay(env, spec)))
    for name, partial in partials.items():
        own = {key: value for key, value in partial.items() if key not in (*spoken, "")}
        if own or "" in partial:
            document = _document(name, partial.get("", {}), own)
            found[layout.partial(env, name)] = target.formatted("App", dump(document))
    return found


def _extras(
    name: str, apps: Mapping[str, Lifted], environments: Sequence[_Environment], layout: Layout
) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
    """The plain manifests of an app, once where all environments have the same, and its specs that name them."""
    namespaces = {each.env: each.namespace for each in environments}
    texts: dict[str, dict[str, str]] = {}
    for env, app in apps.items():
        for each in app.extras:
            namespace = str(app.spec.get("namespace", namespaces[env]))
            texts.setdefault(_file(each), {})[env] = _manifest(each, namespace)
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


def _without_namespace(each: SourceObject, namespace: str) -> dict[str, Any]:
    """The object without the namespace that the overlay gives it."""
    group = str(each.data["apiVersion"]).rpartition("/")[0]
    if each.namespace != namespace or scope(group, str(each.data["kind"])) != "namespace":
        return each.data
    metadata = {key: value for key, value in each.data["metadata"].items() if key != "namespace"}
    return {**each.data, "metadata": metadata}


def _rendered(files: Mapping[str, str], names: Sequence[str], setup: Setup) -> tuple[dict[str, Objects], list[Problem]]:
    """The objects of each environment, and what the pipeline found."""
    encoded = {file: text.encode() for file, text in files.items()}
    found = {env: objects_of(setup.resources[env]) for env in setup.environments}
    made: list[Rendered] = []
    for name in names:
        for rendered, objects in built(name, encoded, setup):
            found[rendered.env] |= objects
            made.append(rendered)
    problems = [problem for each in made for problem in each.problems]
    return found, problems + fleet_problems(setup, made, [*setup.environments], whole=True)


def _proof(environment: _Environment, rendered: Objects) -> Iterator[Compared]:
    of = {each.identity: name for name, app in environment.apps.items() for each in _all(app)}
    lifted = {
        each.identity: each
        for app in environment.apps.values()
        for each, _ in app.fields
        if each.identity not in environment.withheld
    }
    for each in environment.objects:
        source = lifted.get(each.identity, each)  # a Rollout has the template of its `workloadRef` there
        withheld = frozenset(environment.withheld.get(each.identity, ()))
        yield compared(environment.env, of.get(each.identity, ""), source, rendered, withheld)


def _all(app: Lifted) -> Iterator[SourceObject]:
    yield from (each for each, _ in app.fields)
    yield from app.extras
