"""Argo CD's own functions on what rollspec writes: the commits of `publish`, and the paths of an Application."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.lock import engines
from tests.support.cases import run
from tests.support.repository import environment, git, init, save
from tests.test_publish import NOTES, bump, project, published
from tests.tools import go

MODULE = engines()["argocd"].module
VERSION = engines()["argocd"].version
GO = (1, 27, 0)
BRANCH = "environments/dev"
TRAILERS = {
    "sha": "abc1234def",
    "repourl": "https://git.example.com/web",
    "author": "A Developer <dev@example.com>",
    "date": "2026-11-02T10:00:00+01:00",
    "subject": "Count in cents",
}
MESSAGES = {
    "a subject": "Start the shop",
    "a body": "Start the shop\n\nIt sells things.\n\nAnd more.",
    "a subject of two lines": "Start\nthe shop\n\nIt sells things.",
    "trailers": "Bump\n\nWhy: it is faster.\n\n"
    + "".join(f"Argocd-reference-commit-{key}: {value}\n" for key, value in TRAILERS.items()),
    "a trailer that is not valid": "Bump\n\nArgocd-reference-commit-sha: none\nSigned-off-by: A <a@example.com>",
    "a date that is not valid": "Bump\n\nArgocd-reference-commit-sha: abc1234\nArgocd-reference-commit-date: today",
    "a body in a trailer": 'Bump\n\nArgocd-reference-commit-body: "a\\nb"\nArgocd-reference-commit-date: 2026-01-01',
    "addresses without a name": "Bump\n\nArgocd-reference-commit-author: <dev@example.com>\n"
    "Argocd-reference-commit-repourl: git@git.example.com:web.git",
    "an author without an address": "Bump\n\nArgocd-reference-commit-author: Somebody",
    "an address that is not one": "Bump\n\nArgocd-reference-commit-repourl: ://\nArgocd-reference-commit-sha: abc1234",
}


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of `argocd/main.go`, built with the versions that Argo CD itself is built with."""
    folder = tmp_path_factory.mktemp("argocd")
    env = go.environment(GOFLAGS="-mod=mod")
    command = [str(go.go(GO)), "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    asked = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    source = Path(json.loads(asked.stdout)["Dir"])
    text = (
        (source / "go.mod").read_text().replace(f"module {MODULE}", f"module argocd\n\nrequire {MODULE} {VERSION}", 1)
    )
    (folder / "go.mod").write_text(re.sub(r"^replace \S+ => \./.*$", "", text, flags=re.MULTILINE))
    (folder / "go.sum").write_text((source / "go.sum").read_text())
    shutil.copy(Path(__file__).with_name("argocd") / "main.go", folder)
    subprocess.run([str(go.go(GO)), "build", "-o", "argocd", "."], cwd=folder, env=env, check=True, capture_output=True)
    return folder / "argocd"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a remote."""
    root = project(init(tmp_path / "shop"))
    save(root, "Start the shop")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(root, "push", "--quiet", "origin", "main")
    return root


def ask(program: Path, *arguments: object) -> Any:
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata with its date as an instant (the hydrator writes it in the zone of its own machine), its subject as
    `git show --format=%s` has it, and without the address of an author whom no trailer names.
    """
    references = [
        {key: value for key, value in each["commit"].items() if value != "<@>"}
        for each in metadata.get("references", ())
    ]
    subject = " ".join(metadata["subject"].split("\n"))
    return {
        **metadata,
        "date": datetime.fromisoformat(metadata["date"]),
        "subject": subject,
        "references": [each for each in references if each],
    }


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_the_metadata_is_what_the_hydrator_would_write(program: Path, shop: Path, message: str) -> None:
    bump(shop, "1.5.0")
    save(shop, message)
    git(shop, "push", "--quiet", "origin", "main")
    published(shop, "--push")
    url, sha = git(shop, "remote", "get-url", "origin").strip(), git(shop, "rev-parse", "HEAD").strip()
    written = json.loads(git(Path(url), "show", f"{BRANCH}:hydrator.metadata"))
    assert said(written) == said(ask(program, "metadata", url, sha))


def test_the_commit_server_takes_our_commit_for_its_own_and_goes_on_from_it(program: Path, shop: Path) -> None:
    published(shop, "--push")
    url = git(shop, "remote", "get-url", "origin").strip()
    origin = Path(url)
    sha, ours = git(shop, "rev-parse", "HEAD").strip(), git(origin, "rev-parse", BRANCH).strip()
    manifest = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    found = ask(program, "hydrate", url, BRANCH, sha, "hydrated", manifest)
    assert (found["hydratedSha"], git(origin, "rev-parse", BRANCH).strip()) == (ours, ours)
    bump(shop, "1.5.0")
    git(shop, "push", "--quiet", "origin", "main")
    sha = git(shop, "rev-parse", "HEAD").strip()
    theirs = ask(program, "hydrate", url, BRANCH, sha, "hydrated", manifest)["hydratedSha"]
    assert git(origin, "rev-parse", f"{theirs}^", BRANCH).split() == [ours, theirs]
    assert json.loads(git(origin, "notes", f"--ref={NOTES}", "show", theirs)) == {"drySha": sha}
    published(shop, "--push")
    assert git(origin, "rev-parse", f"{BRANCH}^").strip() == theirs
    assert "hydrated/manifest.yaml" in git(origin, "ls-tree", "-r", "--name-only", BRANCH).split()


KINDS = {
    "Application": "  argocd: {kind: Application}\n",
    "ApplicationSet": "  argocd: {kind: ApplicationSet}\n",
    "plugin": "  argocd: {kind: Application, plugin: rollspec}\n",
}
# Whether a push of these files reloads the Application of production: of rendered files, and of the plugin.
CHANGES = {
    "rendered/production/web/deployment.yaml": (True, True),
    "rendered/dev/web/deployment.yaml": (False, True),
    "rendered/_argocd/production.yaml": (False, True),
    "apps/web.yaml": (False, True),
    "overlays/production/overlay.yaml": (False, True),
    "docs/README.md": (False, True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_webhook_reloads_only_what_the_push_touches(program: Path, tmp_path: Path, kind: str) -> None:
    root = project(tmp_path / "shop", "  repository: {url: https://git.example.com/shop.git}\n" + KINDS[kind])
    text = (root / "rollspec.yaml").read_text()
    (root / "rollspec.yaml").write_text(text.replace("renderLevel: 1", "renderLevel: 2"))
    for env in ("dev", "production"):
        overlay = root / f"overlays/{env}/overlay.yaml"
        overlay.write_text(f"{overlay.read_text()}  cluster: {{server: https://{env}.example.com}}\n")
    done = run(root, "render")
    assert done.code == 0, done.err
    made = yaml.safe_load((root / "rendered/_argocd/production.yaml").read_text())
    for folder, app in _applications(made):
        file = tmp_path / "application.yaml"
        file.write_text(yaml.safe_dump(app))
        changes = {name.replace("production/web", folder) if folder else name: each for name, each in CHANGES.items()}
        found = ask(program, "affected", file, *(json.dumps([name]) for name in changes))
        assert found == [each[kind == "plugin"] for each in changes.values()], app["spec"]["source"]


def _applications(made: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The Applications of the object, each with the folder of its app if it has only one."""
    if made["kind"] == "Application":
        return [("", made)]
    found = []
    for element in made["spec"]["generators"][0]["list"]["elements"]:
        text = json.dumps(made["spec"]["template"])
        for name, value in element.items():
            text = text.replace("{{." + name + "}}", value)
        app = {"apiVersion": made["apiVersion"], "kind": "Application", **json.loads(text)}
        found.append((f"production/{element['folder']}", app))
    return found
