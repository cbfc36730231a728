"""`make minor`: renders for one more minor of Kubernetes, Argo Rollouts, Istio or Argo CD.

It pins the newest source, makes the set of schemas, lets `versions` of a project file take the minor, and prints what a
person still has to look at.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from schemas.make.__main__ import LOCK, SCHEMAS
from schemas.make.__main__ import main as make
from schemas.make.sources import ChangedError
from schemas.make.values import Schema

ROOT = SCHEMAS.parent
PROJECT = SCHEMAS / "rollspec/project.json"
_PACKAGE = ROOT / "pyproject.toml"
_DEFAULTS = ROOT / "renderer/project.py"


class Source(NamedTuple):
    """A project's field in `versions`, its input in the lock, how many minors stay, and what a person still does."""

    field: str
    input: str
    kept: int
    by_hand: tuple[str, ...]


_LAB = "tests/engines: pin the new version, build it (`make engines`), and play every scenario (`make e2e`)"
_RULES = "renderer/rules: read its release notes for what validation now refuses or allows"
_POD_SECURITY = "tests/support/pod_security_cases.py: pin the module of this minor, and run it"
SOURCES = {
    "kubernetes": Source("kubernetes", "kubernetes-validate", 4, (_RULES, "removed APIs and new kinds", _POD_SECURITY)),
    "argo-rollouts": Source(
        "argoRollouts",
        "github.com/argoproj/argo-rollouts",
        2,
        (_RULES, _LAB, "`make traces`: record the scenarios again"),
    ),
    "istio": Source("istio", "istio.io/api", 3, (_RULES, _LAB)),
    "argo-cd": Source("argoCD", "github.com/argoproj/argo-cd/v3", 3, (_RULES, _LAB)),
}


def main(name: str, version: str) -> None:
    """Add the minor of this version, such as istio 1.32.0. Raises ChangedError if there is no such thing."""
    if name not in SOURCES:
        raise ChangedError(f"NAME is one of {', '.join(SOURCES)}, not {name!r}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ChangedError(f"VERSION is a version such as 1.32.0, not {version!r}")
    source, pin = SOURCES[name], version.rpartition(".")[0]
    before = next((minor for minor in reversed(supported(name)) if minor != pin), pin)
    kept = {path: path.read_bytes() for path in (LOCK, PROJECT, _DEFAULTS)}
    try:
        _pin(name, source, pin, version)
        _take(source.field, pin)
        make([f"{name}-{pin}"])
    except BaseException:  # no registry has the version: the project must not name it
        for path, content in kept.items():
            path.write_bytes(content)
        raise
    _ship(f"{name}-{pin}", f"{name}-{before}")
    _leave()
    print(f"\n{name} {pin}, compared with {before}:")
    for line in _differences(_definitions(f"{name}-{before}"), _definitions(f"{name}-{pin}")):
        print(f"  {line}")
    print("\nNow run `make docs`, and look at:")
    for line in source.by_hand:
        print(f"  {line}")


def supported(name: str) -> list[str]:
    """The minors of a project that `versions` of a project file may name, the oldest first."""
    spec = json.loads(PROJECT.read_text())["properties"]["spec"]
    found: list[str] = spec["properties"]["versions"]["properties"][SOURCES[name].field]["enum"]
    return found


def _pin(name: str, source: Source, pin: str, version: str) -> None:
    lock = json.loads(LOCK.read_text())
    if name == "kubernetes":
        lock["inputs"][source.input] = {"version": version}
    else:
        lock["inputs"][f"{source.input} {pin}"] = {"version": f"v{version}"}
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


def _take(field: str, pin: str) -> None:
    """Let the project file name the minor. It becomes the default, but for Kubernetes: there the oldest is.

    A cluster drops fields of a newer Kubernetes without a word, so a project that names no version is checked against
    the oldest.
    """
    schema = json.loads(PROJECT.read_text())
    node = schema["properties"]["spec"]["properties"]["versions"]["properties"][field]
    if pin not in node["enum"]:
        node["enum"].append(pin)
    if field != "kubernetes":
        node["default"] = pin
        name = re.sub("[A-Z]+", lambda found: f"_{found[0].lower()}", field)
        text = _DEFAULTS.read_text()
        _DEFAULTS.write_text(re.sub(rf'^(    {name}: str = )".*"$', rf'\1"{pin}"', text, count=1, flags=re.MULTILINE))
    PROJECT.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n")


def _ship(new: str, old: str) -> None:
    """Let the package hold the set, after the set that was the newest."""
    line = '"schemas/{0}" = "renderer/_schemas/{0}"\n'
    text = _PACKAGE.read_text()
    if line.format(new) not in text:
        _PACKAGE.write_text(text.replace(line.format(old), line.format(old) + line.format(new)))


def _leave() -> None:
    """Write which minors leave: those that are older than the ones that stay."""
    text = _DEFAULTS.read_text()
    _DEFAULTS.write_text(re.sub(r"^LEAVING(: .* = ).*$", rf"LEAVING\g<1>{leaving()!r}", text, flags=re.MULTILINE))


def leaving() -> dict[str, tuple[str, ...]]:
    """The minors that leave with the next release of rollspec, by the field of `versions`."""
    older = {source.field: tuple(supported(name)[: -source.kept]) for name, source in SOURCES.items()}
    return {field: minors for field, minors in older.items() if minors}


def _definitions(name: str) -> Schema:
    found: Schema = json.loads(Path(SCHEMAS, name, "definitions.json").read_text())
    return found.get("definitions", found)


def _differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Which fields are new, gone or of another form, by their path; not descriptions."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"changed: {path}"
        return
    for key in sorted(old.keys() | new.keys()):
        below = path if key == "properties" else f"{path}/{key}"
        if key == "description":
            continue
        if key not in old or key not in new:
            yield f"{'new' if key not in old else 'gone'}: {below}"
        else:
            yield from _differences(old[key], new[key], below)


if __name__ == "__main__":
    try:
        main(*[*sys.argv[1:], "", ""][:2])
    except ChangedError as changed:
        sys.exit(str(changed))
