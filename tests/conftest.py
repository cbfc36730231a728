"""Settings that all tests share: properties draw the same examples on every machine and in every run."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, database=None)
settings.load_profile("same-everywhere")
