"""Parameters of Argo CD's config management plugin: which environment and app an Application is about."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.failure import Failure
from renderer.usecases.job import select
from renderer.usecases.project import Opened
from renderer.usecases.selection import Selection

_ENVIRONMENT, _APP = "PARAM_ENVIRONMENT", "PARAM_APP"  # Argo CD sets PARAM_NAME for a parameter `name`


def asked_by_argo_cd(opened: Opened, environment: Mapping[str, str]) -> Selection:
    """The apps of the parameters `environment` and `app`. Without `app` it is all of them."""
    known = list(opened.setup.environments)
    env = environment.get(_ENVIRONMENT, "")
    if not env and len(known) > 1:
        raise Failure(f"the plugin's parameter `environment` is missing: give it one of {', '.join(known)}", 2)
    app = environment.get(_APP, "")
    return select(opened, [app] if app else [], [env] if env else known)
