"""The rule over what runs the app's image for a moment: hooks of Argo CD, and the Jobs of analyses."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.checks import is_of_checks
from renderer.hooks import SYNCED, hooks_of, job_of_spec
from renderer.manifest import Manifest
from renderer.plain import lookup
from renderer.rules.analysis import run_templates, uses_of
from renderer.rules.finding import Finding, Scene
from renderer.rules.images import repository_of
from renderer.rules.index import Located, Pod
from renderer.rules.workflows import WORKFLOW, is_workflow, workflow_pods

_HOOK = (
    "the hook runs {image}, and the released version is {wanted}: give it the new tag in the same commit; a job of the "
    "spec (`jobs`) would follow it"
)
_METRIC = (
    "the analysis runs {image}, and the released version is {wanted}: give it the new tag in the same commit; a "
    "template of the project, or for BlueGreen the built-in check `job`, would follow it"
)
_WORKFLOW = (
    "the hook runs {image}, and the released version is {wanted}: give it the new tag in the same commit; a template "
    "of the project, or a job of the spec, would follow it"
)


def hook_image(scene: Scene) -> Iterator[Finding]:
    """A hook, or a Job of an analysis, that runs the app's image with another tag than the version that is released.

    Hooks are Jobs, Pods and Workflows of Argo. The hooks of the spec's `jobs` are not checked: `follows` says whose
    version they run. An AnalysisTemplate is checked where a Rollout uses it. An image with a placeholder is not
    reported, nor one whose tag has something after the version and a `-` (`1.4.2-migrations`).

    Why: A release does not change that image. A hook (a migration, say) runs at every sync, and the migrations of the
    new version never run. An analysis tests the new version with what came with an old one.
    Fix: write the hook as a job of the spec (`jobs`), and the analysis of a BlueGreen as its built-in check `job`: both
    follow the app's tag. A template of the project can write the tag, too. Or give the new tag in the same commit.
    Source: a rule of rollspec.
    """
    found = [*_hooks(scene), *_metrics(scene), *_workflows(scene)]
    images: dict[str, str] = {}
    for pod in scene.index.workloads if found else ():
        for _, container in pod.containers:
            images[repository_of(container.get("image", ""))] = container.get("image", "")
    for manifest, (pointer, container), text in found:
        image = container.get("image", "")
        wanted = images.get(repository_of(image), image) if isinstance(image, str) and "{{" not in image else image
        if image != wanted and not image.startswith(f"{wanted}-"):  # `web:1.4.2-migrations` is of the version 1.4.2
            message = text.format(image=image, wanted=wanted)
            yield Finding("hook-image", message, pointer + "/image", manifest, "warning")


_Run = tuple[Manifest, Located, str]  # a container that runs for a moment, and the message about it


def _hooks(scene: Scene) -> Iterator[_Run]:
    for pod in scene.index.pods:
        data = pod.manifest.data
        if data.get("kind") in ("Job", "Pod") and hooks_of(data) & SYNCED and job_of_spec(data) is None:
            yield from _containers(pod, _HOOK)


def _metrics(scene: Scene) -> Iterator[_Run]:
    """The containers of the Jobs of the analyses that Rollouts use.

    Their images are as written: the pods in the index have words in place of placeholders.
    """
    templates = {
        id(template)
        for rollout in scene.of("Rollout")
        for use in uses_of(rollout)
        for template in run_templates(scene, use.refs, rollout.namespace)
        if not is_of_checks(template)
    }
    for pod in scene.index.pods if templates else ():
        if id(pod.manifest) in templates:
            for manifest, (pointer, container), text in _containers(pod, _METRIC):
                yield manifest, (pointer, {**container, "image": lookup(manifest.data, f"{pointer}/image")}), text


def _workflows(scene: Scene) -> Iterator[_Run]:
    for manifest in scene.of(WORKFLOW):
        if is_workflow(manifest) and hooks_of(manifest.data) & SYNCED:
            for pod in workflow_pods(manifest):
                yield from _containers(pod, _WORKFLOW)


def _containers(pod: Pod, text: str) -> Iterator[_Run]:
    for located in pod.every:
        yield pod.manifest, located, text
