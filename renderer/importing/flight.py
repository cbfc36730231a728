"""A Rollout with a release in flight: its stable version as the app's fields, and the new one as release state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from renderer.facts import version_fields
from renderer.importing.lifted import Lifted
from renderer.importing.rollout import NotLifted
from renderer.release.fold import overrides_between
from renderer.spec import fields_of, version_label


def of_two_versions(stable: Lifted, new: Lifted) -> Lifted:
    """The app of two versions, each lifted as if it were the only one. Raises NotLifted."""
    version = version_fields() | {"tag", "version"}
    for key in {**stable.spec, **new.spec}.keys() - version:
        if stable.spec.get(key) != new.spec.get(key):
            raise NotLifted(f"a release of it is in flight, and its two versions differ in `{key}`: import it later")
    state = {key: new.spec[key] for key in ("tag", "version") if key in new.spec}
    labels = [str(each.get("version") or version_label(each["tag"])) for each in (stable.spec, state)]
    if labels[0] == labels[1]:
        raise NotLifted(f"a release of it is in flight, and both of its versions are `{labels[0]}`: import it later")
    overrides = overrides_between(fields_of(stable.spec, None), fields_of(new.spec, None))
    overrides.pop("omitTag", None)  # it changes no image with a tag
    state |= {"overrides": overrides} if overrides else {}
    spec = {key: value for key, value in new.spec.items() if key not in version}
    spec = {**{key: value for key, value in stable.spec.items() if key in version}, **spec}
    if "omitTag" in new.spec:
        spec["omitTag"] = True
    strategy = dict(spec["strategy"])
    if strategy["type"] == "BlueGreen":
        return replace(new, spec={**spec, "preview": state})
    weights = _weights(strategy.get("steps", ()))
    if weights:
        del strategy["steps"]
        state = {"tag": state.pop("tag"), **weights, **state}
    return replace(new, spec={**spec, "strategy": strategy, "canary": state})


def _weights(steps: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """`weight` and `from` of a canary that waits at a weight; empty for a ladder."""
    weights = [step["setWeight"] for step in steps if step.keys() == {"setWeight"}]
    if not steps or steps[-1] != {"pause": {}} or len(weights) != len(steps) - 1 or not 1 <= len(weights) <= 2:
        return {}
    return {"weight": weights[-1], **({"from": weights[0]} if len(weights) == 2 else {})}
