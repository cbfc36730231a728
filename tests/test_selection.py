"""Which apps and environments a changed file is about: a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.layout import Layout
from renderer.overlay import Document, Environment, environments
from renderer.usecases.selection import Selection, touched
from renderer.usecases.touched import projects
from tests.support.cases import FIXTURES, lay_out, run
from tests.support.past import Repository

APPS = ("reviews", "web")


def _overlay(name: str, **spec: object) -> Document:
    data = {"apiVersion": "rollspec/v1", "kind": "Overlay", "metadata": {"name": name}, "spec": spec}
    return Document(f"overlays/{name}/overlay.yaml", data)


RESOURCES = ["resources/quota.yaml", "../shared/network.yaml", "../../cluster/limits.yaml"]


def _environments() -> dict[str, Environment]:
    found, problems = environments(
        {
            "dev": _overlay("dev"),
            "production": _overlay("production", resources=RESOURCES),
            "production-eu": _overlay("production-eu", extends="production"),
        }
    )
    assert problems == []
    return found


DEV, PRODUCTION, ALL = ("dev",), ("production", "production-eu"), ("dev", "production", "production-eu")
# path -> environments, and the app there (None: all of them)
TABLE: dict[str, tuple[tuple[str, ...], str | None]] = {
    "apps/web.yaml": (ALL, "web"),
    "apps/gone.yaml": (ALL, None),
    "apps/web.yml": ((), None),
    "apps/extra/monitor.yaml": ((), None),
    "overlays/dev/apps/web.yaml": (DEV, "web"),
    "overlays/dev/apps/gone.yaml": (DEV, None),
    "overlays/production/apps/web.yaml": (PRODUCTION, "web"),
    "overlays/production-eu/apps/web.yaml": (("production-eu",), "web"),
    "overlays/dev/overlay.yaml": (DEV, None),
    "overlays/production/overlay.yaml": (PRODUCTION, None),
    "overlays/production/resources/quota.yaml": (PRODUCTION, None),
    "overlays/production/patches/tolerations.yaml": (PRODUCTION, None),
    "overlays/shared/network.yaml": (PRODUCTION, None),
    "overlays/shared/other.yaml": ((), None),
    "overlays/gone/apps/web.yaml": ((), None),
    "rollspec.yaml": (ALL, None),
    "sub/rollspec.yaml": ((), None),
    "templates/monitor.yaml.j2": (ALL, None),
    "rendered/dev/web/service.yaml": (DEV, "web"),
    "rendered/production/web/service.yaml": (("production",), "web"),
    "rendered/dev/gone/service.yaml": (DEV, None),
    "rendered/dev/_resources/quota.yaml": (DEV, None),
    "rendered/dev/README.md": (DEV, None),
    "rendered/_argocd/dev.yaml": (DEV, None),
    "rendered/_argocd/gone.yaml": (ALL, None),
    "rendered/gone/web/service.yaml": (ALL, None),
    "cluster/limits.yaml": (PRODUCTION, None),
    "cluster/other.yaml": ((), None),
    "README.md": ((), None),
    "src/apps/web.yaml": ((), None),
    "appsweb.yaml": ((), None),
}


@pytest.mark.parametrize("path", TABLE)
def test_a_file_touches(path: str) -> None:
    envs, app = TABLE[path]
    selection, unknown = touched(Layout(), _environments(), APPS, [path])
    assert selection.apps == dict.fromkeys(envs, frozenset(APPS) if app is None else frozenset([app]))
    assert selection.whole == (frozenset(envs) if app is None else frozenset())
    assert unknown == ([] if envs else [path])


def test_several_files_add_up() -> None:
    paths = ["overlays/dev/overlay.yaml", "apps/web.yaml", "overlays/production-eu/apps/reviews.yaml", "Makefile"]
    selection, unknown = touched(Layout(), _environments(), APPS, paths)
    assert selection == Selection(
        {
            "dev": frozenset(APPS),
            "production": frozenset(["web"]),
            "production-eu": frozenset(APPS),
        },
        frozenset(["dev"]),
    )
    assert unknown == ["Makefile"]
    assert selection.names == list(APPS)
    assert selection.envs_of("reviews") == ["dev", "production-eu"]


def test_folders_of_other_names() -> None:
    layout = Layout(apps="specs/apps", overlays="envs", output="out/manifests", templates="tpl")
    dev = {"dev": environments({"dev": Document("envs/dev/overlay.yaml", _overlay("dev").data)})[0]["dev"]}
    for path in ("specs/apps/web.yaml", "envs/dev/apps/web.yaml", "out/manifests/dev/web/service.yaml"):
        assert touched(layout, dev, APPS, [path])[0].apps == {"dev": frozenset(["web"])}, path


def test_files_by_the_project_above_them(tmp_path: Path) -> None:
    for root in ("", "teams/payments"):
        (tmp_path / root).mkdir(parents=True, exist_ok=True)
        (tmp_path / root / "rollspec.yaml").touch()
    inner = tmp_path / "teams/payments"
    files = [tmp_path / "apps/a.yaml", inner / "apps/gone/b.yaml", tmp_path / "teams/x.yaml", tmp_path.parent / "y"]
    assert projects(map(str, files)) == {
        str(tmp_path): ["apps/a.yaml", "teams/x.yaml"],
        str(inner): ["apps/gone/b.yaml"],
    }


def test_only_what_the_files_touch_is_looked_at(tmp_path: Path) -> None:
    project = lay_out(Path("fixtures/ok/rolling-update").resolve(), tmp_path / "p", leave=frozenset(("expected",)))
    (app,) = (path.stem for path in (project / "apps").iterdir())
    (project / "apps/broken.yaml").write_text(
        "apiVersion: rollspec/v1\nkind: App\nmetadata: {name: broken}\nspec: {}\n"
    )
    file = str(project / f"apps/{app}.yaml")
    assert run(project, "render", file).code == 0
    assert run(project, "render", "--check", f"rendered/production/{app}/deployment.yaml").code == 0
    (project / "Makefile").write_text("")
    assert run(project, "validate", f"overlays/production/apps/{app}.yaml", "Makefile").code == 0
    assert run(project, "validate", "nothing.yaml").code == 2
    assert run(project, "validate", "apps/nothing.yaml").code == 2
    assert run(project, "render", "/etc/hostname").code == 2
    assert run(project, "validate", "Makefile") == run(project, "render", "Makefile")
    assert run(project, "validate", "apps/broken.yaml").code == 1
    assert run(project, "validate", "overlays/production/overlay.yaml").code == 1
    assert run(project, "render", file, "--app", app).code == 2


def test_plain_manifests_of_an_app_touch_it(tmp_path: Path) -> None:
    case = tmp_path / "case"
    (case / "apps").mkdir(parents=True)
    (case / "monitoring").mkdir()
    spec = "spec: {image: a/web, tag: v1, ports: [{name: http, port: 80}], extraResources: [../monitoring/c.yaml]}\n"
    (case / "apps/web.yaml").write_text(f"apiVersion: rollspec/v1\nkind: App\nmetadata: {{name: web}}\n{spec}")
    manifest = case / "monitoring/c.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n")
    project = lay_out(case, tmp_path / "p")
    assert run(project, "render").code == 0
    (project / "monitoring/c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: c}\n")
    assert run(project, "render", "monitoring/c.yaml").out == "1 written, 2 unchanged, 0 removed\n"
    (project / "monitoring/c.yaml").unlink()
    assert run(project, "render", "apps/web.yaml").code == 1


def test_plain_manifests_of_an_environment_touch_it_wherever_they_lie(tmp_path: Path) -> None:
    project = lay_out(FIXTURES / "ok/resources-elsewhere", tmp_path / "p", leave=frozenset(("expected",)))
    settings = project / "shared/settings.yaml"
    assert run(project, "render").code == 0
    settings.write_text(settings.read_text().replace("blue", "green"))
    assert run(project, "render", "shared/settings.yaml").out == "2 written, 2 unchanged, 0 removed\n"
    settings.write_text(settings.read_text().replace("green", "red"))
    assert run(project, "render").out == "2 written, 2 unchanged, 0 removed\n"
    settings.write_text("kind: Nothing\n")
    assert run(project, "validate", "shared/settings.yaml").code == 1


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_folder_is_a_whole_project_or_refused(command: str, tmp_path: Path) -> None:
    leave = frozenset(("expected",))
    one, two = (lay_out(FIXTURES / "ok/rolling-update", tmp_path / name, leave=leave) for name in ("one", "two"))
    (two / "apps/broken.yaml").write_text("apiVersion: rollspec/v1\n")
    for folder, path in ((one, "."), (one / "apps", "./"), (one / "apps", ".."), (tmp_path, "one")):
        assert run(folder, command, path).code == 0, path
    assert run(tmp_path, command, "one", "two").code == 1
    assert run(two, command, ".").err == run(two, command).err
    for paths in (["apps"], [".", "apps/broken.yaml"]):
        assert run(one, command, *paths).code == 2, paths
    assert (one / "rendered").exists() == (command == "render")
    assert run(tmp_path / "nothing", command).code == 2
    assert run(tmp_path, command, ".").err == run(tmp_path, command).err


@pytest.mark.parametrize("command", ["validate", "render"])
@pytest.mark.parametrize("path", ["apps/wep.yaml", "overlays/dev/apps/wep.yaml", "overlays/dev/overlai.yaml"])
def test_a_spec_that_is_not_there_and_never_was_is_refused(command: str, path: str, repository: Repository) -> None:
    done = repository.run(command, path)
    assert (done.code, "there is no file " in done.err, f"{path}\n" in done.err) == (2, True, True), done


def test_a_spec_that_was_deleted_may_be_named(repository: Repository) -> None:
    repository.partial("  replicas: 3\n", env="dev")
    repository.rendered("more pods in dev")
    repository.partial("", env="dev")
    assert repository.run("render", "overlays/dev/apps/web.yaml").code == 0


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "repository")
    found.overlay("dev")
    found.rendered()
    return found
