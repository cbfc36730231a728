"""Applies patches to manifests in order, each to the result of the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from renderer.manifest import Manifest, Object
from renderer.patch.json6902 import apply_operations
from renderer.patch.keyed import Note
from renderer.patch.merge import Standing, strategic_merge
from renderer.patch.target import Id, Matcher, id_of, matcher, names
from renderer.patch.values import Data, Patch, PatchFault, PatchRefused, text
from renderer.plain import below, equal, mapping, pointer_of

WITHOUT_EFFECT = "this patch changes nothing: is a field misspelt, or the value already set? Fix or remove the patch"
_POD_SPECS = (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))


class _Subject:
    """A manifest between patches: its id, and its id before all patches, by which later patches still find it."""

    def __init__(self, manifest: Manifest, old: Id | None = None) -> None:
        self.manifest = manifest
        self._old = old

    @cached_property
    def id(self) -> Id:
        """Worked out for the few manifests that a patch may be for."""
        return id_of(self.manifest.data)

    @property
    def old(self) -> Id:
        """That of the manifest before all patches."""
        return self._old or self.id


def apply(manifests: Sequence[Manifest], patches: Sequence[Patch]) -> tuple[list[Manifest], list[PatchFault]]:
    """The manifests after all patches, without those that a patch deletes, and the faults by patch.

    A patch that fails leaves the manifest unchanged. A manifest that no patch changes is returned as the same object.
    A fault's `index` counts the given patches.
    """
    subjects = [*map(_Subject, manifests)]
    faults: list[PatchFault] = []
    standing: Standing = {}
    for index, patch in enumerate(patches):
        subjects = _after(subjects, patch, index, faults, standing)
    return [subject.manifest for subject in subjects], faults


def last_changes(manifests: Sequence[Manifest], patches: Sequence[Patch]) -> dict[str, int]:
    """The index of the last patch that changed each manifest, by file; unchanged manifests are left out."""
    subjects = [*map(_Subject, manifests)]
    found: dict[str, int] = {}
    standing: Standing = {}
    for index, patch in enumerate(patches):
        before = {subject.manifest.file: subject.manifest for subject in subjects}
        subjects = _after(subjects, patch, index, [], standing)
        now = [subject.manifest for subject in subjects]
        found |= {each.file: index for each in now if each is not before[each.file] and each != before[each.file]}
    return found


def _after(
    subjects: Sequence[_Subject], patch: Patch, index: int, faults: list[PatchFault], standing: Standing
) -> list[_Subject]:
    """The subjects after one patch, without those that it deletes."""
    chosen = _chosen(subjects, patch, index, faults)
    after, known = list(subjects), len(faults)
    for number in chosen:
        after[number] = _patched(subjects[number], patch, index, faults, standing)
    if chosen and len(faults) == known and not _only_tests(patch) and all(map(_unchanged, subjects, after)):
        faults.append(PatchFault(index, "", WITHOUT_EFFECT, "patch-without-effect", "warning"))
    return [subject for subject in after if subject.manifest.data] if chosen else after


def _only_tests(patch: Patch) -> bool:
    """Whether the patch is not meant to change anything: it only tests values."""
    operations = patch.operations or ()
    return bool(operations) and all(operation.get("op") == "test" for operation in operations)


def _unchanged(before: _Subject, after: _Subject) -> bool:
    one, other = before.manifest.data, after.manifest.data
    return one is other or (one == other and equal(one, other))


def _chosen(subjects: Sequence[_Subject], patch: Patch, index: int, faults: list[PatchFault]) -> list[int]:
    """The indexes of the manifests that the patch is for; none, and a fault, if that is not clear."""
    if patch.target is None:
        return _named(subjects, patch.merge or {}, index, faults)
    target = matcher(patch.target)
    if not isinstance(target, Matcher):
        faults += [PatchFault(index, f"/target/{field}", message, "patch-target") for field, message in target]
        return []
    found = [
        i
        for i, subject in enumerate(subjects)
        if target.may_take(subject.manifest.data) and target.takes(subject.old, subject.id, subject.manifest.data)
    ]
    if not found:
        faults.append(PatchFault(index, "/target", "the patch matches no manifest", "patch-unmatched"))
    return found


def _named(subjects: Sequence[_Subject], patch: Object, index: int, faults: list[PatchFault]) -> list[int]:
    """The one manifest that a patch without a target names."""
    for any_namespace in (False, True):
        found = [
            i
            for i, subject in enumerate(subjects)
            if any(names(patch, known, any_namespace=any_namespace) for known in (subject.id, subject.old))
        ]
        if len(found) == 1:
            return found
        if found:
            message = "the patch names more than one manifest: give it a namespace or a target"
            faults.append(PatchFault(index, "/patch/metadata", message, "patch-target"))
            return []
    words = [text(word) for word in (patch.get("apiVersion"), patch["kind"], patch["metadata"]["name"]) if word]
    message = f"there is no {' '.join(words)} to patch"
    faults.append(PatchFault(index, "/patch/metadata/name", message, "patch-unmatched"))
    return []


def _patched(subject: _Subject, patch: Patch, index: int, faults: list[PatchFault], standing: Standing) -> _Subject:
    """The manifest with the patch applied; with empty data if the patch deletes it."""
    notes: list[Note] = []
    data = subject.manifest.data
    try:
        if patch.operations is not None:
            new: Object | None = _still_an_object(_finished(apply_operations(data, patch.operations)))
            notes += _renamed(data, new or {})
        else:
            new = _merged(data, patch, notes, standing)
            notes += _reordered(data, new or {}) if "spec" in (patch.merge or {}) else []
    except PatchRefused as refused:
        message = f"{subject.manifest.kind} {subject.manifest.name}: {refused.message}"
        faults.append(PatchFault(index, f"/patch{refused.pointer}", message, "patch-failed"))
        return subject
    faults += [PatchFault(index, f"/patch{n.pointer}", n.message, "patch-surprise", "warning") for n in notes]
    return _Subject(Manifest(subject.manifest.file, new or {}), subject.old)


def _reordered(old: Object, new: Object) -> list[Note]:
    """A note about containers that a strategic merge reorders: the items of the patch come first."""
    found = []
    for path in _POD_SPECS:
        was, pod = _within(old, path), _within(new, path)
        for key in ("initContainers", "containers"):
            if was.get(key) is pod.get(key):  # as after most patches
                continue
            before, after = _names(was.get(key)), _names(pod.get(key))
            kept = [name for name in before if name in after]
            now = [name for name in after if name in before]
            if kept != now:
                order = f"{', '.join(kept)} are now in the order {', '.join(now)}"
                message = f"the {key} {order}: kustomize puts the items of a patch first, so list all of them in order"
                found.append(Note(pointer_of((*path, key)), message))
    return found


def _within(data: Data, path: Sequence[str]) -> Object:
    """The mapping at a path; an empty one where there is none."""
    for key in path:
        data = mapping(data).get(key)
    return mapping(data)


def _names(containers: Data) -> list[str]:
    items = containers if isinstance(containers, list) else []
    return [str(item.get("name")) for item in items if isinstance(item, dict)]


def _still_an_object(data: Object) -> Object:
    """The object, if it still has apiVersion, kind and name; else PatchRefused: only `$patch: delete` may delete it.

    Kustomize accepts an object without apiVersion, and numbers in place of texts; no API server does.
    """
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    said = {"apiVersion": data.get("apiVersion"), "kind": data.get("kind"), "metadata.name": name}
    missing = [field for field, value in said.items() if not (isinstance(value, str) and value)]
    if missing:
        raise PatchRefused("", f"the operations do not leave a Kubernetes object: it has no {', no '.join(missing)}")
    return data


def _renamed(old: Object, new: Object) -> list[Note]:
    """Only operations can rename an object; a strategic merge keeps its name."""
    before, after = id_of(old).name, id_of(new).name
    message = (
        f"the name changes from {before} to {after}: kustomize also changes it in other objects, rollspec does not"
    )
    return [] if before == after else [Note("", message)]


def _merged(data: Object, patch: Patch, notes: list[Note], standing: Standing) -> Object | None:
    """A strategic merge never changes the identity of an object."""
    change = dict(patch.merge or {})
    if patch.target is not None:
        change = _with_text_metadata(change, notes)
    change |= {key: data[key] for key in ("apiVersion", "kind") if key in data}
    new = strategic_merge(data, change, notes, standing)
    if new is None:
        return None
    old = data.get("metadata") or {}
    metadata = {key: value for key, value in (new.get("metadata") or {}).items() if key not in ("name", "namespace")}
    metadata = {**{key: old[key] for key in ("name", "namespace") if old.get(key)}, **metadata}
    return _finished({**new, "metadata": metadata})


def _with_text_metadata(patch: Object, notes: list[Note]) -> Object:
    """For a patch with a target, kustomize copies labels and annotations as texts: null becomes "null"."""
    metadata = patch.get("metadata")
    if not isinstance(metadata, dict):
        return {key: value for key, value in patch.items() if key != "metadata" or value is not None}
    result = dict(metadata)
    for field in ("labels", "annotations"):
        if field not in metadata:
            continue
        values = metadata[field]
        if not isinstance(values, dict):
            notes.append(Note(f"/metadata/{field}", "kustomize ignores this in a patch with a target; use JSON 6902"))
            values = {}
        notes += [
            Note(
                below(f"/metadata/{field}", key), 'kustomize writes the text "null" here; JSON 6902 `remove` removes it'
            )
            for key, value in values.items()
            if value is None
        ]
        result[field] = {key: text(value) for key, value in values.items()}
        if not values:
            del result[field]
    return {**patch, "metadata": result}


def _finished(data: Object) -> Object:
    """The annotations as texts, left out if empty, as kustomize writes them at the end."""
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or "annotations" not in metadata:
        return data
    annotations: Data = metadata["annotations"]
    if not isinstance(annotations, dict) or not annotations:
        return {**data, "metadata": {key: value for key, value in metadata.items() if key != "annotations"}}
    if all(isinstance(value, str) for value in annotations.values()):
        return data
    return {**data, "metadata": {**metadata, "annotations": {key: text(value) for key, value in annotations.items()}}}
