"""Compares two views of a project: finds the apps that a change is about, and the plan of each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, NamedTuple, Self

from renderer.argocd import application_name, prunes_by_itself, settings
from renderer.console import say
from renderer.git import changed
from renderer.git.read import blob_id
from renderer.layout import DATA_FILES, PROJECT_FILE
from renderer.manifest import Manifest
from renderer.overlay import Environment
from renderer.pipeline import Rendered, finishing, header, is_in, to_files
from renderer.pipeline.argocd_objects import RESOURCES
from renderer.pipeline.assembly import assembling
from renderer.pipeline.evaluation import Evaluated, Evaluation, evaluating, read_app
from renderer.pipeline.faults import faults_of
from renderer.pipeline.fleet import ARGOCD, argocd_manifests
from renderer.pipeline.in_step import Stepwise, groups, in_step
from renderer.pipeline.policy_line import policy_line
from renderer.pipeline.positions import Locator
from renderer.pipeline.setup import Setup
from renderer.plan import AppPlan, Effect, Planner, Side, classify_argocd, plan_resources
from renderer.plan.kept import with_kept
from renderer.plan.moved import Objects, objects_of, with_moves
from renderer.plan.rollback_window import starts_under_window
from renderer.plan.side import is_paused
from renderer.plan.taken_back import claims_undo
from renderer.problem import Problem, errors
from renderer.progress import progress
from renderer.project import Versions
from renderer.render import bootstrap
from renderer.rules import Scene
from renderer.rules.autoscaling import scalers_of_resources
from renderer.scaler import SCALERS, scaler_of
from renderer.spec import App
from renderer.usecases.memory import blank
from renderer.usecases.project import Refused
from renderer.usecases.revision import TextsByApp, View, of_revision
from renderer.usecases.selection import Selection, asked, touched
from renderer.workers import Tick, Work, meanwhile, processes, reports

Make = Callable[[Side | None, Side | None], AppPlan]  # makes the plan of an app from its two sides
_BATCH = 200  # apps whose texts are read at once


@dataclass(frozen=True, slots=True)
class Compared:
    """The plans, and the problems of apps on the new side, which have no plan.

    `files` are the rendered files of the apps on the new side that were rendered for their plans: by path, the id that
    Git gives to a file with this content. `before` are those of the old side. `rendered`: what the pipeline says of the
    apps on the new side, without text, if the caller needs that too.
    """

    plans: tuple[AppPlan, ...]
    problems: tuple[Problem, ...]
    files: Mapping[str, str]
    before: Mapping[str, str]
    rendered: tuple[Rendered, ...] = ()


class Unread(NamedTuple):
    """An old side whose shared files have errors, so that its manifests are unknown. The change may fix them."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """An app in an environment: its side, and the texts for the positions of problems; or only problems.

    `files`: as those of `Compared`. `rendered`: what the pipeline says of it, if it was checked.
    """

    side: Side | None = None
    locator: Locator | None = None
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    rendered: Rendered | None = None


def before(root: str, base: str, new: View, name: str = "") -> View | Unread | None:
    """The old side; None if it has no project. `name` is the one of `base` for people. Raises GitError.

    One that cannot be read is only a warning, even with --strict, so that its repair is not blocked.
    """
    try:
        found = of_revision(root, base, new)
        return replace(found, name=name, revision=name) if found and name else found
    except Refused as refused:
        message = (
            f"the project at {name or base} cannot be read, so rollspec cannot say what changes: {refused.problems[0]}"
        )
        say(f"rollspec: warning: {message}")
        return Unread(tuple(refused.problems))


def sides(old: View | Unread | None, new: View) -> tuple[View, ...]:
    """The new side, and the old one if it exists and could be read."""
    return (new, old) if isinstance(old, View) else (new,)


def before_and_differing(
    root: str, base: str, head: str | None, new: View, name: str
) -> tuple[View | Unread | None, list[str]]:
    """Both `before` and `differing`; git compares the files while the old side is read from it."""
    with meanwhile(lambda: differing(root, base, head, new)) as paths:
        old = before(root, base, new, name)
    return old, paths.value()


def about(root: str, base: str, head: str | None, old: View | Unread | None, new: View) -> Selection:
    """The apps and environments of the files that differ; `head` None is the working tree. Raises GitError."""
    return about_files(differing(root, base, head, new), old, new)


def differing(root: str, base: str, head: str | None, new: View) -> list[str]:
    """The files of the project without rendered ones that differ; `head` None is the working tree. Raises GitError."""
    looked = [] if head else _beside_output(root, new)
    return [path for _, path in changed(root, base, head, looked)]


def about_files(paths: Sequence[str], old: View | Unread | None, new: View) -> Selection:
    """The apps and environments of these files."""
    found = Selection()
    views = sides(old, new)
    apps = frozenset[str]().union(*(view.apps for view in views))
    for view in views:
        some, others = touched(view.layout, view.setup.environments, apps, _not_rendered(view, paths))
        found = found | some
        beside = _naming(view, [path for path in others if path.endswith(DATA_FILES)])
        found = found | asked(beside, list(view.setup.environments), whole=False) if beside else found
    return found


def compare(
    old: View | Unread | None, new: View, selection: Selection, *, make: Make | None = None, keeps: bool = False
) -> Compared:
    """The plan of each app of the selection, by environment and app; whole environments include their resources.

    `make` makes a plan from two sides; by default with a simulation. `keeps`: the result has `rendered`. Several
    processes share many apps.
    """
    work = _Comparing(old, new, selection, make or Planner(), keeps)
    with progress("comparing", len(selection.names)) as watch:
        shares = reports(selection.names, work, processes(), watch)
    plans = [each for share in shares for each in share.plans]
    objects = {key: found for share in shares for key, found in share.objects.items()}
    for env in sorted({*selection.envs, *selection.whole}):  # also for some apps: an object may move from there
        of_resources = _resources(old, new, env, objects)
        plans += [*of_resources, *_argocd(old, new, env)] if env in selection.whole else []
    in_one = _in_one_application(old, new)
    plans = with_moves(with_kept(plans, objects, _unpruned(new), _gone(old, new), one=in_one), objects, one=in_one)
    problems = sorted(problem for share in shares for problem in share.problems)
    files, earlier = (
        {path: oid for share in shares for path, oid in getattr(share, side).items()} for side in ("files", "before")
    )
    rendered = tuple(each for share in shares for each in share.rendered)
    by_name = tuple(sorted(plans, key=lambda each: (each.env, each.app)))
    return Compared(by_name, tuple(problems), files, earlier, rendered)


@dataclass(frozen=True, slots=True)
class _Share:
    """What one process found: plans, problems, rendered files, and the objects of each app that only one side has."""

    plans: list[AppPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    objects: dict[tuple[str, str], Objects] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    rendered: list[Rendered] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Comparing(Work[str, _Share]):
    """Makes the plans of apps of a selection; `keeps`: see `compare`."""

    seconds: ClassVar[float] = 0.003

    old: View | Unread | None
    new: View
    selection: Selection
    make: Make
    keeps: bool

    def __call__(self, items: Sequence[str], tick: Tick) -> _Share:
        share = _Share()
        noted = _noting(self.make, share.objects)
        for start in range(0, len(items), _BATCH):
            self._add(share, items[start : start + _BATCH], noted, tick)
        return share if self.keeps else replace(share, rendered=[])

    def _add(self, share: _Share, some: Sequence[str], make: Make, tick: Tick) -> None:
        """Add what is found of some apps, whose texts are read at once."""
        old, new = self.old, self.new
        was: TextsByApp = old.texts(some)[0] if isinstance(old, View) else {}
        now, wrong = new.texts(some)
        share.problems.extend(wrong)
        for group in groups(some):
            work = [
                _comparing(_before(old, app, env, was), _InView(new, app, env, now.get(app, {})), make)
                for app in group
                for env in self.selection.envs_of(app)
            ]
            for one, was_made, head in in_step(work):
                share.plans.extend([one] if one else [])
                share.problems.extend(head.problems)
                share.files.update(head.files)
                share.before.update(was_made.files)
                share.rendered.extend([blank(head.rendered)] if head.rendered and not wrong else [])
            for _ in group:
                tick()

    def part(self, items: Sequence[str]) -> Self:
        old = self.old.part(items) if isinstance(self.old, View) else self.old
        return replace(self, old=old, new=self.new.part(items))


def _before(old: View | Unread | None, app: str, env: str, texts: TextsByApp) -> _InView | Unread | None:
    return _InView(old, app, env, texts.get(app, {})) if isinstance(old, View) else old


def _noting(make: Make, objects: dict[tuple[str, str], Objects]) -> Make:
    """The same, but it also notes which objects only one of the sides has."""

    def noted(old: Side | None, new: Side | None) -> AppPlan:
        plan = make(old, new)
        found = objects_of(old.manifests if old else (), new.manifests if new else ())
        if found.gone or found.new:
            objects[plan.env, plan.app] = found
        return plan

    return noted


def _in_one_application(old: View | Unread | None, new: View) -> bool | None:
    """Whether one Application of ours applies a whole environment, before and after; None if we render none."""
    argocd = [view.setup.project.argocd for view in sides(old, new)]
    kinds = {each.kind if each else "" for each in argocd}
    return None if "" in kinds else kinds == {"Application"}


def _unpruned(view: View) -> frozenset[str]:
    """The environments in which our Applications do not delete what is no longer in Git."""
    argocd = view.setup.project.argocd
    return frozenset(
        env
        for env, environment in view.setup.environments.items()
        if argocd and not prunes_by_itself(settings(argocd, environment.spec.get("argocd") or {}))
    )


def _gone(old: View | Unread | None, new: View) -> dict[str, str]:
    """The environments that are removed together with their Application, and its name."""
    argocd = old.setup.project.argocd if isinstance(old, View) else None
    if not isinstance(old, View) or argocd is None or argocd.kind != "Application":
        return {}
    return {env: application_name(argocd, env) for env in old.setup.environments.keys() - new.setup.environments.keys()}


class _InView(NamedTuple):
    """An app in an environment on one side."""

    view: View
    app: str
    env: str
    texts: dict[str, bytes]

    def evaluating(self) -> Stepwise[Evaluation | None]:
        """The effective spec and its problems, in steps; None if the app does not exist."""
        setup = self.view.setup
        environment = setup.environments.get(self.env)
        if environment is None or setup.layout.app(self.app) not in self.texts or not is_in(environment, self.app):
            return None
        document, problems = read_app(self.app, self.texts, setup)
        yield
        if document is None:
            return None, problems
        return (yield from evaluating(document, environment, self.texts, setup))

    def making(self, evaluation: Evaluation | None, *, checked: bool) -> Stepwise[_Made]:
        """Its manifests, in steps; `checked` checks them by schemas and rules too, as a render does."""
        if evaluation is None:
            return _Made()
        setup, environment = self.view.setup, self.view.setup.environments[self.env]
        locator = Locator({**setup.texts, **self.texts})
        evaluated, problems = evaluation
        if evaluated is None:
            return _Made(problems=locator.locate(problems))
        whole = yield from assembling(evaluated, evaluated.app, environment, self.texts, setup)
        yield
        if not checked and (wrong := errors(whole.problems)):
            return _Made(problems=locator.locate(wrong))
        is_committed, rendered = setup.project.commit_rendered, None
        if checked:
            rendered = yield from finishing(
                (evaluated, problems), whole, environment, setup, locator, text=is_committed
            )
            if wrong := errors(rendered.problems):
                return _Made(problems=tuple(wrong), rendered=rendered)
        stable = whole
        if evaluated.app.canary or evaluated.app.preview:
            stable = yield from assembling(evaluated, bootstrap(evaluated.app), environment, self.texts, setup)
            if wrong := errors(stable.problems):
                return _Made(problems=locator.locate(wrong), rendered=rendered)
        yield
        line = partial(policy_line, environment=environment, texts=setup.texts)
        rules = environment.spec, self.view.data, line
        made = (evaluated.app, whole.manifests, stable.manifests, evaluated.effective)
        scalers = _scalers(setup, made[0], whole.manifests)
        side = Side(*made, *rules, revision=self.view.revision, scalers=scalers)
        if not is_committed:
            return _Made(side, locator, rendered=rendered)
        files = rendered.files if rendered else self._files(evaluated, whole.manifests)
        return _Made(side, locator, files={path: blob_id(text) for path, text in files.items()}, rendered=rendered)

    def _files(self, evaluated: Evaluated, manifests: Sequence[Manifest]) -> dict[str, bytes]:
        setup, environment = self.view.setup, self.view.setup.environments[self.env]
        first_line = header(evaluated.documents[0].file, environment)
        return to_files(manifests, setup, environment, self.app, first_line)


def _scalers(setup: Setup, app: App, manifests: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """The autoscalers among the environment's resources that scale the workload of the app."""
    kinds = setup.resource_kinds.get(app.env)
    if not kinds or not any(kind in kinds for kind in SCALERS):
        return ()
    scene = Scene(manifests, sorted_resources=kinds)
    return tuple(
        scaler
        for pod in scene.index.workloads
        for scaler in scalers_of_resources(scene, pod)
        if scaler_of(scaler.data).kind == pod.kind
    )


