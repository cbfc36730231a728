"""The rule over patterns by which an analysis names metrics: those of a dry run, and those whose measurements stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from renderer.lazy import regex
from renderer.manifest import Manifest, Object
from renderer.plain import lookup
from renderer.rules.analysis import Use, run_templates, uses_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.mesh import spec_of

_FIELDS = ("dryRun", "measurementRetention")
_PLAIN = regex(r"\^?(?:[\w-]|\.\*?)*\$?")  # other patterns are not judged: no engine here reads them as Go does


def analysis_metric_names(scene: Scene) -> Iterator[Finding]:
    """A `dryRun` or `measurementRetention` of an analysis whose pattern matches none of its metrics.

    The rule looks only where all templates of the analysis are in the render, and at patterns of letters, digits, `-`,
    `_`, `.` and `.*`.

    Why: The AnalysisRun ends in an error before its first measurement, and an error aborts the release.
    Fix: correct the name. The built-in checks have two metrics each: `success-rate` matches both `success-rate` and
    `success-rate-data`.
    Source: Argo Rollouts (`Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)`).
    """
    for rollout in scene.of("Rollout"):
        for use in uses_of(rollout):
            analysis = lookup(rollout.data, use.pointer) or {}
            templates = run_templates(scene, use.refs, rollout.namespace)
            if templates and "/experiment/" not in use.pointer:
                yield from _of_run(use, rollout, analysis, templates)


def _of_run(use: Use, rollout: Manifest, analysis: Object, templates: Sequence[Manifest]) -> Iterator[Finding]:
    names = [str(metric.get("name")) for template in templates for metric in spec_of(template).get("metrics") or ()]
    places = [(use.pointer, rollout, analysis), *(("/spec", template, spec_of(template)) for template in templates)]
    for base, manifest, holder in places:
        for field in _FIELDS:
            for number, entry in enumerate(holder.get(field) or ()):
                pattern = entry.get("metricName") or ""
                if _PLAIN.fullmatch(pattern) and not any(_finds(pattern, name) for name in names):
                    message = (
                        f"{pattern} matches no metric of the analysis (it has {', '.join(names) or 'none'}): the "
                        "AnalysisRun ends in an error, which aborts the release; correct the name"
                    )
                    pointer = f"{base}/{field}/{number}/metricName"
                    yield Finding("analysis-metric-names", message, pointer, manifest)


def _finds(pattern: str, name: str) -> bool:
    """Whether a plain pattern finds something in the name, as Go's `regexp.MatchString` does; never in square time."""
    begins, ends = pattern.startswith("^"), pattern.endswith("$")
    *parts, last = pattern.removeprefix("^").removesuffix("$").split(".*")
    position = 0
    for number, part in enumerate(parts):
        starts = range(position, position + 1 if begins and number == 0 else len(name) + 1)
        found = next((start for start in starts if _is_like(part, name, start)), None)
        if found is None:
            return False
        position = found + len(part)
    starts = range(position, position + 1 if begins and not parts else len(name) + 1)
    return any(_is_like(last, name, start) and (not ends or start + len(last) == len(name)) for start in starts)


def _is_like(part: str, name: str, start: int) -> bool:
    """Whether the name has the part at a position; `.` stands for any character."""
    there = name[start : start + len(part)]
    return len(there) == len(part) and all(one in (".", other) for one, other in zip(part, there, strict=True))
