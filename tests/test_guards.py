"""What judges may not be changed by what is judged: rules of the base still judge, and a change of rules is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cases import ROOT, run
from tests.support.past import PROJECT, Repository

STRICT = "  policy: {images: [ghcr.io/acme/*], templateChanges: canary}\n"
FOREIGN = "  image: evil.example.com/web\n  tag: 1.4.2\n  ports:\n    - {name: http, port: 80, targetPort: 8080}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project with a policy, rendered and committed."""
    made = Repository(tmp_path / "repository")
    made.overlay("production", STRICT)
    made.rendered()
    return made


@pytest.mark.parametrize("policy", ["", "  policy: {}\n", "  policy: {images: [evil.example.com/*, ghcr.io/acme/*]}\n"])
def test_a_policy_that_the_change_takes_away_still_judges(repository: Repository, policy: str) -> None:
    repository.overlay("production", policy)
    repository.app("web", FOREIGN)
    assert repository.run("validate").code == 0
    done = repository.run("validate", "--base", "HEAD")
    assert done.code == 1
    assert "policy-images" in done.err
    assert "by the policy of HEAD, which this change removes" in done.err
    text = repository.text("plan", "--base", "HEAD")
    assert text.startswith("RULES CHANGED\n  overlays/production/overlay.yaml /spec/policy")
    assert "by the policy of HEAD" in text
    assert "**Rules changed:**" in repository.text("plan", "--base", "HEAD", "--format", "markdown")
    assert repository.data("plan", "--base", "HEAD")["rules"][0]["file"] == "overlays/production/overlay.yaml"


WEB = """\
  image: ghcr.io/acme/web
  tag: 1.4.2
  replicas: 2
  ports: [{name: http, port: 80}]
"""
CANARY = f"{WEB}  strategy: {{type: Canary, router: istio, steps: [{{setWeight: 20}}], autoPromotionEnabled: true}}\n"
# Each key of a policy: what it asks for, and an app that breaks it.
BROKEN: dict[str, tuple[str, str]] = {
    "analysis": ("required", f"{CANARY}  canary: {{tag: 2.0.0}}\n"),
    "digests": ("true", WEB),
    "disruptionBudget": ("required", WEB),
    "images": ("[ghcr.io/other/*]", WEB),
    "kinds": ("[namespaced]", f"{WEB}  extraResources: [../extra/role.yaml]\n"),
    "podSecurity": ("baseline", f"{WEB}  pod: {{hostNetwork: true}}\n"),
    "probes": ("required", WEB),
    "requests": ("required", WEB),
    "requiredLabels": ("[team]", WEB),
    "secrets": ("forbidden", f"{WEB}  env: {{DB_PASSWORD: kR8xv2QpLw9ZtB4nYc7m}}\n"),
    "tags": ("pinned", WEB),
    "templateChanges": ("canary", WEB.replace("1.4.2", "1.5.0")),
}
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: []\n"


def test_every_key_of_a_policy_is_broken_here() -> None:
    keys = json.loads(run(ROOT, "schema", "Overlay").out)["properties"]["spec"]["properties"]["policy"]["properties"]
    assert set(keys) == {*BROKEN, "approvals"}  # approvals stop nothing: see test_owners.py


@pytest.mark.parametrize("key", BROKEN)
def test_each_key_that_a_change_takes_away_still_judges_it(key: str, repository: Repository) -> None:
    asked, app = BROKEN[key]
    repository.app("web", WEB)
    repository.write("extra/role.yaml", ROLE)
    repository.overlay("production", f"  policy: {{{key}: {asked}}}\n")
    repository.commit("a policy")
    repository.overlay("production")
    repository.app("web", f"{app}  env: {{CHANGED: 'true'}}\n" if "  env:" not in app else app)
    done = repository.run("validate", "--base", "HEAD")
    assert "first change the policy alone" in done.err, done.err
    assert done.code == 1
    text = repository.text("plan", "--base", "HEAD")
    assert text.startswith(f"RULES CHANGED\n  overlays/production/overlay.yaml /spec/policy/{key}: ")
    assert "this change removes" in text


def test_a_policy_of_the_base_is_not_named_with_a_line_of_the_head(repository: Repository) -> None:
    repository.app("web", BROKEN["secrets"][1])
    repository.overlay("production", "  policy: {secrets: forbidden}\n")
    assert ", by overlays/production/overlay.yaml:" in repository.run("validate").err
    repository.commit("a policy")
    repository.overlay("production", "  policy: {secrets: warned}\n")
    done = repository.run("validate", "--base", "HEAD")
    (line,) = [line for line in done.err.splitlines() if "by the policy of HEAD" in line]
    assert "overlay.yaml:" not in line


