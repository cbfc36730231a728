"""Apps that have another name in each environment, as kustomize makes them: the import says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.importing.affixes import Pair, renamed
from tests.support.cases import run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: main
          image: {image}
"""


@pytest.mark.parametrize(
    ("here", "there", "pairs"),
    [
        ({"dev-web": "web"}, {"production-web": "web"}, ["dev-web production-web"]),
        ({"web-dev": "web"}, {"web-production": "web"}, ["web-dev web-production"]),
        ({"web-dev": "web"}, {"web": "web"}, ["web-dev web"]),
        ({"web": "web"}, {"eu-prod-web": "web"}, ["web eu-prod-web"]),
        (
            {"dev-web": "shop", "dev-mail": "shop"},
            {"prod-web": "shop", "prod-mail": "shop"},
            ["dev-mail prod-mail", "dev-web prod-web"],
        ),
        ({"web": "web"}, {"web": "web"}, []),
        ({"web": "web", "web-canary": "web"}, {"web": "web"}, []),
        ({"dev-web": "web"}, {"prod-web": "other"}, []),
        ({"api": "shop"}, {"web": "shop"}, []),
        ({"web": "web"}, {}, []),
    ],
)
def test_names_that_differ_by_a_prefix_or_a_suffix(
    here: dict[str, str], there: dict[str, str], pairs: list[str]
) -> None:
    assert sorted(renamed(here, there)) == [Pair(*pair.split()) for pair in pairs]


def test_the_import_says_which_apps_may_be_one(tmp_path: Path) -> None:
    for env in ("dev", "prod", "test"):
        texts = [
            DEPLOYMENT.format(name=f"{env}-{app}", image=f"{env}.example.com/{app}:1.0.0") for app in ("web", "api")
        ]
        (tmp_path / f"{env}.yaml").write_text("---\n".join(texts))
    outcome = run(tmp_path, "import", *(f"--env={env}={env}.yaml" for env in ("dev", "prod", "test")))
    assert outcome.code == 0, outcome.err
    said = [line for line in outcome.out.splitlines() if "have one image" in line]
    assert [line.partition(", but")[0] for line in said] == [
        f"dev-web of dev and {env}-web of {env} have one image, as 1 more of their apps have"
        for env in ("prod", "test")
    ]
    assert run(tmp_path, "render").code == 0


def test_apps_of_one_name_need_no_word(tmp_path: Path) -> None:
    for env in ("dev", "prod"):
        (tmp_path / f"{env}.yaml").write_text(DEPLOYMENT.format(name="web", image="example.com/web:1.0.0"))
    outcome = run(tmp_path, "import", "--env=dev=dev.yaml", "--env=prod=prod.yaml")
    assert (outcome.code, "have one image" in outcome.out) == (0, False)
