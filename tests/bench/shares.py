"""Where the time of a run goes, asked of a process of its own: see `steps`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from tests.bench.measure import CHECKOUT, environment

_RUN = "import sys; from tests.bench.steps import main; main(sys.argv[1:])"


def shares(arguments: Sequence[str]) -> dict[str, float]:
    """CPU seconds by step of one run of the command line; give it `--jobs 1`, for one process is what is looked at."""
    command = [sys.executable, "-c", _RUN, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=CHECKOUT, env=environment())
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
