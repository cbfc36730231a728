"""The other judges: API server, istioctl and the Rollouts linter on every rendered fixture and on mutants of them."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

import yaml

from renderer.manifest import Manifest
from renderer.project import Versions
from renderer.resources import read_schema
from renderer.rules import check
from renderer.rules.finding import Scene
from renderer.schema import Schemas
from tests.support.mutants import DANGLING, Mutant, mutants

from . import api
from .lab import argo_rollouts
from .lock import program
from .sandbox import RUN, run
from .scenario import ROOT

RENDERED = ("fixtures/rendered/*/*", "fixtures/ok/*/expected/*/*", "fixtures/ok/*/expected/_argocd")
MUTANTS = 200
REFERENCES = 60  # mutants of references and weights, beside those: nothing is wrong with them by themselves
DOCS = ROOT / "docs" / "judges.md"
ISTIO = {"VirtualService", "DestinationRule"}
STRICTER = "What only our schema refuses, and which checkers other than the API server refuse it too:"
LATER = (
    "What only the API server refuses, with its message and our rule that finds it (it is in no schema of Kubernetes):"
)
SCHEMAS = Schemas(Versions(), read_schema)


@dataclass(frozen=True)
class Folder:
    """One app's rendered manifests."""

    path: str  # from the project's root
    manifests: tuple[Manifest, ...]

    def replaced(self, mutant: Mutant) -> tuple[Folder, Manifest]:
        """The folder with a mutant in the place of its manifest, and that one."""
        old = next(m for m in self.manifests if f"{m.kind}/{m.name}" == mutant.source)
        new = Manifest(old.file, mutant.manifest)
        return Folder(self.path, tuple(new if m is old else m for m in self.manifests)), new


Made = tuple[Folder, Mutant]


@dataclass(frozen=True)
class Verdict:
    """What one judge says of one folder; no words: nothing to find."""

    judge: str
    words: str


@dataclass(frozen=True)
class Case:
    """A mutant, what we say of it and what the others say."""

    path: str
    mutant: Mutant
    schema: bool  # whether our schema takes it
    ours: str
    theirs: tuple[Verdict, ...]

    @property
    def kind(self) -> str:
        """The kind of the manifest that was changed."""
        return self.mutant.source.partition("/")[0]

    @property
    def server(self) -> str:
        """The API server's words; empty: it takes it."""
        return next((verdict.words for verdict in self.theirs if verdict.judge == "api-server"), "")


def folders() -> list[Folder]:
    """Every rendered folder of the fixtures."""
    found = [path for pattern in RENDERED for path in sorted(ROOT.glob(pattern)) if path.is_dir()]
    return [read(path) for path in found if path.name != "_resources" and any(path.glob("*.yaml"))]


def read(folder: Path) -> Folder:
    """One rendered folder."""
    files = [file for file in sorted(folder.glob("*.yaml")) if file.name != "kustomization.yaml"]
    manifests = [Manifest(file.name, yaml.load(file.read_text(), yaml.CSafeLoader)) for file in files]
    known = [manifest for manifest in manifests if SCHEMAS.known(manifest.data)]  # operators' kinds are not in the lab
    return Folder(str(folder.relative_to(ROOT)), tuple(known))


def judged(folder: Folder, only: Manifest | None = None, kind: str = "") -> list[Verdict]:
    """What the judges find; `only`: of this manifest (once of `kind`), where a judge looks at single ones."""
    mine = [m for m in folder.manifests if only is None or m is only]
    found = [Verdict("api-server", words) for m in mine if (words := refused(m))]
    kinds = {kind} if kind else {m.kind for m in folder.manifests}
    istio = [m.data for m in mine if (kind or m.kind) in ISTIO]
    with tempfile.TemporaryDirectory(dir=RUN) as scratch:
        if istio:
            command = [str(program("istio", "istioctl")), "validate", "-f", write(scratch, "istio.yaml", istio)]
            found += said("istioctl validate", *command)
        everything = write(scratch, "all.yaml", [m.data for m in folder.manifests] + gateways(folder))
        if kinds & {*ISTIO, "Service"}:
            command = [str(program("istio", "istioctl")), "analyze", "--use-kube=false", "-A"]
            found += said("istioctl analyze", *command, "--failure-threshold=Warning", everything)
        if "Rollout" in kinds:
            found += said("rollouts lint", "lint", "-f", everything)
    return found


