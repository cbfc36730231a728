"""A verb applied to one app: its partial app file edited, and what is rendered from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from renderer.argocd import NOT_DRIVEN, Driven, driven_of
from renderer.edit import EditError, Operation, Remove, Rename, Set, edit, formatted, new_document
from renderer.failure import Failure
from renderer.overlay import Document, Environment, effective
from renderer.pipeline import Rendered, build_evaluated, is_in
from renderer.pipeline.evaluation import Evaluated, evaluate
from renderer.plain import pointer_of
from renderer.problem import Problem, errors
from renderer.release.fold import ABSENT, SpecEdit, changes
from renderer.release.outcome import Outcome, Refusal, Wanted
from renderer.spec import app_document
from renderer.tree import listing
from renderer.usecases.effective import Spec, evaluated_app
from renderer.usecases.fmt import field_order
from renderer.usecases.project import Opened

Act = Callable[[Spec], Outcome]


@dataclass(frozen=True, slots=True)
class KnownAct:
    """An act whose outcome was worked out already, for an edit of the spec that was `live` before it."""

    outcome: Outcome
    live: Spec

    def __call__(self, spec: Spec) -> Outcome:
        """The outcome, for the spec with the edit."""
        return self.outcome


@dataclass(frozen=True, slots=True)
class Edited:
    """One app in one environment after a verb: its partial app file, and every rendered file that follows from it.

    None marks a file that is removed: a rendered file without a manifest, and an empty partial app file.
    """

    env: str
    app: str
    before: Spec
    after: Spec
    file: str
    text: bytes | None
    rendered: Mapping[str, bytes | None]
    problems: tuple[Problem, ...]
    made: tuple[Rendered, ...] = ()
    driven: Mapping[str, Driven] = field(default_factory=dict)  # by environment, before the verb
    live: Spec | None = None  # before an edit that the verb makes a release of; None: as `before`


def edit_app(
    opened: Opened,
    environment: Environment,
    app: str,
    act: Act,
    known: tuple[dict[str, bytes], list[Problem]] | None = None,
) -> Edited | Refusal:
    """One app's spec edited, and what is rendered from it in this environment and in those that extend it.

    `known` are the app's files and the problems of reading them; the edit changes the files too.
    """
    texts, found = known or opened.texts(app)
    problems = [*found]
    before = None if errors(problems) else evaluated_app(opened, environment, app, texts, problems)
    if before is None:
        return Edited(environment.name, app, {}, {}, "", b"", {}, tuple(problems))
    wanted = act(before.app.spec)
    if isinstance(wanted, Refusal):
        return wanted
    file = opened.layout.partial(environment.name, app)
    try:
        text = _edited(texts.get(file), environment, before, file, wanted)
    except EditError as error:
        raise Failure(f"{file}: {error}", 1) from error
    affected = [
        each for each in opened.setup.environments.values() if environment.name in each.names and is_in(each, app)
    ]
    driven = _driven(opened, affected, before, texts)
    texts.pop(file, None)
    texts |= {file: text} if text is not None else {}
    after, made = _rendered(opened, app, affected, before.documents[0], texts)
    problems = [problem for each in made for problem in each.problems]
    spec = before.app.spec if errors(problems) else after[environment.name]
    return Edited(
        environment.name,
        app,
        before.app.spec,
        spec,
        file,
        text,
        _outputs(opened, app, made),
        tuple(problems),
        made,
        driven,
        act.live if isinstance(act, KnownAct) else None,
    )


def _driven(
    opened: Opened, affected: Sequence[Environment], before: Evaluated, texts: Mapping[str, bytes]
) -> dict[str, Driven]:
    """What controllers write into the app's objects, by environment, if Argo CD's objects are ours."""
    if not opened.setup.project.argocd:
        return {}
    found = {}
    for each in affected:
        is_known = each.name == before.app.env
        evaluated = before if is_known else evaluate(before.documents[0], each, texts, opened.setup)[0]
        found[each.name] = driven_of(evaluated.app) if evaluated else NOT_DRIVEN
    return found


def _rendered(
    opened: Opened, app: str, affected: Sequence[Environment], document: Document, texts: Mapping[str, bytes]
) -> tuple[dict[str, Spec], tuple[Rendered, ...]]:
    """The effective specs after the edit, by environment, and what is rendered from them."""
    specs: dict[str, Spec] = {}
    made = []
    for each in affected:
        evaluation = evaluate(document, each, texts, opened.setup)
        specs |= {each.name: evaluation[0].app.spec} if evaluation[0] else {}
        made.append(build_evaluated(app, evaluation, each, texts, opened.setup))
    return specs, tuple(made)


def _edited(old: bytes | None, environment: Environment, before: Evaluated, file: str, wanted: Wanted) -> bytes | None:
    """The partial app with the fewest edits that lead to the wanted fields; None if nothing is left of it.

    One in the layout of `fmt` stays in it.
    """
    app, *partials = before.documents
    own = next((each.spec for each in partials if each.file == file), {})
    others = [each for each in partials if each.file != file]
    base = effective(environment, app, others, before.app.level).data["spec"]
    empty = new_document(app_document(before.app.name, {}))
    text = empty if old is None else old.decode()
    edited = _in_layout(text, edit(text, _operations(own, changes(base, own, wanted))))
    return None if edited == empty else edited.encode()


def _in_layout(text: str, edited: str) -> str:
    """The edited text, in the layout of `fmt` if the text was in it; most edits leave it."""
    order = field_order("App")
    try:
        result = formatted(edited, order)
    except EditError:
        return edited  # it cannot be laid out
    return result if result == edited or formatted(text, order) == text else edited


def _operations(spec: Spec, edits: Sequence[SpecEdit]) -> list[Operation]:
    """A block that is removed and added under another name (canary, aborted) keeps its comments: it is renamed."""
    moved = _moved(spec, edits)
    found: list[Operation] = []
    for each in edits:
        if moved and each.path == (moved[1],):
            found.append(Rename(_pointer_of((moved[0],)), moved[1]))
            gone = [key for key in spec[moved[0]] if key not in each.value]
            found += [Remove(_pointer_of((moved[1], key))) for key in gone]
        elif each.value is ABSENT:
            found += [] if moved and each.path == (moved[0],) else [Remove(_pointer_of(each.path))]
        else:
            found.append(Set(_pointer_of(each.path), each.value))
    return found


def _moved(spec: Spec, edits: Sequence[SpecEdit]) -> tuple[str, str] | None:
    """A removed field, and an added one that has a part of its value, in the same order."""
    gone = [each.path[0] for each in edits if each.value is ABSENT and len(each.path) == 1 and each.path[0] in spec]
    come = [(each.path[0], each.value) for each in edits if len(each.path) == 1 and each.path[0] not in spec]
    for old in gone:
        for new, value in come:
            was = spec[old] if isinstance(spec[old], dict) and isinstance(value, dict) else {}
            if was and json.dumps({key: was[key] for key in was if key in value}) == json.dumps(value):
                return old, new
    return None


def _pointer_of(path: Sequence[str]) -> str:
    return pointer_of(("spec", *path))


def _outputs(opened: Opened, app: str, rendered: Sequence[Rendered]) -> dict[str, bytes | None]:
    """The files to write, and None for existing ones that are no longer rendered."""
    found: dict[str, bytes | None] = {}
    for each in rendered:
        if each.env:
            found |= dict.fromkeys(listing(opened.root, opened.layout.manifests(each.env, app)))
            found |= each.files
    return found
