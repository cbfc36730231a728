"""The Containerfile: its linter, its steps without a container, and the image that buildah makes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.integrations.programs import hadolint
from tests.support.cases import ROOT, run
from tests.support.repository import environment, git, init, save
from tests.test_publish import project

TEXT = (ROOT / "Containerfile").read_text()


def test_the_linter_finds_nothing() -> None:
    command = [str(hadolint()), "--failure-threshold=info", str(ROOT / "Containerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_base_is_pinned_and_the_user_is_not_root() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.search(r"@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert re.findall(r"^USER (\S+)", TEXT, re.MULTILINE) == ["999:999"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can enter; the folders above pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_it_copies_is_enough_to_install_and_run_as_another_user(open_folder: Path) -> None:
    source, target = open_folder / "source", open_folder / "rollspec"
    source.mkdir()
    for line in re.findall(r"^COPY (?!--)(.+)$", TEXT, re.MULTILINE):
        *names, _ = line.split()
        for name in names:
            path = ROOT / name
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignore) if path.is_dir() else shutil.copy(path, source)
    (steps,) = re.findall(r"^RUN (python -m venv .+(?:\n &&.+)*)", TEXT, re.MULTILINE)
    steps = re.sub(r"(?<!\S)/(build|rollspec)\b", rf"{open_folder}/\1", steps)
    steps = re.sub(r"^(.*?)python -m venv", rf"\1{sys.executable} -m venv", steps, flags=re.MULTILINE)
    subprocess.run(["sh", "-e", "-c", steps], cwd=source, check=True, capture_output=True)
    project = open_folder / "work"
    shutil.copytree(
        ROOT,
        project,
        symlinks=True,
        ignore=lambda _, names: {name for name in names if name.startswith(".")} | {"dist"},
    )
    env = environment(PYTHONDONTWRITEBYTECODE="1", HOME="/nonexistent")
    parents = Path(sys.executable).resolve().parents
    is_reachable = all(parent.stat().st_mode & 0o001 for parent in parents)  # not so in the home folder of root
    other = 999 if os.getuid() == 0 and is_reachable else None
    for arguments in (["--version"], ["validate"], ["render", "--check"]):
        command = [str(target / "bin/rollspec"), *arguments]
        done = subprocess.run(
            command, cwd=project, env=env, capture_output=True, text=True, check=False, user=other, group=other
        )
        assert done.returncode == 0, done.stderr


CERTIFICATES = "/etc/ssl/certs"
STAND_IN = "localhost/rollspec-base"  # Debian's own Python 3.13, where no registry of images can be reached
DEBIAN = "trixie"


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which buildah keeps its images in a temporary folder; without buildah there is no check."""
    if not shutil.which("buildah"):
        pytest.skip("buildah is not installed")
    folder = tmp_path_factory.mktemp("buildah")
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    return environment(CONTAINERS_STORAGE_CONF=str(folder / "storage.conf"))


def _run(env: Mapping[str, str], *command: object) -> str:
    done = subprocess.run([*map(str, command)], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(buildah: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image, built from the Containerfile; its bases are the pinned ones where a registry has them."""
    folder = tmp_path_factory.mktemp("image")
    (base,) = {*re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)}
    pulled = subprocess.run(
        ["buildah", "pull", f"docker.io/library/{base}"], env=buildah, capture_output=True, check=False
    )
    text = TEXT if pulled.returncode == 0 else TEXT.replace(base, _stand_in(buildah, folder))
    (folder / "Containerfile").write_text(text)
    mounts = ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"] if Path(CERTIFICATES).is_dir() else []
    options = ["--isolation", "chroot", "--pull-never", *mounts, "--file", folder / "Containerfile"]
    _run(buildah, "buildah", "bud", *options, "--tag", "rollspec", ROOT)
    return "localhost/rollspec"


def _stand_in(env: Mapping[str, str], folder: Path) -> str:
    """A base with the same version of Python from Debian's packages."""
    if not shutil.which("mmdebstrap"):
        pytest.skip("no registry of images can be reached, and mmdebstrap is not installed")
    packages = "--include=python3,python3-venv,python-is-python3,ca-certificates"
    _run(env, "mmdebstrap", "--quiet", "--variant=minbase", packages, DEBIAN, folder / "base.tar")
    container = _run(env, "buildah", "from", "scratch")
    _run(env, "buildah", "add", "--quiet", container, folder / "base.tar", "/")
    _run(env, "buildah", "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    _run(env, "buildah", "commit", "--quiet", "--rm", container, STAND_IN)
    return STAND_IN


def test_the_image_runs_on_a_repository_that_it_may_not_write(
    buildah: Mapping[str, str], image: str, tmp_path: Path
) -> None:
    work = project(init(tmp_path / "work"))
    save(work, "begin")
    assert run(work, "render").code == 0
    container = _run(buildah, "buildah", "from", "--pull-never", image)
    config = json.loads(_run(buildah, "buildah", "inspect", container))["OCIv1"]["config"]
    assert (config["User"], config["WorkingDir"], config["Cmd"]) == ("999:999", "/work", ["--help"])
    options = ["--isolation", "chroot", "--volume", f"{work}:/work:ro"]
    assert _run(buildah, "buildah", "run", *options, container, "id", "-u") == "999"

    def rollspec(*arguments: str) -> str:
        return _run(buildah, "buildah", "run", *options, container, *config["Entrypoint"], *arguments)

    assert rollspec("--version") == f"rollspec {version('rollspec')} (render levels 1, 2)"
    assert rollspec("validate") == ""
    assert rollspec("render", "--check") == ""
    history = rollspec("history", "web", "--env", "dev", "--format", "json")
    assert git(work, "log", "-1", "--format=%H").strip() in history
