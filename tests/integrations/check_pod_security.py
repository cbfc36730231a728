"""The committed cases of the Pod Security Standards are those of the module that Kubernetes publishes."""

from __future__ import annotations

from tests.support.pod_security_cases import FILE, made


def test_the_cases_are_those_of_the_pinned_module() -> None:
    assert FILE.read_text() == made()
