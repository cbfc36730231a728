"""Rules over AnalysisTemplates and the places in a Rollout that use them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from renderer.go_time import nanoseconds
from renderer.manifest import ANALYSIS_TEMPLATES, Manifest, Object
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of
from renderer.rules.rollouts import blue_green_of, canary_of
from renderer.rules.syntax import is_digits


class Use(NamedTuple):
    """One part of a Rollout that runs an analysis; `background` ones may run forever."""

    pointer: str
    refs: list[Object]
    args: list[Object]
    background: bool


def uses_of(rollout: Manifest) -> Iterator[Use]:
    """Every analysis of a Rollout: in the background, in steps, in experiments, before and after a promotion."""
    canary, blue_green = canary_of(rollout) or {}, blue_green_of(rollout) or {}
    base = "/spec/strategy/canary"
    if "analysis" in canary:
        yield _use(base + "/analysis", canary["analysis"] or {}, background=True)
    for number, step in enumerate(canary.get("steps") or ()):
        if "analysis" in step:
            yield _use(f"{base}/steps/{number}/analysis", step["analysis"] or {}, background=False)
        for index, run in enumerate((step.get("experiment") or {}).get("analyses") or ()):
            pointer = f"{base}/steps/{number}/experiment/analyses/{index}"
            yield Use(pointer, [run], run.get("args") or [], background=True)
    for when in ("prePromotionAnalysis", "postPromotionAnalysis"):
        if when in blue_green:
            yield _use(f"/spec/strategy/blueGreen/{when}", blue_green[when] or {}, background=False)


def _use(pointer: str, analysis: Object, *, background: bool) -> Use:
    return Use(pointer, analysis.get("templates") or [], analysis.get("args") or [], background)


def _template(scene: Scene, ref: Object, namespace: str) -> Manifest | None:
    kind = ANALYSIS_TEMPLATES[bool(ref.get("clusterScope"))]
    return scene.find(kind, namespace, ref.get("templateName", ""))


def _templates(scene: Scene, refs: list[Object], namespace: str) -> list[Manifest]:
    """The templates of the references that are in the scene, and those that they name in turn, each once."""
    found: list[Manifest] = []
    waiting = list(refs)
    while waiting:
        template = _template(scene, waiting.pop(0), namespace)
        if template is not None and all(template is not other for other in found):
            found.append(template)
            waiting += spec_of(template).get("templates") or []
    return found


def run_templates(scene: Scene, refs: list[Object], namespace: str) -> list[Manifest]:
    """All templates of an analysis; none where one of them is not in the scene."""
    found = _templates(scene, refs, namespace)
    named = [*refs, *(ref for template in found for ref in spec_of(template).get("templates") or ())]
    return found if all(_template(scene, ref, namespace) for ref in named) else []


def analysis_templates(scene: Scene) -> Iterator[Finding]:
    """A reference to an AnalysisTemplate that does not exist.

    A ClusterAnalysisTemplate that is not rendered here is in the cluster and is not checked.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing.
    Fix: correct the name, add the template under `resources`, or declare it as external (`AnalysisTemplate/name`).
    Source: Argo Rollouts (`AnalysisTemplate 'x' not found`).
    """
    for rollout in scene.of("Rollout"):
        for use in uses_of(rollout):
            for number, ref in enumerate(use.refs):
                pointer = use.pointer if "/experiment/" in use.pointer else f"{use.pointer}/templates/{number}"
                yield from _exists(scene, rollout, pointer, ref)
    for template in scene.of("AnalysisTemplate"):
        for number, ref in enumerate(spec_of(template).get("templates") or ()):
            yield from _exists(scene, template, f"/spec/templates/{number}", ref)


def _exists(scene: Scene, manifest: Manifest, pointer: str, ref: Object) -> Iterator[Finding]:
    name = ref.get("templateName", "")
    if not ref.get("clusterScope") and not scene.known("AnalysisTemplate", manifest.namespace, name):
        yield Finding(
            "analysis-templates",
            f"there is no AnalysisTemplate {name}; correct the name, or add the template",
            pointer + "/templateName",
            manifest,
        )


def analysis_args(scene: Scene) -> Iterator[Finding]:
    """An argument that a template needs and that is not given, or that two templates give different values.

    Why: Argo Rollouts sets the Rollout to InvalidSpec and releases nothing. An argument that no template uses (a
    warning) is ignored; often its name is misspelt.
    Fix: give the argument under `args` of the analysis, or a value in the template. Metrics of templates that run
    together need different names.
    Source: Argo Rollouts (`args.x was not resolved`, `specified multiple times with different values`, `two metrics
    have the same name`).
    """
    for rollout in scene.of("Rollout"):
        namespace = rollout.namespace
        for use in uses_of(rollout):
            templates = _templates(scene, use.refs, namespace)
            given = {arg.get("name") for arg in use.args if "value" in arg or "valueFrom" in arg}
            for message in _arg_errors(templates, given):
                yield Finding("analysis-args", message, use.pointer, rollout)
            if templates and all(_template(scene, ref, namespace) for ref in use.refs):
                taken = {arg.get("name") for template in templates for arg in spec_of(template).get("args") or ()}
                for name in sorted(str(name) for name in given - taken):
                    message = f"no template here takes the argument {name}; remove it, or correct its name"
                    yield Finding("analysis-args", message, use.pointer + "/args", rollout, "warning")


def _arg_errors(templates: list[Manifest], given: set[str | None]) -> Iterator[str]:
    values: dict[str, object] = {}
    metrics: set[str] = set()
    for template in templates:
        spec = spec_of(template)
        for arg in spec.get("args") or ():
            name, value = arg.get("name", ""), arg.get("value") or arg.get("valueFrom")
            before = values.get(name)
            if isinstance(before, str) and isinstance(value, str) and before != value:
                yield f"the argument {name} has the values {before} and {value} in two templates"
            values[name] = before or value
        for metric in spec.get("metrics") or () if len(templates) > 1 else ():
            if metric.get("name") in metrics:
                yield f"two templates have a metric named {metric.get('name')}"
            metrics.add(metric.get("name", ""))
    for name, value in values.items():
        if value is None and name not in given:
            yield f"a template needs the argument {name}, and no value is given"


def analysis_terminates(scene: Scene) -> Iterator[Finding]:
    """A metric that never ends, in an analysis that must end.

    Why: A metric with an `interval` and no `count` runs forever. Argo Rollouts refuses it in a step, and before or
    after a promotion; only the background analysis may run forever.
    Fix: give the metric a `count`, or use the template as the canary's background `analysis`.
    Source: Argo Rollouts (`has metric x which runs indefinitely`).
    """
    for rollout in scene.of("Rollout"):
        for use in uses_of(rollout):
            for template in _templates(scene, use.refs, rollout.namespace) if not use.background else ():
                for metric in spec_of(template).get("metrics") or ():
                    if metric.get("interval") and _number(metric.get("count", 0)) == 0:
                        message = (
                            f"the metric {metric.get('name')} of {template.name} has an interval and no count: "
                            "it never ends; add `count`"
                        )
                        yield Finding("analysis-terminates", message, use.pointer, rollout)


def _number(value: object) -> int | None:
    """An int-or-string of a metric as the controller reads it; None where an argument decides."""
    if isinstance(value, int):
        return value
    text = str(value)
    if "{{" in text:
        return None
    return int(text) if is_digits(text.removeprefix("-")) else 0


def analysis_metrics(scene: Scene) -> Iterator[Finding]:
    """A metric of an AnalysisTemplate that Argo Rollouts refuses.

    Why: Argo Rollouts sets every Rollout that uses the template to InvalidSpec.
    Fix: give at least one metric (or a reference to other templates), names that differ, and exactly one provider for
    each. `count` above 1 needs an `interval`; limits are not negative (`failureLimit: -1` switches it off, but not with
    `consecutiveSuccessLimit: 0`), and `count` is at least their sum; `interval` and `initialDelay` are Go durations.
    Source: Argo Rollouts (`ValidateMetrics`).
    """
    for kind in ANALYSIS_TEMPLATES:
        for template in scene.of(kind):
            spec = spec_of(template)
            metrics = spec.get("metrics") or []
            if not metrics and not spec.get("templates"):
                yield Finding("analysis-metrics", "the template has no metrics: add one", "/spec", template)
            names = [metric.get("name") for metric in metrics]
            for number, metric in enumerate(metrics):
                pointer = f"/spec/metrics/{number}"
                if metric.get("name") in names[:number]:
                    yield Finding(
                        "analysis-metrics", f"two metrics are named {metric.get('name')}: rename one", pointer, template
                    )
                for message in _metric_errors(metric):
                    yield Finding("analysis-metrics", message, pointer, template)


def _metric_errors(metric: Object) -> Iterator[str]:
    provider = metric.get("provider") or {}
    count = len(provider) - 1 + len(provider["plugin"] or ()) if "plugin" in provider else len(provider)
    if count != 1:
        yield f"a metric needs exactly one provider; this one has {' and '.join(sorted(provider)) or 'none'}"
    for field in ("interval", "initialDelay"):
        text = metric.get(field)
        if text and "{{" not in text and nanoseconds(text) is None:
            yield f"{field} {text!r} is not a valid duration: write 30s, 5m"
    yield from _limit_errors(metric)


def _limit_errors(metric: Object) -> Iterator[str]:
    fields = ("count", "failureLimit", "consecutiveSuccessLimit", "inconclusiveLimit", "consecutiveErrorLimit")
    numbers = [_number(metric.get(field, 0)) for field in fields]
    if None in numbers:
        return
    count, failure, success, inconclusive, error = (number or 0 for number in numbers)
    for field, number in zip(fields[2:], (success, inconclusive, error), strict=True):
        if number < 0:
            yield f"{field} must not be negative, it is {number}"
    if failure < -1:
        yield f"failureLimit is at least 0, or -1 to switch it off; it is {failure}"
    if failure == -1 and success == 0:
        yield "failureLimit -1 and consecutiveSuccessLimit 0 switch both off"
    if count > 0 and count < max(failure, 0) + success:
        yield f"count ({count}) must be at least failureLimit + consecutiveSuccessLimit ({max(failure, 0)} + {success})"
    if 0 < count < inconclusive:
        yield f"count ({count}) must be at least inconclusiveLimit ({inconclusive})"
    if count > 1 and not metric.get("interval"):
        yield f"count {count} needs an interval"


def analysis_placeholders(scene: Scene) -> Iterator[Finding]:
    """A placeholder in a metric that is not an argument of its template: `{{args.x}}` without `x` under `args`.

    Why: Argo Rollouts sets every Rollout that uses the template to InvalidSpec.
    Fix: declare the argument, or correct its name. Each argument is listed once, with at most one of `value` and
    `valueFrom`.
    Source: Argo Rollouts (`failed to resolve {{x}}`).
    """
    for kind in ANALYSIS_TEMPLATES:
        for template in scene.of(kind):
            spec = spec_of(template)
            args = spec.get("args") or []
            names = [arg.get("name") for arg in args]
            for number, arg in enumerate(args):
                pointer = f"/spec/args/{number}"
                if arg.get("name") in names[:number]:
                    yield Finding(
                        "analysis-placeholders",
                        f"two arguments are named {arg.get('name')}: rename one",
                        pointer,
                        template,
                    )
                if "value" in arg and "valueFrom" in arg:
                    message = f"the argument {arg.get('name')} has both value and valueFrom: remove one"
                    yield Finding("analysis-placeholders", message, pointer, template)
            known = {f"args.{name}" for name in names}
            for number, metric in enumerate(spec.get("metrics") or ()):
                for tag in sorted({tag.strip() for text in _strings(metric) for tag in _tags(text)} - known):
                    has = ", ".join(map(str, names)) or "none"
                    message = f"{{{{{tag}}}}} is not an argument of this template (it has {has})"
                    yield Finding("analysis-placeholders", message, f"/spec/metrics/{number}", template)


def analysis_secrets(scene: Scene) -> Iterator[Finding]:
    """An argument of an analysis that comes from a key which its Secret does not have.

    Why: The AnalysisRun ends in an error, and an error aborts the release. The rule assumes that a Secret which is not
    rendered here is in the cluster.
    Fix: correct the key.
    Source: Argo Rollouts (`key "x" does not exist in secret`).
    """
    for kind in ANALYSIS_TEMPLATES:
        for template in scene.of(kind):
            for number, arg in enumerate(spec_of(template).get("args") or ()):
                ref = (arg.get("valueFrom") or {}).get("secretKeyRef") or {}
                secret = scene.find("Secret", template.namespace, ref.get("name", "")) if ref else None
                if secret is None:
                    continue
                keys = {**(secret.data.get("data") or {}), **(secret.data.get("stringData") or {})}
                if ref.get("key") not in keys:
                    message = (
                        f"the Secret {secret.name} has no key {ref.get('key')} (it has {', '.join(keys) or 'none'})"
                    )
                    pointer = f"/spec/args/{number}/valueFrom/secretKeyRef/key"
                    yield Finding("analysis-secrets", message, pointer, template)


def _tags(text: str) -> Iterator[str]:
    """The text between each `{{` and the next `}}`; a regular expression takes square time if none closes."""
    start = text.find("{{")
    while start >= 0 and (end := text.find("}}", start + 2)) >= 0:
        yield text[start + 2 : end]
        start = text.find("{{", end + 2)


def _strings(value: object) -> Iterator[str]:
    """Every string in plain data that has a placeholder."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and "{{" in item:
            yield item
