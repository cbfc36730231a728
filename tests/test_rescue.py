"""What is said at night: an abort or an undo of what was edited since, a second undo, a canary that was aborted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from renderer.plan.ran import differences, is_version
from renderer.usecases.ran import templates_before
from tests.support.cases import run
from tests.support.past import WEB, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.rendered()
    return made


def verb_of(repository: Repository, words: str) -> None:
    repository.verb(*words.split())


def edited(repository: Repository) -> None:
    """Somebody edits the configuration of the stable version."""
    repository.app("web", WEB.replace("info", "debug"))
    repository.text("render")
    repository.commit("more logs")


@pytest.mark.parametrize("verbs", [("abort web",), ("promote web", "undo web")])
def test_a_version_that_comes_back_otherwise_than_it_ran_is_noted(
    repository: Repository, verbs: tuple[str, ...]
) -> None:
    first = repository.git("rev-parse", "HEAD")[:12]
    verb_of(repository, "release web 1.5.0 --weight 20")
    for verb in verbs[:-1]:
        verb_of(repository, verb)
    edited(repository)
    said = repository.run(*verbs[-1].split(), "--env", "production").err
    assert f"1.4.2 comes back with another configuration than it ran with at {first}: env.LOG" in said
    repository.commit(verbs[-1])
    done = repository.run("validate", "--strict", "--base", "HEAD~1")
    assert done.code == 0
    assert "note: not-as-it-ran: 1.4.2 comes back with another configuration" in done.err
    assert f"at {first}: env.LOG; `rollspec undo web --env production --to {first}`" in done.err
    assert "env.LOG" in repository.text("plan", "--base", "HEAD~1")
    repository.text("undo", "web", "--to", first)
    assert "value: info" in (repository.folder / "rendered/production/web/rollout.yaml").read_text()


def test_a_version_without_a_label_is_named_by_its_image(tmp_path: Path) -> None:
    """The pods of an imported app may have no label `version`."""
    spec = WEB.replace(", router: istio", "") + "  podMetadata: {standardLabels: []}\n  selector: {app: web}\n"
    repository = Repository(tmp_path / "repository", start={"apps/web.yaml": ""})
    repository.app("web", spec)
    repository.rendered()
    verb_of(repository, "release web 1.5.0 --weight 20")
    verb_of(repository, "promote web")
    repository.app("web", spec.replace("info", "debug"))
    repository.text("render")
    repository.commit("more logs")
    said = repository.run("undo", "web", "--env", "production").err
    assert "production: 1.4.2 comes back with another configuration" in said


BROKEN = {  # what somebody committed in the place of a rendered pod template
    "a container without a name": (r"(containers:\n +- )name: web", r"\1x: y"),
    "a variable without a name": (r"(env:\n +- )name: ", r"\1x: "),
    "no list of variables": (r"env:\n(?: +- name: .*\n +value: .*\n)+", "env: {}\n"),
    "a container that is text": (r"(containers:\n)( +)- name: web", r"\1\2- web\n\2- name: web"),
    "metadata without a value": (r"(  template:\n    )metadata:\n(?:      .*\n)+", r"\1metadata:\n"),
    "annotations that are text": (r"(  template:\n    metadata:\n)", r"\1      annotations: x\n"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_pod_template_that_was_broken_by_hand_is_not_compared(repository: Repository, name: str) -> None:
    file = repository.folder / "rendered/production/web/rollout.yaml"
    text = re.sub(*BROKEN[name], file.read_text())
    assert text != file.read_text()
    file.write_text(text)
    repository.commit("broken")
    head = repository.git("rev-parse", "HEAD").strip()
    assert templates_before(str(repository.folder), head, "rendered/production/web") == templates_before(
        str(repository.folder), f"{head}^", "rendered/production/web"
    )
    verb_of(repository, "release web 1.5.0 --weight 20")
    verb_of(repository, "promote web")
    undone = repository.run("undo", "web", "--env", "production", "--commit")
    assert (undone.code, "comes back with another" in undone.err) == (0, False), undone
    assert repository.run("plan", "--base", "HEAD~1").code == 0
    assert repository.run("validate", "--base", "HEAD~1").code == 0


def test_a_version_that_comes_back_as_it_ran_is_not_noted(repository: Repository) -> None:
    verb_of(repository, "release web 1.5.0 --weight 20")
    verb_of(repository, "abort web")
    done = repository.run("validate", "--base", "HEAD~1")
    assert (done.code, "not-as-it-ran" in done.err) == (0, False), done


def test_many_apps_are_compared_with_how_each_ran(repository: Repository) -> None:
    names = [f"app-{number:02}" for number in range(12)]
    for name in names:
        repository.app(name, WEB)
    repository.text("render")
    repository.commit("more apps")
    first = repository.git("rev-parse", "HEAD")[:12]
    repository.verb("release", *(f"{name}=1.5.0" for name in names), "--weight", "20")
    for name in names[:2]:
        repository.app(name, WEB.replace("info", "debug"))
    repository.text("render")
    repository.commit("more logs of two")
    repository.verb("weight", "30", "--all")
    said = repository.run("abort", "--all", "--env", "production", "--commit").err.splitlines()
    changed = [line for line in said if "comes back with another configuration" in line]
    assert [line.split()[1] for line in changed] == names[:2]
    assert all(f"than it ran with at {first}: env.LOG" in line for line in changed)


def test_a_shallow_clone_says_that_it_could_not_compare(repository: Repository, tmp_path: Path) -> None:
    verb_of(repository, "release web 1.5.0 --weight 20")
    edited(repository)
    verb_of(repository, "abort web")
    repository.git("clone", "-q", "--depth", "2", f"file://{repository.folder}", str(tmp_path / "shallow"))
    done = run(tmp_path / "shallow", "validate", "--base", "HEAD~1")
    assert "does not reach back to when 1.4.2 ran" in done.err


def test_a_second_undo_does_not_bring_back_what_the_first_took_away(repository: Repository) -> None:
    for verb in ("release web 1.5.0 --weight 20", "promote web", "undo web"):
        verb_of(repository, verb)
    done = repository.run("undo", "web")
    assert done.code == 1
    assert "--redo" in done.err
    assert "--to REF" in done.err
    assert "1.5.0 undone" in repository.text("status")
    repository.text("undo", "web", "--redo")
    assert "1.5.0" in repository.text("status")
    assert "undone" not in repository.text("status")


def test_the_way_back_of_the_way_back_is_an_undo(repository: Repository) -> None:
    """An undo by a canary is an undo, too."""
    for verb in ("release web 1.5.0 --weight 20", "promote web", "undo web --weight 20", "promote web"):
        verb_of(repository, verb)
    assert "1.5.0 undone" in repository.text("status")


def test_retry_with_a_weight_starts_from_nothing(repository: Repository) -> None:
    for verb in ("release web 1.5.0 --weight 20", "weight web 100"):
        verb_of(repository, verb)
    done = repository.run("weight", "web", "10", "--dry-run")
    assert "if the controller has aborted this canary (Degraded), it gets 100 %" in done.err
    repository.text("retry", "web", "--weight", "10")
    rollout = (repository.folder / "rendered/production/web/rollout.yaml").read_text()
    assert "setWeight: 10" in rollout
    assert "setWeight: 100" not in rollout
    assert repository.run("validate", "--strict", "--base", "HEAD").code == 0


def template(**container: Any) -> dict[str, Any]:
    labels = {"labels": {"version": "1.4.2"}}
    return {"metadata": labels, "spec": {"containers": [{"name": "web", "image": "web:1.4.2", **container}]}}


def test_differences_are_named_as_people_name_them() -> None:
    one = template(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "1"}], resources={"limits": {}})
    other = template(env=[{"name": "A", "value": "2"}, {"name": "C", "value": "1"}])
    assert sorted(differences(one, other)) == ["env.A", "env.B", "env.C", "resources"]
    assert list(differences(one, template(**one["spec"]["containers"][0]))) == []
    turned = template(env=[{"name": "B", "value": "1"}, {"name": "A", "value": "1"}], resources={"limits": {}})
    assert list(differences(one, turned)) == ["the order of env"]
    assert is_version(one, other)
    assert not is_version(one, template(image="web:1.5.0"))
    assert list(differences(one, {**one, "spec": {**one["spec"], "nodeName": "x"}})) == ["pod.nodeName"]
