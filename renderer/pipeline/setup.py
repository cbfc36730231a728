"""What all apps of a project share, read once: the project file, the overlays, their resources, the templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from itertools import permutations
from types import MappingProxyType
from typing import Any, NamedTuple

from renderer.layout import KUSTOMIZATION, PROJECT_FILE, TEMPLATE, Layout, holds
from renderer.manifest import Identity, Manifest, Written, file_of
from renderer.overlay import JOINED, Document, Environment, SpecItem, environments, idle_nulls, spec_items
from renderer.patch import Patch, PatchFault, parse
from renderer.pipeline.faults import faults_of
from renderer.pipeline.not_an_object import generate_name, not_an_object
from renderer.pipeline.positions import Locator, locate_in_documents, of_document
from renderer.plain import lookup
from renderer.problem import Problem, errors
from renderer.project import LEAVING, Project, project_of
from renderer.rules import KnownPods
from renderer.rules.index import ByKind, by_kind
from renderer.schema import Fault, Schemas
from renderer.schema.partial import without_nulls
from renderer.schema.scope import scope
from renderer.spec import app_document
from renderer.yamlio import load, load_all, refusal

LONGEST_TEMPLATE = 1 << 16  # bytes: Python needs seconds and gigabytes to compile a million
# Rules about one value alone, independent of other fields.
_BY_ITSELF = frozenset(("unknown-field", "wrong-type", "not-allowed-value", "bad-format", "out-of-range"))
Objects = Callable[[str, bytes], tuple[list[tuple[int, Any]], list[Problem]]]  # of a path and its text


def unlabelled(manifests: Collection[Manifest], labels: Mapping[str, str], level: int) -> list[Problem]:
    """At render level 1, plain manifests do not get the labels of their overlay and app; shown once a project."""
    has = ((manifest.data["metadata"].get("labels") or {}).keys() for manifest in manifests)
    if level > 1 or all(labels.keys() <= own for own in has):
        return []
    message = (
        "the overlay's labels are not put on `resources` and `extraResources`: set `renderLevel: 2`; `rollspec plan` "
        "then says which apps restart"
    )
    return [Problem(PROJECT_FILE, 0, 0, "resource-labels", message, "/spec/renderLevel", "warning")]


class ResourceMetadata(NamedTuple):
    """What a plain manifest gets if it lacks it: a namespace, and labels of the object (not of its pods)."""

    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Setup:
    """A project without its apps, and the schemas of its versions.

    `texts` are the shared files' bytes; `resources` the manifests by environment.
    """

    project: Project
    schemas: Schemas
    environments: Mapping[str, Environment]
    texts: Mapping[str, bytes]
    resources: Mapping[str, tuple[Manifest, ...]]
    patches: Mapping[str, tuple[Patch, ...]]
    templates: tuple[Any, ...]
    known_pods: KnownPods = field(default_factory=KnownPods, repr=False, compare=False)  # grows; changes no finding

    @property
    def layout(self) -> Layout:
        """The project's paths."""
        return self.project.layout

    @cached_property
    def resource_kinds(self) -> Mapping[str, ByKind]:
        """The `resources` of each environment by kind: the rules ask for some kinds in every app."""
        return {env: by_kind(found) for env, found in self.resources.items()}

    @cached_property
    def overlays(self) -> tuple[str, ...]:
        """The overlays that the environments are made of, abstract ones included."""
        return tuple(dict.fromkeys(name for each in self.environments.values() for name in each.names))


def read_document(file: str, text: bytes, kind: str, schemas: Schemas) -> tuple[Document | None, list[Problem]]:
    """One file: its YAML, checked by the schema of its kind (except an App, which may be partial)."""
    data, problems = load(text, file)
    if problems:
        return None, problems
    if not isinstance(data, dict):
        return None, [Problem(file, 1, 1, "wrong-type", f"the file must be a mapping of kind {kind}")]
    document = Document(file, data)
    own = _without_nulls(data) if kind == "Overlay" else data
    if kind != "App" and not schemas.valid(kind, own):
        return None, [*Locator({file: text}).locate(of_document(document, schemas.explain(kind, own)))]
    return document, []


def _without_nulls(overlay: dict[str, Any]) -> dict[str, Any]:
    """An overlay without the nulls that remove fields of an overlay that it extends; lists of the two are joined."""
    spec = overlay.get("spec")
    if not isinstance(spec, dict) or spec.get("extends") is None:
        return overlay
    return {**overlay, "spec": {**without_nulls(spec), **{key: spec[key] for key in JOINED if key in spec}}}


