"""`rollspec doctor`: each thing that is not set up well is found, and is gone after the command that it names."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.cases import run
from tests.support.repository import environment, git, init, save

GOOD = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop}
spec:
  source: {repoURL: https://git.example.com/shop.git, path: rendered/production}
  ignoreDifferences:
    - {group: networking.istio.io, kind: VirtualService, jqPathExpressions: [".spec.http[].route[].weight"]}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [ApplyOutOfSyncOnly=true, PrunePropagationPolicy=background]
"""


HOOK = ".git/hooks/pre-commit"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = init(tmp_path / "project")
    new = ("--image", "ghcr.io/acme/checkout", "--tag", "1.4.2", "--port", "80:8080")
    assert run(root, "init", "--env", "production").code == 0
    assert run(root, "new", "checkout", *new, "--strategy", "Canary", "--router", "istio").code == 0
    assert run(root, "render").code == 0
    (root / ".pre-commit-config.yaml").unlink()
    (root / ".gitattributes").unlink()
    save(root, "start")
    (root / HOOK).write_text("#!/bin/sh\n")
    (root / HOOK).chmod(0o755)
    return root


def advice(root: Path) -> list[str]:
    outcome = run(root, "doctor")
    assert outcome.err == ""
    found = [line.removeprefix("- ") for line in outcome.out.splitlines() if line.startswith("- ")]
    assert outcome.code == int(bool(found))
    assert outcome.out.count("  fix: ") == len(found)
    return found


def fix(root: Path) -> None:
    """Run the command that the only advice names."""
    (command,) = [
        line.strip().removeprefix("fix: ") for line in run(root, "doctor").out.splitlines() if "  fix: " in line
    ]
    subprocess.run(["bash", "-c", command], cwd=root, env=environment(), check=True, capture_output=True)


def test_nothing_to_fix(project: Path) -> None:
    (project / "argocd.yaml").write_text(GOOD)
    outcome = run(project, "doctor")
    assert outcome.out.splitlines()[1:] == ["nothing to fix"]
    assert outcome.code == 0


def test_a_shallow_clone(project: Path) -> None:
    git(project, "commit", "--quiet", "--allow-empty", "--message", "more")
    clone = project.with_name("clone")
    git(project, "clone", "--quiet", "--depth", "1", project.as_uri(), str(clone))
    (clone / HOOK).write_text("#!/bin/sh\n")
    assert advice(clone)[0].startswith("this clone is shallow: ")
    fix(clone)
    assert advice(clone) == []


def test_a_sparse_clone(project: Path) -> None:
    git(project, "sparse-checkout", "set", "apps", "overlays")
    assert advice(project)[0].startswith("this clone is sparse: ")
    fix(project)
    assert advice(project) == []


@pytest.mark.parametrize("setting", [("core.autocrlf", "true"), None])
def test_line_endings(project: Path, setting: tuple[str, str] | None) -> None:
    if setting:
        git(project, "config", *setting)
    else:
        (project / ".gitattributes").write_text("*.yaml text eol=crlf\n")
    assert advice(project)[0].startswith("Git checks out rendered/ with CRLF")
    fix(project)
    assert advice(project) == []


def test_no_hooks_at_all(project: Path) -> None:
    (project / HOOK).unlink()
    assert advice(project) == ["no hook of Git checks commits: a commit can hold specs without their manifests"]
    assert run(project, "init", "--hooks", "git").code == 0
    assert advice(project) == []


@pytest.mark.parametrize("is_written", [True, False])
def test_rendered_files_that_git_ignores(project: Path, is_written: bool) -> None:
    (project / ".gitignore").write_text("rendered/\n")
    git(project, "rm", "-r", "--quiet", *([] if not is_written else ["--cached"]), "rendered")
    (found,) = advice(project)
    assert "Git ignores these rendered files (.gitignore:1 (rendered/))" in found


def test_hooks_that_git_does_not_run(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pre-commit").write_text("#!/bin/sh\ntouch .git/hooks/pre-commit\n")
    (tmp_path / "bin/pre-commit").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (project / HOOK).unlink()
    (project / ".pre-commit-config.yaml").write_text("repos:\n- repo: local\n  hooks:\n  - id: rollspec-render\n")
    assert advice(project)[0].startswith(".pre-commit-config.yaml has rollspec's hooks")
    fix(project)
    assert advice(project) == []


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        ("syncOptions: [", "syncOptions: [RespectIgnoreDifferences=true, ", "sets RespectIgnoreDifferences"),
        ("route[].weight", "timeout", "heals the weights"),
        ("jqPathExpressions: [", "managedFieldsManagers: [rollouts-controller], jqPathExpressions: [", "their manager"),
        (", PrunePropagationPolicy=background", "", "prunes in the foreground"),
        ("ApplyOutOfSyncOnly=true, ", "", "applies unchanged objects too"),
    ],
)
@pytest.mark.parametrize("kind", ["Application", "ApplicationSet"])
def test_settings_of_an_application(project: Path, kind: str, old: str, new: str, about: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new)
    if kind == "ApplicationSet":
        head, spec = text.split("spec:\n", 1)
        inner = "".join(f"    {line}\n" for line in spec.splitlines())
        text = f"{head.replace('Application', 'ApplicationSet')}spec:\n  template:\n    spec:\n{inner}"
    (project / "platform").mkdir()
    (project / "platform/shop.yaml").write_text(text)
    (project / "platform/shop.yaml").write_text(f"# ours\n{text}---\n# not ours\nkind: ConfigMap\n")
    (found,) = advice(project)
    assert found.startswith("platform/shop.yaml ")
    assert about in found
    (command,) = [line for line in run(project, "doctor").out.splitlines() if "  fix: " in line]
    done = run(project, *shlex.split(command.partition("fix: ")[2], comments=True)[1:])
    assert (done.code, done.out.splitlines()[0], done.out.splitlines()[-1]) == (
        0,
        "wrote platform/shop.yaml",
        "nothing to fix",
    )
    after = (project / "platform/shop.yaml").read_text()
    assert after.startswith("# ours\n")
    assert after.endswith("---\n# not ours\nkind: ConfigMap\n")


