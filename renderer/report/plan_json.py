"""A plan as JSON: the one place that knows the keys of its format."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from renderer.plan import AppPlan, ChangedPath, Plan
from renderer.report.as_json import as_json
from renderer.report.plan_groups import shown

_JSON_FORMAT = 1


def plan_json(plan: Plan) -> str:
    """The plan as JSON, in a form that `format` numbers."""
    apps = [_app_data(app) for app in shown(plan)]
    data = {
        "format": _JSON_FORMAT,
        "base": plan.base,
        "head": plan.head,
        "class": plan.class_,
        "renderLevel": dict(zip(("before", "after"), plan.levels, strict=True)) if plan.levels else None,
        "remarks": list(plan.remarks),
        "rules": [change._asdict() for change in plan.rules],
        "files": [file._asdict() for file in plan.files],
        "breakGlass": list(plan.break_glass),
        "owners": [each._asdict() for each in plan.looks],
        "apps": apps,
        "unchanged": len(plan.apps) - len(apps),
    }
    return as_json(data)


def _app_data(app: AppPlan) -> dict[str, Any]:
    return {
        "env": app.env,
        "app": app.app,
        "class": app.class_,
        "reason": app.reason,
        "paths": [_path_data(path) for path in app.paths],
        "effects": [
            {"class": effect.class_, "reason": effect.reason, "paths": [_path_data(path) for path in effect.paths]}
            for effect in app.effects
        ],
        "ladder": list(app.ladder),
        "timeline": asdict(app.summary) if app.summary else None,
        "notSimulated": app.not_simulated or None,
        "remarks": list(app.remarks),
        "watch": list(app.watch),
        "problems": [asdict(problem) for problem in app.problems],
    }


def _path_data(path: ChangedPath) -> dict[str, Any]:
    """The keys of format 1: `kind` is the field's class."""
    return {
        "where": path.document,
        "pointer": path.pointer,
        "kind": path.field_class,
        "before": path.before,
        "after": path.after,
    }
