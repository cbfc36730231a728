"""Parameters of Argo CD's config management plugin: which environment and app an Application is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from renderer.failure import Failure
from renderer.problem import printable
from renderer.usecases.job import select
from renderer.usecases.project import Opened
from renderer.usecases.selection import Selection

_ENVIRONMENT, _APP = "PARAM_ENVIRONMENT", "PARAM_APP"  # Argo CD sets PARAM_NAME for a parameter `name`
_GIVEN = "ARGOCD_APP_PARAMETERS"  # all parameters, as a JSON list
_KNOWN = ("environment", "app")


def asked_by_argo_cd(opened: Opened, environment: Mapping[str, str]) -> Selection:
    """The apps of the parameters `environment` and `app`. Without `app` it is all of them.

    Failure for parameters that would be overlooked: the Application would get all apps, and other ones have them too.
    """
    known = list(opened.setup.environments)
    _refuse_overlooked(environment.get(_GIVEN, ""))
    if _APP in environment and not environment[_APP]:
        raise Failure("the plugin's parameter `app` is empty: name an app, or leave it out for all apps", 2)
    env = environment.get(_ENVIRONMENT, "")
    if not env and len(known) > 1:
        raise Failure(f"the plugin's parameter `environment` is missing: give it one of {', '.join(known)}", 2)
    app = environment.get(_APP, "")
    return select(opened, [app] if app else [], [env] if env else known)


def _refuse_overlooked(text: str) -> None:
    """Failure for a parameter that the plugin does not have, and for one that is not a text."""
    try:
        given = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return  # not by Argo CD
    for each in given if isinstance(given, list) else ():
        parameter: dict[str, Any] = each if isinstance(each, dict) else {}
        name = printable(str(parameter.get("name")))
        if name.lower() not in _KNOWN:
            raise Failure(f"the plugin has no parameter `{name}`: it has `environment` and `app`", 2)
        if not isinstance(parameter.get("string"), str):
            raise Failure(f"the plugin's parameter `{name}` is not a text: give it as `string`", 2)
