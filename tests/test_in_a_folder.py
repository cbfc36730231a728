"""A project in a folder of its repository: every command says and does the same as at the top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.past import WEB, Repository

_INSIDE = "deploy/k8s"
_VARYING = re.compile(r"\b[0-9a-f]{12,40}\b|\b\d{4}-\d\d-\d\dT[\d:]+Z|\b\d+ s\b")  # ids of commits, times


def test_a_day_in_a_folder_is_a_day_at_the_top(tmp_path: Path) -> None:
    top = Repository(tmp_path / "top")
    inside = Repository(tmp_path / "inside", inside=_INSIDE)
    for at_top, in_folder in zip(a_day(top), a_day(inside), strict=True):
        assert _VARYING.sub("...", in_folder.replace(f"{_INSIDE}/", "")) == _VARYING.sub("...", at_top)


def a_day(repository: Repository) -> Iterator[str]:
    """What each command says; edits that nobody committed are among what they read."""

    def said(*words: str) -> str:
        done = repository.run(*words)
        return f"{' '.join(words)}: {done.code}\n{done.out}{done.err}"

    repository.rendered()
    repository.app("web", WEB.replace("1.4.2", "1.4.3"))
    yield said("plan")
    yield said("validate", "--base", "HEAD")
    yield said("render", "--check")
    repository.git("add", "apps")
    yield said("render", "--check", "--staged")
    repository.rendered("bump")
    (repository.folder / "apps/web.yaml").touch()
    yield said("plan", "--base", "HEAD~1", "--format", "markdown")
    yield said("validate", "--base", "HEAD~1", "--each")
    for verb in (
        ("release", "web=1.5.0", "--weight", "10"),
        ("weight", "50", "web"),
        ("abort", "web"),
        ("retry", "web"),
        ("promote", "web"),
        ("undo", "web"),
        ("restart", "web"),
    ):
        yield said(*verb, "--commit")
        yield said("plan", "--base", "HEAD~1")
        yield repository.git("show", "--format=%s", "--stat=200", "HEAD").replace(f"{_INSIDE}/", "")
    yield said("history", "web")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.app("web", WEB.replace("1.4.2", "1.6.0"))
    repository.rendered("bump")
    yield said("plan", "--into", "main")
    yield said("validate", "--into", "main")
    yield said("release", "--from-edits", "--base", "main", "--commit")
    yield said("publish", "--branch", "env/{env}")
    published = repository.git("ls-tree", "-r", "--name-only", "--full-tree", "env/production")
    yield "\n".join(sorted(published.replace(f"{_INSIDE}/", "").splitlines()))
    repository.write("rendered/production/web/mine.yaml", "kind: Mine\n")
    yield said("plan", "--base", "main")
    (repository.folder / "rendered/production/web/mine.yaml").unlink()
    repository.write(".gitignore", "rendered/\n")
    yield said("render", "--check")
    (repository.folder / ".gitignore").unlink()
    yield said("status")
