"""Rules over who may do what: roles and their bindings."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.manifest import Object
from renderer.rules.finding import Finding, Scene

_GROUP = "rbac.authorization.k8s.io"
_BINDINGS = {"RoleBinding": ("Role", "ClusterRole"), "ClusterRoleBinding": ("ClusterRole",)}
_GROUP_OF = {"ServiceAccount": "", "User": _GROUP, "Group": _GROUP}


def role_bindings(scene: Scene) -> Iterator[Finding]:
    """A binding whose subject or role the API server refuses.

    Why: The API server refuses the whole object, and Argo CD's sync fails.
    Fix: give each ServiceAccount among the subjects of a ClusterRoleBinding its `namespace`; in a RoleBinding, it is
    the binding's by default. A subject is a ServiceAccount, a User or a Group. A RoleBinding names a Role or a
    ClusterRole, a ClusterRoleBinding a ClusterRole.
    Source: API server (`subjects[0].namespace: Required value`, `roleRef.kind: Unsupported value`).
    """
    for kind, roles in _BINDINGS.items():
        for manifest in scene.of(kind):
            role = (manifest.data.get("roleRef") or {}).get("kind", "")
            if role not in roles:
                message = f"a {kind} names a {' or '.join(roles)}, not a {role or 'role without a kind'}"
                yield Finding("role-bindings", message, "/roleRef/kind", manifest)
            for number, subject in enumerate(manifest.data.get("subjects") or ()):
                for field, message in _of_subject(subject, namespaced=kind == "RoleBinding"):
                    yield Finding("role-bindings", message, f"/subjects/{number}{field}", manifest)


def _of_subject(subject: Object, *, namespaced: bool) -> Iterator[tuple[str, str]]:
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind not in _GROUP_OF:
        yield "/kind", f"a subject is a ServiceAccount, a User or a Group, not {kind or 'without a kind'}"
        return
    if not name:
        yield "", f"the {kind} has no name"
    if kind == "ServiceAccount" and not subject.get("namespace") and not namespaced:
        why = "has no namespace, and a ClusterRoleBinding has none that it could be in: add its namespace"
        yield "", f"ServiceAccount {name} {why}"
    if (subject.get("apiGroup") or _GROUP_OF[kind]) != _GROUP_OF[kind]:
        yield "/apiGroup", f"the apiGroup of a {kind} is {_GROUP_OF[kind] or 'empty'}, not {subject['apiGroup']}"


def role_rules(scene: Scene) -> Iterator[Finding]:
    """A rule of a Role or ClusterRole that the API server refuses.

    Why: The API server refuses the whole object, and Argo CD's sync fails.
    Fix: give each rule `verbs`, and either `apiGroups` and `resources` or, in a ClusterRole, `nonResourceURLs`. The
    core group is an empty text: `apiGroups: [""]`.
    Source: API server (`ValidatePolicyRule`: `resource rules must supply at least one api group`).
    """
    for kind in ("Role", "ClusterRole"):
        for manifest in scene.of(kind):
            for number, rule in enumerate(manifest.data.get("rules") or ()):
                for message in _of_rule(rule, kind):
                    yield Finding("role-rules", message, f"/rules/{number}", manifest)


def _of_rule(rule: Object, kind: str) -> Iterator[str]:
    if not rule.get("verbs"):
        yield "the rule has no verbs"
    if rule.get("nonResourceURLs"):
        if kind == "Role":
            yield "nonResourceURLs belong to no namespace: only a ClusterRole may have them"
        if any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            yield "a rule has either nonResourceURLs or resources"
        return
    if not rule.get("apiGroups"):
        yield 'the rule has no apiGroups: the core group is apiGroups: [""]'
    if not rule.get("resources"):
        yield "the rule has no resources"
