"""Git's own files are no manifests: a spec that names one is refused before the file is opened."""

from __future__ import annotations

from pathlib import Path

from tests.support.past import WEB, Repository


def test_a_resource_in_the_folder_of_git(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.write(
        ".git/info/extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: kanari}\n"
    )
    repository.app("web", WEB + "  extraResources: [../.git/info/extra.yaml]\n")
    done = repository.run("render", "--stdout")
    assert (done.code, done.out) == (1, "")
    assert "is one of Git's own files" in done.err