def read_project(text: bytes, schemas: Schemas) -> tuple[Project | None, list[Problem]]:
    """The project file."""
    document, problems = read_document(PROJECT_FILE, text, "Project", schemas)
    if document is None:
        return None, problems
    project = project_of(document.data)
    locator = Locator({PROJECT_FILE: text})
    named = document.data["spec"].get("versions", {})
    problems += locator.locate([*_folders(project.layout), *_sources(project), *leaving(named, LEAVING)])
    return (None if errors(problems) else project), problems


def _folders(layout: Layout) -> Iterator[Problem]:
    """Specs, templates and rendered files must each have a folder of their own, none inside another."""
    folders = {key: getattr(layout, key) for key in ("apps", "overlays", "templates", "output")}
    for (one, above), (other, below) in permutations(folders.items(), 2):
        if holds(above, below) and (above != below or one < other):
            message = f"`{other}` is {below}, inside `{one}`, {above}: give each a folder of its own"
            yield Problem(PROJECT_FILE, 0, 0, "project-folders", message, f"/spec/{other}")


def _sources(project: Project) -> Iterator[Problem]:
    """Argo CD either renders the specs, or reads rendered files; a plugin knows the folder of no single app."""
    argocd = project.argocd
    if argocd and argocd.plugin and argocd.kind != "Application":
        message = "a plugin renders a whole environment: write `kind: Application`"
        yield Problem(PROJECT_FILE, 0, 0, "argocd-plugin", message, "/spec/argocd/kind")
    if argocd and argocd.plugin and project.publish.branch:
        message = "with a plugin Argo CD reads the specs, and nothing reads the branches of `publish`: remove one"
        yield Problem(PROJECT_FILE, 0, 0, "argocd-plugin", message, "/spec/argocd/plugin")


