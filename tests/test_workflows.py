"""Our workflows and the Makefile: what may sign and publish, that nothing runs for ever, and that each check is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.cases import ROOT

WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")}
CHECK, RELEASE = (WORKFLOWS[name]["jobs"] for name in ("check", "release"))
# What finds a fault by itself; the others build, write or measure.
CHECKS = {
    *("test", "integrations", "coverage", "fuzz", "doubling", "team-day", "prove", "bench-check"),
    *("e2e", "soak", "sequences"),
}


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def made(job: Mapping[str, Any]) -> set[str]:
    """The targets that a job makes."""
    return {name for step in job["steps"] for name in re.findall(r"\bmake ([a-z0-9-]+)", step.get("run", ""))}


def test_a_workflow_runs_each_check() -> None:
    assert targets() >= CHECKS
    assert set().union(*(made(job) for job in CHECK.values())) >= CHECKS


def test_a_workflow_makes_only_what_the_makefile_has() -> None:
    for jobs in (CHECK, RELEASE):
        assert set().union(*(made(job) for job in jobs.values())) <= targets()


def test_every_job_has_a_limit() -> None:
    for jobs in (CHECK, RELEASE):
        assert [name for name, job in jobs.items() if "timeout-minutes" not in job] == []


def test_no_target_is_taken_for_a_file() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony.split()) == targets()


def test_the_night_and_the_week_do_not_start_at_once() -> None:
    """GitHub starts the workflow for each line of the schedule that fits; a day with two would run all jobs twice."""
    lines = [each["cron"].split() for each in WORKFLOWS["check"][True]["schedule"]]  # YAML 1.1 reads `on` as true
    assert [line[4] for line in lines] == ["1-6", "0"]


def writes(job: Mapping[str, Any]) -> set[str]:
    return {name for name, level in job.get("permissions", {}).items() if level == "write"}


def needed(name: str) -> set[str]:
    """All jobs that must pass before this one."""
    needs = RELEASE[name].get("needs", [])
    names = {needs} if isinstance(needs, str) else {*needs}
    return names.union(*(needed(each) for each in names))


def test_the_tests_run_where_nothing_can_be_signed_or_published() -> None:
    """The tests run dozens of packages; a job that may sign or publish must not."""
    tested = {name for name, job in RELEASE.items() if any("make" in step.get("run", "") for step in job["steps"])}
    assert tested == {"test"}
    assert not writes(RELEASE["test"])


def test_nothing_is_signed_before_the_tag_is_checked_and_the_tests_have_passed() -> None:
    able = {name for name, job in RELEASE.items() if writes(job)}
    assert able == {"build", "publish", "image"}
    assert all(needed(name) >= {"signed", "test"} for name in able)


def test_what_is_published_is_reviewed_and_attested() -> None:
    """Each in an environment of its own: PyPI takes only a token that names its environment."""
    published = {name: RELEASE[name].get("environment") for name in ("publish", "image")}
    assert published == {"publish": "pypi", "image": "image"}
    for name in ("build", "image"):
        assert any(str(step.get("uses")).startswith("actions/attest-") for step in RELEASE[name]["steps"]), name
        assert writes(RELEASE[name]) >= {"id-token", "attestations"}, name


def test_no_job_keeps_the_token_of_its_checkout() -> None:
    for name, job in RELEASE.items():
        for step in job["steps"]:
            if str(step.get("uses")).startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name
                assert step["with"]["ref"] == "${{ github.sha }}", name
