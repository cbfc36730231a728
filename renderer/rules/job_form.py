"""Rule over the fields of a Job that need others, or exclude them."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.plain import mapping, mappings
from renderer.rules.finding import Finding, Scene

_OF_INDEXES = ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")
_CONDITIONS = ("onExitCodes", "onPodConditions")


def job_form(scene: Scene) -> Iterator[Finding]:
    """A Job or CronJob with a field that needs another one, or that excludes it.

    Why: The API server refuses the Job. It is not applied, and Argo CD's sync fails; a release waits for its hook.
    Fix: `backoffLimitPerIndex`, `maxFailedIndexes` and `successPolicy` need `completionMode: Indexed`, which needs
    `completions`. Each rule of a `podFailurePolicy` has one of `onExitCodes`, whose values rise, and `onPodConditions`,
    and the pods have `restartPolicy: Never`. Leave `selector` out: Kubernetes makes it.
    Source: API server (`requires indexed completion mode`, `specifying one of OnExitCodes and OnPodConditions is
    required`, `selector not auto-generated`).
    """
    for kind in ("Job", "CronJob"):
        for manifest in scene.of(kind):
            spec, pointer = mapping(manifest.data.get("spec")), "/spec"
            if kind == "CronJob":
                spec, pointer = mapping(mapping(spec.get("jobTemplate")).get("spec")), "/spec/jobTemplate/spec"
            for inner, message in _problems(spec, kind):
                yield Finding("job-form", message, f"{pointer}/{inner}", manifest)


def _problems(spec: Object, kind: str) -> Iterator[tuple[str, str]]:
    indexed = spec.get("completionMode") == "Indexed"
    for field in _OF_INDEXES:
        if field in spec and not indexed:
            yield field, f"{field} needs completionMode: Indexed"
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        yield "maxFailedIndexes", "maxFailedIndexes needs backoffLimitPerIndex, too"
    if indexed and "completions" not in spec and (kind == "CronJob" or "parallelism" in spec):
        yield "completionMode", "completionMode Indexed needs completions: how many indexes there are"
    if "selector" in spec and (kind == "CronJob" or spec.get("manualSelector") is not True):
        yield "selector", "Kubernetes gives each Job a selector of its own: remove this one"
    elif kind == "CronJob" and spec.get("manualSelector") is True:
        yield "manualSelector", "the Jobs of a CronJob take no selector by hand: remove manualSelector"
    if "podFailurePolicy" in spec:
        yield from _failures(spec)


def _failures(spec: Object) -> Iterator[tuple[str, str]]:
    pod = mapping(mapping(spec.get("template")).get("spec"))
    if pod.get("restartPolicy") != "Never":
        yield "podFailurePolicy", "podFailurePolicy needs pods with restartPolicy: Never, which Kubernetes counts"
    for number, rule in enumerate(mappings(mapping(spec["podFailurePolicy"]).get("rules"))):
        pointer = f"podFailurePolicy/rules/{number}"
        if sum(bool(rule.get(field)) for field in _CONDITIONS) != 1:
            yield pointer, "a rule needs exactly one of onExitCodes and onPodConditions"
        if rule.get("action") == "FailIndex" and "backoffLimitPerIndex" not in spec:
            yield f"{pointer}/action", "action FailIndex needs backoffLimitPerIndex"
        yield from _exit_codes(f"{pointer}/onExitCodes", mapping(rule.get("onExitCodes")), pod)


def _exit_codes(pointer: str, codes: Object, pod: Object) -> Iterator[tuple[str, str]]:
    values = [each for each in codes.get("values") or () if isinstance(each, int)]
    if values != sorted(set(values)):
        yield f"{pointer}/values", f"write the exit codes in rising order, each once: {sorted(set(values))}"
    if codes.get("operator") == "In" and 0 in values:
        yield f"{pointer}/values", "0 is not the exit code of a failure: remove it"
    name = codes.get("containerName")
    names = [each.get("name") for field in ("containers", "initContainers") for each in mappings(pod.get(field))]
    if name is not None and name not in names:
        yield f"{pointer}/containerName", f"the pod has no container {name} (it has {', '.join(map(str, names))})"
