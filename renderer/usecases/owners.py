"""Who must look at a change: by CODEOWNERS of its base, and by `policy.approvals` of its environments."""

from __future__ import annotations

import os.path
from collections.abc import Sequence

from renderer.git import changed, read_many
from renderer.git import root as top_folder
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
    top = top_folder(root)
    texts = read_many(top, base, PATHS)
    text = next((text for path in PATHS if (text := texts[path]) is not None), b"")
    if 0 < len(text) <= LONGEST:
        rules = parse_owners(text.decode("utf-8", "replace"))
        inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top)).replace(os.sep, "/")
        before = "" if inside == os.curdir else f"{inside}/"
        layout = views[0].layout
        for _, path in changed(root, base, head):
            if not path.startswith(f"{layout.output}/"):
                for owner in owners_of(rules, before + path):
                    found.setdefault(owner, []).append(path)
    for env in sorted({plan.env for plan in plans if plan.effects}):
        environments = [view.setup.environments[env] for view in views if env in view.setup.environments]
        policies = [environment.spec.get("policy") or {} for environment in environments]
        for owner in dict.fromkeys(owner for policy in policies for owner in policy.get("approvals", ())):
            found.setdefault(owner, []).append(env)
    return tuple(Looks(owner, tuple(about)) for owner, about in sorted(found.items()))