def _comparing(old: _InView | Unread | None, new: _InView, make: Make) -> Stepwise[tuple[AppPlan | None, _Made, _Made]]:
    """The plan, and both sides as far as they were made; in steps, which many apps can take together."""
    was = (yield from old.evaluating()) if isinstance(old, _InView) else None
    yield
    now = yield from new.evaluating()
    if was is None and now is None:
        return None, _Made(), _Made()
    if isinstance(old, _InView) and was and now and _alike(old.view, new.view, new.env, was[0], now[0]):
        return AppPlan(new.app, new.env, ()), _Made(), _Made()
    yield
    head = yield from new.making(now, checked=True)
    if head.problems:
        return None, _Made(), head
    yield
    if isinstance(old, _InView):
        base = _if_valid(old.view, (yield from old.making(was, checked=False)))
    else:
        base = _Made(problems=_unread(old))
    if base.problems:
        return AppPlan(new.app, new.env, _unknown(base.problems)), base, head
    yield
    recalled = yield from _recalled(old, base.side, head.side)
    found = make(recalled, head.side)
    located = head.locator.locate(found.problems) if head.locator else ()
    return replace(found, problems=located), base, head


def _recalled(old: _InView | Unread | None, side: Side | None, new: Side | None) -> Stepwise[Side | None]:
    """The old side, with what Git knows about its past where that decides what happens: Git is asked for few.

    This is what ran before, if the new version could be one of these, and the side before the app was paused.
    """
    if not (isinstance(old, _InView) and side and new):
        return side
    if starts_under_window(side, new) or claims_undo(side, new):
        side = replace(side, ran=old.view.source.ran(old.env, old.app))
    view = old.view.source.before_pause(old.env, old.app, old.view) if is_paused(side) else None
    if view is None:
        return side
    then = _InView(view, old.app, old.env, view.texts([old.app])[0].get(old.app, {}))
    made = yield from then.making((yield from then.evaluating()), checked=False)
    return replace(side, before_pause=made.side)


