"""What we write, and what we accept, is the same to PyYAML (YAML 1.1), ruamel (1.2), kubectl and kustomize."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from renderer.yamlio import Data, dump, load, load_all, plain_or_quoted
from renderer.yamlio.kubectl import kubectl_plain
from renderer.yamlio.scalars import Unclear, scalar_of
from tests.support.yaml_data import DATA, FIXTURES, STRINGS, TEXT

KUBECTL = Path(sys.executable).parent / "kubectl"
LOST_BY_KUSTOMIZE = re.compile("[\x7f-\x9f\ufffe\uffff]")  # it reads them and writes them without an escape
NUMBERS = st.text("012789abefoxEX._:+-", min_size=1, max_size=8).filter(lambda text: text != "off")
# A process a draw: few draws, each a few hundred strings.
UNTIMED = settings(deadline=None)
BATCH = settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


def through_kubectl(spec: Data) -> Any:
    """What kubectl reads in a manifest of ours with this `spec`."""
    manifest = dump({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec})
    (seen,) = kubectl(manifest)
    return seen["spec"]


def kubectl(manifests: str) -> list[Any]:
    """The objects that kubectl reads; it stores integers beyond 64 bits as floats."""
    command = [str(KUBECTL), "label", "--local", "-f", "-", "-o", "json", "seen=yes"]
    done = subprocess.run(command, input=manifests.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    decoder = json.JSONDecoder(parse_int=lambda text: int(text) if -(1 << 63) <= int(text) < 1 << 63 else float(text))
    objects, rest = [], done.stdout.decode()
    while rest := rest.lstrip():
        one, end = decoder.raw_decode(rest)
        objects.append(one)
        rest = rest[end:]
    return objects


def differences(ours: Any, theirs: Any) -> list[tuple[Any, Any]]:
    """The pairs of items that are not the same."""
    return [(a, b) for a, b in zip(ours, theirs, strict=True) if not same(a, b)]


def same(ours: Any, theirs: Any) -> bool:
    """Equal, types included, but for a whole float, which JSON writes as an integer.

    kubectl makes an integer of one beyond 2^53 by way of its decimal digits, and so may miss it by a last unit.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and not differences(ours, theirs)
    if isinstance(ours, float) and type(theirs) is int:
        return ours == float(theirs) or (abs(ours) > 1 << 53 and math.isclose(ours, theirs, rel_tol=2**-52))
    return type(ours) is type(theirs) and bool(ours == theirs)


@UNTIMED
@given(DATA)
def test_pyyaml_reads_what_we_wrote(data: Data) -> None:
    assert yaml.load(dump(data), yaml.CSafeLoader) == data
    assert yaml.load(dump(data), yaml.SafeLoader) == data


@UNTIMED
@given(DATA)
def test_ruamel_reads_what_we_wrote(data: Data) -> None:
    assert ruamel(dump(data)) == data


@pytest.mark.parametrize("reader", [ruamel, yaml.safe_load])
def test_the_battery_of_strings(reader: Any) -> None:
    listed, mapped, nested = reader(dump([[*STRINGS], dict(zip(STRINGS, STRINGS, strict=True)), {"a": [[*STRINGS]]}]))
    assert differences(STRINGS, listed) == []
    assert mapped == dict(zip(STRINGS, STRINGS, strict=True))
    assert differences(STRINGS, nested["a"][0]) == []


@BATCH
@given(st.lists(TEXT, min_size=200, max_size=400), st.lists(DATA, min_size=50, max_size=50))
def test_kubectl_reads_what_we_wrote(texts: list[str], data: list[Data]) -> None:
    texts = list(dict.fromkeys(STRINGS + texts))
    listed, mapped, seen = through_kubectl([[*texts], dict(zip(texts, texts, strict=True)), data])
    assert differences(texts, listed) == []
    assert mapped == dict(zip(texts, texts, strict=True))
    assert differences(data, seen) == []


@BATCH
@given(st.lists(TEXT, min_size=100, max_size=200))
def test_kustomize_and_kubectl_read_what_we_wrote(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    texts = [text for text in dict.fromkeys(STRINGS + texts) if not LOST_BY_KUSTOMIZE.search(text)]
    data: dict[str, Data] = {f"k{number}": text for number, text in enumerate(texts)}
    folder = tmp_path_factory.mktemp("kustomize")
    manifest = dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
    (folder / "a.yaml").write_text(manifest, "utf-8", newline="")
    (folder / "kustomization.yaml").write_text("resources: [a.yaml]\n", "utf-8")
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    (seen,) = kubectl(done.stdout.decode())
    assert differences(texts, [seen["data"][key] for key in data]) == []


@UNTIMED
@given(NUMBERS)
def test_a_number_that_is_accepted_is_the_same_to_all(text: str) -> None:
    data, problems = load(f"- {text}\n".encode(), "a.yaml")
    if problems or not isinstance(data, list) or isinstance(data[0], list | dict):
        return
    ours = data[0]
    assert ruamel(f"- {text}\n") == data or isinstance(ruamel(f"- {text}\n")[0], date)
    theirs = yaml.safe_load(f"- {text}\n")[0]
    assert (theirs == ours and type(theirs) is type(ours)) or (isinstance(theirs, date) and ours == text)


@BATCH
@given(st.lists(NUMBERS, min_size=200, max_size=400))
def test_kubectl_reads_scalars_as_load_all_does(texts: list[str]) -> None:
    texts = [text for text in texts + STRINGS if _stands_alone(text)]
    head = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n"
    manifest = head + "".join(f"- {text}\n" for text in texts)
    ours, problems = load_all(manifest.encode(), "a.yaml")
    assert problems == []
    assert differences(_specs(ours), _specs(kubectl(manifest))) == []


def _specs(objects: Any) -> Any:
    return objects[0]["spec"]


def _stands_alone(text: str) -> bool:
    """One plain scalar of one line, which JSON has a value for."""
    if not text.strip() or text != text.strip() or not text.isprintable():
        return False
    try:
        same = [event.value for event in yaml.parse(f"- {text}\n") if isinstance(event, yaml.ScalarEvent)] == [text]
    except yaml.YAMLError:
        return False
    return same and not isinstance(kubectl_plain(text), Unclear)


@pytest.mark.parametrize("path", sorted((FIXTURES / "manifests" / "ok").glob("*.yaml")), ids=lambda path: path.stem)
def test_kubectl_reads_the_fixtures_of_manifests_so(path: Path) -> None:
    ours, problems = load_all(path.read_bytes(), path.name)
    assert problems == []
    for document in ours:
        assert isinstance(document, dict)
        document["metadata"] = {**document["metadata"], "labels": {"seen": "yes"}}  # type: ignore[dict-item]
    if ours:
        assert differences(ours, kubectl(path.read_text("utf-8"))) == []


@UNTIMED
@given(st.one_of(TEXT, NUMBERS))
def test_what_is_left_unquoted_is_text_to_the_reader_of_specs(text: str) -> None:
    if plain_or_quoted(text) == text:
        assert scalar_of(text) == text
        assert kubectl_plain(text) == text
