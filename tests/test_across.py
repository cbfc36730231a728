"""Rules across apps hold when only one app is looked at: by `--app`, and by file names as a hook gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import FIXTURES, lay_out, run


@pytest.mark.parametrize("case", ["two-apps-one-host", "two-objects-one-name"])
@pytest.mark.parametrize("words", [("--app", "web"), ("apps/web.yaml",)], ids=["app", "path"])
def test_a_clash_is_found_from_one_side(case: str, words: tuple[str, ...], tmp_path: Path) -> None:
    source = FIXTURES / "err" / case
    project = lay_out(source, tmp_path / "p", leave=frozenset(("problems.txt",)))
    arguments = words if words[0] == "--app" else tuple(str(project / word) for word in words)
    for command in ("render", "validate"):
        outcome = run(project, command, *arguments)
        assert outcome.code == 1
        expected = (source / "problems.txt").read_text().splitlines()
        assert [line for line in outcome.err.splitlines() if line.startswith("apps/web.yaml:")] == [
            line for line in expected if line.startswith("apps/web.yaml:")
        ]
    assert not (project / "rendered").exists()


_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: public}
spec:
  rules:
  - host: www.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: NAME, port: {number: 80}}}}]}
"""
_FILES = {
    "rollspec.yaml": "apiVersion: rollspec/v1\nkind: Project\nspec: {renderLevel: 2}\n",
    "overlays/production/overlay.yaml": (
        "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\n"
        "spec: {namespace: shop, resources: [public.yaml]}\n"
    ),
    "apps/web.yaml": (
        "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: web}\n"
        "spec: {image: ghcr.io/acme/web, tag: 1.0.0, replicas: 2, ports: [{name: http, port: 80}],"
        " readinessProbe: {httpGet: {path: /, port: http}}}\n"
    ),
}


def test_a_backend_without_a_service_is_told_where_all_apps_are_checked(tmp_path: Path) -> None:
    for name, text in {**_FILES, "overlays/production/public.yaml": _INGRESS.replace("NAME", "wbe")}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    told = (
        "warning: route-backends: there is no Service wbe in this tree: correct the name, or name `Service/wbe` under"
    )
    assert told in run(tmp_path, "validate").err
    done = run(tmp_path, "validate", "--app", "web")
    assert (done.code, "route-backends" in done.err) == (0, False), done.err
    overlay = tmp_path / "overlays/production/overlay.yaml"
    overlay.write_text(overlay.read_text().replace("shop,", "shop, external: [Service/wbe],"))
    done = run(tmp_path, "validate")
    assert (done.code, "route-backends" in done.err) == (0, False), done.err


_ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front}
spec:
  hosts: [www.example.com]
  gateways: [istio-ingress/public]
  http:
  - match: [{uri: {prefix: /api/}}]
    route: [{destination: {host: NAME, port: {number: 80}}}]
  - route: [{destination: {host: front, port: {number: 80}}}]
"""


def test_a_plain_virtual_service_leads_to_the_service_of_another_app(tmp_path: Path) -> None:
    front = _FILES["apps/web.yaml"].replace("name: web}", "name: front}")
    front = front.replace("{image:", "{extraResources: [../routes.yaml], image:")
    none = {"overlays/production/public.yaml": _INGRESS.replace("NAME", "web"), "apps/front.yaml": front}
    for name, text in {**_FILES, **none, "routes.yaml": _ROUTES.replace("NAME", "web")}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = run(tmp_path, "validate")
    assert (done.code, "route-destinations" in done.err) == (0, False), done.err
    (tmp_path / "routes.yaml").write_text(_ROUTES.replace("NAME", "wbe"))
    done = run(tmp_path, "validate")
    assert (done.code, "route-destinations: there is no Service wbe in this tree" in done.err) == (1, True), done.err
    overlay = tmp_path / "overlays/production/overlay.yaml"
    overlay.write_text(overlay.read_text().replace("shop,", "shop, external: [Service/wbe],"))
    assert run(tmp_path, "validate").code == 0


_CANARY = (
    "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: NAME}\n"
    "spec: {image: ghcr.io/acme/web, tag: 1.0.0, ports: [], selector: {app: web}, podMetadata: {labels: {app: web}}}\n"
)


@pytest.mark.parametrize("owner", ["app", "resources"])
def test_the_overlay_allows_selectors_that_find_pods_of_another_app(owner: str, tmp_path: Path) -> None:
    """Two workloads of a cluster that ran like that before: nothing in a spec can change their selectors."""
    allowed = "      overlappingSelectors: [old]\n"
    overlay = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec:\n      namespace: shop\n"
    files = {"rollspec.yaml": _FILES["rollspec.yaml"], "overlays/production/overlay.yaml": overlay}
    files["apps/old.yaml"] = _CANARY.replace("NAME", "old")
    narrow = _CANARY.replace("NAME", "narrow").replace("{app: web}", "{app: web, role: canary}")
    if owner == "resources":
        files["apps/old.yaml"] = narrow.replace("narrow", "old")
        files["overlays/production/overlay.yaml"] += "      resources: [plain.yaml]\n"
        files["overlays/production/plain.yaml"] = (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: plain}\n"
            "spec:\n  selector: {matchLabels: {app: web}}\n"
            "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'web:1'}]}}\n"
        )
    else:
        files["apps/narrow.yaml"] = narrow
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    outcome = run(tmp_path, "validate")
    assert (outcome.code, "`overlappingSelectors`" in outcome.err) == (1, True), outcome.err
    (tmp_path / "overlays/production/overlay.yaml").write_text(files["overlays/production/overlay.yaml"] + allowed)
    for command in ("validate", "render"):
        outcome = run(tmp_path, command)
        assert (outcome.code, "workloads-overlap" in outcome.err) == (0, False), outcome.err
    other = _CANARY.replace("NAME", "other").replace("selector: {app: web}", "selector: {app: web, role: other}")
    (tmp_path / "apps/other.yaml").write_text(other.replace("labels: {app: web}", "labels: {app: web, role: other}"))
    outcome = run(tmp_path, "validate")
    assert ("pods of app other" in outcome.err) == (owner == "resources"), outcome.err
