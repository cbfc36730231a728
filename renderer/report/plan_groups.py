"""The apps of a plan that are shown, together where the same happens to many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

from renderer.plan import CLASSES, AppPlan, Plan
from renderer.problem import some_of
from renderer.report.plan_details import detail_lines

NAMED = 3  # apps of a group that its title names
_WIDE = 100  # columns of a list of names


def shown(plan: Plan) -> list[AppPlan]:
    """The apps in which something happens or is wrong, the harshest class first."""
    order = list(CLASSES)
    some = [app for app in plan.apps if app.effects or app.problems]
    return sorted(some, key=lambda app: (-order.index(app.class_), app.env, app.app))


def groups_of(apps: Sequence[AppPlan]) -> list[list[AppPlan]]:
    """Apps of one environment to which the same happens, in order: one label of an overlay can change thousands."""
    found: dict[tuple[str, ...], list[AppPlan]] = {}
    lines = {(app.env, app.app): (app.env, app.class_, app.reason, *detail_lines(app)) for app in apps}
    nameless = {key: (*some[:2], *(line.replace(key[1], "\0") for line in some[2:])) for key, some in lines.items()}
    times = Counter(nameless.values())
    for app in apps:
        key = app.env, app.app
        many = times[nameless[key]] > NAMED  # then the lines of the first app stand for all, whatever its name
        found.setdefault(nameless[key] if many else lines[key], []).append(app)
    return list(found.values())


def names_of(group: Sequence[AppPlan]) -> str:
    """The names of a group's apps, of many only some."""
    return some_of([app.app for app in group], NAMED)


def every_name(group: Sequence[AppPlan]) -> list[str]:
    """All apps of a group whose title names only some of them."""
    if len(group) <= NAMED:
        return []
    return [f"apps     {line}" for line in wrap(", ".join(app.app for app in group), _WIDE, break_on_hyphens=False)]
