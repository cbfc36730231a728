"""The pods of Argo Workflows, which have no pod template: each template of a workflow makes pods of its own."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Manifest, Object
from renderer.plain import mapping
from renderer.rules.index import Located, Pod

WORKFLOW = "Workflow"
_SPECS = {
    WORKFLOW: "/spec",
    "WorkflowTemplate": "/spec",
    "ClusterWorkflowTemplate": "/spec",
    "CronWorkflow": "/spec/workflowSpec",
}
_SINGLE = ("container", "script")
_LISTS = ("initContainers", "sidecars")
_GROUP = "argoproj.io/"


def is_workflow(manifest: Manifest) -> bool:
    """Whether it is an object of Argo Workflows that makes pods, or that others make pods of."""
    return manifest.data.get("kind") in _SPECS and manifest.api_version.startswith(_GROUP)


def workflow_pods(manifest: Manifest) -> Iterator[Pod]:
    """The pods of a workflow: what all of them share, and then those of each template."""
    root = _SPECS[manifest.kind]
    spec = workflow_spec(manifest)
    about = mapping(spec.get("podMetadata"))
    labels, annotations = mapping(about.get("labels")), mapping(about.get("annotations"))
    namespace = mapping(manifest.data.get("metadata")).get("namespace") or ""
    for pointer, template in ((root, spec), *_templates(spec, root)):
        of_template = mapping(template.get("metadata"))
        context = template.get("securityContext") or spec.get("securityContext") or {}
        containers = [*_containers(template, pointer)]
        yield Pod(
            manifest,
            manifest.kind,
            namespace,
            pointer,
            {**labels, **mapping(of_template.get("labels"))} if template is not spec else labels,
            {**annotations, **mapping(of_template.get("annotations"))} if template is not spec else annotations,
            {**template, "securityContext": mapping(context)},
            containers,
            [],
            containers,
            inside="",
        )


def workflow_spec(manifest: Manifest) -> Object:
    """The part of a workflow that says which pods it makes."""
    spec = mapping(manifest.data.get("spec"))
    return mapping(spec.get("workflowSpec")) if manifest.kind == "CronWorkflow" else spec


def unseen_of_workflow(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Pointers to texts of a workflow that change pods or make other objects, and the names of their fields."""
    spec, root = workflow_spec(manifest), _SPECS[manifest.kind]
    for pointer, template in ((root, spec), *_templates(spec, root)):
        if template.get("podSpecPatch"):
            yield f"{pointer}/podSpecPatch", "podSpecPatch"
        if template is not spec and mapping(template.get("resource")).get("manifest"):
            yield f"{pointer}/resource/manifest", "resource.manifest"


def _templates(spec: Object, pointer: str) -> Iterator[tuple[str, Object]]:
    """Each template with its pointer; `templateDefaults` is one too."""
    templates = spec.get("templates")
    for number, template in enumerate(templates if isinstance(templates, list) else ()):
        if isinstance(template, dict):
            yield f"{pointer}/templates/{number}", template
    if isinstance(spec.get("templateDefaults"), dict):
        yield f"{pointer}/templateDefaults", spec["templateDefaults"]


def _containers(template: Object, pointer: str) -> Iterator[Located]:
    for key in _SINGLE:
        if isinstance(template.get(key), dict):
            yield f"{pointer}/{key}", template[key]
    lists = [(key, template.get(key)) for key in _LISTS]
    lists.append(("containerSet/containers", mapping(template.get("containerSet")).get("containers")))
    for key, items in lists:
        for number, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield f"{pointer}/{key}/{number}", item
