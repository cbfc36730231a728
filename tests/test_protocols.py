"""Every protocol that Istio knows: what is rendered for a port of it passes every rule, and is in its section."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from renderer.protocols import HTTP, KNOWN, TLS, section
from tests.support.cases import run

# What `kube.ConvertProtocol` of Istio makes of an appProtocol with the name of a standard of Kubernetes.
STANDARD = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}
APP_PROTOCOLS = {**{word: word for word in KNOWN - {"udp"}}, **STANDARD, "GRPC": "grpc", "HTTP": "http"}
NAMES = {f"{word}-x": word for word in KNOWN - {"udp", "http_proxy"}}
PROJECT = "apiVersion: rollspec/v1\nkind: Project\nspec: {renderLevel: %d}\n"
OVERLAY = "apiVersion: rollspec/v1\nkind: Overlay\nmetadata: {name: production}\nspec: {namespace: shop}\n"
APP = """\
apiVersion: rollspec/v1
kind: App
metadata: {name: %s}
spec:
  image: ghcr.io/acme/web
  tag: 1.4.2
  replicas: 4
  ports: [%s]
  readinessProbe: {tcpSocket: {port: 8080}}
  strategy: {type: Canary, router: istio}
  canary: {tag: 1.5.0, weight: 20}
"""


def _ports() -> dict[str, tuple[str, str | None]]:
    """By app: the port, and the protocol that Istio takes it for."""
    given: list[tuple[str, str | None]] = [
        (f"name: main, appProtocol: {word}", found) for word, found in APP_PROTOCOLS.items()
    ]
    given += [(f"name: {name}", found) for name, found in NAMES.items()]
    given += [("name: main", None), ("name: smtp-in", None)]
    return {f"app-{number}": port for number, port in enumerate(given)}


@pytest.mark.parametrize("level", [1, 2])
def test_the_routes_of_every_protocol_are_in_its_section_and_pass_the_rules(level: int, tmp_path: Path) -> None:
    (tmp_path / "overlays/production").mkdir(parents=True)
    (tmp_path / "apps").mkdir()
    (tmp_path / "rollspec.yaml").write_text(PROJECT % level)
    (tmp_path / "overlays/production/overlay.yaml").write_text(OVERLAY)
    for app, (port, _) in _ports().items():
        (tmp_path / f"apps/{app}.yaml").write_text(APP % (app, f"{{{port}, port: 8000, targetPort: 8080}}"))
    unknown = sorted(app for app, (_, found) in _ports().items() if found is None)
    problems = run(tmp_path, "validate", "--strict").err.splitlines()[:-1]
    assert sorted(line.partition(":")[0] for line in problems) == [f"apps/{app}.yaml" for app in unknown], problems
    assert all(": port-name-protocol: " in line for line in problems)
    for app in unknown:
        (tmp_path / f"apps/{app}.yaml").unlink()
    assert run(tmp_path, "render").code == 0
    for app, (port, found) in _ports().items():
        if found is None:
            continue
        file = tmp_path / f"rendered/production/{app}/virtual-service.yaml"
        spec = yaml.safe_load(file.read_text())["spec"]
        assert [key for key in ("http", "tls", "tcp") if key in spec] == [section(found)], port


def test_a_section_for_every_protocol() -> None:
    assert {word: section(word) for word in KNOWN} == {
        word: "http" if word in HTTP else "tls" if word in TLS else "tcp" for word in KNOWN
    }
    assert section(None) == "tcp"
