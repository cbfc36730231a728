"""What a verb says by the rendered manifests: whose share a canary gets, and how many pods there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.lazy import regex
from renderer.pipeline import Rendered
from renderer.release.notes import share_notes
from renderer.spec import strategy_of
from renderer.usecases.edited import Edited
from renderer.yamlio.manifests import load_all

_KINDS = ("Service", "DestinationRule")
_REPLICAS = regex(r"(?m)^  replicas: (\d+)$")  # of a workload, in canonical text
_SAYING = (b"sessionAffinity", b"consistentHash", b"clusterIP")  # each note is about one of these fields


def share_lines(edited: Edited) -> list[str]:
    """What the plan says of the share, if the verb starts a canary or changes it; by the rendered manifests."""
    canary = edited.after.get("canary")
    if not canary or canary == edited.before.get("canary") or not _may_say(edited):
        return []
    name = (edited.after.get("service") or {}).get("name") or edited.app
    objects = [*_objects(edited)]
    service = next((each for each in objects if each["kind"] == "Service" and each["metadata"]["name"] == name), {})
    rule = next((each for each in objects if each["kind"] == "DestinationRule"), {})
    is_routed = strategy_of(edited.after.get("strategy", {})).is_routed
    return [*share_notes(rule, service, is_routed=is_routed)]


def with_rendered_pods(edited: Edited) -> Mapping[str, Any]:
    """The spec before the verb, with the number of pods of the rendered workload, which a patch may have changed."""
    texts = [made.files.get(path, b"") for made in edited.made if made.env == edited.env for path in _workloads(made)]
    found = next((count for text in texts if (count := _REPLICAS.search(text.decode()))), None)
    return {**edited.before, "replicas": int(found[1])} if found else edited.before


def _workloads(made: Rendered) -> list[str]:
    return [path for path in made.files if path.endswith(("/rollout.yaml", "/deployment.yaml"))]


def _may_say(edited: Edited) -> bool:
    return any(word in text for made in edited.made for text in made.files.values() for word in _SAYING)


def _objects(edited: Edited) -> Iterator[dict[str, Any]]:
    for made in edited.made:
        for path, text in made.files.items() if made.env == edited.env else ():
            if any(f"\nkind: {kind}\n".encode() in text for kind in _KINDS):
                documents, problems = load_all(text, path)
                yield from (each for each in documents if isinstance(each, dict) and not problems)
