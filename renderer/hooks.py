"""When Argo CD applies an object: its hook, its wave, and when a hook is deleted; Helm's annotations count too."""

from __future__ import annotations

from functools import lru_cache

from renderer.manifest import Object, sync_options

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
DELETE = "argocd.argoproj.io/hook-delete-policy"
HOOKS = frozenset({"PreSync", "Sync", "Skip", "PostSync", "SyncFail", "PostDelete", "PreDelete"})
SYNCED = frozenset({"PreSync", "Sync", "PostSync"})  # the hooks that run at each sync that succeeds
JOB = "rollspec/job"  # the label of the objects of the spec's `jobs`: the name of the job
_HELM = "helm.sh/hook"
_HELM_WEIGHT = "helm.sh/hook-weight"
_OF_HELM = {
    "crd-install": "PreSync",
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "pre-delete": "PreDelete",
    "post-delete": "PostDelete",
}
_DELETE_OF_HELM = {
    "before-hook-creation": "BeforeHookCreation",
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
}


def hooks_of(data: Object) -> frozenset[str]:
    """The hooks of an object as Argo CD reads them; empty for an object that is not a hook.

    Argo CD reads Helm's annotation where its own is missing (`hook.Types`), and leaves out the hooks that it does not
    support.
    """
    notes = _annotations(data)
    if not notes:
        return frozenset()
    own = _words(notes[HOOK]) if HOOK in notes else []
    if own:
        return frozenset(word for word in own if word in HOOKS)
    if _HELM not in notes:
        return frozenset()
    return frozenset(_OF_HELM[word] for word in _words(notes.get(_HELM)) if word in _OF_HELM)


def one_hook(data: Object) -> str | None:
    """The hook of an object that runs at one time of each sync that succeeds; None for others."""
    hooks = [*hooks_of(data)]
    return hooks[0] if len(hooks) == 1 and hooks[0] in SYNCED else None


def is_only_of_helm(data: Object) -> bool:
    """Whether it is a hook that Helm runs and Argo CD does not, such as a test."""
    notes = _annotations(data)
    return _HELM in notes and not notes.get(HOOK) and not hooks_of(data)


def is_made_again(data: Object) -> bool:
    """Whether Argo CD deletes a hook before it makes the next one, so that nothing of it is immutable.

    That is so without a policy, and with BeforeHookCreation (`hook.DeletePolicies`); and with HookSucceeded, which
    deletes it when the sync has succeeded.
    """
    if not hooks_of(data) - {"Skip"}:
        return False
    policies = delete_policies(data)
    return not policies or not {"BeforeHookCreation", "HookSucceeded"}.isdisjoint(policies)


def is_forced_job(data: Object) -> bool:
    """Whether it is a Job that Argo CD deletes and makes again where it cannot change it (`Force=true`)."""
    return data.get("kind") == "Job" and "Force=true" in sync_options(data)


def is_skipped(data: Object) -> bool:
    """Whether Argo CD never applies the object."""
    return hooks_of(data) == {"Skip"}


def delete_policies(data: Object) -> list[str]:
    """When Argo CD deletes a hook, in its own words; empty where the object does not say."""
    notes = _annotations(data)
    helm = [_DELETE_OF_HELM[word] for word in _words(notes.get(f"{_HELM}-delete-policy")) if word in _DELETE_OF_HELM]
    return _words(notes.get(DELETE)) or helm


def job_of_spec(data: Object) -> str | None:
    """The name of the job in the spec that an object was made from; None for one that was written by hand."""
    found = ((data.get("metadata") or {}).get("labels") or {}).get(JOB)
    return None if found is None else str(found)


def wave_of(data: Object) -> int:
    """The sync wave; of a hook of Helm its weight. 0 where none is given, or it is not a whole number."""
    notes = _annotations(data)
    given = notes.get(WAVE) or notes.get(_HELM_WEIGHT)
    return _number(str(given)) if given else 0


@lru_cache(maxsize=256)
def _number(text: str) -> int:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 10 else 0


def _annotations(data: Object) -> dict[str, str]:
    return (data.get("metadata") or {}).get("annotations") or {}


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()] if text else []
