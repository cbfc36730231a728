"""Git on real repositories: what is read, and that a commit holds exactly the files it was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from renderer import git
from renderer.git import GitError
from renderer.git import read as git_read
from renderer.git.commits import commit
from renderer.git.run import reading, refusal
from renderer.yamlio import MAX_MANIFESTS, load_all

HERE = str(Path(__file__).parent.parent)


class Repository:
    """A repository in a temporary folder, with the plain git commands that a test plays a person with."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        root.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(["git", "-C", self.root, *arguments], capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, text: str) -> None:
        target = Path(self.root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def read(self, path: str) -> str:
        return Path(self.root, path).read_text()

    def save(self, **files: str) -> str:
        """Commit files (`a_yaml` is `a.yaml`) the plain way; the commit's id."""
        for name, text in files.items():
            self.write(name.replace("_", "."), text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", "save")
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def status(self) -> list[str]:
        return self.git("status", "--porcelain").splitlines()

    def committed(self, revision: str = "HEAD") -> list[str]:
        return self.git("show", "--format=", "--name-status", "--no-renames", revision).splitlines()

    def index(self) -> bytes:
        path = Path(self.root, self.git("rev-parse", "--git-path", "index").strip())
        return path.read_bytes() if path.exists() else b""

    def hook(self, name: str, script: str) -> None:
        path = Path(self.root, self.git("rev-parse", "--git-path", "hooks").strip(), name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def litter(self) -> list[str]:
        """What a commit must not leave behind in the repository's own folder."""
        folder = Path(self.root, self.git("rev-parse", "--git-path", "index").strip()).parent
        return [path.name for path in folder.iterdir() if "rollspec" in path.name or path.name.endswith(".lock")]


@pytest.fixture(autouse=True)
def _nobodys_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same git for everybody: no configuration of the machine's, and a known committer."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = A Person\nemail = person@example.com\n[init]\ndefaultBranch = main\n"
                      "[protocol \"file\"]\nallow = always\n[gc]\nauto = 0\n[maintenance]\nauto = false\n")  # fmt: skip
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def empty(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet")
    return repository


@pytest.fixture
def repo(empty: Repository) -> Repository:
    empty.save(a_yaml="a: 1\n", b_yaml="b: 1\n")
    return empty


def reason_of(call: Callable[[], object]) -> str:
    with pytest.raises(GitError) as caught:
        call()
    assert caught.value.message == str(caught.value)
    return caught.value.reason


class TestRevisions:
    def test_root(self, repo: Repository) -> None:
        repo.write("deep/er/file", "")
        assert git.top_folder(f"{repo.root}/deep/er") == os.path.realpath(repo.root)

    def test_resolve(self, repo: Repository) -> None:
        repo.git("tag", "--annotate", "--message", "x", "v1")
        assert git.resolve(repo.root, "HEAD") == git.resolve(repo.root, "v1") == repo.head()

    @pytest.mark.parametrize(
        "revision", ["none", "", "HEAD~7", "--all", "-h", "HEAD:a.yaml", "HEAD..HEAD", "a\nb", "0" * 40]
    )
    def test_no_such_revision(self, repo: Repository, revision: str) -> None:
        assert reason_of(lambda: git.resolve(repo.root, revision)) == "no-such-revision"
        assert reason_of(lambda: git.read_many(repo.root, revision, ["a.yaml"])) == "no-such-revision"
        assert reason_of(lambda: git.changed(repo.root, revision)) == "no-such-revision"

    def test_a_branch_without_commits(self, empty: Repository) -> None:
        for revision in ("HEAD", "HEAD~1"):
            assert reason_of(partial(git.resolve, empty.root, revision)) == "no-such-revision"
            with pytest.raises(GitError, match="there is no commit yet: commit the project first"):
                git.resolve(empty.root, revision)
        assert list(git.log(empty.root)) == []

    def test_no_repository(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "none"):
            assert reason_of(partial(git.top_folder, str(path))) == "no-repository"
            assert reason_of(partial(git.resolve, str(path), "HEAD")) == "no-repository"
        bare = Repository(tmp_path / "bare")
        bare.git("init", "--quiet", "--bare")
        assert reason_of(lambda: git.top_folder(bare.root)) == "no-repository"

    @pytest.mark.parametrize(
        "said",
        [
            "fatal: detected dubious ownership in repository at '/a b'\nTo add an exception ...",
            "fatal: unsafe repository ('/a b' is owned by someone else)\nTo add an exception ...",
        ],
    )
    def test_a_repository_of_another_user(self, said: str) -> None:
        assert "`git config --global --add safe.directory '/a b'`" in refusal(said).message

    def test_no_git(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")
        assert reason_of(lambda: git.top_folder(repo.root)) == "no-git"
        assert reason_of(lambda: list(git.log(repo.root))) == "no-git"

    def test_variables_of_a_hook_do_not_lead_elsewhere(
        self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
        assert git.top_folder(repo.root) == os.path.realpath(repo.root)
        assert git.changed(repo.root, "HEAD") == []


class TestMergeBase:
    def test_of_a_branch_and_main(self, repo: Repository) -> None:
        base = repo.head()
        repo.git("switch", "--quiet", "--create", "topic")
        repo.save(a_yaml="a: 2\n")
        assert git.merge_base(repo.root) == base
        repo.git("branch", "--move", "main", "master")
        assert git.merge_base(repo.root) == base

    def test_the_branch_of_origin_comes_first(self, repo: Repository, tmp_path: Path) -> None:
        base = repo.head()
        repo.git("branch", "--move", "main", "trunk")
        clone = Repository(tmp_path / "clone")
        clone.git("clone", "--quiet", repo.root, ".")
        clone.save(a_yaml="a: 2\n")
        clone.git("branch", "main")
        assert git.merge_base(clone.root) == base

    def test_no_main_branch(self, repo: Repository) -> None:
        repo.git("branch", "--move", "main", "topic")
        assert reason_of(lambda: git.merge_base(repo.root)) == "no-such-revision"

    def test_nothing_in_common(self, repo: Repository) -> None:
        repo.git("switch", "--quiet", "--orphan", "other")
        repo.save(c_yaml="")
        assert reason_of(lambda: git.merge_base(repo.root)) == "no-such-revision"


class TestChanged:
    def test_the_working_tree(self, repo: Repository) -> None:
        base = repo.save(c_yaml="c: 1\n", d_yaml="d: 1\n", e_yaml="e\n")
        repo.write(".gitignore", "*.tmp\n")
        repo.git("add", ".gitignore")
        repo.write("a.yaml", "a: 2\n")  # changed
        repo.write("b.yaml", "b: 2\n")  # staged, then changed back
        repo.git("add", "b.yaml")
        repo.write("b.yaml", "b: 1\n")
        repo.git("rm", "--quiet", "c.yaml")
        repo.git("rm", "--quiet", "--cached", "d.yaml")  # still there, with another content
        repo.write("d.yaml", "d: 2\n")
        repo.git("mv", "e.yaml", "f.yaml")
        repo.write("new file", "")
        repo.write("x.tmp", "")
        assert git.changed(repo.root, base) == [
            ("A", ".gitignore"), ("M", "a.yaml"), ("D", "c.yaml"), ("M", "d.yaml"),
            ("D", "e.yaml"), ("A", "f.yaml"), ("A", "new file"),
        ]  # fmt: skip

    def test_touched_is_not_changed(self, repo: Repository) -> None:
        os.utime(f"{repo.root}/a.yaml", (1, 1))
        assert git.changed(repo.root, "HEAD") == []

    @pytest.mark.parametrize(
        "name", ['"', '"\\057dev\\057zero"', '"..\\057outside"', '"a.yaml"', "a\nb", "a\r", "a\\nb"]
    )
    def test_a_touched_file_of_any_name_is_read_itself(self, repo: Repository, name: str) -> None:
        repo.write(name, "1")
        repo.save()
        Path(repo.root).with_name("outside").write_text("2")
        os.utime(f"{repo.root}/{name}", (1, 1))
        assert git.changed(repo.root, "HEAD") == []
        repo.write(name, "2")
        assert git.changed(repo.root, "HEAD") == [("M", name)]
        repo.git("update-index", "--assume-unchanged", "--", name)
        assert git.changed(repo.root, "HEAD") == [("M", name)]

    def test_a_link_in_place_of_a_file_that_git_overlooks_is_not_followed(self, repo: Repository) -> None:
        outside = Path(repo.root).with_name("outside")
        outside.write_bytes(Path(repo.root, "a.yaml").read_bytes())
        repo.git("update-index", "--assume-unchanged", "a.yaml")
        assert git.changed(repo.root, "HEAD") == []
        Path(repo.root, "a.yaml").unlink()
        Path(repo.root, "a.yaml").symlink_to(outside)
        assert git.changed(repo.root, "HEAD") == [("M", "a.yaml")]

    def test_two_revisions(self, repo: Repository) -> None:
        base = repo.head()
        repo.git("rm", "--quiet", "b.yaml")
        repo.save(a_yaml="a: 2\n", c_yaml="c: 1\n")
        repo.write("d.yaml", "only in the working tree")
        assert git.changed(repo.root, base, "HEAD") == [("M", "a.yaml"), ("D", "b.yaml"), ("A", "c.yaml")]

    @pytest.mark.parametrize("head", [None, "HEAD"])
    def test_paths_are_folders_or_files_and_literal(self, repo: Repository, head: str | None) -> None:
        base = repo.head()
        for path in ("apps/a.yaml", "apps/[b]*.yaml", "overlays/x", "apps2/x", "ü.yaml", "b*"):
            repo.write(path, "1")
        if head:
            repo.save()
        assert git.changed(repo.root, base, head, ["apps", "ü.yaml"]) == [
            ("A", "apps/[b]*.yaml"), ("A", "apps/a.yaml"), ("A", "ü.yaml"),
        ]  # fmt: skip
        assert git.changed(repo.root, base, head, ["apps/[b]*.yaml", "b*"]) == [("A", "apps/[b]*.yaml"), ("A", "b*")]

    def test_a_project_in_a_folder_of_the_repository(self, repo: Repository) -> None:
        base = repo.head()
        repo.write("project/apps/a.yaml", "1")
        repo.write("a.yaml", "2")
        project = f"{repo.root}/project"
        assert git.changed(project, base, None, ["apps"]) == [("A", "apps/a.yaml")]
        after = repo.save()
        assert git.changed(project, base, after) == [("A", "apps/a.yaml")]
        assert git.read_many(project, after, ["apps/a.yaml", "a.yaml"]) == {"a.yaml": None, "apps/a.yaml": b"1"}
        assert list(git.list_tree(project, after)) == ["apps/a.yaml"]
        assert [commit.sha for commit in git.log(project, ["apps/a.yaml"])] == [after]

    def test_reading_runs_no_program_of_the_repository(self, repo: Repository) -> None:
        touch = f"touch {repo.root}/ran; cat"
        for name in ("core.fsmonitor", "diff.external", "core.pager", "diff.x.textconv", "core.editor", "pager.log"):
            repo.git("config", name, touch)
        repo.git("config", "diff.external", touch)
        repo.write(".gitattributes", "*.yaml diff=x\n")
        repo.write("a.yaml", "a: 3\n")
        git.changed(repo.root, "HEAD")
        git.read_many(repo.root, "HEAD", ["a.yaml"])
        list(git.log(repo.root))
        assert not os.path.exists(f"{repo.root}/ran")

    @pytest.mark.parametrize("committing", [False, True])
    def test_a_folder_that_looks_like_a_bare_repository_is_not_obeyed(self, repo: Repository, committing: bool) -> None:
        """A commit can hold one: the configuration in it would run a program when an object is missing."""
        remote = '[remote "origin"]\nurl = ssh://x/y\npromisor = true\n'
        core = f"[core]\nrepositoryformatversion = 1\nbare = true\nsshCommand = touch {repo.root}/ran; false\n"
        repo.write("sub/config", f"{core}[extensions]\npartialClone = origin\n{remote}")
        repo.write("sub/HEAD", "1" * 40 + "\n")
        for name in ("sub/refs/keep", "sub/objects/keep", "sub/a.yaml"):
            repo.write(name, "")
        sub = f"{repo.root}/sub"
        with pytest.raises(git.GitError, match="bare Git repository"):
            commit(sub, ["a.yaml"], "no", []) if committing else git.read_many(sub, "HEAD", ["a.yaml"])
        assert not os.path.exists(f"{repo.root}/ran")

    def test_reading_takes_no_lock(self, repo: Repository) -> None:
        os.utime(f"{repo.root}/a.yaml", (1, 1))
        before = repo.index()
        Path(repo.root, ".git/index.lock").write_text("")
        assert git.changed(repo.root, "HEAD") == []
        Path(repo.root, ".git/index.lock").unlink()
        assert repo.index() == before


class TestContents:
    def test_read_many(self, repo: Repository) -> None:
        old = repo.head()
        repo.save(a_yaml="a: 2\r\n\0binary", b_yaml="")
        wanted = ["none.yaml", "b.yaml", "a.yaml", "folder/none", "line\nbreak"]
        found = git.read_many(repo.root, "HEAD", wanted)
        assert found == {
            "a.yaml": b"a: 2\r\n\0binary",
            "b.yaml": b"",
            "folder/none": None,
            "line\nbreak": None,
            "none.yaml": None,
        }
        assert git.read_many(repo.root, old, ["a.yaml"]) == {"a.yaml": b"a: 1\n"}
        assert git.read_many(repo.root, old, []) == {}

    def test_what_is_too_large_is_not_read_and_is_refused(
        self, repo: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes = {"a.yaml": MAX_MANIFESTS, "b.yaml": MAX_MANIFESTS + 1, "c.yaml": 5 * MAX_MANIFESTS}
        for path, size in sizes.items():
            repo.write(path, path[0])
            os.truncate(f"{repo.root}/{path}", size)
        repo.save()
        said: list[int] = []

        def counting(*arguments: Any) -> bytes:
            said.append(len(answer := reading(*arguments)))
            return answer

        monkeypatch.setattr(git_read, "reading", counting)
        found = git.read_many(repo.root, "HEAD", sizes)
        assert sum(said) < MAX_MANIFESTS + 1000
        assert found["a.yaml"] == b"a".ljust(MAX_MANIFESTS, b"\0")
        for path in ("b.yaml", "c.yaml"):
            problem = f"{path}: yaml-size: this file has more than {MAX_MANIFESTS} bytes; split it"
            assert [str(each) for each in load_all(found[path] or b"", path)[1]] == [problem]

    def test_odd_names(self, repo: Repository) -> None:
        names = ["ü.yaml", "line\nbreak.yaml", 'quo"te.yaml', "sp ace.yaml", "*.yaml", ":(top)x", "tab\t.yaml"]
        for name in names:
            repo.write(name, name)
        repo.save()
        assert git.read_many(repo.root, "HEAD", names) == {name: name.encode() for name in sorted(names)}

    def test_more_paths_than_are_asked_for_one_by_one(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("renderer.git.read._MANY", 1)
        assert git.read_many(repo.root, "HEAD", ["a.yaml", "b.yaml", "none"]) == {
            "a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n", "none": None,
        }  # fmt: skip

    def test_links_and_submodules_show_by_their_mode(self, repo: Repository, tmp_path: Path) -> None:
        other = Repository(tmp_path / "other")
        other.git("init", "--quiet")
        other.save(x="")
        os.symlink("a.yaml", f"{repo.root}/link.yaml")
        repo.write("run.sh", "")
        os.chmod(f"{repo.root}/run.sh", 0o700)
        repo.git("submodule", "--quiet", "add", other.root, "module")
        repo.save()
        modes = {path: entry.mode for path, entry in git.list_tree(repo.root, "HEAD").items()}
        assert modes == {
            ".gitmodules": "100644", "a.yaml": "100644", "b.yaml": "100644",
            "link.yaml": "120000", "module": "160000", "run.sh": "100755",
        }  # fmt: skip
        assert git.read_many(repo.root, "HEAD", ["link.yaml", "module", "run.sh"]) == {
            "link.yaml": None, "module": None, "run.sh": b"",
        }  # fmt: skip

    def test_a_folder_of_the_tree(self, repo: Repository) -> None:
        repo.write("apps/team/a.yaml", "")
        repo.write("apps2/a.yaml", "")
        repo.save()
        assert list(git.list_tree(repo.root, "HEAD", "apps")) == ["apps/team/a.yaml"]
        assert git.list_tree(repo.root, "HEAD", "none") == {}

    def test_a_missing_object_is_an_error(self, repo: Repository) -> None:
        assert reason_of(lambda: git.read_blobs(repo.root, ["0" * 40])) == "no-object"


class TestLog:
    def test_commits_as_data(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        first = repo.head()
        monkeypatch.setenv("GIT_COMMITTER_DATE", "1700000000 -0330")
        monkeypatch.setenv("GIT_AUTHOR_NAME", "Zoë Ö")
        repo.write("a.yaml", "2")
        sha = commit(
            repo.root,
            ["a.yaml"],
            "release(a): 1.5.0\n\nLong\n\ntext: with colon",
            [("Rollspec-App", "a"), ("Rollspec-Env", "p q")],
        )
        logged = next(git.log(repo.root))
        assert (logged.sha, logged.parents) == (sha, (first,))
        assert (logged.author, logged.email, logged.subject) == ("Zoë Ö", "person@example.com", "release(a): 1.5.0")
        assert (logged.time.timestamp(), logged.time.utcoffset()) == (1700000000, -timedelta(hours=3, minutes=30))
        assert logged.trailers == (("Rollspec-App", "a"), ("Rollspec-Env", "p q"))
        assert (logged.trailer("rollspec-env"), logged.trailer("none")) == ("p q", None)

    def test_only_what_touched_the_paths_newest_first(self, repo: Repository) -> None:
        first = repo.head()
        repo.save(b_yaml="2")
        third = repo.save(a_yaml="2")
        assert [commit.sha for commit in git.log(repo.root, ["a.yaml"])] == [third, first]
        assert len(list(git.log(repo.root))) == 3
        assert len(list(git.log(repo.root, [], first))) == 1

    def test_a_commit_that_does_not_say_when(self, repo: Repository) -> None:
        said = repo.git("cat-file", "commit", "HEAD").splitlines(keepends=True)
        odd = "".join(line.rsplit(" ", 2)[0] + "\n" if line.startswith("committer ") else line for line in said)
        made = subprocess.run(
            ["git", "-C", repo.root, "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            input=odd,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        assert next(git.log(repo.root, [], made)).time.timestamp() == 0

    def test_may_be_left_early(self, repo: Repository) -> None:
        for number in range(5):
            repo.save(a_yaml=str(number))
        commits = git.log(repo.root)
        assert next(commits).sha == repo.head()
        commits.close()  # type: ignore[attr-defined]

    def test_a_merge_has_two_parents(self, repo: Repository) -> None:
        repo.git("switch", "--quiet", "--create", "topic")
        repo.save(a_yaml="2")
        repo.git("switch", "--quiet", "main")
        repo.save(b_yaml="2")
        repo.git("merge", "--quiet", "--no-edit", "topic")
        assert len(next(git.log(repo.root)).parents) == 2


class TestCommit:
    def test_new_changed_and_removed_files(self, repo: Repository) -> None:
        repo.write("a.yaml", "a: 2\n")
        repo.write("deep/new file.yaml", "")
        os.unlink(f"{repo.root}/b.yaml")
        sha = commit(repo.root, ["a.yaml", "b.yaml", "deep/new file.yaml"], "subject\n")
        assert sha == repo.head()
        assert repo.committed() == ["M\ta.yaml", "D\tb.yaml", "A\tdeep/new file.yaml"]
        assert repo.git("log", "-1", "--format=%B") == "subject\n\n"
        assert (repo.status(), repo.litter()) == ([], [])

    def test_a_file_that_changes_in_the_second_of_the_last_commit(self, repo: Repository) -> None:
        """Its size and its time are those in the index; only the index's own time says to read it again."""
        repo.git("config", "core.trustctime", "false")
        before = (1_700_000_000, 1_700_000_000)
        os.utime(f"{repo.root}/a.yaml", before)
        repo.git("update-index", "--refresh")
        os.utime(f"{repo.root}/.git/index", before)
        text = repo.read("a.yaml").upper()
        assert text != repo.read("a.yaml")
        repo.write("a.yaml", text)
        os.utime(f"{repo.root}/a.yaml", before)
        commit(repo.root, ["a.yaml"], "subject\n")
        assert repo.git("show", "HEAD:a.yaml") == text

    def test_nothing_else_and_what_was_staged_stays_staged(self, repo: Repository) -> None:
        repo.save(c_yaml="1", d_yaml="1")
        repo.write("b.yaml", "staged")
        repo.write("added.yaml", "staged")
        repo.git("add", "b.yaml", "added.yaml")
        repo.git("rm", "--quiet", "c.yaml")
        repo.write("b.yaml", "and changed after")
        repo.write("d.yaml", "changed")
        repo.write("unknown.yaml", "")
        before = repo.status()
        repo.write("a.yaml", "a: 2\n")
        repo.write("mine.yaml", "")
        commit(repo.root, ["a.yaml", "mine.yaml"], "subject")
        assert repo.committed() == ["M\ta.yaml", "A\tmine.yaml"]
        assert repo.status() == before == ["A  added.yaml", "MM b.yaml", "D  c.yaml", " M d.yaml", "?? unknown.yaml"]
        assert repo.git("show", ":b.yaml") == "staged"

    def test_the_content_of_the_working_tree_counts_not_the_staged_one(self, repo: Repository) -> None:
        repo.write("a.yaml", "staged")
        repo.git("add", "a.yaml")
        repo.write("a.yaml", "working tree")
        commit(repo.root, ["a.yaml"], "subject")
        assert repo.git("show", "HEAD:a.yaml") == "working tree"
        assert repo.status() == []

    def test_nothing_differs(self, repo: Repository) -> None:
        before = repo.index()
        with pytest.raises(GitError, match="nothing to commit"):
            commit(repo.root, ["a.yaml", "none.yaml"], "subject")
        with pytest.raises(GitError, match="message"):
            commit(repo.root, ["a.yaml"], " \n")
        assert (repo.index(), repo.litter()) == (before, [])

    def test_unchanged_files_may_be_named_too(self, repo: Repository) -> None:
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml", "b.yaml", "none.yaml"], "subject")
        assert repo.committed() == ["M\ta.yaml"]

    def test_an_ignored_file_is_committed_if_it_is_named(self, repo: Repository) -> None:
        repo.save(_gitignore="rendered/\n")
        repo.write("rendered/x.yaml", "")
        repo.write("rendered/y.yaml", "")
        commit(repo.root, ["rendered/x.yaml"], "subject")
        assert repo.committed() == ["A\trendered/x.yaml"]

    def test_a_file_in_the_place_of_a_folder(self, repo: Repository) -> None:
        repo.save()
        repo.write("a/b.yaml", "")
        repo.save()
        os.unlink(f"{repo.root}/a/b.yaml")
        os.rmdir(f"{repo.root}/a")
        repo.write("a", "")
        commit(repo.root, ["a", "a/b.yaml"], "subject")
        assert sorted(repo.committed()) == ["A\ta", "D\ta/b.yaml"]

    def test_odd_names_are_literal(self, repo: Repository) -> None:
        names = ["*.yaml", ":(top)x", "line\nbreak", "ü"]
        for name in [*names, "other.yaml"]:
            repo.write(name, "")
        repo.write("a.yaml", "changed")
        commit(repo.root, names, "subject")
        assert git.changed(repo.root, "HEAD^", "HEAD") == [("A", name) for name in sorted(names)]

    def test_messages_are_kept(self, repo: Repository) -> None:
        repo.git("config", "commit.cleanup", "strip")
        repo.git("config", "commit.verbose", "true")
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml"], "--subject 'q'\n\n# no comment\n", [("Rollspec-App", "two\nlines")])
        assert repo.git("log", "-1", "--format=%B") == "--subject 'q'\n\n# no comment\n\nRollspec-App: two lines\n\n"

    def test_on_a_branch_without_commits(self, empty: Repository) -> None:
        empty.write("a.yaml", "1")
        empty.write("staged", "1")
        empty.git("add", "staged")
        sha = commit(empty.root, ["a.yaml"], "subject")
        assert (empty.committed(sha), empty.status()) == (["A\ta.yaml"], ["A  staged"])

    def test_on_a_branch_without_commits_with_a_hook_that_fails(self, empty: Repository) -> None:
        empty.hook("pre-commit", "exit 1")
        empty.write("a.yaml", "1")
        assert reason_of(lambda: commit(empty.root, ["a.yaml"], "subject")) == "hook"
        assert (empty.status(), empty.index(), empty.litter()) == (["?? a.yaml"], b"", [])

    def test_with_a_detached_head(self, repo: Repository) -> None:
        repo.git("switch", "--quiet", "--detach")
        repo.write("a.yaml", "2")
        assert commit(repo.root, ["a.yaml"], "subject") == repo.head() != repo.git("rev-parse", "main").strip()

    def test_in_a_worktree(self, repo: Repository, tmp_path: Path) -> None:
        main = repo.head()
        repo.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "topic")
        tree = Repository(tmp_path / "tree")
        tree.write("a.yaml", "2")
        tree.write("new.yaml", "")
        commit(tree.root, ["a.yaml", "new.yaml"], "subject")
        assert tree.committed() == ["M\ta.yaml", "A\tnew.yaml"]
        assert (repo.head(), tree.status(), tree.litter()) == (main, [], [])

    def test_in_a_submodule(self, repo: Repository, tmp_path: Path) -> None:
        outer = Repository(tmp_path / "outer")
        outer.git("init", "--quiet")
        outer.git("submodule", "--quiet", "add", repo.root, "module")
        outer.save()
        module = Repository(tmp_path / "outer/module")
        module.write("new.yaml", "")
        commit(module.root, ["new.yaml"], "subject")
        assert (module.committed(), module.status(), outer.status()) == (["A\tnew.yaml"], [], [" M module"])

    def test_a_staged_submodule_that_gitmodules_ignores_stays_staged(self, repo: Repository, tmp_path: Path) -> None:
        other = Repository(tmp_path / "other")
        other.git("init", "--quiet")
        other.write("a", "")
        other.save()
        repo.write(".gitmodules", '[submodule "vendor"]\n  path = vendor\n  url = x\n  ignore = all\n')
        repo.save()
        repo.git("clone", "--quiet", other.root, "vendor")
        repo.git("add", "--force", "vendor")
        repo.write("new.yaml", "")
        commit(repo.root, ["new.yaml"], "subject")
        assert repo.committed() == ["A\tnew.yaml"]
        assert repo.git("diff-index", "--cached", "--name-only", "--ignore-submodules=none", "HEAD").split() == [
            "vendor"
        ]

    def test_in_a_folder_of_the_repository(self, repo: Repository) -> None:
        repo.write("project/a.yaml", "1")
        repo.write("a.yaml", "changed")
        commit(f"{repo.root}/project", ["a.yaml"], "subject")
        assert (repo.committed(), repo.status()) == (["A\tproject/a.yaml"], [" M a.yaml"])

    def test_with_a_split_index(self, repo: Repository) -> None:
        repo.git("update-index", "--split-index")
        repo.write("a.yaml", "2")
        repo.write("new.yaml", "")
        commit(repo.root, ["a.yaml", "new.yaml"], "subject")
        assert (repo.status(), repo.git("ls-files").split()) == ([], ["a.yaml", "b.yaml", "new.yaml"])

    def test_more_files_than_a_command_line_holds(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("renderer.git.commits.MANY", 2)
        names = [f"new{number}.yaml" for number in range(5)]
        for name in names:
            repo.write(name, name)
        repo.write("b.yaml", "staged")
        repo.git("add", "b.yaml")
        commit(repo.root, names, "subject")
        assert (len(repo.committed()), repo.status()) == (5, ["M  b.yaml"])

    @pytest.mark.parametrize("also", ["", "deploy/near.yaml", "deploy/rendered/eu/mine.yaml", "other.yaml"])
    def test_many_files_and_nothing_else(self, repo: Repository, monkeypatch: pytest.MonkeyPatch, also: str) -> None:
        for module in ("run", "read", "differences", "commits"):
            monkeypatch.setattr(f"renderer.git.{module}.MANY", 1)
        names = [f"rendered/eu/app-{number}/rollout.yaml" for number in range(3)]
        for name in names:
            repo.write(f"deploy/{name}", name)
        repo.write("deploy/near.yaml", "")
        repo.save()
        os.unlink(f"{repo.root}/deploy/{names[0]}")
        repo.write(f"deploy/{names[1]}", "2")
        repo.write("deploy/apps/new.yaml", "")
        if also:
            repo.write(also, "3")
        before = repo.status()
        paths = [*names, "apps/new.yaml"]
        assert [path for _, path in git.changed(f"{repo.root}/deploy", "HEAD", None, paths)] == sorted(
            [*names[:2], paths[3]]
        )
        commit(f"{repo.root}/deploy", paths, "subject")
        expected = ["A\tdeploy/apps/new.yaml", f"D\tdeploy/{names[0]}", f"M\tdeploy/{names[1]}"]
        assert sorted(repo.committed()) == expected
        assert repo.status() == [line for line in before if also and line.endswith(also)]

    def test_during_a_merge(self, repo: Repository) -> None:
        repo.git("switch", "--quiet", "--create", "topic")
        repo.save(a_yaml="2")
        repo.git("switch", "--quiet", "main")
        repo.save(a_yaml="3")
        repo.git("merge", "--quiet", "topic", check=False)
        repo.write("b.yaml", "2")
        before = repo.status()
        with pytest.raises(GitError, match="cannot do a partial commit during a merge"):
            commit(repo.root, ["b.yaml"], "subject")
        assert repo.status() == before

    def test_without_a_committer(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        repo.git("config", "user.useConfigOnly", "true")
        repo.write("a.yaml", "2")
        before = repo.head()
        with pytest.raises(GitError, match="who commits"):
            commit(repo.root, ["a.yaml"], "subject")
        assert (repo.head(), repo.litter()) == (before, [])

    @pytest.mark.parametrize("first", [False, True])
    def test_one_that_is_interrupted_is_taken_back(
        self, repo: Repository, monkeypatch: pytest.MonkeyPatch, first: bool
    ) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("renderer.git.commits._after_hooks", interrupted)
        if first:
            repo.git("switch", "--quiet", "--orphan", "empty")
        before = repo.git("rev-parse", "--verify", "--quiet", "HEAD", check=False)
        repo.write("a.yaml", "interrupted")
        with pytest.raises(KeyboardInterrupt):
            commit(repo.root, ["a.yaml"], "message")
        assert repo.git("rev-parse", "--verify", "--quiet", "HEAD", check=False) == before
        assert repo.status() == ["?? a.yaml" if first else " M a.yaml"]


class TestHooks:
    @pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg", "reference-transaction"])
    def test_one_that_fails_leaves_everything_as_it_was(self, repo: Repository, name: str) -> None:
        repo.hook(name, "echo no such luck >&2; exit 1")
        repo.write("a.yaml", "2")
        repo.write("new.yaml", "")
        repo.write("b.yaml", "staged")
        repo.git("add", "b.yaml")
        head, index, status = repo.head(), repo.index(), repo.status()
        with pytest.raises(GitError) as caught:
            commit(repo.root, ["a.yaml", "new.yaml"], "subject")
        assert caught.value.reason == "hook"
        assert "no such luck" in caught.value.message or name == "reference-transaction"
        assert (repo.head(), repo.index(), repo.status(), repo.litter()) == (head, index, status, [])

    def test_they_can_be_left_out(self, repo: Repository) -> None:
        repo.hook("pre-commit", "exit 1")
        repo.hook("commit-msg", "exit 1")
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml"], "subject", verify=False)
        assert repo.committed() == ["M\ta.yaml"]

    def test_they_see_what_will_be_committed_and_may_change_the_message(self, repo: Repository) -> None:
        repo.hook("pre-commit", "git diff --cached --name-only > seen; git ls-files '*.yaml' >> seen")
        repo.hook("commit-msg", 'echo "Signed: yes" >> "$1"')
        repo.write("b.yaml", "staged")
        repo.git("add", "b.yaml")
        repo.write("new.yaml", "")
        commit(repo.root, ["new.yaml"], "subject", [("Rollspec-App", "a")])
        assert repo.read("seen").split() == ["new.yaml", "a.yaml", "b.yaml", "new.yaml"]
        assert next(git.log(repo.root)).trailers == (("Rollspec-App", "a"), ("Signed", "yes"))

    def test_one_that_formats_and_stages_our_files(self, repo: Repository) -> None:
        repo.hook("pre-commit", "for file in a.yaml new.yaml; do echo formatted > $file; git add $file; done")
        repo.write("b.yaml", "staged")
        repo.git("add", "b.yaml")
        repo.write("a.yaml", "2")
        repo.write("new.yaml", "")
        commit(repo.root, ["a.yaml", "new.yaml"], "subject")
        assert repo.committed() == ["M\ta.yaml", "A\tnew.yaml"]
        assert repo.git("show", "HEAD:a.yaml") == repo.read("a.yaml") == "formatted\n"
        assert repo.status() == ["M  b.yaml"]

    def test_one_that_formats_and_does_not_stage(self, repo: Repository) -> None:
        repo.hook("pre-commit", "echo formatted > a.yaml")
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml"], "subject")
        assert (repo.git("show", "HEAD:a.yaml"), repo.read("a.yaml")) == ("2", "formatted\n")
        assert repo.status() == [" M a.yaml"]

    @pytest.mark.parametrize("born", [True, False])
    def test_one_that_adds_other_files_is_refused(self, empty: Repository, born: bool) -> None:
        repo = empty
        head = repo.save(a_yaml="1") if born else ""
        repo.write("a.yaml", "2")
        repo.write("other.yaml", "")
        repo.hook("pre-commit", "git add --all")
        status, index = repo.status(), repo.index()
        with pytest.raises(GitError, match=r"a hook put other.yaml into the commit") as caught:
            commit(repo.root, ["a.yaml"], "subject")
        assert caught.value.reason == "hook"
        assert repo.git("rev-parse", "--verify", "--quiet", "HEAD", check=False).strip() == head
        assert (repo.status(), repo.index(), repo.litter()) == (status, index, [])

    def test_a_hook_after_the_commit_may_use_git(self, repo: Repository) -> None:
        repo.hook("post-commit", "git status --porcelain > ../after; git update-index --refresh >> ../after 2>&1")
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml"], "subject")
        assert Path(repo.root, "../after").read_text() == ""

    def test_hooks_keep_the_language_of_the_user(self, repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        repo.hook("pre-commit", 'echo "$LC_CTYPE/$LC_ALL/$GIT_OPTIONAL_LOCKS" > ../seen')
        repo.write("a.yaml", "2")
        commit(repo.root, ["a.yaml"], "subject")
        assert Path(repo.root, "../seen").read_text() == "C.UTF-8//\n"


class TestTwoAtOnce:
    def test_a_lock_that_is_held(self, repo: Repository) -> None:
        repo.write("a.yaml", "2")
        lock = Path(repo.root, ".git/index.lock")
        lock.write_text("")
        with pytest.raises(GitError, match="another git process") as caught:
            commit(repo.root, ["a.yaml"], "subject")
        assert caught.value.reason == "locked"
        assert lock.exists()

    @pytest.mark.parametrize("name", ["refs/heads/main.lock", "HEAD.lock"])
    def test_a_branch_that_is_locked(self, repo: Repository, name: str) -> None:
        repo.write("a.yaml", "2")
        lock = Path(repo.root, ".git", name)
        lock.write_text("")
        before = repo.index()
        with pytest.raises(GitError, match="another git process") as caught:
            commit(repo.root, ["a.yaml"], "subject")
        assert caught.value.reason == "locked"
        assert f"try again when it has finished (if there is none, remove {lock})" in str(caught.value)
        assert repo.index() == before
        lock.unlink()
        commit(repo.root, ["a.yaml"], "subject")

    def test_one_wins_and_the_other_says_so(self, repo: Repository, tmp_path: Path) -> None:
        """The first waits in its hook until the second has been refused."""
        os.mkfifo(tmp_path / "started")
        os.mkfifo(tmp_path / "go")
        repo.hook("pre-commit", f"echo > {tmp_path}/started; read line < {tmp_path}/go")
        repo.write("a.yaml", "2")
        repo.write("b.yaml", "2")
        program = "import sys; from renderer.git.commits import commit; commit(sys.argv[1], ['a.yaml'], 'first')"
        first = subprocess.Popen([sys.executable, "-c", program, repo.root], cwd=HERE)
        (tmp_path / "started").read_text()
        assert reason_of(lambda: commit(repo.root, ["b.yaml"], "second")) == "locked"
        (tmp_path / "go").write_text("\n")
        assert first.wait() == 0
        assert (repo.committed(), repo.status()) == (["M\ta.yaml"], [" M b.yaml"])

    def test_a_commit_that_slips_in_is_not_undone(self, repo: Repository) -> None:
        """Made by plumbing, which does not ask for the index."""
        slip = "git update-ref HEAD $(git commit-tree HEAD^{tree} -p HEAD -m slipped)"
        repo.hook("pre-commit", f"test -e ../once || {{ touch ../once; {slip}; }}")
        repo.write("a.yaml", "2")
        assert reason_of(lambda: commit(repo.root, ["a.yaml"], "subject")) == "locked"
        assert repo.git("log", "--format=%s").split() == ["slipped", "save"]
        assert repo.status() == [" M a.yaml"]