def _unread(old: Unread | None) -> tuple[Problem, ...]:
    return old.problems if old else ()


def _if_valid(old: View, base: _Made) -> _Made:
    """The old side, or its faults by the schemas: a plan needs valid manifests."""
    if base.side is None:
        return base
    side = base.side
    folder = old.layout.manifests(side.app.env, side.app.name)
    own = side.manifests if side.flight is None else (*side.manifests, *side.stable)  # else they are the same
    problems = [
        Problem(f"{folder}/{manifest.file}", 1, 1, fault.rule, fault.message, fault.pointer)
        for manifest in own
        for fault in faults_of(manifest.data, old.setup.schemas)
    ]
    return _Made(problems=tuple(problems)) if problems else base


def _unknown(problems: Sequence[Problem]) -> tuple[Effect, ...]:
    reason = f"the old version cannot be rendered, so the effect of the change is not known ({problems[0]})"
    return (Effect("disruptive", reason),)


def _alike(old: View, new: View, env: str, was: Evaluated | None, now: Evaluated | None) -> bool:
    """Whether spec, overlay, templates and files are equal: then the manifests are equal too."""
    if not was or not now or "extraResources" in now.app.spec or not _same_setup(old.setup, new.setup, env):
        return False
    return _text(_rendered_from(was)) == _text(_rendered_from(now))