def write(folder: str, name: str, documents: Sequence[object]) -> str:
    """Write documents into one file, as JSON, which is YAML as well; returns its path."""
    path = Path(folder) / name
    path.write_text("---\n".join(json.dumps(document) + "\n" for document in documents))
    return str(path)


def gateways(folder: Folder) -> list[object]:
    """The Gateways that the VirtualServices name: they are somebody else's and exist in a real cluster."""
    named = {
        name if "/" in name else f"{manifest.namespace}/{name}"
        for manifest in folder.manifests
        if manifest.kind == "VirtualService" and isinstance(spec := manifest.data.get("spec"), dict)
        for name in spec.get("gateways") or ()
        if isinstance(name, str) and name != "mesh"
    }
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    made = [dict(zip(("namespace", "name"), name.split("/", 1), strict=True)) for name in sorted(named)]
    spec = {"selector": {"istio": "lab"}, "servers": [server]}
    return [{"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": m, "spec": spec} for m in made]


def said(judge: str, *command: str) -> list[Verdict]:
    """A program's words when it fails."""
    try:
        argo_rollouts(*command) if judge == "rollouts lint" else run(*command)
    except RuntimeError as refusal:
        return [Verdict(judge, tidy(str(refusal).partition("\n")[2]))]
    return []


def tidy(words: str) -> str:
    """One line; of istioctl's and the linter's many the ones that say what is wrong."""
    lines = [line for line in words.splitlines() if "[IST" in line or "* " in line] or words.splitlines()
    return re.sub(r" /\S+\.yaml:?\d*", "", " ".join(" ".join(lines).split()))[:240]


def refused(manifest: Manifest) -> str:
    """The API server's words about one object that would be made; empty when it takes it."""
    data = manifest.data
    meta = data.get("metadata")
    namespace = meta.get("namespace", "default") if isinstance(meta, dict) else "default"
    try:
        collection = resource(str(data.get("apiVersion")), str(data.get("kind")))
        where = collection.format(quote(str(namespace), safe=""))
        api.call("POST", f"{where}?dryRun=All&fieldValidation=Strict", data)
    except api.ApiError as refusal:
        return "" if "already exists" in refusal.message else tidy(refusal.message)
    except KeyError as unknown:
        return str(unknown)
    return ""


@cache
def resource(version: str, kind: str) -> str:
    """The path of a kind's collection; KeyError when the API server has none."""
    base = f"/apis/{quote(version)}" if "/" in version else f"/api/{quote(version)}"
    try:
        listed = api.call("GET", base)["resources"]
    except (api.ApiError, TypeError):
        listed = []
    for found in listed:
        if found["kind"] == kind and "/" not in found["name"]:
            return f"{base}/namespaces/{{}}/{found['name']}" if found["namespaced"] else f"{base}/{found['name']}"
    raise KeyError(f"no kind {kind} in {version}")


def ours(schemas: Schemas, folder: Folder, manifest: Manifest) -> str:
    """What our schemas say of the manifest, or else our rules of the folder; empty when nothing is wrong."""
    if not schemas.manifest_valid(manifest.data):
        return "schema"
    found = [finding for finding in check(Scene(folder.manifests)) if finding.severity == "error"]
    return found[0].rule if found else ""


def cases(count: int = MUTANTS) -> Iterator[Case]:
    """Mutants of all folders with everybody's verdict: `count` of what is wrong by itself, and of references."""
    made = [(folder, mutant) for folder in folders() for mutant in mutants([m.data for m in folder.manifests], 60)]
    refer = distinct(pair for pair in made if pair[1].change in (DANGLING, "bad weight"))
    others = [pair for pair in made if pair[1].change not in (DANGLING, "bad weight")]
    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(partial(case, SCHEMAS), [*spread(others, count), *spread(refer, REFERENCES)])


def distinct(made: Iterable[Made]) -> list[Made]:
    """Only the first two that do the same at one place of a kind: most apps have the same references."""
    found: dict[tuple[str, str, str], list[Made]] = {}
    for pair in made:
        kind, change = pair[1].source.partition("/")[0], pair[1].change
        found.setdefault((kind, change, re.sub(r"\d+", "0", pair[1].pointer)), []).append(pair)
    return [pair for group in found.values() for pair in group[:2]]