def leaving(versions: Mapping[str, str], minors: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """A note for each minor that a project names and that the next release of rollspec leaves out."""
    for name, minor in versions.items():
        if minor in minors.get(name, ()):
            message = (
                f"the next release of rollspec does not render for {minor}: upgrade the cluster, then name a "
                f"newer minor here"
            )
            yield Problem(PROJECT_FILE, 0, 0, "leaving-version", message, f"/spec/versions/{name}", "note")


def set_up(
    project: Project,
    files: Mapping[str, bytes],
    apps: frozenset[str],
    schemas: Schemas,
    unread: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Setup, list[Problem]]:
    """Everything shared, from the bytes of overlays, resources and templates; `apps` are the names of all apps.

    `unread` says why paths that overlays name could not be read.
    """
    read, problems = _overlays(project.layout, files, schemas)
    overlays = {name: document for name, document in read.items() if document}
    if not overlays and not problems:
        message = f"the project has no environment: create {project.layout.overlay('production')} (kind Overlay)"
        problems.append(Problem(PROJECT_FILE, 0, 0, "no-environment", message))
    found_environments, found = environments(_without(overlays, read.keys() - overlays.keys()))
    problems += found + _as_extended(found_environments, schemas) + _bases(found_environments)
    found_environments = {name: each for name, each in found_environments.items() if not _is_abstract(each)}
    objects = cache(partial(objects_of, schemas=schemas))  # many environments may name the same file
    resources, patches = {}, {}
    for name, environment in found_environments.items():
        problems += [*_unknown_apps(environment, apps), *_freezes(environment)]
        labels = environment.spec.get("labels", {}) if project.level > 1 else {}
        given = ResourceMetadata(environment.spec.get("namespace", ""), labels)
        resources[name], found = read_resources(environment.resources, files, given, objects, unread)
        problems += [*found, *unlabelled(resources[name], environment.spec.get("labels", {}), project.level)]
        patches[name], found = read_patches(environment.patches)
        problems += found
    templates, found = _templates(project, files)
    problems += found + _same_target(project, templates)
    setup = Setup(project, schemas, found_environments, files, resources, patches, templates)
    return setup, [*Locator(files).locate(problems)]


def resources_elsewhere(layout: Layout, files: Mapping[str, bytes]) -> set[str]:
    """The paths under `resources` of overlays that are outside the folders of overlays and templates."""
    return {path for path in resources_named(files) if not _is_beside(layout, path)}


def resources_named(files: Mapping[str, bytes]) -> set[str]:
    """The paths that overlays name under `resources`."""
    overlays = {file: text for file, text in files.items() if file.endswith("/overlay.yaml")}
    return {path for file, text in overlays.items() for _, path in named(file, text, "resources")}


def named(file: str, text: bytes, key: str) -> list[tuple[SpecItem, str]]:
    """The items of a list of files in an unchecked spec, with their paths inside the project."""
    data = load(text, file)[0] if key.encode() in text else None
    spec = data.get("spec") if isinstance(data, dict) else None
    items = spec.get(key) if isinstance(spec, dict) else None
    listed = spec_items(Document(file, {"spec": spec}), key) if isinstance(items, list) else ()
    return [(entry, path) for entry in listed if (path := resource_path(entry))]


def _is_beside(layout: Layout, path: str) -> bool:
    return holds(layout.overlays, path) or holds(layout.templates, path)


def resource_path(entry: SpecItem) -> str | None:
    """The project path of a `resources` entry, which is relative to its own file; None outside the project."""
    parts = entry.file.split("/")[:-1]
    value = str(entry.value)
    if value.startswith("/") or "\\" in value or "\0" in value:
        return None
    for part in value.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def read_resources(
    entries: tuple[SpecItem, ...],
    files: Mapping[str, bytes],
    given: ResourceMetadata,
    objects: Objects,
    unread: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[Manifest, ...], list[Problem]]:
    """Plain manifests of `resources` or `extraResources`, file by file; `objects` reads a file, see `objects_of`."""
    found: dict[Identity, Manifest] = {}
    problems: list[Problem] = []
    if not entries:  # as for most apps
        return (), problems
    for entry in entries:
        path = resource_path(entry)
        text = files.get(path) if path is not None else None
        if path is None or text is None:
            problems.append(Problem(entry.file, 0, 0, "resource", _why(entry, path, files, unread), entry.pointer))
            continue
        good, faults = objects(path, text)
        problems += faults
        for number, data in good:
            manifest = _resource(data, given, Written(path, text, number))
            if manifest.identity in found:
                problems.append(
                    Problem(path, 0, 0, "resource", f"{manifest.kind} {manifest.name} is given twice: remove one")
                )
            found[manifest.identity] = manifest
    return _with_distinct_files(found.values(), given.namespace), problems


def _with_distinct_files(manifests: Collection[Manifest], namespace: str) -> tuple[Manifest, ...]:
    """The manifests; if two would share a file name, the one of another namespace gets its namespace in the name."""
    count = Counter(manifest.file for manifest in manifests)
    return tuple(
        replace(manifest, file=file_of(f"{manifest.file.removesuffix('.yaml')}_{manifest.namespace}"))
        if count[manifest.file] > 1 and manifest.namespace not in ("", namespace)
        else manifest
        for manifest in manifests
    )


def objects_of(path: str, text: bytes, *, schemas: Schemas) -> tuple[list[tuple[int, Any]], list[Problem]]:
    """The valid objects of a file of plain manifests by number of document, and the problems of the others."""
    documents, problems = load_all(text, path)
    found = [(number, data, _resource_problem(path, data, schemas)) for number, data in enumerate(documents)]
    wrong = [(number, problem) for number, _, problem in found if problem]
    good = [(number, data) for number, data, problem in found if not problem]
    return good, [*problems, *locate_in_documents(text, wrong)]


def _why(entry: SpecItem, path: str | None, files: Mapping[str, bytes], unread: Mapping[str, str]) -> str:
    """Why the file of an entry could not be read."""
    if "://" in str(entry.value):
        return "URLs are not fetched: save the content as a file of the project, and name that"
    if path is None:
        return "leads out of the project: name a file inside it"
    if any(holds(path, file) for file in files):
        return f"`{path}` is a folder, not a file"
    return unread.get(path, f"there is no file `{path}`")


def read_patches(given: tuple[SpecItem, ...]) -> tuple[tuple[Patch, ...], list[Problem]]:
    """The patches of `patches` entries; a patch's `source` is file#pointer."""
    found: list[Patch] = []
    problems: list[Problem] = []
    for entry in given:
        patches, faults = parse(entry.value, f"{entry.file}#{entry.pointer}")
        found += patches
        problems += [patch_problem(entry.file, entry.pointer, fault) for fault in faults]
    return tuple(found), problems


def patch_problem(file: str, pointer: str, fault: PatchFault) -> Problem:
    """A fault of the patch at `pointer` of `file`."""
    return Problem(file, 0, 0, fault.rule, fault.message, pointer + fault.pointer, fault.severity)


def _resource(data: Any, given: ResourceMetadata, written: Written) -> Manifest:
    """The object with the environment's namespace, if it names none and its kind is known to belong to one.

    kustomize gives a namespace to every unknown kind, even to a ClusterIssuer. Here, an object of a kind without a
    schema stays unchanged: Argo CD asks the cluster, and puts a namespaced object into the namespace of its
    destination, which is the environment's.
    """
    namespace, metadata = given.namespace, dict(data["metadata"])
    if given.labels:
        metadata["labels"] = {**given.labels, **(metadata.get("labels") or {})}
    group = str(data["apiVersion"]).rpartition("/")[0]
    if namespace and scope(group, data["kind"]) == "namespace":
        metadata.setdefault("namespace", namespace)
    group = group.partition(".")[0]
    name = generate_name(metadata).rstrip("-.") or str(metadata.get("name"))
    words = [str(data["kind"]).lower(), *([group] if group else []), name]
    file = file_of("-".join(words).replace("/", "-").replace(":", "-"))
    return Manifest(file, {**data, "metadata": metadata}, written)


def _name_of(data: Any) -> str:
    return str(data["metadata"].get("name") or generate_name(data["metadata"]))


def _resource_problem(path: str, data: Any, schemas: Schemas) -> Problem | None:
    message = not_an_object(path, data)
    if message:
        return Problem(path, 0, 0, "resource", message)
    faults = faults_of(data, schemas)
    if not faults:
        return None
    message = f"{data['kind']} {_name_of(data)}: {faults[0].message}"
    return Problem(path, 0, 0, faults[0].rule, message, faults[0].pointer)


def _overlays(
    layout: Layout, files: Mapping[str, bytes], schemas: Schemas
) -> tuple[dict[str, Document | None], list[Problem]]:
    """The overlays by name; None for one with a fault of its own."""
    found: dict[str, Document | None] = {}
    problems: list[Problem] = []
    for file in sorted(files):
        env = layout.env_of(file)
        if env is not None:
            document, wrong = read_document(file, files[file], "Overlay", schemas)
            misnamed = _misnamed(document, env) if document else []
            problems += [*wrong, *misnamed, *(_wrong_defaults(document, schemas) if document else [])]
            found[env] = None if misnamed else document
    return found, problems


def _wrong_defaults(overlay: Document, schemas: Schemas) -> list[Problem]:
    """Faults of single fields of `defaults`, reported once, even if no app uses the field."""
    faults = schemas.explain("App", app_document("any", overlay.spec.get("defaults") or {}), partial=True)
    return [
        Problem(overlay.file, 0, 0, fault.rule, fault.message, f"/spec/defaults{fault.pointer.removeprefix('/spec')}")
        for fault in faults
        if fault.rule in _BY_ITSELF
    ]


def _without(overlays: Mapping[str, Document], wrong: Collection[str]) -> dict[str, Document]:
    """The overlays that do not extend a faulty one, whose own problems are enough."""
    found = dict(overlays)
    while lost := {name for name, document in found.items() if document.spec.get("extends") in wrong}:
        found = {name: document for name, document in found.items() if name not in lost}
        wrong = lost
    return found


def _misnamed(overlay: Document, folder: str) -> list[Problem]:
    if overlay.data["metadata"]["name"] == folder:
        return []
    message = f"the overlay must have the name of its folder, `{folder}`"
    return [Problem(overlay.file, 0, 0, "overlay-name", message, "/metadata/name")]


def _as_extended(found: Mapping[str, Environment], schemas: Schemas) -> list[Problem]:
    """Faults of an overlay together with those that it extends: a null without effect, two fields that conflict."""
    problems = []
    faults: dict[str, list[Fault]] = {
        name: schemas.explain("Overlay", {**each.chain[0].data, "spec": each.spec})
        for name, each in found.items()
        if len(each.chain) > 1
    }
    extended = {name for environment in found.values() for name in environment.names[1:]}
    for environment in found.values():
        own, *others = environment.chain
        base = {"spec": found[environment.names[1]].spec if others else {}}
        problems += idle(own, base)
        if others and environment.apps == frozenset() and "apps" not in own.spec and environment.name not in extended:
            message = f"this environment has no apps, because `{environment.names[1]}` has none: "
            message += "set `apps: null` for all apps, or list some"
            problems.append(Problem(own.file, 0, 0, "overlay-app", message, "/spec/extends", "warning"))
        if others:
            reported = faults.get(environment.names[1], [])  # already reported
            new = [each for each in faults[environment.name] if each not in reported or lookup(own.data, each.pointer)]
            problems += of_document(own, new)
    return problems


def _is_abstract(environment: Environment) -> bool:
    """Whether its own overlay says that it is only a base of others."""
    return bool(environment.chain[0].spec.get("abstract"))


def _bases(found: Mapping[str, Environment]) -> list[Problem]:
    """Overlays that are only a base but do not say so, and abstract ones that no other overlay extends."""
    extended = {name for environment in found.values() for name in environment.names[1:]}
    problems = []
    for name, environment in found.items():
        file = environment.chain[0].file
        if name in extended and not _is_abstract(environment) and _is_empty(environment):
            message = (
                "other overlays extend this one, and it has no apps and no namespace. If it is only a base, write "
                "`abstract: true`: then it is not rendered and gets no Argo CD object"
            )
            problems.append(Problem(file, 0, 0, "overlay-base", message, "/spec/apps", "warning"))
        elif name not in extended and _is_abstract(environment):
            message = "no overlay extends this one, so with `abstract: true` nothing of it is rendered"
            problems.append(Problem(file, 0, 0, "overlay-base", message, "/spec/abstract", "warning"))
    return problems


def _is_empty(environment: Environment) -> bool:
    return environment.apps == frozenset() and not environment.spec.get("namespace")


def idle(document: Document, base: Mapping[str, Any]) -> list[Problem]:
    """Nulls that remove nothing from `base`, the document that this one is merged into."""
    message = "`null` removes a field, but there is none to remove: remove the line, or set a value"
    return [Problem(document.file, 0, 0, "idle-null", message, pointer) for pointer in idle_nulls(base, document)]


def _unknown_apps(environment: Environment, apps: frozenset[str]) -> list[Problem]:
    own = environment.chain[0]
    message = "there is no app `{}`, and nothing is rendered for this line: add its app spec, or remove the line"
    return [
        Problem(own.file, 0, 0, "overlay-app", message.format(app), f"/spec/apps/{number}")
        for number, app in enumerate(own.spec.get("apps") or ())
        if app not in apps
    ]


def _freezes(environment: Environment) -> list[Problem]:
    """Faults of the freeze windows of an overlay itself."""
    own = environment.chain[0]
    windows = (own.data.get("spec") or {}).get("freeze")
    if not windows:
        return []
    from renderer.freeze import window_faults  # time zones cost start-up time, and few projects have a freeze

    return [
        Problem(own.file, 0, 0, "freeze-window", why, f"/spec/freeze{pointer}")
        for pointer, why in window_faults(windows)
    ]


def _same_target(project: Project, templates: tuple[Any, ...]) -> list[Problem]:
    """Templates with the file name of another one, or of the kustomization: one would overwrite the other."""
    first: dict[str, str] = {}
    twice = [(each, first[each.target]) for each in templates if first.setdefault(each.target, each.file) != each.file]
    message = f"`kustomization: true` writes {KUSTOMIZATION} itself: rename the template"
    taken = [template.file for template in templates if project.kustomization and template.target == KUSTOMIZATION]
    return [
        *(Problem(file, 0, 0, "template", message) for file in taken),
        *(
            Problem(each.file, 0, 0, "template", f"{other} renders {each.target} too: rename one of them")
            for each, other in twice
        ),
    ]


def _templates(project: Project, files: Mapping[str, bytes]) -> tuple[tuple[Any, ...], list[Problem]]:
    prefix = f"{project.layout.templates}/"
    names = [file for file in sorted(files) if file.startswith(prefix) and file.endswith(TEMPLATE)]
    refused = (refusal(files[name], name, limit=LONGEST_TEMPLATE, unicode_breaks=True) for name in names)
    problems = [problem for problem in refused if problem]
    if not names or problems:
        return (), problems
    from renderer.render.templates import Template  # importing Jinja2 takes 60 ms, and few projects have templates

    return tuple(Template(name, files[name].decode()) for name in names), []