def test_a_renamed_environment_is_compared_with_the_one_of_its_namespace(repository: Repository) -> None:
    repository.overlay("staging")
    repository.commit("staging has no policy, production has one")
    repository.git("mv", "overlays/staging", "overlays/stage")
    text = (repository.folder / "overlays/stage/overlay.yaml").read_text()
    repository.write("overlays/stage/overlay.yaml", text.replace("name: staging", "name: stage"))
    assert "RULES CHANGED" not in repository.text("plan", "--base", "HEAD")


def test_a_stricter_policy_is_judged_by_the_head(repository: Repository) -> None:
    repository.overlay("production", STRICT.replace("images", "digests: true, images"))
    done = repository.run("validate", "--base", "HEAD")
    assert done.code == 1
    assert "which this change removes" not in done.err


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ("  versions: {kubernetes: '1.34'}\n", "/spec/versions/kubernetes"),
        ("  notSecret: [DB_PASSWORD]\n", "/spec/notSecret"),
        ("  clusterDomain: other.local\n", "/spec/clusterDomain"),
        ("  templates: other\n", "/spec/templates"),
        ("  repository: {url: 'https://example.com/x.git'}\n", "/spec/repository/url"),
    ],
)
def test_a_change_of_the_project_file_is_named(repository: Repository, line: str, pointer: str) -> None:
    assert repository.run("plan", "--base", "HEAD", "--fail-on", "rules").code == 0
    repository.write("rollspec.yaml", PROJECT + line)
    done = repository.run("plan", "--base", "HEAD", "--fail-on", "rules")
    assert done.code == 1
    assert done.out.startswith(f"RULES CHANGED\n  rollspec.yaml {pointer}: ")


def test_an_app_that_somebody_else_scales_is_a_rule(repository: Repository) -> None:
    repository.overlay("production", STRICT + "  external: [AnalysisTemplate/smoke]\n")
    text = repository.text("plan", "--base", "HEAD")
    assert text.startswith("RULES CHANGED\n  overlays/production/overlay.yaml /spec/external: nothing -> ")


def test_an_app_whose_selectors_may_find_others_is_a_rule(repository: Repository) -> None:
    repository.overlay("production", STRICT + "  overlappingSelectors: [web]\n")
    text = repository.text("plan", "--base", "HEAD")
    assert text.startswith("RULES CHANGED\n  overlays/production/overlay.yaml /spec/overlappingSelectors: nothing -> ")


NETWORK = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
OPEN = "[{op: remove, path: /spec/policyTypes}]"
MERGE = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed}, spec: {policyTypes: null}}"


@pytest.mark.parametrize(
    ("patch", "is_rule"),
    [
        (f"target: {{kind: NetworkPolicy}}, patch: {OPEN}", True),
        (f"target: {{kind: Netw.*}}, patch: {OPEN}", True),
        (f"target: {{name: closed}}, patch: {OPEN}", True),
        (f"patch: {MERGE}", True),
        ("target: {kind: Service}, patch: [{op: add, path: /metadata/labels/a, value: b}]", False),
        ("target: {kind: Workload}, patch: {metadata: {labels: {kind-of: NetworkPolicy}}}", False),
    ],
)
def test_a_patch_of_what_guards_a_namespace_is_a_rule(repository: Repository, patch: str, is_rule: bool) -> None:
    repository.write("overlays/production/closed.yaml", NETWORK)
    repository.overlay("production", f"{STRICT}  resources: [closed.yaml]\n")
    repository.rendered()
    repository.overlay("production", f"{STRICT}  resources: [closed.yaml]\n  patches: [{{{patch}}}]\n")
    rules = [each["pointer"] for each in repository.data("plan", "--base", "HEAD")["rules"]]
    assert rules == (["/spec/patches"] if is_rule else [])
    assert repository.run("plan", "--base", "HEAD", "--fail-on", "rules").code == is_rule


def test_a_change_of_an_app_changes_no_rule(repository: Repository) -> None:
    repository.partial("  canary: {tag: 2.0.0, weight: 20}\n")
    done = repository.run("plan", "--base", "HEAD", "--fail-on", "rules")
    assert (done.code, "RULES" in done.out) == (0, False)
