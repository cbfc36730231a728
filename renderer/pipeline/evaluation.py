"""Evaluate: the files of one app become its effective spec, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from renderer.checks import with_settings
from renderer.overlay import Document, Effective, Environment, effective, inherited
from renderer.pipeline.in_step import Stepwise, alone
from renderer.pipeline.policy_line import with_policy_line
from renderer.pipeline.positions import Locator, of_document, of_effective, of_findings
from renderer.pipeline.setup import Setup, idle, read_document
from renderer.plain import escape
from renderer.problem import Problem, errors
from renderer.rules.spec_table import check_spec
from renderer.rules.specs import SpecScene
from renderer.schema import Schemas
from renderer.schema.words import listed
from renderer.spec import API_VERSION, NAME, OBJECT_LABELS, VERSION_STATES, App, Around, app_of, merge

_HEAD = {"apiVersion": API_VERSION, "kind": "App"}
_BELONGS = "keep a plain manifest outside this folder, and name it under an app's `extraResources`"


class Evaluated(NamedTuple):
    """An app's effective spec as a value, and its layers."""

    app: App
    effective: Effective
    documents: tuple[Document, ...]  # the app spec, then the partial apps, nearest first


Evaluation = tuple[Evaluated | None, list[Problem]]  # None: the problems have an error


def read_app(name: str, texts: Mapping[str, bytes], setup: Setup) -> tuple[Document | None, list[Problem]]:
    """An app spec alone, before anything is merged with it: a mapping with the app's name and a spec."""
    file = setup.layout.app(name)
    document, problems = read_document(file, texts[file], "App", setup.schemas)
    if document is not None:
        problems = _check_name(document, name)
    return (None, [*Locator(texts).locate(problems)]) if problems else (document, [])


def evaluate(document: Document, environment: Environment, texts: Mapping[str, bytes], setup: Setup) -> Evaluation:
    """Merge, check against the schema, check the fields against each other."""
    return alone(evaluating(document, environment, texts, setup))


