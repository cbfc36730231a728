"""Reading and writing the project's files: only ours, only what changed, whole or not at all, never out of the tree."""

from __future__ import annotations

import errno
import fcntl
import os
import pickle
import random
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer import tree
from renderer.layout import HEADER
from renderer.tree import Summary, TreeError
from renderer.tree.folders import Folders, NotAFileError
from renderer.yamlio import MAX_MANIFESTS


def ours(text: str) -> bytes:
    return f"{HEADER}apps/a.yaml\n{text}\n".encode()


trees = st.dictionaries(st.sampled_from(["a/x", "a/y", "a/b/x", "c/x", "d"]), st.sampled_from([ours("1"), ours("2")]))


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "project").mkdir()
    return str(tmp_path / "project")


class TestWriting:
    def test_makes_files_and_folders(self, root: str) -> None:
        files = {"rendered/dev/a/service.yaml": ours("a"), "rendered/dev/b/service.yaml": ours("b")}
        assert tree.write_all(root, files) == Summary(written=2)
        assert content(Path(root)) == files

    def test_makes_the_root(self, root: str) -> None:
        assert tree.write_all(f"{root}/new/out", {"a.yaml": ours("a")}).written == 1

    def test_writes_only_what_changed(self, root: str) -> None:
        tree.write_all(root, {"o/a.yaml": ours("1"), "o/b.yaml": ours("1")})
        before = os.stat(f"{root}/o/b.yaml")
        assert tree.write_all(root, {"o/a.yaml": ours("2"), "o/b.yaml": ours("1")}) == Summary(1, 1)
        after = os.stat(f"{root}/o/b.yaml")
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_removes_files_and_the_folders_that_empties(self, root: str) -> None:
        tree.write_all(root, {"o/dev/a/x.yaml": ours("1"), "o/dev/a/y.yaml": ours("1"), "o/dev/b/x.yaml": ours("1")})
        assert tree.write_all(root, {}, ["o/dev/a/x.yaml", "o/dev/a/y.yaml", "o/gone/z.yaml"]).removed == 2
        assert os.listdir(f"{root}/o/dev") == ["b"]
        tree.write_all(root, {}, ["o/dev/b/x.yaml"])
        assert os.listdir(root) == []

    def test_a_file_that_is_both_written_and_removed_is_written(self, root: str) -> None:
        tree.write_all(root, {"o/a.yaml": ours("1")})
        assert tree.write_all(root, {"o/a.yaml": ours("1")}, ["o/a.yaml"]) == Summary(unchanged=1)

    def test_leaves_the_files_of_others_alone_and_names_them(self, root: str) -> None:
        theirs = {"o/a/kept.yaml": b"# mine\n", "o/a/also.yaml": b"", "o/a/short": b"# Gen"}
        for path, data in theirs.items():
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            Path(root, path).write_bytes(data)
        summary = tree.write_all(
            root, {"o/a/kept.yaml": ours("a"), "o/a/new.yaml": ours("b")}, ["o/a/also.yaml", "o/a/short"]
        )
        assert summary == Summary(written=1, foreign=("o/a/also.yaml", "o/a/kept.yaml", "o/a/short"))
        assert content(Path(root)) == {**theirs, "o/a/new.yaml": ours("b")}

    def test_specs_are_replaced_whoever_wrote_them(self, root: str) -> None:
        Path(root, "a.yaml").write_bytes(b"tag: 1\n")
        assert tree.write_all(root, {"a.yaml": b"tag: 2\n"}, mark=None) == Summary(written=1)
        assert content(Path(root)) == {"a.yaml": b"tag: 2\n"}

    def test_new_files_have_the_usual_mode_and_replaced_ones_keep_theirs(self, root: str) -> None:
        tree.write_all(root, {"a": ours("1"), "b": ours("1")})
        Path(root, "plain").write_bytes(b"")
        assert os.stat(f"{root}/a").st_mode == os.stat(f"{root}/plain").st_mode
        os.chmod(f"{root}/b", 0o640)
        tree.write_all(root, {"b": ours("2")})
        assert stat.S_IMODE(os.stat(f"{root}/b").st_mode) == 0o640

    def test_large_files(self, root: str) -> None:
        files = {"a": ours("x" * 3_000_000)}
        tree.write_all(root, files)
        assert tree.write_all(root, files) == Summary(unchanged=1)
        assert tree.read(root, ["a"]) == (files, [])

    def test_compare_says_what_a_write_would_do_and_does_nothing(self, root: str) -> None:
        tree.write_all(root, {"o/a": ours("1"), "o/b": ours("1"), "o/c": ours("1")})
        Path(root, "o/d").write_bytes(b"theirs")
        before = content(Path(root))
        found = tree.compare(root, {"o/a": ours("1"), "o/b": ours("2"), "o/d": b"", "p/e": b""}, ["o/c", "o/gone"])
        assert (found.unchanged, found.changed, found.new, found.removed, found.foreign) == (
            ["o/a"], ["o/b"], ["p/e"], ["o/c"], ["o/d"],
        )  # fmt: skip
        assert content(Path(root)) == before

    def test_compare_without_a_root_folder(self, root: str) -> None:
        assert tree.compare(f"{root}/none", {"a": b""}).new == ["a"]

    @settings(deadline=None)
    @given(trees, trees)
    def test_the_tree_is_what_was_asked_for(self, before: dict[str, bytes], after: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory() as root:
            tree.write_all(root, before)
            summary = tree.write_all(root, after, before.keys())
            assert content(Path(root)) == after
            assert {name for name, folders, files in os.walk(root) if not folders and not files} <= {root}
            assert summary.unchanged == sum(before.get(path) == data for path, data in after.items())
            assert tree.write_all(root, after, before.keys()) == Summary(unchanged=len(after))


class TestStayingInside:
    @pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "a//b", "", ".", "a/./b", "a\0b", "a/"])
    def test_paths_that_lead_out(self, root: str, path: str) -> None:
        with pytest.raises(TreeError, match="leads out"):
            tree.write_all(root, {path: ours("x")})
        with pytest.raises(TreeError, match="leads out"):
            tree.write_all(root, {}, [path])
        _, (problem,) = tree.read(root, [path])
        assert "leads out" in problem.message

    def test_a_link_in_place_of_a_file_is_not_followed(self, root: str, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(ours("secret"))
        os.symlink(outside, f"{root}/a.yaml")
        assert tree.write_all(root, {"a.yaml": ours("x")}).foreign == ("a.yaml",)
        assert tree.write_all(root, {}, ["a.yaml"]).foreign == ("a.yaml",)
        with pytest.raises(TreeError, match=r"a.yaml: is a symbolic link"):
            tree.write_all(root, {"a.yaml": b"x"}, mark=None)
        assert outside.read_bytes() == ours("secret")

    @pytest.mark.parametrize("link", ["o", "o/dev", "o/dev/app"])
    def test_a_link_in_place_of_a_folder_stops_before_the_first_byte(
        self, root: str, tmp_path: Path, link: str
    ) -> None:
        outside = tmp_path / "outside"
        (outside / "dev/app").mkdir(parents=True)
        (outside / "app").mkdir()
        os.makedirs(os.path.dirname(f"{root}/{link}"), exist_ok=True)
        os.symlink(outside, f"{root}/{link}")
        with pytest.raises(TreeError) as caught:
            tree.write_all(root, {"a.yaml": ours("x"), "o/dev/app/x.yaml": ours("x")})
        assert (caught.value.path, caught.value.message) == (
            link,
            "is a symbolic link, which is not followed: put its target here",
        )
        assert content(outside) == {}
        assert not os.path.exists(f"{root}/a.yaml")

    def test_reading_through_links_is_a_problem(self, root: str, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside/a.yaml").write_bytes(b"secret")
        os.symlink(tmp_path / "outside", f"{root}/apps")
        os.symlink(tmp_path / "outside/a.yaml", f"{root}/b.yaml")
        os.symlink("nowhere", f"{root}/c.yaml")
        files, problems = tree.read(root, ["apps/a.yaml", "b.yaml", "c.yaml"])
        assert files == {}
        assert [(problem.file, problem.message) for problem in problems] == [
            (path, "is a symbolic link, which is not followed: put its target here")
            for path in ("apps", "b.yaml", "c.yaml")
        ]

    def test_what_is_no_plain_file_is_a_problem_and_does_not_hang(self, root: str) -> None:
        os.mkdir(f"{root}/folder.yaml")
        os.mkfifo(f"{root}/pipe.yaml")
        Path(root, "file").write_bytes(b"")
        files, problems = tree.read(root, ["folder.yaml", "pipe.yaml", "file/x.yaml", "file"])
        assert files == {"file": b""}
        assert [str(problem) for problem in problems] == [
            "file: path: is not a folder",
            "folder.yaml: path: is a folder, not a file",
            "pipe.yaml: path: is not a plain file",
        ]

    def test_the_root_itself_may_be_reached_through_a_link(self, root: str, tmp_path: Path) -> None:
        os.symlink(root, tmp_path / "link")
        assert tree.write_all(str(tmp_path / "link"), {"a": ours("x")}).written == 1
        assert tree.read(str(tmp_path / "link"), ["a"])[0] == {"a": ours("x")}


class TestSizes:
    @pytest.fixture
    def got(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many bytes each look at a file gave."""
        counts: list[int] = []
        real = os.read

        def counting(file: int, size: int) -> bytes:
            found = real(file, size)
            counts.append(len(found))
            return found

        monkeypatch.setattr(os, "read", counting)
        return counts

    def test_what_is_too_large_is_a_problem_and_not_read(self, root: str, got: list[int]) -> None:
        for path, size in (("a.yaml", MAX_MANIFESTS), ("b.yaml", MAX_MANIFESTS + 1), ("c.yaml", 1500 << 20)):
            Path(root, path).touch()
            os.truncate(f"{root}/{path}", size)
        files, problems = tree.read(root, ["a.yaml", "b.yaml", "c.yaml"])
        assert {path: len(text) for path, text in files.items()} == {"a.yaml": MAX_MANIFESTS}
        message = "yaml-size: this file has more than 10485760 bytes; split it"
        assert [str(problem) for problem in problems] == [f"b.yaml: {message}", f"c.yaml: {message}"]
        assert sum(got) <= MAX_MANIFESTS + 2 * (1 << 20)


class TestListing:
    def test_every_file_sorted_links_not_followed(self, root: str) -> None:
        for path in ("apps/b.yaml", "apps/a.yaml", "apps/team/c.yaml", "other"):
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            Path(root, path).write_bytes(b"")
        os.symlink("..", f"{root}/apps/loop")
        assert tree.listing(root, "apps") == ["apps/a.yaml", "apps/b.yaml", "apps/loop", "apps/team/c.yaml"]
        assert tree.listing(root, "") == ["apps/a.yaml", "apps/b.yaml", "apps/loop", "apps/team/c.yaml", "other"]
        assert tree.listing(root, "none/there") == []
        assert tree.listing(root, "apps/loop") == ["apps/loop"]

    def test_reads_what_it_lists(self, root: str) -> None:
        tree.write_all(root, {"apps/b": b"2", "apps/a": b"1"})
        files, problems = tree.read(root, reversed(tree.listing(root, "apps")))
        assert (list(files.items()), problems) == ([("apps/a", b"1"), ("apps/b", b"2")], [])


class TestFailures:
    """Root may do anything, so that permissions are played by what no permission helps against."""

    def test_a_file_that_is_not_there(self, root: str) -> None:
        for path in ("none.yaml", "none/a.yaml"):
            with pytest.raises(TreeError, match=f"{path}: (there is )?no such file"):
                tree.read(root, [path])

    def test_a_file_in_place_of_a_folder(self, root: str) -> None:
        Path(root, "o").write_bytes(b"")
        with pytest.raises(TreeError, match="o: is not a folder"):
            tree.write_all(root, {"a": ours("x"), "o/dev/a": ours("x")})
        assert os.listdir(root) == ["o"]

    def test_a_folder_in_place_of_a_file(self, root: str) -> None:
        os.makedirs(f"{root}/a.yaml/b")
        assert tree.write_all(root, {"a.yaml": ours("x")}).foreign == ("a.yaml",)
        with pytest.raises(TreeError, match=r"a.yaml: is a folder"):
            tree.write_all(root, {"a.yaml": b"x"}, mark=None)

    def test_a_root_that_cannot_be_made(self, root: str) -> None:
        Path(root, "file").write_bytes(b"")
        with pytest.raises(TreeError):
            tree.write_all(f"{root}/file/out", {"a": b""})
        with pytest.raises(TreeError):
            tree.read(f"{root}/none", [])

    def test_a_full_disk_leaves_the_old_file_and_no_rest(self, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        tree.write_all(root, {"o/a": ours("old")})
        write = os.write

        def full(file: int, data: bytes) -> int:
            if len(data) > 100:
                return write(file, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(TreeError, match="o/a: no space left on device"):
            tree.write_all(root, {"o/a": ours("new" * 40)})
        assert content(Path(root)) == {"o/a": ours("old")}

    def test_a_full_disk_leaves_nothing_of_a_new_folder(self, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        tree.write_all(root, {"o/a": ours("1")})
        write = os.write

        def full(file: int, data: bytes) -> int:
            if b"2" in data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(file, data)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(TreeError, match="n/b: no space left on device"):
            tree.write_all(root, {"n/a": ours("1"), "n/b": ours("2")})
        assert os.listdir(root) == ["o"]

    def test_a_real_limit_of_the_system(self, root: str) -> None:
        program = (
            "import resource, sys; from renderer import tree; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
            "try: tree.write_all(sys.argv[1], {'a': b'x', 'b': b'x' * 10_000, 'c': b'x'})\n"
            "except tree.TreeError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", program, root], capture_output=True, text=True, check=True)
        assert done.stdout == "b: file too large\n"
        assert content(Path(root)) == {"a": b"x"}


class TestKilled:
    OLD, NEW = ours("old" * 3000), ours("new" * 3000)
    PROGRAM = (
        "import sys; from renderer import tree; from tests import test_tree as t\n"
        "print(flush=True); tree.write_all(sys.argv[1], t.killed_files(t.TestKilled.NEW), t.killed_removals())"
    )

    @pytest.mark.parametrize("seed", range(6))
    def test_every_file_is_old_or_new(self, root: str, seed: int) -> None:
        old = dict.fromkeys([*list(killed_files(b""))[::2], *killed_removals()], self.OLD)
        tree.write_all(root, old)
        _killed_after(self.PROGRAM, root, random.Random(seed).uniform(0.0, 0.06))
        after = content(Path(root))
        left = {path for path in after if path.endswith(".tmp")}
        assert len(left) <= 1
        assert all(after[path] in (self.OLD, self.NEW) for path in after.keys() - left)
        assert killed_files(b"").keys() >= after.keys() - left - set(killed_removals())

        tree.write_all(root, killed_files(self.NEW), killed_removals())
        assert content(Path(root)) == killed_files(self.NEW)

    def test_a_rest_is_removed_wherever_it_is_looked_at(self, root: str) -> None:
        tree.write_all(root, {"o/a": ours("1"), "gone/.rollspec-7-0.tmp": b"half", "o/.rollspec-7-1.tmp": b""})
        tree.write_all(root, {"o/a": ours("1")}, tree.listing(root, "gone"))
        assert content(Path(root)) == {"o/a": ours("1")}
        assert not os.path.exists(f"{root}/gone")

    def test_a_rest_of_a_run_that_still_writes_stays(self, root: str) -> None:
        tree.write_all(root, {"o/.rollspec-7-1.tmp": b"half"})
        with _another_run(root):
            tree.write_all(root, {"o/a": ours("1")})
            assert os.path.exists(f"{root}/o/.rollspec-7-1.tmp")
        tree.write_all(root, {"o/a": ours("1")})
        assert os.listdir(f"{root}/o") == ["a"]

    def test_rests_are_swept_where_no_run_writes(self, root: str) -> None:
        tree.write_all(root, {"o/.rollspec-7-1.tmp": b"half", "o/a": ours("1")})
        paths = tree.listing(root, "")
        with _another_run(root):
            tree.sweep(root, paths)
            assert tree.listing(root, "") == paths
        tree.sweep(root, paths)
        assert tree.listing(root, "") == ["o/a"]

    def test_rests_of_a_folder_are_those_of_its_files(self, root: str) -> None:
        tree.write_all(root, {"o/.rollspec-7-1.tmp/a": ours("1"), "o/b": ours("1")})
        paths = tree.listing(root, "")
        assert tree.sources(root, "") == ["o/b"]
        assert not tree.compare(root, {"o/b": ours("1")}, paths)
        with _another_run(root):
            tree.write_all(root, {"o/b": ours("2")}, paths)
            assert tree.listing(root, "") == paths
        for remove in (
            lambda: tree.sweep(root, tree.listing(root, "")),
            lambda: tree.write_all(root, {"o/b": ours("3")}),
        ):
            tree.write_all(root, {"o/.rollspec-7-2.tmp/a": ours("1")})
            remove()
            assert os.listdir(f"{root}/o") == ["b"]

    def test_names_taken_by_another_container_are_passed_over(self, root: str) -> None:
        tree.write_all(root, {f".rollspec-{os.getpid()}-0.tmp": b""})
        with _another_run(root):
            assert tree.write_all(root, {"a": ours("1")}).written == 1
            assert tree.write_all(root, {"n/a": ours("1")}).written == 1
        assert sorted(os.listdir(root)) == [f".rollspec-{os.getpid()}-0.tmp", "a", "n"]

    def test_a_new_folder_appears_with_all_of_its_files(self, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        files = {"n/a": ours("1"), "n/m/b": ours("2"), "n/c": ours("3")}
        seen: list[set[str]] = []
        rename = os.rename

        def spy(*args: str, src_dir_fd: int, dst_dir_fd: int) -> None:
            rename(*args, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
            seen.append({path for path in content(Path(root)) if ".tmp" not in path})

        monkeypatch.setattr(os, "rename", spy)
        tree.write_all(root, files)
        assert seen == [{"n/a", "n/c"}, {"n/a", "n/c", "n/m/b"}]
        assert content(Path(root)) == files

    def test_a_folder_that_another_run_makes_meanwhile(self, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        rename = os.rename

        def later(*args: str, src_dir_fd: int, dst_dir_fd: int) -> None:
            if not os.path.exists(f"{root}/n"):
                os.mkdir(f"{root}/n")
                Path(root, "n/theirs").write_bytes(b"")
            rename(*args, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

        monkeypatch.setattr(os, "rename", later)
        done = tree.write_all(root, {"n/a": ours("1"), "n/b": ours("2")})
        assert content(Path(root)) == {"n/a": ours("1"), "n/b": ours("2"), "n/theirs": b""}
        assert done.stamps == tree.stamps_of(root, ["n/a", "n/b"])

    def test_a_file_system_that_renames_no_folder(self, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
        rename = os.rename

        def refuse(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
            if stat.S_ISDIR(os.stat(old, dir_fd=src_dir_fd).st_mode):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

        monkeypatch.setattr(os, "rename", refuse)
        tree.write_all(root, {"n/a": ours("1"), "n/b": ours("2")})
        assert content(Path(root)) == {"n/a": ours("1"), "n/b": ours("2")}
        assert os.listdir(root) == ["n"]


def killed_files(data: bytes) -> dict[str, bytes]:
    return {f"o/app{number // 4}/f{number % 4}.yaml": data for number in range(400)}


def killed_removals() -> list[str]:
    return [f"o/gone{number}/f.yaml" for number in range(50)]


def _killed_after(program: str, root: str, seconds: float) -> None:
    """Run it, and kill it that long after it has begun to write."""
    here = str(Path(__file__).parent.parent)
    child = subprocess.Popen([sys.executable, "-c", program, root], stdout=subprocess.PIPE, cwd=here)
    assert child.stdout
    child.stdout.readline()
    with suppress(subprocess.TimeoutExpired):
        child.wait(seconds)
    child.send_signal(signal.SIGKILL)
    child.communicate()


@contextmanager
def _another_run(root: str) -> Iterator[None]:
    """What a run holds while it writes."""
    folder = os.open(root, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(folder)


class TestTheSystem:
    """Each refusal of the system is an error of the path."""

    def test_a_name_that_is_too_long(self, root: str) -> None:
        with closing(Folders(root)) as folders, pytest.raises(TreeError, match="file name too long"):
            folders.folder("x" * 300)

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux has this file")
    def test_what_cannot_be_made_or_read(self) -> None:
        with closing(Folders("/proc/self")) as folders:
            with pytest.raises(TreeError, match="x: "):
                folders.write("x/y", b"", replace=False)
            with pytest.raises(TreeError, match="mem: input/output error"):
                folders.read("mem")

    def test_what_cannot_be_removed(self, root: str) -> None:
        Path(root, "a/b").mkdir(parents=True)
        with closing(Folders(root)) as folders:
            folders.remove("none/c")
            with pytest.raises(TreeError, match="a/b: is a directory"):
                folders.remove("a/b")

    def test_an_error_comes_whole_from_another_process(self) -> None:
        error = pickle.loads(pickle.dumps(NotAFileError("a", "is a folder")))  # noqa: S301  (our own)
        assert (type(error), error.path, error.message, str(error)) == (
            NotAFileError,
            "a",
            "is a folder",
            "a: is a folder",
        )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_that_was_read_keeps_no_memory_map_of_its_own(root: str) -> None:
    """Linux allows a process 65,530 maps: a project of 50,000 apps could not be formatted."""
    for number in range(1000):
        (Path(root) / f"{number}.yaml").write_bytes(b"a: b\n")
    code = (
        "import sys; from renderer import tree\n"
        "count = lambda: sum(1 for _ in open('/proc/self/maps'))\n"
        "paths = [f'{number}.yaml' for number in range(1000)]\n"
        "before = count(); kept = tree.read(sys.argv[1], paths); print(count() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100
