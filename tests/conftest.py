"""Settings of all tests: properties draw the same examples everywhere and in every run, and nothing is timed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

# How long anything takes is not checked: a busy machine must not fail a test.
settings.register_profile(
    "same-everywhere", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same-everywhere")

# The key of the cache is in the user's state folder: tests have one of their own.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="rollspec-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
