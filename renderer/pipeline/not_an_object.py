"""Why a document among the plain manifests cannot be applied as an object, and what to do instead; pure."""

from __future__ import annotations

from typing import Any

from renderer.hooks import HOOK

LONGEST_NAME = 253  # of an object, for the API server
_KUSTOMIZE = "kustomize.config.k8s.io/"


def not_an_object(path: str, data: Any) -> str | None:
    """The message for a document of the file `path` that is not one Kubernetes object; None for one that is."""
    if not isinstance(data, dict):
        return "a Kubernetes object is expected: a mapping with apiVersion, kind and metadata.name"
    return _of_another_tool(path, data) or _head(data) or _name(data["metadata"])


def generate_name(metadata: Any) -> str:
    """The `generateName` of an object without a name; empty otherwise."""
    return "" if metadata.get("name") else str(metadata.get("generateName") or "")


def _of_another_tool(path: str, data: dict[str, Any]) -> str | None:
    """Files that look like manifests, and are the input of a tool that Argo CD does not run here."""
    api_version, kind = str(data.get("apiVersion", "")), str(data.get("kind", ""))
    if isinstance(data.get("sops"), dict):
        return (
            "this file is encrypted with SOPS, and Argo CD would apply the encrypted text: name a SealedSecret or an "
            "ExternalSecret here, or create the Secret in the cluster by other means"
        )
    if api_version.startswith(_KUSTOMIZE) or path.rpartition("/")[2].partition(".")[0] == "kustomization":
        return (
            "a kustomization is not an object, and kustomize does not run here: name the files that it lists, or save "
            "the output of `kubectl kustomize` as a file and name that"
        )
    if kind.endswith("List") and isinstance(data.get("items"), list):
        return f"a {kind} is not an object: write each of its items as a document of its own, separated by `---`"
    if "kind" not in data and ("apiVersion" not in data or "metadata" not in data):
        return (
            "this is not a Kubernetes object: it has no apiVersion, kind and metadata. If it belongs to a Helm chart, "
            "save the output of `helm template` as a file and name that"
        )
    return None


def _head(data: dict[str, Any]) -> str | None:
    for field in ("apiVersion", "kind"):
        value = data.get(field)
        if not isinstance(value, str) or not value or not value.isprintable():
            return f"a Kubernetes object needs apiVersion, kind and metadata.name: `{field}` must be a text"
    if not isinstance(data.get("metadata"), dict):
        return "a Kubernetes object needs apiVersion, kind and metadata.name: `metadata` must be a mapping"
    return None


def _name(metadata: dict[str, Any]) -> str | None:
    """Checks the name: it is part of a path in the API server and of a file name here."""
    field = "generateName" if metadata.get("generateName") and not metadata.get("name") else "name"
    name = metadata.get(field)
    if not isinstance(name, str) or not name:
        return f"a Kubernetes object needs a name: `metadata.{field}` must be a text"
    if field == "generateName" and HOOK not in _annotations(metadata):
        return (
            "with `generateName`, each sync would create one more object: give it a `name`, or make it a hook of Argo "
            f"CD with the annotation `{HOOK}`"
        )
    if name in (".", "..") or len(name) > LONGEST_NAME or not name.isprintable() or set(name) & set("/%"):
        return f"`metadata.{field}` cannot be the name of an object: at most {LONGEST_NAME} characters, without / and %"
    return None


def _annotations(metadata: dict[str, Any]) -> dict[str, Any]:
    annotations = metadata.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
