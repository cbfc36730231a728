"""Proof that a core definition may stand for what a CRD embeds: both must have the same fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.make.values import Schema


def differences(
    embedded: Schema, core: Schema, known: Mapping[str, Schema], path: tuple[str, ...] = ()
) -> Iterator[str]:
    """Paths of fields that only the CRD or only the core definition has; an open node of the CRD has none.

    Metadata is not compared: both CRDs and we narrow it to labels and annotations.
    """
    core = _resolved(core, known)
    ours, theirs = core.get("properties", {}), embedded.get("properties", {})
    if (path and path[-1] == "metadata") or not theirs:
        ours, theirs = {}, {}
    yield from ("/".join((*path, name)) for name in sorted(ours.keys() ^ theirs.keys()))
    for name in sorted(ours.keys() & theirs.keys()):
        yield from differences(theirs[name], ours[name], known, (*path, name))
    for key in ("items", "additionalProperties"):
        if isinstance(embedded.get(key), dict) and isinstance(core.get(key), dict):
            yield from differences(embedded[key], core[key], known, (*path, "[]"))


def _resolved(schema: Schema, known: Mapping[str, Schema]) -> Schema:
    while "$ref" in schema:
        schema = known[schema["$ref"].rsplit("/", 1)[1]]
    return schema
