"""`make schemas`: writes every set of manifest schemas from its pinned sources, and the lock that names both.

To take a newer patch version, write it into `lock.json` and remove its hash; the run fills it in.
`make minor` adds a minor.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.make import sources
from schemas.make.sets import all_sets

HERE = Path(__file__).parent
SCHEMAS = HERE.parent
LOCK = HERE / "lock.json"


def main(names: Sequence[str] = ()) -> None:
    """Replace the folders of all sets, or of those named."""
    lock, sets = json.loads(LOCK.read_text()), all_sets()
    made = {name: sets[name](lock["inputs"]) for name in names or sorted(sets)}
    for name, files in made.items():
        write(SCHEMAS / name, files)
        lock["outputs"][name] = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())}
        print(f"{name}: {len(files)} files, {sum(map(len, files.values())) // 1000} kB")
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes the folder hold these files and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except sources.ChangedError as changed:
        sys.exit(str(changed))
