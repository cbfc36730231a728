"""Digests of what a source held, as a tree: the next import says by them which objects have changed since.

The values of secrets are masked first: the digest of a short one would betray it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from renderer.importing.proof import Compared
from renderer.masking import masked

Tree = dict[str, Any]  # the `digest` of all environments, and `envs`, each with a `digest` and its `objects`


def tree(compared: Iterable[Compared]) -> Tree:
    """The digests of the objects of each environment, and of each environment, and of all of them."""
    objects: dict[str, dict[str, str]] = {}
    for each in compared:
        objects.setdefault(each.env, {})[_name(each)] = _digest(masked(each.source.data))
    envs = {env: {"digest": _digest(found), "objects": found} for env, found in objects.items()}
    return {"digest": _digest({env: each["digest"] for env, each in envs.items()}), "envs": envs}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two trees: `production: Deployment shop/web changed`."""
    if old.get("digest") == new["digest"]:
        return
    before, after = (_objects(each) for each in (old, new))
    for env, name in [*after, *(key for key in before if key not in after)]:
        one, other = before.get((env, name)), after.get((env, name))
        if one != other:
            yield f"{env}: {name} {'is new' if one is None else 'is gone' if other is None else 'changed'}"


def _objects(found: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {(env, name): digest for env, each in found["envs"].items() for name, digest in each["objects"].items()}


def _name(each: Compared) -> str:
    identity = each.source.identity
    group = f".{identity.group}" if identity.group else ""
    return f"{identity.kind}{group} {identity.namespace}/{identity.name}"


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()
