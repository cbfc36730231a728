"""Names the line of an overlay's policy that a finding comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from renderer.overlay import Environment
from renderer.pipeline.positions import positions_of
from renderer.rules.finding import Finding


def with_policy_line(
    findings: Iterable[Finding], environment: Environment, texts: Mapping[str, bytes]
) -> list[Finding]:
    """The findings, each of a policy with the file and line that asks for it; `texts` are those of the overlays."""
    return [_with_line(finding, environment, texts) if finding.policy else finding for finding in findings]


def _with_line(finding: Finding, environment: Environment, texts: Mapping[str, bytes]) -> Finding:
    line = policy_line(finding.policy, environment, texts)
    return replace(finding, message=f"{finding.message}, by {line}") if line else finding


def policy_line(name: str, environment: Environment, texts: Mapping[str, bytes]) -> str:
    """The file and line of a field of the policy; empty where no overlay sets it."""
    for document in environment.chain:  # the overlay itself first
        if name in (document.spec.get("policy") or {}) and document.file in texts:
            return f"{document.file}:{positions_of(texts[document.file])[f'/spec/policy/{name}'][0].line}"
    return ""
