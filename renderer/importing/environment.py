"""The objects of one environment -> its apps, and what stays a plain manifest or is not copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from renderer.importing.comments import hides_comments
from renderer.importing.elsewhere import elsewhere
from renderer.importing.fitting import fitted, trial
from renderer.importing.group import OF_A_NAMESPACE, Group, grouped, template_of
from renderer.importing.lift_pods import image_of
from renderer.importing.lifted import Lifted
from renderer.importing.live import with_live_state
from renderer.importing.overlapping import overlapping
from renderer.importing.rollout import NotLifted
from renderer.importing.source import Source, SourceObject
from renderer.importing.target import Target
from renderer.importing.withheld import has_secret, secret_name, secret_pointers, without_secrets
from renderer.manifest import JOBS, WORKLOADS, Identity
from renderer.problem import some_of
from renderer.schema.scope import scope

_OF_OTHER_TOOLS = ("HelmRelease", "HelmChart", "Kustomization", "Application", "ApplicationSet")


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that became no field, and why."""

    env: str
    app: str  # empty for one that belongs to no app
    source: SourceObject
    reason: str


@dataclass(slots=True)
class LiftedEnvironment:
    """What an import makes of one environment; it grows while the groups are read."""

    env: str
    namespace: str
    objects: tuple[SourceObject, ...]
    apps: dict[str, Lifted]
    rest: list[Kept]
    notes: list[tuple[str, str]]
    withheld: dict[Identity, tuple[str, ...]]  # the pointers of what is not copied; `""` for all of an object
    elsewhere: Mapping[str, str]  # what the source lacks, as `Kind/name`, and an object that names it
    overlapping: Sequence[str] = ()  # apps whose selectors find pods of others


def app_names(environments: Iterable[LiftedEnvironment]) -> list[str]:
    """The apps of all environments, in the order of their first one."""
    return [*dict.fromkeys(name for environment in environments for name in environment.apps)]


def lifted_environment(env: str, source: Source, target: Target) -> LiftedEnvironment:
    """The apps that the objects of an environment make, and what becomes of every other object."""
    namespace = _namespace(env, source.objects)
    objects = with_live_state((_placed(each, namespace) for each in source.objects), source.replica_sets)
    groups, rest = grouped(objects)
    found = LiftedEnvironment(env, namespace, objects, {}, [], [], {}, elsewhere(objects))
    if any(each.namespace for each in objects) and not any(each.namespace for each in source.objects):
        found.notes.append(("", f"{env}: {_no_namespace(namespace, target.layout.overlay(env))}"))
    setup = trial(namespace, found.elsewhere, target)
    for group in groups:
        try:
            _refuse_second(group.workload, found)
            app = fitted(group if target.secrets else _without_secrets(group, found), setup)
        except NotLifted as reason:
            as_objects = [group.workload, *group.objects, *([group.reference] if group.reference else [])]
            found.rest += [Kept(env, "", each, f"{group.workload} is not lifted: {reason}") for each in as_objects]
            continue
        found.apps[app.name] = app
        found.notes += [(app.name, note) for note in app.notes]
    apps_of: dict[str, list[str]] = {}  # by their image
    for app in found.apps.values():
        apps_of.setdefault(image_of(app), []).append(app.name)
    found.rest += [Kept(env, "", each, _why_none(each, apps_of)) for each in rest]
    if not target.secrets:
        _withhold(found)
    found.overlapping = overlapping(
        {name: app.objects for name, app in found.apps.items()}, [kept.source for kept in found.rest]
    )
    for app in found.apps.values():
        if any(map(hides_comments, app.objects)):
            found.notes.append((app.name, "a comment of its source looks like a secret, and is not copied"))
    return found


def _refuse_second(workload: SourceObject, found: LiftedEnvironment) -> None:
    """Raises NotLifted where an app of the environment has the workload's name already."""
    if first := found.apps.get(workload.name):
        there = f"the {first.fields[0][0]} of namespace {first.namespace or found.namespace}"
        mine = workload.namespace or found.namespace
        raise NotLifted(f"it is in namespace {mine}, and {there} is the app `{first.name}` already")


def _without_secrets(group: Group, found: LiftedEnvironment) -> Group:
    """The group without secrets in the environment of its pods. Raises NotLifted for a secret elsewhere in it."""
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


def _withhold(found: LiftedEnvironment) -> None:
    """Take plain manifests with secrets out of what is written."""
    shown: list[Kept] = []
    taken: list[Kept] = []
    for kept in found.rest:
        (taken if has_secret(kept.source) else shown).append(kept)
    found.rest = shown
    for kept in taken:
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


def _why_none(each: SourceObject, apps_of: Mapping[str, Sequence[str]]) -> str:
    """Why an object is in no app; `apps_of` are the apps by their image."""
    if each.kind in JOBS:
        containers = (template_of(each).get("spec") or {}).get("containers") or ()
        images = dict.fromkeys(str(container.get("image")) for container in containers)
        named = [name for image in images for name in apps_of.get(image, ())]
        if named:
            which = "the app's `jobs`" if len(named) == 1 else "the `jobs` of its app"
            return (
                f"it has the image of {some_of(named)}, and is copied unchanged: a release does not change its "
                f"tag; write it as one of {which} when it should"
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
