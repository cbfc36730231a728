"""`release --adopt`: the new version of an imported app gets what rollspec adds to pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def adoption(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that take back what keeps rollspec's own labels and wait before a stop off the pods."""
    found: dict[str, Any] = {}
    if "standardLabels" in spec.get("podMetadata", {}):
        found["podMetadata"] = {"standardLabels": None}
    if spec.get("lifecycle") == {}:
        found["lifecycle"] = None
    return found


def with_adoption(spec: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides of a release with those of an adoption; what is asked for on the command line wins."""
    found = adoption(spec)
    for key, value in overrides.items():
        has_both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = {**found[key], **value} if has_both else value
    return found
