"""Settings of all tests: properties draw the same examples everywhere and in every run, and nothing is timed."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, database=None, deadline=None)
settings.load_profile("same-everywhere")
