"""Rules over what patches and templates did to the rendered manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from renderer.manifest import SYNC_OPTIONS, Manifest, Object, sync_options
from renderer.plain import equal, escape, unescape, written
from renderer.rules.finding import Finding
from renderer.rules.index import index
from renderer.rules.rollouts import ISTIO
from renderer.rules.services import VERSION_LABELS


class Fact(NamedTuple):
    """A value that the release state decides: where it is in the manifest, and the field or command that decides it."""

    pointer: str
    value: Any
    decider: str


Change = tuple[Manifest, Manifest]  # a manifest before and after patches and templates
Facts = dict[str, Fact]  # by what they are about, which keeps its name when a patch moves it in a list

_VERSION = "`version` next to the tag"
_STEPS = "the release state (`canary`, `previous`); a ladder of your own is `strategy.steps`"
_PAUSED = "`rollspec pause` and `rollspec resume`"
_RESTART = "`rollspec restart`"
_ROUTES = "the Rollout, which writes them into the cluster"
_SELECTOR = "`selector`"
_SERVICE = "the controller: it moves the traffic between the versions"
_STRATEGY = "`strategy.type`"
_PREVIEW = "`preview`: the controller promotes when it is gone"
_PROMOTE = "`rollspec promote`; with it the controller promotes a preview by itself"
_ACTIVE_SERVICE = "`service.name`"
_PREVIEW_SERVICE = "`strategy.previewService`"
_IMAGE = "`tag`"
_SYNC = "how a switch, a release and an autoscaler work under Argo CD: keep ours, and add yours behind a comma"
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def release_contradicted(changes: Iterable[Change]) -> Iterator[Finding]:
    """A patch or a template changes what the release state decides.

    That is the steps, `paused`, the tag of an image, the label `version`, the selector, the weights and subsets of
    routes, the Services of a preview and its promotion, or one of our sync options. The registry of an image and
    anything that a patch only adds are not reported. It is a note after an abort, an undo, a lower weight or a pause:
    nothing may stop those.

    Why: Verbs, plan and rules read the release state, and the controllers read the manifests. Where the two disagree,
    Git says 20 % and the cluster serves 100 %.
    Fix: Remove that part of the patch, and set the field or use the command that the message names.
    Source: Argo Rollouts (it takes the steps as they are), Argo CD (sync options of an object).
    """
    for was, manifest in changes:
        yield from _compared(was, manifest)


def changed(rendered: Iterable[Manifest], final: Iterable[Manifest]) -> list[Change]:
    """Each manifest that a patch or template changed, before and after; one that none touched has the same data.

    A manifest that a patch has renamed is still in its file.
    """
    left = {id(manifest.data): manifest for manifest in rendered}
    others = [manifest for manifest in final if left.pop(id(manifest.data), None) is None]
    before = {manifest.identity: manifest for manifest in left.values()} if others else {}
    files = {(manifest.file, manifest.kind): manifest for manifest in left.values()} if others else {}
    pairs = ((before.get(each.identity) or files.get((each.file, each.kind)), each) for each in others)
    return [(was, manifest) for was, manifest in pairs if was is not None]


def service_removed(
    rendered: Iterable[Manifest], final: Iterable[Manifest], others: Iterable[Manifest] = ()
) -> Iterator[Finding]:
    """A patch removes the Service of an app, and no other Service sends requests to its pods.

    A Service of another name counts, also one from the `resources` of the overlay.

    Why: Nobody can reach the app any more, and a rolling update or a canary by replicas says nothing of it.
    Fix: remove the patch. An app that serves nothing has `ports: []`; ports that only people use can be listed in
    `containerPorts`.
    Source: a rule of rollspec.
    """
    final, others = tuple(final), tuple(others)
    kept = {id(manifest.data) for manifest in final}
    moved = [each for each in rendered if id(each.data) not in kept and each.kind == "Service"]
    left = {manifest.identity for manifest in final} if moved else ()
    gone = [each for each in moved if each.identity not in left]
    if not gone:
        return
    services = [each.data.get("spec") or {} for each in (*final, *others) if each.kind == "Service"]
    for pod in index(final).workloads:
        selects_it = any(
            (spec.get("selector") or {}) and spec["selector"].items() <= pod.labels.items() for spec in services
        )
        lost = next((each for each in gone if (each.data["spec"]["selector"]).items() <= pod.labels.items()), None)
        if lost is not None and not selects_it:
            message = (
                f"a patch removes the Service {lost.name}, and no other Service sends requests to these pods: "
                "remove the patch"
            )
            yield Finding("service-removed", message, f"{pod.pointer}/metadata/labels", pod.manifest)


def _compared(was: Manifest, manifest: Manifest) -> Iterator[Finding]:
    if was.data.get("spec") is not manifest.data.get("spec"):  # most patches add metadata alone
        yield from _changed_facts(was, manifest)
    lost = sync_options(was.data) - sync_options(manifest.data) - {""}
    if lost:
        message = f"this removes the sync option {', '.join(sorted(lost))}, which decides {_SYNC}"
        pointer = f"/metadata/annotations/{escape(SYNC_OPTIONS)}"
        yield Finding("release-contradicted", message, pointer, manifest)


def _changed_facts(was: Manifest, manifest: Manifest) -> Iterator[Finding]:
    now = _facts(manifest)
    for key, own in _facts(was).items():
        here = now.get(key)
        value = here.value if here else None
        if not equal(value, own.value):
            yield _finding(manifest, here.pointer if here else own.pointer, own, value)


def _finding(manifest: Manifest, pointer: str, own: Fact, now: Any) -> Finding:
    said = f"the spec gives {_shown(own.value)}" if own.value is not None else "the spec does not set it"
    here = f"is {_shown(now)} here" if now is not None else "is missing here"
    name = unescape(pointer.rpartition("/")[2])
    message = f"{name} {here}, and {said}. Remove it here: it is decided by {own.decider}"
    return Finding("release-contradicted", message, pointer, manifest)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_shown(inner)}' for key, inner in value.items())}}}"
    return written(value)


def _facts(manifest: Manifest) -> Facts:
    """What the release state decides in a manifest."""
    spec = manifest.data.get("spec") or {}
    match manifest.kind:
        case "Deployment":
            type_ = (spec.get("strategy") or {}).get("type")
            return {**_of_workload(spec), "type": Fact("/spec/strategy/type", type_, _STRATEGY)}
        case "Rollout":
            return {**_of_workload(spec), **_of_rollout(spec)}
        case "VirtualService":
            return _of_routes(spec)
        case "DestinationRule":
            return {
                f"subset {subset.get('name')}": Fact(f"/spec/subsets/{number}/labels", subset.get("labels"), _SELECTOR)
                for number, subset in enumerate(spec.get("subsets") or ())
                if isinstance(subset, dict)
            }
        case "Service":
            selector = spec.get("selector") or {}
            return {key: Fact(f"/spec/selector/{escape(key)}", selector.get(key), _SERVICE) for key in VERSION_LABELS}
        case _:
            return {}


def _of_workload(spec: Object) -> Facts:
    template = spec.get("template") or {}
    metadata = template.get("metadata") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    pod = "/spec/template/metadata"
    found = {
        "paused": Fact("/spec/paused", bool(spec.get("paused")) or None, _PAUSED),
        "selector": Fact("/spec/selector", spec.get("selector"), _SELECTOR),
        "version": Fact(f"{pod}/labels/version", labels.get("version"), _VERSION),
        "restart": Fact(f"{pod}/annotations/{escape(_RESTARTED_AT)}", annotations.get(_RESTARTED_AT), _RESTART),
    }
    for number, container in enumerate((template.get("spec") or {}).get("containers") or ()):
        image = f"/spec/template/spec/containers/{number}/image"
        found[f"image of {container.get('name')}"] = Fact(image, tag_of(str(container.get("image", ""))), _IMAGE)
    return found


def _of_rollout(spec: Object) -> Facts:
    strategy = spec.get("strategy") or {}
    canary, blue_green = strategy.get("canary"), strategy.get("blueGreen")
    kinds = [key for key in ("canary", "blueGreen") if strategy.get(key) is not None]
    found = {
        "restartAt": Fact("/spec/restartAt", spec.get("restartAt"), _RESTART),
        "strategy": Fact("/spec/strategy", kinds, _STRATEGY),
    }
    if canary is not None:
        found["steps"] = Fact("/spec/strategy/canary/steps", canary.get("steps"), _STEPS)
        istio = (canary.get("trafficRouting") or {}).get("istio") or {}
        pointer = f"{ISTIO}/destinationRule"
        found["subsets"] = Fact(pointer, istio.get("destinationRule"), "`strategy.router`")
    if blue_green is not None:
        pointer = "/spec/strategy/blueGreen/autoPromotionEnabled"
        found["promotion"] = Fact(pointer, blue_green.get("autoPromotionEnabled", True), _PREVIEW)
        for field, decider in (
            ("autoPromotionSeconds", _PROMOTE),
            ("activeService", _ACTIVE_SERVICE),
            ("previewService", _PREVIEW_SERVICE),
        ):
            found[field] = Fact(f"/spec/strategy/blueGreen/{field}", blue_green.get(field) or None, decider)
    return found


def _of_routes(spec: Object) -> Facts:
    """Weights by subset of the routes that split: HTTP routes by name, others by number."""
    found: Facts = {}
    for protocol in ("http", "tls", "tcp"):
        for number, route in enumerate(spec.get(protocol) or ()):
            shares = {
                str((part.get("destination") or {}).get("subset", "")): part.get("weight", 0)
                for part in route.get("route") or ()
            }
            if len(shares) > 1:
                key = f"{protocol} {route.get('name', number)}"
                found[key] = Fact(f"/spec/{protocol}/{number}/route", shares, _ROUTES)
    return found


def tag_of(image: str) -> str:
    """Tag and digest of an image, which another registry of the same images keeps."""
    name, sign, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return f"{tag if colon else ''}{sign}{digest}"
