"""Who must look at a change: the owners of changed specs and apps, and `policy.approvals` of its environments."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence
from functools import cache

from renderer.git import changed, read_many, top_folder
from renderer.owners import LONGEST, PATHS, owners_of, parse_owners
from renderer.plan import AppPlan, Looks
from renderer.usecases.revision import View


def who_looks(
    root: str, base: str, head: str | None, views: Sequence[View], plans: Sequence[AppPlan]
) -> tuple[Looks, ...]:
    """Each owner with the changed specs that are theirs, and with the environments that ask for them.

    `views` are the head's and, where there is one, the base's. CODEOWNERS is that of the base, and approvals are those
    of both: a change does not choose who looks at it. Raises GitError.
    """
    found: dict[str, list[str]] = {}
    for path, owners in _owned(root, base, head, views, plans):
        for owner in owners:
            found.setdefault(owner, []).append(path)
    for env in sorted({plan.env for plan in plans if plan.effects}):
        environments = [view.setup.environments[env] for view in views if env in view.setup.environments]
        policies = [environment.spec.get("policy") or {} for environment in environments]
        for owner in dict.fromkeys(owner for policy in policies for owner in policy.get("approvals", ())):
            found.setdefault(owner, []).append(env)
    return tuple(Looks(owner, tuple(about)) for owner, about in sorted(found.items()))


def _owned(
    root: str, base: str, head: str | None, views: Sequence[View], plans: Sequence[AppPlan]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Changed specs, and apps that change in an environment although their own spec did not, with their owners."""
    top = top_folder(root)
    texts = read_many(top, base, PATHS)
    text = next((text for path in PATHS if (text := texts[path]) is not None), b"")
    if not 0 < len(text) <= LONGEST:
        return
    rules = parse_owners(text.decode("utf-8", "replace"))
    inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top)).replace(os.sep, "/")
    before = "" if inside == os.curdir else f"{inside}/"
    layout = views[0].layout
    paths = [path for _, path in changed(root, base, head)]
    specs = dict.fromkeys(path for path in paths if not path.startswith(f"{layout.output}/"))
    yield from ((path, owners_of(rules, before + path)) for path in specs)
    apps = frozenset[str]().union(*(view.apps for view in views))
    own = cache(lambda app: owners_of(rules, before + layout.app(app)))
    for plan in plans:
        if plan.effects and plan.app in apps and layout.app(plan.app) not in specs:
            yield f"{plan.app} in {plan.env}", own(plan.app)
