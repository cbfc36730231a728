"""Imports of the program go one way: a module imports only from rows below its own."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "renderer"
# From top to bottom, as docs/architecture.md shows them. A row's modules may import each other.
ROWS = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("usecases",),
    ("progress", "console"),
    ("web",),
    ("board",),
    ("report",),
    ("tree", "git", "cache", "cache_key", "sealed", "workers", "prometheus", "live", "cluster"),
    ("importing",),
    ("pipeline",),
    ("plan", "history", "edit", "scaffold"),
    ("simulate", "sync_windows"),
    ("render", "argocd", "patch"),
    ("rules", "schema", "overlay"),
    ("release",),
    ("rounding", "checks"),
    ("project", "freeze", "spec", "manifest", "scaler", "hooks"),
    ("yamlio", "protocols", "facts", "promotion", "owners"),
    ("problem", "plain", "lazy", "linear", "layout", "failure", "resources", "masking", "token_forms", "go_time"),
)
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row}


def _modules(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative import"
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _imported(file: Path) -> set[str]:
    return {name.split(".")[1] for name in _modules(file) if name.startswith("renderer.")}


def test_imports_go_one_way() -> None:
    wrong = []
    for file in sorted(ROOT.rglob("*.py")):
        own = file.relative_to(ROOT).parts[0].removesuffix(".py")
        if own == "__init__" or own.startswith("_schemas"):
            continue
        wrong += [f"{own} imports {name} ({file.name})" for name in _imported(file) if LEVEL.get(name, -1) < LEVEL[own]]
    known_leaf = {"__version__"}
    assert [line for line in wrong if line.split()[2] not in known_leaf] == []


def test_a_command_imports_no_command() -> None:
    files = {file.stem: file for file in (ROOT / "commands").glob("*.py")}
    texts = {name: file.read_text() for name, file in files.items()}
    commands = {name for name, text in texts.items() if "@click.command(" in text or "@click.group(" in text}
    assert {*files} - commands == {"__init__", "completing", "options", "usage"}, "what a command does is a use case"
    imported = {name: _modules(file) for name, file in files.items()}
    assert [
        name for name, found in imported.items() for other in commands if f"renderer.commands.{other}" in found
    ] == []


def test_a_use_case_knows_no_command_line_library() -> None:
    assert [file.name for file in (ROOT / "usecases").glob("*.py") if "click" in _modules(file)] == []


def _prints(file: Path) -> list[str]:
    """What in the module prints or ends the process."""
    names = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
    of_modules = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    wrong = {"print", "exit", "quit", "sys.exit", "sys.stdout", "sys.stderr", "os._exit"}
    return sorted((names | of_modules) & wrong | _modules(file) & {"click", "renderer.console", "renderer.progress"})


def test_nothing_below_the_console_prints_or_exits() -> None:
    assert _prints(ROOT / "console.py")
    below = [file for name in LEVEL if LEVEL[name] > LEVEL["console"] for file in _files(name)]
    assert below
    assert {str(file.relative_to(ROOT)): found for file in below if (found := _prints(file))} == {}


def _files(name: str) -> list[Path]:
    return [*(ROOT / name).rglob("*.py")] or [ROOT / f"{name}.py"]


def test_every_module_has_a_row() -> None:
    found = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found - {"__init__", "__pycache__"} <= set(LEVEL)


# Who writes files, besides `tree`: in Git's own folder, in the cache, or in a temporary folder.
WRITERS = {
    "cache.py",
    "cache_key.py",
    "cluster.py",
    "git/commits.py",
    "git/remains.py",
    "git/trial.py",
    "sealed.py",
    "usecases/analysis.py",
    "usecases/merge_driver.py",
    "usecases/unfinished.py",
}
_WRITING = {
    "replace",
    "rename",
    "unlink",
    "remove",
    "symlink",
    "link",
    "copyfile",
    "copy",
    "copytree",
    "move",
    "rmtree",
}


def _writes(node: ast.AST) -> bool:
    """Whether it is a call that writes, moves or removes a file."""
    if not isinstance(node, ast.Call):
        return False
    match node.func:
        case ast.Name(id="open"):
            modes = (*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode"))
            return any(not isinstance(mode, ast.Constant) or not str(mode.value).startswith("r") for mode in modes)
        case ast.Attribute(value=ast.Name(id="os" | "shutil"), attr=name):
            return name in _WRITING
        case ast.Attribute(attr="write_text" | "write_bytes" | "symlink_to"):
            return True
    return False


def test_only_tree_writes_files_of_the_project() -> None:
    found = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.rglob("*.py")
        if any(_writes(node) for node in ast.walk(ast.parse(file.read_text())))
    }
    assert {name for name in found if not name.startswith("tree/")} == WRITERS
