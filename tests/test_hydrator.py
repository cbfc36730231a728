"""`hydrator.metadata`: which trailers become a reference, and how their values are written."""

from __future__ import annotations

import json

import pytest

from renderer.git.branches import About
from renderer.usecases.hydrator import metadata

SHA = "0123456789abcdef0123456789abcdef01234567"
ABOUT = About(author="Ada <ada@example.com>", date="2026-03-01T12:00:00Z", subject="Release web", body="")


def reference(name: str, value: str) -> object:
    trailers = [("Signed-off-by", "Ada"), (f"Argocd-reference-commit-{name}", value)]
    data = json.loads(metadata("https://git.example.com/shop.git", SHA, ABOUT, trailers))
    return data["references"][0]["commit"] if "references" in data else None


@pytest.mark.parametrize(
    ("name", "value", "field", "written"),
    [
        ("sha", SHA, "sha", SHA),
        ("sha", "main", "sha", None),
        ("repourl", "https://git.example.com/web.git", "repoUrl", "https://git.example.com/web.git"),
        ("repourl", "git@git.example.com:web.git", "repoUrl", None),
        ("author", "Ada Lovelace <ada@example.com>", "author", '"Ada Lovelace" <ada@example.com>'),
        ("author", r'"Ada \"A\" Lovelace" <ada@example.com>', "author", r'"Ada \"A\" Lovelace" <ada@example.com>'),
        ("author", "ada@example.com", "author", "<ada@example.com>"),
        ("author", "Ada", "author", None),
        ("date", "2026-03-01T12:00:00.25Z", "date", "2026-03-01T12:00:00Z"),
        ("date", "2026-03-01T12:00:00+01:00", "date", "2026-03-01T12:00:00+01:00"),
        ("date", "2026-13-01T12:00:00Z", "date", None),
        ("date", "2026-03-01", "date", None),
        ("subject", "Make it faster", "subject", "Make it faster"),
        ("body", '"Line one\\nline two"', "body", "Line one\nline two"),
        ("body", "Line one", "body", None),
        ("body", "1", "body", None),
        ("body", "[" * 100_000, "body", None),
        ("else", "x", "else", None),
    ],
)
def test_a_trailer_becomes_a_field_of_the_reference(name: str, value: str, field: str, written: str | None) -> None:
    assert reference(name, value) == (None if written is None else {field: written})


def test_the_body_is_left_without_the_trailers_of_the_reference() -> None:
    about = ABOUT._replace(body=f"Why.\n\nArgocd-reference-commit-sha: {SHA}\nSigned-off-by: Ada\n")
    data = json.loads(metadata("https://git.example.com/shop.git", SHA, about, []))
    assert data["body"] == "Why.\n\nSigned-off-by: Ada\n"
    assert data["drySha"] == SHA