def _rendered_from(evaluated: Evaluated) -> list[object]:
    """Everything that the manifests are rendered from, except what is in the setup."""
    app = evaluated.app
    own = [app.namespace, dict(app.labels), dict(app.annotations), app.cluster_domain, app.level, app.waypoint]
    return [evaluated.effective.data, *own]


def _text(data: object) -> str:
    """Equality that includes the types of numbers, and the order of mappings, which decides the order of lists."""
    return json.dumps(data, ensure_ascii=False)


def _same_setup(old: Setup, new: Setup, env: str) -> bool:
    one, other = old.environments[env], new.environments[env]
    return (
        _shared(one) == _shared(other)
        and _templates(old) == _templates(new)
        and old.project._replace(versions=Versions()) == new.project._replace(versions=Versions())
    )


def _shared(environment: Environment) -> str:
    """What an overlay itself gives to manifests; the rest is in the effective specs."""
    elsewhere = {"policy", "apps", "defaults"}
    spec = {key: value for key, value in environment.spec.items() if key not in elsewhere}
    return _text([spec, [entry.value for entry in environment.patches]])


def _templates(setup: Setup) -> dict[str, bytes]:
    prefix = f"{setup.layout.templates}/"
    return {file: text for file, text in setup.texts.items() if file.startswith(prefix)}