AUTOSCALER = "  autoscaling: {minReplicas: 7, maxReplicas: 12, cpu: 70}\n"
COUNT = "    - {group: argoproj.io, kind: Rollout, jqPathExpressions: [.spec.replicas]}\n"


@pytest.mark.parametrize(
    ("replicas", "ignored", "heals"),
    [
        ("  replicas: 6\n", "", True),  # the first stage of an autoscaler
        ("  replicas: 6\n", COUNT, False),
        (
            "  replicas: 6\n",
            COUNT.replace("jqPathExpressions: [.spec", "jsonPointers: [/spec").replace(".rep", "/rep"),
            False,
        ),
        ("", "", False),  # Git has no count to set back
    ],
)
def test_an_application_that_heals_the_count_of_an_autoscaler(
    project: Path, replicas: str, ignored: str, heals: bool
) -> None:
    app = project / "apps/checkout.yaml"
    lines = [line for line in app.read_text().splitlines(keepends=True) if not line.startswith("  replicas:")]
    app.write_text("".join(lines) + replicas + AUTOSCALER)
    assert run(project, "render").code == 0
    (project / "platform").mkdir()
    (project / "platform/shop.yaml").write_text(GOOD.replace("ignoreDifferences:\n", f"ignoreDifferences:\n{ignored}"))
    found = advice(project)
    assert [line for line in found if "heals the count of an autoscaler" in line] == found
    assert bool(found) == heals
    if heals:
        assert run(project, "doctor", "--fix").code == 0
        assert advice(project) == []


def test_everything_at_once_is_fixed(project: Path) -> None:
    """Also where the lists are missing, and an entry ignores nothing but a manager's fields."""
    (project / "shop.yaml").write_text(
        """\
apiVersion: argoproj.io/v1alpha1
kind: Application # ours
metadata: {name: shop}
spec:
  source: {repoURL: https://git.example.com/shop.git, path: rendered/production}
  ignoreDifferences:
    - group: networking.istio.io
      kind: VirtualService
      managedFieldsManagers: [rollouts-controller] # by hand
    - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas], managedFieldsManagers: [hpa]}
  syncPolicy:
    automated: {selfHeal: true}
    syncOptions:
      - RespectIgnoreDifferences=true # as the wiki says
      - PrunePropagationPolicy=foreground
"""
    )
    assert len(advice(project)) == 5
    done = run(project, "doctor", "--fix")
    assert (done.code, done.err) == (0, "")
    text = (project / "shop.yaml").read_text()
    assert "PrunePropagationPolicy=background" in text
    assert "{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}" in text
    assert "rollouts-pod-template-hash" in text
    assert "anage" not in text


def test_a_file_that_cannot_be_edited_is_named_and_stays(project: Path) -> None:
    text = GOOD.replace("ApplyOutOfSyncOnly=true, ", "").replace("automated: {", "automated: &all {")
    (project / "shop.yaml").write_text(text)
    done = run(project, "doctor", "--fix")
    assert done.code == 1
    assert done.err.startswith("rollspec: shop.yaml: ")
    assert (project / "shop.yaml").read_text() == text


def test_an_old_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderer.usecases.doctor.git_version", lambda _: "2.34.1")
    assert advice(project) == ["Git 2.34.1 is older than 2.38: `plan --into` cannot try a merge"]


def test_an_application_of_others_is_left_alone(project: Path) -> None:
    text = GOOD.replace("path: rendered/production", "path: charts/db").replace("ApplyOutOfSyncOnly=true, ", "")
    (project / "db.yaml").write_text(text)
    assert advice(project) == []


def test_a_project_with_errors(project: Path) -> None:
    (project / "overlays/production/overlay.yaml").write_text("spec: [")
    done = run(project, "doctor")
    assert done.code == 1
    assert done.err.startswith("overlays/production/overlay.yaml:2:1: yaml-syntax: ")


def test_without_git(tmp_path: Path) -> None:
    assert run(tmp_path, "init", "--env", "production").code == 0
    (found,) = advice(tmp_path)
    assert found.endswith("verbs, plan and history need Git")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_checkout_of_another_user(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container: Git reads it only where its configuration says so."""
    config = tmp_path / "gitconfig"
    config.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    os.chown(project, 12345, 12345)
    os.chown(project / ".git", 12345, 12345)
    for words in (("plan",), ("render", "--check"), ("render", "--hook"), ("validate", "--base", "HEAD")):
        done = run(project, *words)
        assert (done.code, f"safe.directory {project}" in done.err) == (3, True), done
    assert run(project, "validate").code == run(project, "render").code == 0
    command = f"git config --global --add safe.directory {project}"
    assert f"fix: {command}\n" in run(project, "doctor").out
    subprocess.run(command.split(), check=True)
    assert run(project, "plan").code == run(project, "render", "--check").code == 0