def evaluating(
    document: Document, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> Stepwise[Evaluation]:
    """`evaluate` as a generator that stops between its steps."""
    name = str(document.data["metadata"]["name"])
    partials, problems = _partials(name, environment, texts, setup)
    is_whole = not problems
    problems += _idle(document, environment, partials)
    yield
    merged = effective(environment, document, partials, setup.project.level)
    yield
    found = _check_schema(merged, setup.schemas)
    # A partial app with problems is left out, and may have what is missing.
    problems += found if is_whole else [each for each in found if each.rule != "missing-field"]
    if errors(problems):
        return None, problems
    yield
    app = _app(name, merged, environment, setup)
    if not app.namespace:
        message = f"no namespace: set `spec.namespace` in {environment.chain[0].file}, or in the app"
        return None, [Problem(environment.chain[0].file, 1, 1, "namespace", message, "/spec")]
    policy = environment.spec.get("policy") or {}
    pins_tag = "tags" not in policy or merged.locate("/spec/tag")[0] == setup.layout.partial(environment.name, name)
    yield
    findings = check_spec(SpecScene(app, policy, pins_tag))
    problems += of_findings(merged, with_policy_line(findings, environment, setup.texts))
    if errors(problems):
        return None, problems
    problems += _without_application(app, merged, setup)
    return Evaluated(app, merged, (document, *partials)), problems


def _without_application(app: App, merged: Effective, setup: Setup) -> Iterator[Problem]:
    """Labels and annotations for an Application that the app does not have."""
    argocd = setup.project.argocd
    if argocd and argocd.kind == "Application" and app.spec.get("argocd"):
        message = (
            "`argocd` is about the app's own Application, and with `argocd.kind: Application` there is one Application "
            "for the whole environment: give the overlay's `argocd` these labels and annotations"
        )
        file, pointer = merged.locate("/spec/argocd")
        yield Problem(file, 0, 0, "application-metadata", message, pointer, "warning")


def _check_name(document: Document, name: str) -> list[Problem]:
    metadata = document.data.get("metadata")
    given = metadata.get("name") if isinstance(metadata, dict) else None
    kind = document.data.get("kind")
    is_ours = str(document.data.get("apiVersion", "")).startswith("rollspec/")
    if kind not in (None, "App") and (given != name or not is_ours):
        message = f"an app spec must be of kind `App`, not `{kind}`: {_BELONGS}"
        return [Problem(document.file, 0, 0, "not-allowed-value", message, "/kind")]
    if given != name and not NAME.fullmatch(name):
        is_name = isinstance(given, str) and NAME.fullmatch(given)
        cure = f"rename it to {given}.yaml" if is_name else "use lower-case letters, digits and `-`"
        message = f"the file has the name of its app, and `{name}` is not a valid one: {cure}"
        return [Problem(document.file, 0, 0, "app-name", message)]
    if given != name:
        other = f"write `metadata: {{name: {name}}}`" if given is None else f"not `{given}`"
        message = f"the file is {name}.yaml: the app's name must be `{name}`, {other}"
        return [Problem(document.file, 0, 0, "app-name", message, "/metadata/name")]
    if not isinstance(document.data.get("spec"), dict):
        return [_without_spec(document)]
    return []


def _without_spec(document: Document) -> Problem:
    """An app spec without `spec`: probably its fields were written one level too high."""
    too_high = [field for field in document.data if field not in (*_HEAD, "metadata", "spec")]
    if not too_high:
        missing = document.data.get("spec") is None
        message = "`spec` is missing" if missing else "`spec` must be a mapping"
        return Problem(document.file, 0, 0, "missing-field" if missing else "wrong-type", message, "/spec")
    message = f"`spec` is missing: the fields of an app belong under `spec:`, here {listed(too_high)}"
    return Problem(document.file, 0, 0, "missing-field", message, f"/{escape(too_high[0])}")


def _check_head(document: Document, schemas: Schemas) -> list[Problem]:
    """The header of a partial app; `metadata` and `spec` are merged and checked later."""
    head = {key: value for key, value in document.data.items() if key not in ("metadata", "spec")}
    if head == _HEAD:
        return []
    return of_document(document, schemas.explain("App", head, partial=True))


def _partials(
    name: str, environment: Environment, texts: Mapping[str, bytes], setup: Setup
) -> tuple[list[Document], list[Problem]]:
    """The partial app files of the environment, and those that it inherits by `extends`, nearest first."""
    found, problems = [], []
    for overlay in environment.names:
        file = setup.layout.partial(overlay, name)
        if file not in texts:
            continue
        document, faults = read_document(file, texts[file], "App", setup.schemas)
        if document is not None:
            faults = [*_check_head(document, setup.schemas), *_check_name(document, name)]
            if not faults:
                found.append(document if overlay == environment.name else inherited(document))
        problems += faults
    return (found, problems) if not problems else ([], problems)


def _idle(document: Document, environment: Environment, partials: list[Document]) -> list[Problem]:
    """Problems for nulls that do not remove anything."""
    found: list[Problem] = []
    base: dict[str, Any] = {"spec": environment.spec.get("defaults") or {}}
    layers = (document, *reversed(partials))
    for layer in layers:
        found += idle(layer, base)
        if layer is not layers[-1]:
            base = merge(base, layer.data)
    return found


def _check_schema(merged: Effective, schemas: Schemas) -> list[Problem]:
    """The effective spec, and also with each version's own overrides merged in."""
    if not schemas.valid("App", merged.data):
        return of_effective(merged, schemas.explain("App", merged.data))
    problems = []
    spec = merged.data["spec"]
    for state in VERSION_STATES:
        overrides = spec.get(state, {}).get("overrides")
        if overrides:
            data = {**merged.data, "spec": merge(spec, overrides)}
            if not schemas.valid("App", data):
                problems += of_effective(merged, schemas.explain("App", data), f"/spec/{state}")
    return problems


def _app(name: str, merged: Effective, environment: Environment, setup: Setup) -> App:
    metadata = merged.data["metadata"]
    spec = with_settings(merged.data["spec"], environment.spec.get("analysis"))
    namespace = spec.get("namespace") or environment.spec.get("namespace") or ""
    around = Around(
        labels={**(environment.spec.get("labels") or {}), **metadata.get("labels", {})},
        annotations={**(environment.spec.get("annotations") or {}), **metadata.get("annotations", {})},
        cluster_domain=setup.project.cluster_domain,
        level=setup.project.level,
        waypoint=environment.spec.get("waypoint", ""),
        standard_labels=tuple(metadata.get("standardLabels", OBJECT_LABELS)),
    )
    return app_of(name, environment.name, spec, namespace=namespace, around=around)