def _resources(
    old: View | Unread | None, new: View, env: str, objects: dict[tuple[str, str], Objects]
) -> list[AppPlan]:
    after = new.setup.resources.get(env, ())
    if isinstance(old, Unread):
        return [AppPlan(RESOURCES, env, _unknown(old.problems))] if after else []
    was = old.setup.resources.get(env, ()) if old else ()
    found = plan_resources(env, was, after, new.setup.project.not_secret)
    objects[env, RESOURCES] = objects_of(was, after)
    return [found] if found.effects else []


def _argocd(old: View | Unread | None, new: View, env: str) -> list[AppPlan]:
    """The plan of Argo CD's objects; empty if the old side cannot be read, as the plans of its apps say."""
    if isinstance(old, Unread):
        return []
    effects = classify_argocd(argocd_manifests(old.setup, env) if old else [], argocd_manifests(new.setup, env))
    return [AppPlan(ARGOCD, env, effects)] if effects else []


def _beside_output(root: str, view: View) -> list[str]:
    """The files at the project's root without rendered files: asking Git about all of them takes too long."""
    layout = view.layout
    skipped = {".git", layout.output}
    return sorted({*os.listdir(root), *layout.source_folders, PROJECT_FILE} - skipped)


def _not_rendered(view: View, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not path.startswith(f"{view.layout.output}/")]


def _naming(view: View, paths: Sequence[str]) -> list[str]:
    """Apps with one of these files under `extraResources`."""
    if not paths:
        return []
    texts, _ = view.texts(sorted(view.apps))
    return [app for app, found in texts.items() if not found.keys().isdisjoint(paths)]