def spread(made: Sequence[Made], count: int) -> Sequence[Made]:
    """`count` of them, from everywhere."""
    return made[:: max(1, len(made) // count)][:count]


def case(schemas: Schemas, made: Made) -> Case:
    """One mutant with everybody's verdict."""
    folder, mutant = made
    changed, manifest = folder.replaced(mutant)
    theirs = judged(changed, manifest, mutant.source.partition("/")[0])
    words = ours(schemas, changed, manifest)
    return Case(folder.path, mutant, words != "schema", words, tuple(theirs))


def namespaces(found: Sequence[Folder]) -> None:
    """Make the namespaces that the manifests name."""
    for name in sorted({m.namespace for folder in found for m in folder.manifests if m.namespace}):
        try:
            api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        except api.ApiError as refusal:
            if refusal.code != 409:
                raise


def page(found: Sequence[Case]) -> str:
    """The generated page: what only we find, and what only they find."""
    only_us = [c for c in found if c.ours and not c.theirs]
    only_them = [c for c in found if c.theirs and not c.ours]
    both = sum(bool(c.ours and c.theirs) for c in found)
    nobody = len(found) - both - len(only_us) - len(only_them)
    lines = [
        "# Our checks and other checkers",
        "",
        "Generated by `make e2e`; do not edit.",
        "",
        "This page compares rollspec with four other checkers: the API server (`--dry-run=server`, with strict",
        "fields), `istioctl validate`, `istioctl analyze` and `kubectl argo rollouts lint`. All of them check the same",
        "manifests. Each of these is a rendered manifest of the test fixtures with one mistake in it.",
        "",
        "| who refuses the manifest | manifests |",
        "| --- | --- |",
        f"| rollspec and another checker | {both} |",
        f"| only rollspec | {len(only_us)} |",
        f"| only another checker | {len(only_them)} |",
        f"| none of them | {nobody} |",
        f"| all manifests | {len(found)} |",
        "",
        "Each line of the lists names the object, its field and the mistake (`null`: the field is null), then who",
        "refuses it. For rollspec, this is `schema` or the id of a [rule](rules.md).",
        "",
        "## What only another checker refuses",
        "",
        *counted(f"- `{c.mutant.name}`: {c.theirs[0].judge}: {c.theirs[0].words}" for c in only_them),
        *([] if only_them else ["Nothing."]),
        "",
        "## What only rollspec refuses",
        "",
        *counted(f"- `{c.mutant.name}`: {c.ours}" for c in only_us),
        "",
        "## Our JSON Schemas and the API server",
        "",
        "Here, only the JSON Schemas of rollspec count, not its rules.",
        "",
        *agreement(found),
    ]
    return "\n".join(lines) + "\n"


def counted(lines: Iterable[str]) -> list[str]:
    """Each line once, in the order of its first, with how often it came."""
    return [line if times == 1 else f"{line} ({times} fixtures)" for line, times in Counter(lines).items()]


def agreement(found: Sequence[Case]) -> list[str]:
    """By kind, how many mutants our schema and the API server take and refuse; each that only the server refuses."""
    lines = ["| kind | manifests | both accept | both refuse | only our schema refuses | only the API server refuses |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for kind in sorted({c.kind for c in found}):
        verdicts = Counter((c.schema, not c.server) for c in found if c.kind == kind)
        cells = (verdicts[True, True], verdicts[False, False], verdicts[False, True], verdicts[True, False])
        lines.append(f"| {kind} | {verdicts.total()} | {' | '.join(map(str, cells))} |")
    strict = [c for c in found if not c.schema and not c.server]
    lines += ["", STRICTER, ""] if strict else []
    lines += counted(
        f"- `{c.mutant.name}`: {', '.join(v.judge for v in c.theirs) or 'no other checker'}" for c in strict
    )
    late = [c for c in found if c.schema and c.server]
    lines += ["", LATER, ""] if late else []
    return lines + counted(f"- `{c.mutant.name}`: {c.server}: {c.ours or '**nothing**'}" for c in late)
