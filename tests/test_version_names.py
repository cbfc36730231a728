"""A version has one printed name: the tag with its digest shortened, and the label where the tag does not say it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from renderer.live.model import LiveVersion, Role
from renderer.plan.ran import version_of_template
from renderer.report.live import version_text
from renderer.spec import tag_and_digest, version_name
from tests.support.past import Repository

DIGEST = "sha256:" + "a1" * 32
SHORT = "sha256:" + "a1" * 6
LONG = re.compile("sha256:[0-9a-f]{13}")


@pytest.mark.parametrize(
    ("tag", "label", "name"),
    [
        ("1.5.0", "1.5.0", "1.5.0"),
        ("1.5.0", "green", "1.5.0 (green)"),
        ("1.5.0+build", "1.5.0-build", "1.5.0+build"),
        (f"1.5.0@{DIGEST}", "1.5.0", f"1.5.0@{SHORT}"),
        (DIGEST, DIGEST[7:70], SHORT),
        (DIGEST, "1.5.0", f"{SHORT} (1.5.0)"),
        ("f" * 64, "f" * 63, "f" * 64),
    ],
)
def test_the_name(tag: str, label: str, name: str) -> None:
    assert version_name(tag, label) == name


@pytest.mark.parametrize(
    ("tag", "label", "name"),
    [(f"1.5.0@{DIGEST}", None, f"1.5.0@{SHORT}"), ("1.5.0", "green", "1.5.0 (green)")],
)
def test_every_command_prints_the_same_name(tag: str, label: str | None, name: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit("begin")
    labelled = ["--version", label] if label else []
    released = repository.text("release", "web", tag, "--weight", "20", *labelled, "--commit")
    assert f"canary {name} at 20 %" in released
    assert f"canary {name} at 20 %" in repository.text("status")
    assert f"canary {name} in place of 1.4.2" in repository.text("history", "web")
    plan = repository.text("plan", "--base", "HEAD~1")
    assert f"canary {name} starts at 20 %" in plan
    assert f"share    {name} " in plan
    for text in (released, repository.text("status"), repository.text("history", "web"), plan):
        assert not LONG.search(text)


@pytest.mark.parametrize(
    "words",
    [
        ("release", "web", f"1.5.0@{DIGEST}"),  # in flight already
        ("release", "web", "1.6.0"),
        ("release", "web", DIGEST),  # stable already
    ],
)
def test_a_refusal_prints_the_same_name(words: tuple[str, ...], tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.partial(f"  tag: {DIGEST}\n  canary: {{tag: 1.5.0@{DIGEST}, weight: 20}}\n")
    found = repository.run(*words, "--env", "production")
    assert found.code == 1
    assert "sha256:" in found.err
    assert not LONG.search(found.out + found.err), found


@pytest.mark.parametrize(
    ("image", "label", "name"),
    [
        ("acme/web:1.5.0", "1.5.0", "1.5.0"),
        ("localhost:5000/web:1.5.0", "green", "1.5.0 (green)"),
        ("localhost:5000/web", "green", "green"),
        (f"acme/web:1.5.0@{DIGEST}", "1.5.0", f"1.5.0@{SHORT}"),
        (f"localhost:5000/web@{DIGEST}", DIGEST[7:70], SHORT),
        (f"acme/web@{DIGEST}", "1.5.0", f"{SHORT} (1.5.0)"),
    ],
)
def test_the_name_of_what_runs(image: str, label: str, name: str) -> None:
    assert version_text(LiveVersion(label, Role.STABLE, 1, 1, images=(image,))) == name


@pytest.mark.parametrize(("image", "found"), [
    ("web", ""),
    ("registry:5000/web", ""),
    ("registry:5000/web:1.4.2", "1.4.2"),
    ("web@sha256:ab", "sha256:ab"),
    ("registry:5000/web:1.4.2@sha256:ab", "1.4.2@sha256:ab"),
])  # fmt: skip
def test_what_an_image_has_behind_its_name(image: str, found: str) -> None:
    assert tag_and_digest(image) == found


def test_a_pod_template_with_an_image_by_digest_has_a_short_name() -> None:
    image = "ghcr.io/acme/web@sha256:" + "ab" * 32
    assert version_of_template({"spec": {"containers": [{"name": "web", "image": image}]}}) == "sha256:abababababab"
